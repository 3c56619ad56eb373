/* SPDX-License-Identifier: ISC */
/*
 * accept.h - the accepting half: one append and one sync for all that wait
 *
 * A single thread writes (the shard's, in the core).  It keeps to no timer:
 * a batch is what gathered while the last one was synced.
 *
 * When a write or a sync fails, the writer stops: the running half commits
 * where the segment ends, and only then are the senders refused.  If even
 * that can't be had their jobs end as MS_CANCELLED: whoever answers for them
 * cuts the connection without a reply, as nobody knows what became of them.
 */
#ifndef SPOOL_ACCEPT_H
#define SPOOL_ACCEPT_H

#include <mansio/queue.h>

#include "link.h"
#include "spool.h"

struct accept *accept_new(const struct services *sv,
    const struct limits *limits, struct run *run);
/* Closes the segment in order; accepts NULL. */
void accept_free(struct accept *a);
void accept_run(struct accept *a, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n);

#endif
