/* SPDX-License-Identifier: ISC */
/* front.c - see front.h; the reads that it passes on are in front_reads.c */
#include "pipeline/front.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/bus.h"
#include "base/metrics.h"
#include "pipeline/front_reads.h"
#include "pipeline/shard.h"

/* One commit_start(): an op, and a group for each shard that it touches. */
struct submission {
	struct ms_op *op;
	struct front *front;
	atomic_uint   left;		/* groups */
	_Atomic ms_status worst;
	struct part  *parts;
	uint32_t      n_parts;
};

struct part {
	struct group       group;	/* first */
	struct submission *of;
};

static void
publish_box(struct ms_str account, const struct ms_id *box, uint64_t modseq)
{
	char topic[600], data[24];
	int n = snprintf(topic, sizeof(topic), "mailbox/%.*s/", (int)account.len,
	    account.data);

	if (n < 0 || (size_t)n + 2 * sizeof(box->octets) >= sizeof(topic))
		return;
	for (size_t i = 0; i < sizeof(box->octets); i++, n += 2)
		snprintf(topic + n, 3, "%02x", box->octets[i]);
	snprintf(data, sizeof(data), "%llu", (unsigned long long)modseq);
	bus_publish(ms_str_of(topic, (size_t)n), ms_str_c(data));
}

static void
publish(const struct ms_job *job)
{
	const struct ms_job_append *append = (const struct ms_job_append *)job;
	const struct ms_job_store *store = (const struct ms_job_store *)job;
	const struct ms_job_expunge *expunge = (const struct ms_job_expunge *)job;
	const struct ms_job_copy *copy = (const struct ms_job_copy *)job;
	const struct ms_job_box *box = (const struct ms_job_box *)job;

	if (job->status != MS_OK)
		return;
	switch (job->type) {
	case MS_JOB_APPEND:
		if (!append->repeated_out)
			publish_box(job->key, &append->box, append->modseq_out);
		break;
	case MS_JOB_STORE:
		if (store->changed_out.n > 0)
			publish_box(job->key, &store->box, store->modseq_out);
		break;
	case MS_JOB_EXPUNGE:
		if (expunge->gone_out.n > 0)
			publish_box(job->key, &expunge->box, expunge->modseq_out);
		break;
	case MS_JOB_COPY:
	case MS_JOB_RESTORE:
		publish_box(job->key, &copy->to, copy->modseq_out);
		if (copy->move)
			publish_box(job->key, &copy->from, copy->from_modseq_out);
		break;
	case MS_JOB_BOX_CREATE:
	case MS_JOB_BOX_CHANGE:
	case MS_JOB_BOX_DELETE:
		publish_box(job->key, &box->id, box->modseq_out);
		break;
	default:
		break;
	}
}

static void
part_done(struct group *g)
{
	struct part *p = (struct part *)g;
	struct submission *s = p->of;

	for (size_t i = 0; i < g->n; i++) {
		if (g->jobs[i]->status < atomic_load(&s->worst) &&
		    g->jobs[i]->status != MS_OK)
			atomic_store(&s->worst, g->jobs[i]->status);
		if (g->is_encoded)
			publish(g->jobs[i]);
	}
	ms_buf_free(&g->request);
	if (atomic_fetch_sub(&s->left, 1) != 1)
		return;
	for (uint32_t i = 0; i < s->n_parts; i++)
		free(s->parts[i].group.jobs);
	op_finish(s->op, atomic_load(&s->worst), NULL);
	free(s->parts);
	free(s);
}

static bool
brings_body(const struct ms_job *job)
{
	if (job->type == MS_JOB_APPEND)
		return ((const struct ms_job_append *)job)->body != NULL;
	return job->type == MS_JOB_QUEUE_PUT &&
	    ((const struct ms_job_queue *)job)->body != NULL;
}

static void
give(struct part *p, struct ms_job *job)
{
	struct group *g = &p->group;

	g->jobs[g->n++] = job;
	g->brings_bodies = g->brings_bodies || brings_body(job);
}

static void *
must_calloc(size_t n, size_t each)
{
	void *p = calloc(n > 0 ? n : 1, each);

	if (p == NULL)
		abort();
	return p;
}

