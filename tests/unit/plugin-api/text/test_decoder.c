/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "text.h"

struct row {
	uint32_t      cte;
	struct ms_str in, out;
	uint32_t      damaged;
};

static const struct row rows[] = {
	{ MS_CTE_BASE64, MS_STR("Zm9v\r\nYmFy\r\n"), MS_STR("foobar"), 0 },
	{ MS_CTE_BASE64, MS_STR("Zm9vYg==\r\n"), MS_STR("foob"), 0 },
	{ MS_CTE_BASE64, MS_STR("Zg==Zm8="), MS_STR("ffo"), 0 },
	{ MS_CTE_BASE64, MS_STR("Zm9vYg"), MS_STR("foob"), 0 },
	{ MS_CTE_BASE64, MS_STR("Zm9vY"), MS_STR("foo"), 1 },
	{ MS_CTE_BASE64, MS_STR("Zm9vY==="), MS_STR("foo"), 1 },
	{ MS_CTE_BASE64, MS_STR("Z!m@9#v"), MS_STR("foo"), 1 },
	{ MS_CTE_BASE64, MS_STR(" Z m\t9\nv "), MS_STR("foo"), 0 },
	{ MS_CTE_BASE64, MS_STR("===="), MS_STR(""), 0 },
	{ MS_CTE_BASE64, MS_STR("\xff\xff"), MS_STR(""), 1 },
	{ MS_CTE_QP, MS_STR("a=3Db=3d"), MS_STR("a=b="), 0 },
	{ MS_CTE_QP, MS_STR("soft=\r\nbreak"), MS_STR("softbreak"), 0 },
	{ MS_CTE_QP, MS_STR("soft= \t\r\nbreak"), MS_STR("softbreak"), 0 },
	{ MS_CTE_QP, MS_STR("soft=\nbreak"), MS_STR("softbreak"), 0 },
	{ MS_CTE_QP, MS_STR("trail \t\r\nx"), MS_STR("trail\r\nx"), 0 },
	{ MS_CTE_QP, MS_STR("trail \nx"), MS_STR("trail\nx"), 0 },
	{ MS_CTE_QP, MS_STR("in the  middle"), MS_STR("in the  middle"), 0 },
	{ MS_CTE_QP, MS_STR("end  "), MS_STR("end"), 0 },
	{ MS_CTE_QP, MS_STR("end="), MS_STR("end"), 0 },
	{ MS_CTE_QP, MS_STR("end=4"), MS_STR("end"), 1 },
	{ MS_CTE_QP, MS_STR("end=\r\n"), MS_STR("end"), 0 },
	{ MS_CTE_QP, MS_STR("bad=zz"), MS_STR("bad=zz"), 1 },
	{ MS_CTE_QP, MS_STR("bad=4z"), MS_STR("bad=4z"), 1 },
	{ MS_CTE_QP, MS_STR("bad== =41"), MS_STR("bad== A"), 1 },
	{ MS_CTE_QP, MS_STR("a =\r\nb"), MS_STR("a b"), 0 },
	{ MS_CTE_QP, MS_STR("\xc3\xa4 raw\0nul"), MS_STR("\xc3\xa4 raw\0nul"), 0 },
	{ MS_CTE_QP, MS_STR("cr \r x"), MS_STR("cr \r x"), 0 },
	{ MS_CTE_QP, MS_STR("=\r=41"), MS_STR("=\rA"), 1 },
	{ MS_CTE_QP, MS_STR("x \r"), MS_STR("x\r"), 0 },
	{ MS_CTE_7BIT, MS_STR("a=3D\r\n"), MS_STR("a=3D\r\n"), 0 },
	{ MS_CTE_BINARY, MS_STR("\0\1"), MS_STR("\0\1"), 0 },
	{ MS_CTE_UNKNOWN, MS_STR("a=3D"), MS_STR("a=3D"), 0 },
};

Test(decoder, decodes_leniently_however_the_text_is_cut)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		for (size_t size = 1; size <= rows[i].in.len + 1; size++) {
			MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
			struct ms_decoder d = { 0 };

			for (size_t at = 0; at < rows[i].in.len; at += size)
				ms_decode_piece(&d, rows[i].cte,
				    ms_str_sub(rows[i].in, at, size), &b);
			ms_decode_end(&d, rows[i].cte, &b);
			expect_text(i, ms_buf_str(&b), rows[i].out);
			cr_expect_eq(d.damaged, rows[i].damaged, "row %zu by %zu", i, size);
		}
}

Test(decoder, keeps_long_white_space_that_ends_no_line)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(5000);
	struct ms_decoder d = { 0 };
	char in[1001];

	memset(in, ' ', sizeof(in));
	in[1000] = 'x';
	ms_decode_piece(&d, MS_CTE_QP, ms_str_of(in, sizeof(in)), &b);
	ms_decode_end(&d, MS_CTE_QP, &b);
	cr_expect_eq(b.len, 1001);
}

Test(decoder, takes_large_pieces)
{
	MS_AUTO_BUF struct ms_buf plain = MS_BUF_MAX(1 << 20), b = MS_BUF_MAX(1 << 20);
	MS_AUTO_BUF struct ms_buf text = MS_BUF_MAX(1 << 20);
	struct ms_decoder d = { 0 };

	for (uint32_t i = 0; i < 200000; i++)
		ms_buf_add_octet(&plain, (char)(i * 2654435761u >> 24));
	ms_base64_encode(&text, ms_buf_str(&plain), 76);
	ms_decode_piece(&d, MS_CTE_BASE64, ms_buf_str(&text), &b);
	ms_decode_end(&d, MS_CTE_BASE64, &b);
	cr_expect(ms_str_equal(ms_buf_str(&b), ms_buf_str(&plain)));
	cr_expect_eq(d.damaged, 0);
}

Test(decoder, knows_the_names_of_encodings)
{
	static const struct { const char *name; uint32_t cte; } names[] = {
		{ "7bit", MS_CTE_7BIT }, { "8BIT", MS_CTE_8BIT }, { "binary", MS_CTE_BINARY },
		{ " Base64 ", MS_CTE_BASE64 }, { "Quoted-Printable", MS_CTE_QP },
		{ "quoted-printable (sic)", MS_CTE_QP }, { "base64;", MS_CTE_BASE64 },
		{ "", MS_CTE_7BIT }, { NULL, MS_CTE_7BIT }, { "x-uuencode", MS_CTE_UNKNOWN },
		{ "base64x", MS_CTE_UNKNOWN }, { "8 bit", MS_CTE_UNKNOWN },
		{ ";", MS_CTE_UNKNOWN },
	};

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		cr_expect_eq(ms_cte_of(ms_str_c(names[i].name)), names[i].cte, "%s",
		    names[i].name);
}
