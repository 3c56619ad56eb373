/* SPDX-License-Identifier: ISC */
/* journal.c - see journal.h */
#include "journal.h"

#include <string.h>

#include <mansio/str.h>

#define HEAD_MAGIC	UINT32_C(0x4d735350)	/* "MsSP" */
#define RECORD_MAGIC	UINT32_C(0x4d735352)	/* "MsSR" */
#define HEAD_VERSION	1u
#define ENVELOPE_VERSION 1u
/* number .. record of part_encode() with all strings empty */
#define PART_MIN_OCTETS	(5 * 4 + 3 * 8 + 5 * 4)

static void
put_be(uint8_t *out, uint64_t v, size_t n)
{
	for (size_t i = n; i-- > 0; v >>= 8)
		out[i] = (uint8_t)(v & 0xff);
}

static uint64_t
get_be(const uint8_t *in, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | in[i];
	return v;
}

void
journal_head_encode(const struct journal_head *h,
    uint8_t out[JOURNAL_HEAD_OCTETS])
{
	memset(out, 0, JOURNAL_HEAD_OCTETS);
	put_be(out, HEAD_MAGIC, 4);
	put_be(out + 4, HEAD_VERSION, 4);
	put_be(out + 8, h->generation, 8);
	put_be(out + 16, h->writer, 8);
	put_be(out + 24, h->octets, 8);
	memcpy(out + 32, h->key, JOURNAL_KEY_OCTETS);
	put_be(out + 48, ms_crc32c(0, out, 48), 4);
}

bool
journal_head_decode(struct ms_str octets, struct journal_head *out)
{
	const uint8_t *in = (const uint8_t *)octets.data;

	if (octets.len < 52 || get_be(in, 4) != HEAD_MAGIC ||
	    get_be(in + 4, 4) != HEAD_VERSION ||
	    get_be(in + 48, 4) != ms_crc32c(0, in, 48))
		return false;
	out->generation = get_be(in + 8, 8);
	out->writer = get_be(in + 16, 8);
	out->octets = get_be(in + 24, 8);
	memcpy(out->key, in + 32, JOURNAL_KEY_OCTETS);
	return true;
}

void
journal_record_encode(const struct journal_record *r,
    const uint8_t key[JOURNAL_KEY_OCTETS], uint8_t out[JOURNAL_RECORD_HEAD])
{
	put_be(out, RECORD_MAGIC, 4);
	put_be(out + 8, r->generation, 8);
	put_be(out + 16, r->offset, 8);
	put_be(out + 24, r->mark, 8);
	put_be(out + 32, r->envelope_octets, 4);
	put_be(out + 36, r->flags, 4);
	put_be(out + 40, r->body_octets, 8);
	put_be(out + 48, r->envelope_crc, 4);
	put_be(out + 52, r->body_crc, 4);
	put_be(out + 56, ms_siphash(key, out + 8, 48), 8);
	put_be(out + 4, ms_crc32c(0, out + 8, 56), 4);
}

bool
journal_record_decode(struct ms_str octets, uint64_t generation,
    uint64_t offset, const uint8_t key[JOURNAL_KEY_OCTETS],
    struct journal_record *out)
{
	const uint8_t *in = (const uint8_t *)octets.data;
	struct journal_record r;

	/* Cheap tests first: the search after damage asks for each 8 octets. */
	if (octets.len < JOURNAL_RECORD_HEAD || get_be(in, 4) != RECORD_MAGIC ||
	    get_be(in + 8, 8) != generation || get_be(in + 16, 8) != offset)
		return false;
	if (get_be(in + 4, 4) != ms_crc32c(0, in + 8, 56) ||
	    get_be(in + 56, 8) != ms_siphash(key, in + 8, 48))
		return false;
	r.generation = generation;
	r.offset = offset;
	r.mark = get_be(in + 24, 8);
	r.envelope_octets = (uint32_t)get_be(in + 32, 4);
	r.flags = (uint32_t)get_be(in + 36, 4);
	r.body_octets = get_be(in + 40, 8);
	r.envelope_crc = (uint32_t)get_be(in + 48, 4);
	r.body_crc = (uint32_t)get_be(in + 52, 4);
	if (r.envelope_octets > JOURNAL_MAX_ENVELOPE ||
	    r.body_octets > JOURNAL_MAX_OFFSET || r.mark > offset)
		return false;
	*out = r;
	return true;
}

