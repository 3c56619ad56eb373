/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/limits.h>
#include <mansio/mime.h>
#include <mansio/str.h>

#include "mime_helper.h"

#define ANN	"((\"Ann\" NIL \"ann\" \"example.org\"))"
#define NIL6	" NIL NIL NIL NIL NIL NIL"

/* clang-format off */
static const struct {
	const char *name, *header, *envelope;
} envelopes[] = {
	{ "nothing", "\r\n", "(NIL NIL" NIL6 " NIL NIL)" },
	{ "all fields", "Date: Thu, 15 Feb 2007 01:02:03 +0200\r\nSubject: subject\r\nFrom: Ann <ann@example.org>\r\n"
	    "Sender: s@example.org\r\nReply-To: r@example.org\r\nTo: t@example.org\r\nCc: c@example.org\r\n"
	    "Bcc: b@example.org\r\nIn-Reply-To: <1@x>\r\nMessage-ID: <2@x>\r\n\r\n",
	    "(\"Thu, 15 Feb 2007 01:02:03 +0200\" \"subject\" " ANN " ((NIL NIL \"s\" \"example.org\"))"
	    " ((NIL NIL \"r\" \"example.org\")) ((NIL NIL \"t\" \"example.org\")) ((NIL NIL \"c\" \"example.org\"))"
	    " ((NIL NIL \"b\" \"example.org\")) \"<1@x>\" \"<2@x>\")" },
	{ "Sender and Reply-To are From where they are absent", "From: Ann <ann@example.org>\r\n\r\n",
	    "(NIL NIL " ANN " " ANN " " ANN " NIL NIL NIL NIL NIL)" },
	{ "and where they are empty", "Sender:\r\nReply-To: \r\nFrom: Ann <ann@example.org>\r\nTo:\r\n\r\n",
	    "(NIL NIL " ANN " " ANN " " ANN " NIL NIL NIL NIL NIL)" },
	{ "text that is there but empty", "Subject:\r\nDate: \r\nMessage-ID:\r\nIn-Reply-To: \r\n \r\n\r\n",
	    "(\"\" \"\"" NIL6 " \"\" \"\")" },
	{ "unfolded", "Subject: a\r\n b\r\n\t c\r\n\r\n", "(NIL \"a b\t c\"" NIL6 " NIL NIL)" },
	{ "not decoded", "Subject: =?utf-8?q?x=C3=A4?=\r\nFrom: =?utf-8?q?x?= <ann@example.org>\r\n\r\n",
	    "(NIL \"=?utf-8?q?x=C3=A4?=\" ((\"=?utf-8?q?x?=\" NIL \"ann\" \"example.org\"))"
	    " ((\"=?utf-8?q?x?=\" NIL \"ann\" \"example.org\")) ((\"=?utf-8?q?x?=\" NIL \"ann\" \"example.org\"))"
	    " NIL NIL NIL NIL NIL)" },
	{ "8-bit text as a literal", "Subject: \xc3\xa4\r\n\r\n", "(NIL {2}\r\n\xc3\xa4" NIL6 " NIL NIL)" },
	{ "quotes and backslashes", "Subject: a\"b\\c\r\n\r\n", "(NIL \"a\\\"b\\\\c\"" NIL6 " NIL NIL)" },
	{ "a lone CR as a literal", "Subject: a\rb\r\n\r\n", "(NIL {3}\r\na\rb" NIL6 " NIL NIL)" },
	{ "names in any case", "SUBJECT: a\r\n\r\n", "(NIL \"a\"" NIL6 " NIL NIL)" },
	{ "of two subjects the first", "Subject: a\r\nSubject: b\r\n\r\n", "(NIL \"a\"" NIL6 " NIL NIL)" },
	{ "addresses of several fields together (RFC 5322 4.5.3)", "To: a@x\r\nTo: b@x\r\nTo: c@x\r\nTo: d@x\r\nTo: e@x\r\n\r\n",
	    "(NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")(NIL NIL \"c\" \"x\")(NIL NIL \"d\" \"x\")(NIL NIL \"e\" \"x\"))"
	    " NIL NIL NIL NIL)" },
	{ "groups", "To: g: a@x, b@x;, h:;\r\n\r\n",
	    "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")(NIL NIL NIL NIL)"
	    "(NIL NIL \"h\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL)" },
	{ "a source route", "To: <@a,@b:c@d>\r\n\r\n", "(NIL NIL NIL NIL NIL ((NIL \"@a,@b\" \"c\" \"d\")) NIL NIL NIL NIL)" },
	{ "a quoted name and local part", "To: \"A, \\\"B\\\"\" <\"c d\"@e>\r\n\r\n",
	    "(NIL NIL NIL NIL NIL ((\"A, \\\"B\\\"\" NIL \"c d\" \"e\")) NIL NIL NIL NIL)" },
	{ "no domain: a host of NIL would be a group", "To: ann\r\n\r\n", "(NIL NIL NIL NIL NIL ((NIL NIL \"ann\" \"\")) NIL NIL NIL NIL)" },
	{ "the name in a comment", "To: ann@x (Ann B)\r\n\r\n", "(NIL NIL NIL NIL NIL ((\"Ann B\" NIL \"ann\" \"x\")) NIL NIL NIL NIL)" },
	{ "nothing of the body", "Subject: a\r\n\r\nTo: a@x\r\n", "(NIL \"a\"" NIL6 " NIL NIL)" },
};
/* clang-format on */

