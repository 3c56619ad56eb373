/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

TestSuite(session, .init = talk_start, .fini = talk_end);
TestSuite(clear, .init = talk_start_clear, .fini = talk_end);

Test(session, is_greeted_with_what_the_server_can)
{
	struct ms_mock_session *s = talk_connect();

	hears(s, "* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE"
	    " AUTH=PLAIN] Mansio ready\r\n");
}

Test(session, logs_in_by_login)
{
	struct ms_mock_session *s = talk_connect();

	says_with(s, "a LOGIN ann secret", "a OK [CAPABILITY IMAP4rev1 ");
	says(s, "b NOOP", "b OK NOOP completed\r\n");
	says_with(s, "c LOGIN ann secret", "c BAD ");
}

Test(session, logs_in_with_literals_of_both_kinds)
{
	struct ms_mock_session *s = talk_connect();

	says(s, "a LOGIN {3}", "+ Ready for the literal\r\n");
	says_with(s, "ann {6+}\r\nsecret", "a OK [CAPABILITY");
}

Test(session, logs_in_by_authenticate_with_and_without_an_initial_response)
{
	struct ms_mock_session *s = talk_connect();

	says_with(s, "a AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=",
	    "a OK [CAPABILITY");
	s = talk_connect();
	says(s, "a authenticate plain", "+ \r\n");
	says_with(s, "AGFubgBzZWNyZXQ=", "a OK [CAPABILITY");
}

Test(session, can_be_logged_in_by_pipelined_commands)
{
	struct ms_mock_session *s = talk_connect();
	const char *got = answer_to(s, "a LOGIN ann secret\r\n"
	    "b SELECT INBOX\r\nc NOOP");

	cr_assert_not_null(strstr(got, "a OK "));
	cr_assert_not_null(strstr(got, "b OK [READ-WRITE]"));
	cr_assert_not_null(strstr(got, "c OK "));
}

Test(session, that_is_refused_says_why)
{
	struct ms_mock_session *s = talk_connect();

	says_with(s, "a LOGIN ann wrong", "a NO [AUTHENTICATIONFAILED] ");
	says_with(s, "b AUTHENTICATE PLAIN AGFubgB3cm9uZw==",
	    "b NO [AUTHENTICATIONFAILED] ");
	says_with(s, "c AUTHENTICATE CRAM-MD5", "c NO [CANNOT] ");
	(void)answer_to(s, "d AUTHENTICATE PLAIN");
	says(s, "*", "d BAD Cancelled\r\n");
	says_with(s, "e AUTHENTICATE PLAIN =====", "e BAD ");
	says_with(s, "f LOGIN ann secret", "f OK ");
}

Test(session, ends_after_twenty_failed_logins)
{
	struct ms_mock_session *s = talk_connect();

	for (int i = 0; i < 19; i++)
		says_without(s, "a LOGIN ann wrong", "* BYE");
	says_with(s, "a LOGIN ann wrong", "* BYE");
	cr_assert(ms_mock_is_closed(s));
}

Test(session, ends_after_some_junk_before_the_login)
{
	struct ms_mock_session *s = talk_connect();

	says_with(s, "a WHAT", "a BAD Unknown command\r\n");
	says_with(s, "hello", "* BAD ");
	says_with(s, "", "* BAD ");
	says_with(s, "a b c", "* BYE");
	cr_assert(ms_mock_is_closed(s));
}

Test(session, that_never_logs_in_is_ended)
{
	struct ms_mock_session *s = talk_connect();

	for (int i = 0; i < 99; i++)
		says(s, "a NOOP", "a OK NOOP completed\r\n");
	says_with(s, "a NOOP", "* BYE");
	cr_assert(ms_mock_is_closed(s));
}

Test(session, with_a_browser_ends_at_once)
{
	static const char *const requests[] = { "GET / HTTP/1.1",
	    "POST /x HTTP/1.1", "Host: x", "{\"a\":1}" };

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		struct ms_mock_session *s = talk_connect();

		says(s, requests[i], "");
		cr_assert(ms_mock_is_closed(s));
	}
}

Test(session, allocates_nothing_for_an_announced_literal)
{
	struct ms_mock_session *s = talk_connect();

	says_with(s, "a LOGIN {2147483647+}", "* BYE [TOOBIG] ");
	cr_assert(ms_mock_is_closed(s));
	s = talk_connect();
	says_with(s, "a LOGIN {2147483647}", "a BAD [TOOBIG] ");
	says_with(s, "a LOGIN {99999999999999999999999}", "a BAD [TOOBIG] ");
	says_with(s, "a LOGIN {4097}", "a BAD [TOOBIG] ");
	cr_assert_not(ms_mock_is_closed(s));
}

