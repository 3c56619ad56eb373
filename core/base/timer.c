/* SPDX-License-Identifier: ISC */
/* timer.c - see timer.h: a binary heap and one thread */
#include "base/timer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static pthread_cond_t changed, fired;
static struct timer **heap;		/* from index 1 */
static size_t n, cap;
static struct timer *firing;
static pthread_t thread;
static bool running;

static void
place(size_t at, struct timer *t)
{
	heap[at] = t;
	t->place = at;
}

static void
sift_up(size_t at, struct timer *t)
{
	while (at > 1 && heap[at / 2]->due_us > t->due_us) {
		place(at, heap[at / 2]);
		at /= 2;
	}
	place(at, t);
}

static void
sift_down(size_t at, struct timer *t)
{
	for (;;) {
		size_t child = 2 * at;

		if (child > n)
			break;
		if (child < n && heap[child + 1]->due_us < heap[child]->due_us)
			child++;
		if (heap[child]->due_us >= t->due_us)
			break;
		place(at, heap[child]);
		at = child;
	}
	place(at, t);
}

static void
take_out(struct timer *t)
{
	size_t at = t->place;
	struct timer *last = heap[n--];

	t->place = 0;
	if (last == t)
		return;
	if (at > 1 && heap[at / 2]->due_us > last->due_us)
		sift_up(at, last);
	else
		sift_down(at, last);
}

static void *
timer_thread(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "timer");
	pthread_mutex_lock(&lock);
	while (running) {
		int64_t now = clock_steady_us();

		if (n == 0) {
			pthread_cond_wait(&changed, &lock);
		} else if (heap[1]->due_us > now) {
			int64_t due = heap[1]->due_us;
			struct timespec ts = { (time_t)(due / SECOND_US),
				(long)(due % SECOND_US * 1000) };

			pthread_cond_timedwait(&changed, &lock, &ts);
		} else {
			firing = heap[1];
			take_out(firing);
			pthread_mutex_unlock(&lock);
			firing->fire(firing);
			pthread_mutex_lock(&lock);
			firing = NULL;
			pthread_cond_broadcast(&fired);
		}
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

void
timers_start(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_cond_init(&fired, NULL);
	pthread_condattr_destroy(&attr);
	running = true;
	if (pthread_create(&thread, NULL, timer_thread, NULL) != 0)
		abort();
}

void
timers_stop(void)
{
	pthread_mutex_lock(&lock);
	running = false;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	pthread_mutex_lock(&lock);
	while (n > 0)
		take_out(heap[1]);
	free(heap);
	heap = NULL;
	cap = 0;
	pthread_mutex_unlock(&lock);
}

void
timer_arm(struct timer *t, int64_t due_us)
{
	pthread_mutex_lock(&lock);
	if (t->place != 0)
		take_out(t);
	if (n + 2 > cap) {
		cap = cap > 0 ? 2 * cap : 64;
		heap = realloc(heap, cap * sizeof(struct timer *));
		if (heap == NULL)
			abort();
	}
	t->due_us = due_us;
	sift_up(++n, t);
	if (t->place == 1)
		pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

bool
timer_cancel(struct timer *t)
{
	bool was_armed;

	pthread_mutex_lock(&lock);
	was_armed = t->place != 0;
	if (was_armed)
		take_out(t);
	else if (running && !pthread_equal(thread, pthread_self()))
		while (firing == t)
			pthread_cond_wait(&fired, &lock);
	pthread_mutex_unlock(&lock);
	return was_armed;
}
