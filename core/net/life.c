/* SPDX-License-Identifier: ISC */
/*
 * life.c - the protocol plugin's calls, and the two lives of a session
 *
 * What a step leaves behind is looked at here: what it waits for, whether it
 * used more memory than it may, whether it handed the session over.
 */
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>

#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "net/listener.h"
#include "net/session.h"
#include "net/watch.h"
#include "net/worker.h"

#define INPUT_WAITS (MS_WAIT_LINE | MS_WAIT_BYTES | MS_WAIT_BODY)

static const struct net_listener *
pub_of(const struct ms_session *s)
{
	return &s->door->section->pub;
}

static void
step_scope(struct ms_session *s, struct scope *scope)
{
	scope_init(scope, &s->owner, s->scope.pub.id, s->worker->arena,
	    pub_of(s)->host, clock_steady_us() + NET_STEP_DEADLINE_US);
	s->worker->steps++;
}

/* What the plugin cannot have meant: the name of the mistake, or NULL. */
static const char *
mistake_in(const struct ms_session *s, const struct ms_wait *wait)
{
	bool body = (wait->what & MS_WAIT_BODY) != 0;

	if (wait->session != NULL && wait->session != s)
		return "waits for another session's input";
	if (body && (wait->framing < MS_BODY_COUNT ||
	    wait->framing > MS_BODY_CLOSE))
		return "waits for a body of no known framing";
	if ((wait->what & MS_WAIT_BYTES) && wait->count > NET_BYTES_MAX)
		return "waits for more octets than fit in memory";
	if (s->body != NULL && !s->body->done && !body &&
	    (wait->what & INPUT_WAITS))
		return "reads commands in the middle of a body";
	if ((wait->what & MS_WAIT_OP) && wait->n_ops > NET_MAX_OPS)
		return "waits for too many ops";
	return NULL;
}

/* Takes over what it waits for. */
static void
take_wait(struct ms_session *s, const struct ms_wait *wait)
{
	const char *mistake = mistake_in(s, wait);
	int64_t timeout = wait->timeout_us > 0 ? wait->timeout_us :
	    NET_DEFAULT_TIMEOUT_US;

	if (mistake != NULL) {
		log_printf(&s->scope.pub, MS_LOG_ERROR,
		    "the session is ended: the protocol plugin %s", mistake);
		session_cut(s);
		return;
	}
	s->wait = *wait;
	s->wait_until_us = clock_steady_us() + timeout;
	s->pipelined = true;
	if (wait->what & MS_WAIT_BODY)
		s->body = body_begin(s->body, wait);
	if (wait->what & MS_WAIT_LINE) {
		if (s->wait.line_max == 0)
			s->wait.line_max = NET_LINE_DEFAULT;
		if (s->wait.line_max > NET_BYTES_MAX)
			s->wait.line_max = NET_BYTES_MAX;
	}
}

static bool
is_over_memory(struct ms_session *s)
{
	const char *what = NULL;

	if (ms_arena_is_over(s->scope.pub.arena) ||
	    ms_arena_is_over(s->worker->arena))
		what = "memory";
	else if (s->out.held > 4 * NET_OUTPUT_MARK + CHUNK_OCTETS)
		what = "output";
	if (what != NULL)
		log_printf(&s->scope.pub, MS_LOG_WARNING,
		    "the session is ended: too much %s", what);
	return what != NULL;
}

/* A step returned. */
static void
step_done(struct ms_session *s, ms_status st, const struct ms_wait *wait)
{
	bool over = is_over_memory(s);

	ms_arena_reset(s->worker->arena);
	if (over || s->phase >= PHASE_DRAIN) {
		session_cut(s);
		return;
	}
	if (st != MS_OK) {
		log_printf(&s->scope.pub, MS_LOG_INFO,
		    "the session is ended: %s", ms_status_name(st));
		session_end(s);
		return;
	}
	if (s->hand_over != NULL && !s->ending) {
		life_change(s);
		return;
	}
	if (wait->what == 0 || s->ending) {
		session_end(s);
		return;
	}
	take_wait(s, wait);
}

void
life_open(struct ms_session *s)
{
	const struct net_listener *pub = pub_of(s);
	struct ms_wait wait = { .size = sizeof(wait) };
	struct scope scope;
	ms_status st;

	s->phase = PHASE_LIVE;
	s->alive = true;
	step_scope(s, &scope);
	st = pub->protocol->open(pub->self, &scope.pub, s, &s->state, &wait);
	step_done(s, st, &wait);
}

void
life_step(struct ms_session *s, struct ms_came *came)
{
	const struct net_listener *pub = pub_of(s);
	struct ms_wait wait = { .size = sizeof(wait) };
	struct scope scope;
	ms_status st;

	came->session = s;
	step_scope(s, &scope);
	st = pub->protocol->step(pub->self, &scope.pub, s, s->state, came,
	    &wait);
	step_done(s, st, &wait);
}

void
life_retire(struct ms_session *s)
{
	const struct net_listener *pub = pub_of(s);
	struct ms_wait wait = { .size = sizeof(wait) };
	ms_status st;

	s->retire = false;
	if (!MS_HAS(pub->protocol, retire))
		return;
	s->worker->steps++;
	st = pub->protocol->retire(pub->self, s, s->state, &wait);
	if (st == MS_BUSY)
		return;		/* what it waits for stays */
	step_done(s, st, &wait);
}

void
life_close(struct ms_session *s)
{
	const struct net_listener *pub = pub_of(s);

	if (!s->alive)
		return;
	s->alive = false;
	pub->protocol->close(pub->self, s, s->state);
	s->state = NULL;
}

/* Nothing of one life is seen in the next but facts and the carry. */
static void
wipe(struct ms_session *s, bool known)
{
	life_close(s);
	watches_free(s);
	owner_fini(&s->owner);
	owner_init(&s->owner);
	body_free(s->body);
	s->body = NULL;
	ms_arena_free(s->scope.pub.arena);
	scope_init(&s->scope, &s->owner, s->scope.pub.id,
	    ms_arena_new(known ? NET_ARENA_KNOWN : NET_ARENA_STRANGER),
	    pub_of(s)->host, 0);
	s->known = known;
}

void
life_change(struct ms_session *s)
{
	const struct net_listener *pub = pub_of(s);
	struct hand_over *h = s->hand_over;
	struct ms_wait wait = { .size = sizeof(wait) };
	struct scope scope;
	ms_status st;

	s->hand_over = NULL;
	wipe(s, h->account != NULL);
	free(s->account);
	s->account = h->account;
	facts_set_c(s->facts, "auth.account", h->account);
	if (!MS_HAS(pub->protocol, resume)) {
		log_printf(&s->scope.pub, MS_LOG_ERROR,
		    "the session is ended: its protocol has no second life");
		free(h);
		session_end(s);
		return;
	}
	s->alive = true;
	step_scope(s, &scope);
	st = pub->protocol->resume(pub->self, &scope.pub, s,
	    ms_str_of(h->carry, h->carry_octets), &s->state, &wait);
	free(h);
	step_done(s, st, &wait);
}
