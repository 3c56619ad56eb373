/* SPDX-License-Identifier: ISC */
/* pool.c - see pool.h */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pool {
	pthread_mutex_t lock;		/* all below */
	pthread_cond_t  more, idle_changed;
	struct work    *first, **last;
	unsigned        waiting, idle, threads, max_threads;
	bool            ending;
	char            name[16];
};

static void *
pool_thread(void *arg)
{
	struct pool *p = arg;

	pthread_setname_np(pthread_self(), p->name);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct work *w;

		while (p->first == NULL && !p->ending) {
			p->idle++;
			pthread_cond_wait(&p->more, &p->lock);
			p->idle--;
		}
		w = p->first;
		if (w == NULL)
			break;
		p->first = w->next;
		if (p->first == NULL)
			p->last = &p->first;
		p->waiting--;
		pthread_mutex_unlock(&p->lock);
		w->next = NULL;
		w->run(w);
		pthread_mutex_lock(&p->lock);
	}
	p->threads--;
	pthread_cond_broadcast(&p->idle_changed);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *
pool_new(const char *name, unsigned max_threads)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	pthread_cond_init(&p->idle_changed, NULL);
	p->last = &p->first;
	p->max_threads = max_threads > 0 ? max_threads : 1;
	for (size_t i = 0; i < sizeof(p->name) - 1 && name[i] != '\0'; i++)
		p->name[i] = name[i];
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	while (p->threads > 0)
		pthread_cond_wait(&p->idle_changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->more);
	pthread_cond_destroy(&p->idle_changed);
	free(p);
}

static void
start_thread(struct pool *p)		/* with the lock */
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	/* Without a thread to be had the ones there are go on; with none at
	   all nothing could ever run. */
	if (pthread_create(&thread, &attr, pool_thread, p) == 0)
		p->threads++;
	else if (p->threads == 0)
		abort();
	pthread_attr_destroy(&attr);
}

void
pool_run(struct pool *p, struct work *w)
{
	pthread_mutex_lock(&p->lock);
	w->next = NULL;
	*p->last = w;
	p->last = &w->next;
	p->waiting++;
	if (p->idle < p->waiting && p->threads < p->max_threads)
		start_thread(p);
	if (p->idle > 0)
		pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
}

unsigned
pool_waiting(struct pool *p)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = p->waiting;
	pthread_mutex_unlock(&p->lock);
	return n;
}

unsigned
pool_busy(struct pool *p)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = p->threads - p->idle;
	pthread_mutex_unlock(&p->lock);
	return n;
}

bool
lane_enter(struct lane *l)
{
	unsigned busy = atomic_load(&l->busy);

	while (busy < l->max)
		if (atomic_compare_exchange_weak(&l->busy, &busy, busy + 1))
			return true;
	return false;
}

void
lane_leave(struct lane *l)
{
	atomic_fetch_sub(&l->busy, 1);
}
