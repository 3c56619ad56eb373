/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "net/body.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

enum { LF = MS_CAME_BARE_LF, CR = MS_CAME_BARE_CR };

/* Each is followed by "X": what an attacker would like to be a command. */
static const struct {
	const char *in;
	const char *body;	/* NULL: it is not the end */
	uint32_t    flags;
} ends[] = {
	{ ".\r\n", "", 0 },
	{ "a\r\n.\r\n", "a\r\n", 0 },
	{ "\r\n.\r\n", "\r\n", 0 },
	{ "a\r\n..\r\n.\r\n", "a\r\n.\r\n", 0 },
	{ "..a\r\n.\r\n", ".a\r\n", 0 },
	{ ".a\r\n.\r\n", "a\r\n", 0 },
	{ "...\r\n.\r\n", "..\r\n", 0 },
	{ "a.\r\n.\r\n", "a.\r\n", 0 },
	/* The ways to smuggle: each goes on to the true end behind it. */
	{ "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", LF },
	{ "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", LF },
	{ "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", LF },
	{ "a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", CR },
	{ "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", CR },
	{ "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", CR },
	{ "a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\r\nb\r\n", CR },
	{ "a\r\n\r.\r\nb\r\n.\r\n", "a\r\n\r.\r\nb\r\n", CR },
	{ "a\n\r.\n\rb\r\n.\r\n", "a\n\r.\n\rb\r\n", CR | LF },
	{ "a\r\r\n.\r\n", "a\r\r\n", CR },
	{ "a\n\n.\r\n\r\n.\r\n", "a\n\n.\r\n\r\n", LF },
	{ "a\r\n. \r\n.\r\n", "a\r\n \r\n", 0 },
	{ ".\nb\r\n.\r\n", "\nb\r\n", LF },
	{ ".\rb\r\n.\r\n", "\rb\r\n", CR },
	{ "\n.\r\n\r\n.\r\n", "\n.\r\n\r\n", LF },
	{ "a\r\n.", NULL, 0 },
	{ "a\r\n.\r", NULL, 0 },
	{ "a\r\n", NULL, 0 },
	{ "a\r\n..\r\n", NULL, 0 },
	{ "a\n.\n", NULL, LF },
	{ "a\n.\r\n", NULL, LF },
};

/* Shows input piece by piece and what was not taken again, as a session
   does; returns how. */
static int
feed(struct body_scan *b, const char *in, size_t n, const size_t *cuts,
    size_t n_cuts, char *out, size_t *n_out, size_t *used_out)
{
	char buffer[4096];
	size_t has = 0, at = 0;
	int how = BODY_MORE;

	*n_out = *used_out = 0;
	for (size_t c = 0; c <= n_cuts && how == BODY_MORE; c++) {
		size_t to = c < n_cuts ? cuts[c] : n, kept, used;

		memcpy(buffer + has, in + at, to - at);
		has += to - at;
		at = to;
		how = body_scan(b, buffer, has, &kept, &used);
		memcpy(out + *n_out, buffer, kept);
		*n_out += kept;
		*used_out += used;
		memmove(buffer, buffer + used, has - used);
		has -= used;
		cr_assert(how != BODY_MORE || has <= 2, "it keeps %zu back", has);
	}
	return how;
}

static void
check(size_t i, const size_t *cuts, size_t n_cuts)
{
	char in[256], out[256];
	size_t n = strlen(ends[i].in), n_out, used;
	struct body_scan b;
	int how;

	memcpy(in, ends[i].in, n);
	if (ends[i].body != NULL)
		in[n++] = 'X';
	body_scan_init(&b, MS_BODY_DOT, 0, false);
	how = feed(&b, in, n, cuts, n_cuts, out, &n_out, &used);
	cr_assert_eq(b.flags, ends[i].flags, "flags are %x", b.flags);
	if (ends[i].body == NULL) {
		cr_assert_eq(how, BODY_MORE);
		return;
	}
	cr_assert_eq(how, BODY_END);
	cr_assert_eq(n_out, strlen(ends[i].body));
	cr_assert_eq(memcmp(out, ends[i].body, n_out), 0);
	if (n_cuts == 0)
		cr_assert_eq(used, n - 1, "the command behind it stays");
}

ParameterizedTestParameters(body, ends_by_crlf_dot_crlf_alone)
{
	static size_t index[N_ELEMENTS(ends)];

	for (size_t i = 0; i < N_ELEMENTS(ends); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(ends));
}

ParameterizedTest(size_t *i, body, ends_by_crlf_dot_crlf_alone)
{
	check(*i, NULL, 0);
}

