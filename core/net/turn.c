/* SPDX-License-Identifier: ISC */
/*
 * turn.c - what a session does next
 *
 * A worker that has a session calls session_turn() until there is nothing to
 * do, then parks it.  Each turn sees what has come of what is waited for,
 * runs at most one step, reads at most once.  Answers gather while there is
 * input at hand (RFC 2920: one segment for a group) and are sent before
 * anything is waited for.  While more output waits than the mark says no
 * further input is taken: a peer that sends without reading holds up itself.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <mansio/arena.h>
#include <mansio/error.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/op.h"
#include "net/handshake.h"
#include "net/listener.h"
#include "net/net_internal.h"
#include "net/session.h"
#include "net/slot.h"
#include "net/start.h"
#include "net/stream.h"
#include "net/watch.h"
#include "net/worker.h"

#define INPUT_WAITS	(MS_WAIT_LINE | MS_WAIT_BYTES | MS_WAIT_BODY)
#define OUTPUT_PROGRESS	4096	/* octets that count as the peer reading */
#define LINGER_OCTETS	(256 * 1024)

static bool
wants_input(const struct ms_session *s)
{
	return (s->wait.what & INPUT_WAITS) != 0 &&
	    s->out.octets <= NET_OUTPUT_MARK;
}

/* ---- input at hand ---- */

static bool
take_body(struct ms_session *s, struct ms_came *came)
{
	struct worker *w = s->worker;
	size_t used;
	int how = body_take(s->body, w->in + w->in_start,
	    w->in_end - w->in_start, &used);

	w->in_start += used;
	if (how == BODY_MORE && s->came_closed &&
	    s->body->scan.framing == MS_BODY_CLOSE) {
		body_scan_end(&s->body->scan);
		s->body->done = true;
		how = BODY_END;
	}
	if (how == BODY_MORE && body_is_flood(s->body)) {
		log_printf(&s->scope.pub, MS_LOG_INFO,
		    "cut: a body of far more than %llu octets",
		    (unsigned long long)s->body->max);
		session_cut(s);
		return false;
	}
	if (how == BODY_MORE)
		return false;
	body_came(s->body, how, came);
	return true;
}

static bool
take_bytes(struct ms_session *s, struct ms_came *came)
{
	struct worker *w = s->worker;
	size_t has = w->in_end - w->in_start;
	size_t n = (size_t)s->wait.count;

	if (n == 0)
		n = has < NET_BYTES_MAX ? has : NET_BYTES_MAX;
	if (n == 0 || has < n)
		return false;
	came->what = MS_CAME_BYTES;
	came->input = ms_str_of(w->in + w->in_start, n);
	came->flags |= octets_flags(came->input.data, n);
	w->in_start += n;
	return true;
}

static bool
take_line(struct ms_session *s, struct ms_came *came)
{
	struct worker *w = s->worker;
	size_t n = w->in_end - w->in_start, used;
	uint32_t flags;
	int how;

	if (n == 0)
		return false;
	how = line_take(w->in + w->in_start, &n, s->wait.line_max, &s->eaten,
	    &came->input, &used, &flags);
	w->in_end = w->in_start + n;
	if (how == LINE_MORE)
		return false;
	w->in_start += used;
	came->what = MS_CAME_LINE;
	came->flags |= flags;
	if (how == LINE_FLOOD)
		s->ending = true;
	return true;
}

static bool
take_input(struct ms_session *s, struct ms_came *came)
{
	bool took;

	if (s->wait.what & MS_WAIT_BODY)
		took = take_body(s, came);
	else if (s->wait.what & MS_WAIT_BYTES)
		took = take_bytes(s, came);
	else
		took = take_line(s, came);
	if (took && s->pipelined)
		came->flags |= MS_CAME_MORE;
	return took;
}

