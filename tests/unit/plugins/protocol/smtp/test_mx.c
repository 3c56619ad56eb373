/* SPDX-License-Identifier: ISC */
/* test_mx.c - what strangers can say on port 25 and what they hear */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define ENVELOPE "MAIL FROM:<ann@example.net>\r\nRCPT TO:<bob@example.org>\r\n"
#define TEXT "From: ann@example.net\r\nSubject: x\r\n\r\nhello\r\n"

/* ---- conversations after EHLO: input, replies, messages submitted ------------- */

static const struct { const char *in, *want; uint32_t submitted; } talks[] = {
	{ "MAIL FROM:<>\r\n", "250 2.1.0", 0 },
	{ ENVELOPE "DATA\r\n" TEXT ".\r\n",
	  "250 2.1.0|250 2.1.5|354|250 2.0.0", 1 },
	{ ENVELOPE "DATA\r\n" TEXT ".\r\n" ENVELOPE "DATA\r\n" TEXT ".\r\nQUIT\r\n",
	  "250 2.1.0|250 2.1.5|354|250 2.0.0|250 2.1.0|250 2.1.5|354|250 2.0.0|"
	  "221 2.0.0|closed", 2 },
	/* the table of states */
	{ "RCPT TO:<a@b>\r\n", "503 5.5.1", 0 },
	{ "DATA\r\n", "503 5.5.1", 0 },
	{ "MAIL FROM:<>\r\nMAIL FROM:<>\r\n", "250 2.1.0|503 5.5.1", 0 },
	{ "MAIL FROM:<>\r\nDATA\r\n", "250 2.1.0|554 5.5.1", 0 },
	{ ENVELOPE "RSET\r\nRCPT TO:<a@b>\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1", 0 },
	{ ENVELOPE "EHLO again\r\nDATA\r\n",
	  "250 2.1.0|250 2.1.5|250|503 5.5.1", 0 },
	{ ENVELOPE "AUTH PLAIN AAAA\r\n", "250 2.1.0|250 2.1.5|503 5.5.1", 0 },
	{ "AUTH PLAIN AAAA\r\n", "502 5.5.1", 0 },
	{ "NOOP x\r\nHELP\r\nVRFY bob\r\nEXPN list\r\nRSET\r\n",
	  "250 2.0.0|214 2.0.0|252 2.5.0|502 5.5.1|250 2.0.0", 0 },
	{ "noop\r\nNoOp\r\n", "250 2.0.0|250 2.0.0", 0 },
	{ "XYZ\r\nLHLO a\r\n", "500 5.5.1|500 5.5.1", 0 },
	{ "RSET now\r\nDATA now\r\n", "501 5.5.4|503 5.5.1", 0 },
	{ "EHLO\r\n", "501 5.5.4", 0 },
	{ "\r\n", "500 5.5.1", 0 },
	/* S01, S03, S04: the end of data, and only it */
	{ ENVELOPE "DATA\r\nx\n.\nstill\r\n.\r\nNOOP\r\n",
	  "250 2.1.0|250 2.1.5|354|550 5.6.11|250 2.0.0", 0 },
	{ ENVELOPE "DATA\r\nx\r\n.\nMAIL FROM:<x@y>\r\n.\r\n",
	  "250 2.1.0|250 2.1.5|354|550 5.6.11", 0 },
	{ ENVELOPE "DATA\r\nx\n.\r\nstill\r\n.\r\n",
	  "250 2.1.0|250 2.1.5|354|550 5.6.11", 0 },
	{ ENVELOPE "DATA\r\nx\r.\r\r\n.\r\n",
	  "250 2.1.0|250 2.1.5|354|550 5.6.11", 0 },
	{ ENVELOPE "DATA\r\nSubject: a\rb\r\n\r\n.\r\n",
	  "250 2.1.0|250 2.1.5|354|550 5.6.11", 0 },
	/* RFC 3030 */
	{ ENVELOPE "BDAT 6\r\nA: b\r\nBDAT 7 LAST\r\n\r\nabc\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0", 1 },
	{ ENVELOPE "BDAT 6\r\nA: b\r\nBDAT 0 LAST\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0", 1 },
	{ ENVELOPE "BDAT 6\r\nA: b\r\nRSET\r\nNOOP\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0|250 2.0.0", 0 },
	{ ENVELOPE "BDAT 6\r\nA: b\r\nDATA\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1", 0 },
	{ ENVELOPE "BDAT 6\r\nA: b\r\nRCPT TO:<c@example.org>\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1", 0 },
	{ ENVELOPE "BDAT 4 LAST\r\na\nb\n", "250 2.1.0|250 2.1.5|550 5.6.11", 0 },
	/* a CRLF across chunks is one line end */
	{ ENVELOPE "BDAT 5\r\nA: b\rBDAT 3 LAST\r\n\n\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0", 1 },
	/* S22: octets of a chunk that nobody wants are no commands */
	{ "BDAT 6\r\nQUIT\r\nNOOP\r\n", "503 5.5.1|250 2.0.0", 0 },
	{ "MAIL FROM:<>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
	  "250 2.1.0|503 5.5.1|250 2.0.0", 0 },
	{ "BDAT x\r\nQUIT\r\n", "501 5.5.4|closed", 0 },
	{ "MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<b@c>\r\nDATA\r\n",
	  "250 2.1.0|250 2.1.5|503 5.5.1", 0 },
	/* after BDAT LAST another one is out of order */
	{ ENVELOPE "BDAT 6 LAST\r\nA: b\r\nBDAT 6 LAST\r\nA: b\r\n",
	  "250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1", 1 },
	/* S09 */
	{ "MAIL FROM:<> SIZE=65537\r\n", "552 5.3.4", 0 },
	{ "MAIL FROM:<> SIZE=65536\r\n", "250 2.1.0", 0 },
	/* S15, S17, S19, S40 */
	{ "MAIL FROM:<>\r\nRCPT TO:<@a,@b:c@d>\r\n", "250 2.1.0|250 2.1.5", 0 },
	{ "MAIL FROM:<;sleep 9;@x>\r\n", "553 5.1.7", 0 },
	{ "MAIL FROM:<>\r\nRCPT TO:<\xc3\xb6@c>\r\n", "250 2.1.0|553 5.6.7", 0 },
	{ "MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<\xc3\xb6@c>\r\n",
	  "250 2.1.0|250 2.1.5", 0 },
	{ "MAIL FROM:<>\r\nRCPT TO:<a@b> NOTIFY=NEVER,FAILURE\r\n",
	  "250 2.1.0|501 5.5.4", 0 },
	{ "MAIL FROM:<> RET=X\r\n", "501 5.5.4", 0 },
	/* lines that are not lines */
	{ "NOOP\n", "500 5.5.2", 0 },
	{ "NO\rOP\r\n", "500 5.5.2", 0 },
	/* S25 */
	{ "GET / HTTP/1.1\r\nHost: a\r\n", "554 5.7.0|closed", 0 },
	{ "POST / HTTP/1.1\r\n", "554 5.7.0|closed", 0 },
	{ "A\r\nB\r\nC\r\nD\r\nE\r\nF\r\nG\r\nH\r\nI\r\nJ\r\nNOOP\r\n",
	  "500 5.5.1|500 5.5.1|500 5.5.1|500 5.5.1|500 5.5.1|500 5.5.1|"
	  "500 5.5.1|500 5.5.1|500 5.5.1|421 4.7.0|closed", 0 },
};

