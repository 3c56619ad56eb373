/* SPDX-License-Identifier: ISC */
/* login.c - STARTTLS (RFC 3207) and AUTH (RFC 4954) */
#include "login.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/buf.h>
#include <mansio/encode.h>
#include <mansio/error.h>

#define CARRY_VERSION	1
#define CARRY_HEAD	3	/* version, esmtp, junk */
#define MAX_MECHANISM	20	/* RFC 4422 3.1 */

/* ---- STARTTLS ------------------------------------------------------------------------ */

static void
tls_begun(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	(void)op;
	if (status == MS_OK) {
		x->tls = true;
		return;
	}
	/* P13: what came in clear behind STARTTLS is never heard; the core
	   takes 220 back and these words go instead.  If the handshake itself
	   failed nobody hears them. */
	smtp_reply_set(&r, 501, "5.5.1", "nothing may follow STARTTLS");
	smtp_log_refusal(x, "starttls", &r, err);
	smtp_answer(x, &r);
	smtp_end(x);
}

void
smtp_starttls(struct smtp *x, struct ms_str args)
{
	if (args.len > 0) {
		smtp_say_junk(x, 501, "5.5.4", "STARTTLS takes no argument");
		return;
	}
	if (x->tls) {
		smtp_say(x, 503, "5.5.1", "TLS is there already");
		return;
	}
	/* RFC 3207 4.2 would make it forget the login; so it comes too late. */
	if (x->logged_in) {
		smtp_say(x, 503, "5.5.1", "STARTTLS comes before the login");
		return;
	}
	if (ms_str_is(smtp_fact(x, "tls.offered"), "no")) {
		smtp_say(x, 502, "5.5.1", "TLS is not offered here");
		return;
	}
	/* RFC 3207 4.2: all that was learnt in clear is forgotten. */
	smtp_reset(x);
	x->helo[0] = '\0';
	x->esmtp = false;
	x->state = SMTP_FRESH;
	smtp_note_protocol(x);
	smtp_say(x, 220, "2.0.0", "begin");
	smtp_park(x, x->self->session->start_tls(x->session, NULL), tls_begun);
}

/* ---- what may be offered --------------------------------------------------------------- */

struct ms_str
smtp_login_mechanisms(struct smtp *x)
{
	if (!x->self->submission || (x->self->require_tls && !x->tls))
		return ms_str_of("", 0);
	return x->self->auth->mechanisms(x->scope, x->session);
}

static bool
is_offered(struct ms_str mechanisms, struct ms_str name)
{
	struct ms_str one;

	while (ms_str_split(&mechanisms, ' ', &one))
		if (one.len > 0 && ms_str_equal_ci(one, name))
			return true;
	return false;
}

/* ---- the exchange ------------------------------------------------------------------------ */

static void
end_exchange(struct smtp *x)
{
	x->self->auth->drop(x->exchange);
	x->exchange = NULL;
	x->final_challenge = false;
	x->wants = SMTP_WANTS_COMMAND;
}

static void
login_failed(struct smtp *x, ms_status status)
{
	end_exchange(x);
	switch (status) {
	case MS_DENIED:
	case MS_NOTFOUND:
	case MS_PERMFAIL:
		if (++x->failed_logins >= SMTP_MAX_LOGINS) {
			smtp_say(x, 421, "4.7.0", "too many failed logins");
			smtp_end(x);
			return;
		}
		smtp_say(x, 535, "5.7.8", "wrong user or password");
		return;
	case MS_INVALID:
		smtp_say_junk(x, 501, "5.5.2", "bad response");
		return;
	case MS_UNSUPPORTED:
		smtp_say(x, 504, "5.5.4", "unknown mechanism");
		return;
	default:
		smtp_say(x, 454, "4.7.0", "no login at the moment");
	}
}

/* 235, and the second life. */
static void
login_done(struct smtp *x)
{
	struct ms_error err = MS_ERROR_INIT;
	char carry[CARRY_HEAD + SMTP_MAX_HELO];
	size_t len = strlen(x->helo);
	struct smtp_reply r;
	ms_status st;

	carry[0] = CARRY_VERSION;
	carry[1] = x->esmtp;
	carry[2] = (char)x->junk;
	memcpy(carry + CARRY_HEAD, x->helo, len);
	smtp_say(x, 235, "2.7.0", "welcome");
	st = x->self->session->hand_over(x->session, x->exchange,
	    ms_str_of(carry, CARRY_HEAD + len), &err);
	smtp_end(x);
	if (st == MS_OK)
		return;
	smtp_failure(st, &err, &r);
	smtp_log_refusal(x, "auth", &r, &err);
	smtp_say(x, 421, "4.7.0", "no login at the moment");
}

static void
say_challenge(struct smtp *x, struct ms_str challenge)
{
	MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(2 * MS_MAX_AUTH_LINE);

	ms_buf_add_c(&line, "334 ");	/* the blank stands even if all else is empty */
	ms_base64_encode(&line, challenge, 0);
	ms_buf_add_c(&line, "\r\n");
	if (!ms_buf_ok(&line)) {
		login_failed(x, MS_TEMPFAIL);
		return;
	}
	smtp_write(x, ms_buf_str(&line));
	x->wants = SMTP_WANTS_RESPONSE;
}

