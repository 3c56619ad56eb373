/* SPDX-License-Identifier: ISC */
#include <mansio/pack.h>

#include "fuzz.h"

/* The first octet of each record says what to read next. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_unpack u = ms_unpack_of(input_str(data, size));
	struct ms_str s;
	struct ms_id id;
	uint32_t count;

	while (!u.bad && !ms_unpack_done(&u)) {
		switch (ms_unpack_u8(&u) % 7) {
		case 0:
			(void)ms_unpack_u16(&u);
			break;
		case 1:
			(void)ms_unpack_u32(&u);
			break;
		case 2:
			(void)ms_unpack_u64(&u);
			break;
		case 3:
			(void)ms_unpack_i64(&u);
			break;
		case 4:
			id = ms_unpack_id(&u);
			must(!u.bad || id.octets[0] == 0);
			break;
		case 5:
			s = ms_unpack_str(&u);
			must(s.data != NULL && s.len <= size);
			(void)ms_crc32c(0, s.data, s.len);
			break;
		default:
			count = ms_unpack_count(&u, 3);
			must(count <= size / 3);
		}
		must(u.at <= u.end);
	}
	return 0;
}