ParameterizedTestParameters(mx, answers_as_the_rfcs_want)
{
	static size_t index[N_ELEMENTS(talks)];

	for (size_t i = 0; i < N_ELEMENTS(talks); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(talks));
}

ParameterizedTest(size_t *i, mx, answers_as_the_rfcs_want)
{
	struct talk *t = talk_new("max-size", "64KiB", NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, talks[*i].in, talks[*i].want);
	cr_assert_eq(ms_mock_n_submitted(t->mock), talks[*i].submitted);
	talk_free(t);
}

/* The same octets, one by one: framing does not depend on segments. */
ParameterizedTestParameters(mx, answers_the_same_to_single_octets)
{
	static size_t index[N_ELEMENTS(talks)];

	for (size_t i = 0; i < N_ELEMENTS(talks); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(talks));
}

ParameterizedTest(size_t *i, mx, answers_the_same_to_single_octets)
{
	struct talk *t = talk_new("max-size", "64KiB", NULL);
	char all[4096] = "";

	talk_begin(t, "EHLO");
	for (const char *p = talks[*i].in; *p != '\0'; p++) {
		const char *got;

		if (ms_mock_is_closed(t->session))
			break;
		got = say_n(t, p, 1);
		if (got[0] == '\0')
			continue;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
		    all[0] != '\0' ? "|" : "", got);
	}
	cr_assert_str_eq(all, talks[*i].want, "%s: %s", talks[*i].in, all);
	cr_assert_eq(ms_mock_n_submitted(t->mock), talks[*i].submitted);
	talk_free(t);
}

