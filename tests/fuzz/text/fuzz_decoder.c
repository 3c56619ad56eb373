/* SPDX-License-Identifier: ISC */
#include <mansio/encode.h>

#include "fuzz.h"

static void
decode(uint32_t cte, struct ms_str s, size_t piece, struct ms_buf *out)
{
	struct ms_decoder d = { 0 };

	for (size_t at = 0; at < s.len; at += piece)
		ms_decode_piece(&d, cte, ms_str_sub(s, at, piece), out);
	ms_decode_end(&d, cte, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t ctes[] = { MS_CTE_BASE64, MS_CTE_QP, MS_CTE_8BIT };
	struct ms_str s = input_str(data, size);
	MS_AUTO_BUF struct ms_buf strict = MS_BUF_MAX(1 << 22), text = MS_BUF_MAX(1 << 22);

	/* However the text is cut, the same comes out, and never more than went in. */
	for (size_t i = 0; i < sizeof(ctes) / sizeof(ctes[0]); i++) {
		MS_AUTO_BUF struct ms_buf whole = MS_BUF_MAX(1 << 22);
		MS_AUTO_BUF struct ms_buf pieces = MS_BUF_MAX(1 << 22);

		decode(ctes[i], s, size + 1, &whole);
		decode(ctes[i], s, 1 + size % 7, &pieces);
		must(ms_str_equal(ms_buf_str(&whole), ms_buf_str(&pieces)));
		must(whole.len <= size);
	}
	/* The strict decoder knows one spelling. */
	if (ms_base64_decode(&strict, s) == MS_OK) {
		ms_base64_encode(&text, ms_buf_str(&strict), 0);
		must(ms_str_equal(ms_buf_str(&text), s));
	}
	ms_buf_reset(&text);
	ms_buf_reset(&strict);
	ms_qp_encode(&text, s);
	decode(MS_CTE_QP, ms_buf_str(&text), 1000, &strict);
	must(ms_str_equal(ms_buf_str(&strict), s));
	ms_buf_reset(&strict);
	(void)ms_xtext_decode(&strict, s);
	(void)ms_cte_of(s);
	return 0;
}
