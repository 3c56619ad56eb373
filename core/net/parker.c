/* SPDX-License-Identifier: ISC */
/* parker.c - see parker.h */
#include "net/parker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mansio/error.h>

#include "base/clock.h"
#include "net/listener.h"
#include "net/session.h"
#include "net/slot.h"
#include "net/worker.h"

#define NEVER		INT64_MAX
#define FIRE_AT_ONCE	64

struct place {
	int64_t            due_us;
	struct ms_session *session;
};

struct parker {
	pthread_t       thread;
	int             epoll, bell;
	pthread_mutex_t lock;		/* the heap, and places in alarms */
	struct place   *heap;		/* from 1 */
	uint32_t        n, cap;
	int64_t         asleep_until;	/* when it looks by itself; under lock */
};

static struct parker *parkers;
static unsigned n_parkers;
static atomic_bool stopping;
static _Atomic unsigned next_parker;

static void
put(struct parker *p, uint32_t i, struct place x)
{
	p->heap[i] = x;
	x.session->alarm.place = i;
}

static void
move_up(struct parker *p, uint32_t i, struct place x)
{
	for (; i > 1 && p->heap[i / 2].due_us > x.due_us; i /= 2)
		put(p, i, p->heap[i / 2]);
	put(p, i, x);
}

static void
move_down(struct parker *p, uint32_t i, struct place x)
{
	uint32_t child;

	for (; (child = 2 * i) <= p->n; i = child) {
		if (child < p->n &&
		    p->heap[child + 1].due_us < p->heap[child].due_us)
			child++;
		if (p->heap[child].due_us >= x.due_us)
			break;
		put(p, i, p->heap[child]);
	}
	put(p, i, x);
}

static void
settle(struct parker *p, uint32_t i, struct place x)
{
	if (i > 1 && p->heap[i / 2].due_us > x.due_us)
		move_up(p, i, x);
	else
		move_down(p, i, x);
}

static void
heap_remove(struct parker *p, uint32_t i)
{
	struct place last = p->heap[p->n--];

	p->heap[i].session->alarm.place = 0;
	if (i <= p->n)
		settle(p, i, last);
}

static void
heap_add(struct parker *p, struct place x)
{
	if (p->n + 2 > p->cap) {
		uint32_t cap = p->cap > 0 ? 2 * p->cap : 64;
		struct place *heap = realloc(p->heap, cap * sizeof(*heap));

		if (heap == NULL)
			abort();
		p->heap = heap;
		p->cap = cap;
	}
	p->n++;
	move_up(p, p->n, x);
}

static void
ring(struct parker *p)
{
	uint64_t one = 1;

	(void)!write(p->bell, &one, sizeof(one));
}

void
parkers_ring(void)
{
	if (n_parkers > 0)
		ring(&parkers[0]);
}

void
alarm_set(struct ms_session *s, int64_t due_us)
{
	struct alarm *a = &s->alarm;
	struct parker *p;
	struct place x = { due_us, s };
	bool sooner;

	/* Order: due first.  Either the parker sees it when the earlier time
	   comes, or it has taken the alarm out before and we see that. */
	atomic_store(&a->due_us, due_us);
	if (atomic_load(&a->armed_us) <= due_us)
		return;
	p = &parkers[a->parker];
	pthread_mutex_lock(&p->lock);
	if (a->place != 0)
		settle(p, a->place, x);
	else
		heap_add(p, x);
	atomic_store(&a->armed_us, due_us);
	sooner = due_us < p->asleep_until;
	pthread_mutex_unlock(&p->lock);
	if (sooner)
		ring(p);
}

void
alarm_clear(struct ms_session *s)
{
	struct alarm *a = &s->alarm;
	struct parker *p = &parkers[a->parker];

	pthread_mutex_lock(&p->lock);
	if (a->place != 0)
		heap_remove(p, a->place);
	pthread_mutex_unlock(&p->lock);
}

void
alarm_init(struct alarm *a)
{
	atomic_init(&a->due_us, NEVER);
	atomic_init(&a->armed_us, NEVER);
	a->place = 0;
	a->parker = atomic_fetch_add(&next_parker, 1) % n_parkers;
}

/* Takes out what is due; returns how many handles.  *next_out: when to look
   again. */
