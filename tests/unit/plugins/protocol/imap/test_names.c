/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <time.h>

#include <mansio/str.h>

#include "names.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof(*(a)))

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

TestSuite(name, .init = make_arena, .fini = free_arena);
TestSuite(pattern, .init = make_arena, .fini = free_arena);

static const struct { const char *wire, *name; ms_status status; } names[] = {
	{ "Sent", "Sent", MS_OK },
	{ "inbox", "INBOX", MS_OK }, { "InBoX/x", "INBOX/x", MS_OK },
	{ "inboxes", "inboxes", MS_OK }, { "x/inbox", "x/inbox", MS_OK },
	{ "a/b/", "a/b", MS_OK },
	{ "Entw&APw-rfe", "Entw\xc3\xbcrfe", MS_OK },
	{ "a&-b", "a&b", MS_OK },
	/* e and a combining acute become one letter */
	{ "e&AwE-", "\xc3\xa9", MS_OK },
	{ "&AC8-etc", NULL, MS_INVALID }, { "&ANg", NULL, MS_INVALID },
	{ "&AGE-", NULL, MS_INVALID }, { "a&", NULL, MS_INVALID },
	{ "", NULL, MS_INVALID }, { "/", NULL, MS_INVALID },
	{ "/a", NULL, MS_INVALID }, { "a//b", NULL, MS_INVALID },
	{ "a\x01", NULL, MS_INVALID }, { "a\x7f", NULL, MS_INVALID },
	{ "a\xc3\xbc", NULL, MS_INVALID },
	/* a control in UTF-7 */
	{ "a&AAo-", NULL, MS_INVALID },
};

ParameterizedTestParameters(name, has_one_spelling)
{
	static size_t index[N_ELEMENTS(names)];

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(names));
}

ParameterizedTest(size_t *i, name, has_one_spelling)
{
	struct ms_str out;
	ms_status st = name_decode(arena, false, ms_str_c(names[*i].wire),
	    &out);

	cr_assert_eq(st, names[*i].status, "%s: %d", names[*i].wire, st);
	if (st == MS_OK)
		cr_assert(ms_str_equal(out, ms_str_c(names[*i].name)),
		    "%.*s", (int)out.len, out.data);
}

Test(name, is_utf8_once_that_is_enabled)
{
	struct ms_str out;

	cr_assert_eq(name_decode(arena, true, ms_str_c("a\xc3\xbc&"), &out),
	    MS_OK);
	cr_assert(ms_str_is(out, "a\xc3\xbc&"));
	cr_assert_eq(name_decode(arena, true, ms_str_c("a\xc3"), &out),
	    MS_INVALID);
}

Test(name, has_a_length_and_a_depth)
{
	static char text[70000];
	struct ms_str out;

	memset(text, 'a', sizeof(text));
	cr_assert_eq(name_decode(arena, false, ms_str_of(text, 1024), &out),
	    MS_OK);
	cr_assert_eq(name_decode(arena, false, ms_str_of(text, 1025), &out),
	    MS_LIMIT);
	cr_assert_eq(name_decode(arena, false, ms_str_of(text, sizeof(text)),
	    &out), MS_LIMIT);
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '/';
	cr_assert_eq(name_decode(arena, false, ms_str_of(text, 63), &out),
	    MS_OK);
	cr_assert_eq(name_decode(arena, false, ms_str_of(text, 65), &out),
	    MS_LIMIT);
}

Test(name, lies_within_another_at_a_border_of_levels)
{
	cr_assert(name_is_within(ms_str_c("a/b"), ms_str_c("a")));
	cr_assert(name_is_within(ms_str_c("a"), ms_str_c("a")));
	cr_assert_not(name_is_within(ms_str_c("ab"), ms_str_c("a")));
	cr_assert_not(name_is_within(ms_str_c("a"), ms_str_c("a/b")));
}

/* ---- patterns ----------------------------------------------------------------- */

