/* SPDX-License-Identifier: ISC */
#include <mansio/header.h>

#include "text.h"

Test(base_subject, is_extracted_as_rfc5256_says)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" }, { "  ", "" },
		{ "Hello", "Hello" },
		{ "Re: Hello", "Hello" },
		{ "RE: re: fwd: FW: Hello", "Hello" },
		{ "Re : Hello", "Hello" },
		{ "Re[2]: Hello", "Hello" },
		{ "Re [list] : Hello", "Hello" },
		{ "Re:Hello", "Hello" },
		{ "Rex: Hello", "Rex: Hello" },
		{ "Re Hello", "Re Hello" },
		{ "Hello (fwd)", "Hello" },
		{ "Hello (FWD) (fwd) ", "Hello" },
		{ "[list] Re: Hello", "Hello" },
		{ "[list] Hello", "Hello" },
		{ "[a] [b] [c] Re: [d] Hello", "Hello" },
		{ "[a][b][c]", "[c]" },
		{ "[only]", "[only]" },
		{ "Re: [only]", "[only]" },
		{ "[fwd: Hello]", "Hello" },
		{ "[Fwd: Re: [fwd: Re: Hello (fwd)]]", "Hello" },
		{ "[fwd: Hello] (fwd)", "Hello" },
		{ "[fwd:]", "" },
		{ "[fwd: ", "[fwd:" },
		{ "a\t\tb \r\n c", "a b c" },
		{ "Re:", "" }, { "Re: Re:", "" },
		{ "[un[closed", "[un[closed" },
		{ "] x", "] x" },
		{ "Re: \xc3\x84rger", "\xc3\x84rger" },
		{ "[\xc3\xa4] x", "x" },
		{ "(fwd)", "" },
		{ "fwd", "fwd" },
	};
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		expect_text(i, ms_base_subject(a, ms_str_c(rows[i].in)), ms_str_c(rows[i].out));
	ms_arena_free(a);
}
