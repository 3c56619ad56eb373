/* SPDX-License-Identifier: ISC */
/*
 * facts.h - what is known, by name: peer, TLS, login, results of stages
 *
 * One mechanism carries everything that one part learns and another wants to
 * read.  A connection has facts; a message has its own and sees those of the
 * connection it came by; a recipient has its own and sees the message's.
 * A stage declares the names it needs and gives (filter.h); the core orders
 * stages by them and lets a stage see no fact that it did not declare, so
 * that what one stage knows never depends on which of its neighbours was
 * faster.
 *
 * Well-known names (values are text; numbers are decimal):
 *	client.address client.port client.name (confirmed PTR, RFC 8601 3.)
 *	client.helo client.protocol (RFC 3848: ESMTPSA...) listener
 *	client.early (octets sent before the greeting)
 *	client.over (not "": past a limit of connections; say so and end)
 *	tls.version tls.cipher tls.sni tls.alpn tls.client.subject
 *	tls.client.verified (pass, fail, none)
 *	tls.offered ("no": start_tls() can't work on this listener)
 *	server.hostname (our own name)
 *	auth.user auth.account auth.mechanism
 *	auth.senders (addresses the account may use, blank between them;
 *	"@example.org": all of a domain)
 *	spf.result spf.domain dkim.results dmarc.result dmarc.policy arc.result
 *	score.<stage> score.total virus.name junk.reasons
 *	delivery.folder delivery.flags (what a stage suggests to `local`)
 */
#ifndef MANSIO_FACTS_H
#define MANSIO_FACTS_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_FACTS_ID "ms.facts/1"
struct ms_facts_api {
	uint32_t size;
	/* [any] The value, lent until its owner ends or it is set anew; data
	   NULL when unknown, len 0 when known to be empty. */
	struct ms_str (*get)(const struct ms_facts *, struct ms_str name);
	/* [worker] Copies.  Within a filter call it takes effect as an edit
	   (message.h).  MS_DENIED: not declared as given. */
	ms_status (*set)(struct ms_facts *, struct ms_str name,
	    struct ms_str value, struct ms_error *);
	/* [any] The i-th known fact whose name begins so; 0 past the last. */
	uint32_t (*at)(const struct ms_facts *, struct ms_str prefix, uint32_t i,
	    struct ms_field *field_out);
};

#ifdef __cplusplus
}
#endif
#endif