/* ---- greeting ---------------------------------------------------------------------- */

Test(mx, greets_and_tells_what_it_can)
{
	struct talk *t = talk_new("max-size", "1MiB", NULL);

	cr_assert_str_eq(talk_connect(t), "220");
	cr_assert_not_null(strstr(talk_heard(t), "220 mx.example.org ESMTP"));
	EXPECT(t, "EHLO client.example\r\n", "250");
	for (size_t i = 0; i < 9; i++) {
		static const char *const words[] = { "PIPELINING",
			"SIZE 1048576", "8BITMIME", "SMTPUTF8", "CHUNKING",
			"BINARYMIME", "DSN", "STARTTLS",
			"ENHANCEDSTATUSCODES" };
		char line[64];

		snprintf(line, sizeof(line), "%s%s\r\n",
		    i == 8 ? "250 " : "250-", words[i]);
		cr_assert_not_null(strstr(talk_heard(t), line), "%s", line);
	}
	cr_assert_null(strstr(talk_heard(t), "AUTH"));
	talk_free(t);
}

Test(mx, takes_helo_without_extensions)
{
	struct talk *t = talk_new(NULL);

	(void)talk_connect(t);
	EXPECT(t, "MAIL FROM:<>\r\n", "503 5.5.1");
	EXPECT(t, "HELO client.example\r\n", "250");
	cr_assert_null(strstr(talk_heard(t), "SIZE"));
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	cr_assert_not_null(strstr(talk_submitted(t, 0), " with SMTP\r\n"));
	talk_free(t);
}

/* S26 */
Test(mx, refuses_who_talks_before_the_greeting)
{
	struct talk *t = talk_new("greet-delay", "5s", NULL);

	cr_assert_str_eq(talk_connect(t), "");
	EXPECT(t, "EHLO client.example\r\n", "554 5.5.0|closed");
	talk_free(t);
	t = talk_new("greet-delay", "5s", NULL);
	cr_assert_str_eq(talk_connect(t), "");
	ms_mock_timeout(t->session);
	cr_assert_str_eq(talk_listen(t), "220");
	talk_free(t);
}

Test(mx, turns_away_who_has_too_many_connections)
{
	struct talk *t = talk_new(NULL);

	ms_mock_fact(t->mock, "client.over", "limit");
	cr_assert_str_eq(talk_connect(t), "421 4.7.0|closed");
	talk_free(t);
}

/* ---- the message that comes out ------------------------------------------------------ */

Test(mx, delivers_the_octets_it_was_given)
{
	struct talk *t = talk_new(NULL);
	const char *got;

	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE "DATA\r\nA: b\r\n\r\n..\r\n.x\r\n \r\n\r\n.\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	cr_assert_not_null(strstr(talk_heard(t), "queued as "));
	got = talk_submitted(t, 0);
	cr_assert_eq(strncmp(got, "ann@example.net\nbob@example.org\n\n", 33), 0,
	    "%s", got);
	cr_assert_not_null(strstr(got,
	    "\nReceived: from client.example ([192.0.2.7])\r\n"
	    "\tby mx.example.org with ESMTP\r\n\tid "));
	cr_assert_not_null(strstr(got, "\r\n\tfor <bob@example.org>;\r\n\t"));
	cr_assert_not_null(strstr(got, "\r\nA: b\r\n\r\n.\r\nx\r\n \r\n\r\n"));
	talk_free(t);
}

