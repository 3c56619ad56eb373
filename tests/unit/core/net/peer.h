/* SPDX-License-Identifier: ISC */
/*
 * peer.h - a server of the echo protocol, and clients of it
 */
#ifndef TEST_NET_PEER_H
#define TEST_NET_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "echo.h"
#include "net/net.h"
#include "net/tls.h"

struct server {
	struct ms_instance  self;
	struct net_options  options;	/* preset by server_init() */
	struct net_listener listener;
	const char         *addresses[4];
	struct tls_store   *tls;
	char                folder[64];	/* of the certificate; "" none */
};

void server_init(struct server *v);
/* Makes a certificate; to be called before server_start(). */
/* clients: as in tls.h, whether they have to show a certificate. */
void server_use_tls(struct server *v, bool implicit, uint32_t clients);
void server_start(struct server *v);
void server_stop(struct server *v);

struct peer {
	int    fd;
	void  *tls;		/* gnutls_session_t */
	void  *credentials;
	char   buffer[4096];
	size_t start, end;
};

void peer_connect(struct peer *p, struct server *v);
void peer_close(struct peer *p);
void peer_send(struct peer *p, const char *text);
void peer_send_octets(struct peer *p, const void *octets, size_t n);
/* The next line without its CRLF, at most 5 s; "(closed)", "(nothing)". */
const char *peer_line(struct peer *p);
/* Reads and drops so many octets; false: they did not come. */
bool peer_skip(struct peer *p, size_t n);
/* Handshake as the client; alpn may be NULL.  0 or GnuTLS's error; -1000 and
   further down: the alert that the server sent. */
int peer_start_tls(struct peer *p, const char *alpn);
/* The same with a certificate of the client's: that of the server itself. */
int peer_start_tls_as(struct peer *p, struct server *v);
/* Nothing comes for so long. */
bool peer_is_silent(struct peer *p, int ms);

#endif
