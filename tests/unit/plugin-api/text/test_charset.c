/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "text.h"

#define BAD "\xef\xbf\xbd"

static const struct { const char *charset; struct ms_str in, out; } rows[] = {
	{ "utf-8", MS_STR("\xc3\xa4"), MS_STR("\xc3\xa4") },
	{ " UTF8 ", MS_STR("a\xff" "b"), MS_STR("a" BAD "b") },
	{ "us-ascii", MS_STR("abc"), MS_STR("abc") },
	{ "us-ascii", MS_STR("a\xe4"), MS_STR("a" BAD) },
	{ "iso-8859-1", MS_STR("\xe4\xff"), MS_STR("\xc3\xa4\xc3\xbf") },
	{ "ISO_8859-1", MS_STR("\x93x\x94"), MS_STR("\xe2\x80\x9cx\xe2\x80\x9d") },
	{ "windows-1252", MS_STR("\x80\x81"), MS_STR("\xe2\x82\xac" BAD) },
	{ "iso-8859-15", MS_STR("\xa4"), MS_STR("\xe2\x82\xac") },
	{ "iso-8859-2", MS_STR("\xb1"), MS_STR("\xc4\x85") },
	{ "windows-1251", MS_STR("\xcf\xf0\xe8"), MS_STR("\xd0\x9f\xd1\x80\xd0\xb8") },
	{ "koi8-r", MS_STR("\xf0\xd2\xc9"), MS_STR("\xd0\x9f\xd1\x80\xd0\xb8") },
	{ "windows-1253", MS_STR("\xd2"), MS_STR(BAD) },
	{ "iso-2022-jp", MS_STR("\x1b$B$3$s\x1b(B!"), MS_STR("\xe3\x81\x93\xe3\x82\x93!") },
	{ "shift_jis", MS_STR("\x82\xb1\x82\xf1"), MS_STR("\xe3\x81\x93\xe3\x82\x93") },
	{ "euc-jp", MS_STR("\xa4\xb3\xa4\xf3"), MS_STR("\xe3\x81\x93\xe3\x82\x93") },
	{ "gb2312", MS_STR("\xc4\xe3\xba\xc3"), MS_STR("\xe4\xbd\xa0\xe5\xa5\xbd") },
	{ "big5", MS_STR("\xa7\x41\xa6\x6e"), MS_STR("\xe4\xbd\xa0\xe5\xa5\xbd") },
	{ "euc-kr", MS_STR("\xb0\xa1"), MS_STR("\xea\xb0\x80") },
	{ "gb2312", MS_STR("\xc4"), MS_STR(BAD) },		/* cut in a character */
	{ "gb2312", MS_STR("\xff\xc4\xe3"), MS_STR(BAD "\xe4\xbd\xa0") },
	{ "utf-16", MS_STR("\xff\xfe" "a\0"), MS_STR("a") },
	{ "utf-16", MS_STR("\xfe\xff\0a"), MS_STR("a") },
	{ "utf-16", MS_STR("\0a\xd8"), MS_STR("a" BAD) },
	{ "utf-16le", MS_STR("a\0\xe4\0"), MS_STR("a\xc3\xa4") },
	{ "koi8-r", MS_STR(""), MS_STR("") },
};

Test(charset, is_converted_to_utf8)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_eq(ms_charset_decode(&b, ms_str_c(rows[i].charset), rows[i].in),
		    MS_OK, "row %zu", i);
		expect_text(i, ms_buf_str(&b), rows[i].out);
	}
}

Test(charset, outside_of_the_list_is_unsupported)
{
	static const char *const names[] = {
		"utf-7", "unicode-1-1-utf-7", "x-unknown", "unknown-8bit", "", "UTF-8//IGNORE",
		"iso-8859-1//translit", "../../x", "iso-2022-cn-ext",
	};

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_not(ms_charset_is_known(ms_str_c(names[i])), "%s", names[i]);
		cr_expect_eq(ms_charset_decode(&b, ms_str_c(names[i]), LIT("x")),
		    MS_UNSUPPORTED, "%s", names[i]);
	}
}

Test(charset, has_a_converter_for_each_name_of_the_list)
{
	static const char *const names[] = {
		"iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7",
		"iso-8859-8", "iso-8859-9", "iso-8859-10", "iso-8859-11", "iso-8859-13",
		"iso-8859-14", "iso-8859-16", "windows-1250", "windows-1254", "windows-1255",
		"windows-1256", "windows-1257", "windows-1258", "windows-874", "koi8-u",
		"macintosh", "ibm437", "ibm850", "ibm852", "ibm866", "cp950", "gb18030",
		"iso-2022-kr", "ks_c_5601-1987",
	};

	ms_charset_prepare();
	ms_charset_prepare();
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_eq(ms_charset_decode(&b, ms_str_c(names[i]), LIT("abc")), MS_OK,
		    "%s", names[i]);
		expect_text(i, ms_buf_str(&b), LIT("abc"));
	}
}

Test(charset, stops_at_the_buffers_maximum_with_whole_characters)
{
	static const char *const names[] = { "utf-8", "iso-8859-1", "koi8-r", "utf-16" };

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		char in[9000];

		memset(in, i == 0 ? 'x' : 0xc4, sizeof(in));
		for (size_t max = 0; max < 9; max++) {
			MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(max);

			cr_expect_eq(ms_charset_decode(&b, ms_str_c(names[i]),
			    ms_str_of(in, sizeof(in))), MS_OK);
			cr_expect(ms_buf_ok(&b));
			cr_expect(ms_utf8_is_valid(ms_buf_str(&b), false));
			cr_expect_geq(b.len + 2, max, "%s: %zu of %zu", names[i], b.len, max);
		}
	}
}

Test(charset, converts_more_than_one_block)
{
	static char in[100000];
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000000), c = MS_BUF_MAX(1000000);

	memset(in, 0xd6, sizeof(in));
	cr_expect_eq(ms_charset_decode(&b, LIT("koi8-r"), ms_str_of(in, sizeof(in))), MS_OK);
	cr_expect_eq(b.len, 2 * sizeof(in));
	cr_expect_eq(ms_charset_decode(&c, LIT("latin1"), ms_str_of(in, sizeof(in))), MS_OK);
	cr_expect_eq(c.len, 2 * sizeof(in));
}
