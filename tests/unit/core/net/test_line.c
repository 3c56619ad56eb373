/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/session.h>

#include "net/line.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define MAX 10

static const struct {
	const char *in;
	size_t      len;
	const char *line;	/* NULL: more is needed */
	size_t      used;
	uint32_t    flags;
} lines[] = {
	{ "NOOP\r\n", 6, "NOOP", 6, 0 },
	{ "NOOP\r\nQUIT\r\n", 12, "NOOP", 6, 0 },
	{ "\r\n", 2, "", 2, 0 },
	{ "NOOP\n", 5, "NOOP", 5, MS_CAME_BARE_LF },
	{ "\n", 1, "", 1, MS_CAME_BARE_LF },
	{ "NOOP", 4, NULL, 0, 0 },
	{ "NOOP\r", 5, NULL, 0, 0 },
	{ "", 0, NULL, 0, 0 },
	{ "NO\rOP\r\n", 7, "NO\rOP", 7, MS_CAME_BARE_CR },
	{ "NOOP\r\r\n", 7, "NOOP\r", 7, MS_CAME_BARE_CR },
	{ "n\xc3\xb8\r\n", 5, "n\xc3\xb8", 5, MS_CAME_8BIT },
	{ "0123456789\r\n", 12, "0123456789", 12, 0 },
	{ "0123456789\r", 11, NULL, 0, 0 },
	{ "0123456789\n", 11, "0123456789", 11, MS_CAME_BARE_LF },
	{ "0123456789a\r\n", 13, "0123456789", 13, MS_CAME_TOO_LONG },
	{ "0123456789\r\r\n", 13, "0123456789", 13, MS_CAME_TOO_LONG },
	{ "0123456789abcdefgh\r\nX\r\n", 23, "0123456789", 20, MS_CAME_TOO_LONG },
};

ParameterizedTestParameters(line, is_cut_at_its_end)
{
	static size_t index[N_ELEMENTS(lines)];

	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(lines));
}

ParameterizedTest(size_t *i, line, is_cut_at_its_end)
{
	size_t n = lines[*i].len, used = 0;
	uint32_t eaten = 0, flags = 0;
	struct ms_str line;
	int how = line_take(lines[*i].in, &n, MAX, &eaten, &line, &used, &flags);

	if (lines[*i].line == NULL) {
		cr_assert_eq(how, LINE_MORE);
		cr_assert_eq(n, lines[*i].len, "nothing is eaten");
		return;
	}
	cr_assert_eq(how, LINE_CAME);
	cr_assert_eq(line.len, strlen(lines[*i].line));
	cr_assert_eq(memcmp(line.data, lines[*i].line, line.len), 0);
	cr_assert_eq(used, lines[*i].used);
	cr_assert_eq(flags, lines[*i].flags, "flags are %x", flags);
}

/* The same line, shown in two parts cut at each octet. */
ParameterizedTestParameters(line, is_the_same_however_it_is_split)
{
	static size_t index[N_ELEMENTS(lines)];

	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(lines));
}

ParameterizedTest(size_t *i, line, is_the_same_however_it_is_split)
{
	if (lines[*i].line == NULL)
		return;
	for (size_t cut = 0; cut < lines[*i].used; cut++) {
		char buffer[64];
		size_t n = cut, rest = lines[*i].len - cut, used = 0;
		uint32_t eaten = 0, flags = 0;
		struct ms_str line;
		int how;

		memcpy(buffer, lines[*i].in, cut);
		how = line_take(buffer, &n, MAX, &eaten, &line, &used, &flags);
		cr_assert_eq(how, LINE_MORE, "cut at %zu", cut);
		cr_assert_leq(n, (size_t)MAX + 1, "memory stays flat");
		memcpy(buffer + n, lines[*i].in + cut, rest);
		n += rest;
		how = line_take(buffer, &n, MAX, &eaten, &line, &used, &flags);
		cr_assert_eq(how, LINE_CAME, "cut at %zu", cut);
		cr_assert_eq(line.len, strlen(lines[*i].line));
		cr_assert_eq(memcmp(line.data, lines[*i].line, line.len), 0);
		cr_assert_eq(n - used, lines[*i].len - lines[*i].used,
		    "what follows is whole");
		cr_assert_eq(flags, lines[*i].flags, "cut at %zu: %x", cut, flags);
	}
}

Test(line, with_a_nul_is_flagged)
{
	size_t n = 5, used;
	uint32_t eaten = 0, flags;
	struct ms_str line;

	cr_assert_eq(line_take("a\0b\r\n", &n, MAX, &eaten, &line, &used, &flags),
	    LINE_CAME);
	cr_assert_eq(line.len, 3);
	cr_assert_eq(flags, MS_CAME_NUL);
}

Test(line, without_an_end_is_eaten_and_then_a_flood)
{
	static char buffer[MAX + 1000];
	size_t n = 0, used = 0, total = 0;
	uint32_t eaten = 0, flags = 0;
	struct ms_str line;
	int how = LINE_MORE;

	while (how == LINE_MORE && total < 1024 * 1024) {
		memset(buffer + n, 'x', 1000);
		n += 1000;
		total += 1000;
		how = line_take(buffer, &n, MAX, &eaten, &line, &used, &flags);
		cr_assert_leq(n, (size_t)MAX);
	}
	cr_assert_eq(how, LINE_FLOOD);
	cr_assert_leq(total, (size_t)LINE_EATEN_MAX + 2000);
	cr_assert_eq(line.len, MAX);
	cr_assert(flags & MS_CAME_TOO_LONG);
}

Test(line, that_was_eaten_leaves_the_next_one_whole)
{
	static char buffer[5000];
	size_t n = 4000, used = 0;
	uint32_t eaten = 0, flags = 0;
	struct ms_str line;

	memset(buffer, 'x', 4000);
	cr_assert_eq(line_take(buffer, &n, MAX, &eaten, &line, &used, &flags),
	    LINE_MORE);
	memcpy(buffer + n, "yy\r\nNOOP\r\n", 10);
	n += 10;
	cr_assert_eq(line_take(buffer, &n, MAX, &eaten, &line, &used, &flags),
	    LINE_CAME);
	cr_assert_eq(flags, MS_CAME_TOO_LONG);
	n -= used;
	cr_assert_eq(line_take(buffer + used, &n, MAX, &eaten, &line, &used,
	    &flags), LINE_CAME);
	cr_assert_eq(line.len, 4);
	cr_assert_eq(memcmp(line.data, "NOOP", 4), 0);
	cr_assert_eq(flags, 0);
}

Test(flags, are_found_at_every_place)
{
	for (size_t n = 1; n < 100; n++)
		for (size_t at = 0; at < n; at++) {
			char data[100];

			memset(data, 'x', n);
			cr_assert_eq(octets_flags(data, n), 0);
			data[at] = '\x80';
			cr_assert_eq(octets_flags(data, n), MS_CAME_8BIT);
			data[at] = '\0';
			cr_assert_eq(octets_flags(data, n), MS_CAME_NUL);
		}
	cr_assert_eq(octets_flags(NULL, 0), 0);
}
