/* SPDX-License-Identifier: ISC */
#include <stdatomic.h>
#include <stdio.h>

#include "pipeline_world.h"
#include "base/clock.h"

/* A filter that does as it is told. */
struct ms_instance {
	struct ms_filter_plan plan;
	uint32_t    action;
	ms_status   status;
	useconds_t  takes;
	const char *field;		/* header field to prepend */
	const char *fact, *value;	/* to set */
	const char *looks_at;		/* fact whose value is copied to `seen` */
	char        seen[32];
	atomic_int  calls;
	int64_t     began, ended;
};

static const struct ms_filter_plan *
told_plan(struct ms_instance *self)
{
	return &self->plan;
}

static ms_status
told_judge(struct ms_instance *self, const struct ms_scope *s, const struct ms_look *look,
    struct ms_error *err)
{
	(void)s;
	self->began = clock_steady_us();
	atomic_fetch_add(&self->calls, 1);
	if (self->takes > 0)
		usleep(self->takes);
	if (self->looks_at != NULL) {
		struct ms_str v = facts_get_c(message_service.facts(look->message),
		    self->looks_at);

		snprintf(self->seen, sizeof(self->seen), "%.*s", (int)v.len,
		    v.data != NULL ? v.data : "");
	}
	if (self->field != NULL)
		message_service.edit_header(look->message, MS_HEADER_PREPEND,
		    ms_str_c(self->field), 0, ms_str_c("x"), NULL);
	if (self->fact != NULL)
		self->status = facts_service.set(message_service.facts(look->message),
		    ms_str_c(self->fact), ms_str_c(self->value), err);
	look->verdict->action = self->action;
	look->verdict->score = 500;
	self->ended = clock_steady_us();
	return self->status;
}

static const struct ms_filter told = { .size = sizeof(told), .plan = told_plan,
	.judge = told_judge };

static struct ms_instance f[4];
static struct stage stages[4];
static struct pipeline pipeline = { .name = "test", .stages = stages };

static void
set_up(void)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	world_begin();
	for (int i = 0; i < 4; i++) {
		f[i].plan = (struct ms_filter_plan){ .size = sizeof(f[i].plan),
			.at = MS_AT_BODY, .cost = 3 };
		f[i].plan.touches = 1 << 1;	/* header fields */
		stages[i] = (struct stage){ .name = names[i], .filter = &told,
			.self = &f[i], .plan = &f[i].plan, .timeout_us = 2000000 };
	}
}

static const struct ms_verdict *
run(struct ms_message *m, size_t n)
{
	struct ms_op *op;

	pipeline.n_stages = n;
	pipeline.at = 0;
	pipeline_link(&pipeline);
	op = run_point(&scope.pub, &pipeline, NULL, m, MS_AT_BODY, 0);
	cr_assert_eq(op_await(&scope.pub, op, NULL), MS_OK);
	cr_assert(op_is_kind(op, &run_kind));
	return &((struct outcome *)op_payload(op))->all;
}

TestSuite(run, .init = set_up, .fini = world_end, .timeout = 20);

Test(run, lets_the_strictest_verdict_win_and_adds_scores)
{
	f[0].action = MS_QUARANTINE;
	f[1].action = MS_DEFER;
	const struct ms_verdict *v = run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 3);

	cr_assert_eq(v->action, MS_DEFER);
	cr_assert_eq(v->score, 1500);
}

Test(run, has_independent_stages_side_by_side)
{
	struct ms_message *m = message_of("a@x", "b@y", "A: b\r\n\r\n");
	int64_t began = clock_steady_us();

	for (int i = 0; i < 4; i++)
		f[i].takes = 100000;
	run(m, 4);
	cr_assert_lt(clock_steady_us() - began, 300000, "one after the other is 400 ms");
	cr_assert_lt(f[3].began, f[0].ended);
}

Test(run, has_a_stage_wait_for_the_facts_it_needs)
{
	static const char *const gives[] = { "spf.result", NULL }, *const needs[] = { "spf.", NULL };

	f[0].plan.gives = gives;
	f[0].fact = "spf.result";
	f[0].value = "pass";
	f[0].takes = 50000;
	f[1].plan.needs = needs;
	f[1].looks_at = "spf.result";
	run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 2);
	cr_assert_geq(f[1].began, f[0].ended);
	cr_assert_str_eq(f[1].seen, "pass");
}

Test(run, hides_facts_that_a_stage_did_not_declare)
{
	struct ms_message *m = message_of("a@x", "b@y", "A: b\r\n\r\n");

	facts_set_c(m->facts, "dkim.results", "secret");
	f[0].looks_at = "dkim.results";
	f[1].fact = "not.declared";
	f[1].value = "x";
	run(m, 2);
	cr_assert_str_eq(f[0].seen, "");
	cr_assert_eq(f[1].status, MS_DENIED);
	cr_assert_null(facts_get_c(m->facts, "not.declared").data);
}

