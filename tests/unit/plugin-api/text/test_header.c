/* SPDX-License-Identifier: ISC */
#include <mansio/header.h>

#include "text.h"

/* Walks the header and shows "name=value;" for each field, then the rest. */
static void
show(struct ms_buf *b, struct ms_str rest)
{
	struct ms_header_field f;
	const char *end = rest.data + rest.len;

	while (ms_header_next(&rest, &f)) {
		ms_buf_add(b, f.name);
		ms_buf_add_octet(b, '=');
		ms_buf_add(b, f.value);
		ms_buf_add_octet(b, ';');
		cr_expect_eq(f.whole.data, f.name.data);
		cr_expect_leq(f.whole.data + f.whole.len, end);
		cr_expect_geq(f.whole.data + f.whole.len, f.value.data + f.value.len);
	}
	ms_buf_add(b, rest);
}

Test(header, is_walked_field_by_field)
{
	static const struct { struct ms_str in, out; } rows[] = {
		{ MS_STR("A: b\r\nC:d\r\n\r\nbody: x\r\n"), MS_STR("A= b;C=d;body: x\r\n") },
		{ MS_STR("A: b\nC:d\n\nbody"), MS_STR("A= b;C=d;body") },
		{ MS_STR("A: b\r\n c\r\n\td\r\n\r\n"), MS_STR("A= b\r\n c\r\n\td;") },
		{ MS_STR("A: b"), MS_STR("A= b;") },
		{ MS_STR("A:\r\n"), MS_STR("A=;") },
		{ MS_STR("A:"), MS_STR("A=;") },
		{ MS_STR("A :b\r\n"), MS_STR("A=b;") },
		{ MS_STR("A \t:b\r\n"), MS_STR("A=b;") },
		{ MS_STR("A:\r\n b\r\n"), MS_STR("A=\r\n b;") },
		{ MS_STR("A: b\r\n \r\nC: d\r\n"), MS_STR("A= b\r\n ;C= d;") },
		{ MS_STR("From ann Thu Jan  1 00:00:00 2026\r\nA: b\r\n"), MS_STR("A= b;") },
		{ MS_STR("no field\r\nA: b\r\n"), MS_STR("A= b;") },
		{ MS_STR(" folded first: x\r\nA: b\r\n"), MS_STR("A= b;") },
		{ MS_STR(": x\r\nA: b\r\n"), MS_STR("A= b;") },
		{ MS_STR("A\xc3\xa4: x\r\nB: c\r\n"), MS_STR("B= c;") },
		{ MS_STR("\r\nbody"), MS_STR("body") },
		{ MS_STR("\nbody"), MS_STR("body") },
		{ MS_STR(""), MS_STR("") },
		{ MS_STR("\r"), MS_STR("") },
		{ MS_STR("A: b\rC: d\r\n"), MS_STR("A= b\rC: d;") },
		{ MS_STR("A: b\r\r\n\r\n"), MS_STR("A= b\r;") },
		{ MS_STR("A: \0b\r\n"), MS_STR("A= \0b;") },
		{ MS_STR("A: b\r\n\r\n\r\nx"), MS_STR("A= b;\r\nx") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);

		show(&b, rows[i].in);
		expect_text(i, ms_buf_str(&b), rows[i].out);
	}
}

Test(header, ends_with_its_empty_line)
{
	static const struct { struct ms_str in; size_t octets; } rows[] = {
		{ MS_STR("A: b\r\n\r\nbody"), 8 }, { MS_STR("A: b\n\nbody"), 6 },
		{ MS_STR("A: b\r\n\nbody"), 7 }, { MS_STR("\r\nbody"), 2 }, { MS_STR("\nb"), 1 },
		{ MS_STR("A: b\r\n"), 6 }, { MS_STR("A: b"), 4 }, { MS_STR(""), 0 },
		{ MS_STR("A: b\r\n \r\nC: d\r\n\r\nx"), 17 }, { MS_STR("A: b\r\r\nx"), 8 },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct ms_str rest = rows[i].in;
		struct ms_header_field f;

		cr_expect_eq(ms_header_octets(rows[i].in), rows[i].octets, "row %zu", i);
		while (ms_header_next(&rest, &f))
			;
		cr_expect_eq(rows[i].in.len - rest.len, rows[i].octets, "row %zu", i);
	}
}

Test(header, finds_fields_by_name_and_number)
{
	struct ms_str h = LIT("Received: 1\r\nsubject: x\r\nRECEIVED: 2\r\n\r\nReceived: 3\r\n");
	struct ms_header_field f;

	cr_assert(ms_header_find(h, "received", 0, &f));
	expect_text(0, f.value, LIT(" 1"));
	cr_assert(ms_header_find(h, "Received", 1, &f));
	expect_text(1, f.value, LIT(" 2"));
	expect_text(2, f.whole, LIT("RECEIVED: 2\r\n"));
	cr_expect_not(ms_header_find(h, "received", 2, &f));
	cr_expect_not(ms_header_find(h, "to", 0, &f));
}

