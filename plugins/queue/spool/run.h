/* SPDX-License-Identifier: ISC */
/*
 * run.h - the running half: segments, what is not done, the queue's rows
 *
 * Two locks.  `writer` is held by whoever has a writing transaction open, and
 * only under it are segments removed or entries finished; `lock` guards the
 * members below it and is held for moments.  writer is taken before lock.
 */
#ifndef SPOOL_RUN_H
#define SPOOL_RUN_H

#include <pthread.h>

#include "io.h"
#include "link.h"
#include "rows.h"
#include "spool.h"
#include "tail.h"

#define RUN_MAX_FREE 64

struct survivors;

struct segment {
	uint64_t generation;
	uint8_t  key[JOURNAL_KEY_OCTETS];	/* never changes; read without a lock */
	struct seg_row row;	/* as committed; kind, octets, key from the start */
	bool     has_row;
	uint32_t state;		/* what is to be committed: */
	uint64_t end;
	int64_t  ended_us;
	int      fd;		/* -1: it has no file */
	uint64_t mark;		/* published, or appended, up to here */
	uint32_t refs;		/* readers of fd */
	bool     no_reuse;	/* its octets are lent out, or a sync failed */
	bool     is_unread;	/* could not be looked through: left as it is */
	uint64_t blocked_at;	/* the live entry that held the cursor ... */
	int64_t  blocked_us;	/* ... since then; steady */
	struct tail tail;
};

struct run {
	const struct services *sv;
	const struct limits   *limits;
	struct folders folders;
	struct rows    rows;

	pthread_mutex_t writer;
	uint64_t made, made_next;	/* under writer: ids of messages made here */
	int64_t  made_since_us;

	pthread_mutex_t lock;
	struct segment **segments;	/* by generation */
	size_t   n, capacity;
	uint64_t highest;		/* generation ever given out */
	uint64_t free_names[RUN_MAX_FREE];
	uint32_t n_free;
	uint64_t own_generation;	/* names of files */
	uint32_t own_next;
	struct ms_id *wanted;		/* to be registered at the next flush */
	size_t   n_wanted, wanted_capacity;
	bool     flush_armed, spare_armed;
	bool     has_republished;	/* TASK_MINUTE alone */
	struct survivors *survivors;	/* the same */
};

/* Opens the environment, looks through what a former process left, and is
   ready.  *run_out is freed by run_close(), which accepts NULL. */
ms_status run_open(const struct services *sv, const struct limits *limits,
    const char *directory, struct run **run_out, struct ms_error *err);
/* Ends the segments in order and commits what is pending. */
void run_close(struct run *run);

/* Has TASK_FLUSH run within the cursor's delay. */
void run_arm_flush(struct run *run);
void run_arm_flush_in(struct run *run, int64_t after_us);
/* TASK_MINUTE: readers that died, survivors, rows of long ago. */
ms_status run_minute(struct run *run, struct ms_error *err);
/* Under lock: the id gets rows at the next flush. */
void run_want_rows(struct run *run, const struct ms_id *id);

#endif