Test(session, refuses_commands_out_of_their_state)
{
	struct ms_mock_session *s = talk_connect();

	says_with(s, "a SELECT INBOX", "a BAD Not now");
	says_with(s, "b FETCH 1 FLAGS", "b BAD Not now");
	s = talk_login();
	says_with(s, "c FETCH 1 FLAGS", "c BAD Not now");
	says_with(s, "d STARTTLS", "d BAD ");
	says_with(s, "e UID NOOP", "e BAD ");
	says_with(s, "f UID", "f BAD ");
}

Test(session, refuses_a_line_that_is_too_long)
{
	static char line[40000];
	struct ms_mock_session *s = talk_connect();

	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "a LOGIN ", 8);
	says_with(s, line, "BAD [TOOBIG] ");
	says_with(s, "b NOOP", "b OK ");
}

Test(session, answers_id_namespace_and_logout)
{
	struct ms_mock_session *s = talk_login();

	says(s, "a ID NIL", "* ID (\"name\" \"Mansio\")\r\n"
	    "a OK ID completed\r\n");
	says_with(s, "b ID (\"name\" \"x\" \"version\" NIL)", "b OK ");
	says_with(s, "c ID (\"name\")", "c BAD ");
	says(s, "d NAMESPACE", "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"
	    "d OK NAMESPACE completed\r\n");
	says(s, "e LOGOUT", "* BYE Logging out\r\ne OK LOGOUT completed\r\n");
	cr_assert(ms_mock_is_closed(s));
}

Test(session, that_is_silent_is_ended)
{
	struct ms_mock_session *s = talk_login();

	ms_mock_timeout(s);
	hears(s, "* BYE Idle for too long\r\n");
	cr_assert(ms_mock_is_closed(s));
}

Test(session, that_breaks_off_in_a_command_leaves_nothing)
{
	struct ms_mock_session *s = talk_login();

	ms_mock_send_c(s, "a APPEND INBOX {10}\r\nabc");
	ms_mock_hang_up(s);
	s = talk_login();
	ms_mock_send_c(s, "a CREATE {10}\r\nabc");
	ms_mock_hang_up(s);
	s = talk_connect();
	ms_mock_send_c(s, "a AUTHENTICATE PLAIN\r\n");
	ms_mock_hang_up(s);
}

Test(session, makes_the_inbox_of_a_new_account)
{
	struct ms_mock_session *s = talk_connect();

	(void)answer_to(s, "a LOGIN ann secret");
	says(s, "b LIST \"\" *", "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
	    "b OK LIST completed\r\n");
}

Test(session, is_told_when_the_store_fails)
{
	struct ms_mock_session *s = talk_connect();

	(void)answer_to(s, "a LOGIN ann secret");
	memstore_fail_jobs(MS_TEMPFAIL);
	says_with(s, "b SELECT INBOX", "b NO [UNAVAILABLE] ");
	memstore_fail_jobs(MS_OK);
	says_with(s, "c SELECT INBOX", "c OK ");
}

/* ---- without TLS ------------------------------------------------------------- */

Test(clear, session_may_not_log_in)
{
	struct ms_mock_session *s = talk_connect();
	const char *caps = answer_to(s, "a CAPABILITY");

	cr_assert_not_null(strstr(caps, " STARTTLS"));
	cr_assert_not_null(strstr(caps, " LOGINDISABLED"));
	cr_assert_null(strstr(caps, "AUTH="));
	says_with(s, "b LOGIN ann secret", "b NO [PRIVACYREQUIRED] ");
	says_with(s, "c AUTHENTICATE PLAIN", "c NO [PRIVACYREQUIRED] ");
}

Test(clear, session_becomes_a_safe_one_by_starttls)
{
	struct ms_mock_session *s = talk_connect();

	says(s, "a STARTTLS", "a OK Begin TLS now\r\n");
	says_with(s, "b STARTTLS", "b BAD ");
}

Test(clear, session_may_send_nothing_behind_starttls)
{
	struct ms_mock_session *s = talk_connect();
	const char *got = answer_to(s,
	    "a STARTTLS\r\nb LOGIN ann secret");

	cr_assert_null(strstr(got, "\r\nb "));
	cr_assert(ms_mock_is_closed(s));
}
