/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>
#include <mansio/header.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str s = input_str(data, size), out, subject;
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 23);

	out = ms_words_decode(a, s);
	must(ms_utf8_is_valid(out, false));
	must(ms_str_find_octet(out, '\n') == SIZE_MAX);
	must(ms_str_find_octet(out, '\r') == SIZE_MAX);
	must(out.len <= 3 * size);
	subject = ms_base_subject(a, out);
	must(subject.len <= out.len);
	must(ms_str_equal(ms_base_subject(a, subject), subject));
	if (ms_utf8_is_valid(s, false)) {
		ms_words_encode(&b, s);
		must(ms_buf_ok(&b));
		if (b.len != s.len)	/* else it was ASCII */
			must(ms_words_decode(a, ms_buf_str(&b)).len == s.len);
	}
	ms_arena_free(a);
	return 0;
}
