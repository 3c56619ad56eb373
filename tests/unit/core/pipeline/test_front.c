/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "pipeline_world.h"
#include "pipeline/front.h"

#define N_SHARDS	3

/* A store that notes what it is given. */
struct ms_instance {
	pthread_mutex_t lock;
	struct ms_arena *arenas[N_SHARDS];	/* seen in prepare(), by shard */
	atomic_int prepared, ran;
	ms_status  prepare_status;
	const struct ms_job *refuses;		/* prepare() fails when it is among them */
	unsigned   delay_us;
};

static uint32_t
shards(struct ms_instance *self)
{
	(void)self;
	return N_SHARDS;
}

static uint32_t
shard_of(struct ms_instance *self, struct ms_str key)
{
	(void)self;
	return key.len > 0 ? (uint32_t)(key.data[0] - '0') % N_SHARDS : 0;
}

static ms_status
prepare(struct ms_instance *self, const struct ms_scope *s, struct ms_job *const *jobs,
    size_t n, struct ms_error *err)
{
	(void)s;
	for (size_t i = 0; i < n; i++) {
		struct ms_job_append *j = (struct ms_job_append *)jobs[i];

		atomic_fetch_add(&self->prepared, 1);
		pthread_mutex_lock(&self->lock);
		self->arenas[shard_of(self, j->job.key)] = j->job.arena;
		pthread_mutex_unlock(&self->lock);
		j->place = ms_arena_printf(j->job.arena, "place of %.*s",
		    (int)j->job.key.len, j->job.key.data);
	}
	if (self->delay_us > 0)
		usleep(self->delay_us);
	for (size_t i = 0; i < n; i++)
		if (jobs[i] == self->refuses)
			return ms_error_set(err, MS_LIMIT, "5.3.4", "too large");
	if (self->prepare_status != MS_OK)
		return ms_error_set(err, self->prepare_status, "4.3.1", "no room");
	return MS_OK;
}

static void
run_jobs(struct ms_instance *self, const struct ms_scope *s, struct ms_job *const *jobs,
    size_t n)
{
	(void)s;
	for (size_t i = 0; i < n; i++) {
		struct ms_job_append *j = (struct ms_job_append *)jobs[i];
		char want[64];

		atomic_fetch_add(&self->ran, 1);
		jobs[i]->status = MS_OK;
		if (jobs[i]->type != MS_JOB_APPEND)
			continue;
		snprintf(want, sizeof(want), "place of %.*s", (int)j->job.key.len,
		    j->job.key.data);
		if (!ms_str_equal(j->place, ms_str_c(want)))
			jobs[i]->status = ms_error_set(jobs[i]->error, MS_PERMFAIL, "",
			    "the place is another's: %.*s", (int)j->place.len, j->place.data);
		j->uid_out = (uint32_t)(j->job.key.data[0] - '0') + 100;
	}
}

static const struct ms_batch batch = { .size = sizeof(batch), .shards = shards,
	.shard_of = shard_of, .run = run_jobs, .prepare = prepare };
static const struct ms_mailbox no_reads = { .size = sizeof(no_reads) };
static struct ms_instance store;
static struct front *front;

static void
set_up(void)
{
	world_begin();
	pthread_mutex_init(&store.lock, NULL);
	front = front_new("test", &store, &batch, &no_reads, NULL, NULL);
}

static void
tear_down(void)
{
	front_free(front);
	world_end();
}

static struct ms_job_append
append_to(const char *key, struct ms_blob *body)
{
	return (struct ms_job_append){ .job = { .size = sizeof(struct ms_job_append),
	    .type = MS_JOB_APPEND, .status = MS_TEMPFAIL, .key = ms_str_c(key),
	    .arena = scope.pub.arena }, .body = body };
}

TestSuite(front, .init = set_up, .fini = tear_down, .timeout = 20);

Test(front, runs_jobs_on_their_shards_with_an_arena_each)
{
	struct ms_blob *body = blob_copy_memory(ms_str_c("x"));
	struct ms_job_append j[3] = { append_to("0", body), append_to("1", body),
		append_to("2", body) };
	struct ms_job *jobs[] = { &j[0].job, &j[1].job, &j[2].job };
	struct ms_op *op = front_commit(&scope.pub, front, jobs, 3);

	cr_assert_eq(op_await(NULL, op, NULL), MS_OK);
	for (uint32_t i = 0; i < 3; i++) {
		cr_assert_eq(j[i].job.status, MS_OK);
		cr_assert_eq(j[i].uid_out, 100 + i, "its own result");
	}
	cr_assert_neq(store.arenas[0], store.arenas[1],
	    "shards work side by side: no arena is shared between them");
	cr_assert_neq(store.arenas[1], store.arenas[2]);
	cr_assert_neq(store.arenas[0], store.arenas[2]);
	blob_release(body);
}

