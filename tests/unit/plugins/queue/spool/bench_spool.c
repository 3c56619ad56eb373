/* SPDX-License-Identifier: ISC */
/*
 * bench_spool.c - accepted and finished messages a second
 *
 *	bench_spool FOLDER SENDERS OCTETS SECONDS [EVERY]
 *
 * Senders wait for their 250; one thread writes each shard, taking all that
 * waits; a runner finds what is due, reads each message and ends it, but for
 * each EVERYth, which it defers by a tenth of a second first.
 * FOLDER lies on the disk that is to be measured; "-": one of its own, in
 * memory.  At the end the queue must be empty and sound.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>

#include "rig.h"

#define MAX_WAITING	1024
#define MAX_SAMPLES	4000000

struct shard {
	pthread_mutex_t lock;
	pthread_cond_t  some, done;
	struct ms_job  *jobs[MAX_WAITING];
	size_t          n;
	uint64_t        round, finished;	/* batches */
};

static struct rig *rig;
static struct shard shards[2];
static struct ms_str body;
static atomic_bool stopping, closing;	/* senders; then the writers */
static atomic_uint_fast64_t accepted, finished;
static uint32_t *samples;
static unsigned every;		/* 0: none */
static atomic_uint_fast64_t n_samples;

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
scope_init(struct ms_scope *s, struct ms_arena *a)
{
	*s = *rig_scope(rig);
	s->arena = a;
}

