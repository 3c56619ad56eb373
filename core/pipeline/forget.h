/* SPDX-License-Identifier: ISC */
/*
 * forget.h - delivery ids that nobody will ask for again
 *
 * When the last message of a stretch of the queue is final and that is
 * durable, the queue says so on the bus ("queue/forget", 16 hex digits: the
 * first half of the ids).  Stores then drop what they remembered.  An event
 * that is lost leaves rows that the next start removes: the queue says it
 * again.
 */
#ifndef CORE_PIPELINE_FORGET_H
#define CORE_PIPELINE_FORGET_H

#include "pipeline/front.h"

#define FORGET_MAX_STORES	64

/* stores: fronts of mailboxes, copied. */
void forget_start(struct front *const *stores, size_t n);
void forget_stop(void);

#endif
