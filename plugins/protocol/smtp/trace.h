/* SPDX-License-Identifier: ISC */
/*
 * trace.h - the Received field: RFC 5321 4.4, RFC 3848, RFC 6531
 *
 * Everything a peer said is cut to the characters that a domain, an address
 * or an atom can have, so that the field stays one field.  Pure.
 */
#ifndef SMTP_TRACE_H
#define SMTP_TRACE_H

#include <stdbool.h>

#include <mansio/buf.h>

struct smtp_trace {
	struct ms_str helo;
	struct ms_str address;		/* "192.0.2.1", "2001:db8::1", "" */
	struct ms_str name;		/* confirmed PTR or "" */
	struct ms_str hostname;		/* ours */
	struct ms_str with;		/* "ESMTPS" */
	struct ms_str tls_version, tls_cipher;	/* "" without TLS */
	struct ms_str id;
	struct ms_str recipient;	/* if there is one alone, else "" */
	int64_t       now_us;
};

/* The value, folded; no CRLF at its end. */
void smtp_trace_add(struct ms_buf *out, const struct smtp_trace *t);
/* "ESMTPSA": RFC 3848; "UTF8SMTPSA" with utf8, RFC 6531 4.3. */
struct ms_str smtp_trace_with(bool lmtp, bool esmtp, bool tls, bool auth,
    bool utf8);

#endif
