/* SPDX-License-Identifier: ISC */
/* messages.c - APPEND, FETCH, bodies, EXPUNGE, undelete, quota */
#include <stdlib.h>

#include "suite.h"

static const struct ms_blob_api *
blobs(struct suite *s)
{
	const struct ms_host *host = ms_mock_host(s->mock);

	return host->service(host, MS_BLOB_ID);
}

static void
uids_ascend(struct suite *s)
{
	struct ms_box b;

	for (uint32_t i = 1; i <= 5; i++)
		EXPECT_NUMBER(s, suite_append(s, &s->inbox, "x", 0), i);
	suite_expunge(s, &s->inbox, "5");
	EXPECT_NUMBER(s, suite_append(s, &s->inbox, "x", 0), 6);
	suite_reopen(s);
	EXPECT_NUMBER(s, suite_append(s, &s->inbox, "x", 0), 7);
	b = suite_status(s, &s->inbox);
	EXPECT_NUMBER(s, b.uidnext, 8);
	EXPECT_NUMBER(s, b.messages, 6);
}

static void
counters(struct suite *s)
{
	struct ms_usage usage = { .size = sizeof(usage) };
	struct ms_error err = MS_ERROR_INIT;
	struct ms_box b;

	suite_append(s, &s->inbox, "12345", MS_FLAG_SEEN);
	suite_append(s, &s->inbox, "123", 0);
	suite_append(s, &s->inbox, "1", MS_FLAG_DELETED);
	b = suite_status(s, &s->inbox);
	EXPECT_NUMBER(s, b.messages, 3);
	EXPECT_NUMBER(s, b.unseen, 2);
	EXPECT_NUMBER(s, b.deleted, 1);
	EXPECT_NUMBER(s, b.first_unseen, 2);
	EXPECT_NUMBER(s, b.octets, 9);
	EXPECT_NUMBER(s, s->table->usage(s->self, suite_scope(s), s->account, &usage, &err), MS_OK);
	EXPECT_NUMBER(s, usage.octets, 9);
	EXPECT_NUMBER(s, usage.messages, 3);
	EXPECT_NUMBER(s, usage.mailboxes, 1);
	suite_expunge(s, &s->inbox, "2");
	b = suite_status(s, &s->inbox);
	EXPECT_NUMBER(s, b.messages, 2);
	EXPECT_NUMBER(s, b.unseen, 1);
	EXPECT_NUMBER(s, b.first_unseen, 3);
	EXPECT_NUMBER(s, b.octets, 6);
}

static void
bodies_come_back(struct suite *s)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 4096, 65535, 65536, 65537, 1 << 20,
		(1 << 20) + 1, 5 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = ms_arena_alloc(s->arena, sizes[i] + 1);

		for (size_t k = 0; k < sizes[i]; k++)
			text[k] = (char)('a' + (k * 7 + i) % 26);
		suite_append(s, &s->inbox, text, 0);
	}
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			const char *body = suite_body(s, &s->inbox, (uint32_t)i + 1);

			EXPECT_NUMBER(s, strlen(body), sizes[i]);
			for (size_t k = 0; k < sizes[i]; k++)
				EXPECT(s, body[k] == (char)('a' + (k * 7 + i) % 26));
		}
		suite_reopen(s);
	}
}

static void
pages(struct suite *s)
{
	struct ms_buf expected = MS_BUF_MAX(1 << 16);
	const char *text;

	for (uint32_t i = 1; i <= 200; i++) {
		suite_append(s, &s->inbox, "x", i % 3 == 0 ? MS_FLAG_SEEN : 0);
		if (i % 7 != 0)
			ms_buf_addf(&expected, "%s%u%s", expected.len > 0 ? "," : "", i,
			    i % 3 == 0 ? " \\Seen" : "");
	}
	for (uint32_t i = 7; i <= 200; i += 7)
		suite_expunge(s, &s->inbox, suite_printf(s, "%u", i));
	text = ms_arena_str(s->arena, ms_buf_str(&expected)).data;
	ms_buf_free(&expected);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 1), text);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 79), text);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 1000), text);
}

static void
some_uids(struct suite *s)
{
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS | MS_ROW_SIZE,
		.box = s->inbox, .limit = 3 };
	struct ms_error err = MS_ERROR_INIT;
	struct ms_rows rows = { .size = sizeof(rows) };

	for (uint32_t i = 1; i <= 200; i++)
		suite_append(s, &s->inbox, "four", 0);
	f.uids = suite_uids(s, "2,80:82,199:300");
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 3);
	EXPECT_NUMBER(s, rows.rows[0]->uid, 2);
	EXPECT_NUMBER(s, rows.rows[2]->uid, 81);
	EXPECT_NUMBER(s, rows.rows[2]->octets, 4);
	f.after = rows.rows[2];
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 3);
	EXPECT_NUMBER(s, rows.rows[0]->uid, 82);
	EXPECT_NUMBER(s, rows.rows[2]->uid, 200);
	f.after = rows.rows[2];
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 0);
	f.uids = suite_uids(s, "5:2");
	f.after = NULL;
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_INVALID);
}

