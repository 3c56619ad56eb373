/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/mime.h>
#include <mansio/str.h>

#include "mime_check.h"
#include "mime_helper.h"

#define MIXED(b) "Content-Type: multipart/mixed; boundary=" b "\r\n"
#define PLAIN	"Content-Type: text/plain\r\n"

/* clang-format off */
static const struct {
	const char *name, *message, *tree;
} trees[] = {
	{ "nothing", "", "text/plain" },
	{ "a header alone", "Subject: x\r\n", "text/plain" },
	{ "no MIME", "Subject: x\r\n\r\nbody\r\n", "text/plain" },
	{ "no header", "\r\nContent-Type: text/html\r\n", "text/plain" },
	{ "what is no type (RFC 2045 5.2)", "Content-Type: text\r\n\r\nx", "text/plain" },
	{ "a type of spaces", "Content-Type:  \r\n\r\nx", "text/plain" },
	{ "a type with a comment", "Content-Type: (new) Text (plain) / HTML (x)\r\n\r\nx", "text/html" },
	{ "two types, the first counts", "Content-Type: image/png\r\nContent-Type: text/html\r\n\r\nx",
	    "image/png" },
	{ "a folded type", "Content-Type:\r\n\timage/png;\r\n name=x\r\n\r\nx", "image/png" },
	{ "one part", MIXED("b") "\r\n--b\r\n" PLAIN "\r\nx\r\n--b--\r\n", "multipart/mixed(text/plain)" },
	{ "preamble and epilogue", MIXED("b") "\r\nThis is\r\n- -b\r\n--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\nend\r\n",
	    "multipart/mixed(text/plain,text/plain)" },
	{ "lines that end in LF", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/html\n\ny\n--b--\n",
	    "multipart/mixed(text/plain,text/html)" },
	{ "white space behind boundaries", MIXED("b") "\r\n--b \t\r\n\r\nx\r\n--b-- \r\n--b\r\n",
	    "multipart/mixed(text/plain)" },
	{ "a boundary with a space at its end", MIXED("\"b \"") "\r\n--b\r\n\r\nx\r\n--b--\r\n", "multipart/mixed(text/plain)" },
	{ "a boundary that is folded", "Content-Type: multipart/mixed; boundary=\"foo\r\n bar\"\r\n\r\n--foo bar\r\n\r\nx\r\n--foo bar--",
	    "multipart/mixed(text/plain)" },
	{ "a line that begins with the boundary (RFC 2046 5.1.1)", MIXED("b") "\r\n--bcd\r\n\r\nx\r\n--b--xyz\r\n--b\r\n",
	    "multipart/mixed(text/plain)" },
	{ "a boundary in the middle of a line", MIXED("b") "\r\n--b\r\n\r\nx --b\r\n --b\r\n---b\r\n-b\r\n--\r\n--b--",
	    "multipart/mixed(text/plain)" },
	{ "boundaries in other cases", MIXED("b") "\r\n--B\r\n\r\nx\r\n--B--\r\n", "multipart/mixed" },
	{ "no boundary parameter (RFC 2045 5.2)", "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\n", "text/plain" },
	{ "an empty boundary", MIXED("\"\"") "\r\n--\r\n\r\nx\r\n----\r\n", "text/plain" },
	{ "no delimiter at all", MIXED("b") "\r\nx\r\n", "multipart/mixed" },
	{ "only a closing one", MIXED("b") "\r\n--b--\r\n--b\r\n\r\nx", "multipart/mixed" },
	{ "nothing behind a delimiter", MIXED("b") "\r\n--b\r\n\r\nx\r\n--b\r\n", "multipart/mixed(text/plain)" },
	{ "no line end behind a delimiter", MIXED("b") "\r\n--b\r\n\r\nx\r\n--b", "multipart/mixed(text/plain)" },
	{ "a part of nothing but a line end", MIXED("b") "\r\n--b\r\n\r\n--b--\r\n", "multipart/mixed(text/plain)" },
	{ "delimiters without anything between", MIXED("b") "\r\n--b\r\n--b\r\n--b--\r\n",
	    "multipart/mixed(text/plain,text/plain)" },
	{ "a header that a boundary ends", MIXED("b") "\r\n--b\r\nContent-Type: text/html\r\n--b\r\n\r\nx\r\n--b--",
	    "multipart/mixed(text/html,text/plain)" },
	{ "nested", MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n\r\n1\r\n--i\r\n\r\n2\r\n--i--\r\n--o\r\nContent-Type: a/b\r\n\r\n3\r\n--o--",
	    "multipart/mixed(multipart/mixed(text/plain,text/plain),a/b)" },
	{ "an outer boundary ends inner ones (RFC 2046 5.1.2)", MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n" MIXED("k")
	    "\r\n--k\r\n\r\n1\r\n--o\r\nContent-Type: a/b\r\n\r\n3\r\n--i\r\n--k\r\n--o--",
	    "multipart/mixed(multipart/mixed(multipart/mixed(text/plain)),a/b)" },
	{ "an inner boundary means nothing in the epilogue", MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n\r\n1\r\n--i--\r\n--i\r\n\r\n2\r\n--o--",
	    "multipart/mixed(multipart/mixed(text/plain))" },
	{ "the same boundary twice: the inner one counts", MIXED("b") "\r\n--b\r\n" MIXED("b") "\r\n--b\r\n\r\n1\r\n--b--\r\n--b\r\n\r\n2\r\n--b--",
	    "multipart/mixed(multipart/mixed(text/plain),text/plain)" },
	{ "an outer boundary that is the inner one's beginning", MIXED("b") "\r\n--b\r\n" MIXED("bb") "\r\n--bb\r\n\r\n1\r\n--bb\r\n\r\n2\r\n--bb--\r\n--b--",
	    "multipart/mixed(multipart/mixed(text/plain,text/plain))" },
	{ "an inner boundary that is the outer one's beginning", MIXED("bb") "\r\n--bb\r\n" MIXED("b") "\r\n--b\r\n\r\n1\r\n--bb\r\n\r\n2\r\n--bb--",
	    "multipart/mixed(multipart/mixed(text/plain),text/plain)" },
	{ "a header that is cut by its own multipart's boundary", MIXED("b") "\r\n--b\r\n" MIXED("bb") "--bb\r\n\r\n1\r\n--bb--\r\n--b--",
	    "multipart/mixed(multipart/mixed(text/plain))" },
	{ "a message inside", "Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\n\r\nx", "message/rfc822(text/html)" },
	{ "message/global", "Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: x\r\n\r\nx",
	    "message/global(text/plain)" },
	{ "a message in a message", "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nx",
	    "message/rfc822(message/rfc822(text/plain))" },
	{ "a message without anything", "Content-Type: message/rfc822\r\n\r\n", "message/rfc822(text/plain)" },
	{ "a message whose header has not ended", "Content-Type: message/rfc822\r\n", "message/rfc822(text/plain)" },
	{ "messages that a boundary ends", MIXED("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n--b\r\n\r\nx\r\n--b--",
	    "multipart/mixed(message/rfc822(message/rfc822(text/plain)),text/plain)" },
	{ "an encoded message is opaque", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp4", "message/rfc822" },
	{ "one in quoted-printable too", "Content-Type: message/global\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nSubject: x\r\n\r\nx", "message/global" },
	{ "and in an unknown encoding", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: x-uu\r\n\r\nSubject: x\r\n\r\nx", "message/rfc822" },
	{ "a multipart that says base64 and is not", MIXED("b") "Content-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--", "multipart/mixed(text/plain)" },
	{ "a digest", "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nContent-Type: text/html\r\n\r\nx\r\n--b\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--",
	    "multipart/digest(message/rfc822(text/html),text/plain)" },
	{ "a multipart in a digest", "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n" MIXED("c") "\r\n--c\r\n\r\nx\r\n--c--\r\n--b--",
	    "multipart/digest(multipart/mixed(text/plain))" },
	{ "partial and external messages", MIXED("b") "\r\n--b\r\nContent-Type: message/partial; id=x; number=1\r\n\r\nSubject: x\r\n\r\n--b\r\nContent-Type: message/external-body\r\n\r\nContent-Type: a/b\r\n\r\n--b--",
	    "multipart/mixed(message/partial,message/external-body)" },
};
/* clang-format on */

ParameterizedTestParameters(scan, finds_the_tree)
{
	static size_t index[N_ELEMENTS(trees)];

	for (size_t i = 0; i < N_ELEMENTS(trees); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(trees));
}

ParameterizedTest(size_t *i, scan, finds_the_tree)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str message = ms_str_c(trees[*i].message), tree;
	const struct ms_mime *m = ms_mime_scan(a, message);
	const char *bad = mime_check(m, message);

	tree = tree_text(a, m);
	cr_assert(ms_str_equal(tree, ms_str_c(trees[*i].tree)),
	    "%s: %s\nwanted %s", trees[*i].name, tree.data, trees[*i].tree);
	cr_assert_null(bad, "%s: %s", trees[*i].name, bad);
	ms_arena_free(a);
}

/* However a message is cut into pieces, the result is the same. */
static void
expect_same_in_pieces(struct ms_str message, const char *name)
{
	struct ms_arena *a = ms_arena_new(0);
	const struct ms_mime *whole = ms_mime_scan(a, message);
	static const size_t most[] = { 1, 2, 3, 17, 80, 1000, 40000 };
	const char *bad;

	for (size_t i = 0; i < N_ELEMENTS(most); i++) {
		struct ms_arena *b = ms_arena_new(0);

		bad = mime_differ(whole, mime_scan_pieces(b, message,
		    (uint32_t)(i * 77), most[i]));
		cr_assert_null(bad, "%s, in pieces of up to %zu: %s", name,
		    most[i], bad);
		ms_arena_free(b);
	}
	for (size_t cut = 0; cut <= message.len && cut < 2000; cut++) {
		struct ms_arena *b = ms_arena_new(0);
		struct ms_mime_scanner *s = ms_mime_new(b);

		ms_mime_feed(s, ms_str_sub(message, 0, cut));
		ms_mime_feed(s, ms_str_from(message, cut));
		bad = mime_differ(whole, ms_mime_end(s));
		cr_assert_null(bad, "%s, cut at %zu: %s", name, cut, bad);
		ms_arena_free(b);
	}
	ms_arena_free(a);
}

ParameterizedTestParameters(scan, does_not_depend_on_the_pieces)
{
	static size_t index[N_ELEMENTS(trees)];

	for (size_t i = 0; i < N_ELEMENTS(trees); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(trees));
}

ParameterizedTest(size_t *i, scan, does_not_depend_on_the_pieces)
{
	expect_same_in_pieces(ms_str_c(trees[*i].message), trees[*i].name);
}

static void
check_file(struct ms_str folder, const char *name)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str path = ms_arena_printf(a, "%s/%s", folder.data, name);
	struct ms_str lf = file_read(a, path.data), crlf = with_crlf(a, lf);
	const char *bad;

	cr_assert_not_null(lf.data, "%s", path.data);
	bad = mime_check(ms_mime_scan(a, lf), lf);
	cr_expect_null(bad, "%s: %s", path.data, bad);
	bad = mime_check(ms_mime_scan(a, crlf), crlf);
	cr_expect_null(bad, "%s with CRLF: %s", path.data, bad);
	expect_same_in_pieces(lf, path.data);
	expect_same_in_pieces(crlf, path.data);
	ms_arena_free(a);
}

Test(scan, keeps_its_promises_for_messages_from_elsewhere)
{
	static const char *const folders[] = { "mime/mail-parser/rfc",
		"mime/mail-parser/malformed", "mime/mail-parser/thirdparty" };
	struct ms_arena *a = ms_arena_new(0);
	unsigned n = 0;

	for (size_t i = 0; i < N_ELEMENTS(folders); i++)
		n += folder_visit(testdata_path(a, folders[i]), ".eml", check_file);
	cr_assert_geq(n, 30);
	ms_arena_free(a);
}

Test(scan, keeps_its_promises_for_broken_messages_from_elsewhere)
{
	struct ms_arena *a = ms_arena_new(0);
	unsigned n;

	n = folder_visit(testdata_path(a, "mime/mime4j/testmsgs"), ".msg", check_file);
	n += folder_visit(testdata_path(a, "mime/mime4j/mimetools-testmsgs"), ".msg", check_file);
	cr_assert_geq(n, 45);
	ms_arena_free(a);
}

/* Octets that are likely to mean something, in random order. */
Test(scan, keeps_its_promises_for_random_messages)
{
	static const char *const words[] = { "\r\n", "\r\n", "\n", "\r", "--", "--b", "--c", "--b--", "--c--",
		"--bc", " ", "x", "\0", "\xc3\xbc", "Content-Type: ", "multipart/mixed; boundary=b", "multipart/digest; boundary=c",
		"multipart/x; boundary=bc", "message/rfc822", "text/plain", "text/html; charset=x",
		"Content-Transfer-Encoding: base64\r\n", "\r\n\r\n", "\r\n--b\r\nContent-Type: " };
	uint32_t seed = 1;

	for (unsigned round = 0; round < 3000; round++) {
		struct ms_arena *a = ms_arena_new(0);
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 16);
		const struct ms_mime *whole;
		const char *bad;

		ms_buf_add_c(&b, round % 2 == 0 ? MIXED("b") "\r\n--b\r\n" : MIXED("bc"));
		for (unsigned i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			ms_buf_add_c(&b, words[(seed >> 8) % N_ELEMENTS(words)]);
			if ((seed >> 8) % N_ELEMENTS(words) == 12)
				ms_buf_add_octet(&b, '\0');
		}
		whole = ms_mime_scan(a, ms_buf_str(&b));
		bad = mime_check(whole, ms_buf_str(&b));
		cr_assert_null(bad, "round %u: %s\n%s", round, bad, b.data);
		bad = mime_differ(whole, mime_scan_pieces(a, ms_buf_str(&b), seed, 9));
		cr_assert_null(bad, "round %u in pieces: %s\n%s", round, bad, b.data);
		ms_arena_free(a);
	}
}

