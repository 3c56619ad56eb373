/* SPDX-License-Identifier: ISC */
/*
 * All parsers are linear: shapes that make a careless one quadratic, 256 KiB
 * of each, several of which a quadratic one would need minutes for.
 */
#include <mansio/address.h>
#include <mansio/date.h>
#include <mansio/encode.h>
#include <mansio/header.h>

#include <time.h>

#include "text.h"

#define OCTETS	(256 * 1024)
#define LIMIT_S	4.0	/* for one shape through all parsers, also in a sanitizer build */

static const struct ms_str shapes[] = {
	MS_STR("("), MS_STR("\""), MS_STR("(()"), MS_STR("()"), MS_STR("(\\"), MS_STR("<"),
	MS_STR("<a@b>"), MS_STR("@"), MS_STR("a@"), MS_STR("."), MS_STR("a."), MS_STR("a ."),
	MS_STR("a (b)"), MS_STR("a@b ("), MS_STR("a@b (c)"), MS_STR(":"), MS_STR("a:"),
	MS_STR(";"), MS_STR("a;b="), MS_STR("a;b*0=\"c"), MS_STR("a=\"b\\"), MS_STR("a= b "),
	MS_STR("a b"), MS_STR("a*1*=b';"), MS_STR("=?"), MS_STR("=?a?q?"), MS_STR("=?utf-8?q?"),
	MS_STR("=?utf-8?q? ?="), MS_STR("=?utf-8?b?/?="), MS_STR("?="), MS_STR("=?koi8-r?q?=ff?="),
	MS_STR("["), MS_STR("[a]"), MS_STR("[fwd:"), MS_STR("re:"), MS_STR("re[a]"),
	MS_STR("[a"), MS_STR("(fwd)"), MS_STR("\r\n "), MS_STR("\r\n"), MS_STR("a:b\r\n"),
	MS_STR("\xcc\x88"), MS_STR("a\xcc\x88\xcc\xa3"), MS_STR("\xff"), MS_STR("&"), MS_STR("&-"),
	MS_STR("&AOQ-"), MS_STR("&AOQ"), MS_STR("= "), MS_STR("=\r"), MS_STR(" "), MS_STR("+"),
	MS_STR("\\"), MS_STR("a@[1"), MS_STR("<@a,"), MS_STR("\xef\xb7\xba"), MS_STR("1"),
};

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
parse_as_header(struct ms_arena *a, struct ms_str s)
{
	struct ms_str rest = s, id;
	struct ms_header_field f;
	const struct ms_address *list;
	struct ms_params params;
	int64_t us;
	int32_t zone;
	size_t n;

	while (ms_header_next(&rest, &f))
		;
	for (rest = s; ms_message_id_next(&rest, &id);)
		;
	(void)ms_header_unfold(a, s);
	(void)ms_header_uncomment(a, s);
	(void)ms_words_decode(a, s);
	(void)ms_base_subject(a, s);
	ms_params_parse(a, s, &params);
	ms_addresses_parse(a, s, &list, &n);
	(void)ms_date_parse(s, &us, &zone);
}

static void
parse_as_text(struct ms_arena *a, struct ms_str s)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(SIZE_MAX);
	struct ms_decoder d = { 0 };
	struct ms_path path;
	size_t used;

	(void)ms_path_parse(s, MS_PATH_UTF8, &path, &used, NULL);
	(void)ms_mailbox_parse(s, MS_PATH_UTF8, &path, NULL);
	(void)ms_mutf7_decode(&b, s);
	(void)ms_xtext_decode(&b, s);
	(void)ms_base64_decode(&b, s);
	ms_decode_piece(&d, MS_CTE_QP, s, &b);
	ms_decode_end(&d, MS_CTE_QP, &b);
	ms_decode_piece(&d, MS_CTE_BASE64, s, &b);
	ms_decode_end(&d, MS_CTE_BASE64, &b);
	ms_header_add(&b, LIT("X"), s);
	ms_words_encode(&b, s);
	ms_qp_encode(&b, s);
	(void)ms_utf8_repair(a, s);
	(void)ms_utf8_fold(a, s);
	(void)ms_charset_decode(&b, LIT("gb18030"), s);
	(void)ms_charset_decode(&b, LIT("iso-2022-jp"), s);
}

Test(linear, are_all_parsers_for_hostile_shapes)
{
	for (size_t i = 0; i < N_ELEMENTS(shapes); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(2 * OCTETS);
		struct ms_arena *a = ms_arena_new(0);
		double from, header, text;

		while (b.len < OCTETS)
			ms_buf_add(&b, shapes[i]);
		from = seconds();
		parse_as_header(a, ms_buf_str(&b));
		header = seconds() - from;
		from = seconds();
		parse_as_text(a, ms_buf_str(&b));
		text = seconds() - from;
		cr_expect_lt(header + text, LIMIT_S, "shape %zu, \"%s\": %.2f s and %.2f s", i,
		    shapes[i].data, header, text);
		ms_arena_free(a);
	}
}
