/* SPDX-License-Identifier: ISC */
/*
 * fuzz_lmdb_rows.c - rows of a shard that a bad disk or hand has changed
 *
 * The first octet chooses the decoder; what it takes must encode to the same
 * octets again, where the form is unique.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect_same(struct ms_str raw, const void *again, size_t n)
{
	if (n != raw.len || memcmp(again, raw.data, n) != 0)
		abort();
}

static void
try_chunk(struct ms_str raw)
{
	uint8_t again[CHUNK_OCTETS];
	struct chunk c, upper;
	struct entry e = { .uid = 77 };

	if (!chunk_decode(raw, &c))
		return;
	if (chunk_encode(&c, again) != raw.len)
		abort();
	(void)chunk_insert(&c, &e);
	if (c.n > 1) {
		chunk_split(&c, &upper);
		(void)chunk_merge(&c, &upper);
	}
}

static void
try_packed(uint8_t which, struct ms_str raw, struct ms_arena *arena)
{
	struct ms_buf again = MS_BUF_MAX(1 << 20);
	struct ms_uid_range *ranges;
	struct property p;
	struct account a;
	struct box b;
	uint32_t time;
	size_t n;

	if (which == 1 && account_decode(raw, &a))
		account_encode(&a, &again);
	else if (which == 2 && box_decode(raw, arena, &b))
		box_encode(&b, &again);
	else if (which == 3 && gone_decode(raw, arena, &time, &ranges, &n))
		gone_encode(time, ranges, n, &again);
	else if (which == 4 && property_decode(raw, &p))
		property_encode(&p, &again);
	if (again.len > 0)
		expect_same(raw, again.data, again.len);
	ms_buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_str raw = ms_str_of((const char *)data + 1, size > 0 ? size - 1 : 0);
	struct ms_arena *arena = ms_arena_new(0);
	struct segment_row segment;
	struct blob_row blob;
	struct trash trash;
	struct place place;
	struct mail mail;
	uint8_t *again;

	if (size == 0) {
		ms_arena_free(arena);
		return 0;
	}
	switch (data[0] % 10) {
	case 0:
		try_chunk(raw);
		break;
	case 5:
		if (mail_decode(raw, &mail)) {
			again = ms_arena_alloc(arena, mail_octets(&mail));
			mail_encode(&mail, again);
			expect_same(raw, again, mail_octets(&mail));
		}
		break;
	case 6:
		(void)trash_decode(raw, &trash);
		break;
	case 7:
		(void)blob_decode(raw, &blob);
		break;
	case 8:
		(void)segment_decode(raw, &segment);
		break;
	case 9:
		(void)place_decode(raw, &place);
		break;
	default:
		try_packed(data[0] % 10, raw, arena);
	}
	ms_arena_free(arena);
	return 0;
}
