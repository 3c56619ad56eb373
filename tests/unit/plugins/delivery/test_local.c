/* SPDX-License-Identifier: ISC */
/* test_local.c - the jobs that a local delivery leaves */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <mansio/delivery.h>
#include <mansio/digest.h>
#include <mansio/directory.h>

#include "plugins/load.h"
#include "shelf.h"

#define MAIL "From: cyd@example.net\r\nSubject: hello\r\n\r\nbody\r\n"

struct rig {
	struct ms_mock           *mock;
	const struct ms_delivery *local;
	const struct ms_scope    *scope;
	struct ms_message        *message;
	struct ms_recipient       recipients[2];
	const struct ms_recipient *recipient_list[2];
	struct ms_error           errors[2];
	struct ms_result          results[2];
	struct ms_result         *result_list[2];
	struct ms_handover        handover;
	void                     *state;
};

static struct rig rig;

static void
start_with(const char *quota)
{
	struct ms_mock *store;

	shelf_reset();
	rig = (struct rig){ .mock = ms_mock_new(load_plugin("local")) };
	store = ms_mock_beside(rig.mock, &shelf_plugin);
	ms_mock_backend(rig.mock, "mailbox", "mail", (struct ms_backend){ &shelf_mailbox,
	    ms_mock_create(store) });
	if (quota != NULL)
		ms_mock_option(rig.mock, "quota", quota);
	(void)ms_mock_create(rig.mock);
	rig.local = load_plugin("local")->interface(MS_DELIVERY_ID);
	rig.scope = ms_mock_scope(rig.mock, 0);
}

static void
start(void)
{
	start_with(NULL);
}

static void
end(void)
{
	rig.local->end(ms_mock_instance(rig.mock), &rig.handover, rig.state);
	cr_assert_eq(shelf_open(), 0);
	cr_assert_eq(ms_mock_blobs_held(rig.mock), 0);
	ms_mock_free(rig.mock);
}

TestSuite(local, .init = start, .fini = end);

/* Hands over for the accounts; NULL: none, or the route named none. */
static ms_status
deliver(const char *from, const char *content, const char *a, const char *b)
{
	static const char *const paths[] = { "ann@example.org", "bob@example.org", NULL };
	const char *accounts[] = { a, b };
	struct ms_error err = { .size = sizeof(err) };
	struct ms_wait wait = { .size = sizeof(wait) };
	uint32_t n = b != NULL ? 2 : 1;
	ms_status st;

	if (rig.message == NULL)
		rig.message = ms_mock_message(rig.mock, from, paths, ms_str_c(content));
	for (uint32_t i = 0; i < n; i++) {
		rig.recipients[i] = (struct ms_recipient){ .size = sizeof(rig.recipients[i]),
			.number = i, .path = ms_str_c(paths[i]),
			.account = ms_str_c(accounts[i]) };
		rig.recipient_list[i] = &rig.recipients[i];
		rig.errors[i] = (struct ms_error){ .size = sizeof(rig.errors[i]) };
		rig.results[i] = (struct ms_result){ .size = sizeof(rig.results[i]),
			.status = MS_TEMPFAIL, .error = &rig.errors[i] };
		rig.result_list[i] = &rig.results[i];
	}
	rig.handover = (struct ms_handover){ .size = sizeof(rig.handover),
		.message = rig.message, .attempt = 1, .n = n,
		.recipients = rig.recipient_list, .results = rig.result_list };
	st = rig.local->begin(ms_mock_instance(rig.mock), rig.scope, &rig.handover,
	    &rig.state, &wait, &err);
	cr_assert_eq(wait.what, 0, "local waits for nothing");
	return st;
}

static const struct ms_job_append *
job_of(uint32_t i)
{
	cr_assert_eq(rig.results[i].status, MS_OK, "%s", rig.errors[i].text);
	cr_assert_eq(rig.results[i].n_jobs, 1);
	cr_assert_eq(rig.results[i].jobs[0]->type, MS_JOB_APPEND);
	return (const struct ms_job_append *)rig.results[i].jobs[0];
}