static unsigned
take_due(struct parker *p, int64_t now, uint64_t due[FIRE_AT_ONCE],
    int64_t *next_out)
{
	unsigned n = 0;

	pthread_mutex_lock(&p->lock);
	while (p->n > 0 && p->heap[1].due_us <= now && n < FIRE_AT_ONCE) {
		struct ms_session *s = p->heap[1].session;
		int64_t wanted = atomic_load(&s->alarm.due_us);

		if (wanted > now) {
			struct place x = { wanted, s };

			/* It may come nearer at this moment: then its owner
			   sees the later time and comes by itself, with the
			   lock, or we see the nearer one. */
			atomic_store(&s->alarm.armed_us, wanted);
			if (atomic_load(&s->alarm.due_us) < wanted)
				continue;
			move_down(p, 1, x);
			continue;
		}
		due[n++] = s->handle;
		heap_remove(p, 1);
		atomic_store(&s->alarm.armed_us, NEVER);
	}
	*next_out = p->n > 0 ? p->heap[1].due_us : NEVER;
	if (n == FIRE_AT_ONCE)
		*next_out = now;
	p->asleep_until = *next_out;
	pthread_mutex_unlock(&p->lock);
	return n;
}

static int
pause_ms(int64_t next, int64_t now)
{
	int64_t us = next - now;

	if (next == NEVER)
		return -1;
	if (us <= 0)
		return 0;
	return us > MINUTE_US ? 60 * 1000 : (int)((us + 999) / 1000);
}

static void *
park(void *arg)
{
	struct parker *p = arg;
	struct epoll_event e[16];
	uint64_t due[FIRE_AT_ONCE];

	while (!atomic_load(&stopping)) {
		int64_t now = clock_steady_us(), next;
		unsigned n = take_due(p, now, due, &next);
		int64_t accept_next, look_next;
		int got;

		for (unsigned i = 0; i < n; i++)
			workers_wake(due[i], WAKE_TIME);
		accept_next = doors_resume(now);
		if (accept_next < next)
			next = accept_next;
		if (p == parkers && (look_next = workers_look(now)) < next)
			next = look_next;
		got = epoll_wait(p->epoll, e, 16, pause_ms(next, now));
		for (int i = 0; i < got; i++) {
			uint64_t count;

			if (e[i].data.ptr != NULL)
				door_accept(e[i].data.ptr);
			else
				(void)!read(p->bell, &count, sizeof(count));
		}
	}
	return NULL;
}

static ms_status
start_one(struct parker *p, struct ms_error *err)
{
	struct epoll_event bell = { .events = EPOLLIN, .data.ptr = NULL };
	int e;

	pthread_mutex_init(&p->lock, NULL);
	p->asleep_until = NEVER;
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->epoll < 0 || p->bell < 0 ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->bell, &bell) != 0)
		return ms_error_errno(err, "epoll");
	e = pthread_create(&p->thread, NULL, park, p);
	if (e != 0) {
		errno = e;
		return ms_error_errno(err, "a parker thread");
	}
	(void)pthread_setname_np(p->thread, "parker");
	return MS_OK;
}

ms_status
parkers_start(unsigned n, struct ms_error *err)
{
	parkers = calloc(n, sizeof(*parkers));
	if (parkers == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	atomic_store(&stopping, false);
	for (n_parkers = 0; n_parkers < n; n_parkers++) {
		ms_status st = start_one(&parkers[n_parkers], err);

		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

void
parkers_stop(void)
{
	atomic_store(&stopping, true);
	for (unsigned i = 0; i < n_parkers; i++) {
		struct parker *p = &parkers[i];

		ring(p);
		pthread_join(p->thread, NULL);
		close(p->epoll);
		close(p->bell);
		free(p->heap);
		pthread_mutex_destroy(&p->lock);
	}
	free(parkers);
	parkers = NULL;
	n_parkers = 0;
}

ms_status
parkers_add(struct door *door, struct ms_error *err)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE,
	    .data.ptr = door };

	for (unsigned i = 0; i < n_parkers; i++)
		if (epoll_ctl(parkers[i].epoll, EPOLL_CTL_ADD, door->fd, &e) != 0 &&
		    errno != EEXIST)
			return ms_error_errno(err, "epoll %s", door->address);
	return MS_OK;
}

void
parkers_remove(struct door *door)
{
	for (unsigned i = 0; i < n_parkers; i++)
		(void)epoll_ctl(parkers[i].epoll, EPOLL_CTL_DEL, door->fd, NULL);
}