static const struct { const char *ref, *pattern, *name; bool ok; } cases[] = {
	{ "", "*", "a/b/c", true }, { "", "%", "a", true },
	{ "", "%", "a/b", false }, { "", "%/%", "a/b", true },
	{ "", "%/%", "a/b/c", false }, { "", "a/*", "a/b/c", true },
	{ "", "a/*", "a", false }, { "", "a*", "a", true },
	{ "a/", "%", "a/b", true }, { "a", "%", "ab", true },
	{ "", "inbox", "INBOX", true }, { "", "InBox/%", "INBOX/x", true },
	{ "", "in%", "INBOX", false }, { "", "INBOX", "INBOX", true },
	{ "", "*b", "a/b", true }, { "", "*b", "a/bc", false },
	{ "", "*a%b", "xa/ayb", true }, { "", "*a%b", "xa/y/b", false },
	{ "", "%%*%", "a/b", true }, { "", "%%", "a/b", false },
	{ "", "a%c*e", "abc/d/e", true }, { "", "a%c*e", "ab/c/e", false },
	{ "", "", "a", false }, { "", "a", "a", true }, { "", "a", "ab", false },
	{ "", "*&APw-*", "Entw\xc3\xbcrfe", true },
};

ParameterizedTestParameters(pattern, matches_as_rfc3501_says)
{
	static size_t index[N_ELEMENTS(cases)];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(cases));
}

ParameterizedTest(size_t *i, pattern, matches_as_rfc3501_says)
{
	const struct pattern *p = pattern_new(arena, false,
	    ms_str_c(cases[*i].ref), ms_str_c(cases[*i].pattern));

	cr_assert_not_null(p);
	cr_assert_eq(pattern_matches(p, ms_str_c(cases[*i].name)), cases[*i].ok,
	    "%s%s %s", cases[*i].ref, cases[*i].pattern, cases[*i].name);
}

/* What a simple recursive matcher says, for short ones. */
static bool
reference(const char *p, const char *s)
{
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*' || *p == '%')
		return reference(p + 1, s) || (*s != '\0' &&
		    (*p == '*' || *s != '/') && reference(p, s + 1));
	return *p == *s && reference(p + 1, s + 1);
}

Test(pattern, agrees_with_a_simple_matcher_on_all_short_ones)
{
	static const char octets[] = "a/%*";
	char text[6] = "", name[6] = "";

	for (unsigned n = 0; n < 1024; n++) {
		for (unsigned i = 0; i < 5; i++)
			text[i] = octets[n >> 2 * i & 3];
		for (unsigned k = 0; k < 32; k++) {
			const struct pattern *p = pattern_new(arena, true,
			    ms_str_of("", 0), ms_str_c(text));

			for (unsigned i = 0; i < 5; i++)
				name[i] = "a/"[k >> i & 1];
			cr_assert_eq(pattern_matches(p, ms_str_c(name)),
			    reference(text, name), "%s %s", text, name);
		}
		ms_arena_reset(arena);
	}
}

Test(pattern, of_many_wildcards_is_fast)
{
	char text[4001], name[1025];
	const struct pattern *p;
	clock_t before = clock();

	for (size_t i = 0; i < 4000; i += 2)
		memcpy(text + i, "*a", 2);
	text[4000] = '\0';
	memset(name, 'a', 1024);
	name[1024] = '\0';
	p = pattern_new(arena, true, ms_str_of("", 0), ms_str_c(text));
	for (int i = 0; i < 100; i++)
		cr_assert_not(pattern_matches(p, ms_str_c(name)));
	/* A backtracking one would need centuries. */
	cr_assert_lt((double)(clock() - before) / CLOCKS_PER_SEC, 2.0);
}

Test(pattern, tells_what_stands_before_its_wildcard)
{
	const struct pattern *p = pattern_new(arena, false, ms_str_c("a/"),
	    ms_str_c("b%c"));

	cr_assert(ms_str_is(pattern_prefix(p), "a/b"));
}
