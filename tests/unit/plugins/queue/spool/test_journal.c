/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <mansio/str.h>

#include "journal.h"
#include "row.h"
#include "tail.h"

static const uint8_t key[JOURNAL_KEY_OCTETS] = "sixteen octets!";

static struct journal_record
a_record(void)
{
	return (struct journal_record){ .generation = 0x19a1b2c3d4e5f607,
		.offset = 4096, .mark = 4096, .envelope_octets = 100,
		.body_octets = 4001, .envelope_crc = 1, .body_crc = 2 };
}

Test(journal, reads_the_head_of_a_segment_that_it_wrote)
{
	struct journal_head head = { .generation = 7, .writer = 3, .octets = 1 << 20 };
	struct journal_head read;
	uint8_t octets[JOURNAL_HEAD_OCTETS];

	memcpy(head.key, key, sizeof(key));
	journal_head_encode(&head, octets);
	cr_assert(journal_head_decode(ms_str_of((char *)octets, sizeof(octets)), &read));
	cr_assert_eq(read.generation, 7);
	cr_assert_eq(read.writer, 3);
	cr_assert_eq(read.octets, 1 << 20);
	cr_assert_arr_eq(read.key, key, sizeof(key));
}

Test(journal, refuses_a_head_with_any_bit_turned)
{
	struct journal_head head = { .generation = 7 }, read;
	uint8_t octets[JOURNAL_HEAD_OCTETS];

	journal_head_encode(&head, octets);
	for (size_t i = 0; i < 52; i++) {
		octets[i] ^= 4;
		cr_assert_not(journal_head_decode(ms_str_of((char *)octets,
		    sizeof(octets)), &read), "octet %zu", i);
		octets[i] ^= 4;
	}
	cr_assert_not(journal_head_decode(ms_str_of((char *)octets, 51), &read));
}

Test(journal, reads_a_record_at_its_own_place_alone)
{
	struct journal_record r = a_record(), read;
	uint8_t octets[JOURNAL_RECORD_HEAD], other[JOURNAL_KEY_OCTETS] = "another secret!";
	struct ms_str s = ms_str_of((char *)octets, sizeof(octets));

	journal_record_encode(&r, key, octets);
	cr_assert(journal_record_decode(s, r.generation, r.offset, key, &read));
	cr_assert_eq(read.body_octets, 4001);
	cr_assert_eq(read.envelope_octets, 100);
	cr_assert_eq(read.mark, 4096);
	cr_assert_not(journal_record_decode(s, r.generation + 1, r.offset, key, &read));
	cr_assert_not(journal_record_decode(s, r.generation, r.offset + 8, key, &read));
	/* A record that a peer made up and sent as a body. */
	cr_assert_not(journal_record_decode(s, r.generation, r.offset, other, &read));
}

Test(journal, refuses_a_record_with_any_bit_turned)
{
	struct journal_record r = a_record(), read;
	uint8_t octets[JOURNAL_RECORD_HEAD];

	journal_record_encode(&r, key, octets);
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] ^= 1;
		cr_assert_not(journal_record_decode(ms_str_of((char *)octets,
		    sizeof(octets)), r.generation, r.offset, key, &read), "octet %zu", i);
		octets[i] ^= 1;
	}
}

Test(journal, pads_records_to_eight_octets)
{
	struct journal_record r = a_record();

	cr_assert_eq(journal_record_octets(&r), 64 + 100 + 4001 + 3);
	r.flags = JOURNAL_OWN_FILE;
	cr_assert_eq(journal_record_octets(&r), 64 + 100 + 4);
}

