/* SPDX-License-Identifier: ISC */
/*
 * proxy.h - the PROXY header: who is really behind a connection
 *
 * Versions 1 (a line) and 2 (binary) of the protocol that load balancers
 * speak in front of the actual one.  Only peers that the config trusts are
 * asked for it, and they must send it.  Pure.
 */
#ifndef CORE_NET_PROXY_H
#define CORE_NET_PROXY_H

#include <stdbool.h>

#include <mansio/base.h>

#define PROXY_MAX_V1	107	/* octets with the CRLF, as the text says */
#define PROXY_MAX_V2	(16 + 2048)	/* with fields of its own behind the addresses */

struct proxy_header {
	bool     has_client;		/* false: LOCAL, UNKNOWN: as it came */
	uint8_t  client[16];
	uint16_t client_port;
	size_t   octets;		/* of the header */
};

enum { PROXY_MORE, PROXY_WHOLE, PROXY_BAD };

int proxy_parse(struct ms_str input, struct proxy_header *out);

/* How many of the octets that come next belong to the header for sure, given
   n that have come and `seen` (peeked) ones that follow; 0: none, it is no
   header. */
size_t proxy_more(const char *come, size_t n, const char *seen, size_t n_seen);

#endif