/* RFC 5321 7.2 */
Test(mx, names_no_recipient_where_there_are_two)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE "RCPT TO:<cyd@example.org>\r\nDATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|354|250 2.0.0");
	cr_assert_null(strstr(talk_submitted(t, 0), "for <"));
	talk_free(t);
}

Test(mx, takes_a_recipient_once_however_often_he_is_named)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE "RCPT TO:<bob@example.org>\r\nDATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|354|250 2.0.0");
	cr_assert_eq(strncmp(talk_submitted(t, 0),
	    "ann@example.net\nbob@example.org\n\n", 33), 0);
	talk_free(t);
}

/* S04: with BINARYMIME all octets are welcome. */
Test(mx, keeps_nul_and_bare_lf_of_binarymime)
{
	static const char in[] = "MAIL FROM:<> BODY=BINARYMIME\r\n"
	    "RCPT TO:<b@example.org>\r\nBDAT 13 LAST\r\nA: b\r\n\r\n\0x\ny\r";
	struct talk *t = talk_new(NULL);
	struct ms_str got;

	talk_begin(t, "EHLO");
	cr_assert_str_eq(say_n(t, in, sizeof(in) - 1),
	    "250 2.1.0|250 2.1.5|250 2.0.0");
	got = ms_mock_submitted(t->mock, 0);
	cr_assert_geq(got.len, 13);
	cr_assert_eq(memcmp(got.data + got.len - 13, "A: b\r\n\r\n\0x\ny\r", 13), 0);
	talk_free(t);
}

Test(mx, refuses_nul_in_text)
{
	static const char in[] = ENVELOPE "DATA\r\nA: b\r\n\r\n\0\r\n.\r\n";
	static const char chunk[] = ENVELOPE "BDAT 6 LAST\r\nab\0d\r\n";
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	cr_assert_str_eq(say_n(t, in, sizeof(in) - 1),
	    "250 2.1.0|250 2.1.5|354|550 5.6.0");
	cr_assert_str_eq(say_n(t, chunk, sizeof(chunk) - 1),
	    "250 2.1.0|250 2.1.5|550 5.6.0");
	cr_assert_eq(ms_mock_n_submitted(t->mock), 0);
	talk_free(t);
}

/* A transaction whose content is `field` so many times, then `rest`. */
static const char *
repeat(const char *field, size_t times, const char *rest)
{
	static char in[120000];
	size_t len = (size_t)snprintf(in, sizeof(in), "%s", ENVELOPE "DATA\r\n");

	for (size_t i = 0; i < times; i++)
		len += (size_t)snprintf(in + len, sizeof(in) - len, "%s", field);
	snprintf(in + len, sizeof(in) - len, "%s", rest);
	return in;
}

/* S27 */
Test(mx, stops_a_loop_at_100_hops)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, repeat("Received: from a by b; c\r\n", 99, "\r\n.\r\n"),
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	EXPECT(t, repeat("Received: from a by b; c\r\n", 100, "\r\n.\r\n"),
	    "250 2.1.0|250 2.1.5|354|554 5.4.6");
	talk_free(t);
}

/* S12 */
Test(mx, takes_long_lines_unless_told_otherwise)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, repeat("aaaaaaaaaa", 10000, "\r\n.\r\n"),
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	cr_assert_gt(ms_mock_submitted(t->mock, 0).len, 100000);
	talk_free(t);
	t = talk_new("long-lines", "refuse", NULL);
	talk_begin(t, "EHLO");
	EXPECT(t, repeat("aaaaaaaaaa", 10000, "\r\n.\r\n"),
	    "250 2.1.0|250 2.1.5|354|550 5.6.0");
	talk_free(t);
}

/* ---- limits --------------------------------------------------------------------------- */