/* clang-format off */
static const struct {
	const char *message;
	uint32_t    part;
	const char *header, *body;
	uint64_t    header_lines, body_lines;
} places[] = {
	{ "A: b\r\n\r\nx\r\ny", 0, "A: b\r\n\r\n", "x\r\ny", 2, 1 },
	{ "A: b\n\nx\ny\n", 0, "A: b\n\n", "x\ny\n", 2, 2 },
	{ "A: b", 0, "A: b", "", 0, 0 },
	/* The line end before the boundary is the boundary's, RFC 2046 5.1.1. */
	{ MIXED("b") "\r\n--b\r\n\r\nx\r\n--b--\r\n", 1, "\r\n", "x", 1, 0 },
	{ MIXED("b") "\r\n--b\r\n\r\nx\r\n\r\n--b--\r\n", 1, "\r\n", "x\r\n", 1, 1 },
	{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n\n--b--\n", 1, "\n", "x\n", 1, 1 },
	{ MIXED("b") "\r\n--b\r\nA: b\r\n\r\n--b--\r\n", 1, "A: b\r\n\r\n", "", 2, 0 },
	{ MIXED("b") "\r\n--b\r\nA: b\r\n\r\n\r\n--b--\r\n", 1, "A: b\r\n\r\n", "", 2, 0 },
	{ MIXED("b") "\r\n--b\r\nA: b\r\n--b--\r\n", 1, "A: b\r\n", "", 1, 0 },
	{ MIXED("b") "\r\n--b\r\n\r\nx\r\n--b--\r\nend\r\n", 0, MIXED("b") "\r\n", "--b\r\n\r\nx\r\n--b--\r\nend\r\n", 2, 5 },
	/* An inner multipart has its epilogue, but not the outer one's line end. */
	{ MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n\r\n1\r\n--i--\r\nend\r\n\r\n--o--", 1,
	    MIXED("i") "\r\n", "--i\r\n\r\n1\r\n--i--\r\nend\r\n", 2, 5 },
	{ MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n\r\n1\r\n--o--", 1, MIXED("i") "\r\n", "--i\r\n\r\n1", 2, 2 },
	/* A child's empty line reaches to the outer boundary: its parent has it too. */
	{ MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n\r\n--o--", 1, MIXED("i") "\r\n", "--i\r\n\r\n", 2, 2 },
	{ MIXED("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx\r\n\r\n--b--", 1,
	    "Content-Type: message/rfc822\r\n\r\n", "A: b\r\n\r\nx\r\n", 2, 3 },
	{ MIXED("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx\r\n\r\n--b--", 2,
	    "A: b\r\n\r\n", "x\r\n", 2, 1 },
};
/* clang-format on */

ParameterizedTestParameters(scan, finds_the_octets)
{
	static size_t index[N_ELEMENTS(places)];

	for (size_t i = 0; i < N_ELEMENTS(places); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(places));
}

ParameterizedTest(size_t *i, scan, finds_the_octets)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str message = ms_str_c(places[*i].message), header, body;
	const struct ms_mime *m = ms_mime_scan(a, message);
	const struct ms_mime_part *p;

	cr_assert_gt(m->n, places[*i].part);
	p = &m->parts[places[*i].part];
	header = ms_str_sub(message, p->header_offset, p->header_octets);
	body = ms_str_sub(message, p->body_offset, p->body_octets);
	cr_assert(ms_str_equal(header, ms_str_c(places[*i].header)), "[%.*s]",
	    (int)header.len, header.data);
	cr_assert(ms_str_equal(body, ms_str_c(places[*i].body)), "[%.*s]",
	    (int)body.len, body.data);
	cr_assert_eq(p->header_lines, places[*i].header_lines);
	cr_assert_eq(p->body_lines, places[*i].body_lines);
	ms_arena_free(a);
}

Test(scan, gives_the_fields_of_a_part)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str message = ms_str_c(MIXED("b") "\r\n--b\r\n"
	    "content-TYPE: Text/X-Own;\r\n charset=\"us-ascii\"; Name*=utf-8''%C3%A4\r\n"
	    "Content-Disposition: attachment; filename=x.txt\r\n"
	    "Content-ID: <1@example.org>\r\nContent-Description:\r\n some\r\n\twords\r\n"
	    "Content-Transfer-Encoding: Base64\r\nContent-Language: en, fi\r\n"
	    "Content-Location: http://example.org/\r\nContent-MD5: abc=\r\n\r\nx\r\n--b--\r\n");
	const struct ms_mime *m = ms_mime_scan(a, message);
	const struct ms_mime_part *p = &m->parts[1];

	cr_assert_eq(m->n, 2);
	cr_assert(ms_str_is(p->type.value, "text/x-own"));
	cr_assert(ms_str_is(ms_params_get(&p->type, "charset"), "us-ascii"));
	cr_assert(ms_str_is(ms_params_get(&p->type, "name"), "\xc3\xa4"));
	cr_assert(ms_str_is(p->content_type, "Text/X-Own; charset=\"us-ascii\"; Name*=utf-8''%C3%A4"));
	cr_assert(ms_str_is(p->disposition.value, "attachment"));
	cr_assert(ms_str_is(ms_params_get(&p->disposition, "filename"), "x.txt"));
	cr_assert(ms_str_is(p->content_id, "<1@example.org>"));
	cr_assert(ms_str_is(p->content_description, "some\twords"));
	cr_assert_eq(p->cte, MS_CTE_BASE64);
	cr_assert(ms_str_is(p->content_language, "en, fi"));
	cr_assert(ms_str_is(p->content_location, "http://example.org/"));
	cr_assert(ms_str_is(p->content_md5, "abc="));
	cr_assert_null(p->header.data);
	cr_assert(ms_str_is(m->parts[0].header, MIXED("b") "\r\n"));
	cr_assert_null(m->parts[0].content_id.data);
	cr_assert_null(m->parts[0].disposition.value.data);
	ms_arena_free(a);
}

/* clang-format off */
static const struct {
	const char *encoding;
	uint32_t    cte;
} encodings[] = {
	{ "7bit", MS_CTE_7BIT }, { "8BIT", MS_CTE_8BIT }, { "binary", MS_CTE_BINARY },
	{ "Base64", MS_CTE_BASE64 }, { "quoted-printable", MS_CTE_QP },
	{ "(x) base64 (y)", MS_CTE_BASE64 }, { "base64;", MS_CTE_BASE64 },
	{ "", MS_CTE_7BIT }, { "?", MS_CTE_7BIT }, { "x-uuencode", MS_CTE_UNKNOWN },
};
/* clang-format on */

Test(scan, reads_the_transfer_encoding)
{
	for (size_t i = 0; i < N_ELEMENTS(encodings); i++) {
		struct ms_arena *a = ms_arena_new(0);
		struct ms_str message = ms_arena_printf(a,
		    "Content-Transfer-Encoding: %s\r\n\r\nx", encodings[i].encoding);

		cr_expect_eq(ms_mime_scan(a, message)->parts[0].cte,
		    encodings[i].cte, "%s", encodings[i].encoding);
		ms_arena_free(a);
	}
}

Test(scan, tells_truncated_multiparts)
{
	struct ms_arena *a = ms_arena_new(0);
	const struct ms_mime *m = ms_mime_scan(a, ms_str_c(MIXED("o") "\r\n--o\r\n"
	    MIXED("i") "\r\n--i\r\n\r\nx\r\n--o--\r\n"));

	cr_assert_not(m->parts[0].is_truncated);
	cr_assert(m->parts[1].is_truncated);
	cr_assert_not(m->parts[2].is_truncated);
	ms_arena_free(a);
}

Test(scan, opens_no_part_deeper_than_the_limit)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	const struct ms_mime *m;

	for (unsigned i = 0; i < 2 * MS_MAX_MIME_DEPTH; i++)
		ms_buf_addf(&b, MIXED("b%u_") "\r\n--b%u_\r\n", i, i);
	ms_buf_add_c(&b, "\r\nx\r\n--b1_\r\n\r\ny");
	m = ms_mime_scan(a, ms_buf_str(&b));
	cr_assert_null(mime_check(m, ms_buf_str(&b)));
	cr_assert_eq(m->n, MS_MAX_MIME_DEPTH + 2);	/* with the text at the end */
	cr_assert_not(m->parts[MS_MAX_MIME_DEPTH].is_multipart);
	cr_assert(m->parts[MS_MAX_MIME_DEPTH - 1].is_multipart);
	cr_assert_eq(m->parts[m->n - 1].parent, 1);
	ms_arena_free(a);
}

Test(scan, opens_no_message_deeper_than_the_limit)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	const struct ms_mime *m;

	for (unsigned i = 0; i < 2 * MS_MAX_MIME_DEPTH; i++)
		ms_buf_add_c(&b, "Content-Type: message/rfc822\r\n\r\n");
	m = ms_mime_scan(a, ms_buf_str(&b));
	cr_assert_null(mime_check(m, ms_buf_str(&b)));
	cr_assert_eq(m->n, MS_MAX_MIME_DEPTH + 1);
	cr_assert_not(m->parts[m->n - 1].is_message);
	ms_arena_free(a);
}

Test(scan, leaves_out_parts_past_the_limit)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	const struct ms_mime *m;

	ms_buf_add_c(&b, MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n");
	for (unsigned i = 0; i < MS_MAX_MIME_PARTS + 10; i++)
		ms_buf_addf(&b, "--i\r\n\r\n%u\r\n", i);
	ms_buf_add_c(&b, "--i--\r\n--o\r\n\r\nx\r\n--o--\r\n");
	m = ms_mime_scan(a, ms_buf_str(&b));
	cr_assert_null(mime_check(m, ms_buf_str(&b)));
	cr_assert_eq(m->n, MS_MAX_MIME_PARTS);
	cr_assert_eq(m->parts[0].n_children, 1);
	cr_assert_eq(m->parts[1].n_children, MS_MAX_MIME_PARTS - 2);
	/* The last part that has a place is as long as it was written. */
	cr_assert_eq(m->parts[m->n - 1].body_octets, 3);
	cr_assert_not(m->parts[1].is_truncated);
	cr_assert_not(m->parts[0].is_truncated);
	ms_arena_free(a);
}

Test(scan, needs_bounded_memory)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf header = MS_BUF_MAX(1 << 20);
	struct ms_mime_scanner *s = ms_mime_new(a);
	struct ms_str first = ms_str_c(MIXED("b") "\r\n");
	const struct ms_mime *m;

	/* 4,000 parts, with 8 KiB of header each that asks for much. */
	ms_buf_add_c(&header, "--b\r\nContent-Type: a/b");
	for (unsigned i = 0; i < 1000; i++)
		ms_buf_addf(&header, ";a%u*=1", i);
	ms_buf_add_c(&header, "\r\n\r\nx\r\n");
	ms_mime_feed(s, first);
	for (unsigned i = 0; i < 4000; i++)
		ms_mime_feed(s, ms_buf_str(&header));
	m = ms_mime_end(s);
	cr_assert_lt(m->n, MS_MAX_MIME_PARTS);
	cr_assert_gt(m->n, 1);
	cr_assert_lt(ms_arena_used(a), 2 * MS_MAX_MIME_KEPT);
	ms_arena_free(a);
}

