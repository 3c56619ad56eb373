/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof(*(a)))

TestSuite(search, .init = talk_start, .fini = talk_end);

/* Five messages; memstore's clock says 2026-01-01 00:00. */
static struct ms_mock_session *
with_mails(void)
{
	struct ms_mock_session *s = talk_login();

	deliver("INBOX", "From: Ann <ann@example.org>\r\nTo: Bob\r\n"
	    "Subject: first\r\nDate: Mon, 01 Dec 2025 23:30:00 -0500\r\n"
	    "\r\nplain text\r\n");
	deliver("INBOX", "From: =?iso-8859-1?q?J=F6rg?= <j@example.net>\r\n"
	    "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nX-Thing: value\r\n"
	    "Date: Tue, 02 Dec 2025 10:00:00 +0000\r\n"
	    "Content-Type: text/plain; charset=iso-8859-1\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\nStra=DFe und =\r\nBaum\r\n");
	deliver("INBOX", "Subject: third\r\n"
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\nContent-Type: text/html\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n"
	    "PGI+aGlkZGVuIHdvcmQ8L2I+\r\n"
	    "--b\r\nContent-Type: application/pdf\r\n\r\nsecretly\r\n"
	    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Subject: inside\r\n\r\ndeep down\r\n--b--\r\n");
	deliver("INBOX", "From: bob@example.net\r\nCc: ann@example.org\r\n"
	    "Bcc: hide@example.org\r\n\r\n\r\n");
	deliver("INBOX", "Subject: last\r\n\r\nxx\r\n");
	memstore_flag(talk_mock, ANN, "INBOX", 1, MS_FLAG_SEEN, NULL);
	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_FLAGGED, "$Work");
	memstore_flag(talk_mock, ANN, "INBOX", 3,
	    MS_FLAG_SEEN | MS_FLAG_ANSWERED, "$Junk");
	memstore_flag(talk_mock, ANN, "INBOX", 4,
	    MS_FLAG_DELETED | MS_FLAG_DRAFT, NULL);
	(void)answer_to(s, "s EXAMINE INBOX");
	return s;
}