Test(front, fails_all_that_could_not_be_prepared_and_runs_none_of_it)
{
	struct ms_blob *body = blob_copy_memory(ms_str_c("x"));
	struct ms_error e = MS_ERROR_INIT;
	struct ms_job_append j = append_to("1", body);
	struct ms_job *jobs[] = { &j.job };
	struct ms_op *op;

	j.job.error = &e;
	store.prepare_status = MS_TEMPFAIL;
	op = front_commit(&scope.pub, front, jobs, 1);
	cr_assert_eq(op_await(NULL, op, NULL), MS_TEMPFAIL);
	cr_assert_eq(j.job.status, MS_TEMPFAIL);
	cr_assert_str_eq(e.enhanced, "4.3.1");
	cr_assert_eq(atomic_load(&store.ran), 0);
	blob_release(body);
}

Test(front, gives_every_one_of_thousands_its_own_place)
{
	struct ms_blob *body = blob_copy_memory(ms_str_c("x"));
	static struct ms_job_append j[900];
	static struct ms_op *ops[300];

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 300; i++) {
			struct ms_job *jobs[3];

			for (int k = 0; k < 3; k++) {
				j[3 * i + k] = append_to(k == 0 ? "0" : k == 1 ? "1" : "2", body);
				jobs[k] = &j[3 * i + k].job;
			}
			ops[i] = front_commit(&scope.pub, front, jobs, 3);
		}
		for (int i = 0; i < 300; i++) {
			cr_assert_eq(op_await(NULL, ops[i], NULL), MS_OK);
			op_drop(ops[i]);
		}
	}
	cr_assert_eq(atomic_load(&store.ran), 9000);
	cr_assert_eq(atomic_load(&store.prepared), 9000);
	blob_release(body);
}

Test(front, refuses_jobs_for_what_is_no_front)
{
	struct ms_job_append j = append_to("1", NULL);
	struct ms_job *jobs[] = { &j.job };
	struct ms_backend other = { &no_reads, &store };

	cr_assert_eq(op_status(commit_start(&scope.pub, other, jobs, 1)), MS_INVALID);
}

Test(front, takes_more_jobs_for_one_shard_than_one_request_holds)
{
	enum { N = 3000 };
	struct ms_blob *body = blob_copy_memory(ms_str_c("x"));
	struct ms_job_append *j = ms_arena_array(scope.pub.arena, N, sizeof(*j));
	struct ms_job **jobs = ms_arena_array(scope.pub.arena, N, sizeof(*jobs));
	struct ms_op *op;

	for (int i = 0; i < N; i++) {
		j[i] = append_to("1", i % 2 == 0 ? body : NULL);
		if (i % 2 != 0)
			j[i].place = ms_str_c("place of 1");
		jobs[i] = &j[i].job;
	}
	op = front_commit(&scope.pub, front, jobs, N);
	cr_assert_eq(op_await(NULL, op, NULL), MS_OK);
	for (int i = 0; i < N; i++)
		cr_assert_eq(j[i].uid_out, 101, "job %d", i);
	blob_release(body);
}

Test(front, does_not_refuse_what_is_too_much_for_one_request_in_octets)
{
	enum { N = 60 };
	size_t octets = 1024 * 1024;
	char *digest = ms_arena_alloc(scope.pub.arena, octets);
	struct ms_blob *body = blob_copy_memory(ms_str_c("x"));
	struct ms_job_append j[N];
	struct ms_job *jobs[N];
	struct ms_op *op;

	for (int i = 0; i < N; i++) {
		j[i] = append_to("1", body);
		j[i].digest = ms_str_of(digest, octets);
		jobs[i] = &j[i].job;
	}
	op = front_commit(&scope.pub, front, jobs, N);
	cr_assert_eq(op_await(NULL, op, NULL), MS_OK);
	blob_release(body);
}

Test(front, harms_no_other_by_a_body_that_cannot_be_kept)
{
	struct ms_blob *body = blob_copy_memory(ms_str_c("x"));
	struct ms_job_append j[2] = { append_to("1", body), append_to("1", body) };
	struct ms_op *ops[2];

	store.refuses = &j[0].job;
	store.delay_us = 50000;
	/* The first batch keeps the preparing thread busy, so that the others
	   wait together. */
	{
		struct ms_job_append first = append_to("1", body);
		struct ms_job *jobs[] = { &first.job };
		struct ms_op *op = front_commit(&scope.pub, front, jobs, 1);

		for (int i = 0; i < 2; i++) {
			struct ms_job *one[] = { &j[i].job };

			ops[i] = front_commit(&scope.pub, front, one, 1);
		}
		cr_assert_eq(op_await(NULL, op, NULL), MS_OK);
	}
	cr_assert_eq(op_await(NULL, ops[0], NULL), MS_LIMIT);
	cr_assert_eq(op_await(NULL, ops[1], NULL), MS_OK, "its neighbour was well");
	blob_release(body);
}
