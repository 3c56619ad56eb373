/* SPDX-License-Identifier: ISC */
/*
 * worker.h - threads that run sessions
 *
 * Workers sleep in epoll_wait() on the sockets of parked sessions, all on one
 * set, so that a socket wakes the worker itself: handing over from a thread
 * that only waits would cost a second wake-up.  What becomes ready otherwise
 * (an op, an event, a deadline) comes by a queue.
 *
 * A step may block, so there are more workers than processors.  As each one
 * that is awake beyond the processors costs switches alone, only so many are
 * at work; the others stand by until one has been in a session for long.
 */
#ifndef CORE_NET_WORKER_H
#define CORE_NET_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mansio/base.h>

/* The longest line or MS_WAIT_BYTES, and room to read behind it. */
#define WORKER_INPUT	(128 * 1024)
#define WORKER_ROOM	(32 * 1024)	/* a read gets at least so much */

struct chunk;

struct worker {
	struct ms_arena *arena;		/* of the step */
	char            *in;		/* input of the session that runs */
	size_t           in_start, in_end;
	char            *scratch;	/* CHUNK_OCTETS, for a moment */
	struct chunk    *spare;		/* output */
	uint64_t         octets_in, octets_out, steps;	/* not yet in metrics */
	_Atomic int64_t  busy_since_us;	/* 0: in no session */
	atomic_bool      stuck;		/* for long; another was called */
	bool             stands_by;	/* at first */
};

/* Of n workers at_work begin to work. */
ms_status workers_start(unsigned n, unsigned at_work, struct ms_error *err);
/* No session is left. */
void workers_stop(void);

/* The caller owns the session; a worker will run it. */
void workers_push(struct ms_session *s);
/* The same for what a wake returned; NULL: nothing. */
void workers_wake(uint64_t handle, uint32_t reason);
/* How many wait in the queue. */
unsigned workers_waiting(void);
/* Replaces who is stuck; the parker's.  Returns when to call it again. */
int64_t workers_look(int64_t now_us);

/* Arms the socket, one-shot, for EPOLLIN, EPOLLOUT or none (a hang-up is
   always told). */
void workers_arm(struct ms_session *s, uint32_t events);

#endif
