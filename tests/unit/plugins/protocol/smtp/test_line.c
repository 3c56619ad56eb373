/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/message.h>
#include <mansio/str.h>

#include "line.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static struct ms_arena *arena;

static void
make_arena(void)
{
	arena = ms_arena_new(0);
}

static void
free_arena(void)
{
	ms_arena_free(arena);
}

TestSuite(line, .init = make_arena, .fini = free_arena);
TestSuite(mail, .init = make_arena, .fini = free_arena);
TestSuite(rcpt, .init = make_arena, .fini = free_arena);

static void
expect_str(struct ms_str got, const char *want)
{
	cr_assert(ms_str_equal(got, ms_str_c(want)), "got \"%.*s\", not \"%s\"",
	    (int)got.len, got.data != NULL ? got.data : "", want);
}

/* ---- verbs ------------------------------------------------------------------ */

Test(line, splits_verb_and_arguments)
{
	struct ms_str verb, args;

	smtp_line_split(ms_str_c("rcpt  TO:<a@b> NOTIFY=NEVER  "), &verb, &args);
	expect_str(verb, "rcpt");
	expect_str(args, "TO:<a@b> NOTIFY=NEVER");
	smtp_line_split(ms_str_c("QUIT "), &verb, &args);
	expect_str(verb, "QUIT");
	expect_str(args, "");
	smtp_line_split(ms_str_c(""), &verb, &args);
	expect_str(verb, "");
}

Test(line, knows_the_words_of_other_protocols)
{
	cr_assert(smtp_line_is_foreign(ms_str_c("GET / HTTP/1.1")));
	cr_assert(smtp_line_is_foreign(ms_str_c("post /x")));
	cr_assert(smtp_line_is_foreign(ms_str_c("Host: mx.example.org")));
	cr_assert(smtp_line_is_foreign(ms_str_c("{\"a\":1}")));
	cr_assert(smtp_line_is_foreign(ms_str_of("\x16\x03\x01", 3)));
	cr_assert_not(smtp_line_is_foreign(ms_str_c("HELO get")));
	cr_assert_not(smtp_line_is_foreign(ms_str_c("GETTER")));
	cr_assert_not(smtp_line_is_foreign(ms_str_c("")));
}

/* ---- MAIL --------------------------------------------------------------------- */

static const struct { const char *in; int code; const char *enhanced; } mails[] = {
	{ "FROM:<>", 0, NULL },
	{ "from:<ann@example.org>", 0, NULL },
	{ "FROM: <ann@example.org>", 0, NULL },
	{ "FROM:<ann@example.org>  SIZE=1", 0, NULL },
	{ "FROM:<@a,@b:ann@example.org>", 0, NULL },
	{ "FROM:<ann@[192.0.2.1]>", 0, NULL },
	{ "FROM:<\"a b\"@example.org> BODY=8BITMIME", 0, NULL },
	{ "FROM:<a@b> SIZE=99999999999999999999", 0, NULL },
	{ "FROM:<a@b> AUTH=<>", 0, NULL },
	{ "FROM:<a@b> AUTH=e+3Dmc2@example.com", 0, NULL },
	{ "FROM:<a@b> RET=HDRS ENVID=QQ314159", 0, NULL },
	{ "FROM:<j\xc3\xb6@example.org> SMTPUTF8", 0, NULL },
	{ "FROM:<`id`@example.org>", 0, NULL },
	{ "", 501, "5.5.4" },
	{ "FROM:", 501, "5.1.7" },
	{ "TO:<a@b>", 501, "5.5.4" },
	{ "FROM:a@b", 0, NULL },
	{ "FROM: a@b SIZE=1", 0, NULL },
	{ "FROM:ann", 501, "5.1.7" },
	{ "FROM:a@b>", 501, "5.1.7" },
	{ "FROM:\"a b\"@c", 501, "5.1.7" },
	{ "FROM:a@b@c", 553, "5.1.7" },
	{ "FROM:@a:b@c", 501, "5.1.7" },
	{ "FROM:<ann@>", 553, "5.1.7" },
	{ "FROM:<ann>", 553, "5.1.7" },
	{ "FROM:<;sleep 9;@x>", 553, "5.1.7" },
	{ "FROM:<a@b", 553, "5.1.7" },
	{ "FROM:<a@b>SIZE=1", 501, "5.5.4" },
	{ "FROM:<j\xc3\xb6@example.org>", 553, "5.6.7" },
	{ "FROM:<a@b> SIZE=", 501, "5.5.4" },
	{ "FROM:<a@b> SIZE=-1", 501, "5.5.4" },
	{ "FROM:<a@b> SIZE=1x", 501, "5.5.4" },
	{ "FROM:<a@b> SIZE=999999999999999999999", 501, "5.5.4" },
	{ "FROM:<a@b> SIZE=1 size=1", 501, "5.5.4" },
	{ "FROM:<a@b> BODY=9BIT", 501, "5.5.4" },
	{ "FROM:<a@b> BODY", 501, "5.5.4" },
	{ "FROM:<a@b> SMTPUTF8=yes", 501, "5.5.4" },
	{ "FROM:<a@b> RET=X", 501, "5.5.4" },
	{ "FROM:<a@b> ENVID=a+0D+0AX", 501, "5.5.4" },
	{ "FROM:<a@b> ENVID=a+0d", 501, "5.5.4" },
	{ "FROM:<a@b> AUTH=a+0Ab@c", 501, "5.5.4" },
	{ "FROM:<a@b> XYZ=1", 555, "5.5.4" },
	{ "FROM:<a@b> =1", 501, "5.5.4" },
	{ "FROM:<a@b> -A=1", 501, "5.5.4" },
	{ "FROM:<a@b> SIZE=1\x01", 501, "5.5.4" },
};

