/* SPDX-License-Identifier: ISC */
/*
 * net.h - connections: what the rest of the core sees of them
 *
 * Listeners accept, parkers (epoll, one-shot) hold idle sessions, workers run
 * the protocol plugin's steps.  This header starts and stops all that and
 * says what a session is to the rooms on the right; the plugin's side of a
 * session is the service ms.session/1.
 */
#ifndef CORE_NET_NET_H
#define CORE_NET_NET_H

#include <stdbool.h>

#include <mansio/protocol.h>

#include "base/scope.h"
#include "config/address.h"

struct tls_store;		/* tls.h: a certificate and key, re-read on change */
struct ms_exchange;

struct net_options {
	unsigned workers;		/* threads that run steps; 0: 4 a core */
	unsigned at_work;	/* of them; 0: one a processor, two at least */
	unsigned parkers;		/* 0: 1 */
	uint32_t max_connections;	/* in all */
	uint32_t per_client;		/* per address (IPv6: per /64) */
	int64_t  grace_us;		/* net_stop() waits so long for sessions */
	const struct ms_host *host;	/* for scopes */
	/* hand_over(): who logged in by this exchange; len 0: it has not ended
	   well.  Set by the auth room.  The view lives as long as the exchange. */
	struct ms_str (*account_of)(struct ms_exchange *);
};

/* "client.address" as it stands in facts: to 16 octets; false: not an address. */
bool net_address_parse(struct ms_str text, uint8_t out[16]);

enum { NET_TLS_NONE = 0, NET_TLS_STARTTLS, NET_TLS_REQUIRED };

/* One protocol section of the config; everything is lent until net_stop(). */
struct net_listener {
	const char *title;		/* fact "listener" */
	const char *const *addresses;	/* "*:465 tls", "[::1]:25", "127.0.0.1:0",
					   "unix:/path"; NULL at the end */
	const struct ms_protocol *protocol;
	struct ms_instance *self;
	const struct ms_host *host;	/* the instance's */
	struct ms_str pipeline;		/* name, "" none; for the pipeline room */
	void *pipeline_data;		/* the pipeline room's own */
	struct tls_store *tls;		/* NULL: no TLS at all */
	uint32_t tls_mode;		/* for plain addresses: NET_TLS_... */
	const struct network *proxy_from;
	size_t   n_proxy_from;
	uint32_t max_connections, per_client;	/* 0: the server's */
	const struct ms_field *facts;	/* constant ones for each session:
					   server.hostname ...; besides them
					   stand listener, tls.offered (yes,
					   no) and tls.required (yes) */
	size_t   n_facts;
};

ms_status net_start(const struct net_options *options, struct ms_error *err);
/* Binds and listens, but accepts nothing yet; an error names the address. */
ms_status net_add_listener(const struct net_listener *listener,
    struct ms_error *err);
/* Begins accepting on all listeners added so far. */
void net_accept(void);
/* No new connections; sessions are retired (421, BYE), cut after the grace. */
void net_stop(void);
/* The port that the listener's n-th address is bound to (from 0), as "...:0"
   leaves the choice to the system; 0: none. */
uint16_t net_port_of(const struct net_listener *listener, size_t n);
/* Connections now open, for status. */
uint32_t net_connections(void);

/* ---- a session, for the rooms on the right ---- */
const struct ms_scope *session_scope(const struct ms_session *s);
struct ms_facts *session_facts(struct ms_session *s);
const struct net_listener *session_listener(const struct ms_session *s);
/* "" before the login. */
struct ms_str session_account(const struct ms_session *s);
bool session_has_tls(const struct ms_session *s);
/* One slot for the pipeline room: filters' states.  free_extra is called when
   the session ends. */
void *session_extra(const struct ms_session *s);
void session_set_extra(struct ms_session *s, void *extra,
    void (*free_extra)(void *));
/* For auth: RFC 9266 tls-exporter or RFC 5929 tls-server-end-point. */
ms_status session_channel_binding(struct ms_session *s, struct ms_str type,
    struct ms_str *binding_out, struct ms_error *err);

/* Service ms.session/1. */
extern const struct ms_session_api session_service;

#endif