static const struct { const char *keys, *found; } cases[] = {
	{ "ALL", " 1 2 3 4 5" }, { "2:3", " 2 3" }, { "*", " 5" },
	{ "1,3:4", " 1 3 4" }, { "UID 2", " 2" }, { "UID 99", "" },
	{ "SEEN", " 1 3" }, { "UNSEEN", " 2 4 5" }, { "ANSWERED", " 3" },
	{ "UNANSWERED", " 1 2 4 5" }, { "FLAGGED", " 2" },
	{ "UNFLAGGED", " 1 3 4 5" }, { "DELETED", " 4" },
	{ "UNDELETED", " 1 2 3 5" }, { "DRAFT", " 4" },
	{ "UNDRAFT", " 1 2 3 5" }, { "KEYWORD $work", " 2" },
	{ "UNKEYWORD $Work", " 1 3 4 5" }, { "RECENT", " 1 2 3 4 5" },
	{ "NEW", " 2 4 5" }, { "OLD", "" },
	{ "SEEN ANSWERED", " 3" }, { "OR SEEN FLAGGED", " 1 2 3" },
	{ "NOT SEEN", " 2 4 5" }, { "NOT NOT SEEN", " 1 3" },
	{ "(SEEN) (NOT ANSWERED)", " 1" }, { "NOT (SEEN ANSWERED)", " 1 2 4 5" },
	{ "OR (1 SEEN) OR 4 5", " 1 4 5" }, { "NOT 2:4", " 1 5" },
	{ "NOT (OR 1 SEEN)", " 2 4 5" },
	{ "LARGER 270", " 3" }, { "SMALLER 30", " 5" },
	{ "ON 1-Jan-2026", " 1 2 3 4 5" }, { "BEFORE 1-Jan-2026", "" },
	{ "SINCE \"1-Jan-2026\"", " 1 2 3 4 5" }, { "SINCE 2-Jan-2026", "" },
	{ "YOUNGER 10", " 1 2 3 4 5" }, { "OLDER 10", "" },
	/* The day where it was sent: still the first in New York. */
	{ "SENTON 1-Dec-2025", " 1" }, { "SENTBEFORE 2-Dec-2025", " 1" },
	{ "SENTSINCE 2-Dec-2025", " 2" },
	{ "SUBJECT first", " 1" }, { "SUBJECT FIRST", " 1" },
	{ "SUBJECT \"gr\"", " 2" }, { "SUBJECT \"\"", " 1 2 3 4 5" },
	{ "FROM ann", " 1" }, { "FROM \"ann <ann@EXAMPLE\"", " 1" },
	{ "FROM j\xc3\xb6rg", NULL }, { "FROM \"j\xc3\xb6RG\"", " 2" },
	{ "TO bob", " 1" }, { "CC ann", " 4" }, { "BCC hide", " 4" },
	{ "HEADER X-Thing \"\"", " 2" }, { "HEADER x-thing VAL", " 2" },
	{ "HEADER X-Thing nope", "" }, { "HEADER Subject inside", "" },
	{ "BODY \"plain TEXT\"", " 1" }, { "BODY \"und baum\"", " 2" },
	{ "BODY \"strasse\"", " 2" }, { "BODY \"hidden word\"", " 3" },
	{ "BODY secretly", "" }, { "BODY \"deep down\"", " 3" },
	{ "BODY inside", " 3" }, { "BODY third", "" }, { "TEXT third", " 3" },
	{ "TEXT X-Thing", " 2" }, { "TEXT hide@", " 4" },
	{ "BODY plain TEXT first", " 1" }, { "NOT BODY plain", " 2 3 4 5" },
	{ "OR BODY plain BODY word", " 1 3" },
	{ "SEEN BODY plain", " 1" }, { "CHARSET UTF-8 SUBJECT third", " 3" },
	{ "CHARSET us-ascii SUBJECT third", " 3" },
	{ "CHARSET iso-8859-1 FROM {4+}\r\nJ\xf6rg", " 2" },
	{ "FROM \"J\xf6rg\"", NULL },
	{ "SAVEDSINCE 1-Jan-2026", " 1 2 3 4 5" },
	{ "SAVEDBEFORE 1-Jan-2026", "" }, { "SAVEDATESUPPORTED", " 1 2 3 4 5" },
	{ "EMAILID Mnope", "" }, { "THREADID T00000000000000000000000000000000",
	    "" },
	/* BAD */
	{ "", NULL }, { "WHAT", NULL }, { "NOT", NULL }, { "OR SEEN", NULL },
	{ "(SEEN", NULL }, { "SEEN)", NULL }, { "()", NULL },
	{ "KEYWORD", NULL }, { "ON 32-Jan-2026", NULL }, { "ON Jan", NULL },
	{ "SUBJECT", NULL }, { "HEADER a", NULL }, { "LARGER x", NULL },
	{ "UID", NULL }, { "0", NULL }, { "6", NULL }, { "SEEN  SEEN ", " 1 3" }, { "OR ( SEEN ANSWERED ) ( 1 )", " 1 3" },
	{ "YOUNGER 0", NULL }, { "MODSEQ", NULL }, { "CHARSET", NULL },
	{ "CHARSET UTF-8", NULL }, { "SINCE", NULL },
};

ParameterizedTestParameters(search, finds_what_is_asked)
{
	static size_t index[N_ELEMENTS(cases)];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(cases));
}

ParameterizedTest(size_t *i, search, finds_what_is_asked)
{
	struct ms_mock_session *s = with_mails();
	char line[300], want[300];

	snprintf(line, sizeof(line), "a SEARCH%s%s",
	    cases[*i].keys[0] != '\0' ? " " : "", cases[*i].keys);
	if (cases[*i].found == NULL) {
		says_with(s, line, "a BAD ");
		return;
	}
	snprintf(want, sizeof(want),
	    "* SEARCH%s\r\na OK SEARCH completed\r\n", cases[*i].found);
	says(s, line, want);
}