ParameterizedTestParameters(mail, is_taken_or_refused_by_its_grammar)
{
	static size_t index[N_ELEMENTS(mails)];

	for (size_t i = 0; i < N_ELEMENTS(mails); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(mails));
}

ParameterizedTest(size_t *i, mail, is_taken_or_refused_by_its_grammar)
{
	struct ms_arena *a = ms_arena_new(0);
	struct smtp_mail_args got;
	struct smtp_fault fault = { .code = -1 };
	bool ok = smtp_mail_parse(a, ms_str_c(mails[*i].in), &got, &fault);

	cr_assert_eq(ok, mails[*i].code == 0, "%s: %d %s", mails[*i].in,
	    fault.code, fault.code > 0 ? fault.text : "");
	if (!ok) {
		cr_assert_eq(fault.code, mails[*i].code, "%s: %d",
		    mails[*i].in, fault.code);
		cr_assert_str_eq(fault.enhanced, mails[*i].enhanced, "%s: %s",
		    mails[*i].in, fault.enhanced);
	}
	ms_arena_free(a);
}

Test(mail, gives_all_parameters)
{
	struct smtp_mail_args got;
	struct smtp_fault fault;

	cr_assert(smtp_mail_parse(arena, ms_str_c("FROM:<@x:ann@example.org> "
	    "size=1000 BODY=BINARYMIME SMTPUTF8 AUTH=e+3Dmc2@example.com "
	    "RET=FULL ENVID=a+2Bb"), &got, &fault));
	expect_str(got.path.address, "ann@example.org");
	cr_assert_eq(got.size, 1000);
	cr_assert_eq(got.body, SMTP_BODY_BINARYMIME);
	cr_assert(got.utf8);
	cr_assert(got.has_auth);
	expect_str(got.auth, "e=mc2@example.com");
	cr_assert_eq(got.ret, MS_MESSAGE_RET_FULL);
	expect_str(got.envid, "a+b");
}

Test(mail, takes_a_size_past_64_bits_for_the_largest)
{
	struct smtp_mail_args got;
	struct smtp_fault fault;

	cr_assert(smtp_mail_parse(arena,
	    ms_str_c("FROM:<> SIZE=99999999999999999999"), &got, &fault));
	cr_assert_eq(got.size, UINT64_MAX);
}

Test(mail, refuses_an_envid_of_more_than_100_octets)
{
	char line[400] = "FROM:<> ENVID=";
	struct smtp_mail_args got;
	struct smtp_fault fault;
	size_t len = strlen(line);

	memset(line + len, 'a', 100);
	cr_assert(smtp_mail_parse(arena, ms_str_of(line, len + 100), &got,
	    &fault));
	line[len + 100] = 'a';
	cr_assert_not(smtp_mail_parse(arena, ms_str_of(line, len + 101), &got,
	    &fault));
	cr_assert_eq(fault.code, 501);
}

/* ---- RCPT ---------------------------------------------------------------------- */