ParameterizedTestParameters(envelope, is_as_rfc9051_says)
{
	static size_t index[N_ELEMENTS(envelopes)];

	for (size_t i = 0; i < N_ELEMENTS(envelopes); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(envelopes));
}

ParameterizedTest(size_t *i, envelope, is_as_rfc9051_says)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 16);

	ms_imap_envelope(a, ms_str_c(envelopes[*i].header), &out);
	cr_assert_str_eq(out.data, envelopes[*i].envelope, "%s:\n%s\n%s",
	    envelopes[*i].name, out.data, envelopes[*i].envelope);
	ms_arena_free(a);
}

Test(envelope, leaves_nuls_out)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 16);

	ms_imap_envelope(a, ms_str_of("Subject: a\0\0b\r\n\r\n", 17), &out);
	cr_assert_str_eq(out.data, "(NIL {2}\r\nab" NIL6 " NIL NIL)", "%s", out.data);
	ms_arena_free(a);
}

Test(envelope, has_at_most_so_many_addresses_of_many_fields)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf header = MS_BUF_MAX(1 << 18);
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 18);
	size_t n = 0;

	for (unsigned i = 0; i < 900; i++)
		ms_buf_add_c(&header, "To: a@x, b@x\r\n");
	ms_imap_envelope(a, ms_buf_str(&header), &out);
	for (size_t i = 0; i < out.len; i++)
		n += out.data[i] == '(';
	cr_assert_eq(n, MS_MAX_ADDRESSES + 2);
	ms_arena_free(a);
}

Test(nstring, is_nil_quoted_or_literal)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1000);

	ms_imap_nstring(&out, ms_str_of(NULL, 0));
	ms_imap_nstring(&out, ms_str_c(""));
	ms_imap_nstring(&out, ms_str_c("a b"));
	ms_imap_nstring(&out, ms_str_c("a\nb"));
	cr_assert_str_eq(out.data, "NIL\"\"\"a b\"{3}\r\na\nb");
}

/* The expected replies of imaptest's script: "* N FETCH (ENVELOPE (...))". */
Test(envelope, is_as_imaptest_expects)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str script = file_read(a, testdata_path(a, "imaptest/fetch-envelope").data);
	struct ms_str mbox = file_read(a, testdata_path(a, "imaptest/fetch-envelope.mbox").data);
	struct ms_str line, word, begin = ms_str_c("FETCH (ENVELOPE "), rest = script;
	unsigned n = 0;

	cr_assert_not_null(script.data);
	cr_assert_not_null(mbox.data);
	mbox = with_crlf(a, mbox);
	while (ms_str_split(&rest, '\n', &line)) {
		MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 16);
		size_t at = ms_str_find(line, begin), end;

		if (at == SIZE_MAX)
			continue;
		n++;
		/* The messages stand in order, each behind a line "From ...". */
		cr_assert(ms_str_has_prefix(mbox, ms_str_c("From ")));
		cr_assert(ms_str_split(&mbox, '\n', &word));
		end = ms_str_find(mbox, ms_str_c("\r\nFrom "));
		ms_imap_envelope(a, ms_str_sub(mbox, 0, end), &out);
		mbox = ms_str_from(mbox, end == SIZE_MAX ? mbox.len : end + 2);
		line = ms_str_from(line, at + begin.len);
		line.len--;	/* the bracket of FETCH */
		cr_expect(ms_str_equal(ms_buf_str(&out), line), "%u:\n%s\n%.*s",
		    n, out.data, (int)line.len, line.data);
	}
	cr_assert_eq(n, 6);
	ms_arena_free(a);
}
