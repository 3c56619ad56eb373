/* SPDX-License-Identifier: ISC */
/*
 * login.c - see login.h
 *
 * Who somebody is, is not decided here: octets go to the exchange and come
 * back, and at its end the session is handed over to its second life.
 */
#include "login.h"

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "capability.h"
#include "respond.h"

/* ---- STARTTLS ------------------------------------------------------------------ */

enum progress
starttls_run(struct command *c)
{
	struct session *s = c->session;
	struct ms_instance *self = s->self;

	if (c->phase == 1) {
		ms_status st = c->came != NULL ? c->came->status : MS_OK;

		self->op->drop(c->op);
		c->op = NULL;
		/* RFC 3501 6.2.1: what was known before is forgotten. */
		s->n_junk = 0;
		s->n_failures = 0;
		if (st != MS_OK)
			s->is_over = true;
		return PROGRESS_DONE;
	}
	if (capability_has_tls(s) || !capability_offers_tls(s)) {
		reply(c, REPLY_BAD, NULL, "STARTTLS is not offered");
		return PROGRESS_DONE;
	}
	/* The tagged response goes before the handshake.  What follows in
	   clear (CVE-2011-0411) makes that fail: the core sees to it. */
	respond_str(c, c->tag);
	respond_text(c, " OK Begin TLS now\r\n");
	respond_flush(c);
	c->is_answered = true;
	c->phase = 1;
	return command_wait_op(c, self->session->start_tls(s->peer, NULL)) ?
	    starttls_run(c) : PROGRESS_WAIT;
}

/* ---- exchanges ------------------------------------------------------------------- */

struct login {
	struct ms_str mechanism;
	struct ms_str response;	/* data NULL: the client has said nothing */
	bool          has_last;	/* the server's last words are out */
};

enum { BEGIN = 0, ANSWER, RESPONSE };

/* Wipes what may hold a password. */
static void
wipe(struct ms_str secret)
{
	if (secret.len > 0)
		explicit_bzero((char *)(uintptr_t)secret.data, secret.len);
}

static void
refuse(struct command *c, ms_status status)
{
	struct session *s = c->session;

	s->self->auth->drop(c->exchange);
	c->exchange = NULL;
	switch (status) {
	case MS_DENIED:
	case MS_NOTFOUND:
	case MS_PERMFAIL:
		reply(c, REPLY_NO, "AUTHENTICATIONFAILED",
		    "Name or password is wrong");
		break;
	case MS_INVALID:
		reply(c, REPLY_BAD, NULL, "That is no such response");
		break;
	case MS_UNSUPPORTED:
		reply(c, REPLY_NO, "CANNOT",
		    "That mechanism is not offered");
		break;
	case MS_LIMIT:
	case MS_BUSY:
		reply(c, REPLY_NO, "UNAVAILABLE", "Too many; try later");
		break;
	default:
		reply(c, REPLY_NO, "UNAVAILABLE",
		    "Logins are not possible now");
	}
	if (++s->n_failures >= IMAP_MAX_LOGIN_FAILURES)
		session_bye(c, "Too many failed logins");
}

static void
accept(struct command *c)
{
	MS_AUTO_BUF struct ms_buf caps = MS_BUF_MAX(4096);

	capability_add_late(c->session, &caps);
	c->reply = REPLY_OK;
	c->reply_text = ms_arena_printf(c->arena, "[CAPABILITY %.*s] Logged in",
	    (int)caps.len, caps.data);
	c->hands_over = true;
}

static bool
begin(struct command *c, struct login *l)
{
	struct session *s = c->session;
	struct ms_instance *self = s->self;
	struct ms_error err = { .size = sizeof(err) };
	ms_status st;

	if (!capability_has_mechanism(s, c->scope, l->mechanism)) {
		wipe(l->response);
		/* RFC 5530: not offered in clear, but it would be with TLS. */
		if (!capability_has_tls(s) &&
		    ms_str_is_ci(l->mechanism, "PLAIN"))
			reply(c, REPLY_NO, "PRIVACYREQUIRED",
			    "Not without TLS");
		else
			reply(c, REPLY_NO, "CANNOT",
			    "That mechanism is not offered");
		return false;
	}
	st = self->auth->begin(c->scope, s->peer, l->mechanism, &c->exchange,
	    &err);
	if (st != MS_OK)
		refuse(c, st);
	return st == MS_OK;
}

