/* SPDX-License-Identifier: ISC */
/* boxes.c - the tree of mailboxes */
#include "suite.h"

static ms_status
create(struct suite *s, const char *name, struct ms_id *id_out)
{
	struct ms_job_box job = { .name = ms_str_c(name) };

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
	suite_run(s, &job.job);
	*id_out = job.id;
	return job.job.status;
}

static ms_status
rename_to(struct suite *s, const struct ms_id *id, const char *name)
{
	struct ms_job_box job = { .id = *id, .name = ms_str_c(name) };

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CHANGE);
	return suite_run(s, &job.job);
}

static ms_status
delete(struct suite *s, const struct ms_id *id)
{
	struct ms_job_box job = { .id = *id };

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_DELETE);
	return suite_run(s, &job.job);
}

static void
unknown_account(struct suite *s)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_account *account;

	EXPECT_NUMBER(s, s->table->open(s->self, suite_scope(s), ms_str_c("bob"), ms_str_c(""),
	    &account, &err), MS_NOTFOUND);
}

static void
new_box_is_empty(struct suite *s)
{
	struct ms_box b = suite_status(s, &s->inbox);

	EXPECT_NUMBER(s, b.messages, 0);
	EXPECT_NUMBER(s, b.unseen, 0);
	EXPECT_NUMBER(s, b.uidnext, 1);
	EXPECT(s, b.uidvalidity > 0);
	EXPECT(s, b.modseq > 0);
	EXPECT_NUMBER(s, b.first_unseen, 0);
	EXPECT_NUMBER(s, b.octets, 0);
}

static void
list_is_in_octet_order(struct suite *s)
{
	struct ms_id id;

	suite_create(s, "b");
	suite_create(s, "a/b");
	suite_create(s, "a b");
	EXPECT_NUMBER(s, create(s, "a", &id), MS_EXISTS);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX,a,a b,a/b,b");
}

static void
list_below_a_name(struct suite *s)
{
	suite_create(s, "a/b/c");
	suite_create(s, "a b");
	suite_create(s, "ab");
	EXPECT_TEXT(s, suite_names(s, "a"), "a,a/b,a/b/c");
	EXPECT_TEXT(s, suite_names(s, "a/b"), "a/b,a/b/c");
	EXPECT_TEXT(s, suite_names(s, "nothing"), "");
}

static void
exists_twice(struct suite *s)
{
	struct ms_id id;

	suite_create(s, "work");
	EXPECT_NUMBER(s, create(s, "work", &id), MS_EXISTS);
	EXPECT_NUMBER(s, create(s, "INBOX", &id), MS_EXISTS);
}

static void
bad_names(struct suite *s)
{
	static const char *const names[] = { "", "/", "a/", "/a", "a//b", "a\tb" };
	struct ms_id id;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (create(s, names[i], &id) == MS_OK)
			suite_fail(s, __FILE__, __LINE__, "\"%s\" was taken", names[i]);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX");
}

static void
rename_moves_all_below(struct suite *s)
{
	struct ms_id a = suite_create(s, "a"), c = suite_create(s, "a/b/c");
	uint32_t uid = suite_append(s, &c, "text", 0);

	suite_create(s, "ab");
	EXPECT_NUMBER(s, rename_to(s, &a, "x/y"), MS_OK);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX,ab,x,x/y,x/y/b,x/y/b/c");
	EXPECT_TEXT(s, suite_body(s, &c, uid), "text");
	EXPECT_NUMBER(s, suite_status(s, &c).messages, 1);
}

static void
rename_keeps_what_is_there(struct suite *s)
{
	struct ms_id a = suite_create(s, "a");
	struct ms_box before, after;

	suite_create(s, "b");
	before = suite_status(s, &a);
	EXPECT_NUMBER(s, rename_to(s, &a, "b"), MS_EXISTS);
	EXPECT(s, rename_to(s, &a, "a/below") != MS_OK);
	EXPECT_NUMBER(s, rename_to(s, &a, "c"), MS_OK);
	after = suite_status(s, &a);
	EXPECT_NUMBER(s, after.uidvalidity, before.uidvalidity);
	EXPECT(s, after.box_modseq > before.box_modseq);
	EXPECT_NUMBER(s, after.modseq, before.modseq);
}

static void
deleted_is_gone(struct suite *s)
{
	struct ms_id a = suite_create(s, "a");
	struct ms_error err = MS_ERROR_INIT;
	struct ms_found found = { .size = sizeof(found) };

	suite_append(s, &a, "text", 0);
	EXPECT_NUMBER(s, delete(s, &a), MS_OK);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX");
	EXPECT_NUMBER(s, delete(s, &a), MS_NOTFOUND);
	EXPECT_NUMBER(s, s->table->search(s->self, suite_scope(s), s->account, &a, NULL, 0,
	    &found, &err), MS_NOTFOUND);
}

static void
deleted_and_made_again(struct suite *s)
{
	struct ms_id a = suite_create(s, "a"), again;
	uint32_t before = suite_status(s, &a).uidvalidity;

	EXPECT_NUMBER(s, delete(s, &a), MS_OK);
	again = suite_create(s, "a");
	EXPECT(s, memcmp(&a, &again, sizeof(a)) != 0);
	EXPECT(s, suite_status(s, &again).uidvalidity > before);
	EXPECT_NUMBER(s, suite_status(s, &again).messages, 0);
}

