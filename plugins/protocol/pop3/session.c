/* SPDX-License-Identifier: ISC */
/* session.c - the life of a conversation: steps, waiting, parking, replies */
#include "pop3.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_REPLY 512	/* RFC 2449 4., with CRLF */

struct ms_str
pop3_fact(const struct pop3 *x, const char *name)
{
	return x->self->facts->get(x->self->session->facts(x->session),
	    ms_str_c(name));
}

void
pop3_end(struct pop3 *x)
{
	x->wants = POP3_WANTS_END;
}

/* ---- replies ------------------------------------------------------------- */

void
pop3_write(struct pop3 *x, struct ms_str octets)
{
	x->unsent = x->self->session->write(x->session, octets);
}

bool
pop3_is_full(const struct pop3 *x)
{
	return x->unsent > x->self->session->output_mark(x->session);
}

static void
say(struct pop3 *x, const char *how, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void
say(struct pop3 *x, const char *how, const char *format, va_list args)
{
	char line[MAX_REPLY];
	size_t len = strlen(how);
	int n;

	memcpy(line, how, len);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 2 ? (size_t)n :
		    sizeof(line) - len - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] > '~')
			line[i] = '?';
	line[len++] = '\r';
	line[len++] = '\n';
	pop3_write(x, ms_str_of(line, len));
}

void
pop3_ok(struct pop3 *x, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(x, "+OK ", format, args);
	va_end(args);
}

void
pop3_err(struct pop3 *x, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(x, "-ERR ", format, args);
	va_end(args);
}

void
pop3_junk(struct pop3 *x, const char *text)
{
	pop3_err(x, "%s", text);
	if (++x->junk >= POP3_MAX_JUNK)
		pop3_end(x);
}

void
pop3_failure(struct pop3 *x, const char *what, ms_status status,
    const struct ms_error *err)
{
	struct ms_field f[2] = {
		{ MS_STR("account"), x->drop.name },
		{ MS_STR("error"), ms_str_c(err != NULL ? err->text : "") },
	};

	x->self->log->write(x->scope, MS_LOG_WARNING, what, f, 2);
	/* RFC 3206 4: one says come again, the other says call somebody. */
	pop3_err(x, status == MS_PERMFAIL || status == MS_DENIED ?
	    "[SYS/PERM] %s" : "[SYS/TEMP] %s", what);
}

/* ---- parking --------------------------------------------------------------- */

static void
go_on(struct pop3 *x)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_op *op = x->op;
	pop3_then *then = x->then;
	ms_status st;

	st = x->self->op->await(x->scope, op, &err);	/* has ended */
	x->op = NULL;
	x->wants = POP3_WANTS_COMMAND;
	then(x, op, st, &err);
	x->self->op->drop(op);
}

void
pop3_park(struct pop3 *x, struct ms_op *op, pop3_then *then)
{
	x->op = op;
	x->then = then;
	if (x->self->op->is_done(op))
		go_on(x);
	else
		x->wants = POP3_WANTS_OP;
}

static void
wait_for(struct pop3 *x, struct ms_wait *wait)
{
	wait->timeout_us = x->self->idle_us;
	switch (x->wants) {
	case POP3_WANTS_COMMAND:
	case POP3_WANTS_RESPONSE:
		if (pop3_is_full(x)) {
			wait->what = MS_WAIT_OUTPUT;
			return;
		}
		wait->what = MS_WAIT_LINE;
		wait->line_max = x->state == POP3_AUTHORIZATION ?
		    MS_MAX_AUTH_LINE - 2 : POP3_MAX_LINE;
		return;
	case POP3_WANTS_OP:
		wait->what = MS_WAIT_OP;
		wait->ops = &x->op;
		wait->n_ops = 1;
		return;
	case POP3_WANTS_ROOM:
	case POP3_WANTS_PAGE:
		wait->what = MS_WAIT_OUTPUT;
		return;
	case POP3_WANTS_END:
		wait->what = 0;
		return;
	}
}

