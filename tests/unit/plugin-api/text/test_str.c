/* SPDX-License-Identifier: ISC */
#include <mansio/str.h>

#include "text.h"

Test(str, compares_without_case_for_ascii_letters_alone)
{
	static const struct { struct ms_str a, b; bool equal; } rows[] = {
		{ MS_STR("NOOP"), MS_STR("noop"), true },
		{ MS_STR("a@[`{"), MS_STR("A@[`{"), true },
		{ MS_STR("@"), MS_STR("`"), false },
		{ MS_STR("["), MS_STR("{"), false },
		{ MS_STR("\xc4"), MS_STR("\xe4"), false },
		{ MS_STR("a"), MS_STR("ab"), false },
		{ MS_STR("a\0b"), MS_STR("A\0B"), true },
		{ MS_STR("a\0b"), MS_STR("a\0c"), false },
		{ { NULL, 0 }, MS_STR(""), true },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		cr_expect_eq(ms_str_equal_ci(rows[i].a, rows[i].b), rows[i].equal,
		    "row %zu", i);
	cr_expect(ms_str_is(LIT("NOOP"), "NOOP"));
	cr_expect_not(ms_str_is(LIT("NOOp"), "NOOP"));
	cr_expect(ms_str_is_ci(LIT("NOOp"), "NOOP"));
}

Test(str, orders_as_memcmp_does_and_the_shorter_first)
{
	cr_expect_lt(ms_str_compare(LIT("a"), LIT("b")), 0);
	cr_expect_gt(ms_str_compare(LIT("\xff"), LIT("a")), 0);
	cr_expect_lt(ms_str_compare(LIT("a"), LIT("ab")), 0);
	cr_expect_gt(ms_str_compare(LIT("ab"), LIT("a")), 0);
	cr_expect_eq(ms_str_compare(LIT("ab"), LIT("ab")), 0);
	cr_expect_eq(ms_str_compare(LIT(""), ms_str_of(NULL, 0)), 0);
}

Test(str, finds_prefixes_and_suffixes)
{
	cr_expect(ms_str_has_prefix(LIT("example"), LIT("ex")));
	cr_expect(ms_str_has_prefix(LIT("example"), LIT("")));
	cr_expect_not(ms_str_has_prefix(LIT("ex"), LIT("exa")));
	cr_expect_not(ms_str_has_prefix(LIT("Example"), LIT("ex")));
	cr_expect(ms_str_has_prefix_ci(LIT("Example"), LIT("eX")));
	cr_expect(ms_str_has_suffix(LIT("example"), LIT("ple")));
	cr_expect_not(ms_str_has_suffix(LIT("le"), LIT("ple")));
	cr_expect(ms_str_has_suffix(LIT("ple"), LIT("ple")));
}

Test(str, finds_octets_and_strings)
{
	cr_expect_eq(ms_str_find(LIT("ababac"), LIT("abac")), 2);
	cr_expect_eq(ms_str_find(LIT("abab"), LIT("abac")), SIZE_MAX);
	cr_expect_eq(ms_str_find(LIT("a\0b"), LIT("\0b")), 1);
	cr_expect_eq(ms_str_find(LIT("a"), LIT("")), 0);
	cr_expect_eq(ms_str_find(ms_str_of(NULL, 0), LIT("a")), SIZE_MAX);
	cr_expect_eq(ms_str_find_octet(LIT("a.b.c"), '.'), 1);
	cr_expect_eq(ms_str_find_octet(LIT("abc"), '.'), SIZE_MAX);
	cr_expect_eq(ms_str_find_last(LIT("a.b.c"), '.'), 3);
	cr_expect_eq(ms_str_find_last(ms_str_of(NULL, 0), '.'), SIZE_MAX);
}

Test(str, cuts_within_its_bounds)
{
	expect_text(0, ms_str_from(LIT("abc"), 1), LIT("bc"));
	expect_text(1, ms_str_from(LIT("abc"), 9), LIT(""));
	expect_text(2, ms_str_sub(LIT("abcd"), 1, 2), LIT("bc"));
	expect_text(3, ms_str_sub(LIT("abcd"), 3, SIZE_MAX), LIT("d"));
	expect_text(4, ms_str_trim(LIT(" \t\r\n a b \r\n")), LIT("a b"));
	expect_text(5, ms_str_trim(LIT(" \t")), LIT(""));
	expect_text(6, ms_str_from(ms_str_of(NULL, 0), 3), LIT(""));
}

Test(str, splits_empty_words_too)
{
	struct ms_str rest = LIT("a,,b"), word;

	cr_assert(ms_str_split(&rest, ',', &word));
	expect_text(0, word, LIT("a"));
	cr_assert(ms_str_split(&rest, ',', &word));
	expect_text(1, word, LIT(""));
	cr_assert(ms_str_split(&rest, ',', &word));
	expect_text(2, word, LIT("b"));
	cr_assert_not(ms_str_split(&rest, ',', &word));
	rest = LIT("a,");
	cr_assert(ms_str_split(&rest, ',', &word));
	cr_assert(ms_str_split(&rest, ',', &word));
	expect_text(3, word, LIT(""));
	cr_assert_not(ms_str_split(&rest, ',', &word));
	rest = LIT("");
	cr_assert(ms_str_split(&rest, ',', &word));
	cr_assert_not(ms_str_split(&rest, ',', &word));
}

Test(str, reads_decimal_numbers_up_to_a_maximum)
{
	static const struct { struct ms_str in; uint64_t max; bool ok; uint64_t value; }
	rows[] = {
		{ MS_STR("0"), 10, true, 0 },
		{ MS_STR("007"), 10, true, 7 },
		{ MS_STR("10"), 10, true, 10 },
		{ MS_STR("11"), 10, false, 0 },
		{ MS_STR(""), 10, false, 0 },
		{ MS_STR("-1"), 10, false, 0 },
		{ MS_STR("+1"), 10, false, 0 },
		{ MS_STR(" 1"), 10, false, 0 },
		{ MS_STR("1x"), 10, false, 0 },
		{ MS_STR("18446744073709551615"), UINT64_MAX, true, UINT64_MAX },
		{ MS_STR("18446744073709551616"), UINT64_MAX, false, 0 },
		{ MS_STR("99999999999999999999999"), UINT64_MAX, false, 0 },
		{ MS_STR("4294967296"), UINT32_MAX, false, 0 },
		{ MS_STR("\xb2"), 10, false, 0 },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		uint64_t v = 0;

		cr_expect_eq(ms_str_to_u64(rows[i].in, rows[i].max, &v), rows[i].ok,
		    "row %zu", i);
		cr_expect_eq(v, rows[i].value, "row %zu", i);
	}
}
