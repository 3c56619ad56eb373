/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_str s = input_str(data, size);
	MS_AUTO_BUF struct ms_buf a = MS_BUF_MAX(1 << 23), b = MS_BUF_MAX(1 << 23);

	/* One spelling each way. */
	if (ms_mutf7_decode(&a, s) == MS_OK) {
		must(ms_utf8_is_valid(ms_buf_str(&a), false));
		must(ms_mutf7_encode(&b, ms_buf_str(&a)) == MS_OK);
		must(ms_str_equal(ms_buf_str(&b), s));
	}
	ms_buf_reset(&a);
	ms_buf_reset(&b);
	if (ms_mutf7_encode(&a, s) == MS_OK) {
		must(ms_mutf7_decode(&b, ms_buf_str(&a)) == MS_OK);
		must(ms_str_equal(ms_buf_str(&b), s));
	}
	return 0;
}
