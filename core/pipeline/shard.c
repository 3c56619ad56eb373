/* SPDX-License-Identifier: ISC */
/* shard.c - see shard.h */
#include "pipeline/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>

#include "base/log.h"
#include "base/scope.h"
#include "pipeline/jobs.h"

#define MAX_BATCH_JOBS		1024	/* small ones in one run() */
#define MAX_BATCH_BODIES	64	/* deliveries in one run(): storage's 3 ms */
#define MAX_PREPARE_JOBS	512

struct list {
	struct group *first, **last;
	uint32_t      n;	/* jobs */
};

struct shard {
	struct shard_options o;
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t  to_prepare_changed, to_run_changed;
	struct list     to_prepare, small, bodies;
	bool            ending, prepare_ended;
	pthread_t       preparer, runner;
};

static void
list_add(struct list *l, struct group *g)
{
	g->next = NULL;
	*l->last = g;
	l->last = &g->next;
	l->n += (uint32_t)g->n;
}

/* Groups from the front until they have so many jobs; at least one. */
static struct group *
list_take(struct list *l, uint32_t max_jobs, uint32_t *n_out)
{
	struct group *first = l->first, **at = &l->first;
	uint32_t n = 0;

	while (*at != NULL && (n == 0 || n + (*at)->n <= max_jobs)) {
		n += (uint32_t)(*at)->n;
		at = &(*at)->next;
	}
	l->first = *at;
	if (l->first == NULL)
		l->last = &l->first;
	*at = NULL;
	l->n -= n;
	*n_out = n;
	return n > 0 ? first : NULL;
}

static void
fail_group(struct group *g, ms_status status, const struct ms_error *err)
{
	g->failed = true;
	for (size_t i = 0; i < g->n; i++) {
		g->jobs[i]->status = status;
		if (g->jobs[i]->error != NULL && err != NULL) {
			uint32_t size = g->jobs[i]->error->size;

			memcpy(g->jobs[i]->error->enhanced, err->enhanced,
			    sizeof(err->enhanced));
			memcpy(g->jobs[i]->error->text, err->text, sizeof(err->text));
			g->jobs[i]->error->size = size;
		}
	}
}

static ms_status
prepare_bodies(struct shard *s, struct group *first, const struct group *end,
    struct ms_arena *arena, struct ms_error *err)
{
	struct ms_job **jobs;
	struct scope scope;
	size_t k = 0, n = 0;

	if (!MS_HAS(s->o.batch, prepare))
		return MS_OK;
	for (struct group *g = first; g != end; g = g->next)
		n += g->n;
	jobs = ms_arena_array(arena, n, sizeof(struct ms_job *));
	for (struct group *g = first; g != end; g = g->next)
		for (size_t i = 0; i < g->n; i++)
			jobs[k++] = g->jobs[i];
	scope_init(&scope, NULL, ms_str_of("", 0), arena, s->o.host, 0);
	return s->o.batch->prepare(s->o.self, &scope.pub, jobs, k, err);
}

/* Bodies in place, then the jobs are octets. */
static void
prepare_groups(struct shard *s, struct group *first, struct ms_arena *arena)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status all = prepare_bodies(s, first, NULL, arena, &err);

	for (struct group *g = first; g != NULL; g = g->next) {
		ms_status st = all;

		/* It may be one body's fault: the others shall not suffer for it. */
		if (all != MS_OK && (g != first || g->next != NULL))
			st = prepare_bodies(s, g, g->next, arena, &err);
		if (st != MS_OK)
			log_printf(NULL, MS_LOG_ERROR,
			    "%s, shard %u: bodies could not be kept: %s", s->o.title,
			    (unsigned)s->o.number, err.text);
		else if (g->is_encoded)
			st = jobs_encode_request(g->jobs, g->n, &g->request, &err);
		if (st != MS_OK)
			fail_group(g, st, &err);
	}
}

static void *
prepare_thread(void *arg)
{
	struct shard *s = arg;
	struct ms_arena *arena = ms_arena_new(0);

	pthread_setname_np(pthread_self(), "prepare");
	pthread_mutex_lock(&s->lock);
	while (s->to_prepare.first != NULL || !s->ending) {
		struct group *g, *next;
		uint32_t n;

		if (s->to_prepare.first == NULL) {
			pthread_cond_wait(&s->to_prepare_changed, &s->lock);
			continue;
		}
		g = list_take(&s->to_prepare, MAX_PREPARE_JOBS, &n);
		pthread_mutex_unlock(&s->lock);
		prepare_groups(s, g, arena);
		ms_arena_reset(arena);
		pthread_mutex_lock(&s->lock);
		for (; g != NULL; g = next) {
			next = g->next;
			list_add(g->failed ? &s->small : &s->bodies, g);
		}
		pthread_cond_signal(&s->to_run_changed);
	}
	s->prepare_ended = true;
	pthread_cond_signal(&s->to_run_changed);
	pthread_mutex_unlock(&s->lock);
	ms_arena_free(arena);
	return NULL;
}

