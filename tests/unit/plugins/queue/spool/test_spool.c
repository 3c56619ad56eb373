/* SPDX-License-Identifier: ISC */
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

TestSuite(spool, .init = setup, .fini = teardown);

Test(spool, keeps_what_it_accepted)
{
	struct ms_part parts[MOST];
	struct ms_id id;

	rig_start(rig);
	id = put("hello");
	cr_assert_eq(id.octets[14], 0);
	cr_assert_eq(id.octets[15], 0);
	cr_assert_eq(rig_list(rig, MS_QUEUE_BY_TIME, rig_now(rig), 10, parts, MOST), 1);
	cr_assert(same(parts[0].message, id));
	cr_assert_eq(parts[0].number, 0);
	cr_assert_eq(parts[0].state, MS_QUEUE_WAITS);
	cr_assert_str_eq(rig_record(rig, id), "hello");
	cr_assert_str_eq(rig_body(rig, id), "hello");
	cr_assert_eq(n_events("queue/new"), 1);
}

Test(spool, accepts_an_empty_body)
{
	struct ms_id id;

	rig_start(rig);
	id = put("");
	cr_assert_str_eq(rig_body(rig, id), "");
}

Test(spool, gives_ids_that_ascend)
{
	struct ms_id a, b, c;

	rig_start(rig);
	a = put("a");
	b = put("b");
	/* Also when the clock is set back. */
	rig_set_time(rig, rig_now(rig) - DAY);
	restart(NULL);
	c = put("c");
	cr_assert_lt(memcmp(&a, &b, sizeof(a)), 0);
	cr_assert_lt(memcmp(&b, &c, sizeof(a)), 0);
}

Test(spool, forgets_what_is_done)
{
	struct ms_id id;

	rig_start(rig);
	id = put("hello");
	cr_assert_eq(rig_done(rig, id, 0), MS_OK);
	cr_assert_eq(n_due(), 0);
	cr_assert_null(rig_record(rig, id));
	cr_assert_eq(rig_done(rig, id, 0), MS_OK, "saying so again does no harm");
	restart(NULL);
	cr_assert_eq(n_due(), 0);
	cr_assert_null(rig_body(rig, id));
}

Test(spool, brings_back_after_a_restart_what_is_not_done)
{
	struct ms_id ids[100];
	struct ms_part parts[MOST];

	rig_start(rig);
	for (int i = 0; i < 100; i++)
		ids[i] = put("mail");
	for (int i = 0; i < 100; i++)
		if (i % 3 != 0)
			cr_assert_eq(rig_done(rig, ids[i], 0), MS_OK);
	restart(NULL);
	cr_assert_eq(rig_list(rig, MS_QUEUE_BY_TIME, rig_now(rig), 7, parts, MOST), 34);
	for (size_t i = 0; i < 34; i++)
		cr_assert(same(parts[i].message, ids[3 * i]), "place %zu", i);
	cr_assert_str_eq(rig_body(rig, ids[0]), "mail");
	cr_assert_eq(rig_verify(rig), 0);
}

Test(spool, tries_a_deferred_part_when_its_time_has_come)
{
	struct ms_part parts[MOST];
	struct ms_id id, other;
	int64_t later;

	rig_start(rig);
	id = put("deferred");
	other = put("other");
	later = rig_now(rig) + 300 * 1000000;
	cr_assert_eq(rig_set(rig, id, 0, later, "example.org"), MS_OK);
	cr_assert_eq(rig_done(rig, other, 0), MS_OK);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(n_due(), 0);
		cr_assert_eq(n_all(), 1);
		cr_assert_str_eq(rig_record(rig, id), "deferred");
		cr_assert_str_eq(rig_body(rig, id), "deferred");
		restart(NULL);
	}
	rig_set_time(rig, later);
	cr_assert_eq(rig_list(rig, MS_QUEUE_BY_TIME, later, 10, parts, MOST), 1);
	cr_assert_eq(parts[0].attempts, 1);
	cr_assert_eq(parts[0].next_us, later);
	cr_assert(ms_str_is(parts[0].destination, "example.org"));
	cr_assert_eq(rig_done(rig, id, 0), MS_OK);
	cr_assert_null(rig_record(rig, id));
	restart(NULL);
	cr_assert_eq(n_all(), 0);
	cr_assert_null(rig_record(rig, id));
	cr_assert_eq(rig_verify(rig), 0);
}

