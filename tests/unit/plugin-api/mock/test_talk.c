/* SPDX-License-Identifier: ISC */
/* test_talk.c - sessions of the mock host: framing, waits, lives, the end */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static struct ms_mock *mock;
static struct ms_mock_session *session;

static void
begin(void)
{
	mock = probe_start();
	ms_mock_login(mock, "ann", "pw", "ann@example.org");
	session = ms_mock_connect(mock);
}

static void
end(void)
{
	ms_mock_free(mock);
}

TestSuite(talk, .init = begin, .fini = end);

static const char *
came(const char *octets, size_t n)
{
	probe_came[0] = '\0';
	ms_mock_send(session, ms_str_of(octets, n));
	return probe_came;
}

/* ---- lines ---- */

static const struct { const char *in, *want; } lines[] = {
	{ "abc\r\n", "LINE 3 abc" },
	{ "abc", "" },
	{ "a\r\nb\r\n", "LINE 1 a|LINE 1 b flags=0x1 status=0" },
	{ "a\n", "LINE 1 a flags=0x8 status=0" },
	{ "a\rb\r\n", "LINE 3 a\rb flags=0x4 status=0" },
	{ "\xc3\xa4\r\n", "LINE 2 \xc3\xa4 flags=0x20 status=0" },
	{ "\r\n", "LINE 0 " },
};

Test(lines, are_cut_and_say_what_is_wrong_in_them)
{
	for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
		struct ms_mock *m = probe_start();

		session = ms_mock_connect(m);
		cr_assert_str_eq(came(lines[i].in, strlen(lines[i].in)), lines[i].want,
		    "%zu: %s", i, probe_came);
		ms_mock_free(m);
	}
}

Test(talk, cuts_long_lines_and_closes_on_endless_ones)
{
	static char line[70000];

	memset(line, 'x', sizeof(line));
	memcpy(line + 101, "\r\n", 2);
	(void)came(line, 103);
	cr_assert_not_null(strstr(probe_came, "LINE 100 x"));
	cr_assert_not_null(strstr(probe_came, "flags=0x2 "));
	memcpy(line + 101, "xx", 2);
	(void)came(line, 100);
	cr_assert_str_eq(probe_came, "");
	(void)came("\r\n", 2);
	cr_assert_not_null(strstr(probe_came, "LINE 100 x"));
	cr_assert_null(strstr(probe_came, "flags="));
	(void)came(line, sizeof(line));
	cr_assert_not_null(strstr(probe_came, "|CLOSE 1"));
	cr_assert(ms_mock_is_closed(session));
}

Test(talk, writes_what_the_plugin_writes)
{
	cr_assert_str_eq(ms_mock_sent(session).data, "hello\r\n");
	cr_assert_eq(ms_mock_sent(session).len, 0);
	cr_assert_str_eq(came("quit\r\n", 6), "LINE 4 quit|CLOSE 1 ");
	cr_assert(ms_mock_is_closed(session));
}

/* ---- octets and bodies ---- */

static struct ms_writer *writer;

/* The next wait is for a body; the line x leads to it. */
static void
want_body(uint32_t framing, uint64_t count, uint64_t max, uint32_t flags)
{
	struct ms_instance *self = ms_mock_instance(mock);

	cr_assert_eq(self->blob->begin(ms_mock_scope(mock, 0), 1000, &writer, NULL), MS_OK);
	probe_next = (struct ms_wait){ .what = MS_WAIT_BODY, .framing = framing,
		.count = count, .body_max = max, .flags = flags, .into = writer };
	(void)came("x\r\n", 3);
}

static const char *
body(void)
{
	struct ms_blob *b;

	cr_assert_eq(ms_mock_instance(mock)->blob->finish(writer, &b, NULL), MS_OK);
	return ms_mock_blob_octets(mock, b).data;
}

Test(talk, gives_octets_by_their_number)
{
	probe_next = (struct ms_wait){ .what = MS_WAIT_BYTES, .count = 4 };
	(void)came("x\r\n", 3);
	cr_assert_str_eq(came("abc", 3), "");
	cr_assert_str_eq(came("defgh\r\n", 7), "BYTES 4 abcd|LINE 4 efgh flags=0x1 status=0");
}

