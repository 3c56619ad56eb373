/* SPDX-License-Identifier: ISC */
#include "pipeline_world.h"
#include "pipeline/dsn.h"

static struct dsn_recipient failed = { .path = MS_STR("bob@example.net"),
	.original = MS_STR("rfc822;b@x"), .action = DSN_FAILED, .enhanced = "5.1.1",
	.text = "no such user\r\nX-Evil: 1", .remote = { "", 0 } };

TestSuite(dsn, .init = world_begin, .fini = world_end);

static const char *
make(struct ms_message *about)
{
	struct ms_message *dsn;

	cr_assert_eq(dsn_make(&scope.pub, about, "mx.example.org", &failed, 1, &dsn, NULL), MS_OK);
	cr_assert_eq(dsn->info.reverse_path.len, 0, "RFC 3464 2.: null reverse-path");
	cr_assert_eq(dsn->info.n_recipients, 1);
	cr_assert(ms_str_equal(dsn->recipients[0]->pub.path, about->info.reverse_path));
	cr_assert_eq(dsn->recipients[0]->pub.notify, MS_NOTIFY_NEVER);
	return content_of(dsn);
}

Test(dsn, is_a_report_with_what_the_rfc_wants)
{
	struct ms_message *m = message_of("ann@example.org", "bob@example.net",
	    "Subject: hello\r\n\r\nsecret body\r\n");
	const char *t;

	m->info.envid = ms_str_c("id+1");
	t = make(m);
	cr_assert_not_null(strstr(t, "multipart/report; report-type=delivery-status"), "%s", t);
	cr_assert_not_null(strstr(t, "\r\nReporting-MTA: dns; mx.example.org\r\n"));
	cr_assert_not_null(strstr(t, "\r\nOriginal-Envelope-Id: id+2B1\r\n"));
	cr_assert_not_null(strstr(t, "\r\nOriginal-Recipient: rfc822;b@x\r\n"));
	cr_assert_not_null(strstr(t, "\r\nFinal-Recipient: rfc822; bob@example.net\r\n"));
	cr_assert_not_null(strstr(t, "\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
	cr_assert_not_null(strstr(t, "\r\nAuto-Submitted: auto-replied\r\n"));
	cr_assert_not_null(strstr(t, "Content-Type: text/rfc822-headers\r\n\r\nSubject: hello"));
	cr_assert_null(strstr(t, "secret body"), "without RET=FULL the header alone");
	cr_assert_null(strstr(t, "\nX-Evil"), "what others said begins no line");
}

Test(dsn, returns_the_whole_where_it_was_asked_for)
{
	struct ms_message *m = message_of("ann@example.org", "bob@example.net",
	    "Subject: hello\r\n\r\nwhole body\r\n");

	m->info.flags = MS_MESSAGE_RET_FULL;
	cr_assert_not_null(strstr(make(m), "Content-Type: message/rfc822\r\n\r\nSubject: "
	    "hello\r\n\r\nwhole body\r\n"));
}

static const struct { const char *from; uint32_t notify, action; bool wanted; } wants[] = {
	{ "", 0, DSN_FAILED, false },
	{ "a@x", 0, DSN_FAILED, true }, { "a@x", 0, DSN_DELAYED, true },
	{ "a@x", 0, DSN_DELIVERED, false },
	{ "a@x", MS_NOTIFY_NEVER, DSN_FAILED, false },
	{ "a@x", MS_NOTIFY_SUCCESS, DSN_FAILED, false },
	{ "a@x", MS_NOTIFY_SUCCESS, DSN_DELIVERED, true },
	{ "a@x", MS_NOTIFY_FAILURE, DSN_DELAYED, false },
	{ "a@x", MS_NOTIFY_DELAY, DSN_DELAYED, true },
};

Test(dsn, is_made_only_where_rfc3461_wants_one)
{
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct ms_message_info info = { .reverse_path = ms_str_c(wants[i].from) };

		cr_assert_eq(dsn_is_wanted(&info, wants[i].notify, wants[i].action),
		    wants[i].wanted, "%zu", i);
	}
}

Test(dsn, names_all_recipients_however_many)
{
	enum { N = 4096 };
	struct ms_message *m = message_of("ann@example.org", "bob@example.net",
	    "Subject: hello\r\n\r\n"), *dsn;
	struct dsn_recipient *all = ms_arena_array(scope.pub.arena, N, sizeof(*all));
	char path[320], text[240];

	memset(path, 'p', sizeof(path));
	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < N; i++)
		all[i] = (struct dsn_recipient){ .path = ms_str_of(path, sizeof(path)),
			.original = ms_str_of(path, sizeof(path)), .action = DSN_FAILED,
			.enhanced = "5.1.1", .text = text, .remote = { "", 0 } };
	cr_assert_eq(dsn_make(&scope.pub, m, "mx.example.org", all, N, &dsn, NULL), MS_OK);
	cr_assert_gt(blob_octets(dsn->body), N * 2 * sizeof(path));
}

Test(dsn, is_made_without_what_cannot_be_read)
{
	struct ms_message *m = message_of("ann@example.org", "bob@example.net", "");
	struct ms_blob *away = blob_of_file(-1, 0, 1000, true);
	const char *t;

	message_set_body(m, away);
	blob_release(away);
	t = make(m);
	cr_assert_not_null(strstr(t, "\r\nAction: failed\r\n"));
	cr_assert_null(strstr(t, "rfc822-headers"));
}

Test(dsn, of_a_failure_has_a_status_of_failures)
{
	struct ms_message *m = message_of("ann@example.org", "bob@example.net", "a: b\r\n\r\n");
	struct dsn_recipient one = failed;
	struct ms_message *dsn;

	one.enhanced = "4.5.3";
	cr_assert_eq(dsn_make(&scope.pub, m, "mx.example.org", &one, 1, &dsn, NULL), MS_OK);
	cr_assert_not_null(strstr(content_of(dsn), "\r\nAction: failed\r\nStatus: 5.0.0\r\n"));
}
