/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/digest.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "mime_helper.h"

#define NIL4	" NIL NIL NIL NIL"
#define EMPTY	"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0"
#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
#define ASCII	"(\"charset\" \"us-ascii\")"

/* clang-format off */
static const struct {
	const char *name, *message, *structure, *body;	/* body NULL: not compared */
} structures[] = {
	{ "RFC 9051's simple one", "\r\nab\r\ncd\r\n",
	    "(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 8 2" NIL4 ")",
	    "(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 8 2)" },
	{ "as it came, in its own case", "Content-Type: TEXT/Html; CharSet=UTF-8\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nx",
	    "(\"TEXT\" \"Html\" (\"CharSet\" \"UTF-8\") NIL NIL \"Quoted-Printable\" 1 0" NIL4 ")", NULL },
	{ "no charset told", "Content-Type: text/html; x=\"a\\\"b\"\r\n\r\nx",
	    "(\"text\" \"html\" (\"x\" \"a\\\"b\" \"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0" NIL4 ")", NULL },
	{ "no text has no lines", "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nabcd\r\n",
	    "(\"image\" \"png\" NIL NIL NIL \"base64\" 6" NIL4 ")", "(\"image\" \"png\" NIL NIL NIL \"base64\" 6)" },
	{ "an encoding that is none", "Content-Transfer-Encoding: ?x\r\n\r\n",
	    "(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 0 0" NIL4 ")", NULL },
	{ "a type that is none", "Content-Type: foo; charset=utf-8\r\n\r\n",
	    "(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 0 0" NIL4 ")", NULL },
	{ "comments and a missing semicolon", "Content-Type: text/plain (x) ; charset=us-ascii (Plain text) \"a\"\r\n\r\n",
	    "(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 0 0" NIL4 ")", NULL },
	{ "a name with spaces and no quotes", "Content-Type: a/b; name=my file (1).pdf;; x = y\r\n\r\n",
	    "(\"a\" \"b\" (\"name\" \"my file\" \"x\" \"y\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "a bracket within a word", "Content-Type: a/b; name=file(1).pdf\r\n\r\n",
	    "(\"a\" \"b\" (\"name\" \"file(1).pdf\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "8-bit parameters", "Content-Type: a/b; name=\"\xc3\xa4\"\r\n\r\n",
	    "(\"a\" \"b\" (\"name\" {2}\r\n\xc3\xa4) NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "a quoted string without its end", "Content-Type: a/b; name=\"x\\\r\n\r\n",
	    "(\"a\" \"b\" (\"name\" \"x\\\\\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "all fields", "Content-Type: a/b\r\nContent-ID: <1@x>\r\nContent-Description: some\r\n words\r\nContent-MD5: abc=\r\n"
	    "Content-Disposition: Inline; foo=bar; baz=\"q r\"\r\nContent-Language: en, (x) fi ,, se\r\n"
	    "Content-Location: http://x/\r\n\r\n",
	    "(\"a\" \"b\" NIL \"<1@x>\" \"some words\" \"7bit\" 0 \"abc=\" (\"Inline\" (\"foo\" \"bar\" \"baz\" \"q r\"))"
	    " (\"en\" \"fi\" \"se\") \"http://x/\")",
	    "(\"a\" \"b\" NIL \"<1@x>\" \"some words\" \"7bit\" 0)" },
	{ "a disposition alone", "Content-Type: a/b\r\nContent-Disposition: attachment\r\nContent-Language: ,\r\n\r\n",
	    "(\"a\" \"b\" NIL NIL NIL \"7bit\" 0 NIL (\"attachment\" NIL) NIL NIL)", NULL },
	{ "a disposition without its word", "Content-Type: a/b\r\nContent-Disposition: ;\r\n filename=x\r\n\r\n",
	    "(\"a\" \"b\" NIL NIL NIL \"7bit\" 0 NIL (\"attachment\" (\"filename\" \"x\")) NIL NIL)", NULL },
	/* RFC 9051 7.5.2, body parameter parenthesized list. */
	{ "pieces of a parameter", "Content-Type: a/b; baz*0=one; x=y; baz*1=\" two\"; BAZ*2=3\r\n\r\n",
	    "(\"a\" \"b\" (\"baz\" \"one two3\" \"x\" \"y\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "with charsets", "Content-Type: a/b; foo*0*=utf-8''%C3%A4; foo*1=\" 1%\"; foo*2*=%20\r\n\r\n",
	    "(\"a\" \"b\" (\"foo*\" \"utf-8''%C3%A4%201%25%20\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "with a charset, in one piece", "Content-Type: a/b; name*=utf-8''%C3%A4; name=a\r\n\r\n",
	    "(\"a\" \"b\" (\"name*\" \"utf-8''%C3%A4\" \"name\" \"a\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "pieces out of order, and one too far", "Content-Type: a/b; n*1=b; n*0=a; n*3=d\r\n\r\n",
	    "(\"a\" \"b\" (\"n\" \"ab\" \"n*3\" \"d\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "pieces without the first", "Content-Type: a/b; n*1=b; n*2=c\r\n\r\n",
	    "(\"a\" \"b\" (\"n*1\" \"b\" \"n*2\" \"c\") NIL NIL \"7bit\" 0" NIL4 ")", NULL },
	{ "a multipart", "Content-Type: multipart/Mixed; boundary=b\r\nContent-Language: en\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: a/b\r\n\r\ny\r\n--b--",
	    "((\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 1 0" NIL4 ")(\"a\" \"b\" NIL NIL NIL \"7bit\" 1" NIL4 ")"
	    " \"Mixed\" (\"boundary\" \"b\") NIL (\"en\") NIL)",
	    "((\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 1 0)(\"a\" \"b\" NIL NIL NIL \"7bit\" 1) \"Mixed\")" },
	{ "a multipart without parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\nx",
	    "(" EMPTY NIL4 ") \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)", "(" EMPTY ") \"mixed\")" },
	{ "a multipart without a boundary", "Content-Type: multipart/mixed; x=y\r\n\r\nx\r\n",
	    "(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 3 1" NIL4 ")", NULL },
	{ "a message", "Content-Type: message/rfc822; x=y\r\n\r\nSubject: s\r\n\r\nx\r\n",
	    "(\"message\" \"rfc822\" (\"x\" \"y\") NIL NIL \"7bit\" 17 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"
	    " (\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 3 1" NIL4 ") 3" NIL4 ")",
	    "(\"message\" \"rfc822\" (\"x\" \"y\") NIL NIL \"7bit\" 17 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"
	    " (\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 3 1) 3)" },
	{ "message/global", "Content-Type: message/global\r\n\r\nSubject: s\r\n\r\nx\r\n",
	    "(\"message\" \"global\" NIL NIL NIL \"7bit\" 17 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"
	    " (\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 3 1" NIL4 ") 3" NIL4 ")", NULL },
	{ "a message that is encoded", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nabcd\r\n",
	    "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 6 " NO_ENVELOPE " " EMPTY NIL4 ") 1" NIL4 ")",
	    "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 6 " NO_ENVELOPE " " EMPTY ") 1)" },
	{ "the default of a digest", "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: s\r\n\r\nx\r\n--b--",
	    "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"
	    " (\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 1 0" NIL4 ") 2" NIL4 ") \"digest\" (\"boundary\" \"b\") NIL NIL NIL)", NULL },
	/* RFC 9051 7.5.2's example has this shape, with messages in between. */
	{ "a tree", "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/x; boundary=i\r\n\r\n--i\r\n\r\n1\r\n--i--\r\n"
	    "--o\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/y; boundary=m\r\n\r\n--m\r\n\r\n2\r\n--m--\r\n--o\r\n\r\n3\r\n--o--",
	    NULL,
	    "(((\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 1 0) \"x\")(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 56 " NO_ENVELOPE
	    " ((\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 1 0) \"y\") 5)(\"text\" \"plain\" " ASCII " NIL NIL \"7bit\" 1 0) \"mixed\")" },
};
/* clang-format on */

