/* SPDX-License-Identifier: ISC */
/* row.c - see row.h */
#include "row.h"

#include <string.h>

#include <mansio/str.h>

#define SEG_VERSION	1u
#define MSG_VERSION	1u

void
seg_row_encode(struct ms_buf *b, const struct seg_row *row)
{
	ms_pack_u8(b, SEG_VERSION);
	ms_pack_u32(b, row->kind);
	ms_pack_u32(b, row->state);
	ms_pack_u64(b, row->cursor);
	ms_pack_u64(b, row->end);
	ms_pack_u64(b, row->ids);
	ms_pack_u64(b, row->placed);
	ms_pack_u64(b, row->placed_octets);
	ms_pack_u64(b, row->octets);
	ms_pack_i64(b, row->ended_us);
	ms_pack_i64(b, row->dropped_us);
	ms_buf_add(b, ms_str_of((const char *)row->key, sizeof(row->key)));
}

bool
seg_row_decode(struct ms_str octets, struct seg_row *out)
{
	struct ms_unpack u = ms_unpack_of(octets);
	struct seg_row row;
	struct ms_id key;

	if (ms_unpack_u8(&u) != SEG_VERSION)
		return false;
	row.kind = ms_unpack_u32(&u);
	row.state = ms_unpack_u32(&u);
	row.cursor = ms_unpack_u64(&u);
	row.end = ms_unpack_u64(&u);
	row.ids = ms_unpack_u64(&u);
	row.placed = ms_unpack_u64(&u);
	row.placed_octets = ms_unpack_u64(&u);
	row.octets = ms_unpack_u64(&u);
	row.ended_us = ms_unpack_i64(&u);
	row.dropped_us = ms_unpack_i64(&u);
	key = ms_unpack_id(&u);
	memcpy(row.key, key.octets, sizeof(row.key));
	if (!ms_unpack_done(&u) || row.kind < SEGMENT_ACCEPT ||
	    row.kind > SEGMENT_MADE || row.state < SEGMENT_OPEN ||
	    row.state > SEGMENT_DROPPED || row.cursor > JOURNAL_MAX_OFFSET ||
	    row.end > JOURNAL_MAX_OFFSET)
		return false;
	*out = row;
	return true;
}

void
msg_row_encode(struct ms_buf *b, const struct msg_row *row)
{
	ms_pack_u8(b, MSG_VERSION);
	ms_pack_u64(b, row->place);
	ms_pack_u64(b, row->offset);
	ms_pack_u64(b, row->octets);
	ms_pack_i64(b, row->arrival_us);
	ms_pack_i64(b, row->expires_us);
	ms_pack_u32(b, row->left);
	ms_pack_u32(b, row->flags);
	ms_pack_u64(b, row->body_octets);
	ms_pack_u32(b, row->body_crc);
	ms_pack_str(b, row->own_file);
	ms_pack_str(b, row->record);
}

bool
msg_row_decode(struct ms_str octets, struct msg_row *out)
{
	struct ms_unpack u = ms_unpack_of(octets);
	struct msg_row row;

	if (ms_unpack_u8(&u) != MSG_VERSION)
		return false;
	row.place = ms_unpack_u64(&u);
	row.offset = ms_unpack_u64(&u);
	row.octets = ms_unpack_u64(&u);
	row.arrival_us = ms_unpack_i64(&u);
	row.expires_us = ms_unpack_i64(&u);
	row.left = ms_unpack_u32(&u);
	row.flags = ms_unpack_u32(&u);
	row.body_octets = ms_unpack_u64(&u);
	row.body_crc = ms_unpack_u32(&u);
	row.own_file = ms_unpack_str(&u);
	row.record = ms_unpack_str(&u);
	if (!ms_unpack_done(&u) || row.offset > JOURNAL_MAX_OFFSET ||
	    row.body_octets > JOURNAL_MAX_OFFSET)
		return false;
	*out = row;
	return true;
}

static void
add_be(struct row_key *k, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		k->octets[k->len + i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	k->len += n;
}

static void
add_id(struct row_key *k, const struct ms_id *id)
{
	memcpy(k->octets + k->len, id->octets, sizeof(id->octets));
	k->len += sizeof(id->octets);
}

void
row_key_seg(struct row_key *k, uint64_t generation)
{
	k->len = 0;
	add_be(k, generation, 8);
}

void
row_key_msg(struct row_key *k, const struct ms_id *id)
{
	k->len = 0;
	add_id(k, id);
}

void
row_key_part(struct row_key *k, const struct ms_id *id, uint32_t number)
{
	row_key_msg(k, id);
	add_be(k, number, 2);
}

void
row_key_due(struct row_key *k, int64_t next_us, const struct ms_id *id,
    uint32_t number)
{
	k->len = 0;
	add_be(k, (uint64_t)next_us, 8);
	add_id(k, id);
	add_be(k, number, 2);
}

void
row_key_dest(struct row_key *k, struct ms_str destination, int64_t next_us,
    const struct ms_id *id, uint32_t number)
{
	k->len = destination.len < ROW_MAX_DESTINATION ?
	    destination.len : ROW_MAX_DESTINATION;
	if (k->len > 0)
		memcpy(k->octets, destination.data, k->len);
	/* Lower than any octet of a destination: "a" sorts before "a.b". */
	add_be(k, 0, 1);
	add_be(k, (uint64_t)next_us, 8);
	add_id(k, id);
	add_be(k, number, 2);
}

bool
row_key_parse(struct ms_str key, struct ms_id *id_out, uint32_t *number_out)
{
	const unsigned char *tail;

	if (key.len < 18)
		return false;
	tail = (const unsigned char *)key.data + key.len - 18;
	memcpy(id_out->octets, tail, sizeof(id_out->octets));
	*number_out = (uint32_t)tail[16] << 8 | tail[17];
	return true;
}
