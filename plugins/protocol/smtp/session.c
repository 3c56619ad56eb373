/* SPDX-License-Identifier: ISC */
/* session.c - the life of a conversation: steps, waiting, parking, its end */
#include "smtp.h"

#include "login.h"

struct ms_str
smtp_fact(const struct smtp *x, const char *name)
{
	return x->self->facts->get(x->self->session->facts(x->session),
	    ms_str_c(name));
}

void
smtp_end(struct smtp *x)
{
	x->wants = SMTP_WANTS_END;
}

void
smtp_reset(struct smtp *x)
{
	struct ms_instance *self = x->self;

	/* P4: what was not submitted leaves no trace. */
	if (x->writer != NULL)
		self->blob->abort(x->writer);
	self->pipeline->drop(x->message);
	self->op->drop(x->kept);
	self->scope->arena_free(x->mail);
	x->writer = NULL;
	x->message = NULL;
	x->kept = NULL;
	x->mail = NULL;
	x->spoilt = NULL;
	x->accepted = NULL;
	x->n_accepted = x->room_accepted = 0;
	x->announced = x->content = 0;
	x->body_flags = 0;
	x->binary = x->eightbit = x->utf8 = false;
	x->chunk_last = x->chunk_lost = x->header_judged = false;
	if (x->state > SMTP_READY)
		x->state = SMTP_READY;
}

/* ---- parking ------------------------------------------------------------- */

static void
go_on(struct smtp *x)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_op *op = x->op, *outer = x->running;
	smtp_then *then = x->then;
	ms_status st;

	/* It has ended: this gives its status and does not block. */
	st = x->self->op->await(x->scope, op, &err);
	x->op = NULL;
	x->running = op;
	x->wants = SMTP_WANTS_COMMAND;
	then(x, op, st, &err);
	x->self->op->drop(x->running);	/* NULL: it is kept */
	x->running = outer;
}

static void
op_ended(struct smtp *x)
{
	const struct ms_verdict *v;

	if (x->judged) {
		v = x->self->pipeline->verdict(x->op, UINT32_MAX);
		x->judged = false;
		if (v != NULL && v->delay_us > 0) {
			x->pause_us = v->delay_us < SMTP_MAX_PAUSE_US ?
			    v->delay_us : SMTP_MAX_PAUSE_US;
			x->wants = SMTP_WANTS_PAUSE;
			return;
		}
	}
	go_on(x);
}

static void
park(struct smtp *x, struct ms_op *op, smtp_then *then, bool judged)
{
	x->op = op;
	x->then = then;
	x->judged = judged;
	if (x->self->op->is_done(op))
		op_ended(x);
	else
		x->wants = SMTP_WANTS_OP;
}

void
smtp_park(struct smtp *x, struct ms_op *op, smtp_then *then)
{
	park(x, op, then, false);
}

void
smtp_judge(struct smtp *x, struct ms_op *op, smtp_then *then)
{
	park(x, op, then, true);
}

/* ---- what to wait for ------------------------------------------------------ */

static void
wait_for_line(struct smtp *x, struct ms_wait *wait)
{
	/* Back-pressure: who does not read replies is not read either. */
	if (x->unsent > x->self->session->output_mark(x->session)) {
		wait->what = MS_WAIT_OUTPUT;
		return;
	}
	wait->what = MS_WAIT_LINE;
	wait->line_max = x->self->submission ? MS_MAX_AUTH_LINE - 2 :
	    SMTP_MAX_ENVELOPE_LINE;
}

static void
wait_for_body(struct smtp *x, struct ms_wait *wait)
{
	wait->what = MS_WAIT_BODY;
	/* What is refused already is counted, not kept. */
	wait->into = x->spoilt != NULL || x->chunk_lost ? NULL : x->writer;
	wait->body_max = x->self->max_size;
	/* RFC 5321 4.5.3.2.5 and 6, for the whole; a large message that was
	   announced gets 20 seconds more for each MiB. */
	wait->timeout_us = x->self->data_us +
	    (int64_t)(x->announced >> 20) * INT64_C(20000000);
	if (x->wants == SMTP_WANTS_BODY) {
		wait->framing = MS_BODY_DOT;
		wait->flags = x->header_judged ? 0 : 1;
		return;
	}
	wait->framing = MS_BODY_COUNT;
	wait->count = x->chunk;
}

static void
wait_for(struct smtp *x, struct ms_wait *wait)
{
	wait->timeout_us = x->self->command_us;
	switch (x->wants) {
	case SMTP_WANTS_COMMAND:
	case SMTP_WANTS_RESPONSE:
		wait_for_line(x, wait);
		return;
	case SMTP_WANTS_SILENCE:
		wait->what = MS_WAIT_BYTES;
		wait->timeout_us = x->self->greet_delay_us;
		return;
	case SMTP_WANTS_BODY:
	case SMTP_WANTS_CHUNK:
		wait_for_body(x, wait);
		return;
	case SMTP_WANTS_OP:
		wait->what = MS_WAIT_OP;
		wait->ops = &x->op;
		wait->n_ops = 1;
		/* Stages, the queue and TLS have deadlines of their own; this is
		   for an op that none of them ends. */
		wait->timeout_us = x->self->data_us;
		return;
	case SMTP_WANTS_PAUSE:
		/* No topic is watched: nothing but time comes. */
		wait->what = MS_WAIT_EVENT;
		wait->timeout_us = x->pause_us;
		return;
	case SMTP_WANTS_END:
		wait->what = 0;
		return;
	}
}

