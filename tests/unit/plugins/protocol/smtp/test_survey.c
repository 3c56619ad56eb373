/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <mansio/str.h>

#include "survey.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

Test(survey, counts_the_fields_that_matter)
{
	struct smtp_survey s;

	smtp_survey(ms_str_c("received: a\r\nReceived: b\r\n\tfolded\r\n"
	    "FROM: a@b\r\nDate: x\r\nMessage-Id: <1@b>\r\nBcc: c@d\r\n"
	    "Subject: Received: From:\r\n\r\nFrom: in the body\r\n"), &s);
	cr_assert_eq(s.received, 2);
	cr_assert_eq(s.from, 1);
	cr_assert_eq(s.date, 1);
	cr_assert_eq(s.message_id, 1);
	cr_assert_eq(s.bcc, 1);
}

Test(survey, finds_nothing_in_nothing)
{
	struct smtp_survey s;

	smtp_survey(ms_str_c(""), &s);
	cr_assert_eq(s.received + s.from + s.date + s.message_id + s.bcc, 0);
}

static const struct { const char *in; size_t len; uint32_t found; } texts[] = {
	{ "", 0, 0 },
	{ "a\r\nb\r\n", 6, 0 },
	{ "a", 1, 0 },
	{ "a\nb\r\n", 5, SMTP_TEXT_BARE },
	{ "a\rb\r\n", 5, SMTP_TEXT_BARE },
	{ "a\r\r\n", 4, SMTP_TEXT_BARE },
	{ "\n", 1, SMTP_TEXT_BARE },
	{ "\r", 1, SMTP_TEXT_BARE },
	{ "a\0\r\n", 4, SMTP_TEXT_NUL },
	{ "\xc3\xb6\r\n", 4, SMTP_TEXT_8BIT },
};

/* Cut at each place: pieces give what the whole gives. */
Test(text, is_judged_the_same_however_it_is_cut)
{
	for (size_t i = 0; i < N_ELEMENTS(texts); i++)
		for (size_t cut = 0; cut <= texts[i].len; cut++) {
			struct smtp_text t = { .found = 0 };

			smtp_text_piece(&t, ms_str_of(texts[i].in, cut));
			smtp_text_piece(&t, ms_str_of(texts[i].in + cut,
			    texts[i].len - cut));
			smtp_text_end(&t);
			cr_assert_eq(t.found, texts[i].found,
			    "text %zu cut at %zu: %x", i, cut, t.found);
		}
}

Test(text, may_have_lines_of_998_octets)
{
	struct smtp_text t = { .found = 0 };
	char line[1000];

	memset(line, 'a', sizeof(line));
	smtp_text_piece(&t, ms_str_of(line, 998));
	smtp_text_piece(&t, ms_str_c("\r\n"));
	cr_assert_eq(t.found, 0);
	smtp_text_piece(&t, ms_str_of(line, 999));
	cr_assert_eq(t.found, SMTP_TEXT_LONG);
}