static void
metadata(struct suite *s)
{
	static const struct ms_id zero;
	struct ms_str keyword = MS_STR("$Forwarded");
	struct ms_job_append job = { .box = s->inbox, .octets = 4, .flags = MS_FLAG_SEEN,
		.keywords = &keyword, .n_keywords = 1, .arrived_us = INT64_C(1234567890123456),
		.digest = ms_str_c("what it looks like") };
	struct ms_fetch f = { .size = sizeof(f), .box = s->inbox, .limit = 10,
		.want = MS_ROW_FLAGS | MS_ROW_SIZE | MS_ROW_DATES | MS_ROW_IDS | MS_ROW_DIGEST };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	job.body = ms_mock_blob(s->mock, ms_str_c("text"));
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	blobs(s)->release(job.body);
	EXPECT_NUMBER(s, job.uidvalidity_out, suite_status(s, &s->inbox).uidvalidity);
	EXPECT_NUMBER(s, job.modseq_out, suite_status(s, &s->inbox).modseq);
	suite_append(s, &s->inbox, "another", 0);
	suite_reopen(s);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 2);
	EXPECT_NUMBER(s, rows.rows[0]->octets, 4);
	EXPECT_NUMBER(s, rows.rows[0]->arrived_us, INT64_C(1234567890123456));
	EXPECT(s, rows.rows[0]->saved_us > 0);
	EXPECT_NUMBER(s, rows.rows[0]->n_keywords, 1);
	EXPECT(s, ms_str_is(rows.rows[0]->keywords[0], "$Forwarded"));
	EXPECT(s, ms_str_is(rows.rows[0]->digest, "what it looks like"));
	EXPECT(s, memcmp(&rows.rows[0]->email_id, &zero, sizeof(zero)) != 0);
	EXPECT(s, memcmp(&rows.rows[0]->email_id, &rows.rows[1]->email_id, sizeof(zero)) != 0);
	EXPECT(s, memcmp(&rows.rows[0]->box, &s->inbox, sizeof(zero)) == 0);
	EXPECT_NUMBER(s, rows.rows[1]->digest.len, 0);
	EXPECT_NUMBER(s, rows.modseq, suite_status(s, &s->inbox).modseq);
}

static void
one_body_for_many(struct suite *s)
{
	struct ms_id other = suite_create(s, "other");
	struct ms_job_append jobs[6];
	struct ms_job *all[6];
	struct ms_blob *body = ms_mock_blob(s->mock, ms_str_c("for all of you"));

	for (uint32_t i = 0; i < 6; i++) {
		jobs[i] = (struct ms_job_append){ .box = i % 2 == 0 ? s->inbox : other,
			.body = body, .octets = 14 };
		suite_job(s, &jobs[i].job, sizeof(jobs[i]), MS_JOB_APPEND);
		all[i] = &jobs[i].job;
	}
	EXPECT_NUMBER(s, ms_mock_run(s->mock, all, 6), MS_OK);
	blobs(s)->release(body);
	EXPECT_NUMBER(s, jobs[4].uid_out, 3);
	suite_expunge(s, &s->inbox, "1:2");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 3), "for all of you");
	EXPECT_TEXT(s, suite_body(s, &other, 1), "for all of you");
}

static void
append_to_nothing(struct suite *s)
{
	struct ms_job_append job = { .box = { { 1 } }, .octets = 1 };

	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	job.body = ms_mock_blob(s->mock, ms_str_c("x"));
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_NOTFOUND);
	job.job.key = ms_str_c("nobody");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_NOTFOUND);
	blobs(s)->release(job.body);
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 1), "NOTFOUND");
}

static void
expunge_only_deleted(struct suite *s)
{
	struct ms_job_expunge job = { .box = s->inbox, .only_deleted = 1 };

	for (int i = 0; i < 6; i++)
		suite_append(s, &s->inbox, "x", i % 2 == 0 ? MS_FLAG_DELETED : 0);
	suite_job(s, &job.job, sizeof(job), MS_JOB_EXPUNGE);
	job.uids = suite_uids(s, "1:3");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.gone_out), "1,3");
	job.uids.n = 0;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.gone_out), "5");
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).deleted, 0);
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "2,4,6");
}

static void
expunge_all_of_many(struct suite *s)
{
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS, .box = s->inbox,
		.limit = 100 };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	for (int i = 0; i < 250; i++)
		suite_append(s, &s->inbox, "x", 0);
	EXPECT_TEXT(s, suite_expunge(s, &s->inbox, "3:120,200:240"), "3:120,200:240");
	EXPECT_TEXT(s, suite_expunge(s, &s->inbox, "100:130"), "121:130");
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 81);
	EXPECT_TEXT(s, suite_expunge(s, &s->inbox, ""), "1:2,131:199,241:250");
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 0);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).octets, 0);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 0);
	EXPECT_NUMBER(s, suite_append(s, &s->inbox, "x", 0), 251);
}

