/* SPDX-License-Identifier: ISC */
#include <mansio/header.h>

#include "text.h"

Test(message_id, is_found_between_whatever_else_there_is)
{
	static const struct { const char *in, *out; } rows[] = {
		{ " <a@b>", "a@b" },
		{ "<a@b> <c@d>\r\n <e@f>", "a@b c@d e@f" },
		{ "<a@b><c@d>", "a@b c@d" },
		{ "Your message of \"Thu\" <a@b>", "a@b" },
		{ "<a@b", "" }, { "a@b>", "" }, { "<>", "" }, { "", "" }, { "<<a@b>>", "a@b" },
		{ "<not an id> <a@b>", "a@b" },
		{ "< a@b >", "a@b" },
		{ "<no-domain>", "no-domain" },
		{ "><a@b>", "a@b" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
		struct ms_str rest = ms_str_c(rows[i].in), id;

		while (ms_message_id_next(&rest, &id)) {
			if (b.len > 0)
				ms_buf_add_octet(&b, ' ');
			ms_buf_add(&b, id);
		}
		cr_expect_eq(rest.len, 0);
		expect_text(i, ms_buf_str(&b), ms_str_c(rows[i].out));
	}
}