/* What the exchange said.  True: wait for the client's next line. */
static bool
take_answer(struct command *c, struct login *l)
{
	struct ms_instance *self = c->session->self;
	struct ms_auth_step step = { .size = sizeof(step) };
	struct ms_error err = { .size = sizeof(err) };
	MS_AUTO_BUF struct ms_buf coded = MS_BUF_MAX(64 * 1024);
	ms_status st = self->auth->result(c->op, &step, &err);

	if (st == MS_OK && (!step.done || step.challenge.len > 0)) {
		respond_text(c, "+ ");
		ms_base64_encode(&coded, step.challenge, 0);
		respond_str(c, ms_buf_str(&coded));
		respond_text(c, "\r\n");
	}
	self->op->drop(c->op);
	c->op = NULL;
	wipe(l->response);
	if (st != MS_OK) {
		refuse(c, st);
		return false;
	}
	if (!step.done)
		return true;
	/* The server's last words are a challenge that the client answers
	   with an empty line (RFC 3501 6.2.2). */
	if (step.challenge.len > 0) {
		l->has_last = true;
		return true;
	}
	accept(c);
	return false;
}

/* A line of the client within AUTHENTICATE.  False: it ended. */
static bool
take_line(struct command *c, struct login *l)
{
	struct ms_str line = c->came->input;
	MS_AUTO_BUF struct ms_buf plain = MS_BUF_MAX(MS_MAX_AUTH_LINE);

	if (c->came->flags & MS_CAME_TOO_LONG) {
		reply(c, REPLY_BAD, NULL, "The response is too long");
		return false;
	}
	if (ms_str_is(line, "*")) {
		reply(c, REPLY_BAD, NULL, "Cancelled");
		return false;
	}
	if (l->has_last) {
		if (line.len == 0)
			accept(c);
		else
			reply(c, REPLY_BAD, NULL, "An empty line was expected");
		return false;
	}
	if (ms_base64_decode(&plain, line) != MS_OK) {
		reply(c, REPLY_BAD, NULL, "That is no base64");
		return false;
	}
	l->response = ms_arena_str(c->arena, ms_buf_str(&plain));
	wipe(ms_buf_str(&plain));
	return true;
}

static enum progress
converse(struct command *c)
{
	struct login *l = c->state;
	struct ms_instance *self = c->session->self;

	if (c->phase == BEGIN && !begin(c, l))
		return PROGRESS_DONE;
	for (;;) {
		if (c->phase == RESPONSE && !take_line(c, l))
			return PROGRESS_DONE;
		if (c->phase != ANSWER) {
			c->phase = ANSWER;
			if (!command_wait_op(c, self->auth->step(c->scope,
			    c->exchange, l->response)))
				return PROGRESS_WAIT;
		}
		if (!take_answer(c, l))
			return PROGRESS_DONE;
		c->phase = RESPONSE;
		return command_wait_line(c, MS_MAX_AUTH_LINE);
	}
}

bool
login_parse(struct command *c)
{
	struct login *l = ms_arena_alloc(c->arena, sizeof(*l));
	struct ms_str user, password;
	char *plain;

	ms_arena_mark_secret(c->arena);
	if (!parse_space(&c->parse) || !parse_astring(&c->parse, &user) ||
	    !parse_space(&c->parse) || !parse_astring(&c->parse, &password) ||
	    !parse_is_end(&c->parse))
		return false;
	/* RFC 4616: authorization id (none) NUL user NUL password. */
	plain = ms_arena_alloc(c->arena, user.len + password.len + 2);
	memcpy(plain + 1, user.data, user.len);
	memcpy(plain + user.len + 2, password.data, password.len);
	l->mechanism = ms_str_c("PLAIN");
	l->response = ms_str_of(plain, user.len + password.len + 2);
	wipe(ms_str_of(c->input.data, c->input.len));
	c->state = l;
	return true;
}

enum progress
login_run(struct command *c)
{
	return converse(c);
}

bool
authenticate_parse(struct command *c)
{
	struct login *l = ms_arena_alloc(c->arena, sizeof(*l));
	struct parse *p = &c->parse;
	MS_AUTO_BUF struct ms_buf plain = MS_BUF_MAX(MS_MAX_AUTH_LINE);
	struct ms_str coded;
	char *name;

	ms_arena_mark_secret(c->arena);
	c->state = l;
	if (!parse_space(p) || !parse_atom(p, &l->mechanism) ||
	    l->mechanism.len > 20)
		return false;
	l->mechanism = ms_arena_str(c->arena, l->mechanism);
	name = (char *)(uintptr_t)l->mechanism.data;
	for (size_t i = 0; i < l->mechanism.len; i++)
		if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char)(name[i] - 'a' + 'A');
	if (parse_is_end(p))
		return true;
	/* RFC 4959 3.: "=" is a response that is empty. */
	if (!parse_space(p))
		return false;
	coded = ms_str_from(p->in, p->at);
	p->at = p->in.len;
	if (ms_str_is(coded, "=")) {
		l->response = ms_str_of("", 0);
		return true;
	}
	if (coded.len == 0 || ms_base64_decode(&plain, coded) != MS_OK) {
		reply(c, REPLY_BAD, NULL, "That is no base64");
		return false;
	}
	l->response = ms_arena_str(c->arena, ms_buf_str(&plain));
	wipe(ms_buf_str(&plain));
	wipe(coded);
	return true;
}

enum progress
authenticate_run(struct command *c)
{
	return converse(c);
}
