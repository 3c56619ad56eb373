/* SPDX-License-Identifier: ISC */
/* start.c - see start.h */
#include "net/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <mansio/error.h>

#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "net/endpoint.h"
#include "net/handshake.h"
#include "net/limits.h"
#include "net/listener.h"
#include "net/net_internal.h"
#include "net/proxy.h"
#include "net/worker.h"

static void
set_client_facts(struct ms_session *s)
{
	char text[ENDPOINT_TEXT] = "", port[8];

	if (s->door->local && s->peer_port == 0) {
		struct ucred who;
		socklen_t len = sizeof(who);

		facts_set_c(s->facts, "client.address", "");
		snprintf(text, sizeof(text), "unknown");
		if (getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
			snprintf(text, sizeof(text), "%u", (unsigned)who.uid);
		facts_set_c(s->facts, "client.unix", text);
		return;
	}
	endpoint_print(s->peer, text);
	snprintf(port, sizeof(port), "%u", s->peer_port);
	facts_set_c(s->facts, "client.address", text);
	facts_set_c(s->facts, "client.port", port);
}

/* Within the limits, or over one and told so. */
static bool
admit(struct ms_session *s)
{
	struct section *section = s->door->section;
	char who[ENDPOINT_TEXT] = "a local program";

	if (!s->door->local) {
		endpoint_print(s->peer, who);
		if (!s->over) {
			s->client = clients_enter(section, s->peer);
			s->over = s->client == NULL;
		}
	}
	if (!s->over)
		return true;
	limits_tell(&s->scope.pub, section, who);
	if (!s->counted_over) {
		if (!limits_become_over(section))
			return false;
		s->counted_over = true;
	}
	facts_set_c(s->facts, "client.over", "limit");
	s->end_at_us = clock_steady_us() + LIMITS_OVER_US;
	return true;
}

/* The peer's address is known. */
static enum turn
welcome(struct ms_session *s)
{
	if (!admit(s))
		return TURN_END;
	set_client_facts(s);
	if (log_wants(MS_LOG_DEBUG)) {
		char text[ENDPOINT_TEXT];

		endpoint_print(s->peer, text);
		log_printf(&s->scope.pub, MS_LOG_DEBUG, "%s: connected from %s",
		    s->door->section->pub.title,
		    s->door->local ? s->door->address : text);
	}
	if (s->door->tls)
		return handshake_first(s);
	s->phase = PHASE_OPEN;
	return TURN_ON;
}

static bool
is_proxy(const struct ms_session *s)
{
	const struct net_listener *pub = &s->door->section->pub;

	for (size_t i = 0; i < pub->n_proxy_from; i++)
		if (network_contains(&pub->proxy_from[i], 6, s->peer))
			return true;
	return false;
}

enum turn
session_begin(struct ms_session *s)
{
	if (net_is_stopping())
		return TURN_END;
	if (!s->door->local && is_proxy(s)) {
		s->phase = PHASE_PROXY;
		s->wait_until_us = clock_steady_us() + NET_PROXY_US;
		return TURN_ON;
	}
	return welcome(s);
}

/* Reads so much as surely belongs to the header, and no octet more: what
   follows may be TLS.  1: some came, 0: none yet, -1: never. */
static int
read_header(struct ms_session *s)
{
	struct worker *w = s->worker;
	char peeked[PROXY_MAX_V1];
	size_t has = w->in_end - w->in_start, n;
	ssize_t got;

	n = proxy_more(w->in + w->in_start, has, NULL, 0);
	if (n == 0)
		return -1;
	if (n > sizeof(peeked))
		n = sizeof(peeked);
	got = recv(s->fd, peeked, n, MSG_PEEK | MSG_DONTWAIT);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
	n = proxy_more(w->in + w->in_start, has, peeked, (size_t)got);
	if (n > (size_t)got)
		n = (size_t)got;
	if (n == 0 || recv(s->fd, w->in + w->in_end, n, MSG_DONTWAIT) !=
	    (ssize_t)n)
		return -1;
	w->in_end += n;
	return 1;
}

enum turn
session_proxy(struct ms_session *s)
{
	struct worker *w = s->worker;
	struct ms_str has = ms_str_of(w->in + w->in_start,
	    w->in_end - w->in_start);
	struct proxy_header header;
	int came;

	switch (proxy_parse(has, &header)) {
	case PROXY_WHOLE:
		w->in_start = w->in_end = 0;
		if (header.has_client) {
			char proxy[ENDPOINT_TEXT];

			endpoint_print(s->peer, proxy);
			facts_set_c(s->facts, "client.proxy", proxy);
			memcpy(s->peer, header.client, sizeof(s->peer));
			s->peer_port = header.client_port;
		}
		return welcome(s);
	case PROXY_BAD:
		came = -1;
		break;
	default:
		came = read_header(s);
	}
	if (came > 0)
		return TURN_ON;
	if (came == 0 && clock_steady_us() < s->wait_until_us)
		return TURN_PARK;
	log_printf(&s->scope.pub, MS_LOG_WARNING,
	    "%s: no good PROXY header came from a proxy",
	    s->door->section->pub.title);
	return TURN_END;
}

/* How much a peer said that should have waited for the greeting. */
static void
note_early(struct ms_session *s)
{
	char octets[512], text[24];
	ssize_t n;

	if (s->tls != NULL)
		return;
	n = recv(s->fd, octets, sizeof(octets), MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return;
	snprintf(text, sizeof(text), "%zd", n);
	facts_set_c(s->facts, "client.early", text);
}

void
session_greet(struct ms_session *s)
{
	note_early(s);
	life_open(s);
}
