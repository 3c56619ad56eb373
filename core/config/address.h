/* SPDX-License-Identifier: ISC */
/*
 * address.h - addresses in a config: where to listen, and networks
 *
 * "*:25", "192.0.2.1:25", "[2001:db8::1]:465 tls", "unix:/run/x.sock", and
 * "10.0.0.0/8", "2001:db8::/32", "192.0.2.1".  Numeric alone: nothing is
 * looked up while a configuration is read.
 */
#ifndef CORE_CONFIG_LISTEN_H
#define CORE_CONFIG_LISTEN_H

#include <stdbool.h>

#include <mansio/base.h>

enum {
	LISTEN_ANY = 1,	/* "*": IPv6 and IPv4, all addresses */
	LISTEN_IPV4,
	LISTEN_IPV6,
	LISTEN_UNIX
};

struct listen_address {
	uint32_t      kind;	/* LISTEN_... */
	bool          tls;	/* TLS from the first octet */
	uint16_t      port;	/* host order; 0: the kernel chooses */
	uint8_t       octets[16];	/* 4 or 16 of them, network order */
	struct ms_str path;	/* of the text that was parsed; UNIX alone */
};

/* NULL, or what is wrong, as the end of a sentence. */
const char *listen_address_parse(struct ms_str text, struct listen_address *address_out);
/* Would the kernel refuse to bind the second? */
bool listen_address_clashes(const struct listen_address *a, const struct listen_address *b);

struct network {
	uint32_t family;	/* 4 or 6 */
	uint32_t bits;
	uint8_t  octets[16];	/* beyond bits: zero */
};

const char *network_parse(struct ms_str text, struct network *network_out);
/* address: 4 or 16 octets by family.  An IPv4 address mapped into IPv6 is
   looked at as IPv4. */
bool network_contains(const struct network *network, uint32_t family,
    const uint8_t *address);

#endif
