/* SPDX-License-Identifier: ISC */
/* parts.c - SET, DONE, CLAIM on the parts of a message */
#include "suite.h"

static const struct ms_part *
only_part(struct suite *s)
{
	struct ms_queue_look look = { .by = MS_QUEUE_BY_MESSAGE };
	const struct ms_part **parts;
	size_t n;

	parts = suite_find(s, look, 10, &n);
	EXPECT_NUMBER(s, n, 1);
	return parts[0];
}

static struct ms_part *
full_part(struct suite *s)
{
	struct ms_part *p = suite_part(s, 7);

	p->state = MS_QUEUE_HELD;
	p->priority = -3;
	p->attempts = 4;
	p->crashes = 2;
	p->delivery = (struct ms_str)MS_STR("internet");
	p->destination = (struct ms_str)MS_STR("example.org");
	p->sender = (struct ms_str)MS_STR("ann@example.com");
	p->record = (struct ms_str){ "to\0bob\r\n", 8 };
	return p;
}

static void
expect_full(struct suite *s, const struct ms_part *p, const struct ms_part *is)
{
	EXPECT_NUMBER(s, is->number, p->number);
	EXPECT_NUMBER(s, is->state, p->state);
	EXPECT_NUMBER(s, is->priority, p->priority);
	EXPECT_NUMBER(s, is->attempts, p->attempts);
	EXPECT_NUMBER(s, is->crashes, p->crashes);
	EXPECT_NUMBER(s, is->next_us, p->next_us);
	EXPECT_NUMBER(s, is->expires_us, p->expires_us);
	EXPECT(s, ms_str_equal(is->delivery, p->delivery));
	EXPECT(s, ms_str_equal(is->destination, p->destination));
	EXPECT(s, ms_str_equal(is->sender, p->sender));
	EXPECT(s, ms_str_equal(is->record, p->record));
}

static void
columns_of_put(struct suite *s)
{
	struct ms_part *p = full_part(s);

	(void)suite_put_parts(s, "r", (struct ms_str)MS_STR("b"), suite_list_of(s, p), 1);
	expect_full(s, p, only_part(s));
	suite_reopen(s);
	expect_full(s, p, only_part(s));
}

static void
columns_of_set(struct suite *s)
{
	struct ms_part *p = full_part(s);
	struct ms_id id;

	p->number = 0;
	id = suite_put(s, "r", (struct ms_str)MS_STR("b"));
	p->next_us = s->now_us + 1000000;
	suite_set(s, id, p);
	expect_full(s, p, only_part(s));
	p->attempts++;
	p->destination = (struct ms_str)MS_STR("mx.example.org");
	p->next_us = s->now_us + 5;
	suite_set(s, id, p);
	expect_full(s, p, only_part(s));
	suite_reopen(s);
	expect_full(s, p, only_part(s));
}

static void
new_record(struct suite *s)
{
	struct ms_id id = suite_put(s, "old", (struct ms_str)MS_STR("b"));
	struct ms_job_queue *job = suite_job(s, MS_JOB_QUEUE_SET, &id,
	    suite_list_of(s, suite_part(s, 0)), 1);

	suite_set(s, id, suite_part(s, 0));
	EXPECT_TEXT(s, suite_record(s, id), "old");
	job->record = (struct ms_str)MS_STR("new");
	EXPECT_NUMBER(s, suite_run(s, job), MS_OK);
	EXPECT_TEXT(s, suite_record(s, id), "new");
	suite_reopen(s);
	EXPECT_TEXT(s, suite_record(s, id), "new");
	EXPECT_TEXT(s, suite_body(s, id), "b");
}

static void
deferred(struct suite *s)
{
	struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));
	struct ms_part *p = suite_part(s, 0);

	EXPECT_NUMBER(s, suite_count_due(s), 1);
	p->next_us = s->now_us + 60000000;
	suite_set(s, id, p);
	EXPECT_NUMBER(s, suite_count_due(s), 0);
	EXPECT_NUMBER(s, suite_count(s), 1);
	suite_reopen(s);
	EXPECT_NUMBER(s, suite_count_due(s), 0);
	suite_advance(s, 59999999);
	EXPECT_NUMBER(s, suite_count_due(s), 0);
	suite_advance(s, 1);
	EXPECT_NUMBER(s, suite_count_due(s), 1);
}