Test(search, finds_by_ids_that_fetch_gave)
{
	struct ms_mock_session *s = with_mails();
	const char *got = answer_to(s, "a FETCH 3 (EMAILID THREADID)");
	char line[100];

	snprintf(line, sizeof(line), "b SEARCH EMAILID %.33s",
	    strstr(got, "EMAILID (") + 9);
	says(s, line, "* SEARCH 3\r\nb OK SEARCH completed\r\n");
	snprintf(line, sizeof(line), "c SEARCH THREADID %.33s",
	    strstr(got, "THREADID (") + 10);
	says(s, line, "* SEARCH 3\r\nc OK SEARCH completed\r\n");
}

Test(search, by_uid_gives_uids)
{
	struct ms_mock_session *s = with_mails();

	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	(void)answer_to(s, "a NOOP");
	says(s, "b SEARCH SEEN", "* SEARCH 2\r\nb OK SEARCH completed\r\n");
	says(s, "c UID SEARCH SEEN", "* SEARCH 3\r\n"
	    "c OK SEARCH completed\r\n");
}

Test(search, does_not_know_every_charset)
{
	struct ms_mock_session *s = with_mails();

	says_with(s, "a SEARCH CHARSET x-nope SUBJECT x",
	    "a NO [BADCHARSET (US-ASCII UTF-8)] ");
	says_with(s, "b SEARCH CHARSET x-nope ALL", "b NO [BADCHARSET");
}

Test(search, returns_in_the_extended_form_what_is_asked)
{
	struct ms_mock_session *s = with_mails();

	says(s, "a SEARCH RETURN (MIN MAX COUNT) UNSEEN",
	    "* ESEARCH (TAG \"a\") MIN 2 MAX 5 COUNT 3\r\n"
	    "a OK SEARCH completed\r\n");
	says(s, "b UID SEARCH RETURN () UNSEEN",
	    "* ESEARCH (TAG \"b\") UID ALL 2,4:5\r\n"
	    "b OK SEARCH completed\r\n");
	says(s, "c SEARCH RETURN (ALL COUNT) UID 99",
	    "* ESEARCH (TAG \"c\") COUNT 0\r\nc OK SEARCH completed\r\n");
	says(s, "d SEARCH RETURN (MIN) MODSEQ 7",
	    "* OK [HIGHESTMODSEQ 10] now with modseqs\r\n"
	    "* ESEARCH (TAG \"d\") MIN 1 MODSEQ 7\r\n"
	    "d OK SEARCH completed\r\n");
	says(s, "e SEARCH RETURN (ALL) MODSEQ 8",
	    "* ESEARCH (TAG \"e\") ALL 2:4 MODSEQ 10\r\n"
	    "e OK SEARCH completed\r\n");
	says_with(s, "f SEARCH RETURN (NOPE) ALL", "f BAD ");
	says_with(s, "g SEARCH RETURN ALL", "g BAD ");
}