/* A part for each shard, with room for all jobs where they all go to one. */
static void
spread(struct front *f, struct submission *s, struct ms_job *const *jobs, size_t n)
{
	uint32_t n_shards = f->n_shards;

	s->parts = must_calloc(n_shards, sizeof(*s->parts));
	s->n_parts = n_shards;
	for (size_t i = 0; i < n; i++) {
		uint32_t k = f->batch->shard_of(f->self, jobs[i]->key);
		struct part *p = &s->parts[k < n_shards ? k : 0];

		if (p->group.jobs == NULL)
			p->group.jobs = must_calloc(n, sizeof(struct ms_job *));
		give(p, jobs[i]);
	}
}

/* Shards work side by side, and an arena is one thread's: the jobs of a
   submission for several get an arena a shard, which lives as long as the op. */
struct arenas {
	uint32_t n;
	struct ms_arena *of_part[];
};

static void
free_arenas(void *payload)
{
	struct arenas *a = payload;

	for (uint32_t i = 0; i < a->n; i++)
		ms_arena_free(a->of_part[i]);
}

static void
part_arenas(struct submission *s)
{
	struct arenas *a = op_payload(s->op);

	a->n = s->n_parts;
	for (uint32_t k = 0; k < s->n_parts; k++) {
		struct group *g = &s->parts[k].group;

		if (g->n == 0)
			continue;
		a->of_part[k] = ms_arena_new(0);
		for (size_t i = 0; i < g->n; i++)
			g->jobs[i]->arena = a->of_part[k];
	}
}

struct ms_op *
front_commit(const struct ms_scope *scope, struct front *f,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_op *op = op_new(scope, sizeof(struct arenas) +
	    f->n_shards * sizeof(struct ms_arena *), free_arenas);
	struct submission *s;
	unsigned groups = 0;

	if (n == 0) {
		op_finish(op, MS_OK, NULL);
		return op;
	}
	s = must_calloc(1, sizeof(*s));
	s->op = op;
	s->front = f;
	spread(f, s, jobs, n);
	for (uint32_t k = 0; k < s->n_parts; k++)
		groups += s->parts[k].group.n > 0;
	if (groups > 1)
		part_arenas(s);
	atomic_init(&s->left, groups);
	atomic_init(&s->worst, MS_OK);
	/* The last part to be added may end the submission: count first. */
	for (uint32_t k = 0, n_parts = s->n_parts; groups > 0 && k < n_parts; k++) {
		struct part *p = &s->parts[k];

		if (p->group.n == 0)
			continue;
		p->of = s;
		p->group.is_encoded = f->mailbox != NULL;
		p->group.request = (struct ms_buf)MS_BUF_MAX(32 * 1024 * 1024);
		p->group.done = part_done;
		groups--;
		shard_add(f->shards[k], &p->group);
	}
	return op;
}

static bool
is_front(struct ms_backend backend)
{
	return backend.table == &front_mailbox_table || backend.table == &front_queue_table;
}

struct ms_op *
commit_start(const struct ms_scope *scope, struct ms_backend backend,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_error err = MS_ERROR_INIT;

	if (!is_front(backend)) {
		ms_error_set(&err, MS_INVALID, "", "not a backend that takes jobs");
		return op_ended(scope, MS_INVALID, &err);
	}
	return front_commit(scope, (struct front *)(void *)backend.self, jobs, n);
}

struct front *
front_new(const char *title, struct ms_instance *self,
    const struct ms_batch *batch, const struct ms_mailbox *mailbox,
    const struct ms_queue *queue, const struct ms_host *host)
{
	struct front *f = must_calloc(1, sizeof(*f));

	f->title = title;
	f->self = self;
	f->batch = batch;
	f->mailbox = mailbox;
	f->queue = queue;
	f->n_shards = batch->shards(self);
	f->shards = must_calloc(f->n_shards, sizeof(struct shard *));
	for (uint32_t i = 0; i < f->n_shards; i++)
		f->shards[i] = shard_new(&(struct shard_options){ .self = self,
		    .batch = batch, .host = host, .title = title, .number = i });
	return f;
}

void
front_free(struct front *f)
{
	if (f == NULL)
		return;
	for (uint32_t i = 0; i < f->n_shards; i++)
		shard_free(f->shards[i]);
	free(f->shards);
	free(f);
}

struct ms_backend
front_backend(struct front *f)
{
	struct ms_backend b = { .self = (struct ms_instance *)(void *)f };

	b.table = f->mailbox != NULL ? (const void *)&front_mailbox_table :
	    (const void *)&front_queue_table;
	return b;
}

const struct ms_commit commit_service = {
	.size = sizeof(commit_service),
	.start = commit_start,
};
