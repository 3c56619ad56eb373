/* SPDX-License-Identifier: ISC */
#include <mansio/json.h>

#include "text.h"

Test(json, quotes_what_rfc8259_wants_quoted)
{
	static const struct { struct ms_str in, out; } rows[] = {
		{ MS_STR(""), MS_STR("\"\"") },
		{ MS_STR("a\"b\\c/"), MS_STR("\"a\\\"b\\\\c/\"") },
		{ MS_STR("\n\r\t\b\0\x1f\x7f"),
		  MS_STR("\"\\n\\r\\t\\u0008\\u0000\\u001f\x7f\"") },
		{ MS_STR("\xc3\xa4\xf0\x9f\x98\x80"), MS_STR("\"\xc3\xa4\xf0\x9f\x98\x80\"") },
		{ MS_STR("a\xff" "b\xc3"), MS_STR("\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"") },
		{ MS_STR("\xed\xa0\x80"),
		  MS_STR("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		ms_json_quote(&b, rows[i].in);
		expect_text(i, ms_buf_str(&b), rows[i].out);
	}
}

Test(json, nests_objects_and_arrays_with_commas_where_due)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
	struct ms_json j = ms_json_to(&b);

	ms_json_object(&j, NULL);
	ms_json_c(&j, "a", "x");
	ms_json_array(&j, "b");
	ms_json_i64(&j, NULL, -1);
	ms_json_u64(&j, NULL, UINT64_MAX);
	ms_json_object(&j, NULL);
	ms_json_end(&j);
	ms_json_array(&j, NULL);
	ms_json_end(&j);
	ms_json_end(&j);
	ms_json_bool(&j, "c", true);
	ms_json_null(&j, "d");
	ms_json_c(&j, "e", NULL);
	ms_json_i64(&j, "f", INT64_MIN);
	ms_json_end(&j);
	cr_expect_eq(j.depth, 0);
	expect_text(0, ms_buf_str(&b), LIT("{\"a\":\"x\",\"b\":[-1,18446744073709551615,{},[]],"
	    "\"c\":true,\"d\":null,\"e\":null,\"f\":-9223372036854775808}"));
}

Test(json, fails_beyond_its_depth_and_below_its_top)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
	struct ms_json j = ms_json_to(&b);

	for (int i = 0; i < 16; i++)
		ms_json_array(&j, NULL);
	cr_expect(ms_buf_ok(&b));
	for (int i = 0; i < 16; i++)
		ms_json_end(&j);
	expect_text(0, ms_buf_str(&b), LIT("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"));
	ms_json_end(&j);
	cr_expect_not(ms_buf_ok(&b));
	ms_buf_reset(&b);
	for (int i = 0; i < 17; i++)
		ms_json_array(&j, NULL);
	cr_expect_not(ms_buf_ok(&b));
}