static int
by_time(const struct ms_part *a, const struct ms_part *b)
{
	int c;

	if (a->next_us != b->next_us)
		return a->next_us < b->next_us ? -1 : 1;
	c = memcmp(&a->message, &b->message, sizeof(a->message));
	return c != 0 ? c : (int)a->number - (int)b->number;
}

/* Some done, some deferred, some with several parts, some new. */
static size_t
make_mixture(struct ms_id *ids, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct ms_part a = { .size = sizeof(a), .number = 1,
			.state = MS_QUEUE_WAITS, .destination = MS_STR("b.example") };
		struct ms_part b = { .size = sizeof(b), .number = 7,
			.state = MS_QUEUE_WAITS, .destination = MS_STR("a.example") };
		const struct ms_part *both[] = { &a, &b };

		rig_advance(rig, (int64_t)(i % 3));
		if (i % 5 == 4)
			cr_assert_eq(rig_put_parts(rig, "two",
			    (struct ms_str)MS_STR("two"), both, 2, &ids[i]), MS_OK);
		else
			ids[i] = put("one");
	}
	for (size_t i = 0; i < n; i++) {
		if (i % 5 == 1)
			cr_assert_eq(rig_done(rig, ids[i], 0), MS_OK);
		else if (i % 5 == 2)
			cr_assert_eq(rig_set(rig, ids[i], 0, rig_now(rig) -
			    (int64_t)(i % 7), i % 2 == 0 ? "z.example" : ""), MS_OK);
		else if (i % 10 == 4)
			cr_assert_eq(rig_done(rig, ids[i], 1), MS_OK);
		left += i % 5 == 1 ? 0 : i % 10 == 9 ? 2 : 1;
	}
	return left;
}

Test(spool, pages_through_rows_and_journal_in_one_order)
{
	static const uint32_t pages[] = { 1, 3, 100 };
	static struct ms_part parts[MOST];
	struct ms_id ids[600];
	size_t left;

	rig_start(rig);
	left = make_mixture(ids, 600);
	for (int round = 0; round < 3; round++) {
		for (size_t p = 0; p < 3; p++) {
			cr_assert_eq(rig_list(rig, MS_QUEUE_BY_TIME, rig_now(rig), pages[p],
			    parts, MOST), left, "round %d page %u", round, pages[p]);
			for (size_t i = 1; i < left; i++)
				cr_assert_lt(by_time(&parts[i - 1], &parts[i]), 0, "at %zu", i);
			cr_assert_eq(rig_list(rig, MS_QUEUE_BY_MESSAGE, 0, pages[p], parts,
			    MOST), left);
			for (size_t i = 1; i < left; i++)
				cr_assert_leq(memcmp(&parts[i - 1].message, &parts[i].message,
				    16), 0);
			cr_assert_eq(rig_list(rig, MS_QUEUE_BY_DESTINATION, 0, pages[p],
			    parts, MOST), left, "by destination, round %d page %u", round,
			    pages[p]);
			for (size_t i = 1; i < left; i++)
				cr_assert_leq(ms_str_compare(parts[i - 1].destination,
				    parts[i].destination), 0);
		}
		/* In memory; then with rows for what was overtaken; then anew. */
		if (round == 0) {
			rig_flush(rig);
			rig_advance(rig, 300000);
			rig_run_tasks(rig);
			rig_flush(rig);
		} else {
			restart(NULL);
		}
	}
	cr_assert_eq(rig_verify(rig), 0);
}

