/* SPDX-License-Identifier: ISC */
/* test_submission.c - logging in, and what one's own mail must be like */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
/* "\0ann@example.org\0secret" and with a wrong password */
#define RIGHT "AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ="
#define WRONG "AGFubkBleGFtcGxlLm9yZwB3cm9uZw=="
#define OWN "MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.net>\r\n"

static struct talk *
submission(const char *option, const char *value)
{
	struct talk *t = option != NULL ?
	    talk_new("submission", "yes", option, value, NULL) :
	    talk_new("submission", "yes", NULL);

	ms_mock_login(t->mock, "ann@example.org", "secret", "ann@example.org");
	return t;
}

/* Logged in, after EHLO, with TLS. */
static struct talk *
logged_in(const char *option, const char *value)
{
	struct talk *t = submission(option, value);

	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	ms_mock_fact(t->mock, "auth.senders", "sales@example.org @team.example");
	talk_begin(t, "EHLO");
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "235 2.7.0");
	return t;
}

Test(submission, says_that_it_logs_people_in)
{
	struct talk *t = submission(NULL, NULL);
	const struct ms_protocol *p =
	    ms_plugin_entry()->interface(MS_PROTOCOL_ID);

	cr_assert_eq(p->plan(ms_mock_instance(t->mock))->flags,
	    MS_PROTOCOL_LOGS_IN);
	talk_free(t);
	t = talk_new(NULL);
	cr_assert_eq(p->plan(ms_mock_instance(t->mock))->flags, 0);
	talk_free(t);
}

Test(submission, wants_a_login_before_mail)
{
	struct talk *t = submission(NULL, NULL);

	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	talk_begin(t, "EHLO");
	cr_assert_not_null(strstr(talk_heard(t), "250-AUTH "));
	EXPECT(t, "MAIL FROM:<ann@example.org>\r\n", "530 5.7.0");
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "235 2.7.0");
	EXPECT(t, OWN, "250 2.1.0|250 2.1.5");
	talk_free(t);
}

Test(submission, remembers_the_name_but_greets_no_more)
{
	struct talk *t = logged_in(NULL, NULL);

	EXPECT(t, OWN "DATA\r\nFrom: ann@example.org\r\n\r\nx\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	cr_assert_not_null(strstr(talk_submitted(t, 0),
	    "Received: from client.example ("));
	cr_assert_not_null(strstr(talk_submitted(t, 0), " with ESMTPSA "));
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "503 5.5.1");
	EXPECT(t, "EHLO client.example\r\n", "250");
	cr_assert_null(strstr(talk_heard(t), "AUTH"));
	talk_free(t);
}

Test(submission, takes_commands_pipelined_behind_the_login)
{
	struct talk *t = submission(NULL, NULL);

	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	talk_begin(t, "EHLO");
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n" OWN "QUIT\r\n",
	    "235 2.7.0|250 2.1.0|250 2.1.5|221 2.0.0|closed");
	talk_free(t);
}

/* S07 */
Test(submission, refuses_logins_in_clear_where_tls_is_a_must)
{
	struct talk *t = submission("require-tls", "yes");

	talk_begin(t, "EHLO");
	cr_assert_null(strstr(talk_heard(t), "AUTH"));
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "538 5.7.11");
	EXPECT(t, "MAIL FROM:<>\r\n", "530 5.7.0");
	EXPECT(t, "STARTTLS\r\n", "220 2.0.0");
	EXPECT(t, "EHLO client.example\r\n", "250");
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "235 2.7.0");
	talk_free(t);
}

/* P13: what was injected in clear behind STARTTLS is neither run nor kept. */
Test(submission, hears_nothing_that_came_in_clear_behind_starttls)
{
	struct talk *t = submission(NULL, NULL);

	talk_begin(t, "EHLO");
	(void)say(t, "STARTTLS\r\nAUTH PLAIN " RIGHT "\r\n");
	cr_assert(ms_mock_is_closed(t->session));
	cr_assert_null(strstr(talk_heard(t), "235"));
	talk_free(t);
}

/* S06: what was learnt in clear does not outlive the handshake. */
Test(submission, takes_no_login_in_clear_over_into_tls)
{
	struct talk *t = submission(NULL, NULL);

	/* Where a login in clear is allowed at all. */
	ms_mock_fact(t->mock, "client.address", "127.0.0.1");
	talk_begin(t, "EHLO");
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "235 2.7.0");
	EXPECT(t, "EHLO client.example\r\n", "250");
	cr_assert_null(strstr(talk_heard(t), "STARTTLS"));
	EXPECT(t, "STARTTLS\r\n", "503 5.5.1");
	talk_free(t);
}

/* S08, RFC 4954 4. */
static const struct { const char *in, *want; } logins[] = {
	{ "AUTH PLAIN " WRONG "\r\n", "535 5.7.8" },
	{ "AUTH PLAIN\r\n" RIGHT "\r\n", "334|235 2.7.0" },
	{ "auth plain\r\n" WRONG "\r\n", "334|535 5.7.8" },
	{ "AUTH PLAIN\r\n*\r\n", "334|501 5.7.0" },
	{ "AUTH PLAIN =\r\n", "535 5.7.8" },
	{ "AUTH PLAIN !!!!\r\n", "501 5.5.2" },
	{ "AUTH PLAIN =AAA\r\n", "501 5.5.2" },
	{ "AUTH PLAIN AAA=BBB\r\n", "501 5.5.2" },
	{ "AUTH PLAIN\r\nAA\r\n", "334|501 5.5.2" },
	{ "AUTH\r\n", "501 5.5.4" },
	{ "AUTH NO-SUCH-THING\r\n", "504 5.5.4" },
	{ "AUTH A-MECHANISM-WITH-TOO-LONG-A-NAME\r\n", "501 5.5.4" },
};

