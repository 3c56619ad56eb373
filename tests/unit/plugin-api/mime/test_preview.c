/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/digest.h>
#include <mansio/encode.h>
#include <mansio/str.h>

#include "mime_helper.h"

#define HTML	"Content-Type: text/html; charset=utf-8\r\n\r\n"
#define MIXED	"Content-Type: multipart/mixed; boundary=b\r\n\r\n"

/* clang-format off */
static const struct {
	const char *name, *message, *preview;
} previews[] = {
	{ "nothing", "", "" },
	{ "white space", "\r\n\r\n \t \r\n\r\n", "" },
	{ "text", "\r\nHello,\r\n\r\n  how   are\tyou?\r\n", "Hello, how are you?" },
	{ "UTF-8 without a charset", "\r\nGr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e" },
	{ "Latin-1", "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdf" "e", "Gr\xc3\xbc\xc3\x9f" "e" },
	{ "what is not in its charset", "\r\na\xff" "b", "a\xef\xbf\xbd" "b" },
	{ "an unknown charset", "Content-Type: text/plain; charset=x-foo\r\n\r\nab", "ab" },
	{ "base64", "Content-Transfer-Encoding: base64\r\n\r\nSGVs\r\nbG8=\r\n", "Hello" },
	{ "quoted-printable", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=C3=A4=\r\nb\r\n",
	    "a\xc3\xa4" "b" },
	{ "quoted lines are passed over", "\r\n> old\r\n>> older\r\nnew\r\n> old > x\r\nand > new\r\n", "new and > new" },
	{ "if there are others", "\r\n> old\r\n> older\r\n", "> old > older" },
	{ "controls", "\r\na\x01" "b\x7f" "c", "a b c" },
	{ "marks that are not seen", "\r\na\xe2\x80\x8b\xe2\x80\xae" "b\xef\xbb\xbf", "ab" },
	{ "a space that does not break", "\r\na\xc2\xa0\xe3\x80\x80" "b", "a b" },
	{ "no text", "Content-Type: image/png\r\n\r\nx", "" },
	{ "the first text", MIXED "preamble\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", "one" },
	{ "no attachment", MIXED "--b\r\nContent-Disposition: attachment\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", "two" },
	{ "nothing of a message inside", MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", "two" },
	{ "a text without an end", MIXED "--b\r\n\r\none\r\n--", "one --" },
	{ "not its boundary", MIXED "--b\r\n\r\none\r\n--b", "one" },
	{ "HTML", HTML "<html><head><title>T</title><style>p { color: red }</style></head>\r\n<body><p>One <b>two</b>th<i>ree</i><br>four</p><p>five",
	    "One twothree four five" },
	{ "comments and doctypes", HTML "<!DOCTYPE html><!-- <p>x</p> > -->a<!-- b", "a" },
	{ "scripts", HTML "a<script>if (1 < 2) x(\"</p>\")</script>b<SCRIPT>c", "a b" },
	{ "entities", HTML "a&nbsp;&amp;&lt;b&gt;&#228;&#xE4;&euro;&zwnj;&foo;&bar&#0;&#xd800;", "a &<b>\xc3\xa4\xc3\xa4\xe2\x82\xac&foo;&bar&#0;&#xd800;" },
	{ "a lone bracket", HTML "1 < 2 <3 > <", "1 < 2 <3 > <" },
	{ "a tag without an end", HTML "a<b c", "a" },
};
/* clang-format on */

static struct ms_str
preview_of(struct ms_arena *a, struct ms_str message)
{
	struct ms_digest d;

	cr_assert(ms_digest_read(ms_digest_make(a, ms_mime_scan(a, message)), &d));
	return d.preview;
}

ParameterizedTestParameters(preview, is_the_first_words)
{
	static size_t index[N_ELEMENTS(previews)];

	for (size_t i = 0; i < N_ELEMENTS(previews); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(previews));
}

ParameterizedTest(size_t *i, preview, is_the_first_words)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str p = preview_of(a, ms_str_c(previews[*i].message));

	cr_assert(ms_str_equal(p, ms_str_c(previews[*i].preview)), "%s: [%.*s], wanted [%s]",
	    previews[*i].name, (int)p.len, p.data, previews[*i].preview);
	ms_arena_free(a);
}

Test(preview, has_at_most_200_characters)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 16);
	struct ms_str p;

	ms_buf_add_c(&b, "\r\n");
	for (unsigned i = 0; i < 300; i++)
		ms_buf_add_c(&b, "\xf0\x9f\x98\x80");
	p = preview_of(a, ms_buf_str(&b));
	cr_assert_eq(p.len, 800);
	cr_assert(ms_utf8_is_valid(p, false));

	/* Not a space as the last one. */
	ms_buf_reset(&b);
	ms_buf_add_c(&b, "\r\n");
	for (unsigned i = 0; i < 300; i++)
		ms_buf_add_c(&b, "a ");
	p = preview_of(a, ms_buf_str(&b));
	cr_assert_eq(p.len, 199);
	ms_arena_free(a);
}

Test(preview, looks_further_if_much_is_passed_over)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 18);
	struct ms_str p;

	ms_buf_add_c(&b, "\r\n");
	for (unsigned i = 0; i < 200; i++)
		ms_buf_add_c(&b, "> quoted, and more of it\r\n");
	ms_buf_add_c(&b, "new");
	p = preview_of(a, ms_buf_str(&b));
	cr_assert(ms_str_is(p, "new"), "[%.*s]", (int)p.len, p.data);

	/* But not without end, and never at half a character. */
	ms_buf_reset(&b);
	ms_buf_add_c(&b, "\r\nx");
	for (unsigned i = 0; i < 30000; i++)
		ms_buf_add_c(&b, "\xe2\x80\x8b");
	p = preview_of(a, ms_buf_str(&b));
	cr_assert(ms_str_is(p, "x"), "[%.*s]", (int)p.len, p.data);
	ms_arena_free(a);
}