static void
undelete(struct suite *s)
{
	struct ms_job_copy job = { .from = s->inbox, .to = s->inbox };
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_EXPUNGED | MS_ROW_FLAGS,
		.box = s->inbox, .limit = 10 };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	suite_append(s, &s->inbox, "one", MS_FLAG_FLAGGED | MS_FLAG_DELETED);
	suite_append(s, &s->inbox, "two", 0);
	suite_store(s, &s->inbox, "1", MS_STORE_ADD, 0, "kept");
	suite_expunge(s, &s->inbox, "1");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 1), "one");
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 1);
	EXPECT_NUMBER(s, rows.rows[0]->uid, 1);
	suite_job(s, &job.job, sizeof(job), MS_JOB_RESTORE);
	job.uids = suite_uids(s, "1");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.from_out), "1");
	EXPECT_TEXT(s, suite_uids_text(s, job.to_out), "3");
	EXPECT_TEXT(s, suite_rows(s, &s->inbox, 10), "2,3 \\Flagged kept");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 3), "one");
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 0);
}

static void
expunged_for_ever(struct suite *s)
{
	struct ms_job_expunge job = { .box = s->inbox, .forever = 1 };

	suite_append(s, &s->inbox, "one", 0);
	suite_job(s, &job.job, sizeof(job), MS_JOB_EXPUNGE);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, job.gone_out), "1");
	EXPECT_TEXT(s, suite_body(s, &s->inbox, 1), "NOTFOUND");
}

static void
quota(struct suite *s)
{
	struct ms_job_append job = { .box = s->inbox, .octets = 5, .limit_octets = 12 };
	struct ms_id other = suite_create(s, "other");
	struct ms_job_copy copy = { .from = s->inbox, .to = other, .limit_messages = 2 };

	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	for (int i = 0; i < 3; i++) {
		job.body = ms_mock_blob(s->mock, ms_str_c("12345"));
		job.place.len = 0;
		EXPECT_NUMBER(s, suite_run(s, &job.job), i < 2 ? MS_OK : MS_OVERQUOTA);
		blobs(s)->release(job.body);
	}
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 2);
	suite_job(s, &copy.job, sizeof(copy), MS_JOB_COPY);
	copy.uids = suite_uids(s, "1:2");
	EXPECT_NUMBER(s, suite_run(s, &copy.job), MS_OVERQUOTA);
	copy.limit_messages = 3;
	EXPECT_NUMBER(s, suite_run(s, &copy.job), MS_OVERQUOTA);
	EXPECT_NUMBER(s, suite_status(s, &other).messages, 0);
	copy.limit_messages = 4;
	EXPECT_NUMBER(s, suite_run(s, &copy.job), MS_OK);
	EXPECT_NUMBER(s, suite_status(s, &other).messages, 2);
}

static void
threads(struct suite *s)
{
	static const uint64_t keys[4][2] = { { 1, 2 }, { 3, 2 }, { 9, 10 }, { 11, 3 } };
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_IDS, .box = s->inbox,
		.limit = 10 };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	for (size_t i = 0; i < 4; i++) {
		struct ms_job_append job = { .box = s->inbox, .octets = 1,
			.thread_keys = keys[i], .n_thread_keys = 2 };

		suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
		job.body = ms_mock_blob(s->mock, ms_str_c("x"));
		EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
		blobs(s)->release(job.body);
	}
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 4);
	EXPECT(s, memcmp(&rows.rows[0]->thread_id, &rows.rows[1]->thread_id, 16) == 0);
	EXPECT(s, memcmp(&rows.rows[0]->thread_id, &rows.rows[2]->thread_id, 16) != 0);
	EXPECT(s, memcmp(&rows.rows[0]->thread_id, &rows.rows[3]->thread_id, 16) == 0);
}

static void
mark(struct suite *s)
{
	struct ms_job_mark job = { .box = s->inbox, .recent_from = 3 };
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_DIGEST, .box = s->inbox,
		.limit = 10 };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	suite_append(s, &s->inbox, "x", 0);
	suite_append(s, &s->inbox, "x", 0);
	suite_job(s, &job.job, sizeof(job), MS_JOB_MARK);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, job.recent_from_out, 1);
	job.recent_from = 2;
	job.uid = 2;
	job.digest = ms_str_c("made anew");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, job.recent_from_out, 3);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).recent_from, 3);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT(s, ms_str_is(rows.rows[1]->digest, "made anew"));
}

const struct check message_checks[] = {
	{ "UIDs ascend and never come again", uids_ascend },
	{ "counters follow appends and expunges", counters },
	{ "bodies of all sizes come back, also after a restart", bodies_come_back },
	{ "pages join without gap or repetition", pages },
	{ "named UIDs alone are fetched, in pages", some_uids },
	{ "metadata comes back", metadata },
	{ "one body serves many messages", one_body_for_many },
	{ "an append to no mailbox is refused", append_to_nothing },
	{ "an expunge of deleted ones leaves the others", expunge_only_deleted },
	{ "a mailbox can be emptied", expunge_all_of_many },
	{ "what was expunged can be read and restored", undelete },
	{ "what was expunged for ever is gone", expunged_for_ever },
	{ "quota holds for appends and copies, all or nothing", quota },
	{ "who shares a thread key shares the thread", threads },
	{ "marks are raised and kept", mark },
	{ NULL, NULL },
};
