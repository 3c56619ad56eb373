/* SPDX-License-Identifier: ISC */
/*
 * tail.h - the messages of a segment from its cursor on, in memory
 *
 * What goes through at the first attempt never gets a row: it stands here
 * from the sync that accepted it until the cursor has passed it.  Entries are
 * ordered by offset and, as a writer gives out times that never fall, by
 * time.  A finished entry stays as a mark until all before it is finished or
 * registered.
 *
 * Not locked: the owner's lock (run.h) holds for all of it.
 */
#ifndef SPOOL_TAIL_H
#define SPOOL_TAIL_H

#include <stdbool.h>

#include "journal.h"

enum {
	ENTRY_LIVE = 1,		/* not finished, in no row: only here */
	ENTRY_DONE,		/* finished, in no row */
	ENTRY_ROWS,		/* registered: the rows say what is left of it */
	ENTRY_TOMB		/* finished, and a row says so until the cursor does */
};

enum {
	NOTE_MANY     = 1,	/* more parts than one */
	NOTE_LATER    = 2,	/* some part is not due before its own time */
	NOTE_ROUTED   = 4,	/* some part names a destination */
	NOTE_OWN_FILE = 8,
	NOTE_DAMAGED  = 16	/* can't be read: said once, then passed over */
};

/* What the accepting half tells of a record once that is durable. */
struct note {
	uint64_t offset;
	int64_t  next_us;
	uint32_t octets;	/* in the segment */
	uint16_t number;	/* of the only part */
	uint16_t flags;		/* NOTE_... */
};

void note_init(struct note *note, uint64_t offset, uint64_t octets,
    const struct envelope *envelope);

/* The numbers of parts that are finished, of a message with several. */
struct partial {
	uint32_t n;
	uint16_t numbers[];
};

struct entry {
	struct note     note;
	uint32_t        state;		/* ENTRY_... */
	struct partial *partial;	/* NULL: none yet */
};

struct tail {
	struct entry *entries;		/* from first, n of them */
	size_t        first, n, capacity;
	size_t        live;
	size_t        later, routed;	/* of them, with NOTE_LATER, NOTE_ROUTED */
	uint64_t      live_octets;
	uint64_t      done_end;		/* offset of the furthest one not live */
};

void tail_fini(struct tail *t);
/* Offsets rise.  Without memory the process ends, as an arena does: the
   record is durable, so it is found again. */
void tail_push(struct tail *t, const struct note *note, uint32_t state);
/* NULL: not in it. */
struct entry *tail_find(struct tail *t, uint64_t offset);
void tail_set_state(struct tail *t, struct entry *e, uint32_t state);
/* Notes parts as finished, each once; returns how many are now. */
uint32_t tail_finish_parts(struct entry *e, const uint16_t *numbers, uint32_t n);
bool tail_part_is_done(const struct entry *e, uint32_t number);
/* Index, below t->n, of the first entry not before (next_us, offset). */
size_t tail_seek(const struct tail *t, int64_t next_us, uint64_t offset);
size_t tail_seek_offset(const struct tail *t, uint64_t offset);
static inline struct entry *
tail_at(const struct tail *t, size_t i)
{
	return &t->entries[t->first + i];
}
/* Forgets the entries below that offset. */
void tail_drop(struct tail *t, uint64_t below);
/* The first live one; NULL: none. */
const struct entry *tail_oldest(const struct tail *t);

#endif
