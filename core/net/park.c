/* SPDX-License-Identifier: ISC */
/* park.c - a session between two workers: what is kept, what wakes it */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <mansio/arena.h>

#include "base/clock.h"
#include "base/op.h"
#include "net/parker.h"
#include "net/session.h"
#include "net/slot.h"
#include "net/tls_session.h"
#include "net/worker.h"

#define INPUT_WAITS	(MS_WAIT_LINE | MS_WAIT_BYTES | MS_WAIT_BODY)
#define KEPT_ROUND	256u	/* unread input is kept in steps of so many octets */

static void
keep_input(struct ms_session *s)
{
	struct worker *w = s->worker;
	size_t n = w->in_end - w->in_start;

	s->in_octets = (uint32_t)n;
	if (n == 0) {
		free(s->in);
		s->in = NULL;
		s->in_cap = 0;
	} else {
		if (n > s->in_cap) {
			/* Room for the double: a slow literal is not copied
			   to a new block with each octet. */
			uint32_t cap = (uint32_t)(2 * n + KEPT_ROUND - 1) &
			    ~(KEPT_ROUND - 1);

			free(s->in);
			s->in = malloc(cap);
			if (s->in == NULL)
				abort();
			s->in_cap = cap;
		}
		memcpy(s->in, w->in + w->in_start, n);
	}
	w->in_start = w->in_end = 0;
}

static void
restore_input(struct ms_session *s)
{
	struct worker *w = s->worker;

	w->in_start = 0;
	w->in_end = s->in_octets;
	if (s->in_octets > 0)
		memcpy(w->in, s->in, s->in_octets);
	s->in_octets = 0;
}

static void
op_done(void *arg)
{
	const struct ms_session *s = arg;

	workers_wake(s->handle, WAKE_OP);
}

static void
unwatch_ops(struct ms_session *s, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (s->wait.ops[i] != NULL)
			op_unwatch(s->wait.ops[i]);
	s->ops_watched = false;
}

/* False: one has ended already. */
static bool
watch_ops(struct ms_session *s)
{
	if (s->phase != PHASE_LIVE || !(s->wait.what & MS_WAIT_OP))
		return true;
	for (uint32_t i = 0; i < s->wait.n_ops; i++) {
		if (s->wait.ops[i] == NULL ||
		    op_watch(s->wait.ops[i], op_done, s))
			continue;
		unwatch_ops(s, i);
		return false;
	}
	s->ops_watched = true;
	return true;
}

static uint32_t
socket_events(const struct ms_session *s)
{
	uint32_t events = 0;

	switch (s->phase) {
	case PHASE_HANDSHAKE:
	case PHASE_STARTTLS:
		return s->io_wants == TLS_WANTS_WRITE ? EPOLLOUT : EPOLLIN;
	case PHASE_DRAIN:
		return EPOLLOUT;
	case PHASE_LIVE:
		if (s->out.first != NULL)
			events |= EPOLLOUT;
		if ((s->wait.what & INPUT_WAITS) && !s->came_closed &&
		    s->out.octets <= NET_OUTPUT_MARK)
			events |= EPOLLIN;
		return events;
	default:
		return EPOLLIN;
	}
}

int64_t
session_deadline(const struct ms_session *s)
{
	int64_t due = s->phase == PHASE_DRAIN || s->phase == PHASE_LINGER ?
	    INT64_MAX : s->wait_until_us;

	if (s->output_until_us > 0 && s->output_until_us < due)
		due = s->output_until_us;
	if (s->end_at_us > 0 && s->end_at_us < due)
		due = s->end_at_us;
	return due;
}

void
session_set_aside(struct ms_session *s)
{
	keep_input(s);
	s->worker = NULL;
}

bool
session_park(struct ms_session *s)
{
	struct worker *w = s->worker;

	if (s->tls != NULL && tls_has_read(s->tls) &&
	    (socket_events(s) & EPOLLIN)) {
		s->socket_dry = false;
		return false;
	}
	session_set_aside(s);
	alarm_set(s, session_deadline(s));
	workers_arm(s, socket_events(s));
	if (watch_ops(s) && slot_park(s->handle,
	    s->phase == PHASE_LIVE && (s->wait.what & MS_WAIT_EVENT)))
		return true;
	s->worker = w;
	session_unpark(s);
	return false;
}

void
session_unpark(struct ms_session *s)
{
	if (s->ops_watched)
		unwatch_ops(s, s->wait.n_ops);
	restore_input(s);
}
