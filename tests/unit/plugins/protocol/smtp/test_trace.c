/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include <mansio/str.h>

#include "trace.h"

static struct ms_buf out = MS_BUF_MAX(4096);

static const char *
show(const struct smtp_trace *t)
{
	ms_buf_reset(&out);
	smtp_trace_add(&out, t);
	cr_assert(ms_buf_ok(&out));
	return out.data;
}

Test(trace, tells_who_sent_what_by_which_protocol)
{
	struct smtp_trace t = {
		.helo = MS_STR("client.example"), .address = MS_STR("192.0.2.1"),
		.name = MS_STR("c.example"), .hostname = MS_STR("mx.example.org"),
		.with = MS_STR("ESMTPS"), .tls_version = MS_STR("TLSv1.3"),
		.tls_cipher = MS_STR("AES-256-GCM"), .id = MS_STR("abc123"),
		.recipient = MS_STR("ann@example.org"), .now_us = 0,
	};

	cr_assert_str_eq(show(&t),
	    "from client.example (c.example [192.0.2.1])\r\n"
	    "\tby mx.example.org with ESMTPS (TLSv1.3 AES-256-GCM)\r\n"
	    "\tid abc123\r\n\tfor <ann@example.org>;\r\n"
	    "\tThu, 01 Jan 1970 00:00:00 +0000");
}

Test(trace, leaves_out_what_is_not_known)
{
	struct smtp_trace t = { .hostname = MS_STR("mx"), .with = MS_STR("LMTP") };

	cr_assert_str_eq(show(&t), "from unknown\r\n\tby mx with LMTP;\r\n"
	    "\tThu, 01 Jan 1970 00:00:00 +0000");
}

Test(trace, marks_ipv6_as_rfc_5321_wants)
{
	struct smtp_trace t = { .hostname = MS_STR("mx"), .with = MS_STR("SMTP"),
		.helo = MS_STR("[IPv6:2001:db8::1]"),
		.address = MS_STR("2001:db8::1") };

	cr_assert_eq(strncmp(show(&t),
	    "from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n", 46), 0);
}

/* S39: whatever the peer calls itself, it stays one field. */
Test(trace, cannot_be_broken_out_of)
{
	struct smtp_trace t = {
		.helo = MS_STR("a\r\nX: y(;\"\\"), .address = MS_STR("1\r\n2"),
		.name = MS_STR("n\r\nm"), .hostname = MS_STR("mx"),
		.with = MS_STR("ESMTP"), .id = MS_STR("i\r\nj"),
		.recipient = MS_STR("a@b\r\nc"),
	};
	const char *got = show(&t);

	cr_assert_null(strstr(got, "\r\nX"));
	cr_assert_null(strstr(got, "\r\nc"));
	cr_assert_null(strstr(got, "\r\nj"));
	cr_assert_null(strstr(got, "\""));
	for (const char *p = got; (p = strstr(p, "\r\n")) != NULL; p += 2)
		cr_assert_eq(p[2], '\t');
}

Test(trace, names_protocols_as_registered)
{
	cr_assert(ms_str_is(smtp_trace_with(false, false, true, false, false), "SMTP"));
	cr_assert(ms_str_is(smtp_trace_with(false, true, false, false, false), "ESMTP"));
	cr_assert(ms_str_is(smtp_trace_with(false, true, true, true, false), "ESMTPSA"));
	cr_assert(ms_str_is(smtp_trace_with(false, true, false, true, true), "UTF8SMTPA"));
	cr_assert(ms_str_is(smtp_trace_with(true, true, true, false, false), "LMTPS"));
	cr_assert(ms_str_is(smtp_trace_with(true, true, false, false, true), "UTF8LMTP"));
}
