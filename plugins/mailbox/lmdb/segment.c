/* SPDX-License-Identifier: ISC */
/* segment.c - see segment.h */
#include "segment.h"

#include <mansio/pack.h>

#include "bytes.h"

#define RECORD_MAGIC	UINT32_C(0x4d534247)
#define PLACE_OCTETS	26
#define PLACE_VERSION	1

/* Head: magic, crc of what follows and of its place, blob, stored, length,
   crc of the octets, transforms, 8 octets of zero. */
static uint32_t
head_crc(const struct ms_id *store, const uint8_t *head, uint32_t segment,
    uint64_t offset)
{
	uint8_t place[12];
	uint32_t crc;

	put_u32(place, segment);
	put_u64(place + 4, offset);
	crc = ms_crc32c(0, store->octets, sizeof(store->octets));
	crc = ms_crc32c(crc, place, sizeof(place));
	return ms_crc32c(crc, head + 8, RECORD_HEAD - 8);
}

void
record_encode(const struct ms_id *store, const struct record *r, uint32_t segment,
    uint64_t offset, uint8_t out[RECORD_HEAD])
{
	memset(out, 0, RECORD_HEAD);
	put_u32(out, RECORD_MAGIC);
	put_u64(out + 8, r->blob);
	put_u64(out + 16, r->stored);
	put_u64(out + 24, r->length);
	put_u32(out + 32, r->crc);
	put_u32(out + 36, r->transforms);
	put_u32(out + 4, head_crc(store, out, segment, offset));
}

bool
record_decode(const struct ms_id *store, const uint8_t head[RECORD_HEAD],
    uint32_t segment, uint64_t offset, struct record *out)
{
	if (get_u32(head) != RECORD_MAGIC ||
	    get_u32(head + 4) != head_crc(store, head, segment, offset))
		return false;
	out->blob = get_u64(head + 8);
	out->stored = get_u64(head + 16);
	out->length = get_u64(head + 24);
	out->crc = get_u32(head + 32);
	out->transforms = get_u32(head + 36);
	return out->stored < SEGMENT_MAX;
}

struct ms_str
place_encode(struct ms_arena *arena, const struct place *p)
{
	uint8_t *at = ms_arena_alloc(arena, PLACE_OCTETS);

	at[0] = PLACE_VERSION;
	put_u32(at + 2, p->segment);
	put_u64(at + 6, p->offset);
	put_u64(at + 14, p->length);
	put_u32(at + 22, p->crc);
	return ms_str_of((const char *)at, PLACE_OCTETS);
}

bool
place_decode(struct ms_str text, struct place *out)
{
	const uint8_t *at = (const uint8_t *)text.data;

	if (text.len != PLACE_OCTETS || at[0] != PLACE_VERSION || at[1] != 0)
		return false;
	out->segment = get_u32(at + 2);
	out->offset = get_u64(at + 6);
	out->length = get_u64(at + 14);
	out->crc = get_u32(at + 22);
	return out->segment != 0 && out->offset % 8 == 0 && out->offset < SEGMENT_MAX &&
	    out->length < SEGMENT_MAX;
}
