/* SPDX-License-Identifier: ISC */
/*
 * tls.h - what a TLS connection to a peer must prove
 *
 * Plain data.  Who speaks a protocol decides the policy (DANE, MTA-STS, the
 * admin's word), the core carries it out and never goes below it: a policy
 * that is not met is a failed op, never clear text.
 */
#ifndef MANSIO_TLS_H
#define MANSIO_TLS_H

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MS_TLS_MAY = 1,		/* opportunistic: any certificate, RFC 7435 */
	MS_TLS_VERIFY,		/* a chain to the system's or given roots, and a name */
	MS_TLS_DANE		/* the TLSA records, RFC 7672, RFC 7671 */
};

struct ms_tls_policy {
	uint32_t size;
	uint32_t level;			/* MS_TLS_... */
	struct ms_str sni;		/* RFC 6066; "" none */
	const struct ms_str *names;	/* any of them, RFC 9525 */
	uint32_t n_names;
	uint32_t n_tlsa;
	const struct ms_str *tlsa;	/* RDATA as in the DNS, from a secure answer */
	struct ms_str alpn;		/* "" none */
	struct ms_str certificate;	/* secret's name of ours to show; "" none */
	struct ms_str roots;		/* a file; "" the system's */
	uint32_t minimum;		/* 0x0303: TLS 1.2; 0: the config's */
	uint32_t flags;			/* 0 */
};

#ifdef __cplusplus
}
#endif
#endif
