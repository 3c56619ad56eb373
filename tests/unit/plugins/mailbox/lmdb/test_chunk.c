/* SPDX-License-Identifier: ISC */
#include "chunk.h"

#include <criterion/criterion.h>

#include <mansio/mailbox.h>

static struct chunk
filled(uint32_t n, uint32_t first, uint32_t step)
{
	struct chunk c = { .n = n };

	for (uint32_t i = 0; i < n; i++)
		c.entries[i] = (struct entry){ .uid = first + i * step, .modseq = 100 + i,
			.flags = i % 2 == 0 ? MS_FLAG_SEEN : MS_FLAG_DELETED, .octets = i,
			.date = 1000 + i };
	return c;
}

static struct ms_str
encoded(struct chunk *c, uint8_t *out)
{
	return ms_str_of((const char *)out, chunk_encode(c, out));
}

Test(chunk, comes_back_as_it_was)
{
	struct chunk c = filled(CHUNK_MAX, 7, 3), back;
	uint8_t octets[CHUNK_OCTETS];
	struct ms_str raw = encoded(&c, octets);

	cr_assert_eq(raw.len, CHUNK_OCTETS);
	cr_assert(chunk_decode(raw, &back));
	cr_assert_eq(back.n, CHUNK_MAX);
	cr_assert_arr_eq(back.entries, c.entries, sizeof(c.entries));
}

Test(chunk, counts_its_head)
{
	struct chunk c = filled(5, 1, 1);
	uint8_t octets[CHUNK_OCTETS];
	struct chunk_head head;

	cr_assert(chunk_decode_head(encoded(&c, octets), &head));
	cr_assert_eq(head.n, 5);
	cr_assert_eq(head.unseen, 2);
	cr_assert_eq(head.deleted, 2);
	cr_assert_eq(head.last, 5);
	cr_assert_eq(head.highest, 104);
	cr_assert_eq(head.lowest, 100);
}

Test(chunk, fits_twice_into_a_page)
{
	/* A node of LMDB has 8 octets beside key and value, a page 16. */
	cr_assert(2 * (CHUNK_OCTETS + 12 + 8 + 2) <= 4096 - 16);
}

Test(chunk, is_refused_when_it_is_cut_or_out_of_order)
{
	struct chunk c = filled(3, 10, 1), back;
	uint8_t octets[CHUNK_OCTETS];
	struct ms_str raw = encoded(&c, octets);

	for (size_t n = 0; n < raw.len; n++)
		cr_assert_not(chunk_decode(ms_str_of(raw.data, n), &back), "%zu octets", n);
	c.entries[1].uid = 12;
	cr_assert_not(chunk_decode(encoded(&c, octets), &back));
	c.entries[1].uid = 0;
	cr_assert_not(chunk_decode(encoded(&c, octets), &back));
}

Test(chunk, finds_the_first_that_is_not_below)
{
	struct chunk c = filled(4, 10, 10);

	cr_assert_eq(chunk_find(&c, 1), 0);
	cr_assert_eq(chunk_find(&c, 10), 0);
	cr_assert_eq(chunk_find(&c, 11), 1);
	cr_assert_eq(chunk_find(&c, 40), 3);
	cr_assert_eq(chunk_find(&c, 41), 4);
}

Test(chunk, inserts_in_order_and_only_once)
{
	struct chunk c = filled(2, 10, 10);
	struct entry e = { .uid = 15 };

	cr_assert(chunk_insert(&c, &e));
	cr_assert_not(chunk_insert(&c, &e));
	cr_assert_eq(c.n, 3);
	cr_assert_eq(c.entries[1].uid, 15);
	cr_assert_eq(c.entries[2].uid, 20);
}

Test(chunk, takes_no_more_than_it_has_room_for)
{
	struct chunk c = filled(CHUNK_MAX, 1, 2);
	struct entry e = { .uid = 2 };

	cr_assert_not(chunk_insert(&c, &e));
	cr_assert_eq(c.n, CHUNK_MAX);
}

Test(chunk, splits_into_halves)
{
	struct chunk c = filled(CHUNK_MAX, 1, 1), upper;

	chunk_split(&c, &upper);
	cr_assert_eq(c.n, CHUNK_MAX / 2);
	cr_assert_eq(upper.n, CHUNK_MAX / 2);
	cr_assert_eq(c.entries[c.n - 1].uid + 1, upper.entries[0].uid);
}

Test(chunk, merges_only_what_leaves_room)
{
	struct chunk a = filled(30, 1, 1), b = filled(30, 100, 1), c = filled(31, 200, 1);

	cr_assert_not(chunk_merge(&a, &c));
	cr_assert_eq(a.n, 30);
	cr_assert(chunk_merge(&a, &b));
	cr_assert_eq(a.n, 60);
	cr_assert_eq(a.entries[30].uid, 100);
}
