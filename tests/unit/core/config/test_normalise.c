/* SPDX-License-Identifier: ISC */
/*
 * test_normalise.c - what libconfuse would pass over, and where it stands
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mansio/str.h>

#include "fake.h"

static const char *const top[] = { "pipeline", "domain", NULL };

/* The tokens that are left, a blank between them; problems in *text_out. */
static const char *
normalise(const struct fake_file *files, const char **text_out)
{
	static char out[65536];
	struct fake_source source = fake_source(files);
	struct ms_arena *arena = ms_arena_new(0);
	struct problems *p = problems_new();
	struct normal *n = normal_read(files[0].path, &source.pub, top, arena, p);
	size_t length = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < n->n_tokens && length < sizeof(out) - 1000; i++)
		length += (size_t)snprintf(out + length, 1000, "%s%.*s", i > 0 ? " " : "",
		    (int)n->tokens[i].len, n->tokens[i].text);
	problems_sort(p);
	*text_out = fake_text(p);
	normal_free(n);
	ms_arena_free(arena);
	problems_free(p);
	return out;
}

static const char *
normalise_text(const char *text, const char **said)
{
	struct fake_file files[] = { { "x", text }, { NULL, NULL } };

	return normalise(files, said);
}

/* ---- traps: what comes out, and what is said (NULL: nothing) ---- */

static const struct {
	const char *text, *out, *said;
} traps[] = {
	/* libconfuse eats what it does not know: "*:25" would be ":25". */
	{ "listen = *:25", "listen = *:25", NULL },
	{ "when = { 'size <= 10MiB' }", "when = { size <= 10MiB , }", NULL },
	/* "1;" */
	{ "a = 1;\nb = 2", "a = 1 b = 2", "x:1:5: error: \"1;\": statements end at the line's "
	    "end; remove the \";\"\n" },
	{ "a = \"1\";", "a = 1", "x:1:8: error: \";\": statements end" },
	{ "spf {};", "spf { }", "x:1:7: error: \";\"" },
	/* Repeated scalars: the last wins, silently. */
	{ "a = 1\nb {\na = 2\n}\na = 3", "a = 1 b { a = 2 } a = 3",
	    "x:5:1: error: \"a\" is set already at x:1\n" },
	/* A missing comma, a trailing one. */
	{ "a = { b c }", "a = { b , c , }", "x:1:9: error: a comma is missing before \"c\"" },
	{ "a = { b, c, }", "a = { b , c , }", NULL },
	{ "a = { }", "a = { }", NULL },
	{ "a = { , b }", "a = { b , }", "nothing stands before this comma" },
	{ "a = { b = 1, c = 2 }\nd = 1", "a = { } d = 1", "x:1:7: error: a list holds values alone" },
	{ "a = b, c\nd = 1", "a = b d = 1", "a list stands in braces: a = { a, b }" },
	{ "a += b", "a += b", NULL },
	/* Comments: the last kind makes libconfuse's line numbers wrong. */
	{ "# one\n// two\n/* three\n*/ a = 1 # four\n/* a */ b = c;", "a = 1 b = c",
	    "x:5:13: error" },
	{ "a = b#c", "a = b", NULL },
	{ "a = b//c", "a = b//c", NULL },
	{ "a = 1 /* b", "a = 1", "x:1:7: error: comment opened here is never closed" },
	/* A byte order mark would be part of the first name; CRLF. */
	{ "\xef\xbb\xbf" "a = 1\r\nb = 2\r\n", "a = 1 b = 2", NULL },
	{ "a = \"b\r\nc = 1", "a = b c = 1", "x:1:5: error: string opened here is not closed" },
	{ "a = \"b\\\nc\"", "a = bc", NULL },
	{ "a = 'b", "a = b", "x:1:5: error: string opened here is not closed on this line\n" },
	{ "a = \"\\x41\\t\\\"\\$\\\\\"", "a = A\t\"$\\", NULL },
	{ "a = '\\d\\'${X}'", "a = \\d'${X}", NULL },
	{ "a = \"\\d\"", "a = d", "unknown escape \\d" },
	{ "a = \"\xff\"", "", "x:1: error: the line is not UTF-8 text" },
	{ "# gr\xc3\xbc\xc3\x9f" "e\na = \"\xc3\xbc\" b = 1;", "a = \xc3\xbc b = 1", "x:2:13: error" },
	/* Includes are never libconfuse's affair. */
	{ "include(\"y\")", "", "x:1:9: error: cannot read y\n" },
	{ "include(\"none/*.conf\")\na = 1", "a = 1", NULL },
	{ "exec(\"y\")", "", "only include(\"FILE\") has parentheses" },
	{ "include()", "", "write include(\"FILE\")" },
	/* Braces. */
	{ "}\na = 1", "a = 1", "x:1:1: error: there is no open section" },
	{ "a {", "a { }", "x:1:1: error: section \"a\" opened here is never closed\n" },
	{ "a = {\nb = 1", "a = { } b = 1", "x:1:5: error: list \"a\" opened here is never closed" },
	{ "a = { b\nc \"t\" { d = 1 }", "a = { b , } c t { d = 1 }", "x:1:5: error: list" },
	{ "{ a = 1 }\nb = 2", "b = 2", "unexpected \"{\"" },
	/* Half statements. */
	{ "a\nb = 1", "b = 1", "x:1:1: error: \"a\" stands alone" },
	{ "a b\nc = 1", "c = 1", "write a = b" },
	{ "a =\nb = 1", "b = 1", "x:1:3: error: \"a\" has no value" },
	{ "a { b = }", "a { }", "\"b\" has no value" },
	{ "a = b c\nd = 1", "a = b d = 1", "a value of several words stands in quotes" },
	{ "a = b=c\nd = 1", "a = b d = 1", "stands in quotes: a = \"...\"" },
	{ "= 1\na = 1", "a = 1", "x:1:1: error: unexpected \"=\"" },
	{ "a = ${\nb = 1", "b = 1", "begins no variable" },
	{ "a = \"${1 x}\"", "a = 1 x}", "begins no variable" },
	/* Titles are kept, one token a line all the same. */
	{ "smtp \"mx\" { listen = *:25 }", "smtp mx { listen = *:25 }", NULL },
	{ "", "", NULL },
};