/* Reads once.  False: nothing has come. */
static bool
read_input(struct ms_session *s)
{
	struct worker *w = s->worker;
	ssize_t n;

	if (w->in_start == w->in_end)
		w->in_start = w->in_end = 0;
	if (WORKER_INPUT - w->in_end < WORKER_ROOM) {
		memmove(w->in, w->in + w->in_start, w->in_end - w->in_start);
		w->in_end -= w->in_start;
		w->in_start = 0;
	}
	n = stream_read(s, w->in + w->in_end, WORKER_INPUT - w->in_end);
	if (n == STREAM_AGAIN) {
		s->socket_dry = true;
		return false;
	}
	if (n <= 0) {
		s->came_closed = true;
		if (n == STREAM_BROKEN)
			s->broken = true;
		return true;
	}
	/* A short read has emptied a clear socket; of TLS it is a record. */
	s->socket_dry = s->tls == NULL && (size_t)n < WORKER_INPUT - w->in_end;
	w->in_end += (size_t)n;
	s->pipelined = false;
	return true;
}

/* ---- output ---- */

static enum sent
flush(struct ms_session *s)
{
	uint64_t before = s->worker->octets_out;
	int64_t now;
	enum sent sent;

	if (s->out.first == NULL) {
		s->output_until_us = 0;
		return SENT_ALL;
	}
	sent = output_flush(s);
	if (sent == SENT_FAILED) {
		s->broken = true;
		output_drop(s);
	}
	if (s->out.first == NULL) {
		s->output_until_us = 0;
		return sent;
	}
	now = clock_steady_us();
	if (s->output_until_us == 0 ||
	    s->worker->octets_out - before >= OUTPUT_PROGRESS)
		s->output_until_us = now + NET_OUTPUT_US;
	return sent;
}

/* A socket that we do not read woke us: it hung up altogether. */
static void
look_for_hangup(struct ms_session *s)
{
	struct pollfd p = { .fd = s->fd };

	if (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR))) {
		s->broken = true;
		output_drop(s);
	}
}

/* ---- what has come ---- */

static bool
op_came(struct ms_session *s, struct ms_came *came)
{
	for (uint32_t i = 0; i < s->wait.n_ops; i++) {
		struct ms_op *op = s->wait.ops[i];

		if (op == NULL || !op_is_done(op))
			continue;
		came->what = MS_CAME_OP;
		came->op = op;
		came->status = op_status(op);
		came->error = op_error(op);
		return true;
	}
	return false;
}

static bool
event_came(struct ms_session *s, struct ms_came *came)
{
	if (!watch_next(s, s->worker->arena, &came->input))
		return false;
	came->what = MS_CAME_EVENT;
	return true;
}

static enum turn
step(struct ms_session *s, struct ms_came *came)
{
	life_step(s, came);
	return TURN_ON;
}

static enum turn
tell_closed(struct ms_session *s)
{
	struct ms_came came = { .size = sizeof(came), .what = MS_CAME_CLOSED };

	s->ending = true;
	return step(s, &came);
}

/* Retiring may not lose input, nor cut into a command. */
static bool
is_quiet(const struct ms_session *s)
{
	return (s->wait.what & (MS_WAIT_LINE | MS_WAIT_BYTES)) != 0 &&
	    s->worker->in_start == s->worker->in_end && s->eaten == 0;
}

static enum turn
time_up(struct ms_session *s)
{
	struct ms_came came = { .size = sizeof(came), .what = MS_CAME_TIMEOUT };
	int64_t now = clock_steady_us();

	if (s->end_at_us > 0 && now >= s->end_at_us) {
		session_cut(s);
		return TURN_ON;
	}
	if (s->output_until_us > 0 && now >= s->output_until_us) {
		log_printf(&s->scope.pub, MS_LOG_INFO,
		    "cut: the peer takes no output");
		session_cut(s);
		return TURN_ON;
	}
	if (now >= s->wait_until_us) {
		bool stuck = (s->wait.what & MS_WAIT_OUTPUT) != 0;

		(void)step(s, &came);
		/* Who took no output in the protocol's time gets no more. */
		if (stuck && s->phase == PHASE_DRAIN)
			session_cut(s);
		return TURN_ON;
	}
	return TURN_PARK;
}

