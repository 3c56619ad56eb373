/* SPDX-License-Identifier: ISC */
/*
 * record.h - the rows of a shard other than chunks: their octets
 *
 * Each begins with its version.  Decoders take whatever octets they are
 * given: false means that the row is damaged.  Text in a decoded row is lent
 * from the octets.
 */
#ifndef LMDB_RECORD_H
#define LMDB_RECORD_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/query.h>

#include "chunk.h"

#define RECORD_VERSION	1

/* ---- an account ---- */

struct account {
	uint32_t number;		/* not in the row: its key */
	uint32_t uidvalidity;		/* the highest one given */
	uint64_t modseq;		/* the highest one given */
	uint64_t list_modseq;		/* of the list of mailboxes */
	uint64_t octets, messages, mailboxes, annotation_octets;
	struct ms_str name;
};

bool account_decode(struct ms_str raw, struct account *out);
void account_encode(const struct account *a, struct ms_buf *out);

/* ---- a mailbox ---- */

#define BOX_MAX_KEYWORDS	256

struct box {
	uint32_t account, number;	/* not in the row: its key */
	uint32_t flags;			/* MS_BOX_... */
	uint32_t uidvalidity, uidnext;
	uint32_t messages, unseen, deleted;
	uint32_t first_unseen;		/* UID; 0: none */
	uint32_t recent_from;
	uint32_t gone_rows;		/* in the table of vanished UIDs */
	uint32_t n_keywords;
	uint64_t modseq, box_modseq, octets;
	uint64_t floor;			/* expunges up to here may be forgotten */
	int64_t  deleted_us;		/* when the mailbox was deleted; 0: it lives */
	struct ms_id  id;
	struct ms_str name, special_use;
	struct ms_str *keywords;	/* n_keywords, in the arena */
};

bool box_decode(struct ms_str raw, struct ms_arena *arena, struct box *out);
void box_encode(const struct box *b, struct ms_buf *out);

/* ---- what a message has beside its entry in a chunk ---- */

#define MAIL_HEAD	76
#define MAIL_MORE	32	/* octets of the bitmap of keywords from 26 on */

struct mail {
	uint64_t blob;
	uint64_t octets;
	int64_t  arrived_us, saved_us;
	struct ms_id email_id, thread_id;
	struct ms_str more;		/* bitmap, at most MAIL_MORE octets */
	struct ms_str digest;
};

bool mail_decode(struct ms_str raw, struct mail *out);
static inline size_t
mail_octets(const struct mail *m)
{
	return MAIL_HEAD + m->more.len + m->digest.len;
}
/* out: mail_octets(). */
void mail_encode(const struct mail *m, uint8_t *out);

/* ---- an expunged message that can be restored ---- */

#define TRASH_HEAD	(8 + CHUNK_ENTRY)

struct trash {
	uint64_t     modseq;		/* of the expunge */
	struct entry entry;
	struct mail  mail;
};

bool trash_decode(struct ms_str raw, struct trash *out);
/* out: TRASH_HEAD octets; the mail row follows them. */
void trash_encode_head(uint64_t modseq, const struct entry *e, uint8_t *out);

/* ---- where a body lies ---- */

#define BLOB_ROW	48

struct blob_row {
	uint32_t segment, references, crc, transforms;
	uint64_t offset;		/* of the record's head */
	uint64_t stored, length;
};

bool blob_decode(struct ms_str raw, struct blob_row *out);
void blob_encode(const struct blob_row *b, uint8_t *out);

/* ---- a segment ---- */

#define SEGMENT_ROW	40

enum { SEGMENT_OPEN = 1, SEGMENT_SEALED, SEGMENT_MOVING, SEGMENT_DROPPING };

struct segment_row {
	uint32_t state;
	uint64_t octets;		/* end of what rows refer to */
	uint64_t live;			/* octets of records that rows refer to */
	int64_t  since_us;		/* when it came into this state */
	uint64_t owner;			/* who writes it: a random number of that process */
};

bool segment_decode(struct ms_str raw, struct segment_row *out);
void segment_encode(const struct segment_row *s, uint8_t *out);

/* ---- vanished UIDs: time in seconds, then ranges ---- */

#define GONE_MAX_RANGES	240	/* a row stays below 2 KiB */

/* *ranges_out: allocated in the arena. */
bool gone_decode(struct ms_str raw, struct ms_arena *arena, uint32_t *time_out,
    struct ms_uid_range **ranges_out, size_t *n_out);
void gone_encode(uint32_t time, const struct ms_uid_range *ranges, size_t n,
    struct ms_buf *out);

/* ---- a property ---- */

struct property {
	uint64_t modseq;
	uint32_t gone;
	struct ms_str value;
};

bool property_decode(struct ms_str raw, struct property *out);
void property_encode(const struct property *p, struct ms_buf *out);

#endif
