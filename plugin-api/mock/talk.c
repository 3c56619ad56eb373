/* SPDX-License-Identifier: ISC */
/*
 * talk.c - the life of a mock session: what comes, its steps, its two lives
 *
 * The peer of a mock session reads at once, so output has always drained when
 * a step waits for it.  As in the core an event comes before an op, an op
 * before input, and input is not taken while more output waits than the mark
 * says.
 */
#include "internal.h"

#include <stdlib.h>

#define MAX_BYTES	(64 * 1024)	/* of MS_WAIT_BYTES */
#define LINE_DEFAULT	1000		/* for line_max 0 */
#define STEP_US		INT64_C(60000000)
#define DEFAULT_TIMEOUT	INT64_C(300000000)	/* RFC 5321 4.5.3.2.7 */
#define INPUT_WAITS	(MS_WAIT_LINE | MS_WAIT_BYTES | MS_WAIT_BODY)
#define KNOWN_WAITS	(INPUT_WAITS | MS_WAIT_EVENT | MS_WAIT_OUTPUT | MS_WAIT_OP)

static const char *
mistake_in(const struct ms_session *s, const struct ms_wait *w)
{
	bool body = (w->what & MS_WAIT_BODY) != 0;

	if (w->what & ~(uint32_t)KNOWN_WAITS)
		return "waits for something unknown";
	if (w->session != NULL && w->session != s)
		return "waits for another session's input";
	if (body && (w->framing < MS_BODY_COUNT || w->framing > MS_BODY_CLOSE))
		return "waits for a body of no known framing";
	if ((w->what & MS_WAIT_BYTES) && w->count > MAX_BYTES)
		return "waits for more octets than fit in memory";
	if (s->has_body && !s->body.done && !body && (w->what & INPUT_WAITS))
		return "reads commands in the middle of a body";
	if ((w->what & MS_WAIT_OP) && (w->n_ops == 0 || w->ops == NULL))
		return "waits for ops and names none";
	if ((w->what & MS_WAIT_OP) && w->n_ops > sizeof(s->ops) / sizeof(s->ops[0]))
		return "waits for too many ops";
	if (w->timeout_us < 0)
		return "waits until a time of the past";
	return NULL;
}

static void
take_wait(struct ms_session *s, const struct ms_wait *w)
{
	const char *mistake = mistake_in(s, w);

	if (mistake != NULL)
		mock_die("the protocol %s %s", s->mock->plugin->name, mistake);
	s->wait = *w;
	if (s->wait.line_max == 0)
		s->wait.line_max = LINE_DEFAULT;
	if (w->what & MS_WAIT_OP) {
		for (uint32_t i = 0; i < w->n_ops; i++)
			s->ops[i] = w->ops[i];
		s->wait.ops = s->ops;
	}
	if (w->what & MS_WAIT_BODY) {
		frame_begin(&s->body, !s->has_body, w);
		s->has_body = true;
	}
	s->pipelined = true;
}

/* Last call of a life: what it still has goes. */
static void
end_life(struct ms_session *s)
{
	s->protocol->close(s->mock->instance, s, s->state);
	s->alive = false;
	s->state = NULL;
	session_watch_drop(s);
	owner_end(&s->owner);
	ms_arena_free(s->whole.pub.arena);
	s->whole.pub.arena = NULL;
	s->has_body = false;
}

static void
begin_life(struct ms_session *s)
{
	s->owner = (struct owner){ NULL, false };
	scope_init(&s->whole, s->mock, &s->owner, ms_arena_new(0));
	s->whole.pub.id = ms_arena_printf(s->mock->world->arena, "mock%u",
	    (unsigned)s->mock->world->n_sessions);
	s->alive = true;
}

static void
end_session(struct ms_session *s)
{
	end_life(s);
	s->closed = true;
	s->wait.what = 0;
}

/* An arena of its own for each step, given back after it: a view that is kept
   too long is then found by a sanitizer. */
struct step {
	struct mock_scope scope;
	struct ms_wait    wait;
};

static void
step_begin(struct ms_session *s, struct step *step)
{
	if (s->in_step)
		mock_die("a step began within a step of the same session");
	s->in_step = true;
	scope_init(&step->scope, s->mock, &s->owner, ms_arena_new(0));
	step->scope.pub.id = s->whole.pub.id;
	step->scope.pub.deadline_us = s->mock->world->steady_us + STEP_US;
	step->wait = (struct ms_wait){ .size = sizeof(step->wait) };
}

static void resume(struct ms_session *s);

