/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "text.h"

Test(base64, encodes_and_decodes_rfc4648_vectors)
{
	static const struct { struct ms_str plain, text; } rows[] = {
		{ MS_STR(""), MS_STR("") },
		{ MS_STR("f"), MS_STR("Zg==") },
		{ MS_STR("fo"), MS_STR("Zm8=") },
		{ MS_STR("foo"), MS_STR("Zm9v") },
		{ MS_STR("foob"), MS_STR("Zm9vYg==") },
		{ MS_STR("fooba"), MS_STR("Zm9vYmE=") },
		{ MS_STR("foobar"), MS_STR("Zm9vYmFy") },
		{ MS_STR("\0ann\0secret"), MS_STR("AGFubgBzZWNyZXQ=") },
		{ MS_STR("\xff\xfe\xfd"), MS_STR("//79") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000), c = MS_BUF_MAX(1000);

		ms_base64_encode(&b, rows[i].plain, 0);
		expect_text(i, ms_buf_str(&b), rows[i].text);
		cr_expect_eq(ms_base64_decode(&c, rows[i].text), MS_OK, "row %zu", i);
		expect_text(i, ms_buf_str(&c), rows[i].plain);
	}
}

Test(base64, refuses_what_is_not_the_one_encoding)
{
	static const char *const rows[] = {
		"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=", "Zg==Zg==",
		"Zm9v\r\n", " Zm9v", "Zm9v ", "Zm-v", "Zm_v", "Zm9v=", "Z=g=", "Zm9v====",
		"Zm\xffv", "*",
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		cr_expect_eq(ms_base64_decode(&b, ms_str_c(rows[i])), MS_INVALID, "%s",
		    rows[i]);
	}
}

Test(base64, breaks_lines_where_told)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
	char in[57 + 57 + 1];

	memset(in, 0, sizeof(in));
	ms_base64_encode(&b, ms_str_of(in, 57), 76);
	cr_expect_eq(b.len, 76, "no line end after the last line");
	ms_buf_reset(&b);
	ms_base64_encode(&b, ms_str_of(in, sizeof(in)), 76);
	cr_expect_eq(b.len, 76 + 2 + 76 + 2 + 4);
	cr_expect_eq(memcmp(b.data + 76, "\r\n", 2), 0);
	cr_expect_eq(memcmp(b.data + 154, "\r\nAA==", 6), 0);
}

Test(base64, says_when_the_buffer_is_too_small)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(2);

	cr_expect_eq(ms_base64_decode(&b, LIT("Zm9v")), MS_LIMIT);
}

Test(qp, encodes_lines_of_at_most_76)
{
	static const struct { struct ms_str in, out; } rows[] = {
		{ MS_STR("plain text\r\n"), MS_STR("plain text\r\n") },
		{ MS_STR("a=b"), MS_STR("a=3Db") },
		{ MS_STR("trailing \r\nx\t"), MS_STR("trailing=20\r\nx=09") },
		{ MS_STR("\xc3\xa4"), MS_STR("=C3=A4") },
		{ MS_STR("a\rb\nc"), MS_STR("a=0Db=0Ac") },
		{ MS_STR(".\r\nFrom x"), MS_STR("=2E\r\n=46rom x") },
		{ MS_STR("\0"), MS_STR("=00") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		ms_qp_encode(&b, rows[i].in);
		expect_text(i, ms_buf_str(&b), rows[i].out);
	}
}

Test(qp, is_decoded_to_what_was_encoded)
{
	char in[2000];
	uint32_t x = 1;

	for (int round = 0; round < 50; round++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(10000), c = MS_BUF_MAX(10000);
		struct ms_decoder d = { 0 };
		struct ms_str rest, line;

		for (size_t i = 0; i < sizeof(in); i++) {
			x = x * 1103515245 + 12345;
			in[i] = round % 2 ? (char)(x >> 16) : " a\r\n=.\t"[x >> 16 & 7];
		}
		ms_qp_encode(&b, ms_str_of(in, sizeof(in)));
		for (rest = ms_buf_str(&b); ms_str_split(&rest, '\n', &line);)
			cr_assert_leq(line.len, 77);
		ms_decode_piece(&d, MS_CTE_QP, ms_buf_str(&b), &c);
		ms_decode_end(&d, MS_CTE_QP, &c);
		cr_assert(ms_str_equal(ms_buf_str(&c), ms_str_of(in, sizeof(in))));
		cr_assert_eq(d.damaged, 0);
	}
}
