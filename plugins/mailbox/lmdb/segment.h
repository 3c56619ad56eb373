/* SPDX-License-Identifier: ISC */
/*
 * segment.h - records within a segment file, and what a job says of one
 *
 * A segment is a file of records, each a head of 48 octets, the stored octets
 * of a body, and padding to 8.  The head names its place, and its checksum
 * begins from the store's id, so that octets of a body never pass for one.
 *
 * A blob's id is the place where it was written first: segment, offset / 8.
 * Numbers of segments are never used again, so neither are ids; compaction
 * moves a blob and leaves it its id.
 */
#ifndef LMDB_SEGMENT_H
#define LMDB_SEGMENT_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/base.h>

#define RECORD_HEAD	48
#define SEGMENT_MAX	(UINT64_C(32) << 30)	/* offsets / 8 have 32 bits */
#define SEGMENT_OWN	(UINT64_C(16) << 20)	/* a larger body has its own file */

struct record {
	uint64_t blob;
	uint64_t stored, length;
	uint32_t crc;		/* of the stored octets */
	uint32_t transforms;	/* 0: as they came */
};

static inline uint64_t
record_octets(uint64_t stored)
{
	return RECORD_HEAD + ((stored + 7) & ~UINT64_C(7));
}

static inline uint64_t
blob_id(uint32_t segment, uint64_t offset)
{
	return (uint64_t)segment << 32 | offset / 8;
}

/* store: the store's id. */
void record_encode(const struct ms_id *store, const struct record *r, uint32_t segment,
    uint64_t offset, uint8_t out[RECORD_HEAD]);
/* False: there is no record that was written to this place. */
bool record_decode(const struct ms_id *store, const uint8_t head[RECORD_HEAD],
    uint32_t segment, uint64_t offset, struct record *out);

/* What prepare() leaves for run(): "place" of batch.h. */
struct place {
	uint32_t segment, crc;
	uint64_t offset, length;
};

struct ms_str place_encode(struct ms_arena *arena, const struct place *p);
bool place_decode(struct ms_str text, struct place *out);

#endif