Test(run, applies_edits_in_the_order_of_the_pipeline)
{
	struct ms_message *m = message_of("a@x", "b@y", "A: b\r\n\r\n");

	f[0].field = "X-First";
	f[0].takes = 60000;	/* the slower one */
	f[1].field = "X-Second";
	run(m, 2);
	cr_assert_str_eq(content_of(m), "X-Second: x\r\nX-First: x\r\nA: b\r\n\r\n");
}

Test(run, counts_an_answer_past_its_timeout_as_a_failure)
{
	struct ms_message *m = message_of("a@x", "b@y", "A: b\r\n\r\n");
	int64_t began = clock_steady_us();
	const struct ms_verdict *v;

	f[0].takes = 500000;
	f[0].field = "X-Late";
	f[0].action = MS_REJECT;
	stages[0].timeout_us = 50000;
	v = run(m, 1);
	cr_assert_lt(clock_steady_us() - began, 300000);
	cr_assert_eq(v->action, MS_DEFER, "on-error = tempfail");
	usleep(600000);		/* the call comes back, and changes nothing */
	cr_assert_str_eq(content_of(m), "A: b\r\n\r\n");
}

static const struct { uint32_t on_error, action; } decisions[] = {
	{ ON_ERROR_TEMPFAIL, MS_DEFER }, { ON_ERROR_CONTINUE, MS_NO_OPINION },
	{ ON_ERROR_REJECT, MS_REJECT }, { ON_ERROR_NEXT, MS_NO_OPINION },
};

Test(run, lets_on_error_decide_when_a_filter_cannot)
{
	for (size_t i = 0; i < 4; i++) {
		f[0].status = MS_TEMPFAIL;
		f[0].action = MS_QUARANTINE;	/* of no use: it failed */
		stages[0].on_error = decisions[i].on_error;
		cr_assert_eq(run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 1)->action,
		    decisions[i].action, "%zu", i);
	}
}

Test(run, drops_what_a_shadowed_stage_says)
{
	struct ms_message *m = message_of("a@x", "b@y", "A: b\r\n\r\n");

	f[0].action = MS_REJECT;
	f[0].field = "X-Shadow";
	stages[0].is_shadow = true;
	cr_assert_eq(run(m, 1)->action, MS_NO_OPINION);
	cr_assert_eq(atomic_load(&f[0].calls), 1);
	cr_assert_str_eq(content_of(m), "A: b\r\n\r\n");
	cr_assert_not_null(strstr(m->trace.data, "a(shadow) reject"));
}

Test(run, spares_the_costly_once_a_cheap_one_refused)
{
	f[0].plan.cost = 5;
	f[1].plan.cost = 1;
	f[1].action = MS_REJECT;
	cr_assert_eq(run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 2)->action, MS_REJECT);
	cr_assert_eq(atomic_load(&f[0].calls), 0);
}

Test(run, ends_a_point_for_the_rest_at_an_accept)
{
	f[0].plan.cost = 1;
	f[0].action = MS_ACCEPT;
	f[1].plan.cost = 1;
	f[1].action = MS_REJECT;
	cr_assert_eq(run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 2)->action, MS_ACCEPT);
	cr_assert_eq(atomic_load(&f[1].calls), 0);
}

Test(run, asks_only_at_the_points_and_when_conditions_hold)
{
	struct when small = { .subject = WHEN_SIZE, .relation = WHEN_LESS, .octets = 5 };

	stages[0].when = &small;
	stages[0].n_when = 1;
	f[1].plan.at = MS_AT_RCPT;
	run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 2);
	cr_assert_eq(atomic_load(&f[0].calls), 0);
	cr_assert_eq(atomic_load(&f[1].calls), 0);
	run(message_of("a@x", "b@y", "\r\n\r\n"), 2);
	cr_assert_eq(atomic_load(&f[0].calls), 1);
}

Test(run, refuses_calls_of_a_full_lane)
{
	stages[0].lane.max = 1;
	stages[0].lane.busy = 1;
	cr_assert_eq(run(message_of("a@x", "b@y", "A: b\r\n\r\n"), 1)->action, MS_DEFER);
	cr_assert_eq(atomic_load(&f[0].calls), 0);
}

Test(run, remembers_what_is_wanted_of_an_accepted_message)
{
	struct ms_message *m = message_of("a@x", "b@y", "A: b\r\n\r\n");

	f[0].action = MS_DISCARD;
	run(m, 1);
	cr_assert_eq(m->decision, MS_DISCARD);
}
