/* SPDX-License-Identifier: ISC */
/*
 * journal.h - the octets of a spool segment: its head, its records
 *
 * A segment is a head of 4 KiB and records, one after the other without a
 * gap: so what is valid is always a prefix.
 *
 *	segment head	magic, version, generation, writer, size, key, crc
 *	record		head of 64 octets, envelope, body; padded to 8
 *	record head	u32 magic, u32 crc32c of what follows in the head,
 *			u64 generation, u64 offset, u64 mark,
 *			u32 envelope octets, u32 flags, u64 body octets,
 *			u32 crc32c of the envelope, u32 crc32c of the body,
 *			u64 tag
 *
 * Generation and offset inside each record make an old record in a recycled
 * file invalid.  The tag is a SipHash of the head under the segment's own
 * key, so that octets which a peer chose (a body left over in a recycled
 * file) never pass for a record.  The mark says up to where the segment was
 * on stable storage when the record was written: an invalid record below the
 * mark of a later one is damage, above all marks it is the end.
 *
 * Pure: no files here.  The decoders take any octets.
 */
#ifndef SPOOL_JOURNAL_H
#define SPOOL_JOURNAL_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/pack.h>
#include <mansio/queue.h>

#define JOURNAL_HEAD_OCTETS	4096
#define JOURNAL_RECORD_HEAD	64
#define JOURNAL_KEY_OCTETS	16
/* A thousand recipients with their replies and a long trace stay far below. */
#define JOURNAL_MAX_ENVELOPE	(16u * 1024 * 1024)
#define JOURNAL_MAX_PARTS	65536u
/* An offset divided by 8 has 48 bits in a message id. */
#define JOURNAL_MAX_OFFSET	(UINT64_C(1) << 51)

struct journal_head {
	uint64_t generation;
	uint64_t writer;	/* incarnation of the process that appends */
	uint64_t octets;	/* the size at which it counts as full */
	uint8_t  key[JOURNAL_KEY_OCTETS];
};

void journal_head_encode(const struct journal_head *h,
    uint8_t out[JOURNAL_HEAD_OCTETS]);
bool journal_head_decode(struct ms_str octets, struct journal_head *out);

enum {
	JOURNAL_OWN_FILE = 1	/* the body lies in a file of its own */
};

struct journal_record {
	uint64_t generation, offset, mark;
	uint32_t envelope_octets;
	uint32_t flags;		/* JOURNAL_... */
	uint64_t body_octets;
	uint32_t envelope_crc, body_crc;
};

void journal_record_encode(const struct journal_record *r,
    const uint8_t key[JOURNAL_KEY_OCTETS], uint8_t out[JOURNAL_RECORD_HEAD]);
/* False: not a record of this segment at this offset. */
bool journal_record_decode(struct ms_str octets, uint64_t generation,
    uint64_t offset, const uint8_t key[JOURNAL_KEY_OCTETS],
    struct journal_record *out);
/* From head to padding. */
uint64_t journal_record_octets(const struct journal_record *r);

/* ---- what an envelope holds ---- */

struct envelope {
	int64_t       arrival_us;
	int64_t       next_us;		/* its place in the order of what is due */
	struct ms_str own_file;		/* name, or "" */
	struct ms_str record;		/* the core's octets */
	const struct ms_part *const *parts;
	uint32_t      n_parts;
};

/* The parts' `message` is not kept: it is the place. */
void envelope_encode(struct ms_buf *b, const struct envelope *e);
/* Strings are lent from the octets, parts made in the arena. */
bool envelope_decode(struct ms_str octets, struct ms_arena *arena,
    struct envelope *out);

/* The columns of one part; also the value of a row. */
void part_encode(struct ms_buf *b, const struct ms_part *p);
bool part_decode(struct ms_unpack *u, struct ms_part *out);
/* A copy with all that it refers to. */
struct ms_part *part_copy(struct ms_arena *arena, const struct ms_part *p);

/* ---- ids: generation u64, offset / 8 u48, u16 ---- */

struct ms_id id_of(uint64_t generation, uint64_t offset);
uint64_t id_generation(const struct ms_id *id);
uint64_t id_offset(const struct ms_id *id);

#endif