static void
run_groups(struct shard *s, struct group *first, uint32_t n, struct ms_arena *arena)
{
	struct ms_job **jobs = ms_arena_array(arena, n, sizeof(struct ms_job *));
	struct ms_buf answer = MS_BUF_MAX(JOBS_MAX_REQUEST);
	struct ms_error err = MS_ERROR_INIT;
	struct scope scope;
	size_t k = 0, at = 0;

	scope_init(&scope, NULL, ms_str_of("", 0), arena, s->o.host, 0);
	for (struct group *g = first; g != NULL; g = g->next) {
		struct ms_job **decoded = g->jobs;
		size_t n_decoded = g->n;

		if (!g->failed && g->is_encoded &&
		    jobs_decode_request(ms_buf_str(&g->request), arena, &decoded, &n_decoded,
			&err) != MS_OK)
			fail_group(g, MS_TEMPFAIL, &err);
		for (size_t i = 0; i < g->n && !g->failed; i++)
			jobs[k++] = decoded[i];
	}
	if (k > 0)
		s->o.batch->run(s->o.self, &scope.pub, jobs, k);
	for (struct group *g = first, *next; g != NULL; g = next) {
		next = g->next;
		if (!g->failed) {
			if (g->is_encoded) {
				ms_buf_reset(&answer);
				jobs_encode_answer(jobs + at, g->n, &answer);
				(void)jobs_decode_answer(ms_buf_str(&answer), g->jobs, g->n,
				    NULL);
			}
			at += g->n;
		}
		g->done(g);
	}
	ms_buf_free(&answer);
}

static void *
run_thread(void *arg)
{
	struct shard *s = arg;
	struct ms_arena *arena = ms_arena_new(0);

	pthread_setname_np(pthread_self(), "store");
	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct group *small, *bodies, **last;
		uint32_t n_small, n_bodies;

		if (s->small.first == NULL && s->bodies.first == NULL) {
			if (s->ending && s->prepare_ended)
				break;
			pthread_cond_wait(&s->to_run_changed, &s->lock);
			continue;
		}
		small = list_take(&s->small, MAX_BATCH_JOBS, &n_small);
		bodies = list_take(&s->bodies, MAX_BATCH_BODIES, &n_bodies);
		pthread_mutex_unlock(&s->lock);
		for (last = &small; *last != NULL; last = &(*last)->next)
			continue;
		*last = bodies;
		run_groups(s, small, n_small + n_bodies, arena);
		ms_arena_reset(arena);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	ms_arena_free(arena);
	return NULL;
}

struct shard *
shard_new(const struct shard_options *options)
{
	struct shard *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->o = *options;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->to_prepare_changed, NULL);
	pthread_cond_init(&s->to_run_changed, NULL);
	s->to_prepare.last = &s->to_prepare.first;
	s->small.last = &s->small.first;
	s->bodies.last = &s->bodies.first;
	if (pthread_create(&s->preparer, NULL, prepare_thread, s) != 0 ||
	    pthread_create(&s->runner, NULL, run_thread, s) != 0)
		abort();
	return s;
}

void
shard_free(struct shard *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->to_prepare_changed);
	pthread_cond_broadcast(&s->to_run_changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->preparer, NULL);
	pthread_join(s->runner, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->to_prepare_changed);
	pthread_cond_destroy(&s->to_run_changed);
	free(s);
}

void
shard_add(struct shard *s, struct group *g)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	if (!g->brings_bodies && g->is_encoded &&
	    (st = jobs_encode_request(g->jobs, g->n, &g->request, &err)) != MS_OK)
		fail_group(g, st, &err);
	pthread_mutex_lock(&s->lock);
	if (g->brings_bodies) {
		list_add(&s->to_prepare, g);
		pthread_cond_signal(&s->to_prepare_changed);
	} else {
		list_add(&s->small, g);
		pthread_cond_signal(&s->to_run_changed);
	}
	pthread_mutex_unlock(&s->lock);
}

uint32_t
shard_waiting(struct shard *s)
{
	uint32_t n;

	pthread_mutex_lock(&s->lock);
	n = s->to_prepare.n + s->small.n + s->bodies.n;
	pthread_mutex_unlock(&s->lock);
	return n;
}