/* ---- the two lives --------------------------------------------------------- */

static struct smtp *
begin(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session)
{
	const struct ms_scope *whole = self->session->scope(session);
	struct smtp *x = self->scope->alloc(whole->arena, sizeof(*x));

	x->self = self;
	x->scope = scope;
	x->session = session;
	x->state = SMTP_FRESH;
	x->wants = SMTP_WANTS_COMMAND;
	x->tls = smtp_fact(x, "tls.version").len > 0;
	x->hostname = self->hostname.len > 0 ? self->hostname :
	    smtp_fact(x, "server.hostname");
	if (x->hostname.len == 0)
		x->hostname = (struct ms_str)MS_STR("localhost");
	return x;
}

static ms_status
smtp_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, void **state, struct ms_wait *wait)
{
	struct smtp *x = begin(self, scope, session);

	*state = x;
	if (smtp_is_turned_away(x))
		;
	else if (self->greet_delay_us > 0)
		x->wants = SMTP_WANTS_SILENCE;
	else
		smtp_greet(x);
	wait_for(x, wait);
	return MS_OK;
}

static ms_status
smtp_resume(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, struct ms_str carry, void **state,
    struct ms_wait *wait)
{
	struct smtp *x = begin(self, scope, session);

	*state = x;
	smtp_login_resume(x, carry);
	wait_for(x, wait);
	return MS_OK;
}

static void
timed_out(struct smtp *x)
{
	switch (x->wants) {
	case SMTP_WANTS_SILENCE:
		x->wants = SMTP_WANTS_COMMAND;
		smtp_greet(x);
		return;
	case SMTP_WANTS_PAUSE:
		go_on(x);
		return;
	default:
		smtp_say(x, 421, "4.4.2", "you took too long");
		smtp_end(x);
	}
}

static ms_status
smtp_step(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, void *state, const struct ms_came *came,
    struct ms_wait *wait)
{
	struct smtp *x = state;

	(void)self, (void)session;
	x->scope = scope;
	switch (came->what) {
	case MS_CAME_LINE:
		if (x->wants == SMTP_WANTS_RESPONSE)
			smtp_response(x, came->input, came->flags);
		else
			smtp_command(x, came->input, came->flags);
		break;
	case MS_CAME_BYTES:
		smtp_refuse_early(x);
		break;
	case MS_CAME_BODY:
		if (x->wants == SMTP_WANTS_CHUNK)
			smtp_chunk_came(x, came);
		else
			smtp_body_came(x, came);
		break;
	case MS_CAME_OUTPUT:
		x->unsent = 0;
		break;
	case MS_CAME_OP:
		if (x->wants == SMTP_WANTS_OP)
			op_ended(x);
		break;
	case MS_CAME_TIMEOUT:
		timed_out(x);
		break;
	case MS_CAME_CLOSED:
		smtp_end(x);
		break;
	default:
		break;
	}
	wait_for(x, wait);
	return MS_OK;
}

static void
smtp_close(struct ms_instance *self, struct ms_session *session, void *state)
{
	struct smtp *x = state;

	if (x == NULL)
		return;
	x->scope = self->session->scope(session);
	self->op->drop(x->op);
	x->op = NULL;
	if (self->auth != NULL)
		self->auth->drop(x->exchange);
	x->exchange = NULL;
	smtp_reset(x);
}

static ms_status
smtp_retire(struct ms_instance *self, struct ms_session *session, void *state,
    struct ms_wait *wait)
{
	struct smtp *x = state;

	x->scope = self->session->scope(session);
	/* A message that is coming or being accepted is worth the wait. */
	if (x->wants != SMTP_WANTS_COMMAND && x->wants != SMTP_WANTS_SILENCE)
		return MS_BUSY;
	if (x->state == SMTP_CHUNKS)
		return MS_BUSY;
	smtp_say(x, 421, "4.3.2", "going down for a moment, come again");
	smtp_end(x);
	wait_for(x, wait);
	return MS_OK;
}

static const struct ms_protocol_plan *
smtp_plan(struct ms_instance *self)
{
	return &self->plan;
}

const struct ms_protocol smtp_protocol = {
	.size = sizeof(smtp_protocol), .plan = smtp_plan, .open = smtp_open,
	.step = smtp_step, .resume = smtp_resume, .close = smtp_close,
	.retire = smtp_retire,
};
