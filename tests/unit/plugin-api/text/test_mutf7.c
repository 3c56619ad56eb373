/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "text.h"

Test(mutf7, encodes_and_decodes_names)
{
	static const struct { struct ms_str utf8, text; } rows[] = {
		{ MS_STR(""), MS_STR("") },
		{ MS_STR("INBOX"), MS_STR("INBOX") },
		{ MS_STR("a&b"), MS_STR("a&-b") },
		{ MS_STR("&&"), MS_STR("&-&-") },
		/* RFC 3501 5.1.3 */
		{ MS_STR("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
		  MS_STR("~peter/mail/&U,BTFw-/&ZeVnLIqe-") },
		{ MS_STR("\xe5\x8f\xb0\xe5\x8c\x97\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
		  MS_STR("&U,BTF2XlZyyKng-") },
		{ MS_STR("\xe2\x98\xba!"), MS_STR("&Jjo-!") },
		{ MS_STR("Entw\xc3\xbcrfe"), MS_STR("Entw&APw-rfe") },
		{ MS_STR("\xf0\x9f\x93\xa7"), MS_STR("&2D3c5w-") },
		{ MS_STR("\t"), MS_STR("&AAk-") },
		{ MS_STR("\x7f"), MS_STR("&AH8-") },
		{ MS_STR("\xc3\xa4&"), MS_STR("&AOQ-&-") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000), c = MS_BUF_MAX(1000);

		cr_expect_eq(ms_mutf7_encode(&b, rows[i].utf8), MS_OK);
		expect_text(i, ms_buf_str(&b), rows[i].text);
		cr_expect_eq(ms_mutf7_decode(&c, rows[i].text), MS_OK, "row %zu", i);
		expect_text(i, ms_buf_str(&c), rows[i].utf8);
	}
}

Test(mutf7, refuses_all_other_spellings)
{
	static const char *const rows[] = {
		"&Jjo!",			/* no shift back */
		"&Jjo",
		"&",
		"a&",
		"&U,BTFw-&ZeVnLIqe-",		/* superfluous shift */
		"&AGE-",			/* "a" stands for itself */
		"&AGEA5A-",
		"&ACY-",			/* so does &, as &- */
		"&AAA-",			/* NUL */
		"&2D0-",			/* half a pair */
		"&3Ec-",			/* the wrong half first */
		"&2D0AYQ-",
		"&2D3YPQ-",
		"&AOR-",			/* bits left over are not zero */
		"&AOQA-",			/* too many bits left over */
		"&A-",
		"&AO-",
		"&AOQ=-",
		"&AO/-",			/* "," for "/" */
		"\xc3\xa4",			/* raw UTF-8 */
		"a\tb",
		"&A\xffQ-",
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_eq(ms_mutf7_decode(&b, ms_str_c(rows[i])), MS_INVALID, "%s",
		    rows[i]);
	}
}

Test(mutf7, encodes_only_utf8_without_nul)
{
	static const struct ms_str rows[] = {
		MS_STR("\xff"), MS_STR("a\0b"), MS_STR("\xed\xa0\x80"), MS_STR("\xc0\x80"),
		MS_STR("\xf4\x90\x80\x80"), MS_STR("\xc3"),
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_eq(ms_mutf7_encode(&b, rows[i]), MS_INVALID, "row %zu", i);
	}
}

Test(mutf7, has_one_spelling_for_each_character)
{
	for (uint32_t c = 1; c < 0x11000; c += c < 0x300 ? 1 : 97) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000), d = MS_BUF_MAX(1000);
		char in[8];
		size_t n = 0;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c < 0x80) {
			in[n++] = (char)c;
		} else if (c < 0x800) {
			in[n++] = (char)(0xc0 | c >> 6);
			in[n++] = (char)(0x80 | (c & 63));
		} else if (c < 0x10000) {
			in[n++] = (char)(0xe0 | c >> 12);
			in[n++] = (char)(0x80 | (c >> 6 & 63));
			in[n++] = (char)(0x80 | (c & 63));
		} else {
			in[n++] = (char)(0xf0 | c >> 18);
			in[n++] = (char)(0x80 | (c >> 12 & 63));
			in[n++] = (char)(0x80 | (c >> 6 & 63));
			in[n++] = (char)(0x80 | (c & 63));
		}
		cr_assert_eq(ms_mutf7_encode(&b, ms_str_of(in, n)), MS_OK, "U+%04X", c);
		cr_assert_eq(ms_mutf7_decode(&d, ms_buf_str(&b)), MS_OK, "U+%04X", c);
		cr_assert(ms_str_equal(ms_buf_str(&d), ms_str_of(in, n)), "U+%04X", c);
	}
}
