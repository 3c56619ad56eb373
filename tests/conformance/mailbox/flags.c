/* SPDX-License-Identifier: ISC */
/* flags.c - STORE: flags, keywords, conditions */
#include "suite.h"

static void
add_remove_replace(struct suite *s)
{
	for (int i = 0; i < 3; i++)
		suite_append(s, &s->inbox, "x", 0);
	suite_store(s, &s->inbox, "1:2", MS_STORE_ADD, MS_FLAG_SEEN | MS_FLAG_FLAGGED, NULL);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1 \\Seen \\Flagged,2 \\Seen \\Flagged,3");
	suite_store(s, &s->inbox, "2:3", MS_STORE_REMOVE, MS_FLAG_SEEN, NULL);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1 \\Seen \\Flagged,2 \\Flagged,3");
	suite_store(s, &s->inbox, "1:3", MS_STORE_REPLACE, MS_FLAG_DRAFT, NULL);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1 \\Draft,2 \\Draft,3 \\Draft");
}

static void
unseen_follows(struct suite *s)
{
	for (int i = 0; i < 100; i++)
		suite_append(s, &s->inbox, "x", 0);
	suite_store(s, &s->inbox, "1:90", MS_STORE_ADD, MS_FLAG_SEEN, NULL);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).unseen, 10);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).first_unseen, 91);
	suite_store(s, &s->inbox, "50", MS_STORE_REMOVE, MS_FLAG_SEEN, NULL);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).first_unseen, 50);
	suite_store(s, &s->inbox, "50:100", MS_STORE_ADD, MS_FLAG_SEEN | MS_FLAG_DELETED, NULL);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).first_unseen, 0);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).unseen, 0);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).deleted, 51);
}

static void
keywords(struct suite *s)
{
	struct ms_box b;

	suite_append(s, &s->inbox, "x", 0);
	suite_append(s, &s->inbox, "x", 0);
	suite_store(s, &s->inbox, "1:2", MS_STORE_ADD, 0, "$Junk");
	suite_store(s, &s->inbox, "2", MS_STORE_ADD, MS_FLAG_SEEN, "todo");
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1 $Junk,2 \\Seen $Junk todo");
	/* RFC 9051 2.3.2: case does not matter. */
	suite_store(s, &s->inbox, "1", MS_STORE_REMOVE, 0, "$JUNK");
	suite_store(s, &s->inbox, "2", MS_STORE_REMOVE, 0, "unknown");
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1,2 \\Seen $Junk todo");
	b = suite_status(s, &s->inbox);
	EXPECT_NUMBER(s, b.n_keywords, 2);
	suite_store(s, &s->inbox, "2", MS_STORE_REPLACE, 0, NULL);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1,2");
}

static void
many_keywords(struct suite *s)
{
	const char *all = "1", *most = "1";

	suite_append(s, &s->inbox, "x", 0);
	suite_append(s, &s->inbox, "x", 0);
	for (int i = 0; i < 60; i++) {
		const char *name = suite_printf(s, "key%02d", i);

		suite_store(s, &s->inbox, "1", MS_STORE_ADD, 0, name);
		all = suite_printf(s, "%s %s", all, name);
		if (i != 10 && i != 45)
			most = suite_printf(s, "%s %s", most, name);
	}
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), suite_printf(s, "%s,2", all));
	suite_store(s, &s->inbox, "1:2", MS_STORE_REMOVE, 0, "key45");
	suite_store(s, &s->inbox, "1:2", MS_STORE_REMOVE, 0, "key10");
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), suite_printf(s, "%s,2", most));
	suite_store(s, &s->inbox, "2", MS_STORE_ADD, 0, "key45");
	suite_reopen(s);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), suite_printf(s, "%s,2 key45", most));
	suite_store(s, &s->inbox, "1:2", MS_STORE_REPLACE, 0, "key02");
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "1 key02,2 key02");
}

static void
one_modseq_a_job(struct suite *s)
{
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS, .box = s->inbox,
		.limit = 200 };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;
	uint64_t before, modseq;

	for (int i = 0; i < 100; i++)
		suite_append(s, &s->inbox, "x", 0);
	before = suite_status(s, &s->inbox).modseq;
	modseq = suite_store(s, &s->inbox, "10:95", MS_STORE_ADD, MS_FLAG_SEEN, NULL);
	EXPECT(s, modseq > before);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).modseq, modseq);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	for (uint32_t i = 0; i < rows.n; i++)
		EXPECT(s, (rows.rows[i]->modseq == modseq) ==
		    (rows.rows[i]->uid >= 10 && rows.rows[i]->uid <= 95));
	/* What is so already does not change. */
	EXPECT_NUMBER(s, suite_store(s, &s->inbox, "10:95", MS_STORE_ADD, MS_FLAG_SEEN, NULL),
	    modseq);
}

static void
conditional(struct suite *s)
{
	struct ms_job_store job = { .box = s->inbox, .how = MS_STORE_ADD,
		.flags = MS_FLAG_FLAGGED };
	uint64_t first;

	for (int i = 0; i < 4; i++)
		suite_append(s, &s->inbox, "x", 0);
	first = suite_store(s, &s->inbox, "1:4", MS_STORE_ADD, MS_FLAG_SEEN, NULL);
	suite_store(s, &s->inbox, "2", MS_STORE_ADD, MS_FLAG_ANSWERED, NULL);
	suite_job(s, &job.job, sizeof(job), MS_JOB_STORE);
	job.uids = suite_uids(s, "1:3,9");
	job.unchanged_since = first;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.changed_out), "1,3");
	EXPECT_TEXT(s, suite_uids_text(s, job.failed_out), "2");
	EXPECT_NUMBER(s, job.modseq_out, suite_status(s, &s->inbox).modseq);
	job.unchanged_since = 0;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.changed_out), "");
	EXPECT_TEXT(s, suite_uids_text(s, job.failed_out), "1:3");
}

static void
only_changed_are_named(struct suite *s)
{
	struct ms_job_store job = { .box = s->inbox, .how = MS_STORE_ADD,
		.flags = MS_FLAG_SEEN, .unchanged_since = UINT64_MAX };

	suite_append(s, &s->inbox, "x", MS_FLAG_SEEN);
	suite_append(s, &s->inbox, "x", 0);
	suite_job(s, &job.job, sizeof(job), MS_JOB_STORE);
	job.uids = suite_uids(s, "1:100");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.changed_out), "2");
	EXPECT_TEXT(s, suite_uids_text(s, job.failed_out), "");
}

static void
nonsense(struct suite *s)
{
	struct ms_job_store job = { .box = s->inbox, .how = 9, .unchanged_since = UINT64_MAX };

	suite_append(s, &s->inbox, "x", 0);
	suite_job(s, &job.job, sizeof(job), MS_JOB_STORE);
	job.uids = suite_uids(s, "1");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_INVALID);
	job.how = MS_STORE_ADD;
	job.uids = suite_uids(s, "5,3");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_INVALID);
	job.job.type = 0x1ff;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_UNSUPPORTED);
}

const struct check flag_checks[] = {
	{ "flags are added, removed, replaced", add_remove_replace },
	{ "unseen and its first one follow the flags", unseen_follows },
	{ "keywords are kept by name", keywords },
	{ "a mailbox may have many keywords", many_keywords },
	{ "all of a store get one modseq", one_modseq_a_job },
	{ "a conditional store names what it left alone", conditional },
	{ "a store names only what it changed", only_changed_are_named },
	{ "jobs that make no sense are refused", nonsense },
	{ NULL, NULL },
};