Test(search, keeps_its_result_in_a_variable)
{
	struct ms_mock_session *s = with_mails();

	says(s, "a SEARCH RETURN (SAVE) UNSEEN", "a OK SEARCH completed\r\n");
	says(s, "b FETCH $ UID", "* 2 FETCH (UID 2)\r\n"
	    "* 4 FETCH (UID 4)\r\n* 5 FETCH (UID 5)\r\n"
	    "b OK FETCH completed\r\n");
	says(s, "c UID SEARCH UID $ DELETED", "* SEARCH 4\r\n"
	    "c OK SEARCH completed\r\n");
	says(s, "d SEARCH RETURN (SAVE MIN COUNT) $ NOT DRAFT",
	    "* ESEARCH (TAG \"d\") MIN 2 COUNT 2\r\n"
	    "d OK SEARCH completed\r\n");
	says(s, "e SEARCH $", "* SEARCH 2 5\r\ne OK SEARCH completed\r\n");
	says(s, "f SEARCH RETURN (SAVE MAX) ALL",
	    "* ESEARCH (TAG \"f\") MAX 5\r\nf OK SEARCH completed\r\n");
	says(s, "g SEARCH $", "* SEARCH 5\r\ng OK SEARCH completed\r\n");
	memstore_expunge(talk_mock, ANN, "INBOX", 5, 5);
	(void)answer_to(s, "h NOOP");
	says(s, "i SEARCH $", "* SEARCH\r\ni OK SEARCH completed\r\n");
	(void)answer_to(s, "j SEARCH RETURN (SAVE) ALL");
	says_with(s, "k SEARCH RETURN (SAVE) CHARSET x-nope ALL", "k NO ");
	says(s, "l SEARCH $", "* SEARCH\r\nl OK SEARCH completed\r\n");
	(void)answer_to(s, "m SEARCH RETURN (SAVE) ALL");
	(void)answer_to(s, "n EXAMINE INBOX");
	says(s, "o SEARCH $", "* SEARCH\r\no OK SEARCH completed\r\n");
}

Test(search, asks_a_store_that_has_an_index)
{
	struct ms_mock_session *s = with_mails();
	uint64_t rows;

	says(s, "a SEARCH OR SUBJECT x (UNSEEN NOT KEYWORD k FROM y) 1:3",
	    "* SEARCH\r\na OK SEARCH completed\r\n");
	cr_assert_str_eq(memstore_asked(), " HEADER(Subject,x) FLAGS(1) NOT1 "
	    "KEYWORD(k) NOT1 HEADER(From,y) AND3 OR2 UIDS(1) AND2");
	says_with(s, "b SEARCH BODY x ON 1-Jan-2026 SENTBEFORE 2-Jan-2026 "
	    "LARGER 5 NEW ALL", "b OK ");
	cr_assert_str_eq(memstore_asked(), " BODY(x) "
	    "ARRIVED_FROM(1767225600000000) ARRIVED_BEFORE(1767312000000000) "
	    "AND2 SENT_BEFORE(1767312000000000) LARGER(5) UIDS(1) FLAGS(1) "
	    "NOT1 AND2 UIDS(1) AND6");
	/* What is sure is not read, of the rest only what may be. */
	memstore_knows(5, 1, 2);
	rows = memstore_rows();
	says(s, "c SEARCH BODY plain", "* SEARCH 1 5\r\n"
	    "c OK SEARCH completed\r\n");
	cr_assert_eq(memstore_rows() - rows, 2);
	memstore_knows(5, 0, 0);
	says(s, "d SEARCH BODY plain", "* SEARCH 5\r\n"
	    "d OK SEARCH completed\r\n");
	says(s, "e SEARCH 1:4 BODY plain", "* SEARCH\r\n"
	    "e OK SEARCH completed\r\n");
	memstore_knows(0, 0, 0);
}

Test(search, can_be_sorted)
{
	struct ms_mock_session *s = with_mails();

	says(s, "a SORT (SUBJECT) UTF-8 ALL", "* SORT 4 1 2 5 3\r\n"
	    "a OK SORT completed\r\n");
	says(s, "b SORT (REVERSE SIZE) US-ASCII UNSEEN", "* SORT 2 4 5\r\n"
	    "b OK SORT completed\r\n");
	says(s, "c UID SORT (FROM REVERSE ARRIVAL) UTF-8 1:4",
	    "* SORT 3 1 4 2\r\nc OK SORT completed\r\n");
	says(s, "d SORT (DATE) UTF-8 ALL", "* SORT 1 2 3 4 5\r\n"
	    "d OK SORT completed\r\n");
	says(s, "e SORT (CC TO) UTF-8 UID 99", "* SORT\r\n"
	    "e OK SORT completed\r\n");
	says_with(s, "f SORT (DISPLAYFROM DISPLAYTO) UTF-8 ALL", "f OK ");
	says_with(s, "g SORT (NOPE) UTF-8 ALL", "g BAD ");
	says_with(s, "h SORT () UTF-8 ALL", "h BAD ");
	says_with(s, "i SORT (SUBJECT) UTF-8", "i BAD ");
	says_with(s, "j SORT (SUBJECT) x-nope ALL", "j NO [BADCHARSET ");
	says_with(s, "k SORT (SIZE) UTF-8 MODSEQ 8", "* SORT 4 2 3 (MODSEQ 10)");
}