ParameterizedTestParameters(body, is_the_same_in_any_two_or_three_pieces)
{
	static size_t index[N_ELEMENTS(ends)];

	for (size_t i = 0; i < N_ELEMENTS(ends); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(ends));
}

ParameterizedTest(size_t *i, body, is_the_same_in_any_two_or_three_pieces)
{
	size_t n = strlen(ends[*i].in);

	for (size_t a = 0; a <= n; a++)
		for (size_t c = a; c <= n; c++)
			check(*i, (size_t[]){ a, c }, 2);
}

Test(body, octet_by_octet_is_the_same_as_whole)
{
	for (size_t i = 0; i < N_ELEMENTS(ends); i++) {
		size_t cuts[64], n = strlen(ends[i].in);

		for (size_t k = 0; k < n; k++)
			cuts[k] = k + 1;
		check(i, cuts, n);
	}
}

Test(body, by_count_takes_so_many_octets_and_no_dots_out)
{
	char in[] = "..a\r\n.\r\nREST", *data = in;
	size_t kept, used;
	struct body_scan b;

	body_scan_init(&b, MS_BODY_COUNT, 8, false);
	cr_assert_eq(body_scan(&b, data, 3, &kept, &used), BODY_MORE);
	cr_assert_eq(used, 3);
	cr_assert_eq(body_scan(&b, data + 3, sizeof(in) - 4, &kept, &used),
	    BODY_END);
	cr_assert_eq(used, 5);
	cr_assert_eq(kept, 5);
	cr_assert_eq(memcmp(in, "..a\r\n.\r\nREST", sizeof(in)), 0);
	cr_assert_eq(b.flags, 0);
}

Test(body, of_no_octets_ends_at_once)
{
	size_t kept, used;
	struct body_scan b;

	body_scan_init(&b, MS_BODY_COUNT, 0, false);
	cr_assert_eq(body_scan(&b, NULL, 0, &kept, &used), BODY_END);
	cr_assert_eq(used, 0);
}

Test(body, stops_once_after_the_header)
{
	char in[] = "A: b\r\n c\r\n\r\ntext\r\n\r\n.\r\n";
	size_t kept, used, more;
	struct body_scan b;

	body_scan_init(&b, MS_BODY_DOT, 0, true);
	cr_assert_eq(body_scan(&b, in, sizeof(in) - 1, &kept, &used), BODY_HEADER);
	cr_assert_eq(kept, strlen("A: b\r\n c\r\n\r\n"));
	cr_assert_eq(used, kept);
	cr_assert_eq(body_scan(&b, in + used, sizeof(in) - 1 - used, &kept, &more),
	    BODY_END);
	cr_assert_eq(kept, strlen("text\r\n\r\n"));
	cr_assert_eq(used + more, sizeof(in) - 1);
}

Test(body, without_a_header_stops_at_its_first_empty_line)
{
	char in[] = "\r\ntext";
	size_t kept, used;
	struct body_scan b;

	body_scan_init(&b, MS_BODY_COUNT, 6, true);
	cr_assert_eq(body_scan(&b, in, 6, &kept, &used), BODY_HEADER);
	cr_assert_eq(used, 2);
	cr_assert_eq(body_scan(&b, in + 2, 4, &kept, &used), BODY_END);
}

static uint32_t
flags_of(const char *text, size_t n)
{
	char *copy = malloc(n);
	size_t kept, used;
	struct body_scan b;

	memcpy(copy, text, n);
	body_scan_init(&b, MS_BODY_CLOSE, 0, false);
	cr_assert_eq(body_scan(&b, copy, n, &kept, &used), BODY_MORE);
	cr_assert_eq(used, n);
	cr_assert_eq(kept, n);
	body_scan_end(&b);
	free(copy);
	return b.flags;
}

Test(body, tells_what_is_wrong_in_it)
{
	char line[1100];

	cr_assert_eq(flags_of("a\r\n", 3), 0);
	cr_assert_eq(flags_of("a\0b\r\n", 5), MS_CAME_NUL);
	cr_assert_eq(flags_of("\xe4\r\n", 3), MS_CAME_8BIT);
	cr_assert_eq(flags_of("a\r", 2), MS_CAME_BARE_CR);
	memset(line, 'x', sizeof(line));
	memcpy(line + 998, "\r\n", 2);
	cr_assert_eq(flags_of(line, 1000), 0);
	memcpy(line + 998, "x\r\n", 3);
	cr_assert_eq(flags_of(line, 1001), MS_CAME_LONG_TEXT);
	cr_assert_eq(flags_of(line, 999), MS_CAME_LONG_TEXT);
	cr_assert_eq(flags_of(line, 998), 0);
}
