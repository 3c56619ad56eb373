/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <mansio/mailbox.h>
#include <mansio/str.h>

#include "parse.h"

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

TestSuite(parse, .init = make_arena, .fini = free_arena);
TestSuite(set, .init = make_arena, .fini = free_arena);
TestSuite(literal, .init = make_arena, .fini = free_arena);

static struct parse
over(const char *text)
{
	return (struct parse){ .in = ms_str_c(text), .arena = arena };
}

/* ---- astring -------------------------------------------------------------- */

static const struct { const char *in, *out; size_t used; } astrings[] = {
	{ "abc def", "abc", 3 },
	{ "a]b ", "a]b", 3 },
	{ "\"a b\" c", "a b", 5 },
	{ "\"\"", "", 2 },
	{ "\"a\\\"b\\\\c\"", "a\"b\\c", 9 },
	{ "{3}\r\nx y z", "x y", 8 },
	{ "{3+}\r\nx y z", "x y", 9 },
	{ "{0}\r\n", "", 5 },
	{ "\"open", NULL, 0 },
	{ "\"a\\nb\"", NULL, 0 },
	{ "\"a\r\nb\"", NULL, 0 },
	{ "{4}\r\nabc", NULL, 0 },
	{ "{3}abc", NULL, 0 },
	{ "{99999999999999999999}\r\nabc", NULL, 0 },
	{ "{-1}\r\nabc", NULL, 0 },
	{ "(abc)", NULL, 0 },
	{ " abc", NULL, 0 },
	{ "", NULL, 0 },
};

ParameterizedTestParameters(parse, astring_is_atom_quoted_or_literal)
{
	static size_t index[N_ELEMENTS(astrings)];

	for (size_t i = 0; i < N_ELEMENTS(astrings); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(astrings));
}

ParameterizedTest(size_t *i, parse, astring_is_atom_quoted_or_literal)
{
	struct parse p = over(astrings[*i].in);
	struct ms_str out;
	bool ok = parse_astring(&p, &out);

	cr_assert_eq(ok, astrings[*i].out != NULL, "%s", astrings[*i].in);
	cr_assert_eq(p.at, astrings[*i].used, "%s: %zu", astrings[*i].in, p.at);
	if (ok)
		cr_assert(ms_str_equal(out, ms_str_c(astrings[*i].out)));
}

Test(parse, a_literal_with_nul_is_no_string)
{
	struct parse p = { .in = MS_STR("{3}\r\na\0b"), .arena = arena };
	struct ms_str out;
	bool is_binary;

	cr_assert_not(parse_string(&p, &out));
	cr_assert_eq(p.at, 0);
	p = (struct parse){ .in = MS_STR("~{3}\r\na\0b"), .arena = arena };
	cr_assert(parse_string8(&p, &is_binary, &out));
	cr_assert(is_binary);
	cr_assert_eq(out.len, 3);
}

Test(parse, a_tag_has_no_plus)
{
	struct parse p = over("a+b NOOP");
	struct ms_str out;

	cr_assert(parse_tag(&p, &out));
	cr_assert(ms_str_is(out, "a"));
	p = over("+ NOOP");
	cr_assert_not(parse_tag(&p, &out));
}

Test(parse, a_word_is_known_in_any_case_and_only_whole)
{
	struct parse p = over("Uid 5");

	cr_assert(parse_word(&p, "UID"));
	cr_assert_eq(p.at, 3);
	p = over("UIDX");
	cr_assert_not(parse_word(&p, "UID"));
	cr_assert_eq(p.at, 0);
}

Test(parse, a_pattern_may_hold_wildcards)
{
	struct parse p = over("a/%*]x b");
	struct ms_str out;

	cr_assert(parse_list_mailbox(&p, &out));
	cr_assert(ms_str_is(out, "a/%*]x"));
}

/* ---- sets ------------------------------------------------------------------ */

static const struct { const char *in; int n; uint32_t first, last; } sets[] = {
	{ "1", 1, 1, 1 }, { "1:5", 1, 1, 5 }, { "5:1", 1, 5, 1 },
	{ "*", 1, 0, 0 }, { "1:*", 1, 1, 0 }, { "*:4", 1, 0, 4 },
	{ "1,3:4,9", 3, 1, 1 }, { "4294967295", 1, UINT32_MAX, UINT32_MAX },
	{ "$", 0, 0, 0 },
	{ "0", -1, 0, 0 }, { "1:0", -1, 0, 0 }, { "4294967296", -1, 0, 0 },
	{ "", -1, 0, 0 }, { "a", -1, 0, 0 }, { "1,", -1, 0, 0 },
	{ ",1", -1, 0, 0 }, { "1:", -1, 0, 0 }, { ":1", -1, 0, 0 },
	{ "-1", -1, 0, 0 }, { "1,,2", -1, 0, 0 },
};