Test(journal, keeps_all_columns_of_a_part)
{
	struct ms_part p = { .size = sizeof(p), .number = 513, .state = MS_QUEUE_HELD,
		.priority = -9, .attempts = 4, .crashes = 2, .next_us = 77,
		.expires_us = 99, .owned_until_us = 55, .delivery = MS_STR("local"),
		.destination = MS_STR("example.org"), .sender = MS_STR("a@b"),
		.owner = MS_STR("node"), .record = { "\0\r\n", 3 } };
	const struct ms_part *parts[] = { &p };
	struct envelope e = { .arrival_us = 5, .next_us = 6,
		.own_file = MS_STR("name"), .record = MS_STR("the core's"),
		.parts = parts, .n_parts = 1 }, read;
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(4096);
	struct ms_arena *arena = ms_arena_new(0);
	const struct ms_part *q;

	envelope_encode(&b, &e);
	cr_assert(envelope_decode(ms_buf_str(&b), arena, &read));
	cr_assert_eq(read.n_parts, 1);
	cr_assert_eq(read.next_us, 6);
	cr_assert(ms_str_is(read.own_file, "name"));
	cr_assert(ms_str_is(read.record, "the core's"));
	q = read.parts[0];
	cr_assert_eq(q->number, 513);
	cr_assert_eq(q->state, MS_QUEUE_HELD);
	cr_assert_eq(q->priority, -9);
	cr_assert_eq(q->attempts, 4);
	cr_assert_eq(q->crashes, 2);
	cr_assert_eq(q->next_us, 77);
	cr_assert_eq(q->expires_us, 99);
	cr_assert_eq(q->owned_until_us, 55);
	cr_assert(ms_str_is(q->delivery, "local"));
	cr_assert(ms_str_is(q->destination, "example.org"));
	cr_assert(ms_str_is(q->sender, "a@b"));
	cr_assert(ms_str_is(q->owner, "node"));
	cr_assert(ms_str_equal(q->record, p.record));
	for (size_t n = 0; n < b.len; n++)
		cr_assert_not(envelope_decode(ms_str_of(b.data, n), arena, &read),
		    "cut at %zu", n);
	ms_arena_free(arena);
}

Test(journal, makes_ids_that_ascend_with_generation_and_offset)
{
	struct ms_id a = id_of(1, 8), b = id_of(1, 4096), c = id_of(2, 8);

	cr_assert(memcmp(&a, &b, sizeof(a)) < 0);
	cr_assert(memcmp(&b, &c, sizeof(a)) < 0);
	cr_assert_eq(id_generation(&c), 2);
	cr_assert_eq(id_offset(&b), 4096);
	cr_assert_eq(b.octets[14], 0);
	cr_assert_eq(b.octets[15], 0);
}

Test(row, orders_destinations_as_their_text_does)
{
	struct ms_id id = id_of(1, 8);
	struct row_key a, b, c;

	row_key_dest(&a, (struct ms_str)MS_STR("a"), INT64_MAX, &id, 9);
	row_key_dest(&b, (struct ms_str)MS_STR("a.b"), 0, &id, 0);
	row_key_dest(&c, (struct ms_str)MS_STR("a.b"), 1, &id, 0);
	cr_assert(memcmp(a.octets, b.octets, a.len) < 0);
	cr_assert(memcmp(b.octets, c.octets, b.len) < 0);
}

Test(row, finds_the_part_in_each_kind_of_key)
{
	struct ms_id id = id_of(0x0102030405060708, 4096), read;
	struct row_key k;
	uint32_t number;

	row_key_due(&k, 5, &id, 65535);
	cr_assert(row_key_parse(ms_str_of((char *)k.octets, k.len), &read, &number));
	cr_assert_eq(number, 65535);
	cr_assert_arr_eq(&read, &id, sizeof(id));
	row_key_dest(&k, (struct ms_str)MS_STR("x"), 5, &id, 3);
	cr_assert(row_key_parse(ms_str_of((char *)k.octets, k.len), &read, &number));
	cr_assert_eq(number, 3);
	cr_assert_not(row_key_parse(ms_str_of((char *)k.octets, 17), &read, &number));
}