Test(scan, keeps_no_header_that_is_too_long)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	const struct ms_mime *m;

	ms_buf_add_c(&b, MIXED("b"));
	while (b.len < MS_MAX_HEADER_OCTETS + 100)
		ms_buf_add_c(&b, "X-Long: 90123456789012345678901234567890\r\n");
	ms_buf_add_c(&b, "Content-ID: <x>\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n");
	m = ms_mime_scan(a, ms_buf_str(&b));
	cr_assert_null(mime_check(m, ms_buf_str(&b)));
	cr_assert_null(m->parts[0].header.data);
	cr_assert_null(m->parts[0].content_id.data);
	cr_assert_eq(m->n, 2);
	cr_assert_null(mime_differ(m, mime_scan_pieces(a, ms_buf_str(&b), 1, 100)));
	ms_arena_free(a);
}

Test(scan, takes_lines_of_any_length)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	const struct ms_mime *m;

	ms_buf_add_c(&b, MIXED("b") "\r\n--b\r\n\r\n");
	for (unsigned i = 0; i < 100000; i++)
		ms_buf_add_octet(&b, '-');
	ms_buf_add_c(&b, "\r\n--b");
	for (unsigned i = 0; i < 100000; i++)
		ms_buf_add_octet(&b, ' ');
	ms_buf_add_c(&b, "\r\n\r\nx\r\n--b--");
	m = ms_mime_scan(a, ms_buf_str(&b));
	cr_assert_null(mime_check(m, ms_buf_str(&b)));
	cr_assert_eq(m->n, 3);
	cr_assert_eq(m->longest_line, 100003);
	cr_assert_null(mime_differ(m, mime_scan_pieces(a, ms_buf_str(&b), 1, 5000)));
	ms_arena_free(a);
}