Test(spool, filters_what_it_lists)
{
	struct ms_queue_look look = { .size = sizeof(look), .by = MS_QUEUE_BY_DESTINATION,
		.destination = MS_STR("b.example"), .limit = 1000 };
	struct ms_parts parts = { .size = sizeof(parts) };
	struct ms_error err = { .size = sizeof(err) };
	struct ms_id ids[100];

	rig_start(rig);
	make_mixture(ids, 100);
	cr_assert_eq(rig_queue(rig)->find(rig_instance(rig), rig_scope(rig), &look,
	    &parts, &err), MS_OK);
	cr_assert_eq(parts.n, 10);
	look = (struct ms_queue_look){ .size = sizeof(look), .by = MS_QUEUE_BY_MESSAGE,
		.message = &ids[9], .limit = 1000 };
	cr_assert_eq(rig_queue(rig)->find(rig_instance(rig), rig_scope(rig), &look,
	    &parts, &err), MS_OK);
	cr_assert_eq(parts.n, 2);
	cr_assert_eq(parts.parts[0]->number, 1);
	cr_assert_eq(parts.parts[1]->number, 7);
	look = (struct ms_queue_look){ .size = sizeof(look), .by = MS_QUEUE_BY_TIME,
		.state = MS_QUEUE_PARKED, .limit = 1000 };
	cr_assert_eq(rig_queue(rig)->find(rig_instance(rig), rig_scope(rig), &look,
	    &parts, &err), MS_OK);
	cr_assert_eq(parts.n, 0);
}

/* ---- chains ---- */

Test(spool, replaces_the_unrouted_part_by_several)
{
	struct ms_part a = { .size = sizeof(a), .number = 1, .state = MS_QUEUE_WAITS,
		.destination = MS_STR("a.example") };
	struct ms_part b = { .size = sizeof(b), .number = 2, .state = MS_QUEUE_WAITS,
		.destination = MS_STR("b.example") };
	struct ms_part zero = { .size = sizeof(zero) };
	const struct ms_part *two[] = { &a, &b }, *one[] = { &zero };
	struct ms_job_queue set, done;
	struct ms_job *jobs[] = { &set.job, &done.job };
	struct ms_part parts[MOST];

	rig_start(rig);
	/* In either order. */
	for (int i = 0; i < 2; i++) {
		struct ms_id id = put("several");

		fill_job(&set, MS_JOB_QUEUE_SET, &id, two, 2);
		fill_job(&done, MS_JOB_QUEUE_DONE, &id, one, 1);
		jobs[i] = &set.job;
		jobs[1 - i] = &done.job;
		jobs[0]->flags = MS_JOB_JOINED;
		cr_assert_eq(rig_run(rig, jobs, 2), MS_OK);
		cr_assert_eq(rig_list(rig, MS_QUEUE_BY_MESSAGE, 0, 10, parts, MOST), 2);
		cr_assert_eq(parts[0].number, 1);
		cr_assert_eq(parts[1].number, 2);
		cr_assert_eq(rig_done(rig, id, 1), MS_OK);
		cr_assert_str_eq(rig_record(rig, id), "several");
		restart(NULL);
		cr_assert_eq(rig_done(rig, id, 2), MS_OK);
		cr_assert_null(rig_record(rig, id));
		cr_assert_eq(n_all(), 0);
	}
	cr_assert_eq(rig_verify(rig), 0);
}

static ms_status
bounce(struct ms_id failed, uint32_t part, struct ms_str body,
    struct ms_id *made_out)
{
	struct ms_part zero = { .size = sizeof(zero), .number = part };
	struct ms_part first = { .size = sizeof(first), .state = MS_QUEUE_WAITS };
	const struct ms_part *done_parts[] = { &zero }, *put_parts[] = { &first };
	struct ms_job_queue done, made;
	struct ms_job *jobs[] = { &done.job, &made.job };
	ms_status st;

	fill_job(&done, MS_JOB_QUEUE_DONE, &failed, done_parts, 1);
	fill_job(&made, MS_JOB_QUEUE_PUT, &failed, put_parts, 1);
	done.job.flags = MS_JOB_JOINED;
	made.record = (struct ms_str)MS_STR("a bounce");
	made.body = rig_blob(rig, body);
	st = rig_run(rig, jobs, 2);
	rig_release(rig, made.body);
	*made_out = made.message;
	return st;
}