/* S09: what SIZE promised is believed only as far as it holds. */
Test(mx, refuses_too_large_a_message_after_its_end)
{
	static char body[70000];
	char chunk[64];
	struct talk *t = talk_new("max-size", "64KiB", NULL);

	memset(body, 'a', sizeof(body));
	for (size_t i = 0; i + 80 < sizeof(body); i += 80)
		memcpy(body + i, "\r\n", 2);
	talk_begin(t, "EHLO");
	EXPECT(t, "MAIL FROM:<> SIZE=1\r\nRCPT TO:<b@c>\r\nDATA\r\n",
	    "250 2.1.0|250 2.1.5|354");
	cr_assert_str_eq(say_n(t, body, sizeof(body)), "");
	EXPECT(t, "\r\n.\r\nNOOP\r\n", "552 5.3.4|250 2.0.0");
	EXPECT(t, ENVELOPE, "250 2.1.0|250 2.1.5");
	snprintf(chunk, sizeof(chunk), "BDAT %zu LAST\r\n", sizeof(body));
	cr_assert_str_eq(say(t, chunk), "");
	cr_assert_str_eq(say_n(t, body, sizeof(body)), "552 5.3.4");
	EXPECT(t, "NOOP\r\n", "250 2.0.0");
	EXPECT(t, ENVELOPE "BDAT 9000000000000 LAST\r\n",
	    "250 2.1.0|250 2.1.5|552 5.3.4|closed");
	cr_assert_eq(ms_mock_n_submitted(t->mock), 0);
	talk_free(t);
}

/* A chunk fails, and those that were pipelined behind it are read away. */
Test(mx, reads_away_the_chunks_behind_a_failed_one)
{
	static char body[60000];
	char chunk[64];
	struct talk *t = talk_new("max-size", "64KiB", NULL);

	memset(body, 'a', sizeof(body));
	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE, "250 2.1.0|250 2.1.5");
	snprintf(chunk, sizeof(chunk), "BDAT %zu\r\n", sizeof(body));
	(void)say(t, chunk);
	cr_assert_str_eq(say_n(t, body, sizeof(body)), "250 2.0.0");
	(void)say(t, chunk);
	cr_assert_str_eq(say_n(t, body, sizeof(body)), "552 5.3.4");
	(void)say(t, chunk);
	cr_assert_str_eq(say_n(t, body, sizeof(body)), "503 5.5.1");
	EXPECT(t, "MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n",
	    "503 5.5.1|250 2.0.0|250 2.1.0");
	talk_free(t);
}

/* S11 */
Test(mx, refuses_long_command_lines)
{
	char line[13000];
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	memset(line, 'a', sizeof(line));
	memcpy(line, "NOOP ", 5);
	memcpy(line + 510, "\r\n", 2);
	cr_assert_str_eq(say_n(t, line, 512), "250 2.0.0");
	line[510] = 'a';
	memcpy(line + 511, "\r\n", 2);
	cr_assert_str_eq(say_n(t, line, 513), "500 5.5.2");
	line[511] = line[512] = 'a';
	memcpy(line + 12998, "\r\n", 2);
	cr_assert_str_eq(say_n(t, line, 13000), "500 5.5.2");
	EXPECT(t, "NOOP\r\n", "250 2.0.0");
	talk_free(t);
}

/* S13 */
Test(mx, asks_for_the_recipients_past_its_limit_another_time)
{
	char line[64];
	struct talk *t = talk_new("max-recipients", "100", NULL);
	const char *p;
	int n = 0;

	talk_begin(t, "EHLO");
	EXPECT(t, "MAIL FROM:<>\r\n", "250 2.1.0");
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "RCPT TO:<u%d@example.org>\r\n", i);
		EXPECT(t, line, "250 2.1.5");
	}
	EXPECT(t, "RCPT TO:<one-more@example.org>\r\n", "452 4.5.3");
	EXPECT(t, "DATA\r\n" TEXT ".\r\n", "354|250 2.0.0");
	for (p = talk_submitted(t, 0); (p = strstr(p, "@example.org\n")) != NULL;
	    p++)
		n++;
	cr_assert_eq(n, 100);
	talk_free(t);
}