Test(submission, answers_sasl_as_rfc_4954_wants)
{
	for (size_t i = 0; i < N_ELEMENTS(logins); i++) {
		struct talk *t = submission(NULL, NULL);

		ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
		talk_begin(t, "EHLO");
		EXPECT(t, logins[i].in, logins[i].want);
		EXPECT(t, "NOOP\r\n", "250 2.0.0");
		talk_free(t);
	}
}

/* The challenge that holds nothing keeps its blank. */
Test(submission, sends_an_empty_challenge_with_its_blank)
{
	struct talk *t = submission(NULL, NULL);

	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	talk_begin(t, "EHLO");
	EXPECT(t, "AUTH PLAIN\r\n", "334");
	cr_assert_str_eq(talk_heard(t), "334 \r\n");
	talk_free(t);
}

Test(submission, refuses_a_response_of_megabytes)
{
	static char in[3 << 20];
	struct talk *t = submission(NULL, NULL);

	memset(in, 'A', sizeof(in));
	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	talk_begin(t, "EHLO");
	EXPECT(t, "AUTH PLAIN\r\n", "334");
	memcpy(in + 20000, "\r\n", 2);
	cr_assert_str_eq(say_n(t, in, 20002), "500 5.5.6");
	EXPECT(t, "NOOP\r\n", "250 2.0.0");
	talk_free(t);
}

Test(submission, hangs_up_after_five_wrong_passwords)
{
	struct talk *t = submission(NULL, NULL);

	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	talk_begin(t, "EHLO");
	for (int i = 0; i < 4; i++)
		EXPECT(t, "AUTH PLAIN " WRONG "\r\n", "535 5.7.8");
	EXPECT(t, "AUTH PLAIN " WRONG "\r\n", "421 4.7.0|closed");
	talk_free(t);
}

/* ---- RFC 6409 ----------------------------------------------------------------- */

static const struct { const char *path, *want; } senders[] = {
	{ "ann@example.org", "250 2.1.0" }, { "Ann@EXAMPLE.org", "250 2.1.0" },
	{ "sales@example.org", "250 2.1.0" }, { "x@team.example", "250 2.1.0" },
	{ "", "250 2.1.0" },
	{ "bob@example.org", "553 5.7.1" }, { "x@sub.team.example", "553 5.7.1" },
	{ "ann@example.org.evil", "553 5.7.1" }, { "n@example.org", "553 5.7.1" },
};

Test(submission, lets_people_send_as_themselves)
{
	struct talk *t = logged_in(NULL, NULL);
	char line[100];

	for (size_t i = 0; i < N_ELEMENTS(senders); i++) {
		snprintf(line, sizeof(line), "MAIL FROM:<%s>\r\n",
		    senders[i].path);
		EXPECT(t, line, senders[i].want);
		EXPECT(t, "RSET\r\n", "250 2.0.0");
	}
	talk_free(t);
	t = logged_in("own-sender", "no");
	EXPECT(t, "MAIL FROM:<bob@example.org>\r\n", "250 2.1.0");
	talk_free(t);
}

Test(submission, repairs_what_a_client_left_out)
{
	struct talk *t = logged_in(NULL, NULL);
	const char *got;

	EXPECT(t, OWN "DATA\r\nFrom: ann@example.org\r\nBcc: secret@example.org\r\n"
	    "bcc: two@example.org\r\n\r\nBcc: body\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	got = talk_submitted(t, 0);
	cr_assert_not_null(strstr(got, "\r\nDate: "), "%s", got);
	cr_assert_not_null(strstr(got, "\r\nMessage-ID: <"));
	cr_assert_not_null(strstr(got, "@mx.example.org>\r\n"));
	cr_assert_null(strstr(got, "secret@"));
	cr_assert_null(strstr(got, "two@"));
	cr_assert_not_null(strstr(got, "\r\n\r\nBcc: body\r\n"));
	talk_free(t);
}

Test(submission, leaves_alone_what_is_there)
{
	struct talk *t = logged_in(NULL, NULL);
	const char *got, *p;

	EXPECT(t, OWN "DATA\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
	    "Message-Id: <1@example.org>\r\nFrom: ann@example.org\r\n\r\nx\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	got = talk_submitted(t, 0);
	p = strstr(got, "Date: ");
	cr_assert_not_null(p);
	cr_assert_null(strstr(p + 1, "Date: "));
	cr_assert_null(strstr(got, "Message-ID"));
	talk_free(t);
}

Test(submission, refuses_two_from_fields)
{
	struct talk *t = logged_in(NULL, NULL);

	EXPECT(t, OWN "DATA\r\nFrom: a@b\r\nFrom: c@d\r\n\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|550 5.6.0");
	cr_assert_eq(ms_mock_n_submitted(t->mock), 0);
	talk_free(t);
}

Test(submission, closes_if_a_stage_is_against_the_login)
{
	struct talk *t = submission(NULL, NULL);

	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	talk_begin(t, "EHLO");
	ms_mock_verdict(t->mock, MS_AT_AUTH, UINT32_MAX, MS_REJECT, 0, "", "");
	EXPECT(t, "AUTH PLAIN " RIGHT "\r\n", "235 2.7.0|421 4.7.0|closed");
	talk_free(t);
}
