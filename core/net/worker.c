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
#include "net/parker.h"
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
/* Who is in one session for so long may be waiting for a disk or a back end:
   another worker takes his place. */
#define STUCK_US	2000
#define LOOK_EVERY_US	2000
/* Without work for so long nobody looks for stuck workers any more. */
#define LOOK_ON_US	(20 * 1000)

static struct {
	int              epoll, bell;	/* the bell: an eventfd in the set */
	unsigned         n;
	struct worker   *workers;
	pthread_t       *threads;
	pthread_mutex_t  lock;		/* the queue */
	struct ms_session *first, *last;
	_Atomic unsigned waiting;	/* in the queue */
	_Atomic unsigned asleep;
	atomic_bool      rung;		/* the bell, and nobody has come yet */
	atomic_bool      stopping;
	/* Of more workers than processors only so many are at work; the others
	   are the reserve. */
	pthread_mutex_t  reserve_lock;	/* the two below */
	pthread_cond_t   called;
	unsigned         reserve, calls;
	atomic_bool      looked_after;	/* workers_look() is called again */
	int64_t          worked_us;	/* workers_look(): when it saw work last */
	struct ms_metric *in, *out, *steps, *wait, *length;
} all = { .epoll = -1, .bell = -1, .lock = PTHREAD_MUTEX_INITIALIZER,
	.reserve_lock = PTHREAD_MUTEX_INITIALIZER,
	.called = PTHREAD_COND_INITIALIZER };

static void
ring(void)
{
	uint64_t one = 1;

	/* One is on his way to the queue, and will see to it that all who are
	   needed come. */
	if (atomic_exchange(&all.rung, true))
		return;
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

	if (n != 1)
		return NULL;
	if (e.data.u64 == 0) {
		/* Before he looks at the queue: who pushes later rings anew. */
		atomic_store(&all.rung, false);
		return NULL;
	}
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
		atomic_fetch_add(&all.asleep, 1);
		/* Who pushes sees us asleep, or we see what was pushed. */
		if (atomic_load(&all.waiting) == 0 &&
		    !atomic_load(&all.stopping)) {
			tell(w);
			s = socket_ready(-1);
		}
		atomic_fetch_sub(&all.asleep, 1);
		if (s != NULL)
			return s;
		if (atomic_load(&all.stopping)) {
			ring();		/* the next one, too */
			return NULL;
		}
	}
}

/* ---- the reserve ---- */

/* Waits to be needed. */
static void
stand_by(struct worker *w)
{
	pthread_mutex_lock(&all.reserve_lock);
	atomic_store(&w->stuck, false);
	all.reserve++;
	while (all.calls == 0 && !atomic_load(&all.stopping))
		pthread_cond_wait(&all.called, &all.reserve_lock);
	if (all.calls > 0)
		all.calls--;
	pthread_mutex_unlock(&all.reserve_lock);
}

/* Calls one for each who has not come back for long. */
static bool
replace_stuck(int64_t now)
{
	bool works = false;

	pthread_mutex_lock(&all.reserve_lock);
	for (unsigned i = 0; i < all.n; i++) {
		struct worker *w = &all.workers[i];
		int64_t since = atomic_load(&w->busy_since_us);

		works = works || since != 0;
		if (since == 0 || now - since < STUCK_US ||
		    atomic_load(&w->stuck) || all.reserve == 0)
			continue;
		atomic_store(&w->stuck, true);
		all.reserve--;
		all.calls++;
		pthread_cond_signal(&all.called);
	}
	pthread_mutex_unlock(&all.reserve_lock);
	return works;
}

int64_t
workers_look(int64_t now_us)
{
	if (!atomic_load(&all.looked_after))
		return INT64_MAX;
	if (replace_stuck(now_us) || all.worked_us == 0)
		all.worked_us = now_us;
	if (now_us - all.worked_us < LOOK_ON_US)
		return now_us + LOOK_EVERY_US;
	all.worked_us = 0;
	/* Who begins from here on rings; who began before is seen by a second
	   look. */
	atomic_store(&all.looked_after, false);
	if (replace_stuck(now_us)) {
		atomic_store(&all.looked_after, true);
		return now_us + LOOK_EVERY_US;
	}
	return INT64_MAX;
}

static void
run(struct worker *w, struct ms_session *s)
{
	int64_t began = clock_steady_us();
	unsigned turns = 0;

	atomic_store(&w->busy_since_us, began);
	/* The last one who was free: from now on nobody may be stuck. */
	if (atomic_load(&all.asleep) == 0 && !atomic_load(&all.looked_after) &&
	    !atomic_exchange(&all.looked_after, true))
		parkers_ring();
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

/* What a worker needs once it is needed. */
static void
equip(struct worker *w)
{
	w->arena = ms_arena_new(NET_ARENA_KNOWN);
	w->in = malloc(WORKER_INPUT);
	w->scratch = malloc(CHUNK_OCTETS);
	if (w->in == NULL || w->scratch == NULL)
		abort();
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct ms_session *s;
	unsigned round = 0;

	if (w->stands_by)
		stand_by(w);
	equip(w);
	while ((s = next_session(w, &round)) != NULL) {
		run(w, s);
		atomic_store(&w->busy_since_us, 0);
		if (round % TELL_EVERY == 0)
			tell(w);
		if (atomic_load(&w->stuck))
			stand_by(w);
	}
	tell(w);
	free(w->spare);
	free(w->scratch);
	free(w->in);
	ms_arena_free(w->arena);
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
workers_start(unsigned n, unsigned at_work, struct ms_error *err)
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
	all.workers = calloc(n, sizeof(*all.workers));
	if (all.threads == NULL || all.workers == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	for (all.n = 0; all.n < n; all.n++) {
		struct worker *w = &all.workers[all.n];
		int e;

		w->stands_by = all.n >= at_work;
		e = pthread_create(&all.threads[all.n], NULL, work, w);
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
	pthread_mutex_lock(&all.reserve_lock);
	pthread_cond_broadcast(&all.called);
	pthread_mutex_unlock(&all.reserve_lock);
	if (all.n > 0)
		ring();
	for (unsigned i = 0; i < all.n; i++)
		pthread_join(all.threads[i], NULL);
	free(all.threads);
	free(all.workers);
	all.threads = NULL;
	all.workers = NULL;
	all.n = all.reserve = all.calls = 0;
	all.worked_us = 0;
	atomic_store(&all.rung, false);
	atomic_store(&all.looked_after, false);
	if (all.epoll >= 0)
		close(all.epoll);
	if (all.bell >= 0)
		close(all.bell);
	all.epoll = all.bell = -1;
}
