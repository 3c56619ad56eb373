/* SPDX-License-Identifier: ISC */
#include "pipeline_world.h"
#include "pipeline/jobs.h"
#include "pipeline/record.h"

TestSuite(record, .init = world_begin, .fini = world_end);

Test(record, comes_back_with_envelope_overlay_and_facts)
{
	struct ms_message *m = message_of("ann@example.org", "bob@example.org",
	    "Subject: s\r\n\r\nbody"), *back;
	struct ms_recipient gone = { .size = sizeof(gone), .path = ms_str_c("gone@x"),
		.original = { "", 0 } };
	struct ms_buf b = MS_BUF_MAX(RECORD_MAX);
	struct ms_error err = MS_ERROR_INIT;

	message_add_recipient(m, &gone);
	cr_assert_eq(message_service.remove_recipient(m, 1, NULL), MS_OK);
	m->recipients[0]->pub.notify = MS_NOTIFY_FAILURE;
	m->info.priority = -3;
	m->info.flags = MS_MESSAGE_SMTPUTF8;
	message_set_id(m, ms_str_c("id-1"));
	facts_set_c(m->facts, "client.address", "192.0.2.1");
	facts_set_c(m->facts, "not.kept", "x");
	message_service.edit_header(m, MS_HEADER_CHANGE, ms_str_c("Subject"), 0,
	    ms_str_c("t"), NULL);
	record_encode(m, &b);
	cr_assert(ms_buf_ok(&b));
	cr_assert_eq(record_decode(&scope.pub, ms_buf_str(&b), m->body, &back, &err), MS_OK);
	cr_assert_str_eq(content_of(back), "Subject: t\r\n\r\nbody");
	cr_assert(ms_str_is(back->info.reverse_path, "ann@example.org"));
	cr_assert(ms_str_is(back->info.id, "id-1"));
	cr_assert_eq(back->info.n_recipients, 1);
	cr_assert_eq(back->recipients[0]->pub.notify, MS_NOTIFY_FAILURE);
	cr_assert_eq(back->info.priority, -3);
	cr_assert_eq(back->info.flags, MS_MESSAGE_SMTPUTF8);
	cr_assert(ms_str_is(facts_get_c(back->facts, "client.address"), "192.0.2.1"));
	cr_assert_null(facts_get_c(back->facts, "not.kept").data);
	for (size_t i = 0; i < b.len; i++)
		cr_assert_neq(record_decode(&scope.pub, ms_str_of(b.data, i), NULL, &back,
		    &err), MS_OK, "cut at %zu", i);
	ms_buf_free(&b);
}

Test(record, of_a_part_comes_back_and_an_empty_one_means_all)
{
	uint32_t numbers[] = { 3, 9 }, flags[] = { MS_RECIPIENT_FINAL, 0 };
	struct ms_str paths[] = { MS_STR("a@x"), MS_STR("") };
	struct part_record p = { .numbers = numbers, .n = 2, .warned = 1, .routed = 1,
		.reply = MS_STR("451 later"), .remote = MS_STR("mx"), .expanded = paths,
		.flags = flags }, q;
	struct ms_buf b = MS_BUF_MAX(1000);

	part_encode(&p, &b);
	cr_assert_eq(part_decode(ms_buf_str(&b), scope.pub.arena, &q, NULL), MS_OK);
	cr_assert_eq(q.n, 2);
	cr_assert_eq(q.numbers[1], 9);
	cr_assert(ms_str_is(q.expanded[0], "a@x"));
	cr_assert_eq(q.flags[0], MS_RECIPIENT_FINAL, "or its alias is expanded again");
	cr_assert_eq(q.flags[1], 0);
	cr_assert(ms_str_is(q.reply, "451 later"));
	for (size_t i = 1; i < b.len; i++)
		cr_assert_neq(part_decode(ms_str_of(b.data, i), scope.pub.arena, &q, NULL), MS_OK);
	cr_assert_eq(part_decode(ms_str_of("", 0), scope.pub.arena, &q, NULL), MS_OK);
	cr_assert_eq(q.n, UINT32_MAX);
	ms_buf_free(&b);
}