Test(spool, makes_a_bounce_and_ends_the_failed_one_as_one)
{
	struct ms_id failed, made;

	rig_start(rig);
	failed = put("fails");
	cr_assert_eq(bounce(failed, 0, (struct ms_str)MS_STR("sorry"), &made), MS_OK);
	cr_assert_null(rig_record(rig, failed));
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(n_due(), 1);
		cr_assert_str_eq(rig_record(rig, made), "a bounce");
		cr_assert_str_eq(rig_body(rig, made), "sorry");
		restart(NULL);
	}
	cr_assert_eq(rig_verify(rig), 0);
	cr_assert_eq(rig_done(rig, made, 0), MS_OK);
	cr_assert_eq(n_all(), 0);
	restart(NULL);
	cr_assert_eq(n_all(), 0);
	cr_assert_null(rig_record(rig, made));
}

Test(spool, keeps_a_long_bounce_in_a_file_of_its_own)
{
	static char body[200 * 1024];
	struct ms_id failed, made;

	rig_start(rig);
	memset(body, 'b', sizeof(body));
	failed = put("fails");
	cr_assert_eq(bounce(failed, 0, ms_str_of(body, sizeof(body)), &made), MS_OK);
	cr_assert_eq(n_files("own"), 1);
	restart(NULL);
	cr_assert_eq(n_files("own"), 1);
	cr_assert_eq(strlen(rig_body(rig, made)), sizeof(body));
	cr_assert_eq(rig_done(rig, made, 0), MS_OK);
	cr_assert_eq(n_files("own"), 0);
}

Test(spool, undoes_a_chain_of_which_one_job_fails)
{
	struct ms_part zero = { .size = sizeof(zero) };
	struct ms_part bad = { .size = sizeof(bad), .number = 1u << 20 };
	const struct ms_part *done_parts[] = { &zero }, *bad_parts[] = { &bad };
	struct ms_job_queue done, set;
	struct ms_job *jobs[] = { &done.job, &set.job };
	struct ms_error err = { .size = sizeof(err) };
	struct ms_id id;

	rig_start(rig);
	id = put("stays");
	fill_job(&done, MS_JOB_QUEUE_DONE, &id, done_parts, 1);
	fill_job(&set, MS_JOB_QUEUE_SET, &id, bad_parts, 1);
	done.job.flags = MS_JOB_JOINED;
	done.job.error = &err;
	cr_assert_eq(rig_run(rig, jobs, 2), MS_INVALID);
	cr_assert_eq(done.job.status, MS_INVALID);
	cr_assert(strlen(err.text) > 0);
	cr_assert_str_eq(rig_record(rig, id), "stays");
	cr_assert_eq(n_due(), 1);
}

Test(spool, harms_no_other_job_of_the_batch_when_one_fails)
{
	struct ms_part zero = { .size = sizeof(zero), .destination = MS_STR("x") };
	struct ms_part bad = { .size = sizeof(bad), .number = 1u << 20 };
	const struct ms_part *good_parts[] = { &zero }, *bad_parts[] = { &bad };
	struct ms_job_queue a, b, c;
	struct ms_job *jobs[] = { &a.job, &b.job, &c.job };
	struct ms_id first, third;

	rig_start(rig);
	first = put("first");
	third = put("third");
	fill_job(&a, MS_JOB_QUEUE_SET, &first, good_parts, 1);
	fill_job(&b, MS_JOB_QUEUE_SET, &first, bad_parts, 1);
	fill_job(&c, MS_JOB_QUEUE_SET, &third, good_parts, 1);
	rig_run(rig, jobs, 3);
	cr_assert_eq(a.job.status, MS_OK);
	cr_assert_eq(b.job.status, MS_INVALID);
	cr_assert_eq(c.job.status, MS_OK);
	restart(NULL);
	cr_assert_eq(n_all(), 2);
}

