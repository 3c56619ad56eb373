/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "fuzz.h"

/* The first octet picks the charset. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"utf-8", "iso-8859-1", "koi8-r", "utf-16", "shift_jis", "euc-jp", "iso-2022-jp",
		"gb18030", "big5", "euc-kr", "iso-2022-kr", "windows-1255", "windows-1258",
		"cp950", "utf-16le",
	};
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 24), small = MS_BUF_MAX(16);
	struct ms_str name, s;

	if (size == 0)
		return 0;
	name = ms_str_c(names[data[0] % (sizeof(names) / sizeof(names[0]))]);
	s = input_str(data + 1, size - 1);
	must(ms_charset_decode(&b, name, s) == MS_OK);
	must(ms_buf_ok(&b) && ms_utf8_is_valid(ms_buf_str(&b), true));
	must(ms_charset_decode(&small, name, s) == MS_OK);
	must(ms_buf_ok(&small) && ms_utf8_is_valid(ms_buf_str(&small), true));
	must(ms_str_has_prefix(ms_buf_str(&b), ms_buf_str(&small)));
	(void)ms_charset_is_known(s);
	return 0;
}
