/* SPDX-License-Identifier: ISC */
/* jobs.c - ms.commit/1: sharded, prepared and run at once on the backend */
#include "internal.h"

#include <stdlib.h>

#include <mansio/error.h>
#include <mansio/mailbox.h>

#define NO_STATUS	INT32_MIN	/* what run() must replace */
#define MAX_PLACE	64		/* batch.h, prepare() */

static struct ms_str
place_of(const struct ms_job *job)
{
	const struct ms_job_append *append = (const struct ms_job_append *)job;

	if (job->type == MS_JOB_APPEND && MS_JOB_REACHES(append, place))
		return append->place;
	return ms_str_of("", 0);
}

static void
run_group(const struct ms_scope *scope, struct ms_instance *self,
    const struct ms_batch *batch, struct ms_job *const *jobs, size_t n)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st = MS_OK;

	for (size_t i = 0; i < n; i++)
		jobs[i]->status = NO_STATUS;
	if (MS_HAS(batch, prepare))
		st = batch->prepare(self, scope, jobs, n, &err);
	for (size_t i = 0; i < n; i++) {
		if (st != MS_OK) {
			jobs[i]->status = st;
			(void)ms_error_set(jobs[i]->error, st, err.enhanced, "%s", err.text);
		} else if (place_of(jobs[i]).len > MAX_PLACE) {
			mock_die("prepare() left a place of more than %d octets", MAX_PLACE);
		}
	}
	if (st != MS_OK)
		return;
	batch->run(self, scope, jobs, n);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->status == NO_STATUS || jobs[i]->status > MS_OK)
			mock_die("run() left the job of type %#x without a status",
			    (unsigned)jobs[i]->type);
}

/* FORGET goes to every shard, a copy each, as its results would mix. */
static void
run_everywhere(const struct ms_scope *scope, struct ms_instance *self,
    const struct ms_batch *batch, struct ms_job *job)
{
	uint32_t n = batch->shards(self);
	ms_status worst = MS_OK;

	for (uint32_t k = 0; k < n; k++) {
		struct ms_job_forget copy = *(const struct ms_job_forget *)job;
		struct ms_job *one = &copy.job;

		run_group(scope, self, batch, &one, 1);
		if (copy.job.status < worst)
			worst = copy.job.status;
	}
	job->status = worst;
}

static uint32_t
shard_of(struct ms_instance *self, const struct ms_batch *batch,
    const struct ms_job *job)
{
	uint32_t k = batch->shard_of(self, job->key);

	if (k >= batch->shards(self))
		mock_die("shard_of() gives %u of %u shards", (unsigned)k,
		    (unsigned)batch->shards(self));
	return k;
}

ms_status
jobs_run(struct ms_mock *m, const struct ms_scope *scope,
    struct ms_instance *self, const struct ms_batch *batch,
    struct ms_job *const *jobs, size_t n)
{
	uint32_t n_shards = batch->shards(self);
	struct ms_job **group = calloc(n + 1, sizeof(struct ms_job *));
	ms_status worst = MS_OK;

	(void)m;
	if (group == NULL)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (jobs[i]->flags & MS_JOB_JOINED) {
			if (i + 1 == n || shard_of(self, batch, jobs[i]) !=
			    shard_of(self, batch, jobs[i + 1]))
				mock_die("a chain of jobs has no end, or is of two shards");
		}
		if (jobs[i]->type == MS_JOB_FORGET)
			run_everywhere(scope, self, batch, jobs[i]);
	}
	for (uint32_t k = 0; k < n_shards; k++) {
		size_t n_group = 0;

		for (size_t i = 0; i < n; i++)
			if (jobs[i]->type != MS_JOB_FORGET &&
			    shard_of(self, batch, jobs[i]) == k)
				group[n_group++] = jobs[i];
		if (n_group > 0)
			run_group(scope, self, batch, group, n_group);
	}
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->status < worst)
			worst = jobs[i]->status;
	free(group);
	return worst;
}

static struct ms_op *
service_start(const struct ms_scope *scope, struct ms_backend backend,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_mock *m = scope_mock(scope);
	const struct ms_mock *of = world_find(m->world, backend.self);
	const struct ms_batch *batch = of != NULL ? of->plugin->interface(MS_BATCH_ID) :
	    world_service(m->world, MS_BATCH_ID);

	if (batch == NULL)
		mock_die("commit->start(): the backend is neither a mock's instance that "
		    "offers " MS_BATCH_ID " nor has the test given such a table");
	return op_ended(scope, jobs_run(m, scope, backend.self, batch, jobs, n), NULL);
}

const struct ms_commit mock_commit_service = {
	.size = sizeof(mock_commit_service), .start = service_start,
};

ms_status
ms_mock_run(struct ms_mock *m, struct ms_job *const *jobs, size_t n)
{
	const struct ms_batch *batch = m->plugin->interface(MS_BATCH_ID);

	if (batch == NULL)
		mock_die("the plugin %s does not offer " MS_BATCH_ID, m->plugin->name);
	return jobs_run(m, ms_mock_scope(m, 0), ms_mock_instance(m), batch, jobs, n);
}