static void
step_end(struct ms_session *s, struct step *step, ms_status st)
{
	ms_arena_free(step->scope.pub.arena);
	s->in_step = false;
	if (!ms_buf_ok(&s->sent))
		mock_die("a session wrote more than %zu octets", MOCK_MAX_BUF);
	if (st != MS_OK) {
		end_session(s);
	} else if (s->hands_over && !s->ending) {
		if (step->wait.what != 0)
			mock_die("the session was handed over and waits for more: what = 0 "
			    "is due");
		resume(s);
	} else if (step->wait.what == 0 || s->ending) {
		end_session(s);
	} else {
		take_wait(s, &step->wait);
	}
}

static void
resume(struct ms_session *s)
{
	struct ms_str carry = s->carry;
	struct step step;
	ms_status st;

	s->hands_over = false;
	end_life(s);
	begin_life(s);
	facts_put(s->facts, ms_str_c("auth.account"), s->account.len > 0 ? s->account :
	    ms_str_of(NULL, 0));
	step_begin(s, &step);
	st = s->protocol->resume(s->mock->instance, &step.scope.pub, s, carry, &s->state,
	    &step.wait);
	step_end(s, &step, st);
}

static void
run_step(struct ms_session *s, struct ms_came *came)
{
	char *copy = malloc(came->input.len > 0 ? came->input.len : 1);
	struct step step;
	ms_status st;

	if (copy == NULL)
		abort();
	/* Of just that length and gone after the step: see step_begin(). */
	if (came->input.len > 0)
		memcpy(copy, came->input.data, came->input.len);
	came->input.data = copy;
	came->session = s;
	step_begin(s, &step);
	st = s->protocol->step(s->mock->instance, &step.scope.pub, s, s->state, came,
	    &step.wait);
	free(copy);
	step_end(s, &step, st);
}

/* ---- what has come ---- */

static bool
event_came(struct ms_session *s, struct ms_came *came)
{
	for (struct watch *w = s->watches; w != NULL; w = w->next)
		if (w->heard.data != NULL) {
			came->what = MS_CAME_EVENT;
			came->input = w->heard;
			w->heard = ms_str_of(NULL, 0);
			return true;
		}
	return false;
}

static bool
take_body(struct ms_session *s, struct ms_came *came)
{
	size_t used;
	int how = frame_take(&s->body, ms_buf_str(&s->in), &used);

	ms_buf_consume(&s->in, used);
	if (how == FRAME_MORE && s->peer_gone && s->body.framing == MS_BODY_CLOSE) {
		s->body.done = true;
		how = FRAME_END;
	}
	if (how == FRAME_MORE)
		return false;
	frame_came(&s->body, how, came);
	return true;
}

/* The octets stay in s->in until the step has run: *used_out of them. */
static bool
take_input(struct ms_session *s, struct ms_came *came, size_t *used_out)
{
	struct ms_str in = ms_buf_str(&s->in);
	uint32_t flags = 0;

	*used_out = 0;
	if (s->wait.what & MS_WAIT_BODY)
		return take_body(s, came);
	if (in.len == 0)
		return false;
	if (s->wait.what & MS_WAIT_BYTES) {
		size_t n = (size_t)s->wait.count;

		if (n == 0)
			n = in.len < MAX_BYTES ? in.len : MAX_BYTES;
		if (in.len < n)
			return false;
		came->what = MS_CAME_BYTES;
		came->input = ms_str_sub(in, 0, n);
		came->flags |= octets_flags(came->input);
		*used_out = n;
		return true;
	}
	if (!line_take(in, s->wait.line_max, &came->input, used_out, &flags, &s->flooded))
		return false;
	came->what = MS_CAME_LINE;
	came->flags |= flags;
	return true;
}

static void
run_input(struct ms_session *s, struct ms_came *came, size_t used)
{
	struct ms_arena *arena = ms_arena_new(0);

	came->input = ms_arena_str(arena, came->input);
	ms_buf_consume(&s->in, used);
	if (s->pipelined)
		came->flags |= MS_CAME_MORE;
	if (s->flooded)
		s->ending = true;
	run_step(s, came);
	ms_arena_free(arena);
}

static void
drain(struct ms_session *s)
{
	s->unsent = s->unsent_memory = 0;
	s->drained = s->sent.len;
}