ParameterizedTestParameters(structure, is_as_rfc9051_says)
{
	static size_t index[N_ELEMENTS(structures)];

	for (size_t i = 0; i < N_ELEMENTS(structures); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(structures));
}

ParameterizedTest(size_t *i, structure, is_as_rfc9051_says)
{
	struct ms_arena *a = ms_arena_new(0);
	const struct ms_mime *m = ms_mime_scan(a, ms_str_c(structures[*i].message));

	for (int extensible = 0; extensible < 2; extensible++) {
		MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 16);
		const char *wanted = extensible ? structures[*i].structure : structures[*i].body;

		ms_imap_body_structure(a, m, extensible, &out);
		cr_assert(wanted == NULL || strcmp(out.data, wanted) == 0,
		    "%s:\n%s\n%s", structures[*i].name, out.data, wanted);
	}
	ms_arena_free(a);
}

Test(structure, shows_a_multipart_that_lies_too_deep_as_octets)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 16);
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 16);

	for (unsigned i = 0; i <= MS_MAX_MIME_DEPTH; i++)
		ms_buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%u_\r\n\r\n--b%u_\r\n", i, i);
	ms_buf_add_c(&b, "\r\nx");
	ms_imap_body_structure(a, ms_mime_scan(a, ms_buf_str(&b)), true, &out);
	cr_assert_neq(ms_str_find(ms_buf_str(&out),
	    ms_str_c("((\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 11" NIL4 ") \"mixed\"")),
	    SIZE_MAX, "%s", out.data);
	ms_arena_free(a);
}