static const char *
body_of(const struct ms_job_append *job)
{
	struct ms_str octets = ms_mock_blob_octets(rig.mock, job->body);

	cr_assert_eq(job->octets, octets.len);
	return octets.data;
}

Test(local, puts_return_path_and_delivered_to_above_the_message)
{
	const struct ms_job_append *job;

	cr_assert_eq(deliver("cyd@example.net", MAIL, "ann@example.org", NULL), MS_OK);
	job = job_of(0);
	cr_assert_str_eq(body_of(job), "Return-Path: <cyd@example.net>\r\n"
	    "Delivered-To: ann@example.org\r\n" MAIL);
	cr_assert(ms_str_is(job->job.key, "ann@example.org"));
	cr_assert_eq(job->box.octets[0], SHELF_INBOX);
	cr_assert_eq(job->arrived_us, INT64_C(1767225600000000));
	cr_assert_eq(rig.results[0].target.table, &shelf_mailbox);
}

Test(local, keeps_the_null_reverse_path)
{
	cr_assert_eq(deliver("", MAIL, "ann@example.org", NULL), MS_OK);
	cr_assert_eq(strncmp(body_of(job_of(0)), "Return-Path: <>\r\n", 17), 0);
}

Test(local, shares_one_body_that_names_nobody_between_two)
{
	const struct ms_job_append *a, *b;

	cr_assert_eq(deliver("cyd@example.net", MAIL, "ann@example.org", "bob@example.org"),
	    MS_OK);
	a = job_of(0);
	b = job_of(1);
	cr_assert_eq(a->body, b->body);
	cr_assert_str_eq(body_of(a), "Return-Path: <cyd@example.net>\r\n" MAIL);
	cr_assert(ms_str_is(b->job.key, "bob@example.org"));
}

/* Exactly once: the same mail of an earlier attempt is known again by these. */
Test(local, passes_delivery_id_and_number)
{
	const struct ms_job_append *a, *b;
	struct ms_id none = { { 0 } };

	cr_assert_eq(deliver("", MAIL, "ann@example.org", "bob@example.org"), MS_OK);
	a = job_of(0);
	b = job_of(1);
	cr_assert_neq(memcmp(&a->delivery_id, &none, sizeof(none)), 0);
	cr_assert_eq(memcmp(&a->delivery_id, &b->delivery_id, sizeof(none)), 0);
	cr_assert_eq(a->delivery_number, 0);
	cr_assert_eq(b->delivery_number, 1);
}

Test(local, describes_what_it_delivers)
{
	const struct ms_job_append *job;
	struct ms_digest digest;

	cr_assert_eq(deliver("", MAIL, "ann@example.org", NULL), MS_OK);
	job = job_of(0);
	cr_assert(ms_digest_read(job->digest, &digest));
	cr_assert(ms_str_is(digest.subject, "hello"));
	cr_assert_eq(digest.octets, job->octets);
	cr_assert(ms_str_is(ms_str_trim(digest.preview), "body"));
}

static const struct { const char *field; ms_status want; } loops[] = {
	{ "Delivered-To: ann@example.org\r\n", MS_PERMFAIL },
	{ "X: 1\r\nDelivered-To: bob@example.org\r\ndelivered-to:  ANN@example.org \r\n",
	  MS_PERMFAIL },
	{ "Delivered-To: ann@example.net\r\n", MS_OK },
	{ "X-Delivered-To: ann@example.org\r\n", MS_OK },
};

Test(local, ends_a_loop)
{
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		char content[400];

		snprintf(content, sizeof(content), "%s%s", loops[i].field, MAIL);
		rig.message = NULL;
		cr_assert_eq(deliver("", content, "ann@example.org", NULL), MS_OK);
		cr_assert_eq(rig.results[0].status, loops[i].want, "%s", loops[i].field);
		if (loops[i].want != MS_OK)
			cr_assert_str_eq(rig.errors[0].enhanced, "5.4.6");
		if (i + 1 < sizeof(loops) / sizeof(loops[0]))
			rig.local->end(ms_mock_instance(rig.mock), &rig.handover, rig.state);
	}
}

