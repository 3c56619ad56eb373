/* SPDX-License-Identifier: ISC */
/*
 * endpoint.h - the addresses of the config, and those of peers
 *
 * "*:465 tls", "[::1]:25", "127.0.0.1:0", "unix:/path".  Numeric only: what
 * a server listens on must not depend on the DNS.
 */
#ifndef CORE_NET_ENDPOINT_H
#define CORE_NET_ENDPOINT_H

#include <stdbool.h>
#include <sys/socket.h>

#include <mansio/base.h>

struct endpoint {
	struct sockaddr_storage address;
	uint16_t port;
	bool     any;			/* "*": IPv6 and IPv4 */
	bool     tls;
	char     path[256];		/* of a Unix socket; "" none */
};

ms_status endpoint_parse(struct ms_str text, struct endpoint *out,
    struct ms_error *err);
void endpoint_any_ipv4(struct sockaddr_storage *out, uint16_t port);
uint16_t endpoint_port(const struct sockaddr_storage *a);
/* As 128 bits, IPv4 mapped; false: neither IPv4 nor IPv6. */
bool endpoint_octets(const struct sockaddr_storage *a, uint8_t out[16]);

#define ENDPOINT_TEXT 48
/* "192.0.2.1", "2001:db8::1": mapped addresses are shown as IPv4. */
void endpoint_print(const uint8_t address[16], char out[ENDPOINT_TEXT]);
bool endpoint_is_ipv4(const uint8_t address[16]);

#endif