/* clang-format off */
static const struct {
	const char *message;
	size_t      octets;	/* 0: strlen */
	bool        has_8bit, has_nul, has_bare_cr, has_bare_lf;
	uint32_t    longest_line;
} octets[] = {
	{ "A: b\r\n\r\nx\r\n", 0, false, false, false, false, 4 },
	{ "A: b\r\n\r\n\xff\r\n", 0, true, false, false, false, 4 },
	{ "A: b\r\n\r\n\0\r\n", 11, false, true, false, false, 4 },
	{ "A: b\r\n\r\nxx\rxx\r\n", 0, false, false, true, false, 5 },
	{ "A: b\r\n\r\nxx\r", 0, false, false, true, false, 4 },
	{ "A: b\r\n\r\nxx\r\r\n", 0, false, false, true, false, 4 },
	{ "A: b\r\n\nx\r\n", 0, false, false, false, true, 4 },
	{ "\n", 0, false, false, false, true, 0 },
	{ "A: b\r\n\r\n123456", 0, false, false, false, false, 6 },
	{ "", 0, false, false, false, false, 0 },
};
/* clang-format on */

Test(scan, tells_what_octets_there_are)
{
	for (size_t i = 0; i < N_ELEMENTS(octets); i++) {
		struct ms_arena *a = ms_arena_new(0);
		struct ms_str s = ms_str_c(octets[i].message);
		const struct ms_mime *m;

		if (octets[i].octets > 0)
			s.len = octets[i].octets;
		m = ms_mime_scan(a, s);
		cr_expect_eq(m->has_8bit, octets[i].has_8bit, "%zu", i);
		cr_expect_eq(m->has_nul, octets[i].has_nul, "%zu", i);
		cr_expect_eq(m->has_bare_cr, octets[i].has_bare_cr, "%zu", i);
		cr_expect_eq(m->has_bare_lf, octets[i].has_bare_lf, "%zu", i);
		cr_expect_eq(m->longest_line, octets[i].longest_line, "%zu", i);
		ms_arena_free(a);
	}
}

