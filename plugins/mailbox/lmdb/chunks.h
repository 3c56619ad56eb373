/* SPDX-License-Identifier: ISC */
/*
 * chunks.h - walking and changing the chunks of a mailbox
 *
 * A chunk's key is a UID not above its first one.  Found by the first key
 * that is not below, and one step back unless that is equal; the mailbox's
 * record, which sorts after all chunks, ends the walk.
 */
#ifndef LMDB_CHUNKS_H
#define LMDB_CHUNKS_H

#include "chunk.h"
#include "db.h"
#include "uids.h"

struct chunk_walk {
	struct db_cursor c;
	uint32_t         account, box;
	uint32_t         key;		/* of the chunk where it stands */
	struct chunk     chunk;
};

/* Positions nothing yet. */
void chunks_begin(struct chunk_walk *w, struct db_txn *t, uint32_t account, uint32_t box);
void chunks_end(struct chunk_walk *w);
#define AUTO_CHUNKS __attribute__((cleanup(chunks_end)))

/* The chunk in which that UID would lie, or else the one after it.
   MS_NOTFOUND: neither. */
ms_status chunks_seek(struct chunk_walk *w, uint32_t uid);
ms_status chunks_next(struct chunk_walk *w);

/* The same without decoding more than heads. */
ms_status chunks_seek_head(struct chunk_walk *w, uint32_t uid, struct chunk_head *out);
ms_status chunks_next_head(struct chunk_walk *w, struct chunk_head *out);
/* Decodes the chunk whose head was read. */
ms_status chunks_decode(struct chunk_walk *w);

/* ---- the messages that a set of UIDs names ---- */

struct target_walk {
	struct chunk_walk   w;
	struct ms_uids      uids;
	struct ms_uid_range all;
	size_t              at;		/* the range that is looked at */
	uint32_t            from;	/* first UID not yet passed */
	bool                is_placed;	/* the cursor stands on the last chunk */
};

/* uids.n 0: all. */
void targets_begin(struct target_walk *w, struct db_txn *t, uint32_t account, uint32_t box,
    struct ms_uids uids);
void targets_end(struct target_walk *w);
#define AUTO_TARGETS __attribute__((cleanup(targets_end)))
/* Decodes the next chunk in which some of them may lie. */
ms_status targets_next(struct target_walk *w);
/* Is that UID wanted?  Asked in ascending order. */
static inline bool
targets_has(struct target_walk *w, uint32_t uid)
{
	while (w->at < w->uids.n && w->uids.ranges[w->at].last < uid)
		w->at++;
	return w->at < w->uids.n && w->uids.ranges[w->at].first <= uid;
}

/* Writes the decoded chunk back to its place; without entries it is removed. */
ms_status chunks_write(struct chunk_walk *w);
ms_status chunk_put(struct db_txn *t, uint32_t account, uint32_t box, uint32_t key,
    struct chunk *c);

/* Joins the chunk under that key with its neighbours where they fit. */
ms_status chunks_join(struct db_txn *t, uint32_t account, uint32_t box, uint32_t key);

/* The entry of one message. */
ms_status entry_find(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    struct entry *out);

/* The newest chunk, kept in memory while messages are appended. */
struct chunk_tail {
	bool         is_loaded, is_dirty;
	uint32_t     key;
	struct chunk chunk;
};

ms_status chunk_tail_add(struct db_txn *t, struct chunk_tail *tail, uint32_t account,
    uint32_t box, const struct entry *e);
ms_status chunk_tail_flush(struct db_txn *t, struct chunk_tail *tail, uint32_t account,
    uint32_t box);

#endif