/* Hands jobs over and waits until they are run. */
static void
commit(struct shard *s, struct ms_job *const *jobs, size_t n)
{
	uint64_t mine;

	pthread_mutex_lock(&s->lock);
	while (s->n + n > MAX_WAITING)
		pthread_cond_wait(&s->done, &s->lock);
	memcpy(s->jobs + s->n, jobs, n * sizeof(struct ms_job *));
	s->n += n;
	mine = s->round + 1;
	pthread_cond_signal(&s->some);
	while (s->finished < mine)
		pthread_cond_wait(&s->done, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static void *
write_shard(void *arg)
{
	struct shard *s = arg;
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_job *jobs[MAX_WAITING];
	struct ms_scope scope;
	size_t n;

	scope_init(&scope, arena);
	for (;;) {
		pthread_mutex_lock(&s->lock);
		while (s->n == 0 && !closing)
			pthread_cond_wait(&s->some, &s->lock);
		n = s->n;
		memcpy(jobs, s->jobs, n * sizeof(struct ms_job *));
		s->n = 0;
		s->round++;
		pthread_mutex_unlock(&s->lock);
		if (n == 0)
			break;
		ms_arena_reset(arena);
		rig_batch(rig)->run(rig_instance(rig), &scope, jobs, n);
		pthread_mutex_lock(&s->lock);
		s->finished = s->round;
		pthread_cond_broadcast(&s->done);
		pthread_mutex_unlock(&s->lock);
	}
	ms_arena_free(arena);
	return NULL;
}

static void *
send_mail(void *arg)
{
	struct ms_part part = { .size = sizeof(part), .state = MS_QUEUE_WAITS };
	const struct ms_part *parts[] = { &part };
	struct ms_blob *blob = rig_blob(rig, body);
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_scope scope;

	(void)arg;
	scope_init(&scope, arena);
	while (!stopping) {
		struct ms_job_queue job = { .job = { .size = sizeof(job),
			.type = MS_JOB_QUEUE_PUT, .arena = arena },
			.record = MS_STR("from, to, and some more about it, a hundred octets "
			    "or so, as an envelope with its trace might have"),
			.body = blob, .parts = parts, .n_parts = 1 };
		struct ms_job *jobs[] = { &job.job };
		struct ms_error err;
		int64_t from = now_us();
		uint64_t i;

		ms_arena_reset(arena);
		if (rig_batch(rig)->prepare(rig_instance(rig), &scope, jobs, 1, &err) != MS_OK)
			abort();
		commit(&shards[0], jobs, 1);
		if (job.job.status == MS_OK)
			accepted++;
		i = n_samples++;
		if (i < MAX_SAMPLES)
			samples[i] = (uint32_t)(now_us() - from);
	}
	rig_release(rig, blob);
	ms_arena_free(arena);
	return NULL;
}

static void *
deliver(void *arg)
{
	struct ms_arena *arena = ms_arena_new(0), *page = ms_arena_new(0);
	struct ms_part after = { .size = sizeof(after) };
	bool has_after = false;
	unsigned turn = 0;
	struct ms_scope scope;

	(void)arg;
	scope_init(&scope, arena);
	while (!stopping || finished < accepted) {
		struct ms_queue_look look = { .size = sizeof(look),
			.by = MS_QUEUE_BY_TIME, .due_us = rig_now(rig), .limit = 256,
			.after = has_after ? &after : NULL };
		struct ms_parts parts = { .size = sizeof(parts) };
		struct ms_error err = MS_ERROR_INIT;
		struct ms_part later[256];
		const struct ms_part *changed[256];
		struct ms_job_queue done[256];
		uint32_t deferred = 0;
		struct ms_job *jobs[256];

		ms_arena_reset(page);
		scope.arena = page;
		if (rig_queue(rig)->find(rig_instance(rig), &scope, &look, &parts, &err) != MS_OK)
			abort();
		if (parts.n == 0) {
			if (!has_after)
				usleep(200);
			has_after = false;
			continue;
		}
		scope.arena = arena;
		for (uint32_t i = 0; i < parts.n; i++) {
			struct ms_blob *blob;
			struct ms_str record;

			ms_arena_reset(arena);
			if (rig_queue(rig)->message(rig_instance(rig), &scope,
			    &parts.parts[i]->message, &record, &blob, &err) != MS_OK)
				abort();
			rig_release(rig, blob);
			done[i] = (struct ms_job_queue){ .job = { .size = sizeof(done[i]),
				.type = MS_JOB_QUEUE_DONE,
				.key = ms_str_of((const char *)parts.parts[i]->message.octets, 16) },
				.message = parts.parts[i]->message, .parts = &parts.parts[i],
				.n_parts = 1 };
			jobs[i] = &done[i].job;
			if (every == 0 || parts.parts[i]->attempts > 0 || ++turn % every != 0)
				continue;
			later[i] = *parts.parts[i];
			later[i].attempts = 1;
			later[i].next_us = rig_now(rig) + 100000;
			later[i].destination = (struct ms_str)MS_STR("slow.example");
			changed[i] = &later[i];
			done[i].job.type = MS_JOB_QUEUE_SET;
			done[i].parts = &changed[i];
			deferred++;
		}
		commit(&shards[1], jobs, parts.n);
		finished += parts.n - deferred;
		after = *parts.parts[parts.n - 1];
		after.destination = (struct ms_str)MS_STR("");
		has_after = true;
	}
	ms_arena_free(arena);
	ms_arena_free(page);
	return NULL;
}

static void *
run_tasks(void *arg)
{
	(void)arg;
	while (!stopping) {
		usleep(10000);
		(void)rig_run_tasks(rig);
	}
	return NULL;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	int senders = argc > 2 ? atoi(argv[2]) : 64;
	size_t octets = argc > 3 ? (size_t)atol(argv[3]) : 4096;
	int seconds = argc > 4 ? atoi(argv[4]) : 2;
	pthread_t threads[1024], writers[2], runner, ticker;
	uint64_t n, done;
	int64_t from, took;
	char folder[64], *p;
	struct ms_part left;
	bool is_sound;

	if (argc < 2 || senders < 1 || senders > 1024)
		return 2;
	every = argc > 5 ? (unsigned)atoi(argv[5]) : 0;
	p = malloc(octets);
	memset(p, 'x', octets);
	body = ms_str_of(p, octets);
	samples = calloc(MAX_SAMPLES, sizeof(*samples));
	if (strcmp(argv[1], "-") == 0)
		rig_make_folder(folder);
	else
		snprintf(folder, sizeof(folder), "%s", argv[1]);
	rig = rig_new(folder);
	rig_use_real_time(rig);
	rig_start(rig);
	for (int i = 0; i < 2; i++) {
		pthread_mutex_init(&shards[i].lock, NULL);
		pthread_cond_init(&shards[i].some, NULL);
		pthread_cond_init(&shards[i].done, NULL);
		pthread_create(&writers[i], NULL, write_shard, &shards[i]);
	}
	pthread_create(&runner, NULL, deliver, NULL);
	pthread_create(&ticker, NULL, run_tasks, NULL);
	from = now_us();
	for (int i = 0; i < senders; i++)
		pthread_create(&threads[i], NULL, send_mail, NULL);
	sleep((unsigned)seconds);
	stopping = true;
	n = accepted;
	done = finished;
	took = now_us() - from;
	for (int i = 0; i < senders; i++)
		pthread_join(threads[i], NULL);
	pthread_join(runner, NULL);
	pthread_join(ticker, NULL);
	closing = true;
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&shards[i].lock);
		pthread_mutex_unlock(&shards[i].lock);
		pthread_cond_broadcast(&shards[i].some);
		pthread_join(writers[i], NULL);
	}
	qsort(samples, n_samples, sizeof(*samples), by_value);
	printf("%d senders, %zu octets: accepted %.0f/s, finished %.0f/s, p50 %u us, p99 %u us\n",
	    senders, octets, (double)n * 1e6 / (double)took,
	    (double)done * 1e6 / (double)took, samples[n_samples / 2],
	    samples[n_samples * 99 / 100]);
	is_sound = finished == accepted && rig_verify(rig) == 0 &&
	    rig_list(rig, MS_QUEUE_BY_MESSAGE, 0, 1, &left, 1) == 0;
	rig_free(rig);
	if (strcmp(argv[1], "-") == 0)
		rig_remove_folder(folder);
	free(samples);
	free(p);
	return is_sound ? 0 : 1;
}