Test(local, passes_the_limits_of_the_directory)
{
	const struct ms_job_append *job;

	ms_mock_entry(rig.mock, MS_ENTRY_USER, "ann@example.org",
	    "quota.octets=1000; quota.messages=5");
	cr_assert_eq(deliver("", MAIL, "ann@example.org", "bob@example.org"), MS_OK);
	job = job_of(0);
	cr_assert_eq(job->limit_octets, 1000);
	cr_assert_eq(job->limit_messages, 5);
	job = job_of(1);
	cr_assert_eq(job->limit_octets, 0);
	cr_assert_eq(job->limit_messages, 0);
}

Test(local_quota, is_the_configs_where_the_directory_says_none)
{
	start_with("2KiB");
	ms_mock_entry(rig.mock, MS_ENTRY_USER, "ann@example.org", "quota.octets=0");
	cr_assert_eq(deliver("", MAIL, "ann@example.org", "bob@example.org"), MS_OK);
	cr_assert_eq(job_of(0)->limit_octets, 0);
	cr_assert_eq(job_of(1)->limit_octets, 2048);
	end();
}

Test(local, makes_the_account_by_its_first_mail)
{
	cr_assert_eq(deliver("", MAIL, "ann@example.org", "new@example.org"), MS_OK);
	cr_assert_eq(shelf_made(), 1);
	cr_assert_eq(job_of(1)->box.octets[0], SHELF_INBOX);
	rig.local->end(ms_mock_instance(rig.mock), &rig.handover, rig.state);
	cr_assert_eq(deliver("", MAIL, "ann@example.org", "new@example.org"), MS_OK);
	cr_assert_eq(shelf_made(), 1, "made once");
}

static const struct { const char *folder; uint8_t box; } folders[] = {
	{ "Junk", SHELF_JUNK }, { "Nowhere", SHELF_INBOX }, { "Shelf", SHELF_INBOX },
};

Test(local, takes_the_folder_that_a_stage_suggests_if_it_is_there)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		ms_mock_fact(rig.mock, "delivery.folder", folders[i].folder);
		cr_assert_eq(deliver("", MAIL, "ann@example.org", NULL), MS_OK);
		cr_assert_eq(job_of(0)->box.octets[0], folders[i].box, "%s",
		    folders[i].folder);
		if (i + 1 < sizeof(folders) / sizeof(folders[0]))
			rig.local->end(ms_mock_instance(rig.mock), &rig.handover, rig.state);
	}
}

Test(local, keeps_mail_while_the_store_is_away)
{
	shelf_fail(MS_TEMPFAIL);
	cr_assert_eq(deliver("", MAIL, "ann@example.org", NULL), MS_OK);
	cr_assert_eq(rig.results[0].status, MS_TEMPFAIL);
	cr_assert_eq(rig.results[0].n_jobs, 0);
	shelf_fail(MS_DENIED);
	cr_assert_eq(deliver("", MAIL, "ann@example.org", NULL), MS_OK);
	cr_assert_eq(rig.results[0].status, MS_TEMPFAIL, "not the message's fault");
}

Test(local, keeps_mail_for_which_no_account_was_named)
{
	cr_assert_eq(deliver("", MAIL, "", NULL), MS_OK);
	cr_assert_eq(rig.results[0].status, MS_TEMPFAIL);
	cr_assert_str_eq(rig.errors[0].enhanced, "4.3.5");
}

Test(local, delivers_a_body_of_many_pieces_whole)
{
	static char large[700000];
	struct ms_digest digest;
	const struct ms_job_append *job;
	size_t n = (size_t)snprintf(large, sizeof(large), "Subject: large\r\n\r\n");

	memset(large + n, 'x', sizeof(large) - n - 1);
	cr_assert_eq(deliver("", large, "ann@example.org", NULL), MS_OK);
	job = job_of(0);
	cr_assert_str_eq(strstr(body_of(job), "Subject"), large);
	cr_assert(ms_digest_read(job->digest, &digest));
	cr_assert_eq(digest.octets, job->octets);
}
