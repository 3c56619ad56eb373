/* SPDX-License-Identifier: ISC */
/* copies.c - COPY, MOVE, chains */
#include "suite.h"

static struct ms_job_copy
copy(struct suite *s, const struct ms_id *from, const struct ms_id *to, const char *uids,
    uint32_t move)
{
	struct ms_job_copy job = { .from = *from, .to = *to, .move = move };

	suite_job(s, &job.job, sizeof(job), MS_JOB_COPY);
	job.uids = suite_uids(s, uids);
	suite_run(s, &job.job);
	return job;
}

static void
fill(struct suite *s, const struct ms_id *box, int n)
{
	for (int i = 1; i <= n; i++)
		suite_append(s, box, suite_printf(s, "message %d", i), 0);
}

static void
copies(struct suite *s)
{
	struct ms_id other = suite_create(s, "other");
	struct ms_job_copy job;

	fill(s, &s->inbox, 5);
	fill(s, &other, 2);
	suite_store(s, &other, "1", MS_STORE_ADD, 0, "first-there");
	suite_store(s, &s->inbox, "2:3", MS_STORE_ADD, MS_FLAG_SEEN, "$Forwarded");
	job = copy(s, &s->inbox, &other, "2,4:9", 0);
	EXPECT_NUMBER(s, job.job.status, MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.from_out), "2,4:5");
	EXPECT_TEXT(s, suite_uids_text(s, job.to_out), "3:5");
	EXPECT_NUMBER(s, job.uidvalidity_out, suite_status(s, &other).uidvalidity);
	EXPECT_NUMBER(s, job.modseq_out, suite_status(s, &other).modseq);
	EXPECT_TEXT(s, suite_rows(s, &other, 10),
	    "1 first-there,2,3 \\Seen $Forwarded,4,5");
	EXPECT_TEXT(s, suite_body(s, &other, 4), "message 4");
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 5);
	suite_expunge(s, &s->inbox, "");
	EXPECT_TEXT(s, suite_body(s, &other, 3), "message 2");
}

static void
moves(struct suite *s)
{
	struct ms_id other = suite_create(s, "other");
	struct ms_job_copy job;
	uint64_t since;

	fill(s, &s->inbox, 100);
	since = suite_status(s, &s->inbox).modseq;
	job = copy(s, &s->inbox, &other, "3:98", 1);
	EXPECT_NUMBER(s, job.job.status, MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.from_out), "3:98");
	EXPECT_TEXT(s, suite_uids_text(s, job.to_out), "1:96");
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1,2,99,100");
	EXPECT_TEXT(s, suite_vanished(s, &s->inbox, since), "3:98");
	EXPECT_NUMBER(s, job.from_modseq_out, suite_status(s, &s->inbox).modseq);
	EXPECT_TEXT(s, suite_body(s, &other, 96), "message 98");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 98), "NOTFOUND");
	EXPECT_NUMBER(s, suite_status(s, &other).messages, 96);
}

static void
to_itself(struct suite *s)
{
	struct ms_job_copy job;

	fill(s, &s->inbox, 3);
	job = copy(s, &s->inbox, &s->inbox, "1:3", 0);
	EXPECT_NUMBER(s, job.job.status, MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.to_out), "4:6");
	job = copy(s, &s->inbox, &s->inbox, "1:2", 1);
	EXPECT_NUMBER(s, job.job.status, MS_OK);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "3,4,5,6,7,8");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 8), "message 2");
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 6);
}

static void
nothing_to_copy(struct suite *s)
{
	struct ms_id other = suite_create(s, "other"), none = { { 9 } };
	struct ms_job_copy job;

	fill(s, &s->inbox, 1);
	job = copy(s, &s->inbox, &other, "7", 0);
	EXPECT_NUMBER(s, job.job.status, MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.from_out), "");
	EXPECT_NUMBER(s, copy(s, &s->inbox, &none, "1", 0).job.status, MS_NOTFOUND);
	EXPECT_NUMBER(s, copy(s, &none, &s->inbox, "1", 0).job.status, MS_NOTFOUND);
}

/* REPLACE (RFC 8508): an append and an expunge, both or neither. */
static void
chains(struct suite *s)
{
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_job_append append = { .box = s->inbox, .octets = 3 };
	struct ms_job_expunge expunge = { .box = s->inbox };
	struct ms_job *jobs[] = { &append.job, &expunge.job };

	fill(s, &s->inbox, 1);
	suite_job(s, &append.job, sizeof(append), MS_JOB_APPEND);
	suite_job(s, &expunge.job, sizeof(expunge), MS_JOB_EXPUNGE);
	append.job.flags = MS_JOB_JOINED;
	append.body = ms_mock_blob(s->mock, ms_str_c("new"));
	expunge.uids = suite_uids(s, "1");
	expunge.box.octets[0] ^= 1;
	if (ms_mock_run(s->mock, jobs, 2) == MS_UNSUPPORTED) {
		EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 1);
		blob->release(append.body);
		return;		/* a backend that can't may say so */
	}
	EXPECT(s, append.job.status != MS_OK && expunge.job.status != MS_OK);
	EXPECT_NUMBER(s, expunge.job.status, MS_NOTFOUND);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1");
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).uidnext, 2);
	expunge.box.octets[0] ^= 1;
	append.place.len = 0;
	EXPECT_NUMBER(s, ms_mock_run(s->mock, jobs, 2), MS_OK);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "2");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 2), "new");
	blob->release(append.body);
}

/* One job's failure is no other's. */
static void
a_batch(struct suite *s)
{
	struct ms_job_store store[3];
	struct ms_job *jobs[3];

	fill(s, &s->inbox, 3);
	for (uint32_t i = 0; i < 3; i++) {
		store[i] = (struct ms_job_store){ .box = s->inbox, .how = MS_STORE_ADD,
			.flags = MS_FLAG_SEEN, .unchanged_since = UINT64_MAX };
		suite_job(s, &store[i].job, sizeof(store[i]), MS_JOB_STORE);
		store[i].uids = suite_uids(s, suite_printf(s, "%u", i + 1));
		jobs[i] = &store[i].job;
	}
	store[1].box.octets[3] ^= 1;
	ms_mock_run(s->mock, jobs, 3);
	EXPECT_NUMBER(s, store[0].job.status, MS_OK);
	EXPECT_NUMBER(s, store[1].job.status, MS_NOTFOUND);
	EXPECT_NUMBER(s, store[2].job.status, MS_OK);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1 \\Seen,2,3 \\Seen");
}

const struct check copy_checks[] = {
	{ "copies have the flags and the body", copies },
	{ "a move leaves nothing behind but the memory of it", moves },
	{ "a mailbox can be copied to itself", to_itself },
	{ "copying nothing is no error, nowhere is one", nothing_to_copy },
	{ "joined jobs stand or fall together", chains },
	{ "a job that fails harms no other", a_batch },
	{ NULL, NULL },
};
