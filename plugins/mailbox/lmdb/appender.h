/* SPDX-License-Identifier: ISC */
/*
 * appender.h - bringing bodies into a shard: the half of prepare()
 *
 * Runs in the process that has the bodies.  Each process writes a segment of
 * its own for each shard; callers reserve stretches of it, write side by
 * side, and share syncs: who finds no sync under way makes one for all that
 * have written by then.
 *
 * What is asked of the writing half is in segments.h: a new number, and that
 * a full segment be sealed.  Only where this process has that half can it be
 * asked; else prepare() says MS_TEMPFAIL.
 */
#ifndef LMDB_APPENDER_H
#define LMDB_APPENDER_H

#include <pthread.h>
#include <stdbool.h>

#include <mansio/batch.h>

struct shard;

struct appender {
	struct shard   *shard;
	pthread_mutex_t lock;		/* all below */
	pthread_cond_t  changed;
	uint32_t        number;		/* of the open segment; 0: none */
	int             fd;
	uint64_t        used, size;	/* octets */
	uint32_t        users;		/* who writes to it now */
	_Atomic bool    broken;		/* a write or sync failed: use another; set also
					   without the lock */
	bool            rolling;	/* somebody exchanges it */
	bool            syncing;
	uint64_t        syncs_begun, syncs_done;
};

void appender_init(struct appender *a, struct shard *s);
/* Seals the open segment. */
void appender_fini(struct appender *a);

/* batch.h, prepare(): all jobs of this shard. */
ms_status appender_prepare(struct appender *a, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct ms_error *err);

/* The open segment is not to be written any more. */
void appender_abandon(struct appender *a);

#endif
