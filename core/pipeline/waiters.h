/* SPDX-License-Identifier: ISC */
/*
 * waiters.h - who waits for the first attempt at delivering a message
 *
 * LMTP answers for each recipient after the delivery.  The message is in the
 * queue all the same, so that nothing is lost if the answer never leaves; while
 * somebody waits, a refusal is told to them and makes no DSN.  A waiter stands
 * here, by the message's id for people, before the message is in the queue,
 * as the runner may find it there at once.
 */
#ifndef CORE_PIPELINE_WAITERS_H
#define CORE_PIPELINE_WAITERS_H

#include <stdbool.h>

#include <mansio/filter.h>

#include "base/op.h"

struct waiter {
	struct waiter     *next;
	struct ms_str      id;		/* lent; NULL data: not added */
	struct ms_op      *op;		/* dropped: the peer has gone */
	struct ms_verdict *verdicts;	/* by recipient number */
	uint32_t           n;
	/* The verdicts are there.  Called by whoever took it. */
	void             (*done)(struct waiter *);
};

void waiters_add(struct waiter *w);
/* Finds it by id and takes it out; NULL: nobody waits. */
struct waiter *waiters_take(struct ms_str id);

#endif