/* S23 */
Test(mx, answers_ten_thousand_pipelined_commands)
{
	static char in[10000 * 6 + 1];
	struct talk *t = talk_new(NULL);
	size_t n = 0;

	talk_begin(t, "EHLO");
	for (size_t i = 0; i < 10000; i++)
		memcpy(in + i * 6, "RSET\r\n", 6);
	ms_mock_send(t->session, ms_str_of(in, 60000));
	for (;;) {
		struct ms_str got = ms_mock_sent(t->session);

		if (got.len == 0)
			break;
		n += got.len;
		ms_mock_send(t->session, ms_str_of("", 0));
	}
	cr_assert_eq(n, 10000 * strlen("250 2.0.0 Ok\r\n"));
	talk_free(t);
}

/* ---- what the pipeline says -------------------------------------------------------------- */

static const struct {
	uint32_t at, action, code;
	const char *enhanced, *text, *in, *want;
} verdicts[] = {
	{ MS_AT_MAIL, MS_REJECT, 0, "", "", "MAIL FROM:<>\r\n", "550 5.7.1" },
	{ MS_AT_MAIL, MS_DEFER, 0, "", "", "MAIL FROM:<>\r\n", "451 4.7.0" },
	{ MS_AT_MAIL, MS_REJECT, 451, "4.1.1", "", "MAIL FROM:<>\r\n", "550 5.7.1" },
	{ MS_AT_MAIL, MS_HANG_UP, 0, "", "", "MAIL FROM:<>\r\n", "421 4.7.0|closed" },
	{ MS_AT_RCPT, MS_REJECT, 550, "5.1.1", "", ENVELOPE, "250 2.1.0|550 5.1.1" },
	{ MS_AT_RCPT, MS_DEFER, 0, "", "", ENVELOPE, "250 2.1.0|450 4.7.0" },
	{ MS_AT_RCPT, MS_DEFER, 0, "4.2.2", "", ENVELOPE, "250 2.1.0|452 4.2.2" },
	{ MS_AT_DATA, MS_REJECT, 0, "", "", ENVELOPE "DATA\r\n",
	  "250 2.1.0|250 2.1.5|554 5.7.1" },
	{ MS_AT_DATA, MS_REJECT, 0, "", "", ENVELOPE "BDAT 6 LAST\r\nQUIT\r\n",
	  "250 2.1.0|250 2.1.5|554 5.7.1" },
	{ MS_AT_HEADER, MS_REJECT, 0, "5.6.0", "", ENVELOPE "DATA\r\n" TEXT ".\r\n",
	  "250 2.1.0|250 2.1.5|354|550 5.6.0" },
	{ MS_AT_HEADER, MS_REJECT, 0, "5.6.0", "", ENVELOPE "BDAT 6 LAST\r\nA: b\r\n",
	  "250 2.1.0|250 2.1.5|550 5.6.0" },
	{ MS_AT_BODY, MS_REJECT, 554, "5.7.1", "virus\r\n250 Ok",
	  ENVELOPE "DATA\r\n" TEXT ".\r\n", "250 2.1.0|250 2.1.5|354|554 5.7.1" },
	{ MS_AT_BODY, MS_DEFER, 0, "", "", ENVELOPE "DATA\r\n" TEXT ".\r\n",
	  "250 2.1.0|250 2.1.5|354|451 4.7.0" },
	{ MS_AT_BODY, MS_HANG_UP, 0, "", "", ENVELOPE "DATA\r\n" TEXT ".\r\n",
	  "250 2.1.0|250 2.1.5|354|421 4.7.0|closed" },
};

ParameterizedTestParameters(mx, says_what_the_pipeline_decided)
{
	static size_t index[N_ELEMENTS(verdicts)];

	for (size_t i = 0; i < N_ELEMENTS(verdicts); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(verdicts));
}

