/* SPDX-License-Identifier: ISC */
/*
 * spool.h - what both halves of the spool share: services, limits, tasks
 *
 * The spool has two halves that may live in two processes.  The accepting
 * half (accept.h) appends records and syncs them; the running half (run.h)
 * owns the folders and the LMDB environment and knows what is not yet done.
 * All that passes between them stands in link.h.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <mansio/blob.h>
#include <mansio/bus.h>
#include <mansio/clock.h>
#include <mansio/log.h>
#include <mansio/metrics.h>
#include <mansio/plugin.h>
#include <mansio/scope.h>
#include <mansio/task.h>

struct services {
	const struct ms_host      *host;
	const struct ms_blob_api  *blob;
	const struct ms_clock     *clock;
	const struct ms_log       *log;
	const struct ms_timer     *timer;
	const struct ms_bus       *bus;
	const struct ms_metrics   *metrics;	/* may be NULL */
	struct ms_metric *accepted, *refused, *syncs, *finished, *registered,
	    *cursors, *moved, *damaged;
};

struct limits {			/* const after create; octets, microseconds */
	uint64_t segment;
	uint64_t own_file;	/* a longer body gets a file of its own */
	uint64_t high_water, hard_limit, reserve;
	uint64_t map;
	int64_t  high_water_age;
	int64_t  cursor_delay;
	int64_t  survivors_after;
	uint32_t free_files;
};

/* Bodies of messages made here, up to this size, lie in a row. */
#define SPOOL_INLINE_BODY	(64u * 1024)

enum {	/* numbers of tasks */
	TASK_FLUSH = 1,		/* cursors, drops */
	TASK_MINUTE,		/* survivors, readers, old rows */
	TASK_SPARE		/* fills a segment ahead */
};

enum { SHARD_ACCEPT, SHARD_RUN, SHARDS };

struct run;
struct accept;

struct ms_instance {
	struct services services;
	struct limits   limits;
	const char     *directory;
	struct run     *run;
	struct accept  *accept;
};

/* One line, with the text of an error; accepts err NULL. */
void spool_log(const struct services *sv, uint32_t level, const char *text,
    const struct ms_error *err);
void spool_count(const struct services *sv, struct ms_metric *metric,
    int64_t n);

#endif
