/* SPDX-License-Identifier: ISC */
#include <mansio/address.h>
#include <mansio/limits.h>

#include "text.h"

/* Shown as "name|route|local|domain", "-" for what is missing, ";" between;
   "{name" begins a group, "}" ends it. */
static void
show(struct ms_buf *b, const struct ms_address *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct ms_str parts[4] = {
			list[i].name, list[i].route, list[i].local, list[i].domain,
		};

		if (i > 0)
			ms_buf_add_octet(b, ';');
		if (list[i].kind == MS_ADDRESS_GROUP_END) {
			ms_buf_add_octet(b, '}');
			continue;
		}
		if (list[i].kind == MS_ADDRESS_GROUP) {
			ms_buf_add_octet(b, '{');
			ms_buf_add(b, list[i].name);
			continue;
		}
		for (size_t k = 0; k < 4; k++) {
			if (k > 0)
				ms_buf_add_octet(b, '|');
			if (parts[k].data == NULL)
				ms_buf_add_octet(b, '-');
			ms_buf_add(b, parts[k]);
		}
	}
}

static const struct { const char *in, *out; } rows[] = {
	{ "ann@example.org", "-|-|ann|example.org" },
	{ "<ann@example.org>", "-|-|ann|example.org" },
	{ "Ann Example <ann@example.org>", "Ann Example|-|ann|example.org" },
	{ "\"Example, Ann\" <ann@example.org>", "Example, Ann|-|ann|example.org" },
	{ "\"A \\\"x\\\\\" <a@b>", "A \"x\\|-|a|b" },
	{ "a@b, c@d,e@f", "-|-|a|b;-|-|c|d;-|-|e|f" },
	{ "a@b,,, ,c@d,", "-|-|a|b;-|-|c|d" },			/* RFC 5322 4.4 */
	{ "", "" }, { "  ", "" }, { ",", "" }, { "()", "" },
	{ "undisclosed-recipients:;", "{undisclosed-recipients;}" },
	{ "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
	  "{A Group;Ed Jones|-|joe|where.test;-|-|joe|where.test;John|-|jdoe|one.test;}" },
	{ "a@b, G: c@d; , e@f", "-|-|a|b;{G;-|-|c|d;};-|-|e|f" },
	{ "G: a@b", "{G;-|-|a|b;}" },				/* never closed */
	{ "G: H: a@b;;", "{G;};{H;-|-|a|b;}" },			/* groups do not nest */
	{ ":;", "{;}" },
	/* RFC 5322 A.5 */
	{ "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
	  "Pete|-|pete|silly.test" },
	{ "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
	  "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
	  "{A Group;Chris Jones|-|c|public.example;-|-|joe|example.org;John|-|jdoe|one.test;}" },
	{ "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
	  "{Hidden recipients;}" },
	/* RFC 5322 A.6 */
	{ "Joe Q. Public <john.q.public@example.com>", "Joe Q. Public|-|john.q.public|example.com" },
	{ "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
	  "Mary Smith|@node.test|mary|example.net;-|-|jdoe|test.example" },
	{ "<@a,@b,,@c:x@y>", "-|@a,@b,@c|x|y" },
	{ "<@a>", "-|-|-|a" }, { "<@@@@@a@b>", "-|-|-|" }, { "<@a@b:c@d>", "-|-|-|a" },
	{ "<@a,:b@c>", "-|@a|b|c" }, { "<@a, b@c>", "-|-|-|a" },
	{ "\"a\".\"b\"@c", "-|-|a.b|c" },
	{ "test . test@c", "-|-|test.test|c" },
	{ "\"a b\"@c", "-|-|a b|c" },
	{ "\"\"@c", "-|-||c" },
	{ "a@[192.0.2.1]", "-|-|a|[192.0.2.1]" },
	{ "a@[ 192.0.2.1 ], b@c", "-|-|a|[192.0.2.1];-|-|b|c" },
	{ "a@ x (c) . (d) y", "-|-|a|x.y" },
	{ "\"folded\r\n  name\" <a@b>", "folded  name|-|a|b" },
	/* The wild. */
	{ "a@b (Ann Example)", "Ann Example|-|a|b" },
	{ "a@b (Ann (the \\) first)), c@d", "Ann (the ) first)|-|a|b;-|-|c|d" },
	{ "a@b <a@b>", "a@b|-|a|b" },
	{ "Ann a@b <c@d>", "Ann a@b|-|c|d" },
	{ "Ann Example a@b", "Ann Example|-|a|b" },
	{ "J.P. Morgan <a@b>", "J.P. Morgan|-|a|b" },
	{ "\"A\" \"B\"C <a@b>", "A B C|-|a|b" },
	{ "[List] Ann <a@b>", "[List] Ann|-|a|b" },
	{ "=?utf-8?Q?Doe,_John?= <a@b>", "=?utf-8?Q?Doe,_John?=|-|a|b" },
	{ "=?utf-8?Q?a?= =?utf-8?Q?b?= <a@b>", "=?utf-8?Q?a?= =?utf-8?Q?b?=|-|a|b" },
	{ "=?utf-8?Q?Doe, John <a@b>", "-|-|=?utf-8?Q?Doe|-;John|-|a|b" },
	{ "j\xc3\xbcrgen <j\xc3\xbc@b\xc3\xbc.example>", "j\xc3\xbcrgen|-|j\xc3\xbc|b\xc3\xbc.example" },
	{ "root", "-|-|root|-" },
	{ "Ann Example, a@b", "-|-|Ann Example|-;-|-|a|b" },
	{ "<root>", "-|-|root|-" },
	{ "<>", "-|-|-|-" },
	{ "Mailer <>", "Mailer|-|-|-" },
	{ "a@b; c@d", "-|-|a|b;-|-|c|d" },
	{ "<a@b> <c@d>", "-|-|a|b;-|-|c|d" },
	{ "<a@b> junk, <c@d>", "-|-|a|b;-|-|c|d" },
	{ "a@b c@d", "-|-|a|b;-|-|c|d" },
	{ "a@b@c, d@e", "-|-|a|b;-|-|d|e" },
	{ "Ann <a@b, Bob <c@d>", "Ann|-|a|b;Bob|-|c|d" },
	{ "Ann <a@b", "Ann|-|a|b" },
	{ "<mailto:a@b>", "-|-|a|b" },
	{ "@", "-|-|-|" }, { "a@", "-|-|a|" },
	{ "\"never closed <a@b>", "-|-|never closed <a@b>|-" },
	{ "(never closed a@b", "" },
	{ "a@[never closed", "-|-|a|[never" "closed" },
	{ "a\\,b@c", "-|-|a,b|c" },
	{ "a@b\\", "-|-|a|b\\" },
	{ ">>>a@b", "-|-|a|b" },
	{ "a..b@c..d", "-|-|a..b|c..d" },
	{ ".@.", "-|-|.|." },
};