ParameterizedTestParameters(set, follows_the_grammar)
{
	static size_t index[N_ELEMENTS(sets)];

	for (size_t i = 0; i < N_ELEMENTS(sets); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(sets));
}

ParameterizedTest(size_t *i, set, follows_the_grammar)
{
	struct parse p = over(sets[*i].in);
	struct set out;
	bool ok = parse_set(&p, &out);

	cr_assert_eq(ok, sets[*i].n >= 0, "%s", sets[*i].in);
	if (!ok) {
		cr_assert_eq(p.at, 0);
		return;
	}
	cr_assert_eq(out.n, (size_t)sets[*i].n);
	cr_assert_eq(out.has_saved, sets[*i].n == 0);
	if (out.n > 0) {
		cr_assert_eq(out.ranges[0].first, sets[*i].first);
		cr_assert_eq(out.ranges[0].last, sets[*i].last);
	}
}

Test(set, of_many_elements_is_read_whole)
{
	static char text[60001];
	struct parse p;
	struct set out;

	for (size_t i = 0; i < 60000; i += 2)
		memcpy(text + i, "7,", 2);
	text[59999] = '\0';
	p = over(text);
	cr_assert(parse_set(&p, &out));
	cr_assert_eq(out.n, 30000);
}

/* ---- flags ------------------------------------------------------------------- */

Test(parse, flags_are_system_flags_and_keywords)
{
	struct parse p = over("(\\Seen $Work \\deleted $work) x");
	struct flags f;

	cr_assert(parse_flag_list(&p, &f));
	cr_assert_eq(f.flags, MS_FLAG_SEEN | MS_FLAG_DELETED);
	cr_assert_eq(f.n_keywords, 1);
	cr_assert(ms_str_is(f.keywords[0], "$Work"));
	p = over("()");
	cr_assert(parse_flag_list(&p, &f));
	cr_assert_eq(f.flags, 0);
	p = over("(\\Wrong)");
	cr_assert_not(parse_flag_list(&p, &f));
	p = over("(\\Seen");
	cr_assert_not(parse_flag_list(&p, &f));
	p = over("\\Seen \\Draft");
	cr_assert(parse_flags_bare(&p, &f));
	cr_assert_eq(f.flags, MS_FLAG_SEEN | MS_FLAG_DRAFT);
}

Test(parse, a_keyword_has_a_length)
{
	char text[100];
	struct parse p;
	struct flags f;

	memset(text, 'k', sizeof(text));
	text[0] = '(';
	text[65] = ')';
	text[66] = '\0';
	p = over(text);
	cr_assert(parse_flag_list(&p, &f));
	text[65] = 'k';
	text[66] = ')';
	text[67] = '\0';
	p = over(text);
	cr_assert_not(parse_flag_list(&p, &f));
}

/* ---- announced literals ---------------------------------------------------------- */

static const struct {
	const char *line;
	bool        ok, is_sync, is_binary, is_too_large;
	uint64_t    octets;
	size_t      at;
} lines[] = {
	{ "a LOGIN {5}", true, true, false, false, 5, 8 },
	{ "a LOGIN {5+}", true, false, false, false, 5, 8 },
	{ "a APPEND x ~{7}", true, true, true, false, 7, 11 },
	{ "a SEARCH ({2+}", true, false, false, false, 2, 10 },
	{ "{3}", true, true, false, false, 3, 0 },
	{ "a LOGIN {2147483647+}", true, false, false, false, 2147483647, 8 },
	{ "a x {18446744073709551616}", true, true, false, true, 0, 4 },
	{ "a x {99999999999999999999999999+}", true, false, false, true, 0, 4 },
	{ "a NOOP x{3}", false, false, false, false, 0, 0 },
	{ "a x {}", false, false, false, false, 0, 0 },
	{ "a x {+}", false, false, false, false, 0, 0 },
	{ "a x {3-}", false, false, false, false, 0, 0 },
	{ "a x {3} ", false, false, false, false, 0, 0 },
	{ "a x \"{3}\"", false, false, false, false, 0, 0 },
	{ "}", false, false, false, false, 0, 0 },
	{ "", false, false, false, false, 0, 0 },
};

ParameterizedTestParameters(literal, is_known_at_the_end_of_a_line)
{
	static size_t index[N_ELEMENTS(lines)];

	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(lines));
}

ParameterizedTest(size_t *i, literal, is_known_at_the_end_of_a_line)
{
	struct literal l = { 0 };
	bool ok = parse_literal_at_end(ms_str_c(lines[*i].line), &l);

	cr_assert_eq(ok, lines[*i].ok, "%s", lines[*i].line);
	if (!ok)
		return;
	cr_assert_eq(l.is_sync, lines[*i].is_sync);
	cr_assert_eq(l.is_binary, lines[*i].is_binary);
	cr_assert_eq(l.is_too_large, lines[*i].is_too_large);
	cr_assert_eq(l.at, lines[*i].at);
	if (!l.is_too_large)
		cr_assert_eq(l.octets, lines[*i].octets);
}
