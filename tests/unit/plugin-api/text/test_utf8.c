/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "text.h"

#define BAD "\xef\xbf\xbd"

static const struct { struct ms_str in, repaired; } rows[] = {
	{ MS_STR(""), MS_STR("") },
	{ MS_STR("plain ascii of more than eight octets"),
	  MS_STR("plain ascii of more than eight octets") },
	{ MS_STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	  MS_STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") },
	{ MS_STR("\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf"),
	  MS_STR("\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf") },
	{ MS_STR("\xff"), MS_STR(BAD) },
	{ MS_STR("\xc0\x80"), MS_STR(BAD BAD) },		/* overlong */
	{ MS_STR("\xc1\xbf"), MS_STR(BAD BAD) },
	{ MS_STR("\xe0\x9f\xbf"), MS_STR(BAD BAD BAD) },
	{ MS_STR("\xf0\x8f\xbf\xbf"), MS_STR(BAD BAD BAD BAD) },
	{ MS_STR("\xed\xa0\x80"), MS_STR(BAD BAD BAD) },	/* surrogate */
	{ MS_STR("\xf4\x90\x80\x80"), MS_STR(BAD BAD BAD BAD) },
	{ MS_STR("\xf5\x80\x80\x80"), MS_STR(BAD BAD BAD BAD) },
	{ MS_STR("a\xc3"), MS_STR("a" BAD) },			/* cut */
	{ MS_STR("a\xe2\x82"), MS_STR("a" BAD BAD) },
	{ MS_STR("a\xe2\x82z"), MS_STR("a" BAD BAD "z") },
	{ MS_STR("\x80" "a\xbf"), MS_STR(BAD "a" BAD) },
	{ MS_STR("12345678\xff" "12345678\xff"), MS_STR("12345678" BAD "12345678" BAD) },
};

Test(utf8, is_told_from_what_is_none)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		cr_expect_eq(ms_utf8_is_valid(rows[i].in, false),
		    ms_str_equal(rows[i].in, rows[i].repaired), "row %zu", i);
	cr_expect_not(ms_utf8_is_valid(LIT("a\0b"), false));
	cr_expect(ms_utf8_is_valid(LIT("a\0b"), true));
}

Test(utf8, is_repaired_octet_by_octet)
{
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		expect_text(i, ms_utf8_repair(a, rows[i].in), rows[i].repaired);
	ms_arena_free(a);
}

Test(utf8, is_brought_to_nfc)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str out;

	cr_expect_eq(ms_utf8_nfc(a, LIT("a\xcc\x88"), &out), MS_OK);
	expect_text(0, out, LIT("\xc3\xa4"));
	cr_expect_eq(ms_utf8_nfc(a, LIT("abc"), &out), MS_OK);
	expect_text(1, out, LIT("abc"));
	cr_expect_eq(ms_utf8_nfc(a, LIT("\xe2\x84\xab"), &out), MS_OK);	/* Angstrom sign */
	expect_text(2, out, LIT("\xc3\x85"));
	cr_expect_eq(ms_utf8_nfc(a, LIT(""), &out), MS_OK);
	expect_text(3, out, LIT(""));
	cr_expect_eq(ms_utf8_nfc(a, LIT("\xff"), &out), MS_INVALID);
	expect_text(4, out, LIT(""));
	ms_arena_free(a);
}

Test(utf8, is_folded_alike_where_people_see_the_same)
{
	static const struct { struct ms_str a, b; } same[] = {
		{ MS_STR("Hello"), MS_STR("hELLO") },
		{ MS_STR("\xc3\x84"), MS_STR("a\xcc\x88") },		/* precomposed or not */
		{ MS_STR("STRASSE"), MS_STR("stra\xc3\x9f" "e") },
		{ MS_STR("\xef\xac\x81"), MS_STR("FI") },		/* the fi ligature */
		{ MS_STR("\xce\xa3"), MS_STR("\xcf\x82") },		/* final sigma */
		{ MS_STR("\xef\xbc\xa1"), MS_STR("a") },		/* full width */
		{ MS_STR("\xff"), MS_STR(BAD) },
	};
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(same); i++)
		expect_text(i, ms_utf8_fold(a, same[i].a), ms_utf8_fold(a, same[i].b));
	cr_expect_not(ms_str_equal(ms_utf8_fold(a, LIT("\xc3\xa4")), LIT("a")));
	ms_arena_free(a);
}