ParameterizedTest(size_t *i, mx, says_what_the_pipeline_decided)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	ms_mock_verdict(t->mock, verdicts[*i].at, UINT32_MAX,
	    verdicts[*i].action, verdicts[*i].code, verdicts[*i].enhanced,
	    verdicts[*i].text);
	EXPECT(t, verdicts[*i].in, verdicts[*i].want);
	cr_assert_eq(ms_mock_n_submitted(t->mock), 0);
	cr_assert_not_null(strstr(ms_mock_log(t->mock).data, "refused"));
	if (ms_mock_is_closed(t->session)) {
		talk_free(t);
		return;
	}
	/* The session goes on and nothing of the refused one is left. */
	ms_mock_verdict(t->mock, verdicts[*i].at, UINT32_MAX, MS_NO_OPINION, 0,
	    "", "");
	EXPECT(t, "RSET\r\n" ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.0.0|250 2.1.0|250 2.1.5|354|250 2.0.0");
	cr_assert_eq(ms_mock_n_submitted(t->mock), 1);
	talk_free(t);
}

Test(mx, refuses_to_greet_and_waits_for_quit)
{
	struct talk *t = talk_new(NULL);

	ms_mock_verdict(t->mock, MS_AT_CONNECT, UINT32_MAX, MS_REJECT, 0, "", "");
	cr_assert_str_eq(talk_connect(t), "554 5.7.1");
	EXPECT(t, "EHLO a\r\n", "503 5.5.1");
	EXPECT(t, "QUIT\r\n", "221 2.0.0|closed");
	talk_free(t);
}

Test(mx, keeps_the_recipients_that_were_not_refused)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE, "250 2.1.0|250 2.1.5");
	ms_mock_verdict(t->mock, MS_AT_RCPT, UINT32_MAX, MS_REJECT, 550,
	    "5.1.1", "no such user here");
	EXPECT(t, "RCPT TO:<nobody@example.org>\r\n", "550 5.1.1");
	cr_assert_not_null(strstr(ms_mock_log(t->mock).data,
	    "to=nobody@example.org"));
	EXPECT(t, "DATA\r\n" TEXT ".\r\n", "354|250 2.0.0");
	cr_assert_eq(strncmp(talk_submitted(t, 0),
	    "ann@example.net\nbob@example.org\n\n", 33), 0);
	talk_free(t);
}

/* S41, P8: what the queue can't take is not said to be taken. */
Test(mx, says_so_if_the_queue_takes_nothing)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	ms_mock_verdict(t->mock, MS_AT_SEND, UINT32_MAX, MS_DEFER, 0, "4.3.1", "");
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|354|452 4.3.1");
	ms_mock_verdict(t->mock, MS_AT_SEND, UINT32_MAX, MS_DEFER, 451, "4.3.0", "");
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|354|451 4.3.0");
	talk_free(t);
}

/* reliability.md 4.1: a sync failed, and whether the message is kept is not known. */
Test(mx, says_nothing_where_either_answer_could_be_a_lie)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	ms_mock_verdict(t->mock, MS_AT_SEND, UINT32_MAX, MS_HANG_UP, MS_CODE_SILENT, "", "");
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n", "250 2.1.0|250 2.1.5|354|closed");
	talk_free(t);
}

Test(mx, accepts_what_is_discarded_or_quarantined)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	ms_mock_verdict(t->mock, MS_AT_BODY, UINT32_MAX, MS_QUARANTINE, 0, "", "");
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	talk_free(t);
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* P4, S20: cut off at each octet, nothing of it appears. */
Test(mx, forgets_a_message_that_was_cut_off)
{
	static const char dot[] = ENVELOPE "DATA\r\n" TEXT ".\r\n";
	static const char chunk[] = ENVELOPE "BDAT 10 LAST\r\nA: b\r\n\r\nxy";
	static const char *const whole[] = { dot, chunk };

	for (size_t k = 0; k < N_ELEMENTS(whole); k++)
		for (size_t n = 0; n < strlen(whole[k]); n++) {
			struct talk *t = talk_new(NULL);

			talk_begin(t, "EHLO");
			(void)say_n(t, whole[k], n);
			ms_mock_hang_up(t->session);
			cr_assert_eq(ms_mock_n_submitted(t->mock), 0,
			    "cut at %zu", n);
			cr_assert_eq(ms_mock_blobs_held(t->mock), 0);
			talk_free(t);
		}
}

