/* SPDX-License-Identifier: ISC */
/* properties.c - METADATA, ACL, subscriptions, scripts: one mechanism */
#include "suite.h"

static ms_status
put(struct suite *s, const struct ms_id *box, const char *name, const char *value,
    uint64_t unchanged_since, uint64_t *modseq_out)
{
	struct ms_job_property job = { .name = ms_str_c(name), .value = ms_str_c(value),
		.unchanged_since = unchanged_since };

	if (box != NULL)
		job.box = *box;
	suite_job(s, &job.job, sizeof(job), MS_JOB_PROPERTY);
	suite_run(s, &job.job);
	if (modseq_out != NULL)
		*modseq_out = job.modseq_out;
	return job.job.status;
}

/* "box:name=value" with pages of one; box "" (the account's), "I" or "?". */
static const char *
get(struct suite *s, const struct ms_id *box, const char *name, uint64_t since)
{
	static const struct ms_id zero;
	const struct ms_property *after = NULL;
	struct ms_error err = MS_ERROR_INIT;
	const char *text = "";

	for (;;) {
		struct ms_properties out = { .size = sizeof(out) };

		EXPECT_NUMBER(s, s->table->properties(s->self, suite_scope(s), s->account, box,
		    ms_str_c(name), since, after, 1, &out, &err), MS_OK);
		if (out.n == 0)
			return text;
		after = out.properties[0];
		text = suite_printf(s, "%s%s%s:%.*s=%.*s%s", text, text[0] != '\0' ? "," : "",
		    memcmp(&after->box, &zero, sizeof(zero)) == 0 ? "" :
		    memcmp(&after->box, &s->inbox, sizeof(zero)) == 0 ? "I" : "?",
		    (int)after->name.len, after->name.data,
		    (int)after->value.len, after->value.data,
		    (after->flags & 1) != 0 ? " gone" : "");
	}
}

static void
kept(struct suite *s)
{
	struct ms_usage usage = { .size = sizeof(usage) };
	struct ms_error err = MS_ERROR_INIT;

	EXPECT_NUMBER(s, put(s, NULL, "sieve/main", "keep;", UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, put(s, NULL, "sieve/old", "stop;", UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, put(s, &s->inbox, "acl/bob", "lrs", UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, put(s, &s->inbox, "empty", "", UINT64_MAX, NULL), MS_OK);
	suite_reopen(s);
	EXPECT_TEXT(s, get(s, NULL, "sieve/", 0), ":sieve/main=keep;,:sieve/old=stop;");
	EXPECT_TEXT(s, get(s, &s->inbox, "", 0), "I:acl/bob=lrs,I:empty=");
	EXPECT_TEXT(s, get(s, NULL, "", 0),
	    ":sieve/main=keep;,:sieve/old=stop;,I:acl/bob=lrs,I:empty=");
	EXPECT_NUMBER(s, s->table->usage(s->self, suite_scope(s), s->account, &usage, &err), MS_OK);
	EXPECT(s, usage.annotation_octets >= 13);
	EXPECT_NUMBER(s, put(s, NULL, "sieve/old", NULL, UINT64_MAX, NULL), MS_OK);
	EXPECT_TEXT(s, get(s, NULL, "sieve/", 0), ":sieve/main=keep;");
}

static void
changes(struct suite *s)
{
	uint64_t since, before = suite_status(s, &s->inbox).box_modseq;

	EXPECT_NUMBER(s, put(s, &s->inbox, "a", "1", UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, put(s, &s->inbox, "b", "1", UINT64_MAX, &since), MS_OK);
	EXPECT(s, suite_status(s, &s->inbox).box_modseq > before);
	EXPECT_NUMBER(s, put(s, &s->inbox, "a", NULL, UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, put(s, &s->inbox, "c", "2", UINT64_MAX, NULL), MS_OK);
	EXPECT_TEXT(s, get(s, &s->inbox, "", since), "I:a= gone,I:c=2");
	EXPECT_TEXT(s, get(s, &s->inbox, "", 0), "I:b=1,I:c=2");
}

static void
conditions(struct suite *s)
{
	uint64_t modseq;

	EXPECT_NUMBER(s, put(s, NULL, "a", "1", 0, &modseq), MS_OK);
	EXPECT_NUMBER(s, put(s, NULL, "a", "2", 0, NULL), MS_CONFLICT);
	EXPECT_NUMBER(s, put(s, NULL, "a", "2", modseq - 1, NULL), MS_CONFLICT);
	EXPECT_NUMBER(s, put(s, NULL, "a", "2", modseq, NULL), MS_OK);
	EXPECT_TEXT(s, get(s, NULL, "a", 0), ":a=2");
}

static void
shared_with(struct suite *s)
{
	struct ms_accounts names = { .size = sizeof(names) };
	struct ms_error err = MS_ERROR_INIT;

	EXPECT_NUMBER(s, put(s, NULL, "acl/bob", "not on a mailbox", UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c("acl/bob"),
	    ms_str_c(""), 10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 0);
	EXPECT_NUMBER(s, put(s, &s->inbox, "acl/bob", "lr", UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c("acl/bob"),
	    ms_str_c(""), 10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 1);
	EXPECT(s, ms_str_is(names.names[0], "ann"));
	EXPECT_NUMBER(s, put(s, &s->inbox, "acl/bob", NULL, UINT64_MAX, NULL), MS_OK);
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c("acl/bob"),
	    ms_str_c(""), 10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 0);
}

static void
gone_with_the_box(struct suite *s)
{
	struct ms_id a = suite_create(s, "a");
	struct ms_job_box job = { .id = a };
	struct ms_accounts names = { .size = sizeof(names) };
	struct ms_usage usage = { .size = sizeof(usage) };
	struct ms_error err = MS_ERROR_INIT;

	EXPECT_NUMBER(s, put(s, &a, "acl/bob", "lr", UINT64_MAX, NULL), MS_OK);
	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_DELETE);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_TEXT(s, get(s, NULL, "", 0), "");
	EXPECT_NUMBER(s, put(s, &a, "acl/bob", "lr", UINT64_MAX, NULL), MS_NOTFOUND);
	EXPECT_NUMBER(s, s->table->accounts(s->self, suite_scope(s), ms_str_c("acl/bob"),
	    ms_str_c(""), 10, &names, &err), MS_OK);
	EXPECT_NUMBER(s, names.n, 0);
	EXPECT_NUMBER(s, s->table->usage(s->self, suite_scope(s), s->account, &usage, &err), MS_OK);
	EXPECT_NUMBER(s, usage.annotation_octets, 0);
}

static void
limits(struct suite *s)
{
	char *large = ms_arena_alloc(s->arena, 65538);

	memset(large, 'x', 65536);
	EXPECT_NUMBER(s, put(s, NULL, "large", large, UINT64_MAX, NULL), MS_OK);
	large[65536] = 'x';
	EXPECT_NUMBER(s, put(s, NULL, "large", large, UINT64_MAX, NULL), MS_LIMIT);
	EXPECT_NUMBER(s, put(s, NULL, "", "x", UINT64_MAX, NULL), MS_INVALID);
}

const struct check property_checks[] = {
	{ "properties are kept, by mailbox and name", kept },
	{ "changes of properties are told, with what is gone", changes },
	{ "a property changes only under its condition", conditions },
	{ "accounts that share something are found", shared_with },
	{ "properties go with their mailbox", gone_with_the_box },
	{ "a value has at most 64 KiB", limits },
	{ NULL, NULL },
};