/* At most one step.  False: nothing has come. */
static bool
turn(struct ms_session *s)
{
	struct ms_came came = { .size = sizeof(came), .input = MS_STR("") };
	size_t used;

	if (s->closed)
		return false;
	if ((s->wait.what & MS_WAIT_EVENT) && event_came(s, &came)) {
		run_step(s, &came);
		return true;
	}
	if (s->wait.what & MS_WAIT_OP) {
		op_tell(s->wait.ops[0], &came);
		run_step(s, &came);
		return true;
	}
	if (s->unsent > MOCK_OUTPUT_MARK)
		drain(s);
	if ((s->wait.what & INPUT_WAITS) && take_input(s, &came, &used)) {
		run_input(s, &came, used);
		return true;
	}
	drain(s);
	if (s->wait.what & MS_WAIT_OUTPUT) {
		came.what = MS_CAME_OUTPUT;
		run_step(s, &came);
		return true;
	}
	if (s->peer_gone) {
		came.what = MS_CAME_CLOSED;
		s->ending = true;
		run_step(s, &came);
		return true;
	}
	return false;
}

static void
pump(struct ms_session *s)
{
	while (turn(s))
		;
}

/* ---- for tests ---- */

struct ms_mock_session *
ms_mock_connect(struct ms_mock *m)
{
	struct world *w = m->world;
	struct ms_mock_session *x = ms_arena_alloc(w->arena, sizeof(*x));
	struct ms_session *s = &x->s;
	struct step step;
	ms_status st;

	s->mock = m;
	(void)ms_mock_instance(m);
	s->protocol = m->plugin->interface(MS_PROTOCOL_ID);
	if (s->protocol == NULL)
		mock_die("the plugin %s does not offer " MS_PROTOCOL_ID, m->plugin->name);
	s->facts = facts_new(w, w->facts);
	s->in = (struct ms_buf)MS_BUF_MAX(MOCK_MAX_BUF);
	s->sent = (struct ms_buf)MS_BUF_MAX(MOCK_MAX_BUF);
	s->next = w->sessions;
	w->sessions = x;
	w->n_sessions++;
	begin_life(s);
	step_begin(s, &step);
	st = s->protocol->open(m->instance, &step.scope.pub, s, &s->state, &step.wait);
	step_end(s, &step, st);
	pump(s);
	return x;
}

void
ms_mock_send(struct ms_mock_session *x, struct ms_str octets)
{
	struct ms_session *s = &x->s;

	if (s->closed)
		return;
	if (s->peer_gone)
		mock_die("ms_mock_send() after ms_mock_hang_up()");
	ms_buf_add(&s->in, octets);
	s->pipelined = s->in.len > octets.len && s->pipelined;
	pump(s);
}

void
ms_mock_send_c(struct ms_mock_session *x, const char *text)
{
	ms_mock_send(x, ms_str_c(text));
}

struct ms_str
ms_mock_sent(struct ms_mock_session *x)
{
	struct ms_session *s = &x->s;
	struct ms_str sent = ms_arena_str(s->mock->world->arena, ms_buf_str(&s->sent));

	ms_buf_reset(&s->sent);
	s->drained = 0;
	return sent;
}

void
ms_mock_event(struct ms_mock_session *x, const char *topic)
{
	if (x->s.closed)
		return;
	session_hear(&x->s, ms_str_c(topic));
	pump(&x->s);
}

void
ms_mock_hang_up(struct ms_mock_session *x)
{
	struct ms_session *s = &x->s;

	s->peer_gone = true;
	pump(s);
}

void
ms_mock_timeout(struct ms_mock_session *x)
{
	struct ms_came came = { .size = sizeof(came), .what = MS_CAME_TIMEOUT };
	struct ms_session *s = &x->s;

	if (s->closed)
		return;
	ms_mock_advance(s->mock, s->wait.timeout_us > 0 ? s->wait.timeout_us :
	    DEFAULT_TIMEOUT);
	run_step(s, &came);
	pump(s);
}

ms_status
ms_mock_retire(struct ms_mock_session *x)
{
	struct ms_session *s = &x->s;
	struct step step;
	ms_status st;

	if (s->closed || !MS_HAS(s->protocol, retire))
		return MS_UNSUPPORTED;
	step_begin(s, &step);
	st = s->protocol->retire(s->mock->instance, s, s->state, &step.wait);
	if (st == MS_BUSY) {		/* what it waits for stays */
		ms_arena_free(step.scope.pub.arena);
		s->in_step = false;
		return st;
	}
	step_end(s, &step, st);
	pump(s);
	return st;
}

uint32_t
ms_mock_is_closed(struct ms_mock_session *x)
{
	return x->s.closed;
}

const struct ms_wait *
ms_mock_waits(struct ms_mock_session *x)
{
	return &x->s.wait;
}

void
session_free(struct ms_mock_session *x)
{
	struct ms_session *s = &x->s;

	if (!s->closed)
		end_session(s);
	ms_buf_free(&s->in);
	ms_buf_free(&s->sent);
}