Test(spool, gives_a_part_to_one_node_at_a_time)
{
	struct ms_part mine = { .size = sizeof(mine), .owner = MS_STR("a") };
	struct ms_part yours = { .size = sizeof(yours), .owner = MS_STR("b") };
	const struct ms_part *a_parts[] = { &mine }, *b_parts[] = { &yours };
	struct ms_job_queue a, b;
	struct ms_job *a_jobs[] = { &a.job }, *b_jobs[] = { &b.job };
	struct ms_id id;

	rig_start(rig);
	id = put("claimed");
	mine.owned_until_us = yours.owned_until_us = rig_now(rig) + 1000000;
	fill_job(&a, MS_JOB_QUEUE_CLAIM, &id, a_parts, 1);
	fill_job(&b, MS_JOB_QUEUE_CLAIM, &id, b_parts, 1);
	cr_assert_eq(rig_run(rig, a_jobs, 1), MS_OK);
	cr_assert_eq(rig_run(rig, b_jobs, 1), MS_CONFLICT);
	cr_assert_eq(n_due(), 0, "what a node owns is not due for others");
	cr_assert_eq(n_all(), 1);
	rig_advance(rig, 1000001);
	cr_assert_eq(n_due(), 1);
	cr_assert_eq(rig_run(rig, b_jobs, 1), MS_OK);
}

Test(spool, says_that_a_message_is_done_when_it_is_to_be_changed)
{
	struct ms_id id;

	rig_start(rig);
	id = put("gone");
	rig_done(rig, id, 0);
	cr_assert_eq(rig_set(rig, id, 0, 5, ""), MS_NOTFOUND);
	rig_flush(rig);
	cr_assert_eq(rig_set(rig, id, 0, 5, ""), MS_NOTFOUND);
}

Test(spool, refuses_parts_that_it_could_not_tell_apart)
{
	struct ms_part a = { .size = sizeof(a), .number = 3 };
	struct ms_part b = { .size = sizeof(b), .number = 70000 };
	const struct ms_part *twice[] = { &a, &a }, *large[] = { &b };
	struct ms_id id;

	rig_start(rig);
	cr_assert_eq(rig_put_parts(rig, "", (struct ms_str)MS_STR("x"), twice, 2, &id),
	    MS_INVALID);
	cr_assert_eq(rig_put_parts(rig, "", (struct ms_str)MS_STR("x"), large, 1, &id),
	    MS_INVALID);
	cr_assert_eq(rig_put_parts(rig, "", (struct ms_str)MS_STR("x"), NULL, 0, &id),
	    MS_INVALID);
	cr_assert_eq(n_all(), 0);
}

Test(spool, keeps_parts_that_are_left_over_a_restart)
{
	struct ms_part a = { .size = sizeof(a), .number = 1, .state = MS_QUEUE_WAITS };
	struct ms_part b = { .size = sizeof(b), .number = 2, .state = MS_QUEUE_WAITS };
	const struct ms_part *both[] = { &a, &b };
	struct ms_part parts[MOST];
	struct ms_id id;

	rig_start(rig);
	cr_assert_eq(rig_put_parts(rig, "two", (struct ms_str)MS_STR("x"), both, 2,
	    &id), MS_OK);
	cr_assert_eq(rig_done(rig, id, 1), MS_OK);
	cr_assert_eq(n_due(), 1);
	restart(NULL);
	cr_assert_eq(rig_list(rig, MS_QUEUE_BY_TIME, rig_now(rig), 10, parts, MOST), 1);
	cr_assert_eq(parts[0].number, 2);
	cr_assert_eq(rig_done(rig, id, 2), MS_OK);
	cr_assert_null(rig_record(rig, id));
	restart(NULL);
	cr_assert_eq(n_all(), 0);
}

Test(spool, holds_back_a_part_that_was_put_for_later)
{
	struct ms_part a = { .size = sizeof(a), .state = MS_QUEUE_WAITS };
	const struct ms_part *one[] = { &a };
	struct ms_id id;

	rig_start(rig);
	a.next_us = rig_now(rig) + 10 * 1000000;
	cr_assert_eq(rig_put_parts(rig, "later", (struct ms_str)MS_STR("x"), one, 1,
	    &id), MS_OK);
	cr_assert_eq(n_due(), 0);
	rig_flush(rig);
	cr_assert_eq(n_due(), 0);
	cr_assert_eq(n_all(), 1);
	rig_advance(rig, 10 * 1000000);
	cr_assert_eq(n_due(), 1);
}
