/* SPDX-License-Identifier: ISC */
#include <mansio/address.h>
#include <mansio/error.h>

#include "text.h"

#define L64 "a23456789.123456789.123456789.123456789.123456789.123456789.1234"
#define L63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"
#define D_240 L63 "." L63 "." L63 "." "a23456789-123456789-123456789-123456789-12345678"
#define ANY (MS_PATH_UTF8 | MS_PATH_NULL | MS_PATH_LOCAL)

static const struct {
	const char *in;
	uint32_t    accept;
	ms_status   st;
	const char *local, *domain;
	uint32_t    flags;
	size_t      used;
} rows[] = {
	{ "<ann@example.org>", 0, MS_OK, "ann", "example.org", 0, 17 },
	{ "<ann@example.org> SIZE=3", 0, MS_OK, "ann", "example.org", 0, 17 },
	{ "<a.b+c=d@x>", 0, MS_OK, "a.b+c=d", "x", 0, 11 },
	{ "<!#$%&'*+-/=?^_`{|}~@x>", 0, MS_OK, "!#$%&'*+-/=?^_`{|}~", "x", 0, 23 },
	{ "<>", MS_PATH_NULL, MS_OK, "", "", MS_PATH_IS_NULL, 2 },
	{ "<> BODY=7BIT", MS_PATH_NULL, MS_OK, "", "", MS_PATH_IS_NULL, 2 },
	{ "<>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<Postmaster>", MS_PATH_LOCAL, MS_OK, "Postmaster", "", 0, 12 },
	{ "<postmaster>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<ann>", MS_PATH_LOCAL, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<\"a b\"@x>", 0, MS_OK, "\"a b\"", "x", MS_PATH_IS_QUOTED, 9 },
	{ "<\"\"@x>", 0, MS_OK, "\"\"", "x", MS_PATH_IS_QUOTED, 6 },
	{ "<\"a\\\"b>@\\\\\"@x>", 0, MS_OK, "\"a\\\"b>@\\\\\"", "x", MS_PATH_IS_QUOTED, 14 },
	{ "<\"a\\", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<\"a\tb\"@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<\"a\"b@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<\"a\".b@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a@[192.0.2.1]>", 0, MS_OK, "a", "[192.0.2.1]", MS_PATH_IS_LITERAL, 15 },
	{ "<a@[IPv6:::1]>", 0, MS_OK, "a", "[IPv6:::1]", MS_PATH_IS_LITERAL, 14 },
	{ "<a@[192.0.2.1>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a@[192.0.2.1]x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<@a.example,@b.example:ann@x>", 0, MS_OK, "ann", "x", MS_PATH_HAS_ROUTE, 29 },
	{ "<@a:ann@x>", 0, MS_OK, "ann", "x", MS_PATH_HAS_ROUTE, 10 },
	{ "<@a,b:ann@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<@a ann@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<@:ann@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<@a:>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<@a", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "ann@x", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<ann@x", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "< ann@x>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<ann@x >", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<ann@>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<@x>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<ann@x@y>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<.a@x>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a.@x>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a..b@x>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a@x.>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a@x_y>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<a\r\n@x>", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<", ANY, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<" L64 "@x>", 0, MS_OK, L64, "x", 0, 68 },
	{ "<" L64 "x@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<12345678901@" D_240 ">", 0, MS_OK, "12345678901", D_240, 0, 254 },
	{ "<1234567890123@" D_240 ">", 0, MS_OK, "1234567890123", D_240, 0, 256 },
	{ "<12345678901234@" D_240 ">", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<j\xc3\xbc@b\xc3\xbc" "cher.example>", MS_PATH_UTF8, MS_OK, "j\xc3\xbc",
	  "b\xc3\xbc" "cher.example", MS_PATH_HAS_UTF8, 21 },
	{ "<a@b\xc3\xbc" "cher.example>", MS_PATH_UTF8, MS_OK, "a", "b\xc3\xbc" "cher.example",
	  MS_PATH_HAS_UTF8, 19 },
	{ "<\"j\xc3\xbc b\"@x>", MS_PATH_UTF8, MS_OK, "\"j\xc3\xbc b\"", "x",
	  MS_PATH_HAS_UTF8 | MS_PATH_IS_QUOTED, 11 },
	{ "<j\xc3\xbc@x>", 0, MS_UNSUPPORTED, NULL, NULL, 0, 0 },
	{ "<a@b\xc3\xbc" "cher.example>", 0, MS_UNSUPPORTED, NULL, NULL, 0, 0 },
	{ "<j\xfc@x>", MS_PATH_UTF8, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<j\xfc@x>", 0, MS_INVALID, NULL, NULL, 0, 0 },
	{ "<\"j\\\xc3\xbc\"@x>", MS_PATH_UTF8, MS_INVALID, NULL, NULL, 0, 0 },
};

Test(path, is_parsed_as_rfc5321_and_rfc6531_say)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct ms_path p = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0 };
		struct ms_error err = MS_ERROR_INIT;
		size_t used = 0;
		ms_status st = ms_path_parse(ms_str_c(rows[i].in), rows[i].accept, &p, &used,
		    &err);

		cr_expect_eq(st, rows[i].st, "%s: %d %s", rows[i].in, st, err.text);
		expect_text(i, p.local, ms_str_c(rows[i].local));
		expect_text(i, p.domain, ms_str_c(rows[i].domain));
		cr_expect_eq(p.flags, rows[i].flags, "%s", rows[i].in);
		cr_expect_eq(used, rows[i].used, "%s: %zu", rows[i].in, used);
		cr_expect(st == MS_OK || err.text[0] != '\0');
	}
}

