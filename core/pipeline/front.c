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
#include "pipeline/jobs.h"
#include "pipeline/shard.h"

/* A group is one request at most (jobs.h), and of deliveries no more than a
   transaction shall hold: what is larger goes as several. */
#define MAX_GROUP_BODIES	64
#define MAX_GROUP_OCTETS	(JOBS_MAX_REQUEST / 4)

/* One commit_start(): an op, and a group or more for each shard it touches. */
struct submission {
	struct ms_op *op;
	atomic_uint   left;		/* groups */
	_Atomic ms_status worst;
	struct part  *parts;
};

struct part {
	struct group       group;	/* first */
	struct submission *of;
	struct part       *next;
	uint32_t           shard;
	size_t             cap, octets;	/* of the request, roughly */
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
	for (struct part *next; s->parts != NULL; s->parts = next) {
		next = s->parts->next;
		free(s->parts->group.jobs);
		free(s->parts);
	}
	op_finish(s->op, atomic_load(&s->worst), NULL);
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

static void *
must_calloc(size_t n, size_t each)
{
	void *p = calloc(n > 0 ? n : 1, each);

	if (p == NULL)
		abort();
	return p;
}

/* What grows with the peer's doing; the rest of a job is small. */
static size_t
octets_of(const struct ms_job *job)
{
	size_t fixed = 1024 + job->key.len;

	switch (job->type) {
	case MS_JOB_APPEND:
		return fixed + ((const struct ms_job_append *)job)->digest.len;
	case MS_JOB_STORE:
		return fixed + 8 * ((const struct ms_job_store *)job)->uids.n;
	case MS_JOB_EXPUNGE:
		return fixed + 8 * ((const struct ms_job_expunge *)job)->uids.n;
	case MS_JOB_COPY:
	case MS_JOB_RESTORE:
		return fixed + 8 * ((const struct ms_job_copy *)job)->uids.n;
	case MS_JOB_PROPERTY:
		return fixed + ((const struct ms_job_property *)job)->value.len;
	default:
		return fixed;
	}
}

/* A chain stays together; JOINED says that the next job belongs to it. */
static bool
has_room(const struct part *p, size_t octets)
{
	const struct group *g = &p->group;

	if (g->jobs[g->n - 1]->flags & MS_JOB_JOINED)
		return true;
	return g->n < (g->brings_bodies ? MAX_GROUP_BODIES : JOBS_MAX_GROUP) &&
	    p->octets + octets <= MAX_GROUP_OCTETS;
}

static void
give(struct part *p, struct ms_job *job, size_t octets)
{
	struct group *g = &p->group;

	if (g->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 8;
		g->jobs = realloc(g->jobs, p->cap * sizeof(struct ms_job *));
		if (g->jobs == NULL)
			abort();
	}
	g->jobs[g->n++] = job;
	g->brings_bodies = g->brings_bodies || brings_body(job);
	p->octets += octets;
}

/* Returns how many groups there are. */
static unsigned
spread(struct front *f, struct submission *s, struct ms_job *const *jobs, size_t n)
{
	struct part **open = must_calloc(f->n_shards, sizeof(struct part *));
	struct part **last = &s->parts;
	unsigned groups = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t k = f->batch->shard_of(f->self, jobs[i]->key);
		size_t octets = octets_of(jobs[i]);

		if (k >= f->n_shards)
			k = 0;
		if (open[k] == NULL || !has_room(open[k], octets)) {
			open[k] = must_calloc(1, sizeof(struct part));
			open[k]->of = s;
			open[k]->shard = k;
			*last = open[k];
			last = &open[k]->next;
			groups++;
		}
		give(open[k], jobs[i], octets);
	}
	free(open);
	return groups;
}

/* Groups are worked on side by side, and an arena is one thread's: the jobs
   of several groups get an arena a group, which lives as long as the op. */
struct arenas {
	uint32_t n;
	struct ms_arena **of_part;
};

static void
free_arenas(void *payload)
{
	struct arenas *a = payload;

	for (uint32_t i = 0; i < a->n; i++)
		ms_arena_free(a->of_part[i]);
	free(a->of_part);
}

static void
part_arenas(struct submission *s, unsigned groups)
{
	struct arenas *a = op_payload(s->op);

	a->of_part = must_calloc(groups, sizeof(struct ms_arena *));
	for (struct part *p = s->parts; p != NULL; p = p->next) {
		struct ms_arena *arena = a->of_part[a->n++] = ms_arena_new(0);

		for (size_t i = 0; i < p->group.n; i++)
			p->group.jobs[i]->arena = arena;
	}
}

struct ms_op *
front_commit(const struct ms_scope *scope, struct front *f,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_op *op = op_new(scope, sizeof(struct arenas), free_arenas);
	struct submission *s;
	struct part *next;
	unsigned groups;

	if (n == 0) {
		op_finish(op, MS_OK, NULL);
		return op;
	}
	s = must_calloc(1, sizeof(*s));
	s->op = op;
	groups = spread(f, s, jobs, n);
	if (groups > 1)
		part_arenas(s, groups);
	atomic_init(&s->left, groups);
	atomic_init(&s->worst, MS_OK);
	/* The last part to be added may end the submission: look ahead first. */
	for (struct part *p = s->parts; p != NULL; p = next) {
		next = p->next;
		p->group.is_encoded = f->mailbox != NULL;
		p->group.request = (struct ms_buf)MS_BUF_MAX(JOBS_MAX_REQUEST);
		p->group.done = part_done;
		shard_add(f->shards[p->shard], &p->group);
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
