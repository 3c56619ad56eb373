/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>
#include <mansio/header.h>

#include "text.h"

#define BAD "\xef\xbf\xbd"

static const struct { struct ms_str in, out; } rows[] = {
	{ MS_STR(""), MS_STR("") },
	{ MS_STR("plain text"), MS_STR("plain text") },
	{ MS_STR("=?ISO-8859-1?Q?a?="), MS_STR("a") },
	/* RFC 2047 8. */
	{ MS_STR("(=?ISO-8859-1?Q?a?=)"), MS_STR("(a)") },
	{ MS_STR("(=?ISO-8859-1?Q?a?= b)"), MS_STR("(a b)") },
	{ MS_STR("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)"), MS_STR("(ab)") },
	{ MS_STR("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)"), MS_STR("(ab)") },
	{ MS_STR("(=?ISO-8859-1?Q?a?=\r\n     =?ISO-8859-1?Q?b?=)"), MS_STR("(ab)") },
	{ MS_STR("(=?ISO-8859-1?Q?a_b?=)"), MS_STR("(a b)") },
	{ MS_STR("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)"), MS_STR("(a b)") },
	{ MS_STR("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?="),
	  MS_STR("If you can read this you understand the example.") },
	{ MS_STR("=?US-ASCII*EN?Q?Keith_Moore?="), MS_STR("Keith Moore") },	/* RFC 2231 */
	{ MS_STR("=?iso-8859-1?q?=e4=F6?="), MS_STR("\xc3\xa4\xc3\xb6") },
	{ MS_STR("=?utf-8?b?w6Q=?="), MS_STR("\xc3\xa4") },
	{ MS_STR("=?utf-8?b?w6Q?="), MS_STR("\xc3\xa4") },
	/* Cut within a character. */
	{ MS_STR("=?utf-8?Q?=C3?= =?UTF-8?B?pA==?="), MS_STR("\xc3\xa4") },
	{ MS_STR("=?utf-8?Q?=C3?= x =?utf-8?Q?=A4?="), MS_STR(BAD " x " BAD) },
	{ MS_STR("=?utf-8?Q?=C3?= =?iso-8859-1?Q?=A4?="), MS_STR(BAD "\xc2\xa4") },
	/* The wild. */
	{ MS_STR("x=?utf-8?Q?a?=y"), MS_STR("xay") },
	{ MS_STR("=?utf-8?Q?a b?="), MS_STR("a b") },
	{ MS_STR("=?utf-8?Q?Really?" "?="), MS_STR("Really?") },
	{ MS_STR("=?utf-8?Q?a=?="), MS_STR("a=") },
	{ MS_STR("=?utf-8?Q?=zz=4?="), MS_STR("=zz=4") },
	{ MS_STR("=?utf-8?Q?" "?="), MS_STR("") },
	{ MS_STR("=?utf-8?Q?a?==?utf-8?Q?b?="), MS_STR("ab") },
	{ MS_STR("=?utf-8?Q?a =?utf-8?Q?b?="), MS_STR("=?utf-8?Q?a b") },
	{ MS_STR("=?utf-8?Q?a"), MS_STR("=?utf-8?Q?a") },
	{ MS_STR("=?utf-8?X?a?="), MS_STR("=?utf-8?X?a?=") },
	{ MS_STR("=?x-unknown?Q?a=41?="), MS_STR("=?x-unknown?Q?a=41?=") },
	{ MS_STR("=?x-unknown?Q?a?= =?utf-8?Q?b?="), MS_STR("=?x-unknown?Q?a?= b") },
	{ MS_STR("=?utf-8?Q?b?= =?x-unknown?Q?a?="), MS_STR("b =?x-unknown?Q?a?=") },
	{ MS_STR("=?utf-8?B?!!!!?="), MS_STR("=?utf-8?B?!!!!?=") },
	{ MS_STR("=??Q?a?="), MS_STR("=??Q?a?=") },
	{ MS_STR("=?="), MS_STR("=?=") }, { MS_STR("=?utf-8?Q?="), MS_STR("=?utf-8?Q?=") },
	{ MS_STR("?==?"), MS_STR("?==?") },
	{ MS_STR("=?=?=?utf-8?Q?a?="), MS_STR("=?=?a") },
	{ MS_STR("\xc3\xa4 =?utf-8?Q?a?="), MS_STR("\xc3\xa4 a") },
	{ MS_STR("\xe4 =?utf-8?Q?a?="), MS_STR(BAD " a") },
	{ MS_STR("\xff"), MS_STR(BAD) },
	/* No line and no NUL comes out of a word. */
	{ MS_STR("=?utf-8?Q?a=0D=0ABcc:_x=00y?="), MS_STR("a  Bcc: x y") },
	{ MS_STR("a\r\n b"), MS_STR("a b") },
};

Test(words, are_decoded)
{
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		expect_text(i, ms_words_decode(a, rows[i].in), rows[i].out);
	ms_arena_free(a);
}

Test(words, are_written_only_for_what_is_not_ascii)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

	ms_words_encode(&b, LIT("plain =?x?="));
	expect_text(0, ms_buf_str(&b), LIT("plain =?x?="));
	ms_buf_reset(&b);
	ms_words_encode(&b, LIT("\xc3\xa4"));
	expect_text(1, ms_buf_str(&b), LIT("=?UTF-8?B?w6Q=?="));
}

Test(words, written_are_short_whole_and_read_back)
{
	struct ms_arena *a = ms_arena_new(0);

	for (unsigned n = 1; n < 200; n++) {
		MS_AUTO_BUF struct ms_buf in = MS_BUF_MAX(10000), b = MS_BUF_MAX(10000);
		struct ms_str rest, word;

		for (unsigned i = 0; i < n; i++)
			ms_buf_add_c(&in, i % 3 == 0 ? "\xf0\x9f\x98\x80" : i % 3 == 1 ? "\xc3\xa4" : "a ");
		ms_words_encode(&b, ms_buf_str(&in));
		for (rest = ms_buf_str(&b); ms_str_split(&rest, ' ', &word);) {
			struct ms_str alone = ms_words_decode(a, word);

			cr_assert_leq(word.len, 75);
			cr_assert_eq(ms_str_find(alone, LIT(BAD)), SIZE_MAX);
		}
		cr_assert(ms_str_equal(ms_words_decode(a, ms_buf_str(&b)), ms_buf_str(&in)));
	}
	ms_arena_free(a);
}

Test(words, hold_utf8_whatever_they_were_given)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

	ms_words_encode(&b, LIT("a\xff\xc3"));
	expect_text(0, ms_words_decode(a, ms_buf_str(&b)), LIT("a" BAD BAD));
	ms_arena_free(a);
}