ParameterizedTestParameters(trap, is_closed)
{
	static size_t index[N_ELEMENTS(traps)];

	for (size_t i = 0; i < N_ELEMENTS(traps); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(traps));
}

ParameterizedTest(size_t *i, trap, is_closed)
{
	const char *said, *out = normalise_text(traps[*i].text, &said);

	cr_assert_str_eq(out, traps[*i].out, "\"%s\" gave \"%s\", %s", traps[*i].text, out,
	    said);
	if (traps[*i].said == NULL)
		cr_assert_str_eq(said, "", "\"%s\": %s", traps[*i].text, said);
	else
		cr_assert_not_null(strstr(said, traps[*i].said), "\"%s\": %s",
		    traps[*i].text, said);
}

/* ---- which section was never closed ---- */

static const struct {
	const char *text, *said;
} unclosed[] = {
	/* By indentation: the inner one is to blame, though the file ends within
	   the outer one. */
	{ "pipeline \"in\" {\n"
	  "  rspamd {\n"
	  "    on-error = tempfail\n"
	  "  alias { deliver = here }\n"
	  "}\n"
	  "limits { }\n",
	  "x:2:3: error: section \"rspamd\" opened here is never closed: a \"}\" is missing "
	  "before line 4\n" },
	{ "pipeline \"in\" {\n"
	  "  rspamd {\n"
	  "    on-error = tempfail\n"
	  "}\n"
	  "a = 1\n",
	  "x:2:3: error: section \"rspamd\" opened here is never closed: a \"}\" is missing "
	  "before line 4\n" },
	{ "smtp \"mx\" {\n\tlisten = \"*:25\"\n\nimap \"x\" {\n\tlisten = \"*:143\"\n}\n",
	  "x:1:1: error: section \"smtp\" opened here is never closed: a \"}\" is missing "
	  "before line 4\n" },
	/* Without indentation: by a keyword of the top level. */
	{ "smtp \"mx\" {\nlisten = \"*:25\"\npipeline \"in\" {\nspf { }\n}\n",
	  "x:1:1: error: section \"smtp\" opened here is never closed: a \"}\" is missing "
	  "before line 3\n" },
	/* Nothing tells: the last one that is open. */
	{ "a {\nb = 1\n", "x:1:1: error: section \"a\" opened here is never closed\n" },
	/* Two at once. */
	{ "a {\n  b {\n    c = 1\nd {\n  e = 1\n}\n",
	  "x:1:1: error: section \"a\" opened here is never closed: a \"}\" is missing before "
	  "line 4\nx:2:3: error: section \"b\" opened here is never closed: a \"}\" is missing "
	  "before line 4\n" },
	/* Odd indentation alone is no mistake. */
	{ "a {\n    b = 1\n  c = 2\nd = 3\n}\n", "" },
	{ "    a {\nb {\n  c = 1\n}\n    }\n", "" },
};