static void
put_for_later(struct suite *s)
{
	struct ms_part *p = suite_part(s, 0);

	p->next_us = s->now_us + 60000000;
	(void)suite_put_parts(s, "r", (struct ms_str)MS_STR("b"), suite_list_of(s, p), 1);
	EXPECT_NUMBER(s, suite_count_due(s), 0);
	suite_advance(s, 60000000);
	EXPECT_NUMBER(s, suite_count_due(s), 1);
}

static void
several(struct suite *s)
{
	const struct ms_part *parts[] = { suite_part(s, 0), suite_part(s, 5),
		suite_part(s, 4711) };
	struct ms_id id = suite_put_parts(s, "r", (struct ms_str)MS_STR("b"), parts, 3);

	EXPECT_NUMBER(s, suite_count(s), 3);
	suite_done(s, id, 5);
	EXPECT_NUMBER(s, suite_count(s), 2);
	suite_done(s, id, 5);
	suite_done(s, id, 6);	/* never was */
	EXPECT_NUMBER(s, suite_count(s), 2);
	suite_reopen(s);
	EXPECT_NUMBER(s, suite_count(s), 2);
	suite_done(s, id, 0);
	EXPECT_TEXT(s, suite_body(s, id), "b");
	suite_done(s, id, 4711);
	EXPECT(s, suite_body(s, id) == NULL);
}

static void
grows(struct suite *s)
{
	struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));

	suite_set(s, id, suite_part(s, 1));
	suite_set(s, id, suite_part(s, 2));
	EXPECT_NUMBER(s, suite_count(s), 3);
	suite_done(s, id, 0);
	suite_done(s, id, 1);
	EXPECT_TEXT(s, suite_body(s, id), "b");
	suite_done(s, id, 2);
	EXPECT(s, suite_body(s, id) == NULL);
	EXPECT_NUMBER(s, suite_count(s), 0);
}

static struct ms_job_queue *
claim(struct suite *s, struct ms_id id, const char *owner, int64_t until)
{
	struct ms_part *p = suite_part(s, 0);

	p->owner = ms_str_c(owner);
	p->owned_until_us = until;
	return suite_job(s, MS_JOB_QUEUE_CLAIM, &id, suite_list_of(s, p), 1);
}

static void
claims(struct suite *s)
{
	struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));
	int64_t until = s->now_us + 1000000;

	EXPECT_NUMBER(s, suite_run(s, claim(s, id, "one", until)), MS_OK);
	EXPECT(s, ms_str_is(only_part(s)->owner, "one"));
	EXPECT_NUMBER(s, only_part(s)->owned_until_us, until);
	EXPECT_NUMBER(s, suite_run(s, claim(s, id, "two", until)), MS_CONFLICT);
	EXPECT(s, ms_str_is(only_part(s)->owner, "one"));
	EXPECT_NUMBER(s, suite_run(s, claim(s, id, "one", until + 1000000)), MS_OK);
	EXPECT_NUMBER(s, suite_count_due(s), 0);
	suite_advance(s, 2000001);
	EXPECT_NUMBER(s, suite_count_due(s), 1);
	EXPECT_NUMBER(s, suite_run(s, claim(s, id, "two", s->now_us + 5)), MS_OK);
	suite_done(s, id, 0);
	EXPECT_NUMBER(s, suite_run(s, claim(s, id, "one", until)), MS_NOTFOUND);
}

const struct check part_checks[] = {
	{ "PUT keeps all columns of a part", columns_of_put },
	{ "SET replaces all columns of a part", columns_of_set },
	{ "SET replaces the record when it brings one", new_record },
	{ "a deferred part is not due before its time", deferred },
	{ "a part may be put for later", put_for_later },
	{ "each part ends by itself, the last one takes the message along", several },
	{ "SET adds parts", grows },
	{ "a part belongs to one node at a time", claims },
	{ NULL, NULL },
};