/* Each octet of a long body by itself, for they are looked at in blocks. */
Test(scan, tells_octets_wherever_they_stand)
{
	char body[300];

	for (size_t i = 2; i + 2 < sizeof(body); i++) {
		struct ms_arena *a = ms_arena_new(0);
		const struct ms_mime *m;

		memset(body, 'x', sizeof(body));
		memcpy(body, "\r\n", 2);
		body[i] = '\r';
		m = ms_mime_scan(a, ms_str_of(body, sizeof(body)));
		cr_expect(m->has_bare_cr && !m->has_bare_lf && !m->has_8bit && !m->has_nul, "%zu", i);
		body[i] = '\n';
		m = ms_mime_scan(a, ms_str_of(body, sizeof(body)));
		cr_expect(m->has_bare_lf && !m->has_bare_cr, "%zu", i);
		memcpy(body + i, "\r\n", 2);
		m = ms_mime_scan(a, ms_str_of(body, sizeof(body)));
		cr_expect(!m->has_bare_lf && !m->has_bare_cr, "%zu", i);
		memcpy(body + i, "\x80\0", 2);
		m = ms_mime_scan(a, ms_str_of(body, sizeof(body)));
		cr_expect(m->has_8bit && m->has_nul, "%zu", i);
		ms_arena_free(a);
	}
}