ParameterizedTestParameters(brace, is_missed_where_it_was_opened)
{
	static size_t index[N_ELEMENTS(unclosed)];

	for (size_t i = 0; i < N_ELEMENTS(unclosed); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(unclosed));
}

ParameterizedTest(size_t *i, brace, is_missed_where_it_was_opened)
{
	const char *said;

	(void)normalise_text(unclosed[*i].text, &said);
	cr_assert_str_eq(said, unclosed[*i].said, "%s\nsaid: %s", unclosed[*i].text, said);
}

/* ---- includes ---- */

Test(include, takes_globs_in_order_relative_to_the_including_file)
{
	static const struct fake_file files[] = {
		{ "etc/main", "a = 1\nb { include(\"conf.d/*.conf\") }\nc = 1" },
		{ "etc/conf.d/20.conf", "y = 1" },
		{ "etc/conf.d/10.conf", "x = 1\ninclude(\"sub/one\")" },
		{ "etc/conf.d/sub/one", "z { }" },
		{ "etc/conf.d/not.this", "no = 1" },
		{ NULL, NULL },
	};
	const char *said, *out = normalise(files, &said);

	cr_assert_str_eq(out, "a = 1 b { x = 1 z { } y = 1 } c = 1");
	cr_assert_str_eq(said, "");
}

Test(include, shows_the_file_in_which_the_mistake_is)
{
	static const struct fake_file files[] = {
		{ "main", "a = 1\ninclude(\"sub/b\")\nc = 1;" },
		{ "sub/b", "\n\n  d = 1;" },
		{ NULL, NULL },
	};
	const char *said;

	(void)normalise(files, &said);
	cr_assert_not_null(strstr(said, "main:3:5: error"), "%s", said);
	cr_assert_not_null(strstr(said, "sub/b:3:7: error"), "%s", said);
}

Test(include, finds_loops)
{
	static const struct fake_file files[] = {
		{ "a", "include(\"b\")\nx = 1" }, { "b", "include(\"c\")" },
		{ "c", "include(\"*\")" }, { NULL, NULL },
	};
	const char *said, *out = normalise(files, &said);

	cr_assert_str_eq(out, "x = 1");
	cr_assert_not_null(strstr(said, "c:1:9: error: include loop: a is being read already"),
	    "%s", said);
	cr_assert_not_null(strstr(said, "b is being read already"), "%s", said);
}

Test(include, goes_16_deep)
{
	static char names[20][8], texts[20][32];
	struct fake_file files[21] = { { NULL, NULL } };
	const char *said;

	for (unsigned i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		snprintf(texts[i], sizeof(texts[i]), "include(\"f%u\")", i + 1);
		files[i] = (struct fake_file){ names[i], texts[i] };
	}
	(void)normalise(files, &said);
	cr_assert_not_null(strstr(said, "f15:1:9: error: files include each other more than 16 "
	    "deep"), "%s", said);
	texts[15][0] = '\0';
	(void)normalise(files, &said);
	cr_assert_str_eq(said, "");
}

Test(include, may_stand_twice_when_it_is_no_loop)
{
	static const struct fake_file files[] = {
		{ "main", "a { include(\"x\") } b { include(\"x\") }" }, { "x", "c = 1" },
		{ NULL, NULL },
	};
	const char *said;

	cr_assert_str_eq(normalise(files, &said), "a { c = 1 } b { c = 1 }");
	cr_assert_str_eq(said, "");
}

