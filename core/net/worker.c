/* SPDX-License-Identifier: ISC */
/* worker.c - see worker.h */
#include "net/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/session.h"
#include "net/slot.h"

/* A session that always has more to do goes to the end of the queue after so
   many steps or so long. */
#define TURNS_AT_ONCE	64
#define LONG_TURN_US	4000
/* Of so many sessions taken from the queue one is looked for at the sockets,
   so that neither starves the other. */
#define SOCKETS_EVERY	4
/* A worker tells the metrics after so many sessions, or when it has nothing
   to do. */
#define TELL_EVERY	64

static struct {
	int              epoll, bell;	/* the bell: an eventfd in the set */
	unsigned         n;
	pthread_t       *threads;
	pthread_mutex_t  lock;		/* the queue */
	struct ms_session *first, *last;
	_Atomic unsigned waiting;	/* in the queue */
	_Atomic unsigned asleep;
	atomic_bool      stopping;
	struct ms_metric *in, *out, *steps, *wait, *length;
} all = { .epoll = -1, .bell = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static void
ring(void)
{
	uint64_t one = 1;

	/* The set has it edge-triggered and nobody reads it: each write wakes
	   one sleeper. */
	if (write(all.bell, &one, sizeof(one)) < 0 && errno == EAGAIN) {
		uint64_t full;

		if (read(all.bell, &full, sizeof(full)) > 0)
			(void)!write(all.bell, &one, sizeof(one));
	}
}

void
workers_push(struct ms_session *s)
{
	s->next = NULL;
	s->queued_us = clock_steady_us();
	pthread_mutex_lock(&all.lock);
	if (all.last != NULL)
		all.last->next = s;
	else
		all.first = s;
	all.last = s;
	atomic_fetch_add(&all.waiting, 1);
	pthread_mutex_unlock(&all.lock);
	metrics_add(all.length, 1);
	if (atomic_load(&all.asleep) > 0)
		ring();
}

void
workers_wake(uint64_t handle, uint32_t reason)
{
	struct ms_session *s = slot_wake(handle, reason);

	if (s != NULL)
		workers_push(s);
}

unsigned
workers_waiting(void)
{
	return atomic_load(&all.waiting);
}

static struct ms_session *
pop(void)
{
	struct ms_session *s;

	if (atomic_load(&all.waiting) == 0)
		return NULL;
	pthread_mutex_lock(&all.lock);
	s = all.first;
	if (s != NULL) {
		all.first = s->next;
		if (all.first == NULL)
			all.last = NULL;
		atomic_fetch_sub(&all.waiting, 1);
	}
	pthread_mutex_unlock(&all.lock);
	if (s == NULL)
		return NULL;
	metrics_add(all.length, -1);
	metrics_add(all.wait, clock_steady_us() - s->queued_us);
	if (atomic_load(&all.waiting) > 0 && atomic_load(&all.asleep) > 0)
		ring();
	return s;
}

void
workers_arm(struct ms_session *s, uint32_t events)
{
	struct epoll_event e = { .events = events | EPOLLONESHOT,
	    .data.u64 = s->handle };

	/* It can fail for want of memory only; the deadline ends it then. */
	(void)epoll_ctl(all.epoll, s->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	    s->fd, &e);
	s->in_epoll = true;
}

/* One session whose socket is ready, or NULL. */
static struct ms_session *
socket_ready(int timeout_ms)
{
	struct epoll_event e;
	int n = epoll_wait(all.epoll, &e, 1, timeout_ms);

	if (n != 1 || e.data.u64 == 0)
		return NULL;
	return slot_wake(e.data.u64, WAKE_READY);
}

static void
tell(struct worker *w)
{
	if (w->steps > 0)
		metrics_add(all.steps, (int64_t)w->steps);
	if (w->octets_in > 0)
		metrics_add(all.in, (int64_t)w->octets_in);
	if (w->octets_out > 0)
		metrics_add(all.out, (int64_t)w->octets_out);
	w->steps = w->octets_in = w->octets_out = 0;
}

/* What is ready; waits for it.  NULL: the end. */
static struct ms_session *
next_session(struct worker *w, unsigned *round)
{
	struct ms_session *s;

	for (;;) {
		if (++*round % SOCKETS_EVERY == 0 &&
		    (s = socket_ready(0)) != NULL)
			return s;
		if ((s = pop()) != NULL)
			return s;
		if ((s = socket_ready(0)) != NULL)
			return s;
		tell(w);
		atomic_fetch_add(&all.asleep, 1);
		/* Who pushes sees us asleep, or we see what was pushed. */
		if (atomic_load(&all.waiting) == 0 &&
		    !atomic_load(&all.stopping))
			s = socket_ready(-1);
		atomic_fetch_sub(&all.asleep, 1);
		if (s != NULL)
			return s;
		if (atomic_load(&all.stopping)) {
			ring();		/* the next one, too */
			return NULL;
		}
	}
}

static void
run(struct worker *w, struct ms_session *s)
{
	int64_t began = clock_steady_us();
	unsigned turns = 0;

	s->worker = w;
	session_unpark(s);
	for (;;) {
		enum turn turn = session_turn(s);

		if (turn == TURN_END) {
			session_free(s);
			return;
		}
		if (turn == TURN_PARK && session_park(s))
			return;
		if (turn == TURN_YIELD || ++turns % TURNS_AT_ONCE == 0 ||
		    clock_steady_us() - began > LONG_TURN_US) {
			session_set_aside(s);
			workers_push(s);
			return;
		}
	}
}

static void *
work(void *arg)
{
	struct worker w = {
		.arena = ms_arena_new(NET_ARENA_KNOWN),
		.in = malloc(WORKER_INPUT), .scratch = malloc(CHUNK_OCTETS),
	};
	struct ms_session *s;
	unsigned round = 0;

	(void)arg;
	if (w.in == NULL || w.scratch == NULL)
		abort();
	while ((s = next_session(&w, &round)) != NULL) {
		run(&w, s);
		if (round % TELL_EVERY == 0)
			tell(&w);
	}
	tell(&w);
	free(w.spare);
	free(w.scratch);
	free(w.in);
	ms_arena_free(w.arena);
	return NULL;
}

static void
find_series(void)
{
	all.in = metrics_series(MS_METRIC_COUNTER,
	    "mansio_octets_received_total", "", "Octets from peers.");
	all.out = metrics_series(MS_METRIC_COUNTER,
	    "mansio_octets_sent_total", "", "Octets to peers.");
	all.steps = metrics_series(MS_METRIC_COUNTER,
	    "mansio_steps_total", "", "Steps of protocol plugins.");
	all.length = metrics_series(MS_METRIC_GAUGE,
	    "mansio_ready_sessions", "", "Sessions that wait for a worker.");
	all.wait = metrics_series(MS_METRIC_HISTOGRAM,
	    "mansio_ready_wait_us", "",
	    "How long ready sessions wait for a worker.");
}

ms_status
workers_start(unsigned n, struct ms_error *err)
{
	struct epoll_event bell = { .events = EPOLLIN | EPOLLET };

	find_series();
	atomic_store(&all.stopping, false);
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	all.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all.epoll < 0 || all.bell < 0 ||
	    epoll_ctl(all.epoll, EPOLL_CTL_ADD, all.bell, &bell) != 0)
		return ms_error_errno(err, "epoll");
	all.threads = calloc(n, sizeof(*all.threads));
	if (all.threads == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	for (all.n = 0; all.n < n; all.n++) {
		int e = pthread_create(&all.threads[all.n], NULL, work, NULL);

		if (e != 0) {
			errno = e;
			return ms_error_errno(err, "a worker thread");
		}
		(void)pthread_setname_np(all.threads[all.n], "session");
	}
	return MS_OK;
}

void
workers_stop(void)
{
	atomic_store(&all.stopping, true);
	if (all.n > 0)
		ring();
	for (unsigned i = 0; i < all.n; i++)
		pthread_join(all.threads[i], NULL);
	free(all.threads);
	all.threads = NULL;
	all.n = 0;
	if (all.epoll >= 0)
		close(all.epoll);
	if (all.bell >= 0)
		close(all.bell);
	all.epoll = all.bell = -1;
}
