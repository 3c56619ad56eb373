/* SPDX-License-Identifier: ISC */
#include "record.h"

#include <criterion/criterion.h>

#include <mansio/str.h>

#include "keys.h"
#include "segment.h"

static struct ms_arena *arena;
static struct ms_buf row;

static void
begin(void)
{
	arena = ms_arena_new(0);
	row = (struct ms_buf)MS_BUF_MAX(1 << 20);
}

static void
end(void)
{
	ms_arena_free(arena);
	ms_buf_free(&row);
}

TestSuite(record, .init = begin, .fini = end);

Test(record, of_an_account_comes_back)
{
	struct account a = { .uidvalidity = 5, .modseq = UINT64_MAX, .list_modseq = 7,
		.octets = 1, .messages = 2, .mailboxes = 3, .annotation_octets = 4,
		.name = ms_str_c("ann@example.org") }, back;

	account_encode(&a, &row);
	cr_assert(account_decode(ms_buf_str(&row), &back));
	cr_assert_eq(back.modseq, UINT64_MAX);
	cr_assert_eq(back.annotation_octets, 4);
	cr_assert(ms_str_equal(back.name, a.name));
	for (size_t n = 0; n < row.len; n++)
		cr_assert_not(account_decode(ms_str_of(row.data, n), &back), "%zu octets", n);
}

Test(record, of_a_mailbox_comes_back)
{
	struct ms_str keywords[] = { MS_STR("$Junk"), MS_STR("todo") };
	struct box b = { .flags = 1, .uidvalidity = 2, .uidnext = 3, .messages = 4,
		.first_unseen = 5, .modseq = 6, .floor = 7, .deleted_us = -8,
		.id = { { 9 } }, .name = ms_str_c("a/b"), .special_use = ms_str_c("\\Junk"),
		.keywords = keywords, .n_keywords = 2 }, back;

	box_encode(&b, &row);
	cr_assert(box_decode(ms_buf_str(&row), arena, &back));
	cr_assert_eq(back.first_unseen, 5);
	cr_assert_eq(back.deleted_us, -8);
	cr_assert_eq(back.id.octets[0], 9);
	cr_assert(ms_str_is(back.name, "a/b"));
	cr_assert_eq(back.n_keywords, 2);
	cr_assert(ms_str_is(back.keywords[1], "todo"));
	for (size_t n = 0; n < row.len; n++)
		cr_assert_not(box_decode(ms_str_of(row.data, n), arena, &back), "%zu octets", n);
}

Test(record, of_a_message_comes_back_with_its_digest)
{
	struct mail m = { .blob = 1, .octets = 2, .arrived_us = -3, .saved_us = 4,
		.email_id = { { 5 } }, .thread_id = { { 6 } }, .more = MS_STR("\1\0\200"),
		.digest = MS_STR("digest") }, back;
	uint8_t octets[256];
	size_t n = mail_octets(&m);

	mail_encode(&m, octets);
	cr_assert(mail_decode(ms_str_of((char *)octets, n), &back));
	cr_assert_eq(back.blob, 1);
	cr_assert_eq(back.arrived_us, -3);
	cr_assert_eq(back.thread_id.octets[0], 6);
	cr_assert(ms_str_equal(back.more, m.more));
	cr_assert(ms_str_equal(back.digest, m.digest));
	for (size_t i = 0; i < n; i++)
		cr_assert_not(mail_decode(ms_str_of((char *)octets, i), &back), "%zu octets", i);
	cr_assert_not(mail_decode(ms_str_of((char *)octets, n + 1), &back));
}

Test(record, of_vanished_uids_must_ascend)
{
	struct ms_uid_range ranges[] = { { 1, 3 }, { 7, 7 } }, *back;
	uint32_t time;
	size_t n;

	gone_encode(42, ranges, 2, &row);
	cr_assert(gone_decode(ms_buf_str(&row), arena, &time, &back, &n));
	cr_assert_eq(time, 42);
	cr_assert_eq(n, 2);
	cr_assert_eq(back[1].last, 7);
	ms_buf_reset(&row);
	ranges[1].first = 3;
	gone_encode(42, ranges, 2, &row);
	cr_assert_not(gone_decode(ms_buf_str(&row), arena, &time, &back, &n));
}

Test(record, of_a_body_names_its_place)
{
	struct ms_id store = { { 1, 2, 3 } }, other = { { 1, 2, 4 } };
	struct record r = { .blob = blob_id(7, 4096), .stored = 100, .length = 100, .crc = 5 };
	struct record back;
	uint8_t head[RECORD_HEAD];

	record_encode(&store, &r, 7, 4096, head);
	cr_assert(record_decode(&store, head, 7, 4096, &back));
	cr_assert_eq(back.blob, r.blob);
	cr_assert_eq(back.stored, 100);
	cr_assert_not(record_decode(&store, head, 7, 4104, &back));
	cr_assert_not(record_decode(&store, head, 8, 4096, &back));
	cr_assert_not(record_decode(&other, head, 7, 4096, &back));
	for (size_t i = 0; i < RECORD_HEAD * 8; i++) {
		head[i / 8] = (uint8_t)(head[i / 8] ^ 1u << (i % 8));
		cr_assert_not(record_decode(&store, head, 7, 4096, &back), "bit %zu", i);
		head[i / 8] = (uint8_t)(head[i / 8] ^ 1u << (i % 8));
	}
}

Test(record, of_a_place_is_short_and_checked)
{
	struct place p = { .segment = 1, .crc = 2, .offset = 8, .length = 3 }, back;
	struct ms_str text = place_encode(arena, &p);

	cr_assert(text.len <= 64);
	cr_assert(place_decode(text, &back));
	cr_assert_eq(back.offset, 8);
	cr_assert_not(place_decode(ms_str_of(text.data, text.len - 1), &back));
	p.offset = 7;
	cr_assert_not(place_decode(place_encode(arena, &p), &back));
}

Test(record, keys_sort_as_their_numbers_do)
{
	struct key a = key_uid(1, 0xff, 3), b = key_uid(1, 0x100, 1), c = key_uid(1, 0x100, UID_RECORD);

	cr_assert(memcmp(a.octets, b.octets, a.len) < 0);
	cr_assert(memcmp(b.octets, c.octets, a.len) < 0);
}
