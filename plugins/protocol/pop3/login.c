/* SPDX-License-Identifier: ISC */
/* login.c - USER and PASS, AUTH (RFC 5034), STLS (RFC 2595) */
#include "pop3.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/buf.h>
#include <mansio/encode.h>
#include <mansio/error.h>

#define CARRY_VERSION	"\1"
#define MAX_MECHANISM	20	/* RFC 4422 3.1 */

/* ---- STLS ------------------------------------------------------------------ */

static void
tls_begun(struct pop3 *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	(void)op, (void)err;
	if (status == MS_OK) {
		x->tls = true;
		return;
	}
	/* What came in clear behind STLS is never heard; the core takes +OK
	   back, and has told the log why. */
	pop3_err(x, "nothing may follow STLS");
	pop3_end(x);
}

void
pop3_stls(struct pop3 *x, struct ms_str args)
{
	if (args.len > 0)
		pop3_junk(x, "STLS takes no argument");
	else if (x->tls)
		pop3_err(x, "TLS is there already");
	else if (ms_str_is(pop3_fact(x, "tls.offered"), "no"))
		pop3_err(x, "TLS is not offered here");
	else {
		x->user[0] = '\0';	/* RFC 2595 4.: forgotten */
		pop3_ok(x, "begin");
		pop3_park(x, x->self->session->start_tls(x->session, NULL),
		    tls_begun);
	}
}

/* ---- what may be offered ------------------------------------------------------ */

struct ms_str
pop3_mechanisms(struct pop3 *x)
{
	if (x->self->require_tls && !x->tls)
		return ms_str_of("", 0);
	return x->self->auth->mechanisms(x->scope, x->session);
}

bool
pop3_has_mechanism(struct ms_str mechanisms, struct ms_str name)
{
	struct ms_str one;

	while (ms_str_split(&mechanisms, ' ', &one))
		if (one.len > 0 && ms_str_equal_ci(one, name))
			return true;
	return false;
}

/* ---- the exchange --------------------------------------------------------------- */

static void
end_exchange(struct pop3 *x)
{
	x->self->auth->drop(x->exchange);
	x->exchange = NULL;
	x->final_challenge = false;
	x->user[0] = '\0';
	x->wants = POP3_WANTS_COMMAND;
}

static void
login_failed(struct pop3 *x, ms_status status)
{
	end_exchange(x);
	switch (status) {
	case MS_DENIED:
	case MS_NOTFOUND:
	case MS_PERMFAIL:
		pop3_err(x, "[AUTH] wrong user or password");
		if (++x->failed_logins >= POP3_MAX_LOGINS)
			pop3_end(x);
		return;
	case MS_INVALID:
		pop3_junk(x, "bad response");
		return;
	case MS_UNSUPPORTED:
		pop3_err(x, "unknown mechanism");
		return;
	default:
		pop3_err(x, "[SYS/TEMP] no login at the moment");
	}
}

/* Who succeeds hears so from the second life, which can tell whether there is
   a maildrop: RFC 1939 4. wants one answer for both. */
static void
login_done(struct pop3 *x)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	st = x->self->session->hand_over(x->session, x->exchange,
	    (struct ms_str)MS_STR(CARRY_VERSION), &err);
	if (st == MS_OK) {
		pop3_end(x);
		return;
	}
	login_failed(x, MS_TEMPFAIL);
}

static void
say_challenge(struct pop3 *x, struct ms_str challenge)
{
	MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(2 * MS_MAX_AUTH_LINE);

	ms_buf_add_c(&line, "+ ");
	ms_base64_encode(&line, challenge, 0);
	ms_buf_add_c(&line, "\r\n");
	if (!ms_buf_ok(&line)) {
		login_failed(x, MS_TEMPFAIL);
		return;
	}
	pop3_write(x, ms_buf_str(&line));
	x->wants = POP3_WANTS_RESPONSE;
}

static void
exchange_stepped(struct pop3 *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct ms_auth_step step = { .size = sizeof(step) };
	struct ms_error why = MS_ERROR_INIT;
	ms_status st;

	(void)err;
	st = x->self->auth->result(op, &step, &why);
	if (st == MS_OK)
		st = status;
	if (st != MS_OK) {
		login_failed(x, st);
	} else if (!step.done) {
		say_challenge(x, step.challenge);
	} else if (step.challenge.len > 0) {
		/* +OK carries no data: RFC 4422 3.6. */
		x->final_challenge = true;
		say_challenge(x, step.challenge);
	} else
		login_done(x);
}