static enum turn
turn_live(struct ms_session *s)
{
	struct ms_came came = { .size = sizeof(came) };
	bool held_up = !wants_input(s);
	enum sent sent;
	enum turn turn;

	if (s->broken && !s->ending)
		return tell_closed(s);
	if (s->tls_starting)
		return handshake_begin(s);
	if ((s->wait.what & MS_WAIT_EVENT) && event_came(s, &came))
		return step(s, &came);
	if ((s->wait.what & MS_WAIT_OP) && op_came(s, &came))
		return step(s, &came);
	if (wants_input(s) && take_input(s, &came))
		return step(s, &came);
	if (s->phase != PHASE_LIVE)
		return TURN_ON;
	sent = flush(s);
	if (sent == SENT_FAILED)
		return TURN_ON;
	if (sent == SENT_ENOUGH)
		return TURN_YIELD;
	if (held_up && wants_input(s))
		return TURN_ON;		/* there may be input at hand */
	if ((s->wait.what & MS_WAIT_OUTPUT) && s->out.octets <= NET_LOW_MARK) {
		came.what = MS_CAME_OUTPUT;
		return step(s, &came);
	}
	if (s->retire && is_quiet(s)) {
		life_retire(s);
		return TURN_ON;
	}
	if (wants_input(s) && s->came_closed)
		return tell_closed(s);
	/* The deadline is for the whole, so it comes before the next octet. */
	turn = time_up(s);
	if (turn != TURN_PARK)
		return turn;
	if (wants_input(s) && !s->socket_dry && read_input(s))
		return TURN_ON;
	return TURN_PARK;
}

/* ---- the end ---- */

static enum turn
turn_drain(struct ms_session *s)
{
	enum sent sent = s->broken ? SENT_FAILED : flush(s);

	if (sent == SENT_ENOUGH)
		return TURN_YIELD;
	if (sent == SENT_SOME) {
		int64_t now = clock_steady_us();

		return now >= s->output_until_us ||
		    (s->end_at_us > 0 && now >= s->end_at_us) ? TURN_END :
		    TURN_PARK;
	}
	if (sent == SENT_FAILED)
		return TURN_END;
	/* The protocol's last word is said; its state goes now. */
	life_close(s);
	stream_shut(s);
	s->phase = PHASE_LINGER;
	s->end_at_us = clock_steady_us() + NET_LINGER_US;
	s->eaten = 0;
	return TURN_ON;
}

/* Closing a socket with unread input resets the connection, and the peer may
   never see our last reply. */
static enum turn
turn_linger(struct ms_session *s)
{
	struct worker *w = s->worker;
	ssize_t n;

	if (s->broken || s->came_closed || clock_steady_us() >= s->end_at_us)
		return TURN_END;
	w->in_start = w->in_end = 0;
	n = recv(s->fd, w->in, WORKER_INPUT, MSG_DONTWAIT);
	if (n == 0 || s->eaten > LINGER_OCTETS)
		return TURN_END;
	if (n < 0)
		return s->lingers && errno == EAGAIN ? TURN_PARK : TURN_END;
	s->lingers = true;
	s->eaten += (uint32_t)n;
	return TURN_ON;
}

enum turn
session_turn(struct ms_session *s)
{
	uint32_t reasons = slot_reasons(s->handle);

	if (reasons & WAKE_KILL)
		return TURN_END;
	if (reasons & WAKE_RETIRE)
		s->retire = true;
	if (reasons & WAKE_READY) {
		s->socket_dry = false;
		if (s->phase == PHASE_LIVE && !wants_input(s) &&
		    s->out.first == NULL)
			look_for_hangup(s);
	}
	if (s->retire && s->phase < PHASE_LIVE)
		return TURN_END;
	switch (s->phase) {
	case PHASE_START:
		return session_begin(s);
	case PHASE_PROXY:
		return session_proxy(s);
	case PHASE_HANDSHAKE:
	case PHASE_STARTTLS:
		return handshake_turn(s);
	case PHASE_OPEN:
		session_greet(s);
		return TURN_ON;
	case PHASE_LIVE:
		return turn_live(s);
	case PHASE_DRAIN:
		return turn_drain(s);
	default:
		return turn_linger(s);
	}
}
