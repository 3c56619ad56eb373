/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "text.h"

Test(xtext, encodes_and_decodes)
{
	static const struct { struct ms_str plain, text; } rows[] = {
		{ MS_STR("ann@example.org"), MS_STR("ann@example.org") },
		{ MS_STR("a+b=c"), MS_STR("a+2Bb+3Dc") },
		{ MS_STR("a b\0\xff"), MS_STR("a+20b+00+FF") },
		{ MS_STR(""), MS_STR("") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000), c = MS_BUF_MAX(1000);

		ms_xtext_encode(&b, rows[i].plain);
		expect_text(i, ms_buf_str(&b), rows[i].text);
		cr_expect_eq(ms_xtext_decode(&c, rows[i].text), MS_OK);
		expect_text(i, ms_buf_str(&c), rows[i].plain);
	}
}

Test(xtext, refuses_what_must_be_encoded)
{
	static const char *const rows[] = {
		"a b", "a=b", "+", "+2", "a+2", "+2x", "+x2", "\xc3\xa4", "a\tb", "\x7f",
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_eq(ms_xtext_decode(&b, ms_str_c(rows[i])), MS_INVALID, "%s",
		    rows[i]);
	}
}
