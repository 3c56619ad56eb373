/* SPDX-License-Identifier: ISC */
/*
 * chunk.h - up to 80 messages of a mailbox in one row
 *
 * What SELECT, FETCH FLAGS, STORE and a search for changes look at, packed
 * so that two chunks share a page of LMDB, which copies the whole page for
 * one changed flag anyway.  A chunk is decoded as a whole, changed in memory
 * and encoded again: 80 entries cost some tens of nanoseconds.  Pure: no
 * table is touched here.
 */
#ifndef LMDB_CHUNK_H
#define LMDB_CHUNK_H

#include <stdbool.h>

#include <mansio/base.h>

#define CHUNK_MAX	80
#define CHUNK_MERGE	60	/* two neighbours that fit into so many become one */
#define CHUNK_HEAD	32
#define CHUNK_ENTRY	24
#define CHUNK_OCTETS	(CHUNK_HEAD + CHUNK_MAX * CHUNK_ENTRY)

/* Of entry.flags: the system flags of mailbox.h, then 26 keywords by their
   number in the mailbox's table, then "more keywords in the mail row". */
#define ENTRY_SYSTEM	UINT32_C(0x1f)
#define ENTRY_KEYWORD	5	/* the bit of keyword 0 */
#define ENTRY_KEYWORDS	26
#define ENTRY_MORE	(UINT32_C(1) << 31)

#define ENTRY_BIG	UINT32_MAX	/* octets: the size is in the mail row */

struct entry {
	uint32_t uid;
	uint32_t flags;
	uint64_t modseq;
	uint32_t octets;
	uint32_t date;		/* arrival in seconds; 0 or UINT32_MAX: mail row */
};

struct chunk {
	uint32_t n, unseen, deleted;
	uint64_t highest, lowest;	/* modseq */
	struct entry entries[CHUNK_MAX];
};

/* The head alone, without looking at the entries. */
struct chunk_head {
	uint32_t n, unseen, deleted, last;	/* last: UID */
	uint64_t highest, lowest;
};

/* False: no chunk, or a damaged one. */
bool chunk_decode(struct ms_str raw, struct chunk *out);
bool chunk_decode_head(struct ms_str raw, struct chunk_head *out);
/* Counts the head anew; out has room for CHUNK_OCTETS.  Returns the octets
   used.  The chunk must not be empty. */
size_t chunk_encode(struct chunk *c, uint8_t *out);

/* Index of the first entry whose UID is not below; c->n if there is none. */
uint32_t chunk_find(const struct chunk *c, uint32_t uid);
/* Keeps the order.  False: full, or the UID is there. */
bool chunk_insert(struct chunk *c, const struct entry *e);
/* Moves the upper half to an empty chunk. */
void chunk_split(struct chunk *c, struct chunk *upper);
/* Puts the entries of the next chunk after this one's.  False: they do not
   fit into CHUNK_MERGE. */
bool chunk_merge(struct chunk *c, const struct chunk *next);

#endif
