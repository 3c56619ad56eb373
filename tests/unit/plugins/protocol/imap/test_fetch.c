/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

TestSuite(fetch, .init = talk_start, .fini = talk_end);
TestSuite(section, .init = talk_start, .fini = talk_end);

static const char mixed[] =
    "From: Bob <bob@example.net>\r\n"
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Date: Thu, 01 Jan 2026 10:00:00 +0100\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "pre\r\n"
    "--b\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "hello w=C3=B6rld\r\n"
    "--b\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: inner\r\n"
    "From: x@example.org\r\n"
    "\r\n"
    "inner text\r\n"
    "--b\r\n"
    "Content-Type: application/octet-stream\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "AAECAwQ=\r\n"
    "--b--\r\n";

static struct ms_mock_session *
with_mixed(void)
{
	struct ms_mock_session *s = talk_login();

	deliver("INBOX", mixed);
	(void)answer_to(s, "s SELECT INBOX");
	return s;
}

Test(fetch, tells_flags_uids_dates_and_sizes)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(3);
	memstore_flag(talk_mock, ANN, "INBOX", 2,
	    MS_FLAG_SEEN | MS_FLAG_ANSWERED, "$Work");
	(void)answer_to(s, "a EXAMINE INBOX");
	says(s, "b FETCH 1:2 (FLAGS UID)",
	    "* 1 FETCH (UID 1 FLAGS (\\Recent))\r\n"
	    "* 2 FETCH (UID 2 FLAGS (\\Seen \\Answered \\Recent $Work))\r\n"
	    "b OK FETCH completed\r\n");
	says(s, "c UID FETCH 3 FAST",
	    "* 3 FETCH (UID 3 FLAGS (\\Recent) INTERNALDATE "
	    "\" 1-Jan-2026 00:00:00 +0000\" RFC822.SIZE 46)\r\n"
	    "c OK FETCH completed\r\n");
	says(s, "d FETCH * UID", "* 3 FETCH (UID 3)\r\n"
	    "d OK FETCH completed\r\n");
}

Test(fetch, tells_envelope_and_structure)
{
	struct ms_mock_session *s = with_mixed();

	says_with(s, "a FETCH 1 ENVELOPE", "* 1 FETCH (ENVELOPE "
	    "(\"Thu, 01 Jan 2026 10:00:00 +0100\" "
	    "\"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\" ((\"Bob\" NIL \"bob\" "
	    "\"example.net\"))");
	says_with(s, "b FETCH 1 BODY", " \"mixed\")");
	says_with(s, "c FETCH 1 BODYSTRUCTURE", "(\"boundary\" \"b\")");
	says_with(s, "d FETCH 1 (EMAILID THREADID SAVEDATE PREVIEW)",
	    "EMAILID (M");
}

Test(fetch, does_without_a_digest)
{
	struct ms_mock_session *s = talk_login();
	const char *want;

	deliver("INBOX", mixed);
	memstore_deliver_bare(talk_mock, ANN, "INBOX", mixed);
	(void)answer_to(s, "s EXAMINE INBOX");
	want = strchr(answer_to(s, "a FETCH 1 (ENVELOPE BODYSTRUCTURE "
	    "BODY[2.TEXT] BODY[HEADER.FIELDS (From)])"), '(');
	cr_assert_str_eq(strchr(answer_to(s, "a FETCH 2 (ENVELOPE "
	    "BODYSTRUCTURE BODY[2.TEXT] BODY[HEADER.FIELDS (From)])"), '('),
	    want);
}

static const struct { const char *section, *value; } sections[] = {
	{ "1", "{16}\r\nhello w=C3=B6rld" },
	{ "1.MIME", "{88}\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n" },
	{ "2", "{49}\r\nSubject: inner\r\nFrom: x@example.org\r\n\r\n"
	    "inner text" },
	{ "2.HEADER", "{39}\r\nSubject: inner\r\nFrom: x@example.org\r\n\r\n" },
	{ "2.TEXT", "{10}\r\ninner text" },
	{ "2.1", "{10}\r\ninner text" },
	{ "2.HEADER.FIELDS (from nope)",
	    "{23}\r\nFrom: x@example.org\r\n\r\n" },
	{ "HEADER.FIELDS (\"SUBJECT\")",
	    "{40}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n" },
	{ "HEADER.FIELDS.NOT (subject date content-type)",
	    "{31}\r\nFrom: Bob <bob@example.net>\r\n\r\n" },
	{ "9", "NIL" }, { "1.HEADER", "NIL" }, { "1.1.1", "NIL" },
	{ "3", "{8}\r\nAAECAwQ=" },
};