Test(row, keeps_what_a_segment_and_a_message_are)
{
	struct seg_row s = { SEGMENT_ACCEPT, SEGMENT_ENDED, 8, 16, 1, 2, 3, 4, 5, 6, { 7 } };
	struct msg_row m = { 1, 2, 3, 4, 5, 6, MSG_MADE, 8, 9, MS_STR("own"), MS_STR("record") };
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(4096);
	struct seg_row s2;
	struct msg_row m2;

	seg_row_encode(&b, &s);
	cr_assert(seg_row_decode(ms_buf_str(&b), &s2));
	cr_assert_eq(memcmp(&s, &s2, sizeof(s)), 0);
	cr_assert_not(seg_row_decode(ms_str_of(b.data, b.len - 1), &s2));
	ms_buf_reset(&b);
	msg_row_encode(&b, &m);
	cr_assert(msg_row_decode(ms_buf_str(&b), &m2));
	cr_assert_eq(m2.expires_us, 5);
	cr_assert_eq(m2.left, 6);
	cr_assert(ms_str_is(m2.own_file, "own"));
	cr_assert(ms_str_is(m2.record, "record"));
	cr_assert_not(msg_row_decode(ms_str_of(b.data, b.len - 1), &m2));
}

static void
push(struct tail *t, uint64_t offset, int64_t next_us, uint32_t state)
{
	struct note note = { .offset = offset, .next_us = next_us, .octets = 8 };

	tail_push(t, &note, state);
}

Test(tail, finds_entries_by_offset_and_by_time)
{
	struct tail t = { .n = 0 };

	for (uint64_t i = 0; i < 1000; i++)
		push(&t, 4096 + 8 * i, (int64_t)(i / 10), ENTRY_LIVE);
	cr_assert_eq(tail_find(&t, 4096 + 80)->note.offset, 4096 + 80);
	cr_assert_null(tail_find(&t, 4097));
	cr_assert_eq(tail_seek(&t, 5, 0), 50);
	cr_assert_eq(tail_seek(&t, 5, 4096 + 8 * 53), 53);
	cr_assert_eq(tail_seek(&t, 5, UINT64_MAX), 60);
	cr_assert_eq(tail_seek(&t, 1000, 0), 1000);
	tail_fini(&t);
}

Test(tail, counts_what_is_live_and_forgets_what_is_behind)
{
	struct tail t = { .n = 0 };

	for (uint64_t i = 0; i < 500; i++)
		push(&t, 8 * i, 1, ENTRY_LIVE);
	cr_assert_eq(t.live, 500);
	tail_set_state(&t, tail_find(&t, 8), ENTRY_DONE);
	tail_set_state(&t, tail_find(&t, 0), ENTRY_ROWS);
	cr_assert_eq(t.live, 498);
	cr_assert_eq(t.live_octets, 498 * 8);
	cr_assert_eq(t.done_end, 8);
	tail_drop(&t, 16);
	cr_assert_eq(t.n, 498);
	cr_assert_eq(tail_oldest(&t)->note.offset, 16);
	for (uint64_t i = 500; i < 5000; i++) {
		push(&t, 8 * i, 2, ENTRY_LIVE);
		tail_set_state(&t, tail_at(&t, 0), ENTRY_DONE);
		tail_drop(&t, tail_at(&t, 1)->note.offset);
	}
	cr_assert_eq(t.n, 498);
	cr_assert_lt(t.capacity, 4096, "memory is used again");
	tail_fini(&t);
}

Test(tail, notes_each_finished_part_once)
{
	struct entry e = { .state = ENTRY_LIVE };
	uint16_t first[] = { 3, 5 }, second[] = { 5, 7 };

	cr_assert_eq(tail_finish_parts(&e, first, 2), 2);
	cr_assert_eq(tail_finish_parts(&e, second, 2), 3);
	cr_assert(tail_part_is_done(&e, 7));
	cr_assert_not(tail_part_is_done(&e, 4));
	free(e.partial);
}
