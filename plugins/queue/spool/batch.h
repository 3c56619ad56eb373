/* SPDX-License-Identifier: ISC */
/*
 * batch.h - the jobs that change what is queued: SET, DONE, CLAIM, and PUT
 * of messages made here
 *
 * DONE of a message that never got a row changes memory alone: the cursor
 * follows within its delay.  That is the one place where MS_OK is not yet
 * durable; after a crash such a message is found again, and its delivery ids
 * tell that it was delivered.  Where that would not do, DONE joined with
 * another job is committed with it: a bounce and the end of what bounced.
 */
#ifndef SPOOL_BATCH_H
#define SPOOL_BATCH_H

#include <mansio/queue.h>

#include "run.h"

void batch_run(struct run *run, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n);

#endif
