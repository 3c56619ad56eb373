/* SPDX-License-Identifier: ISC */
/*
 * fuzz_row.c - the decoders of the spool: envelopes, parts, rows, heads, keys
 *
 * The first octet chooses one.  What is understood is written again and must
 * be understood as the same.
 */
#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#include "journal.h"
#include "row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_envelope(struct ms_str s, struct ms_buf *b, struct ms_arena *arena)
{
	struct envelope e, again;

	if (!envelope_decode(s, arena, &e))
		return;
	envelope_encode(b, &e);
	if (!ms_buf_ok(b) || !ms_str_equal(ms_buf_str(b), s) ||
	    !envelope_decode(ms_buf_str(b), arena, &again) ||
	    again.n_parts != e.n_parts)
		abort();
}

static void
try_part(struct ms_str s, struct ms_buf *b, struct ms_arena *arena)
{
	struct ms_unpack u = ms_unpack_of(s);
	struct ms_part p;

	if (!part_decode(&u, &p) || !ms_unpack_done(&u))
		return;
	part_encode(b, part_copy(arena, &p));
	if (!ms_str_equal(ms_buf_str(b), s))
		abort();
}

static void
try_rows(struct ms_str s, struct ms_buf *b)
{
	struct seg_row seg;
	struct msg_row msg;

	if (seg_row_decode(s, &seg)) {
		seg_row_encode(b, &seg);
		if (!ms_str_equal(ms_buf_str(b), s))
			abort();
		ms_buf_reset(b);
	}
	if (msg_row_decode(s, &msg)) {
		msg_row_encode(b, &msg);
		if (!ms_str_equal(ms_buf_str(b), s))
			abort();
	}
}

static void
try_heads(struct ms_str s)
{
	static const uint8_t key[JOURNAL_KEY_OCTETS];
	struct journal_head head;
	struct journal_record r;
	uint32_t number;
	struct ms_id id;

	(void)journal_head_decode(s, &head);
	if (journal_record_decode(s, 1, 4096, key, &r) &&
	    journal_record_octets(&r) % 8 != 0)
		abort();
	if (row_key_parse(s, &id, &number) && number > 65535)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_buf b = MS_BUF_MAX(1 << 24);
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_str s;

	if (size > 0) {
		s = ms_str_of((const char *)data + 1, size - 1);
		switch (data[0] % 4) {
		case 0:
			try_envelope(s, &b, arena);
			break;
		case 1:
			try_part(s, &b, arena);
			break;
		case 2:
			try_rows(s, &b);
			break;
		default:
			try_heads(s);
			break;
		}
	}
	ms_buf_free(&b);
	ms_arena_free(arena);
	return 0;
}
