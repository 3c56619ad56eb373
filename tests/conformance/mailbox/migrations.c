/* SPDX-License-Identifier: ISC */
/* migrations.c - what `mansio migrate` asks of a backend: everything as it was */
#include "suite.h"

static struct ms_id
create(struct suite *s, const char *name, uint32_t uidvalidity, uint32_t uidnext,
    uint64_t modseq)
{
	struct ms_job_box job = { .name = ms_str_c(name), .uidvalidity = uidvalidity,
		.uidnext = uidnext, .modseq = modseq, .id = { { 'b', 'o', 'x' } } };

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, job.id.octets[0], 'b');
	return job.id;
}

static ms_status
append(struct suite *s, const struct ms_id *box, uint32_t uid, uint64_t modseq)
{
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_job_append job = { .box = *box, .uid = uid, .modseq = modseq,
		.email_id = { { 'e', (uint8_t)uid } }, .thread_id = { { 't' } },
		.saved_us = 5000000, .arrived_us = 4000000 };
	const char *text = suite_printf(s, "message %u", uid);

	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	job.octets = strlen(text);
	job.body = ms_mock_blob(s->mock, ms_str_c(text));
	suite_run(s, &job.job);
	if (job.job.status == MS_OK)
		EXPECT_NUMBER(s, job.uid_out, uid);
	blob->release(job.body);
	return job.job.status;
}

static void
as_it_was(struct suite *s)
{
	struct ms_id box = create(s, "moved", 4711, 1000, 900);
	struct ms_fetch f = { .size = sizeof(f), .box = box, .limit = 10,
		.want = MS_ROW_IDS | MS_ROW_DATES };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;
	struct ms_box b;

	EXPECT_NUMBER(s, append(s, &box, 7, 500), MS_OK);
	EXPECT_NUMBER(s, append(s, &box, 900, 400), MS_OK);
	EXPECT_NUMBER(s, append(s, &box, 7, 500), MS_EXISTS);
	b = suite_status(s, &box);
	EXPECT_NUMBER(s, b.uidvalidity, 4711);
	EXPECT_NUMBER(s, b.uidnext, 1000);
	EXPECT_NUMBER(s, b.modseq, 900);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 2);
	EXPECT_NUMBER(s, rows.rows[0]->modseq, 500);
	EXPECT_NUMBER(s, rows.rows[0]->saved_us, 5000000);
	EXPECT_NUMBER(s, rows.rows[0]->arrived_us, 4000000);
	EXPECT_NUMBER(s, rows.rows[0]->email_id.octets[0], 'e');
	EXPECT_NUMBER(s, rows.rows[1]->email_id.octets[1], 900 & 0xff);
	EXPECT_NUMBER(s, rows.rows[0]->thread_id.octets[0], 't');
	EXPECT_NUMBER(s, suite_append(s, &box, "new", 0), 1000);
	EXPECT(s, suite_status(s, &box).modseq > 900);
	/* The next one that is made here must not come below. */
	b = suite_status(s, &box);
	box = suite_create(s, "later");
	EXPECT(s, suite_status(s, &box).uidvalidity > 4711);
}

static void
in_any_order(struct suite *s)
{
	struct ms_id box = create(s, "moved", 4711, 0, 1);
	const char *expected = "";
	uint32_t uid = 1;

	/* 7 runs through all residues of 211, which is prime. */
	for (uint32_t i = 0; i < 211; i++) {
		EXPECT_NUMBER(s, append(s, &box, uid, 1000 + i), MS_OK);
		uid = (uid + 7 - 1) % 211 + 1;
	}
	for (uint32_t i = 1; i <= 211; i++)
		expected = suite_printf(s, "%s%s%u", expected, i > 1 ? "," : "", i);
	EXPECT_TEXT(s, suite_rows(s, &box, 50), expected);
	EXPECT_TEXT(s, suite_body(s, &box, 100), "message 100");
	EXPECT_NUMBER(s, suite_status(s, &box).messages, 211);
	EXPECT_NUMBER(s, suite_status(s, &box).first_unseen, 1);
	EXPECT_NUMBER(s, suite_status(s, &box).uidnext, 212);
}

static void
expunges(struct suite *s)
{
	struct ms_id box = create(s, "moved", 4711, 0, 1);
	struct ms_job_expunge job = { .box = box, .modseq = 700 };

	EXPECT_NUMBER(s, append(s, &box, 5, 500), MS_OK);
	EXPECT_NUMBER(s, append(s, &box, 6, 600), MS_OK);
	suite_job(s, &job.job, sizeof(job), MS_JOB_EXPUNGE);
	job.uids = suite_uids(s, "1:3,6,20:21");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_rows(s, &box, 10), "5");
	EXPECT_TEXT(s, suite_vanished(s, &box, 699), "1:3,6,20:21");
	EXPECT_TEXT(s, suite_vanished(s, &box, 700), "");
	EXPECT_NUMBER(s, suite_status(s, &box).uidnext, 22);
	EXPECT_NUMBER(s, append(s, &box, 2, 800), MS_EXISTS);
	job.uids = suite_uids(s, "1:4");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_vanished(s, &box, 699), "1:4,6,20:21");
}

static void
flags(struct suite *s)
{
	struct ms_id box = create(s, "moved", 4711, 0, 1);
	struct ms_job_store job = { .box = box, .how = MS_STORE_REPLACE, .modseq = 812,
		.flags = MS_FLAG_SEEN, .unchanged_since = UINT64_MAX };

	EXPECT_NUMBER(s, append(s, &box, 5, 500), MS_OK);
	suite_job(s, &job.job, sizeof(job), MS_JOB_STORE);
	job.uids = suite_uids(s, "5");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, job.modseq_out, 812);
	EXPECT_NUMBER(s, suite_status(s, &box).modseq, 812);
	EXPECT_TEXT(s, suite_changes(s, &box, 811, 10), "5 \\Seen");
	EXPECT_TEXT(s, suite_changes(s, &box, 812, 10), "");
}

static void
raised(struct suite *s)
{
	struct ms_job_box job = { .id = s->inbox, .uidnext = 50, .modseq = 5000 };
	struct ms_box before = suite_status(s, &s->inbox);

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CHANGE);
	job.uidvalidity = before.uidvalidity + 10;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).uidnext, 50);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).modseq, 5000);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).uidvalidity, before.uidvalidity + 10);
	job.uidnext = 3;
	job.modseq = 3;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).uidnext, 50);
	EXPECT_NUMBER(s, suite_append(s, &s->inbox, "x", 0), 50);
	EXPECT(s, suite_status(s, &s->inbox).modseq > 5000);
}

const struct check migration_checks[] = {
	{ "a migrated mailbox is as it was", as_it_was },
	{ "messages may be migrated in any order", in_any_order },
	{ "expunges are migrated", expunges },
	{ "flags are migrated with their modseq", flags },
	{ "numbers of a mailbox are raised, never lowered", raised },
	{ NULL, NULL },
};
