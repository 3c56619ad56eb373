/* SPDX-License-Identifier: ISC */
/*
 * pool.h - threads that run what is given to them; a ceiling for each family
 *
 * A pool has a fixed ceiling of threads, made as they are needed and kept.
 * Work waits in a queue without bound in the order it came: who gives work
 * is bounded elsewhere (a session has one step at a time).  A lane is a
 * further, smaller ceiling within a pool: work of a full lane is refused.
 */
#ifndef CORE_BASE_POOL_H
#define CORE_BASE_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool;

/* Lies in what is to be run; zeroed before its first use.  It may be given
   again as soon as run() has begun. */
struct work {
	struct work *next;
	void       (*run)(struct work *);
};

struct pool *pool_new(const char *name, unsigned max_threads);
/* Waits for what runs and what waits. */
void pool_free(struct pool *p);
void pool_run(struct pool *p, struct work *w);
/* How much waits, for metrics. */
unsigned pool_waiting(struct pool *p);
unsigned pool_busy(struct pool *p);

struct lane {
	unsigned max;
	_Atomic unsigned busy;
};
/* False: the lane is full. */
bool lane_enter(struct lane *l);
void lane_leave(struct lane *l);

#endif