Test(header, name_is_printable_without_a_colon)
{
	char name[78];

	cr_expect(ms_header_name_is_valid(LIT("X-Spam")));
	cr_expect(ms_header_name_is_valid(LIT("!~")));
	cr_expect_not(ms_header_name_is_valid(LIT("")));
	cr_expect_not(ms_header_name_is_valid(LIT("a b")));
	cr_expect_not(ms_header_name_is_valid(LIT("a:")));
	cr_expect_not(ms_header_name_is_valid(LIT("a\r\nB")));
	cr_expect_not(ms_header_name_is_valid(LIT("\xc3\xa4")));
	cr_expect_not(ms_header_name_is_valid(LIT("a\x7f")));
	cr_expect_not(ms_header_name_is_valid(LIT("a\0")));
	memset(name, 'x', sizeof(name));
	cr_expect(ms_header_name_is_valid(ms_str_of(name, 76)));
	cr_expect_not(ms_header_name_is_valid(ms_str_of(name, 77)));
}

Test(header, value_is_unfolded)
{
	static const struct { struct ms_str in, out; } rows[] = {
		{ MS_STR(" a\r\n b\n\tc\r\n"), MS_STR("a b\tc") },
		{ MS_STR("a\r\n \r\n b"), MS_STR("a  b") },
		{ MS_STR("a\rb\r\nc"), MS_STR("a\rb\r\nc") },	/* no fold: stays */
		{ MS_STR("\r\n a"), MS_STR("a") },
		{ MS_STR(""), MS_STR("") },
		{ MS_STR("  plain  "), MS_STR("plain") },
	};
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		expect_text(i, ms_header_unfold(a, rows[i].in), rows[i].out);
	ms_arena_free(a);
}

Test(header, value_is_freed_from_comments)
{
	static const struct { struct ms_str in, out; } rows[] = {
		{ MS_STR(" 1.0 (produced by (x) \\) y)\r\n "), MS_STR("1.0") },
		{ MS_STR("1(a).(b)0"), MS_STR("1 . 0") },
		{ MS_STR("a  \t b"), MS_STR("a b") },
		{ MS_STR("\"a (b)  c\" d"), MS_STR("\"a (b)  c\" d") },
		{ MS_STR("\"a\\\" (\" (c)"), MS_STR("\"a\\\" (\"") },
		{ MS_STR("\"fol\r\n ded\""), MS_STR("\"fol ded\"") },
		{ MS_STR("a (never closed"), MS_STR("a") },
		{ MS_STR("a ) b"), MS_STR("a ) b") },
		{ MS_STR("(\\"), MS_STR("") },
		{ MS_STR("\"\\"), MS_STR("\"\\") },
		{ MS_STR(""), MS_STR("") },
	};
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		expect_text(i, ms_header_uncomment(a, rows[i].in), rows[i].out);
	ms_arena_free(a);
}

Test(header, field_is_added_without_smuggled_lines)
{
	static const struct { struct ms_str name, value, out; } rows[] = {
		{ MS_STR("A"), MS_STR("b"), MS_STR("A: b\r\n") },
		{ MS_STR("A"), MS_STR(""), MS_STR("A:\r\n") },
		{ MS_STR("A"), MS_STR("\r\n "), MS_STR("A:\r\n") },
		{ MS_STR("A"), MS_STR("b\r\nEvil: x\0y"), MS_STR("A: b  Evil: x y\r\n") },
		{ MS_STR("Subject"),
		  MS_STR("1234567890 1234567890 1234567890 1234567890 1234567890 1234567890  x"),
		  MS_STR("Subject: 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890  x\r\n") },
		{ MS_STR("Subject"),
		  MS_STR("1234567890 1234567890 1234567890 1234567890 1234567890 1234567890\t1234"),
		  MS_STR("Subject: 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890\r\n\t1234\r\n") },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(10000);

		ms_header_add(&b, rows[i].name, rows[i].value);
		expect_text(i, ms_buf_str(&b), rows[i].out);
	}
}

Test(header, field_added_reads_back_as_it_was)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf value = MS_BUF_MAX(100000), b = MS_BUF_MAX(100000);
	struct ms_str rest, line;
	struct ms_header_field f;

	for (unsigned i = 0; i < 500; i++)
		ms_buf_addf(&value, "%s%.*s", i > 0 ? i % 3 ? " " : "\t  " : "",
		    (int)(i * 7 % 60 + 1), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	ms_header_add(&b, LIT("References"), ms_buf_str(&value));
	for (rest = ms_buf_str(&b); ms_str_split(&rest, '\n', &line);)
		cr_expect(line.len <= 79 && (rest.len == 0 || ms_str_trim(line).len > 0));
	rest = ms_buf_str(&b);
	cr_assert(ms_header_next(&rest, &f));
	cr_expect_eq(rest.len, 0);
	cr_expect(ms_str_equal(ms_header_unfold(a, f.value), ms_buf_str(&value)));
	ms_arena_free(a);
}