static void
exchange_step(struct pop3 *x, struct ms_str response)
{
	pop3_park(x, x->self->auth->step(x->scope, x->exchange, response),
	    exchange_stepped);
}

static bool
begin_exchange(struct pop3 *x, struct ms_str mechanism)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	st = x->self->auth->begin(x->scope, x->session, mechanism,
	    &x->exchange, &err);
	if (st == MS_OK)
		return true;
	x->exchange = NULL;
	login_failed(x, st);
	return false;
}

/* ---- USER, PASS ------------------------------------------------------------------- */

static bool
can_log_in(struct pop3 *x, struct ms_str mechanism)
{
	if (pop3_has_mechanism(pop3_mechanisms(x), mechanism))
		return true;
	pop3_err(x, x->tls ? "unknown mechanism" : "STLS comes first");
	return false;
}

void
pop3_user(struct pop3 *x, struct ms_str args)
{
	args = ms_str_trim(args);
	if (!can_log_in(x, (struct ms_str)MS_STR("PLAIN")))
		return;
	if (args.len == 0 || args.len > POP3_MAX_USER) {
		pop3_junk(x, "say who you are");
		return;
	}
	memcpy(x->user, args.data, args.len);
	x->user[args.len] = '\0';
	pop3_ok(x, "and the password?");	/* for anybody: RFC 1939 13. */
}

void
pop3_pass(struct pop3 *x, struct ms_str args)
{
	char plain[2 + POP3_MAX_USER + POP3_MAX_LINE];
	size_t n = strlen(x->user);

	if (n == 0) {
		pop3_err(x, "USER comes first");
		return;
	}
	if (!can_log_in(x, (struct ms_str)MS_STR("PLAIN")) ||
	    !begin_exchange(x, (struct ms_str)MS_STR("PLAIN")))
		return;
	/* RFC 4616 2: no authorization id, who, and the password. */
	plain[0] = '\0';
	memcpy(plain + 1, x->user, n);
	plain[1 + n] = '\0';
	memcpy(plain + 2 + n, args.data, args.len);
	exchange_step(x, ms_str_of(plain, 2 + n + args.len));
	explicit_bzero(plain, sizeof(plain));
}

/* ---- AUTH ---------------------------------------------------------------------------- */

static void
respond(struct pop3 *x, struct ms_str text, bool initial)
{
	MS_AUTO_BUF struct ms_buf octets = MS_BUF_MAX(MS_MAX_AUTH_LINE);

	if (initial && ms_str_is(text, "="))
		text.len = 0;
	if (ms_base64_decode(&octets, text) != MS_OK || !ms_buf_ok(&octets)) {
		end_exchange(x);
		pop3_junk(x, "that is not base64");
	} else
		exchange_step(x, ms_buf_str(&octets));
	if (octets.data != NULL)
		explicit_bzero(octets.data, octets.cap);
}

void
pop3_response(struct pop3 *x, struct ms_str line, uint32_t came_flags)
{
	x->wants = POP3_WANTS_COMMAND;
	if (came_flags & MS_CAME_TOO_LONG) {
		end_exchange(x);
		pop3_junk(x, "response too long");
	} else if (ms_str_is(line, "*")) {
		end_exchange(x);
		pop3_err(x, "cancelled");
	} else if (!x->final_challenge) {
		respond(x, line, false);
	} else if (line.len == 0 || ms_str_is(line, "=")) {
		login_done(x);
	} else {
		end_exchange(x);
		pop3_junk(x, "an empty response was due");
	}
}

void
pop3_auth(struct pop3 *x, struct ms_str args)
{
	size_t blank;
	struct ms_str name, initial;

	args = ms_str_trim(args);
	blank = ms_str_find_octet(args, ' ');
	name = ms_str_sub(args, 0, blank);
	initial = blank == SIZE_MAX ? ms_str_of(NULL, 0) :
	    ms_str_trim(ms_str_from(args, blank));
	if (name.len == 0 || name.len > MAX_MECHANISM) {
		pop3_junk(x, "say a mechanism");
		return;
	}
	if (!can_log_in(x, name) || !begin_exchange(x, name))
		return;
	if (initial.data == NULL)
		exchange_step(x, ms_str_of(NULL, 0));
	else
		respond(x, initial, true);
}