uint64_t
journal_record_octets(const struct journal_record *r)
{
	uint64_t n = JOURNAL_RECORD_HEAD + (uint64_t)r->envelope_octets;

	if (!(r->flags & JOURNAL_OWN_FILE))
		n += r->body_octets;
	return (n + 7) & ~UINT64_C(7);
}

void
part_encode(struct ms_buf *b, const struct ms_part *p)
{
	ms_pack_u32(b, p->number);
	ms_pack_u32(b, p->state);
	ms_pack_u32(b, (uint32_t)p->priority);
	ms_pack_u32(b, p->attempts);
	ms_pack_u32(b, p->crashes);
	ms_pack_i64(b, p->next_us);
	ms_pack_i64(b, p->expires_us);
	ms_pack_i64(b, p->owned_until_us);
	ms_pack_str(b, p->delivery);
	ms_pack_str(b, p->destination);
	ms_pack_str(b, p->sender);
	ms_pack_str(b, p->owner);
	ms_pack_str(b, p->record);
}

bool
part_decode(struct ms_unpack *u, struct ms_part *out)
{
	*out = (struct ms_part){ .size = sizeof(*out) };
	out->number = ms_unpack_u32(u);
	out->state = ms_unpack_u32(u);
	out->priority = (int32_t)ms_unpack_u32(u);
	out->attempts = ms_unpack_u32(u);
	out->crashes = ms_unpack_u32(u);
	out->next_us = ms_unpack_i64(u);
	out->expires_us = ms_unpack_i64(u);
	out->owned_until_us = ms_unpack_i64(u);
	out->delivery = ms_unpack_str(u);
	out->destination = ms_unpack_str(u);
	out->sender = ms_unpack_str(u);
	out->owner = ms_unpack_str(u);
	out->record = ms_unpack_str(u);
	return !u->bad && out->number < JOURNAL_MAX_PARTS && out->next_us >= 0;
}

struct ms_part *
part_copy(struct ms_arena *arena, const struct ms_part *p)
{
	struct ms_part *copy = ms_arena_alloc(arena, sizeof(*copy));

	*copy = *p;
	copy->size = sizeof(*copy);
	copy->delivery = ms_arena_str(arena, p->delivery);
	copy->destination = ms_arena_str(arena, p->destination);
	copy->sender = ms_arena_str(arena, p->sender);
	copy->owner = ms_arena_str(arena, p->owner);
	copy->record = ms_arena_str(arena, p->record);
	return copy;
}

void
envelope_encode(struct ms_buf *b, const struct envelope *e)
{
	ms_pack_u8(b, ENVELOPE_VERSION);
	ms_pack_i64(b, e->arrival_us);
	ms_pack_i64(b, e->next_us);
	ms_pack_str(b, e->own_file);
	ms_pack_u32(b, e->n_parts);
	for (uint32_t i = 0; i < e->n_parts; i++)
		part_encode(b, e->parts[i]);
	ms_pack_str(b, e->record);
}

bool
envelope_decode(struct ms_str octets, struct ms_arena *arena,
    struct envelope *out)
{
	struct ms_unpack u = ms_unpack_of(octets);
	struct envelope e = { .arrival_us = 0 };
	const struct ms_part **list;
	struct ms_part *parts;

	if (ms_unpack_u8(&u) != ENVELOPE_VERSION)
		return false;
	e.arrival_us = ms_unpack_i64(&u);
	e.next_us = ms_unpack_i64(&u);
	e.own_file = ms_unpack_str(&u);
	e.n_parts = ms_unpack_count(&u, PART_MIN_OCTETS);
	if (u.bad || e.n_parts > JOURNAL_MAX_PARTS || e.next_us < 0)
		return false;
	list = ms_arena_array(arena, e.n_parts, sizeof(struct ms_part *));
	parts = ms_arena_array(arena, e.n_parts, sizeof(struct ms_part));
	for (uint32_t i = 0; i < e.n_parts; i++) {
		if (!part_decode(&u, &parts[i]))
			return false;
		list[i] = &parts[i];
	}
	e.parts = list;
	e.record = ms_unpack_str(&u);
	if (!ms_unpack_done(&u))
		return false;
	*out = e;
	return true;
}

struct ms_id
id_of(uint64_t generation, uint64_t offset)
{
	struct ms_id id = { { 0 } };

	put_be(id.octets, generation, 8);
	put_be(id.octets + 8, offset / 8, 6);
	return id;
}

uint64_t
id_generation(const struct ms_id *id)
{
	return get_be(id->octets, 8);
}

uint64_t
id_offset(const struct ms_id *id)
{
	return get_be(id->octets + 8, 6) * 8;
}