/* ---- the two lives ------------------------------------------------------------ */

static struct pop3 *
begin(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session)
{
	const struct ms_scope *whole = self->session->scope(session);
	struct pop3 *x = self->scope->alloc(whole->arena, sizeof(*x));

	x->self = self;
	x->scope = scope;
	x->session = session;
	x->tls = pop3_fact(x, "tls.version").len > 0;
	return x;
}

static ms_status
pop3_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, void **state, struct ms_wait *wait)
{
	struct pop3 *x = begin(self, scope, session);
	struct ms_str name = self->hostname.len > 0 ? self->hostname :
	    pop3_fact(x, "server.hostname");

	*state = x;
	if (pop3_fact(x, "client.over").len > 0) {
		pop3_err(x, "[SYS/TEMP] too many connections");
		pop3_end(x);
		wait_for(x, wait);
		return MS_OK;
	}
	/* No <...@...> in it: that would offer APOP. */
	pop3_ok(x, "%.*s POP3 Mansio", (int)name.len,
	    name.data != NULL ? name.data : "");
	wait_for(x, wait);
	return MS_OK;
}

static ms_status
pop3_resume(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, struct ms_str carry, void **state,
    struct ms_wait *wait)
{
	struct pop3 *x = begin(self, scope, session);

	(void)carry;		/* a login takes nothing along but who it is */
	*state = x;
	x->state = POP3_TRANSACTION;
	maildrop_open(x);
	wait_for(x, wait);
	return MS_OK;
}

static ms_status
pop3_step(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, void *state, const struct ms_came *came,
    struct ms_wait *wait)
{
	struct pop3 *x = state;

	(void)self, (void)session;
	x->scope = scope;
	switch (came->what) {
	case MS_CAME_LINE:
		if (x->wants == POP3_WANTS_RESPONSE)
			pop3_response(x, came->input, came->flags);
		else
			pop3_command(x, came->input, came->flags);
		break;
	case MS_CAME_OUTPUT:
		x->unsent = 0;
		if (x->wants == POP3_WANTS_ROOM)
			pop3_list_on(x);
		else if (x->wants == POP3_WANTS_PAGE)
			maildrop_page(x);
		break;
	case MS_CAME_OP:
		if (x->wants == POP3_WANTS_OP)
			go_on(x);
		break;
	case MS_CAME_TIMEOUT:
		/* RFC 1939 3: closed without a word, nothing is deleted. */
	case MS_CAME_CLOSED:
		pop3_end(x);
		break;
	default:
		break;
	}
	wait_for(x, wait);
	return MS_OK;
}

static void
pop3_close(struct ms_instance *self, struct ms_session *session, void *state)
{
	struct pop3 *x = state;
	struct ms_error err = { .size = sizeof(err) };

	if (x == NULL)
		return;
	x->scope = self->session->scope(session);
	/* The job lies in the session's memory: not to be left alone. */
	if (x->op != NULL && x->job != NULL)
		(void)self->op->await(x->scope, x->op, &err);
	self->op->drop(x->op);
	self->auth->drop(x->exchange);
	x->op = NULL;
	x->exchange = NULL;
	maildrop_close(x);
}

static ms_status
pop3_retire(struct ms_instance *self, struct ms_session *session, void *state,
    struct ms_wait *wait)
{
	struct pop3 *x = state;

	(void)self, (void)session;
	/* Whoever is logged in may yet QUIT, and by that delete. */
	if (x->state == POP3_TRANSACTION || x->wants != POP3_WANTS_COMMAND)
		return MS_BUSY;
	pop3_end(x);
	wait_for(x, wait);
	return MS_OK;
}

static const struct ms_protocol_plan *
pop3_plan(struct ms_instance *self)
{
	return &self->plan;
}

const struct ms_protocol pop3_protocol = {
	.size = sizeof(pop3_protocol), .plan = pop3_plan, .open = pop3_open,
	.step = pop3_step, .resume = pop3_resume, .close = pop3_close,
	.retire = pop3_retire,
};