Test(include, must_balance_its_braces_by_itself)
{
	static const struct fake_file files[] = {
		{ "main", "a {\ninclude(\"x\")\n}\nb = 1" }, { "x", "c = 1\n}" }, { NULL, NULL },
	};
	const char *said;

	cr_assert_str_eq(normalise(files, &said), "a { c = 1 } b = 1");
	cr_assert_not_null(strstr(said, "x:2:1: error: there is no open section that this "
	    "\"}\" could close in this file"), "%s", said);
}

/* ---- the environment ---- */

Test(environment, is_taken_in_words_and_double_quotes)
{
	const char *said;

	setenv("MANSIO_T1", "one two", 1);
	setenv("MANSIO_T2", "", 1);
	unsetenv("MANSIO_T3");
	cr_assert_str_eq(normalise_text("a = ${MANSIO_T1} b = x${MANSIO_T1}/y c = \"<${MANSIO_T1}>\"",
	    &said), "a = one two b = xone two/y c = <one two>");
	cr_assert_str_eq(said, "");
	cr_assert_str_eq(normalise_text("a = ${MANSIO_T3:-d} b = \"${MANSIO_T2:-e f}\"", &said),
	    "a = d b = e f");
	cr_assert_str_eq(said, "");
	cr_assert_str_eq(normalise_text("a = ${MANSIO_T2}", &said), "a = ");
	cr_assert_str_eq(said, "");
}

Test(environment, that_is_not_set_is_an_error)
{
	const char *said;

	unsetenv("MANSIO_T3");
	(void)normalise_text("a = 1\nb = \"x${MANSIO_T3}\"", &said);
	cr_assert_str_eq(said, "x:2:7: error: environment variable MANSIO_T3 is not set; write "
	    "${MANSIO_T3:-DEFAULT} if it may be missing\n");
}

Test(environment, cannot_write_statements)
{
	const char *said;

	setenv("MANSIO_T1", "x } b = { \" # ${HOME}\n c = 1", 1);
	cr_assert_str_eq(normalise_text("a = ${MANSIO_T1} d = 1", &said),
	    "a = x } b = { \" # ${HOME}\n c = 1 d = 1");
	cr_assert_str_eq(said, "");
}

/* ---- bounds ---- */

static const char *const lines[] = {
	"x = y\n", "# nothing\n", "a { }\n", "}\n", "a {\n", "{\n", "\"\n", "a = {\n", "/*\n", "\n",
	"include(\"x\")\n", "a = ${NOT_SET_AT_ALL}\n", "x\n", "= = =\n",
};

ParameterizedTestParameters(million_lines, are_read_in_time)
{
	static size_t index[N_ELEMENTS(lines)];

	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(lines));
}

ParameterizedTest(size_t *i, million_lines, are_read_in_time, .timeout = 60)
{
	const char *said;
	size_t each = strlen(lines[*i]), n = 1000000;
	char *text = malloc(each * n + 1);
	struct timespec from, to;

	cr_assert_not_null(text);
	for (size_t j = 0; j < n; j++)
		memcpy(text + j * each, lines[*i], each);
	text[each * n] = '\0';
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	(void)normalise_text(text, &said);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	/* Also with sanitizers, on a slow machine. */
	cr_assert_lt(to.tv_sec - from.tv_sec, 30);
	free(text);
}

Test(bounds, sections_16_deep)
{
	static char text[200];
	const char *said;

	for (unsigned i = 0; i < 16; i++)
		strncat(text, "a { ", sizeof(text) - strlen(text) - 1);
	for (unsigned i = 0; i < 16; i++)
		strncat(text, "} ", sizeof(text) - strlen(text) - 1);
	(void)normalise_text(text, &said);
	cr_assert_str_eq(said, "");
	snprintf(text, sizeof(text), "%s", "a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{}}}}}}}}}}}}}}}}}");
	(void)normalise_text(text, &said);
	cr_assert_not_null(strstr(said, "sections stand more than 16 deep"), "%s", said);
}

Test(bounds, values_have_64_kibibytes)
{
	static char text[70000];
	const char *said;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "a = ", 4);
	(void)normalise_text(text, &said);
	cr_assert_not_null(strstr(said, "x:1:5: error: value is longer than 65536 octets"),
	    "%s", said);
	text[4] = '"';
	text[sizeof(text) - 2] = '"';
	(void)normalise_text(text, &said);
	cr_assert_not_null(strstr(said, "x:1:5: error: value is longer"), "%s", said);
}