Test(section, names_octets_of_the_message)
{
	struct ms_mock_session *s = with_mixed();
	char line[200];

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		snprintf(line, sizeof(line), "a FETCH 1 BODY.PEEK[%s]",
		    sections[i].section);
		says_with(s, line, sections[i].value);
	}
}

Test(section, of_all_is_the_message)
{
	struct ms_mock_session *s = with_mixed();
	const char *got = answer_to(s, "a FETCH 1 BODY.PEEK[]");
	char head[100];

	snprintf(head, sizeof(head), "* 1 FETCH (BODY[] {%zu}\r\n",
	    sizeof(mixed) - 1);
	cr_assert_eq(strncmp(got, head, strlen(head)), 0, "%s", got);
	cr_assert_eq(memcmp(got + strlen(head), mixed, sizeof(mixed) - 1), 0);
	cr_assert_str_eq(got + strlen(head) + sizeof(mixed) - 1,
	    ")\r\na OK FETCH completed\r\n");
}

Test(section, can_be_cut)
{
	struct ms_mock_session *s = with_mixed();

	says(s, "a FETCH 1 BODY.PEEK[]<5.4>",
	    "* 1 FETCH (BODY[]<5> {4}\r\n Bob)\r\na OK FETCH completed\r\n");
	says_with(s, "b FETCH 1 BODY.PEEK[1]<0.5>", "BODY[1]<0> {5}\r\nhello)");
	says_with(s, "c FETCH 1 BODY.PEEK[1]<15.100>",
	    "BODY[1]<15> {1}\r\nd)");
	says_with(s, "d FETCH 1 BODY.PEEK[]<99999.5>", "BODY[]<99999> {0}\r\n)");
	says_with(s, "e FETCH 1 BODY.PEEK[HEADER.FIELDS (From)]<0.5>",
	    "BODY[HEADER.FIELDS (From)]<0> {5}\r\nFrom:)");
	says_with(s, "f FETCH 1 BODY.PEEK[]<0.0>", "f BAD ");
}

Test(section, is_decoded_by_binary)
{
	struct ms_mock_session *s = with_mixed();
	struct ms_str got;

	says_with(s, "a FETCH 1 BINARY.PEEK[1]",
	    "BINARY[1] {12}\r\nhello w\xc3\xb6rld)");
	says_with(s, "b FETCH 1 BINARY.SIZE[1]", "BINARY.SIZE[1] 12)");
	says_with(s, "c FETCH 1 BINARY.PEEK[1]<6.3>",
	    "BINARY[1]<6> {3}\r\nw\xc3\xb6)");
	says_with(s, "d FETCH 1 BINARY.SIZE[3]", "BINARY.SIZE[3] 5)");
	/* Octets with a NUL: a literal8. */
	ms_mock_send_c(s, "e FETCH 1 BINARY.PEEK[3]\r\n");
	got = ms_mock_sent(s);
	cr_assert_eq(memcmp(got.data,
	    "* 1 FETCH (BINARY[3] ~{5}\r\n\0\1\2\3\4)\r\n", 35), 0);
}

Test(section, that_is_wrong_is_bad)
{
	static const char *const wrong[] = { "BODY[", "BODY[1.]", "BODY[.1]",
	    "BODY[0]", "BODY[MIME]", "BODY[HEADER.FIELDS]",
	    "BODY[HEADER.FIELDS ()]", "BODY[HEADER.FIELDS (a]",
	    "BODY[TEXT.1]", "BODY[]<1>", "BODY[]<1.", "BODY[WHAT]",
	    "BINARY[TEXT]", "BINARY.SIZE[1]<0.1>", "WHAT", "()", "(FLAGS",
	    "(FLAGS ALL)", "FLAGS UID", "ALL FAST",
	    ("BODY[1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22."
	    "23.24.25.26.27.28.29.30.31.32.33.34.35.36]") };
	struct ms_mock_session *s = with_mixed();
	char line[300];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(line, sizeof(line), "a FETCH 1 %s", wrong[i]);
		says_with(s, line, "a BAD ");
	}
}

Test(fetch, of_a_body_sets_seen_once)
{
	struct ms_mock_session *s = with_mixed();
	uint32_t jobs;

	says_with(s, "a FETCH 1 BODY[2.TEXT]",
	    "(FLAGS (\\Seen \\Recent) BODY[2.TEXT] {10}\r\ninner text)");
	jobs = memstore_jobs();
	says_with(s, "b FETCH 1 BODY[2.TEXT]", "inner text)\r\nb OK ");
	cr_assert_eq(memstore_jobs(), jobs);
	says(s, "c NOOP", "c OK NOOP completed\r\n");
}

