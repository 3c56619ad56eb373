/* SPDX-License-Identifier: ISC */
/*
 * timer.h - calls at a steady time, by one thread
 *
 * For tasks, retries, ops with a delay: not for connections (net has a
 * wheel of its own).  fire() runs on the timer's thread and must be short.
 */
#ifndef CORE_BASE_TIMER_H
#define CORE_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lies in what is timed; zeroed before its first use. */
struct timer {
	int64_t due_us;		/* steady */
	size_t  place;		/* in the heap, from 1; 0: not armed */
	void  (*fire)(struct timer *);
};

void timers_start(void);
void timers_stop(void);		/* no fire() runs or comes after it */
/* Arms it, or arms it anew. */
void timer_arm(struct timer *t, int64_t due_us);
/* True: it was armed and will not fire.  False: it was not, or fires just
   now; then it has fired when this returns, unless called from fire(). */
bool timer_cancel(struct timer *t);

#endif
