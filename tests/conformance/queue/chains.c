/* SPDX-License-Identifier: ISC */
/* chains.c - jobs that stand or fall together */
#include <stdlib.h>

#include "suite.h"

/* A backend without chains refuses them, having done nothing. */
static bool
is_refused(struct suite *s, ms_status st, struct ms_id id)
{
	if (st != MS_UNSUPPORTED)
		return false;
	EXPECT_NUMBER(s, suite_count(s), 1);
	EXPECT(s, suite_record(s, id) != NULL);
	return true;
}

static void
splits(struct suite *s)
{
	for (int order = 0; order < 2; order++) {
		struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));
		const struct ms_part *two[] = { suite_part(s, 1), suite_part(s, 2) };
		struct ms_job_queue *set = suite_job(s, MS_JOB_QUEUE_SET, &id, two, 2);
		struct ms_job_queue *done = suite_job(s, MS_JOB_QUEUE_DONE, &id,
		    suite_list_of(s, suite_part(s, 0)), 1);
		ms_status st = order == 0 ? suite_run_two(s, set, done) :
		    suite_run_two(s, done, set);

		if (is_refused(s, st, id))
			return;
		EXPECT_NUMBER(s, st, MS_OK);
		EXPECT_NUMBER(s, suite_count(s), 2);
		suite_reopen(s);
		EXPECT_NUMBER(s, suite_count(s), 2);
		suite_done(s, id, 1);
		EXPECT_TEXT(s, suite_record(s, id), "r");
		suite_done(s, id, 2);
		EXPECT(s, suite_record(s, id) == NULL);
	}
}

static void
bounce_of(struct suite *s, size_t octets)
{
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_id id = suite_put(s, "fails", (struct ms_str)MS_STR("b"));
	struct ms_job_queue *put = suite_job(s, MS_JOB_QUEUE_PUT, &id,
	    suite_list_of(s, suite_part(s, 0)), 1);
	struct ms_job_queue *done = suite_job(s, MS_JOB_QUEUE_DONE, &id,
	    suite_list_of(s, suite_part(s, 0)), 1);
	char *body = calloc(1, octets + 1);
	ms_status st;

	memset(body, 'x', octets);
	put->record = (struct ms_str)MS_STR("a bounce");
	put->body = ms_mock_blob(s->mock, ms_str_of(body, octets));
	free(body);
	st = suite_run_two(s, put, done);
	blob->release(put->body);
	if (is_refused(s, st, id))
		return;
	EXPECT_NUMBER(s, st, MS_OK);
	EXPECT(s, !suite_same(&put->message, &id));
	EXPECT_NUMBER(s, put->message.octets[14], 0);
	EXPECT_NUMBER(s, put->message.octets[15], 0);
	for (int round = 0; round < 2; round++) {
		EXPECT(s, suite_record(s, id) == NULL);
		EXPECT_NUMBER(s, suite_count_due(s), 1);
		EXPECT_TEXT(s, suite_record(s, put->message), "a bounce");
		EXPECT_NUMBER(s, suite_body_octets(s, put->message).len, octets);
		suite_reopen(s);
	}
	suite_done(s, put->message, 0);
	EXPECT_NUMBER(s, suite_count(s), 0);
	suite_reopen(s);
	EXPECT_NUMBER(s, suite_count(s), 0);
}

static void
bounces(struct suite *s)
{
	bounce_of(s, 0);
	bounce_of(s, 300);
	bounce_of(s, 65537);
	bounce_of(s, 5000000);
}

static void
falls(struct suite *s)
{
	struct ms_id id = suite_put(s, "stays", (struct ms_str)MS_STR("b"));
	struct ms_id gone = { { 9, 9, 9 } };
	struct ms_job_queue *done = suite_job(s, MS_JOB_QUEUE_DONE, &id,
	    suite_list_of(s, suite_part(s, 0)), 1);
	struct ms_job_queue *set = suite_job(s, MS_JOB_QUEUE_SET, &gone,
	    suite_list_of(s, suite_part(s, 0)), 1);
	ms_status st;

	/* One shard for both, whatever it is sharded by. */
	set->job.key = done->job.key;
	st = suite_run_two(s, done, set);
	EXPECT(s, st != MS_OK);
	EXPECT(s, done->job.status != MS_OK);
	EXPECT(s, set->job.status != MS_OK);
	EXPECT_TEXT(s, suite_record(s, id), "stays");
	EXPECT_NUMBER(s, suite_count(s), 1);
	suite_reopen(s);
	EXPECT_NUMBER(s, suite_count(s), 1);
}

static void
batch_of_strangers(struct suite *s)
{
	struct ms_id a = suite_put(s, "a", (struct ms_str)MS_STR("b"));
	struct ms_id gone = { { 9, 9, 9 } };
	struct ms_id c = suite_put(s, "c", (struct ms_str)MS_STR("b"));
	struct ms_job_queue *first = suite_job(s, MS_JOB_QUEUE_DONE, &a,
	    suite_list_of(s, suite_part(s, 0)), 1);
	struct ms_job_queue *bad = suite_job(s, MS_JOB_QUEUE_SET, &gone,
	    suite_list_of(s, suite_part(s, 0)), 1);
	struct ms_job_queue *last = suite_job(s, MS_JOB_QUEUE_SET, &c,
	    suite_list_of(s, suite_part(s, 3)), 1);
	struct ms_job *jobs[] = { &first->job, &bad->job, &last->job };

	(void)ms_mock_run(s->mock, jobs, 3);
	EXPECT_NUMBER(s, first->job.status, MS_OK);
	EXPECT_NUMBER(s, bad->job.status, MS_NOTFOUND);
	EXPECT_NUMBER(s, last->job.status, MS_OK);
	EXPECT_NUMBER(s, suite_count(s), 2);
}

const struct check chain_checks[] = {
	{ "an unrouted part is replaced by several as one", splits },
	{ "a bounce is made and the failed message ended as one", bounces },
	{ "a chain of which one job fails does nothing", falls },
	{ "a job that fails harms no other of its batch", batch_of_strangers },
	{ NULL, NULL },
};
