/* SPDX-License-Identifier: ISC */
/*
 * attempt.h - one attempt at a run of queue parts; inside of the runner
 *
 * attempt.c routes and hands over, settle.c looks at what came of it and
 * tells the queue, retry.c makes the parts that are tried again.  A run owns all memory of its parts and ends as one.
 */
#ifndef CORE_PIPELINE_ATTEMPT_H
#define CORE_PIPELINE_ATTEMPT_H

#include <stdatomic.h>

#include <mansio/queue.h>

#include "base/pool.h"
#include "pipeline/dsn.h"
#include "pipeline/message.h"
#include "pipeline/record.h"
#include "pipeline/routing.h"
#include "pipeline/runner.h"
#include "pipeline/waiters.h"

#define ATTEMPT_MAX_PARTS	32	/* in a run */
#define ATTEMPT_MAX_SPLIT	255	/* parts made of one */
#define ATTEMPT_MAX_FATES	4096	/* of one part; further recipients come next time */

/* What became of one recipient, or of one of the addresses it stands for. */
struct fate {
	struct fate       *next;
	uint32_t           number;	/* the recipient's */
	struct ms_recipient recipient;	/* path: the final address */
	struct target      target;	/* delivery.len 0: not routed */
	struct ms_result   result;
	struct ms_error    error;
	int64_t            took_us;
	bool               is_grouped;
	bool               is_put_off;	/* one too many for one attempt */
	bool               is_told;	/* a waiter was: it is not ours any more */
};

struct handover {
	struct handover   *next;
	const struct runner_agent *agent;
	struct ms_handover pub;
	struct fate      **fates;
	void              *state;
	bool               is_begun;
};

struct item {
	struct ms_part     part;	/* its strings in the run's arena */
	struct part_record record;
	struct ms_message *message;	/* NULL: it is done, or cannot be read now */
	ms_status          load_status;
	struct ms_error    error;
	struct fate       *fates, **last_fate;
	uint32_t           n_fates;
	struct waiter     *waiter;	/* to be told when the queue knows ... */
	const struct ms_job *told_by;	/* ... by this job; NULL: it does not */
	struct handover   *handovers;
	struct scope       scope;	/* log id: the message's */
	int64_t            began_us;
};

struct attempt_run {
	struct work      work;		/* first */
	struct ms_arena *arena;
	struct owner     owner;
	struct scope     scope;
	struct item      items[ATTEMPT_MAX_PARTS];
	size_t           n;
	atomic_uint      left;		/* commits under way, and one for ourselves */
	struct ms_op    *ops[8];	/* commits, by backend */
	size_t           n_ops;
	struct ms_job  **queue_jobs;
	size_t           n_queue_jobs, cap_queue_jobs;
	struct ms_op    *queue_op;
};

/* Runs on a delivery thread; goes on by itself until the run is freed. */
void attempt_begin(struct attempt_run *r);
/* settle.c: all jobs have their status; makes the queue's jobs. */
void attempt_settle(struct attempt_run *r);

enum end { END_DELIVERED, END_FAILED, END_DEFERRED };
enum end attempt_end_of(const struct fate *f);
struct ms_job_queue *attempt_job(struct attempt_run *r, const struct item *item,
    uint32_t type);
/* Chains it to what this item already has: *open is true once there is some. */
void attempt_add_job(struct attempt_run *r, struct ms_job_queue *j, bool *open);
/* retry.c: a part for each way that what failed goes again.  *retried_out: this
   item's own part is among them, under its number. */
ms_status attempt_add_retries(struct attempt_run *r, struct item *item, bool warned,
    bool *open, bool *retried_out, struct ms_error *err);

/* runner.c: */
const struct runner_options *runner_config(void);
void runner_pool_run(struct work *w);
/* The run is over; its parts may be found again. */
void runner_run_over(struct attempt_run *r);

#endif