/* clang-format off */
#define DEEP "Content-Type: multipart/mixed; boundary=o\r\n\r\n"			\
	"--o\r\n\r\n[1]\r\n"								\
	"--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"		\
	"--i\r\n\r\n[2.1]\r\n--i\r\n\r\n[2.2]\r\n--i--\r\n"				\
	"--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n[3.1]\r\n"	\
	"--o\r\nContent-Type: message/rfc822\r\n\r\n"					\
	"Content-Type: multipart/mixed; boundary=m\r\n\r\n"				\
	"--m\r\n\r\n[4.1]\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n\r\n[4.2.1]\r\n"	\
	"--m--\r\n--o--\r\n"

static const struct {
	const char *message;
	uint32_t    numbers[6];
	size_t      n;
	const char *body;	/* NULL: no such part */
} sections[] = {
	{ DEEP, { 1 }, 1, "[1]" },
	{ DEEP, { 2, 1 }, 2, "[2.1]" },
	{ DEEP, { 2, 2 }, 2, "[2.2]" },
	{ DEEP, { 3 }, 1, "Subject: x\r\n\r\n[3.1]" },
	{ DEEP, { 3, 1 }, 2, "[3.1]" },
	{ DEEP, { 4, 1 }, 2, "[4.1]" },
	{ DEEP, { 4, 2 }, 2, "\r\n[4.2.1]" },
	{ DEEP, { 4, 2, 1 }, 3, "[4.2.1]" },
	{ DEEP, { 0 }, 1, NULL },
	{ DEEP, { 5 }, 1, NULL },
	{ DEEP, { 1, 1 }, 2, NULL },
	{ DEEP, { 2, 0 }, 2, NULL },
	{ DEEP, { 2, 3 }, 2, NULL },
	{ DEEP, { 2, 1, 1 }, 3, NULL },
	{ DEEP, { 3, 2 }, 2, NULL },
	{ DEEP, { 3, 1, 1 }, 3, NULL },
	{ DEEP, { 4, 2, 1, 1 }, 4, NULL },
	{ DEEP, { UINT32_MAX }, 1, NULL },
	{ "A: b\r\n\r\nx", { 1 }, 1, "x" },
	{ "A: b\r\n\r\nx", { 0 }, 0, "x" },
	{ "A: b\r\n\r\nx", { 2 }, 1, NULL },
	{ "A: b\r\n\r\nx", { 1, 1 }, 2, NULL },
	{ "Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx", { 1 }, 1, "A: b\r\n\r\nx" },
	{ "Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx", { 1, 1 }, 2, "x" },
	{ "Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx", { 1, 1, 1 }, 3, NULL },
	{ "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx",
	    { 1, 1 }, 2, "A: b\r\n\r\nx" },
	{ "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx",
	    { 1, 1, 1 }, 3, "x" },
	{ MIXED("b") "\r\nx", { 1 }, 1, NULL },
};
/* clang-format on */

Test(find, follows_section_numbers)
{
	for (size_t i = 0; i < N_ELEMENTS(sections); i++) {
		struct ms_arena *a = ms_arena_new(0);
		struct ms_str message = ms_str_c(sections[i].message), body;
		const struct ms_mime *m = ms_mime_scan(a, message);
		uint32_t at = ms_mime_find(m, sections[i].numbers, sections[i].n);

		if (sections[i].body == NULL) {
			cr_expect_eq(at, MS_NO_PART, "%zu", i);
		} else if (at >= m->n) {
			cr_expect_fail("%zu: not found", i);
		} else {
			body = ms_str_sub(message, m->parts[at].body_offset, m->parts[at].body_octets);
			cr_expect(ms_str_equal(body, ms_str_c(sections[i].body)),
			    "%zu: [%.*s]", i, (int)body.len, body.data);
		}
		ms_arena_free(a);
	}
}
