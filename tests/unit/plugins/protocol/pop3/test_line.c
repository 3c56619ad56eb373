/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include <mansio/str.h>

#include "line.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

Test(line, keeps_the_blanks_of_a_password)
{
	struct ms_str verb, rest;

	pop3_line_split(ms_str_c("pass  a b "), &verb, &rest);
	cr_assert(ms_str_is(verb, "pass"));
	cr_assert(ms_str_is(rest, " a b "));
	pop3_line_split(ms_str_c("QUIT"), &verb, &rest);
	cr_assert(ms_str_is(verb, "QUIT"));
	cr_assert_eq(rest.len, 0);
}

static const struct { const char *in; bool ok; uint64_t n; const char *rest; } numbers[] = {
	{ "1", true, 1, "" }, { "0", true, 0, "" }, { " 12  7 ", true, 12, "7" },
	{ "4294967295", true, 4294967295u, "" },
	{ "4294967296", false, 0, "" }, { "99999999999", false, 0, "" },
	{ "", false, 0, "" }, { "abc", false, 0, "" }, { "-1", false, 0, "" },
	{ "1x", false, 0, "" }, { "+1", false, 0, "" },
};

Test(line, reads_numbers_and_nothing_else)
{
	for (size_t i = 0; i < N_ELEMENTS(numbers); i++) {
		struct ms_str args = ms_str_c(numbers[i].in);
		uint64_t n = 99;

		cr_assert_eq(pop3_number(&args, &n), numbers[i].ok, "%s",
		    numbers[i].in);
		if (!numbers[i].ok)
			continue;
		cr_assert_eq(n, numbers[i].n, "%s", numbers[i].in);
		cr_assert(ms_str_equal(args, ms_str_c(numbers[i].rest)), "%s",
		    numbers[i].in);
	}
}

Test(line, knows_the_words_of_other_protocols)
{
	cr_assert(pop3_line_is_foreign(ms_str_c("GET / HTTP/1.1")));
	cr_assert(pop3_line_is_foreign(ms_str_of("\x16\x03\x01", 3)));
	cr_assert_not(pop3_line_is_foreign(ms_str_c("USER get")));
}

static const struct { const char *in; uint64_t lines; const char *out; } tops[] = {
	{ "A: b\r\n\r\none\r\ntwo\r\n", 0, "A: b\r\n\r\n" },
	{ "A: b\r\n\r\none\r\ntwo\r\n", 1, "A: b\r\n\r\none\r\n" },
	{ "A: b\r\n\r\none\r\ntwo\r\n", 2, "A: b\r\n\r\none\r\ntwo\r\n" },
	{ "A: b\r\n\r\none\r\ntwo\r\n", 9, "A: b\r\n\r\none\r\ntwo\r\n" },
	{ "A: b\r\n\r\n\r\n\r\nx\r\n", 1, "A: b\r\n\r\n\r\n" },
	{ "A: b\r\n", 1, "A: b\r\n" },
	{ "\r\none\r\ntwo", 1, "\r\none\r\n" },
	{ "", 3, "" },
};

Test(top, ends_after_so_many_lines_however_the_octets_come)
{
	for (size_t i = 0; i < N_ELEMENTS(tops); i++) {
		struct ms_str in = ms_str_c(tops[i].in);

		for (size_t cut = 0; cut <= in.len; cut++) {
			struct pop3_top t = { .lines = tops[i].lines };
			size_t n = pop3_top_piece(&t, ms_str_sub(in, 0, cut));

			if (!t.done)
				n += pop3_top_piece(&t, ms_str_from(in, cut));
			cr_assert_eq(n, strlen(tops[i].out),
			    "%zu cut at %zu: %zu octets", i, cut, n);
		}
	}
}