/* RFC 5321 4.5.2, and what must not end a message. */
static const struct { const char *in, *body, *came; } dots[] = {
	{ "a\r\n.\r\n", "a\r\n", "BODY 3 " },
	{ ".\r\n", "", "BODY 0 " },
	{ "..a\r\n.\r\n", ".a\r\n", "BODY 4 " },
	{ ".a\r\n...\r\n.\r\n", "a\r\n..\r\n", "BODY 7 " },
	{ "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "BODY 8  flags=0x8 status=0" },
	{ "a\r.\r\n.\r\n", "a\r.\r\n", "BODY 5  flags=0x4 status=0" },
	{ "a\r\n.\n.\r\n.\r\n", "a\r\n\n.\r\n", "BODY 7  flags=0x8 status=0" },
	{ ".\r.\r\n.\r\n", "\r.\r\n", "BODY 4  flags=0x4 status=0" },
};

Test(dots, are_taken_out_however_the_octets_come)
{
	for (size_t i = 0; i < N_ELEMENTS(dots); i++)
		for (size_t cut = 0; cut < strlen(dots[i].in); cut++) {
			mock = probe_start();
			session = ms_mock_connect(mock);
			want_body(MS_BODY_DOT, 0, 0, 0);
			cr_assert_str_eq(came(dots[i].in, cut), "", "%zu", i);
			(void)came(dots[i].in + cut, strlen(dots[i].in) - cut);
			cr_assert_eq(strncmp(probe_came, dots[i].came, strlen(dots[i].came)),
			    0, "%zu cut at %zu: %s", i, cut, probe_came);
			cr_assert_str_eq(body(), dots[i].body, "%zu cut at %zu", i, cut);
			ms_mock_free(mock);
		}
}

Test(talk, counts_a_body_and_goes_on_behind_it)
{
	want_body(MS_BODY_COUNT, 5, 0, 0);
	cr_assert_str_eq(came("ab\r\n.rest\r\n", 11),
	    "BODY 5 |LINE 4 rest flags=0x1 status=0");
	cr_assert_str_eq(body(), "ab\r\n.");
}

Test(talk, stops_once_after_the_header)
{
	want_body(MS_BODY_DOT, 0, 0, 1);
	probe_next = (struct ms_wait){ .what = MS_WAIT_BODY, .framing = MS_BODY_DOT,
		.into = writer };
	cr_assert_str_eq(came("A: b\r\n\r\nx\r\n\r\n.\r\n", 16),
	    "BODY 8  flags=0x80 status=0|BODY 13  flags=0x1 status=0");
	cr_assert_str_eq(body(), "A: b\r\n\r\nx\r\n\r\n");
}

Test(talk, counts_on_past_the_maximum)
{
	want_body(MS_BODY_DOT, 0, 4, 0);
	cr_assert_str_eq(came("abcdef\r\n.\r\n", 11), "BODY 8  flags=0x2 status=-9");
}

Test(talk, dies_of_commands_in_the_middle_of_a_body, .signal = SIGABRT)
{
	want_body(MS_BODY_DOT, 0, 0, 1);
	(void)came("A: b\r\n\r\nx", 9);
}

/* ---- other waits, and ends ---- */

Test(talk, hears_of_watched_topics_alone)
{
	(void)came("watch\r\n", 7);
	probe_came[0] = '\0';
	probe_next = (struct ms_wait){ .what = MS_WAIT_EVENT };
	ms_mock_event(session, "mailbox/ann/1");
	cr_assert_str_eq(probe_came, "EVENT 13 mailbox/ann/1");
	ms_mock_event(session, "queue/x");
	cr_assert_str_eq(probe_came, "EVENT 13 mailbox/ann/1");
}

Test(talk, tells_a_timeout_when_the_time_has_passed)
{
	const struct ms_instance *self = ms_mock_instance(mock);
	int64_t before = self->clock->steady_us(self->host);

	cr_assert_eq(ms_mock_waits(session)->timeout_us, 1000000);
	ms_mock_timeout(session);
	cr_assert_str_eq(probe_came, "TIMEOUT 0 ");
	cr_assert_eq(self->clock->steady_us(self->host), before + 1000000);
	cr_assert_not(ms_mock_is_closed(session));
}

Test(talk, drains_output_that_is_waited_for)
{
	probe_next = (struct ms_wait){ .what = MS_WAIT_OUTPUT };
	cr_assert_str_eq(came("x\r\n", 3), "LINE 1 x|OUTPUT 0 ");
}

Test(talk, dies_of_output_far_past_the_mark, .signal = SIGABRT)
{
	(void)came("flood\r\n", 7);
}

Test(talk, closes_when_the_peer_hangs_up)
{
	(void)came("half a li", 9);
	ms_mock_hang_up(session);
	cr_assert_str_eq(probe_came, "CLOSED 0 |CLOSE 1 ");
	cr_assert(ms_mock_is_closed(session));
	ms_mock_hang_up(session);
	cr_assert_str_eq(came("x\r\n", 3), "");
}

Test(talk, has_tls_after_start_tls)
{
	(void)came("tls\r\n", 5);
	cr_assert_str_eq(ms_mock_sent(session).data, "hello\r\ngo\r\n");
	cr_assert_str_eq(came("login\r\n", 7), "LINE 5 login|CLOSE 1 |RESUME 7 ann@example.org");
}

/* CVE-2011-0411; what was not sent yet is taken back. */
Test(talk, fails_at_tls_if_more_was_sent_in_clear)
{
	(void)ms_mock_sent(session);
	cr_assert_str_eq(came("tls\r\nevil\r\n", 11), "LINE 3 tls|CLOSE 1 ");
	cr_assert_eq(ms_mock_sent(session).len, 0);
	cr_assert(ms_mock_is_closed(session));
}

Test(talk, offers_no_login_in_clear)
{
	cr_assert_str_eq(came("login\r\n", 7), "LINE 5 login");
}

Test(talk, resumes_with_input_that_was_not_read)
{
	ms_mock_fact(mock, "tls.version", "TLSv1.3");
	cr_assert_str_eq(came("login\r\nnext\r\n", 13), "LINE 5 login|CLOSE 1 |"
	    "RESUME 7 ann@example.org|LINE 4 next flags=0x1 status=0");
}