Test(fetch, of_a_body_sets_nothing_when_it_peeks_or_was_examined)
{
	struct ms_mock_session *s = with_mixed();

	says_without(s, "a FETCH 1 (BODY.PEEK[] RFC822.HEADER)", "\\Seen");
	(void)answer_to(s, "b EXAMINE INBOX");
	says_without(s, "c FETCH 1 BODY[]", "\\Seen");
	says_without(s, "d FETCH 1 FLAGS", "\\Seen");
	(void)answer_to(s, "e SELECT INBOX");
	says_with(s, "f FETCH 1 RFC822", "FLAGS (\\Seen");
}

Test(fetch, by_older_names_is_the_same)
{
	struct ms_mock_session *s = with_mixed();

	says_with(s, "a FETCH 1 RFC822.HEADER", "* 1 FETCH (RFC822.HEADER {");
	says_with(s, "b FETCH 1 RFC822.TEXT", "RFC822.TEXT {");
	says_with(s, "c FETCH 1 (RFC822.SIZE RFC822)", " RFC822 {");
}

Test(fetch, of_sets_that_go_too_far)
{
	struct ms_mock_session *s = talk_login();

	(void)answer_to(s, "a SELECT INBOX");
	says(s, "b FETCH 1:* FLAGS", "b OK FETCH completed\r\n");
	says_with(s, "c FETCH 1 FLAGS", "c BAD ");
	deliver_many(3);
	(void)answer_to(s, "d NOOP");
	says_with(s, "e FETCH 1:4294967295 FLAGS", "e BAD ");
	says_with(s, "f FETCH *:1 UID", "* 1 FETCH (UID 1)\r\n* 2 FETCH");
	says_with(s, "g FETCH 0 FLAGS", "g BAD ");
	says_with(s, "h FETCH 4294967296 FLAGS", "h BAD ");
	says(s, "i UID FETCH 1:4294967295 UID", "* 1 FETCH (UID 1)\r\n"
	    "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n"
	    "i OK FETCH completed\r\n");
	/* The last message is always part of it. */
	says(s, "j UID FETCH 100:* UID", "* 3 FETCH (UID 3)\r\n"
	    "j OK FETCH completed\r\n");
	says(s, "k UID FETCH 100:200 UID", "k OK FETCH completed\r\n");
}

Test(fetch, of_thousands_comes_in_order_and_whole)
{
	struct ms_mock_session *s = talk_login();
	const char *got;
	char want[100];

	deliver_many(5000);
	(void)answer_to(s, "a SELECT INBOX");
	got = answer_to(s, "b FETCH 1:* (UID FLAGS ENVELOPE)");
	for (unsigned i = 1; i <= 5000; i++) {
		snprintf(want, sizeof(want), "* %u FETCH (UID %u FLAGS "
		    "(\\Recent) ENVELOPE (NIL \"m%u\" ", i, i, i);
		cr_assert_eq(strncmp(got, want, strlen(want)), 0, "%u", i);
		got = strchr(got, '\n') + 1;
	}
	cr_assert_str_eq(got, "b OK FETCH completed\r\n");
}

Test(fetch, of_large_bodies_comes_whole)
{
	struct ms_mock_session *s = talk_login();
	char *text = malloc(300001);
	const char *got;

	cr_assert_not_null(text);
	memcpy(text, "Subject: x\r\n\r\n", 14);
	memset(text + 14, 'x', 299986);
	text[300000] = '\0';
	for (int i = 0; i < 5; i++)
		deliver("INBOX", text);
	(void)answer_to(s, "a SELECT INBOX");
	got = answer_to(s, "b UID FETCH 1:* BODY.PEEK[]");
	for (int i = 1; i <= 5; i++) {
		char want[100];
		int n = snprintf(want, sizeof(want),
		    "* %d FETCH (UID %d BODY[] {300000}\r\n", i, i);

		cr_assert_eq(strncmp(got, want, (size_t)n), 0);
		cr_assert_eq(strncmp(got + n, text, 300000), 0);
		got += n + 300000;
		cr_assert_eq(strncmp(got, ")\r\n", 3), 0);
		got += 3;
	}
	free(text);
}

Test(fetch, of_a_damaged_message_serves_the_others)
{
	struct ms_mock_session *s = talk_login();
	const char *got;

	deliver_many(3);
	(void)answer_to(s, "a SELECT INBOX");
	memstore_damage(2, MS_TEMPFAIL);
	got = answer_to(s, "b FETCH 1:3 (UID BODY.PEEK[TEXT])");
	cr_assert_not_null(strstr(got, "* 1 FETCH (UID 1 "));
	cr_assert_null(strstr(got, "* 2 FETCH"));
	cr_assert_not_null(strstr(got, "* 3 FETCH (UID 3 "));
	cr_assert_not_null(strstr(got, "b NO [SERVERBUG] "));
	memstore_damage(0, MS_OK);
}