Test(record, of_jobs_comes_back_as_they_were)
{
	struct ms_uid_range r[] = { { 1, 3 }, { 9, 9 } };
	struct ms_str keywords[] = { MS_STR("$Junk") };
	struct ms_job_append append = { .job = { .size = sizeof(append),
	    .type = MS_JOB_APPEND, .flags = MS_JOB_JOINED, .key = MS_STR("ann") },
	    .octets = 7, .flags = MS_FLAG_SEEN, .keywords = keywords, .n_keywords = 1,
	    .digest = MS_STR("\1d"), .delivery_number = 2, .place = MS_STR("here"),
	    .limit_octets = 99 };
	struct ms_job_store store = { .job = { .size = sizeof(store), .type = MS_JOB_STORE,
	    .key = MS_STR("ann") }, .uids = { r, 2 }, .how = MS_STORE_ADD,
	    .unchanged_since = UINT64_MAX };
	struct ms_job_property property = { .job = { .size = sizeof(property),
	    .type = MS_JOB_PROPERTY, .key = MS_STR("ann") }, .name = MS_STR("subscribed/ann"),
	    .value = { NULL, 0 } };
	struct ms_job *jobs[] = { &append.job, &store.job, &property.job }, **back;
	struct ms_buf b = MS_BUF_MAX(10000), answer = MS_BUF_MAX(10000);
	struct ms_job_append *a;
	struct ms_job_store *s;
	size_t n;

	append.job.arena = store.job.arena = scope.pub.arena;
	cr_assert_eq(jobs_encode_request(jobs, 3, &b, NULL), MS_OK);
	cr_assert_eq(jobs_decode_request(ms_buf_str(&b), scope.pub.arena, &back, &n, NULL), MS_OK);
	cr_assert_eq(n, 3);
	a = (struct ms_job_append *)back[0];
	cr_assert_eq(a->job.flags, MS_JOB_JOINED);
	cr_assert(ms_str_is(a->job.key, "ann"));
	cr_assert(ms_str_is(a->keywords[0], "$Junk"));
	cr_assert(ms_str_is(a->place, "here"));
	cr_assert_eq(a->limit_octets, 99);
	s = (struct ms_job_store *)back[1];
	cr_assert_eq(s->uids.ranges[1].first, 9);
	cr_assert_eq(s->unchanged_since, UINT64_MAX);
	cr_assert_null(((struct ms_job_property *)back[2])->value.data);

	a->job.status = MS_OK;
	a->uid_out = 41;
	s->job.status = MS_OK;
	s->changed_out = (struct ms_uids){ r, 1 };
	s->modseq_out = 1000;
	back[2]->status = ms_error_set(back[2]->error, MS_CONFLICT, "5.0.0", "changed");
	jobs_encode_answer(back, 3, &answer);
	cr_assert_eq(jobs_decode_answer(ms_buf_str(&answer), jobs, 3, NULL), MS_OK);
	cr_assert_eq(append.uid_out, 41);
	cr_assert_eq(store.changed_out.ranges[0].last, 3);
	cr_assert_eq(store.modseq_out, 1000);
	cr_assert_eq(property.job.status, MS_CONFLICT);
	for (size_t i = 0; i < b.len; i++)
		cr_assert_neq(jobs_decode_request(ms_str_of(b.data, i), scope.pub.arena, &back,
		    &n, NULL), MS_OK, "cut at %zu", i);
	for (size_t i = 0; i < answer.len; i++) {
		cr_assert_eq(jobs_decode_answer(ms_str_of(answer.data, i), jobs, 3, NULL),
		    MS_TEMPFAIL);
		cr_assert_eq(append.job.status, MS_TEMPFAIL, "nothing is believed of half an answer");
	}
	ms_buf_free(&b);
	ms_buf_free(&answer);
}

Test(record, of_jobs_refuses_uids_that_do_not_ascend)
{
	struct ms_uid_range r[] = { { 5, 3 } };
	struct ms_job_expunge e = { .job = { .size = sizeof(e), .type = MS_JOB_EXPUNGE,
	    .key = MS_STR("ann") }, .uids = { r, 1 } };
	struct ms_job *jobs[] = { &e.job }, **back;
	struct ms_buf b = MS_BUF_MAX(10000);
	size_t n;

	cr_assert_eq(jobs_encode_request(jobs, 1, &b, NULL), MS_OK);
	cr_assert_neq(jobs_decode_request(ms_buf_str(&b), scope.pub.arena, &back, &n, NULL), MS_OK);
	ms_buf_free(&b);
}
