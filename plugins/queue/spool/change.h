/* SPDX-License-Identifier: ISC */
/*
 * change.h - one writing transaction over the queue's rows, and what it
 * makes of the memory
 *
 * What is committed is applied to the segments' tails only afterwards, so
 * that a failed commit leaves no trace.  A chain of jobs runs in a child
 * transaction; its effects are noted in lists that a failure cuts back.
 *
 * Under run->writer from begin to commit or abort.
 */
#ifndef SPOOL_CHANGE_H
#define SPOOL_CHANGE_H

#include "run.h"

struct change_effect {		/* the tail's entry gets this state */
	struct change_effect *next;
	struct ms_id id;
	uint32_t state;
};

struct change_touched {		/* its row may have changed */
	struct change_touched *next;
	uint64_t generation;
};

struct change_file {		/* a body of its own, to be unlinked */
	struct change_file *next;
	struct ms_str name;
};

struct change_emptied {		/* a message whose last part went */
	struct change_emptied *next;
	struct ms_id id;
};

struct change_lists {
	struct change_effect  *effects;
	struct change_touched *touched;
	struct change_file    *files;
	struct change_emptied *emptied;
};

struct cursor_item;

struct change {
	struct run      *run;
	MDB_txn         *outer, *txn;	/* txn: the child, or outer */
	struct ms_arena *arena;
	struct change_lists lists, before;	/* before: of the child */
	struct cursor_item *cursors;	/* cursor.h */
	int64_t          now_us;
	bool             is_dirty;	/* there is something to commit */
};

/* Also moves the cursors along, first of all: so that what the transaction
   finishes knows whether the cursor is past it. */
ms_status change_begin(struct change *c, struct run *run, struct ms_error *err);
ms_status change_begin_child(struct change *c, struct ms_error *err);
ms_status change_end_child(struct change *c, ms_status so_far,
    struct ms_error *err);
/* Commits and applies; nothing at all if nothing was changed. */
ms_status change_commit(struct change *c, struct ms_error *err);
void change_abort(struct change *c);

/* A registered message's row; one that stands in a tail alone is registered
   first.  MS_NOTFOUND: it is done. */
ms_status change_need(struct change *c, const struct ms_id *id,
    struct msg_row *out, struct ms_error *err);
ms_status change_put_part(struct change *c, const struct ms_id *id,
    struct msg_row *row, const struct ms_part *part, struct ms_error *err);
ms_status change_finish_part(struct change *c, const struct ms_id *id,
    struct msg_row *row, uint32_t number, struct ms_error *err);
ms_status change_put_row(struct change *c, const struct ms_id *id,
    const struct msg_row *row, struct ms_error *err);
/* Takes along the messages whose last part went and that got no new one. */
ms_status change_finish_emptied(struct change *c, struct ms_error *err);

/* The seg row as the transaction sees it, made if there is none. */
ms_status change_get_seg(struct change *c, uint64_t generation,
    struct seg_row *out, struct ms_error *err);
ms_status change_put_seg(struct change *c, uint64_t generation,
    const struct seg_row *row, struct ms_error *err);
/* Adds to ids and to placed; sign -1 takes away. */
ms_status change_count(struct change *c, const struct ms_id *id,
    const struct msg_row *row, int sign, struct ms_error *err);
void change_note_effect(struct change *c, const struct ms_id *id,
    uint32_t state);
void change_note_file(struct change *c, struct ms_str name);

#endif