/* S31 */
Test(mx, closes_who_is_too_slow)
{
	static const char *const before[] = { "", "MA", ENVELOPE,
		ENVELOPE "DATA\r\nhalf", ENVELOPE "BDAT 10\r\nhalf" };

	for (size_t i = 0; i < N_ELEMENTS(before); i++) {
		struct talk *t = talk_new(NULL);

		talk_begin(t, "EHLO");
		(void)say(t, before[i]);
		ms_mock_timeout(t->session);
		cr_assert_str_eq(talk_listen(t), "421 4.4.2|closed");
		cr_assert_eq(ms_mock_n_submitted(t->mock), 0);
		talk_free(t);
	}
}

Test(mx, leaves_no_blob_behind)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE "DATA\r\nx\n\r\n.\r\n", "250 2.1.0|250 2.1.5|354|550 5.6.11");
	EXPECT(t, ENVELOPE "BDAT 3\r\nabcRSET\r\n", "250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0");
	EXPECT(t, "QUIT\r\n", "221 2.0.0|closed");
	cr_assert_eq(ms_mock_blobs_held(t->mock), 0);
	talk_free(t);
}

/* ---- TLS ---------------------------------------------------------------------------------------- */

Test(mx, wants_tls_where_the_admin_does)
{
	struct talk *t = talk_new("require-tls", "yes", NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, "MAIL FROM:<>\r\n", "530 5.7.0");
	talk_free(t);
	t = talk_new("require-tls", "yes", NULL);
	ms_mock_fact(t->mock, "tls.version", "TLSv1.3");
	ms_mock_fact(t->mock, "tls.cipher", "AES-256-GCM");
	talk_begin(t, "EHLO");
	cr_assert_null(strstr(talk_heard(t), "STARTTLS"));
	EXPECT(t, "STARTTLS\r\n", "503 5.5.1");
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	cr_assert_not_null(strstr(talk_submitted(t, 0),
	    " with ESMTPS (TLSv1.3 AES-256-GCM)\r\n"));
	talk_free(t);
}

/* S06 */
Test(mx, forgets_everything_at_starttls)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "EHLO");
	EXPECT(t, ENVELOPE, "250 2.1.0|250 2.1.5");
	EXPECT(t, "STARTTLS\r\n", "220 2.0.0");
	EXPECT(t, "RCPT TO:<c@example.org>\r\n", "503 5.5.1");
	EXPECT(t, "MAIL FROM:<>\r\n", "503 5.5.1");
	EXPECT(t, "EHLO client.example\r\n", "250");
	cr_assert_null(strstr(talk_heard(t), "STARTTLS"));
	EXPECT(t, "RCPT TO:<c@example.org>\r\n", "503 5.5.1");
	talk_free(t);
}

Test(mx, offers_no_tls_where_there_is_none)
{
	struct talk *t = talk_new(NULL);

	ms_mock_fact(t->mock, "tls.offered", "no");
	talk_begin(t, "EHLO");
	cr_assert_null(strstr(talk_heard(t), "STARTTLS"));
	EXPECT(t, "STARTTLS\r\n", "502 5.5.1");
	talk_free(t);
}

/* ---- S39 -------------------------------------------------------------------------------------------- */

Test(mx, writes_one_trace_field_whatever_the_peer_calls_itself)
{
	struct talk *t = talk_new(NULL);
	const char *got;

	(void)talk_connect(t);
	EXPECT(t, "EHLO a\rX-Evil:y\r\n", "500 5.5.2");
	EXPECT(t, "EHLO a(;\"\\<>,@b\r\n", "250");
	EXPECT(t, ENVELOPE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|354|250 2.0.0");
	got = talk_submitted(t, 0);
	cr_assert_not_null(strstr(got, "Received: from a--------b ("), "%s", got);
	talk_free(t);
}
