/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>
#include <mansio/json.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str s = input_str(data, size), repaired, normal, again;
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 24);

	ms_json_quote(&b, s);
	must(ms_buf_ok(&b) && ms_utf8_is_valid(ms_buf_str(&b), false));
	for (size_t i = 0; i < b.len; i++)
		must((unsigned char)b.data[i] >= ' ');
	repaired = ms_utf8_repair(a, s);
	must(ms_utf8_is_valid(repaired, true));
	must(ms_utf8_is_valid(s, true) == ms_str_equal(s, repaired));
	if (ms_utf8_nfc(a, s, &normal) == MS_OK) {
		must(ms_utf8_nfc(a, normal, &again) == MS_OK);
		must(ms_str_equal(normal, again));
	}
	must(ms_utf8_is_valid(ms_utf8_fold(a, s), true));
	ms_arena_free(a);
	return 0;
}