Test(address_list, is_parsed_as_rfc5322_says_and_the_wild_writes)
{
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(10000);
		const struct ms_address *list;
		size_t n;

		ms_addresses_parse(a, ms_str_c(rows[i].in), &list, &n);
		show(&b, list, n);
		expect_text(i, ms_buf_str(&b), ms_str_c(rows[i].out));
	}
	ms_arena_free(a);
}

Test(address_list, stops_at_its_limit)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100000);
	const struct ms_address *list;
	size_t n;

	ms_buf_add_c(&b, "G:");
	for (int i = 0; i < 3000; i++)
		ms_buf_add_c(&b, "a@b,");
	ms_buf_add_c(&b, ";");
	ms_addresses_parse(a, ms_buf_str(&b), &list, &n);
	cr_expect_eq(n, MS_MAX_ADDRESSES);
	ms_arena_free(a);
}

Test(address_list, needs_memory_in_proportion_to_the_value)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100000);
	const struct ms_address *list;
	size_t n;

	for (int i = 0; i < 20000; i++)
		ms_buf_add_c(&b, "a\"\"");
	ms_addresses_parse(a, ms_buf_str(&b), &list, &n);
	cr_expect_leq(ms_arena_used(a), 4 * b.len + 4096);
	ms_arena_free(a);
}
