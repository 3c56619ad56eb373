/* SPDX-License-Identifier: ISC */
/*
 * front.h - the core's side of a storage instance: gathers writes
 *
 * What a BACKEND option of interface ms.mailbox/1 or ms.queue/1 gives is a
 * front.  Reads go through it to the plugin.  Writes are gathered for each
 * shard from all who have some: first the bodies that they bring are put in
 * place (prepare(), one sync for all that wait), then the jobs run, one batch
 * at a time, small ones before deliveries.  Mailbox jobs travel as octets
 * (jobs.h) between the two, as they will when another process runs them.
 * After a commit the front publishes what changed.
 */
#ifndef CORE_PIPELINE_FRONT_H
#define CORE_PIPELINE_FRONT_H

#include <mansio/mailbox.h>
#include <mansio/queue.h>

#include "base/op.h"

struct front;

/* title is lent; mailbox or queue is NULL.  The plugin has been started. */
struct front *front_new(const char *title, struct ms_instance *self,
    const struct ms_batch *batch, const struct ms_mailbox *mailbox,
    const struct ms_queue *queue, const struct ms_host *host);
/* No new jobs come; waits for those under way. */
void front_free(struct front *f);
/* What a BACKEND option gives. */
struct ms_backend front_backend(struct front *f);

/* Jobs stay untouched until the op has ended; its status is the worst of
   theirs. */
struct ms_op *front_commit(const struct ms_scope *scope, struct front *f,
    struct ms_job *const *jobs, size_t n);
/* The same for a backend that a plugin was given; MS_INVALID as the op's
   status if it is no front. */
struct ms_op *commit_start(const struct ms_scope *scope, struct ms_backend backend,
    struct ms_job *const *jobs, size_t n);

/* Service ms.commit/1. */
extern const struct ms_commit commit_service;

#endif