static void
exchange_stepped(struct smtp *x, struct ms_op *op, ms_status status,
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
		return;
	}
	if (!step.done) {
		say_challenge(x, step.challenge);
		return;
	}
	/* The server's last word goes as a challenge, for 235 carries none
	   (RFC 4422 3.6, RFC 4954 4.); an empty response follows. */
	if (step.challenge.len > 0) {
		x->final_challenge = true;
		say_challenge(x, step.challenge);
		return;
	}
	login_done(x);
}

static void
exchange_step(struct smtp *x, struct ms_str response)
{
	smtp_park(x, x->self->auth->step(x->scope, x->exchange, response),
	    exchange_stepped);
}

/* base64 to octets and on to the exchange; "=" is an empty initial response. */
static void
respond(struct smtp *x, struct ms_str text, bool initial)
{
	MS_AUTO_BUF struct ms_buf octets = MS_BUF_MAX(MS_MAX_AUTH_LINE);

	if (initial && ms_str_is(text, "="))
		text.len = 0;
	if (ms_base64_decode(&octets, text) != MS_OK || !ms_buf_ok(&octets)) {
		end_exchange(x);
		smtp_say_junk(x, 501, "5.5.2", "that is not base64");
	} else
		exchange_step(x, ms_buf_str(&octets));
	if (octets.data != NULL)
		explicit_bzero(octets.data, octets.cap);
}

void
smtp_response(struct smtp *x, struct ms_str line, uint32_t came_flags)
{
	x->wants = SMTP_WANTS_COMMAND;
	if (came_flags & MS_CAME_TOO_LONG) {
		end_exchange(x);
		smtp_say_junk(x, 500, "5.5.6", "response too long");
	} else if (ms_str_is(line, "*")) {
		end_exchange(x);
		smtp_say(x, 501, "5.7.0", "cancelled");
	} else if (!x->final_challenge) {
		respond(x, line, false);
	} else if (line.len == 0 || ms_str_is(line, "=")) {
		login_done(x);
	} else {
		end_exchange(x);
		smtp_say_junk(x, 501, "5.5.2", "an empty response was due");
	}
}

static bool
can_log_in(struct smtp *x, struct ms_str mechanisms)
{
	if (!x->self->submission)
		smtp_say_junk(x, 502, "5.5.1", "no logins here");
	else if (x->logged_in)		/* RFC 4954 4. */
		smtp_say(x, 503, "5.5.1", "you are logged in");
	else if (mechanisms.len == 0 && !x->tls)
		smtp_say(x, 538, "5.7.11", "STARTTLS comes first");
	else
		return true;
	return false;
}

void
smtp_auth(struct smtp *x, struct ms_str args)
{
	size_t blank = ms_str_find_octet(args, ' ');
	struct ms_str name = ms_str_sub(args, 0, blank);
	struct ms_str initial = blank == SIZE_MAX ? ms_str_of(NULL, 0) :
	    ms_str_trim(ms_str_from(args, blank));
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str mechanisms = smtp_login_mechanisms(x);
	ms_status st;

	if (!can_log_in(x, mechanisms))
		return;
	if (name.len == 0 || name.len > MAX_MECHANISM) {
		smtp_say_junk(x, 501, "5.5.4", "say a mechanism");
		return;
	}
	if (!is_offered(mechanisms, name)) {
		/* S07: most likely it only wants TLS. */
		if (x->tls)
			smtp_say(x, 504, "5.5.4", "unknown mechanism");
		else
			smtp_say(x, 538, "5.7.11", "STARTTLS comes first");
		return;
	}
	st = x->self->auth->begin(x->scope, x->session, name, &x->exchange,
	    &err);
	if (st != MS_OK) {
		x->exchange = NULL;
		login_failed(x, st);
		return;
	}
	if (initial.data == NULL)
		exchange_step(x, ms_str_of(NULL, 0));
	else
		respond(x, initial, true);
}

/* ---- the second life ---------------------------------------------------------------------- */

static void
auth_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_AUTH, UINT32_MAX, &r);
	if (r.code == 0)
		return;
	/* 235 has been said; what remains is to close (RFC 5321 3.8). */
	smtp_log_refusal(x, "auth", &r, err);
	smtp_say(x, 421, "4.7.0", "%s", r.text);
	smtp_end(x);
}

void
smtp_login_resume(struct smtp *x, struct ms_str carry)
{
	if (carry.len < CARRY_HEAD || carry.data[0] != CARRY_VERSION ||
	    carry.len > CARRY_HEAD + SMTP_MAX_HELO) {
		smtp_say(x, 421, "4.3.0", "please log in again");
		smtp_end(x);
		return;
	}
	x->esmtp = carry.data[1] != 0;
	x->junk = (uint8_t)carry.data[2];
	memcpy(x->helo, carry.data + CARRY_HEAD, carry.len - CARRY_HEAD);
	x->logged_in = true;
	x->state = SMTP_READY;
	smtp_note_protocol(x);
	smtp_judge(x, x->self->pipeline->run(x->scope, x->session, NULL,
	    MS_AT_AUTH, 0), auth_judged);
}
