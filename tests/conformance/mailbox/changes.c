/* SPDX-License-Identifier: ISC */
/* changes.c - what changed since a modseq: CONDSTORE, QRESYNC, JMAP */
#include "suite.h"

static void
changed_since(struct suite *s)
{
	uint64_t since;

	for (int i = 0; i < 200; i++)
		suite_append(s, &s->inbox, "x", 0);
	since = suite_status(s, &s->inbox).modseq;
	EXPECT_TEXT(s, suite_changes(s, &s->inbox, since, 10), "");
	suite_store(s, &s->inbox, "150", MS_STORE_ADD, MS_FLAG_SEEN, NULL);
	suite_store(s, &s->inbox, "3:4,90", MS_STORE_ADD, MS_FLAG_SEEN, NULL);
	suite_store(s, &s->inbox, "90", MS_STORE_ADD, MS_FLAG_DRAFT, NULL);
	suite_append(s, &s->inbox, "x", 0);
	EXPECT_TEXT(s, suite_changes(s, &s->inbox, since, 100),
	    "150 \\Seen,3 \\Seen,4 \\Seen,90 \\Seen \\Draft,201");
	EXPECT_TEXT(s, suite_changes(s, &s->inbox, since, 1),
	    "150 \\Seen,3 \\Seen,4 \\Seen,90 \\Seen \\Draft,201");
	EXPECT_TEXT(s, suite_changes(s, &s->inbox, since + 1, 2),
	    "3 \\Seen,4 \\Seen,90 \\Seen \\Draft,201");
}

static void
vanished(struct suite *s)
{
	struct ms_vanished out = { .size = sizeof(out) };
	struct ms_error err = MS_ERROR_INIT;
	uint64_t since, later;

	for (int i = 0; i < 20; i++)
		suite_append(s, &s->inbox, "x", 0);
	suite_expunge(s, &s->inbox, "1");
	since = suite_status(s, &s->inbox).modseq;
	suite_expunge(s, &s->inbox, "10,12");
	later = suite_status(s, &s->inbox).modseq;
	EXPECT(s, later > since);
	suite_expunge(s, &s->inbox, "3:5,11");
	EXPECT_TEXT(s, suite_vanished(s, &s->inbox, 0), "1,3:5,10:12");
	EXPECT_TEXT(s, suite_vanished(s, &s->inbox, since), "3:5,10:12");
	EXPECT_TEXT(s, suite_vanished(s, &s->inbox, later), "3:5,11");
	suite_reopen(s);
	EXPECT_TEXT(s, suite_vanished(s, &s->inbox, later), "3:5,11");
	EXPECT_NUMBER(s, s->table->vanished(s->self, suite_scope(s), s->account, &s->inbox, 0,
	    suite_uids(s, "4:10,30"), &out, &err), MS_OK);
	EXPECT_TEXT(s, suite_uids_text(s, out.uids), "4:5,10");
	EXPECT_NUMBER(s, out.modseq, suite_status(s, &s->inbox).modseq);
}

static void
many_gaps(struct suite *s)
{
	struct ms_buf text = MS_BUF_MAX(1 << 16);
	const char *uids;

	for (int i = 0; i < 1200; i++)
		suite_append(s, &s->inbox, "x", 0);
	for (int i = 2; i <= 1200; i += 2)
		ms_buf_addf(&text, "%s%d", i > 2 ? "," : "", i);
	uids = ms_arena_str(s->arena, ms_buf_str(&text)).data;
	ms_buf_free(&text);
	EXPECT_TEXT(s, suite_expunge(s, &s->inbox, uids), uids);
	EXPECT_TEXT(s, suite_vanished(s, &s->inbox, 1), uids);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 600);
}

/* RFC 8620: one order for all mailboxes of an account. */
static void
account_order(struct suite *s)
{
	struct ms_id other = suite_create(s, "other");
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS, .limit = 2 };
	struct ms_error err = MS_ERROR_INIT;
	const char *text = "";
	uint64_t before = 0;

	suite_append(s, &s->inbox, "x", 0);
	suite_append(s, &other, "x", 0);
	suite_append(s, &s->inbox, "x", 0);
	suite_store(s, &s->inbox, "1", MS_STORE_ADD, MS_FLAG_SEEN, NULL);
	suite_append(s, &other, "x", 0);
	for (;;) {
		struct ms_rows rows = { .size = sizeof(rows) };

		EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows,
		    &err), MS_OK);
		if (rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++) {
			const struct ms_row *row = rows.rows[i];

			EXPECT(s, row->modseq > before);
			before = row->modseq;
			text = suite_printf(s, "%s%c%u ", text,
			    memcmp(&row->box, &other, sizeof(other)) == 0 ? 'o' : 'i', row->uid);
		}
		f.after = rows.rows[rows.n - 1];
	}
	EXPECT_TEXT(s, text, "o1 i2 i1 o2 ");
}

static void
by_email_id(struct suite *s)
{
	struct ms_id other = suite_create(s, "other"), ids[2];
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_IDS, .box = s->inbox,
		.limit = 10 };
	struct ms_job_copy copy = { .from = s->inbox, .to = other };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	for (int i = 0; i < 3; i++)
		suite_append(s, &s->inbox, "x", 0);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	ids[0] = rows.rows[1]->email_id;
	ids[1] = rows.rows[1]->email_id;
	suite_job(s, &copy.job, sizeof(copy), MS_JOB_COPY);
	copy.uids = suite_uids(s, "2");
	EXPECT_NUMBER(s, suite_run(s, &copy.job), MS_OK);
	f = (struct ms_fetch){ .size = sizeof(f), .want = MS_ROW_IDS, .limit = 10,
		.email_ids = ids, .n_email_ids = 2 };
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 2);
	EXPECT_NUMBER(s, rows.rows[0]->uid, 2);
	EXPECT(s, memcmp(&rows.rows[0]->box, &s->inbox, sizeof(other)) == 0);
	EXPECT_NUMBER(s, rows.rows[1]->uid, 1);
	EXPECT(s, memcmp(&rows.rows[1]->box, &other, sizeof(other)) == 0);
	suite_expunge(s, &s->inbox, "2");
	suite_reopen(s);
	EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows, &err),
	    MS_OK);
	EXPECT_NUMBER(s, rows.n, 1);
	EXPECT(s, memcmp(&rows.rows[0]->box, &other, sizeof(other)) == 0);
}

const struct check change_checks[] = {
	{ "changes come in the order of modseqs, in pages", changed_since },
	{ "what vanished is remembered", vanished },
	{ "an expunge may leave any number of gaps", many_gaps },
	{ "modseqs order the changes of an account", account_order },
	{ "a message is found by its email id wherever it is", by_email_id },
	{ NULL, NULL },
};
