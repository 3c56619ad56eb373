/* SPDX-License-Identifier: ISC */
#include <mansio/header.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str s = input_str(data, size), rest = s, id;
	struct ms_header_field f, found;
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 24);

	while (ms_header_next(&rest, &f)) {
		struct ms_str values, unfolded = ms_header_unfold(a, f.value);

		must(f.name.len > 0 && f.name.data >= s.data);
		must(f.whole.data + f.whole.len <= s.data + s.len);
		must(unfolded.len <= f.value.len);
		must(ms_header_uncomment(a, f.value).len <= f.value.len);
		for (values = f.value; ms_message_id_next(&values, &id);)
			must(id.len > 0);
		/* What is added is one field, whatever was in it. */
		ms_buf_reset(&b);
		ms_header_add(&b, f.name, unfolded);
		values = ms_buf_str(&b);
		must(ms_header_next(&values, &found) && values.len == 0);
		must(ms_str_equal(found.name, f.name));
	}
	must((size_t)(rest.data - s.data) == ms_header_octets(s));
	(void)ms_header_find(s, "subject", 1, &f);
	(void)ms_header_name_is_valid(s);
	ms_arena_free(a);
	return 0;
}