Test(structure, does_not_take_long_for_many_parameters)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 22);

	ms_buf_add_c(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (unsigned i = 0; i < 500; i++) {
		ms_buf_add_c(&b, "--b\r\nContent-Type: a/b");
		for (unsigned j = 0; j < 160; j++)
			ms_buf_addf(&b, ";a*%u=1", j);
		ms_buf_add_c(&b, "\r\n\r\n");
	}
	ms_imap_body_structure(a, ms_mime_scan(a, ms_buf_str(&b)), true, &out);
	cr_assert(ms_buf_ok(&out));
	ms_arena_free(a);
}

/* One section of a message as IMAP names it: "2.1.mime", "text", "". */
static struct ms_str
section(struct ms_arena *a, struct ms_str message, struct ms_str name)
{
	const struct ms_mime *m = ms_mime_scan(a, message);
	struct ms_str octets = ms_digest_make(a, m), part_name, word = { "", 0 };
	uint32_t numbers[8];
	uint64_t number;
	size_t n = 0;
	struct ms_digest d;
	struct ms_digest_part part;
	const struct ms_mime_part *same;

	cr_assert(ms_digest_read(octets, &d));
	while (ms_str_split(&name, '.', &part_name) && n < N_ELEMENTS(numbers)) {
		if (ms_str_to_u64(part_name, 100, &number))
			numbers[n++] = (uint32_t)number;
		else
			word = part_name;
	}
	cr_assert_eq(ms_digest_find(&d, numbers, n, &part), MS_OK);
	same = &m->parts[ms_mime_find(m, numbers, n)];
	cr_assert_eq(part.header_offset, same->header_offset);
	cr_assert_eq(part.body_offset, same->body_offset);
	cr_assert_eq(part.body_octets, same->body_octets);
	if (ms_str_is_ci(word, "mime"))
		return ms_str_sub(message, part.header_offset, part.header_octets);
	if (ms_str_is_ci(word, "header"))
		return ms_str_sub(message, part.inner_header_offset, part.inner_header_octets);
	if (ms_str_is_ci(word, "text") && n > 0)
		return ms_str_sub(message, part.inner_body_offset, part.inner_body_octets);
	return ms_str_sub(message, part.body_offset, part.body_octets);
}

static unsigned
play_sections(struct ms_arena *a, const char *script_path, const char *mbox_path)
{
	struct ms_str script = file_read(a, testdata_path(a, script_path).data);
	struct ms_str mbox = file_read(a, testdata_path(a, mbox_path).data), line;
	struct ms_str begin = ms_str_c("* 1 fetch (body[");
	unsigned n = 0;

	cr_assert_not_null(script.data);
	cr_assert_not_null(mbox.data);
	mbox = with_crlf(a, mbox);
	cr_assert(ms_str_split(&mbox, '\n', &line));	/* "From ..." */
	for (;;) {
		size_t at = ms_str_find(script, begin), close, end;
		struct ms_str name, wanted, found;

		if (at == SIZE_MAX)
			return n;
		script = ms_str_from(script, at + begin.len);
		close = ms_str_find(script, ms_str_c("] {{{\n"));
		end = ms_str_find(script, ms_str_c("\n}}}"));
		cr_assert(close < end && end != SIZE_MAX);
		name = ms_str_sub(script, 0, close);
		wanted = with_crlf(a, ms_str_sub(script, close + 6, end - close - 6));
		/* Choosing fields is for the one who serves IMAP. */
		if (ms_str_find(name, ms_str_c("fields")) != SIZE_MAX)
			continue;
		found = name.len == 0 ? mbox : section(a, mbox, name);
		cr_expect(ms_str_equal(found, wanted), "%s [%.*s]:\n%.*s", script_path,
		    (int)name.len, name.data, (int)found.len, found.data);
		n++;
	}
}

Test(sections, are_as_imaptest_expects)
{
	struct ms_arena *a = ms_arena_new(0);

	cr_expect_eq(play_sections(a, "imaptest/fetch-body-mime", "imaptest/fetch-body-mime.mbox"), 12);
	cr_expect_eq(play_sections(a, "imaptest/fetch-body-message-rfc822",
	    "imaptest/fetch-body-message-rfc822.mbox"), 6);
	cr_expect_eq(play_sections(a, "imaptest/fetch-body-message-rfc822-x2",
	    "imaptest/fetch-body-message-rfc822-x2.mbox"), 9);
	ms_arena_free(a);
}
