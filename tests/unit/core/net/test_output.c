/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "net/body.h"
#include "net/output.h"

/* Stuffs it in pieces of in_step into a buffer of cap octets a time. */
static size_t
stuff(const char *text, size_t n, size_t in_step, size_t cap, char *out)
{
	bool at_start = true, after_cr = false;
	size_t at = 0, made = 0;

	while (at < n) {
		size_t len = n - at < in_step ? n - at : in_step, part;
		size_t took = output_stuff(text + at, len, out + made, cap,
		    &at_start, &after_cr, &part);

		cr_assert_leq(part, cap);
		cr_assert(took > 0, "no progress with %zu octets of room", cap);
		at += took;
		made += part;
	}
	return made;
}

Test(stuffing, doubles_dots_at_line_starts_alone)
{
	static const char text[] = ".a\r\n..\r\nb.\r\n.\r\nx\n.y\r.z\r\n";
	static const char want[] = "..a\r\n...\r\nb.\r\n..\r\nx\n.y\r.z\r\n";

	for (size_t step = 1; step <= sizeof(text); step++)
		for (size_t cap = 2; cap <= sizeof(want); cap++) {
			char out[sizeof(want) + 8];
			size_t n = stuff(text, sizeof(text) - 1, step, cap, out);

			cr_assert_eq(n, sizeof(want) - 1, "step %zu, room %zu",
			    step, cap);
			cr_assert_eq(memcmp(out, want, n), 0);
		}
}

/* What is stuffed by one side is the same after the other took it apart. */
Test(stuffing, is_undone_by_the_scanner)
{
	srand(7);
	for (int round = 0; round < 2000; round++) {
		static const char octets[] = { '.', '\r', '\n', 'a' };
		char text[64], wire[200];
		size_t n = (size_t)(rand() % 40), made, kept, used;
		struct body_scan b;

		for (size_t i = 0; i < n; i++)
			text[i] = octets[rand() % 4];
		text[n++] = '\r';
		text[n++] = '\n';
		made = stuff(text, n, sizeof(text), 100, wire);
		memcpy(wire + made, ".\r\n", 3);
		made += 3;
		body_scan_init(&b, MS_BODY_DOT, 0, false);
		cr_assert_eq(body_scan(&b, wire, made, &kept, &used), BODY_END);
		cr_assert_eq(used, made);
		cr_assert_eq(kept, n);
		cr_assert_eq(memcmp(wire, text, n), 0);
	}
}