Test(path, gives_the_address_as_it_came)
{
	struct ms_path p;
	size_t used;

	cr_assert_eq(ms_path_parse(LIT("<@r:\"A b\"@Example.ORG> X"), 0, &p, &used, NULL),
	    MS_OK);
	expect_text(0, p.address, LIT("\"A b\"@Example.ORG"));
	cr_assert_eq(ms_path_parse(LIT("<POSTMASTER>"), MS_PATH_LOCAL, &p, &used, NULL), MS_OK);
	expect_text(1, p.address, LIT("POSTMASTER"));
}

Test(mailbox, is_all_of_the_text)
{
	struct ms_path p;

	cr_expect_eq(ms_mailbox_parse(LIT("ann@example.org"), 0, &p, NULL), MS_OK);
	expect_text(0, p.address, LIT("ann@example.org"));
	cr_expect_eq(ms_mailbox_parse(LIT("ann@example.org "), 0, &p, NULL), MS_INVALID);
	cr_expect_eq(ms_mailbox_parse(LIT("ann@example.org>"), 0, &p, NULL), MS_INVALID);
	cr_expect_eq(ms_mailbox_parse(LIT("<ann@example.org>"), 0, &p, NULL), MS_INVALID);
	cr_expect_eq(ms_mailbox_parse(LIT(""), ANY, &p, NULL), MS_INVALID);
	cr_expect_eq(ms_mailbox_parse(LIT("ann@ex\0"), 0, &p, NULL), MS_INVALID);
	cr_expect_eq(ms_mailbox_parse(LIT("ann@[192.0.2.1]"), 0, &p, NULL), MS_OK);
	cr_expect_eq(ms_mailbox_parse(LIT("ann@[192.0.2.1]x"), 0, &p, NULL), MS_INVALID);
}

Test(address_key, is_one_for_all_spellings)
{
	static const struct { const char *in, *key; } keys[] = {
		{ "Ann@Example.ORG", "Ann@example.org" },
		{ "\"Ann\"@example.org", "Ann@example.org" },
		{ "\"A\\nn\"@example.org", "Ann@example.org" },
		{ "\"a.b\"@x", "a.b@x" },
		{ "\"a b\"@x", "\"a b\"@x" },
		{ "\"a\\ b\"@x", "\"a b\"@x" },
		{ "\".a\"@x", "\".a\"@x" },
		{ "\"a..b\"@x", "\"a..b\"@x" },
		{ "\"a.\"@x", "\"a.\"@x" },
		{ "\"\"@x", "\"\"@x" },
		{ "\"a\\\"\\\\@\"@x", "\"a\\\"\\\\@\"@x" },
		{ "\"a@b\"@x", "\"a@b\"@x" },
		{ "ju\xcc\x88@B\xc3\x9c" "CHER.example", "j\xc3\xbc@xn--bcher-kva.example" },
		{ "\"j\xc3\xbc\"@x", "j\xc3\xbc@x" },
		{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
		{ "a@[IPv6:2001:DB8:0:0:0:0:0:1]", "a@[ipv6:2001:db8::1]" },
		{ "a@[IPv6:::1]", "a@[ipv6:::1]" },
		{ "Postmaster", "Postmaster" },
	};
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
		struct ms_path p;
		struct ms_str key = { NULL, 0 };

		cr_assert_eq(ms_mailbox_parse(ms_str_c(keys[i].in), ANY, &p, NULL), MS_OK,
		    "%s", keys[i].in);
		cr_expect_eq(ms_address_key(a, &p, &key, NULL), MS_OK, "%s", keys[i].in);
		expect_text(i, key, ms_str_c(keys[i].key));
	}
	ms_arena_free(a);
}

Test(address_key, is_refused_for_the_null_path)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str key;
	struct ms_path p;
	size_t used;

	cr_assert_eq(ms_path_parse(LIT("<>"), MS_PATH_NULL, &p, &used, NULL), MS_OK);
	cr_expect_eq(ms_address_key(a, &p, &key, NULL), MS_INVALID);
	ms_arena_free(a);
}
