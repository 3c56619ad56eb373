/* SPDX-License-Identifier: ISC */
#include <mansio/pack.h>

#include "text.h"

/* Once more, as on a processor without the instruction. */
#define CRC32C_BY_TABLE
#define ms_crc32c crc32c_by_table
uint32_t crc32c_by_table(uint32_t crc, const void *octets, size_t n);
#include "../../../../plugin-api/lib/crc32c.c"
#undef ms_crc32c

Test(pack, reads_back_what_it_wrote)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
	struct ms_id id = { "0123456789abcde" }, got;
	struct ms_unpack u;

	ms_pack_u8(&b, 0xfe);
	ms_pack_u16(&b, 0xfedc);
	ms_pack_u32(&b, 0xfedcba98);
	ms_pack_u64(&b, UINT64_C(0xfedcba9876543210));
	ms_pack_i64(&b, -2);
	ms_pack_id(&b, &id);
	ms_pack_str(&b, LIT("a\0b"));
	ms_pack_str(&b, LIT(""));
	u = ms_unpack_of(ms_buf_str(&b));
	cr_expect_eq(ms_unpack_u8(&u), 0xfe);
	cr_expect_eq(ms_unpack_u16(&u), 0xfedc);
	cr_expect_eq(ms_unpack_u32(&u), 0xfedcba98);
	cr_expect_eq(ms_unpack_u64(&u), UINT64_C(0xfedcba9876543210));
	cr_expect_eq(ms_unpack_i64(&u), -2);
	got = ms_unpack_id(&u);
	cr_expect_eq(memcmp(&got, &id, sizeof(id)), 0);
	expect_text(0, ms_unpack_str(&u), LIT("a\0b"));
	cr_expect_not(ms_unpack_done(&u));
	expect_text(1, ms_unpack_str(&u), LIT(""));
	cr_expect(ms_unpack_done(&u));
}

Test(pack, is_big_endian)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

	ms_pack_u32(&b, 0x01020304);
	ms_pack_str(&b, LIT("x"));
	expect_text(0, ms_buf_str(&b), LIT("\1\2\3\4\0\0\0\1x"));
}

Test(pack, reads_nothing_after_the_first_shortage)
{
	struct ms_unpack u = ms_unpack_of(LIT("\0\0\0\6abcd\7"));

	expect_text(0, ms_unpack_str(&u), LIT(""));
	cr_expect(u.bad);
	cr_expect_eq(ms_unpack_u8(&u), 0);
	cr_expect_not(ms_unpack_done(&u));
	u = ms_unpack_of(LIT("\1\2\3"));
	cr_expect_eq(ms_unpack_u32(&u), 0);
	cr_expect_eq(ms_unpack_u8(&u), 0);
	u = ms_unpack_of(ms_str_of(NULL, 0));
	cr_expect(ms_unpack_done(&u));
	cr_expect_eq(ms_unpack_u8(&u), 0);
	cr_expect(u.bad);
	u = ms_unpack_of(LIT("\xff\xff\xff\xff"));
	cr_expect_eq(ms_unpack_str(&u).len, 0);
	cr_expect(u.bad);
}

Test(pack, refuses_counts_that_the_input_does_not_pay_for)
{
	struct ms_unpack u = ms_unpack_of(LIT("\0\0\0\2abcdefgh"));

	cr_expect_eq(ms_unpack_count(&u, 4), 2);
	cr_expect_not(u.bad);
	u = ms_unpack_of(LIT("\0\0\0\3abcdefgh"));
	cr_expect_eq(ms_unpack_count(&u, 4), 0);
	cr_expect(u.bad);
	u = ms_unpack_of(LIT("\xff\xff\xff\xff" "abcd"));
	cr_expect_eq(ms_unpack_count(&u, 1), 0);
	cr_expect(u.bad);
}

static uint32_t
slow_crc32c(const unsigned char *p, size_t n)
{
	uint32_t crc = ~UINT32_C(0);

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

Test(crc32c, agrees_with_known_sums)
{
	unsigned char zeros[32] = { 0 }, ones[32], up[32];

	memset(ones, 0xff, sizeof(ones));
	for (size_t i = 0; i < sizeof(up); i++)
		up[i] = (unsigned char)i;
	cr_expect_eq(ms_crc32c(0, "123456789", 9), 0xe3069283);
	cr_expect_eq(ms_crc32c(0, "", 0), 0);
	/* RFC 3720 B.4. */
	cr_expect_eq(ms_crc32c(0, zeros, 32), 0x8a9136aa);
	cr_expect_eq(ms_crc32c(0, ones, 32), 0x62a8ab43);
	cr_expect_eq(ms_crc32c(0, up, 32), 0x46dd794e);
}

Test(crc32c, is_the_same_in_pieces_and_at_any_offset)
{
	unsigned char data[300];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 37 + (i >> 3));
	for (size_t from = 0; from < 9; from++)
		for (size_t cut = from; cut < sizeof(data); cut += 11) {
			uint32_t crc = ms_crc32c(0, data + from, cut - from);

			crc = ms_crc32c(crc, data + cut, sizeof(data) - cut);
			cr_assert_eq(crc, slow_crc32c(data + from, sizeof(data) - from));
			crc = crc32c_by_table(0, data + from, cut - from);
			crc = crc32c_by_table(crc, data + cut, sizeof(data) - cut);
			cr_assert_eq(crc, slow_crc32c(data + from, sizeof(data) - from));
		}
}

Test(siphash, agrees_with_its_authors_vectors)
{
	/* Key 00 to 0f, input 00, 01, ... of length 0, 1, 7, 8, 15. */
	static const struct { size_t n; uint64_t hash; } rows[] = {
		{ 0, UINT64_C(0x726fdb47dd0e0e31) }, { 1, UINT64_C(0x74f839c593dc67fd) },
		{ 7, UINT64_C(0xab0200f58b01d137) }, { 8, UINT64_C(0x93f5f5799a932462) },
		{ 15, UINT64_C(0xa129ca6149be45e5) },
	};
	uint8_t key[16], in[16];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = in[i] = i;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		cr_expect_eq(ms_siphash(key, in, rows[i].n), rows[i].hash, "row %zu", i);
}