static const struct { const char *in; bool utf8; int code; const char *enhanced; } rcpts[] = {
	{ "TO:<bob@example.org>", false, 0, NULL },
	{ "TO:<Postmaster>", false, 0, NULL },
	{ "TO:<@a,@b:c@d.example>", false, 0, NULL },
	{ "TO:<b@c> NOTIFY=NEVER", false, 0, NULL },
	{ "TO:<b@c> NOTIFY=SUCCESS,failure,DELAY ORCPT=rfc822;b+2Bx@c", false, 0, NULL },
	{ "TO:<b@c> ORCPT=utf-8;b\\x{F6}@c", false, 0, NULL },
	{ "TO:<\xc3\xb6@c>", true, 0, NULL },
	{ "TO:<>", false, 553, "5.1.3" },
	{ "TO:<bob>", false, 553, "5.1.3" },
	{ "TO:b@c", false, 0, NULL },
	{ "FROM:<b@c>", false, 501, "5.5.4" },
	{ "TO:<\xc3\xb6@c>", false, 553, "5.6.7" },
	{ "TO:<b@c> NOTIFY=NEVER,FAILURE", false, 501, "5.5.4" },
	{ "TO:<b@c> NOTIFY=SUCCESS,SUCCESS", false, 501, "5.5.4" },
	{ "TO:<b@c> NOTIFY=", false, 501, "5.5.4" },
	{ "TO:<b@c> NOTIFY=SUCCESS,", false, 501, "5.5.4" },
	{ "TO:<b@c> NOTIFY", false, 501, "5.5.4" },
	{ "TO:<b@c> ORCPT=rfc822;a+0D+0ABcc:x", false, 501, "5.5.4" },
	{ "TO:<b@c> ORCPT=rfc822", false, 501, "5.5.4" },
	{ "TO:<b@c> ORCPT=;a@b", false, 501, "5.5.4" },
	{ "TO:<b@c> ORCPT=rfc822;", false, 501, "5.5.4" },
	{ "TO:<b@c> ORCPT=utf-8;\xc3\xb6@c", false, 501, "5.5.4" },
	{ "TO:<b@c> ORCPT", false, 501, "5.5.4" },
	{ "TO:<b@c> SIZE=1", false, 555, "5.5.4" },
};

ParameterizedTestParameters(rcpt, is_taken_or_refused_by_its_grammar)
{
	static size_t index[N_ELEMENTS(rcpts)];

	for (size_t i = 0; i < N_ELEMENTS(rcpts); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(rcpts));
}

ParameterizedTest(size_t *i, rcpt, is_taken_or_refused_by_its_grammar)
{
	struct ms_arena *a = ms_arena_new(0);
	struct smtp_rcpt_args got;
	struct smtp_fault fault = { .code = -1 };
	bool ok = smtp_rcpt_parse(a, ms_str_c(rcpts[*i].in), rcpts[*i].utf8,
	    &got, &fault);

	cr_assert_eq(ok, rcpts[*i].code == 0, "%s: %d %s", rcpts[*i].in,
	    fault.code, fault.code > 0 ? fault.text : "");
	if (!ok) {
		cr_assert_eq(fault.code, rcpts[*i].code, "%s: %d",
		    rcpts[*i].in, fault.code);
		cr_assert_str_eq(fault.enhanced, rcpts[*i].enhanced, "%s: %s",
		    rcpts[*i].in, fault.enhanced);
	}
	ms_arena_free(a);
}

Test(rcpt, ignores_a_source_route)
{
	struct smtp_rcpt_args got;
	struct smtp_fault fault;

	cr_assert(smtp_rcpt_parse(arena, ms_str_c("TO:<@a,@b:c@d.example>"),
	    false, &got, &fault));
	expect_str(got.path.address, "c@d.example");
}

Test(rcpt, decodes_the_original_recipient)
{
	struct smtp_rcpt_args got;
	struct smtp_fault fault;

	cr_assert(smtp_rcpt_parse(arena, ms_str_c(
	    "TO:<b@c> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bx@c"), false, &got,
	    &fault));
	expect_str(got.original, "rfc822;b+x@c");
	cr_assert_eq(got.notify, MS_NOTIFY_SUCCESS | MS_NOTIFY_DELAY);
}

/* ---- BDAT ------------------------------------------------------------------------ */

static const struct { const char *in; bool ok, last; uint64_t n; } bdats[] = {
	{ "0", true, false, 0 }, { "1000", true, false, 1000 },
	{ "1000 LAST", true, true, 1000 }, { "0 last", true, true, 0 },
	{ "5  LAST", true, true, 5 },
	{ "9223372036854775807", true, false, INT64_MAX },
	{ "9223372036854775808", false, false, 0 },
	{ "99999999999999999999999", false, false, 0 },
	{ "", false, false, 0 }, { "LAST", false, false, 0 },
	{ "-1", false, false, 0 }, { "+1", false, false, 0 },
	{ "1x", false, false, 0 }, { "1 FIRST", false, false, 0 },
	{ "1 LAST LAST", false, false, 0 },
};

Test(line, reads_the_size_of_a_chunk)
{
	for (size_t i = 0; i < N_ELEMENTS(bdats); i++) {
		uint64_t n = 77;
		bool last = false;

		cr_assert_eq(smtp_bdat_parse(ms_str_c(bdats[i].in), &n, &last),
		    bdats[i].ok, "%s", bdats[i].in);
		if (bdats[i].ok) {
			cr_assert_eq(n, bdats[i].n, "%s", bdats[i].in);
			cr_assert_eq(last, bdats[i].last, "%s", bdats[i].in);
		}
	}
}
