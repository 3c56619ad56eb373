/* SPDX-License-Identifier: ISC */
/*
 * resolver.h - DNS questions, with the DNSSEC status of each answer
 *
 * Answers are validated in the worker `resolve` (libunbound) and cached there
 * for all.  CNAMEs are followed and counted.  A scope that belongs to a message
 * notes question and answer in its trace; `mansio explain` shows them.
 */
#ifndef MANSIO_RESOLVER_H
#define MANSIO_RESOLVER_H

#include <mansio/op.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {	/* types in use; any number of the registry works */
	MS_DNS_A = 1, MS_DNS_CNAME = 5, MS_DNS_PTR = 12, MS_DNS_MX = 15,
	MS_DNS_TXT = 16, MS_DNS_AAAA = 28, MS_DNS_SRV = 33, MS_DNS_TLSA = 52
};

enum {	/* RFC 4035 4.3 */
	MS_DNSSEC_SECURE = 1, MS_DNSSEC_INSECURE, MS_DNSSEC_BOGUS,
	MS_DNSSEC_INDETERMINATE
};

/* One resource record: text for people and parsers, octets for the rest. */
struct ms_rr {
	uint32_t      size;
	uint16_t      type, preference;	/* MX, SRV */
	uint16_t      weight, port;	/* SRV */
	uint32_t      ttl;		/* seconds */
	struct ms_str name;	/* MX, SRV, CNAME, PTR: lower case, no final dot;
				   "." null MX (RFC 7505) */
	struct ms_str text;	/* A, AAAA: the address.  TXT: strings joined */
	struct ms_str rdata;	/* as on the wire, names uncompressed */
};

struct ms_answer {
	uint32_t      size;
	uint32_t      dnssec;	/* MS_DNSSEC_... */
	uint32_t      rcode;	/* RFC 1035 4.1.1: 0, 2 SERVFAIL, 3 NXDOMAIN */
	uint32_t      n;
	const struct ms_rr *const *records;	/* MX by preference, shuffled within */
	struct ms_str canonical;	/* at the end of the CNAMEs */
	uint32_t      aliases;	/* CNAMEs followed */
	uint32_t      flags;	/* 0 */
};

#define MS_RESOLVER_ID "ms.resolver/1"
struct ms_resolver {
	uint32_t size;
	/* [any] The op ends with MS_OK (records), MS_NOTFOUND (no such name or
	   no such type: answer() tells which), MS_TEMPFAIL (SERVFAIL, timeout,
	   bogus). */
	struct ms_op *(*ask)(const struct ms_scope *, struct ms_str name,
	    uint16_t type);
	/* [any] After it ended.  Lives as long as the op. */
	const struct ms_answer *(*answer)(const struct ms_op *);
};

#ifdef __cplusplus
}
#endif
#endif
