/* SPDX-License-Identifier: ISC */
/* handshake.c - see handshake.h */
#include "net/handshake.h"

#include <sys/socket.h>

#include <mansio/error.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/op.h"
#include "net/endpoint.h"
#include "net/listener.h"
#include "net/net_internal.h"
#include "net/tls_session.h"
#include "net/worker.h"

static void
tell_failure(struct ms_session *s, const char *why)
{
	char who[ENDPOINT_TEXT] = "a local program";

	if (!s->door->local)
		endpoint_print(s->peer, who);
	log_printf(&s->scope.pub, MS_LOG_INFO,
	    "%s: TLS with %s failed: %s", s->door->section->pub.title, who, why);
}

static bool
is_waited_for(const struct ms_session *s, const struct ms_op *op)
{
	if (s->wait.what & MS_WAIT_OP)
		for (uint32_t i = 0; i < s->wait.n_ops; i++)
			if (s->wait.ops[i] == op)
				return true;
	return false;
}

/* The plugin hears of it by its op and may say a last word, if that can
   still be said in clear. */
static enum turn
fail(struct ms_session *s, const char *why, bool had_begun)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_op *op = s->tls_op;

	tell_failure(s, why);
	output_drop(s);
	if (op == NULL) {
		session_end(s);
		return TURN_ON;
	}
	(void)ms_error_set(&err, MS_PERMFAIL, "5.7.0", "TLS failed: %s", why);
	s->tls_op = NULL;
	s->tls_starting = false;
	s->tls_failed = had_begun;
	s->ending = true;
	s->phase = PHASE_LIVE;
	if (!is_waited_for(s, op))
		session_end(s);
	op_finish(op, MS_PERMFAIL, &err);
	return TURN_ON;
}

enum turn
handshake_first(struct ms_session *s)
{
	struct ms_error err = MS_ERROR_INIT;

	if (tls_new(s, net_session_store(s), &s->tls, &err) != MS_OK)
		return fail(s, err.text, false);
	s->phase = PHASE_HANDSHAKE;
	s->wait_until_us = clock_steady_us() + NET_HANDSHAKE_US;
	return TURN_ON;
}

/* CVE-2011-0411: what came in clear must not be taken for what came by TLS.
   The peer cannot know yet that TLS may begin, so any octet is too early. */
static bool
came_too_early(const struct ms_session *s)
{
	const struct worker *w = s->worker;
	char octet;

	return w->in_start != w->in_end ||
	    recv(s->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

enum turn
handshake_begin(struct ms_session *s)
{
	enum sent sent;

	if (came_too_early(s)) {
		s->worker->in_start = s->worker->in_end = 0;
		return fail(s, "the client sent commands before TLS", false);
	}
	sent = output_flush(s);
	if (sent == SENT_FAILED)
		return fail(s, "the connection is lost", true);
	if (sent != SENT_ALL) {
		if (clock_steady_us() >= session_deadline(s))
			return fail(s, "the peer takes no output", true);
		return sent == SENT_SOME ? TURN_PARK : TURN_YIELD;
	}
	s->tls_starting = false;
	s->tls = s->tls_next;
	s->tls_next = NULL;
	s->phase = PHASE_STARTTLS;
	s->wait_until_us = clock_steady_us() + NET_HANDSHAKE_US;
	return TURN_ON;
}

static enum turn
done(struct ms_session *s)
{
	struct ms_op *op = s->tls_op;

	tls_set_facts(s->tls, s->facts);
	s->socket_dry = false;
	if (op == NULL) {
		s->phase = PHASE_OPEN;
		return TURN_ON;
	}
	s->tls_op = NULL;
	s->phase = PHASE_LIVE;
	op_finish(op, MS_OK, NULL);
	return TURN_ON;
}

enum turn
handshake_turn(struct ms_session *s)
{
	struct ms_error err = MS_ERROR_INIT;
	int how = tls_handshake(s->tls, &err);

	if (how == TLS_DONE)
		return done(s);
	if (how == TLS_FAILED)
		return fail(s, err.text, true);
	if (clock_steady_us() >= session_deadline(s))
		return fail(s, "the handshake took too long", true);
	s->io_wants = (uint8_t)how;
	return TURN_PARK;
}
