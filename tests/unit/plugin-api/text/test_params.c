/* SPDX-License-Identifier: ISC */
#include <mansio/header.h>
#include <mansio/limits.h>

#include "text.h"

/* Shown as "value|name=value|name=value". */
static const struct { const char *in, *out; } rows[] = {
	{ "text/plain; charset=us-ascii", "text/plain|charset=us-ascii" },
	{ " Text/Plain ;CHARSET=\"UTF-8\" ", "text/plain|charset=UTF-8" },
	{ "text / plain (c) ; a (d) = b (e)", "text/plain|a=b" },
	{ "text/plain; charset=us-ascii (Plain text)", "text/plain|charset=us-ascii" },
	{ "text/plain", "text/plain" },
	{ "", "" }, { ";", "" }, { "; a=b", "|a=b" },
	{ "text/plain;", "text/plain" }, { "text/plain;;; a=b;;", "text/plain|a=b" },
	{ "attachment; filename=\"a \\\"b\\\\;c\"", "attachment|filename=a \"b\\;c" },
	{ "a/b; x=\"\"; y=", "a/b|x=|y=" },
	{ "a/b; x=\"fol\r\n ded\"", "a/b|x=fol ded" },
	{ "a/b; x=\"(no comment)\"", "a/b|x=(no comment)" },
	{ "a/b; boundary=\"=_1?=2\"", "a/b|boundary==_1?=2" },
	{ "a/b; boundary=\"=?utf-8?Q?x?=\"", "a/b|boundary==?utf-8?Q?x?=" },
	{ "a/b; a=1; A=2", "a/b|a=1" },
	/* RFC 2231. */
	{ "message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu/pub\"",
	  "message/external-body|access-type=URL|url=ftp://cs.utk.edu/pub" },
	{ "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
	  "application/x-stuff|title=This is ***fun***" },
	{ "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
	  " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
	  "application/x-stuff|title=This is even more ***fun*** isn't it!" },
	{ "a/b; x*1=b; x*0=a; x*2=c", "a/b|x=abc" },
	{ "a/b; x*0=a; x*2=c", "a/b|x=a" },		/* a gap ends it */
	{ "a/b; x*1=a; x*2=b", "a/b|x=ab" },		/* some begin with 1 */
	{ "a/b; x*0=a; x*0=b", "a/b|x=a" },
	{ "a/b; x*=iso-8859-1''%e4", "a/b|x=\xc3\xa4" },
	{ "a/b; x*=UTF-8''%e2%82%ac", "a/b|x=\xe2\x82\xac" },
	{ "a/b; x*0*=utf-8''%e2%82; x*1*=%ac", "a/b|x=\xe2\x82\xac" },	/* cut in a character */
	{ "a/b; x*=''%41", "a/b|x=A" },
	{ "a/b; x*=x-unknown''%41%e4", "a/b|x=A\xe4" },
	{ "a/b; x*=%41", "a/b|x=A" },			/* no charset */
	{ "a/b; x*=utf-8'%41", "a/b|x=utf-8'A" },
	{ "a/b; x*=utf-8''100%", "a/b|x=100%" },
	{ "a/b; x*=utf-8''%4", "a/b|x=%4" },
	{ "a/b; x=old; x*=utf-8''new", "a/b|x=new" },
	{ "a/b; x*=utf-8''new; x=old", "a/b|x=new" },
	{ "a/b; x*foo=1; x*100=2; x**=3; *=4", "a/b|x*foo=1|x*100=2|x**=3|*=4" },
	{ "a/b; x*0=%41", "a/b|x=%41" },		/* not marked as encoded */
	/* The wild. */
	{ "a/b; name=\"=?utf-8?Q?=C3=A4?=\"", "a/b|name=\xc3\xa4" },
	{ "a/b; name==?utf-8?Q?=C3=A4?=; c=d", "a/b|name=\xc3\xa4|c=d" },
	{ "a/b; name=\"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=\"", "a/b|name=ab" },
	{ "a/b; name=My Report.pdf; c=d", "a/b|name=My Report.pdf|c=d" },
	{ "text/plain charset=utf-8", "text/plain|charset=utf-8" },
	{ "text/plain; charset=utf-8 format=flowed", "text/plain|charset=utf-8|format=flowed" },
	{ "text/plain; charset=\"utf-8\" format=flowed", "text/plain|charset=utf-8|format=flowed" },
	{ "text/plain; charset=\"utf-8\"junk; a=b", "text/plain|charset=utf-8|a=b" },
	{ "text/plain; a=\"never closed; b=c", "text/plain|a=never closed; b=c" },
	{ "text/plain; junk; a=b", "text/plain|a=b" },
	{ "text/plain; =b; a=c", "text/plain|a=c" },
	{ "\"attachment\"; a=b", "attachment|a=b" },
	{ "a/b; x=\"\\", "a/b|x=\\" },
	{ "a/b (never closed; x=y", "a/b" },
	{ "text/", "text/" }, { "/", "/" }, { "a b c", "a" },
};

Test(params, are_taken_apart)
{
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
		struct ms_params p;

		ms_params_parse(a, ms_str_c(rows[i].in), &p);
		ms_buf_add(&b, p.value);
		for (size_t k = 0; k < p.n; k++) {
			ms_buf_add_octet(&b, '|');
			ms_buf_add(&b, p.params[k].name);
			ms_buf_add_octet(&b, '=');
			ms_buf_add(&b, p.params[k].value);
		}
		expect_text(i, ms_buf_str(&b), ms_str_c(rows[i].out));
	}
	ms_arena_free(a);
}

Test(params, are_found_by_name)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_params p;

	ms_params_parse(a, LIT("a/b; Charset=x; y=\"\""), &p);
	expect_text(0, ms_params_get(&p, "charset"), LIT("x"));
	cr_expect_not_null(ms_params_get(&p, "y").data);
	cr_expect_null(ms_params_get(&p, "z").data);
	ms_arena_free(a);
}

Test(params, and_their_pieces_are_counted)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100000), c = MS_BUF_MAX(100000);
	struct ms_params p;

	ms_buf_add_c(&b, "a/b");
	for (int i = 0; i < 500; i++)
		ms_buf_addf(&b, "; x%d=y", i);
	ms_params_parse(a, ms_buf_str(&b), &p);
	cr_expect_eq(p.n, MS_MAX_PARAMS);
	ms_buf_add_c(&c, "a/b");
	for (int i = 0; i < 500; i++)
		ms_buf_addf(&c, "; x*%d=y", i);
	ms_params_parse(a, ms_buf_str(&c), &p);
	cr_expect_eq(p.params[0].value.len, MS_MAX_PARAM_PIECES);
	ms_arena_free(a);
}