Test(search, can_be_threaded)
{
	struct ms_mock_session *s = talk_login();

	deliver("INBOX", "Subject: x\r\nMessage-ID: <a@x>\r\n\r\n\r\n");
	deliver("INBOX", "Subject: Re: x\r\nMessage-ID: <b@x>\r\n"
	    "References: <a@x>\r\n\r\n\r\n");
	deliver("INBOX", "Subject: y\r\nIn-Reply-To: <b@x>\r\n\r\n\r\n");
	deliver("INBOX", "Subject: [list] Re: X\r\n\r\n\r\n");
	(void)answer_to(s, "s SELECT INBOX");
	says(s, "a THREAD REFERENCES UTF-8 ALL", "* THREAD (1 (2 3)(4))\r\n"
	    "a OK THREAD completed\r\n");
	says(s, "b UID THREAD ORDEREDSUBJECT UTF-8 ALL",
	    "* THREAD (1 (2)(4))(3)\r\nb OK THREAD completed\r\n");
	says(s, "c THREAD REFERENCES UTF-8 UID 99",
	    "* THREAD\r\nc OK THREAD completed\r\n");
	says_with(s, "d THREAD NOPE UTF-8 ALL", "d BAD ");
}

Test(search, does_not_nest_for_ever)
{
	static char line[60000];
	struct ms_mock_session *s = with_mails();
	size_t n;

	memset(line, '(', sizeof(line) - 1);
	memcpy(line, "a SEARCH ", 9);
	says_with(s, line, "a BAD ");
	n = 9;
	for (int i = 0; i < 5000; i++, n += 4)
		memcpy(line + n, "NOT ", 4);
	memcpy(line + n, "SEEN", 5);
	says_with(s, line, "a BAD ");
	n = 9;
	for (int i = 0; i < 25; i++, n += 4)
		memcpy(line + n, "NOT ", 4);
	memcpy(line + n, "SEEN", 5);
	says_with(s, line, "* SEARCH 2 4 5\r\n");
	n = 9;
	for (int i = 0; i < 6000; i++, n += 5)
		memcpy(line + n, "SEEN ", 5);
	line[n - 1] = '\0';
	says_with(s, line, "a BAD ");
}

TestSuite(long_search, .init = talk_start_ticking, .fini = talk_end);

Test(long_search, is_given_up)
{
	struct ms_mock_session *s = talk_login();
	static char line[20000];
	size_t n = 9;

	deliver_many(400);
	(void)answer_to(s, "s SELECT INBOX");
	/* Each message is a look at the clock, or two. */
	says_with(s, "a SEARCH TEXT nope", "* SEARCH\r\n");
	deliver_many(1000);
	(void)answer_to(s, "b NOOP");
	says_with(s, "c SEARCH TEXT nope", "c NO [LIMIT] ");
	says_with(s, "d SEARCH RETURN (SAVE) TEXT nope", "d NO [LIMIT] ");
	says_with(s, "e SEARCH $", "* SEARCH\r\n");
	/* What the rows can tell is told all the same. */
	says_with(s, "f SEARCH UNSEEN", "f OK ");
	memcpy(line, "g SEARCH ", 9);
	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n,
		    "%sNOT BODY aaab%d", i > 0 ? " " : "", i);
	says_with(s, line, "g NO [LIMIT] ");
}
