/* SPDX-License-Identifier: ISC */
#include <mansio/address.h>

#include "text.h"

#define L63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"
#define N_253 L63 "." L63 "." L63 "." "a23456789-123456789-123456789-123456789-123456789-123456789-1"

Test(domain, of_names_is_told_from_what_is_none)
{
	static const struct { const char *in; uint32_t accept; bool ok; } rows[] = {
		{ "example.org", 0, true },
		{ "localhost", 0, true },
		{ "a", 0, true },
		{ "1.2.3.4", 0, true },
		{ "3com.com", 0, true },
		{ "xn--bcher-kva.example", 0, true },
		{ "a-b.c--d", 0, true },
		{ L63 ".org", 0, true },
		{ N_253, 0, true },
		{ "", 0, false },
		{ ".", 0, false },
		{ ".org", 0, false },
		{ "example.org.", 0, false },		/* RFC 5321 has no final dot */
		{ "example..org", 0, false },
		{ "-a.org", 0, false },
		{ "a-.org", 0, false },
		{ "a.org-", 0, false },
		{ "a_b.org", 0, false },		/* RFC 5321 4.1.2 says so */
		{ "a b.org", 0, false },
		{ L63 "x.org", 0, false },
		{ N_253 "a", 0, false },
		{ "[192.0.2.1]", 0, false },
		{ "b\xc3\xbc" "cher.example", 0, false },
		{ "b\xc3\xbc" "cher.example", MS_PATH_UTF8, true },
		{ "B\xc3\x9c" "CHER.example", MS_PATH_UTF8, true },
		{ "b\xfc" "cher.example", MS_PATH_UTF8, false },
		{ "example\xe3\x80\x82org", MS_PATH_UTF8, false },	/* another dot */
		{ "\xe2\x80\x8d.example", MS_PATH_UTF8, false },		/* a joiner alone */
		{ "\xc3\xbc" "..example", MS_PATH_UTF8, false },
		{ "\xc3\xbc" "_x.example", MS_PATH_UTF8, false },
		{ "\xc3\xbc" "\x01.example", MS_PATH_UTF8, false },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		cr_expect_eq(ms_domain_is_valid(ms_str_c(rows[i].in), rows[i].accept),
		    rows[i].ok, "%s", rows[i].in);
	cr_expect_not(ms_domain_is_valid(LIT("a\0b.org"), 0));
}

Test(domain, key_is_in_lower_case_a_labels)
{
	static const struct { const char *in, *key; } rows[] = {
		{ "Example.ORG", "example.org" },
		{ "b\xc3\xbc" "cher.Example", "xn--bcher-kva.example" },
		{ "B\xc3\x9c" "CHER.example", "xn--bcher-kva.example" },
		{ "bu\xcc\x88" "cher.example", "xn--bcher-kva.example" },	/* not NFC */
		{ "XN--bcher-KVA.example", "xn--bcher-kva.example" },
		{ "fa\xc3\x9f.de", "xn--fa-hia.de" },	/* non-transitional */
		{ "\xe4\xbe\x8b\xe3\x81\x88.jp", "xn--r8jz45g.jp" },
		{ "a..b", NULL }, { "", NULL }, { "a_b", NULL }, { "\xff", NULL },
		{ "\xc3\xbc" "..b", NULL },
	};
	struct ms_arena *a = ms_arena_new(0);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct ms_str key = { NULL, 0 };
		ms_status st = ms_domain_key(a, ms_str_c(rows[i].in), &key, NULL);

		cr_expect_eq(st, rows[i].key != NULL ? MS_OK : MS_INVALID, "%s", rows[i].in);
		expect_text(i, key, ms_str_c(rows[i].key));
	}
	ms_arena_free(a);
}

Test(domain, literal_is_ipv4_or_ipv6_as_rfc5321_writes_them)
{
	static const struct { const char *in; bool ok; } rows[] = {
		{ "[192.0.2.1]", true }, { "[0.0.0.0]", true }, { "[255.255.255.255]", true },
		{ "[001.2.3.4]", true },
		{ "[256.0.0.1]", false }, { "[1.2.3]", false }, { "[1.2.3.4.5]", false },
		{ "[1.2.3.]", false }, { "[.1.2.3]", false }, { "[1.2.3.0004]", false },
		{ "[1.2.3.4", false }, { "1.2.3.4]", false }, { "[]", false }, { "[", false },
		{ "", false }, { "[1.2.3.a]", false }, { "[-1.2.3.4]", false },
		{ "[IPv6:1:2:3:4:5:6:7:8]", true }, { "[ipv6:::1]", true },
		{ "[IPv6:::]", true }, { "[IPv6:1::]", true }, { "[IPv6:1:2:3:4:5:6::]", true },
		{ "[IPv6:::3:4:5:6:7:8]", true }, { "[IPv6:fe80::AbCd]", true },
		{ "[IPv6:1:2:3:4:5:6:192.0.2.1]", true }, { "[IPv6:::192.0.2.1]", true },
		{ "[IPv6:1:2:3:4::192.0.2.1]", true }, { "[IPv6:1::2:3:4:192.0.2.1]", true },
		{ "[IPv6:1:2:3:4:5:6:7]", false }, { "[IPv6:1:2:3:4:5:6:7:8:9]", false },
		{ "[IPv6:1:2:3:4:5:6:7::]", false },	/* "::" is two groups at least */
		{ "[IPv6:1:2:3:4::5:6:7]", false },
		{ "[IPv6:1:2:3:4:5::192.0.2.1]", false }, { "[IPv6:1::2::3]", false },
		{ "[IPv6:1:::2]", false }, { "[IPv6:::::]", false }, { "[IPv6::1]", false },
		{ "[IPv6:1::2:]", false }, { "[IPv6:12345::]", false }, { "[IPv6:g::]", false },
		{ "[IPv6:]", false }, { "[IPv6:::192.0.2.256]", false },
		{ "[IPv6:192.0.2.1::]", false }, { "[IPv6:1.2.3.4]", false },
		{ "[IPv6:fe80::1%eth0]", false }, { "[IPv4:1.2.3.4]", false },
		{ "[x400:abc]", false }, { "[IPv6]", false }, { "[::1]", false },
		{ "[192.0.2.1] ", false }, { "[ 192.0.2.1]", false },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		cr_expect_eq(ms_address_literal_is_valid(ms_str_c(rows[i].in)), rows[i].ok,
		    "%s", rows[i].in);
}