static void
delete_above_others(struct suite *s)
{
	struct ms_id a = suite_create(s, "a"), b = suite_create(s, "a/b"), again;
	struct ms_usage usage = { .size = sizeof(usage) };
	struct ms_error err = MS_ERROR_INIT;

	suite_append(s, &a, "text", 0);
	EXPECT_NUMBER(s, delete(s, &a), MS_OK);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX,a \\Noselect,a/b");
	EXPECT_NUMBER(s, s->table->usage(s->self, suite_scope(s), s->account, &usage, &err), MS_OK);
	EXPECT_NUMBER(s, usage.messages, 0);
	EXPECT_NUMBER(s, usage.octets, 0);
	again = suite_create(s, "a");
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX,a,a/b");
	EXPECT_NUMBER(s, suite_status(s, &again).messages, 0);
	EXPECT_NUMBER(s, delete(s, &b), MS_OK);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX,a");
}

static void
special_use(struct suite *s)
{
	struct ms_job_box job = { .name = ms_str_c("Weg"), .special_use = ms_str_c("\\Trash") };

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, suite_names(s, "Weg"), "Weg \\Trash");
	EXPECT_NUMBER(s, rename_to(s, &job.id, "Fort"), MS_OK);
	EXPECT_TEXT(s, suite_names(s, "Fort"), "Fort \\Trash");
}

/* What list(since) names, with "-" before what is gone. */
static const char *
changed_names(struct suite *s, uint64_t since)
{
	struct ms_boxes boxes = { .size = sizeof(boxes) };
	struct ms_error err = MS_ERROR_INIT;
	const char *text = "";

	EXPECT_NUMBER(s, s->table->list(s->self, suite_scope(s), s->account, ms_str_c(""), 1,
	    since, ms_str_c(""), 100, &boxes, &err), MS_OK);
	for (uint32_t i = 0; i < boxes.n; i++)
		text = suite_printf(s, "%s%s%s%.*s", text, i > 0 ? "," : "",
		    (boxes.boxes[i]->flags & MS_BOX_GONE) != 0 ? "-" : "",
		    (int)boxes.boxes[i]->name.len, boxes.boxes[i]->name.data);
	return text;
}

static void
changes_of_the_list(struct suite *s)
{
	struct ms_id a = suite_create(s, "a"), b = suite_create(s, "b");
	uint64_t since = suite_status(s, &b).box_modseq;

	EXPECT_TEXT(s, changed_names(s, since), "");
	suite_append(s, &a, "mail is no change of the list", 0);
	EXPECT_TEXT(s, changed_names(s, since), "");
	EXPECT_NUMBER(s, rename_to(s, &a, "c"), MS_OK);
	EXPECT_TEXT(s, changed_names(s, since), "c");
	EXPECT_NUMBER(s, delete(s, &b), MS_OK);
	EXPECT_TEXT(s, changed_names(s, since), "-b,c");
	suite_reopen(s);
	EXPECT_TEXT(s, changed_names(s, since), "-b,c");
}

static void
accounts_are_apart(struct suite *s)
{
	struct ms_job_box job = { .name = ms_str_c("INBOX") };
	struct ms_accounts names = { .size = sizeof(names) };
	struct ms_error err = MS_ERROR_INIT;

	suite_append(s, &s->inbox, "ann's", 0);
	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
	job.job.key = ms_str_c("bob");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT(s, memcmp(&job.id, &s->inbox, sizeof(job.id)) != 0);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX");
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c(""), ms_str_c(""),
	    10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 2);
	EXPECT(s, ms_str_is(names.names[0], "ann"));
	EXPECT(s, ms_str_is(names.names[1], "bob"));
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c(""), ms_str_c("ann"),
	    10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 1);
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c(""), ms_str_c("bob"),
	    10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 0);
}

static void
boxes_survive_a_restart(struct suite *s)
{
	struct ms_id a = suite_create(s, "a/b");
	struct ms_box before = suite_status(s, &a), after;

	suite_reopen(s);
	EXPECT_TEXT(s, suite_names(s, ""), "INBOX,a,a/b");
	after = suite_status(s, &a);
	EXPECT_NUMBER(s, after.uidvalidity, before.uidvalidity);
	EXPECT_NUMBER(s, after.modseq, before.modseq);
}

const struct check box_checks[] = {
	{ "an unknown account is not found", unknown_account },
	{ "a new mailbox is empty", new_box_is_empty },
	{ "mailboxes are listed in the order of octets", list_is_in_octet_order },
	{ "a list below a name has no neighbours in it", list_below_a_name },
	{ "a name is given once", exists_twice },
	{ "names that are none are refused", bad_names },
	{ "a rename moves all below", rename_moves_all_below },
	{ "a rename neither overwrites nor renumbers", rename_keeps_what_is_there },
	{ "a deleted mailbox is gone", deleted_is_gone },
	{ "a mailbox made again has a higher UIDVALIDITY", deleted_and_made_again },
	{ "a deleted mailbox with others below leaves its name", delete_above_others },
	{ "a special use stays with its mailbox", special_use },
	{ "changes of the list are told, with what is gone", changes_of_the_list },
	{ "accounts are apart", accounts_are_apart },
	{ "mailboxes survive a restart", boxes_survive_a_restart },
	{ NULL, NULL },
};
