/* SPDX-License-Identifier: ISC */
/* accept.c - see accept.h */
#include "accept.h"

#include <stdio.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/date.h>
#include <mansio/error.h>
#include <mansio/header.h>

#include "survey.h"
#include "trace.h"

#define PIECE (16 * 1024)	/* octets of a body looked at at once */

void
smtp_refuse_content(struct smtp *x, const struct smtp_reply *reply,
    const struct ms_error *err)
{
	struct smtp_reply r = *reply;
	uint32_t replies = x->self->lmtp && !r.hang_up ? x->n_accepted : 1;

	smtp_log_refusal(x, "content", &r, err);
	smtp_reset(x);
	for (uint32_t i = 0; i < replies; i++)
		smtp_answer(x, &r);
}

/* ---- looking ---------------------------------------------------------------------- */

/* Chunks carry text like DATA does (RFC 3030 2.), unless BINARYMIME says not. */
static ms_status
look_at_text(struct smtp *x, struct ms_blob *body, struct smtp_reply *out,
    struct ms_error *err)
{
	struct smtp_text text = { .found = 0 };
	char piece[PIECE];
	uint64_t at = 0;
	size_t n;
	ms_status st;

	do {
		st = x->self->blob->read(x->scope, body, at, piece,
		    sizeof(piece), &n, err);
		if (st != MS_OK)
			return st;
		smtp_text_piece(&text, ms_str_of(piece, n));
		at += n;
	} while (n > 0);
	smtp_text_end(&text);
	if (text.found & SMTP_TEXT_BARE)
		smtp_reply_set(out, 550, "5.6.11", "lines end in CR LF alone");
	else if (text.found & SMTP_TEXT_NUL)
		smtp_reply_set(out, 550, "5.6.0", "NUL is no text");
	else if ((text.found & SMTP_TEXT_LONG) && x->self->refuse_long_lines)
		smtp_reply_set(out, 550, "5.6.0", "a line is too long");
	if (text.found & SMTP_TEXT_8BIT)
		x->body_flags |= MS_CAME_8BIT;
	return MS_OK;
}

static ms_status
look_at_header(struct smtp *x, struct ms_blob *body, struct smtp_survey *out,
    struct ms_error *err)
{
	uint64_t octets = x->self->blob->octets(body);
	struct ms_str view = { "", 0 };
	ms_status st = MS_OK;

	if (octets > MS_MAX_HEADER_OCTETS)
		octets = MS_MAX_HEADER_OCTETS;
	if (octets > 0)
		st = x->self->blob->view(x->scope, body, 0, (size_t)octets,
		    &view, err);
	if (st == MS_OK)
		smtp_survey(ms_str_sub(view, 0, ms_header_octets(view)), out);
	return st;
}

/* Our own mark on a message for one recipient: it was in that mailbox before.
   Found here it is refused, not bounced later to a forged sender. */
static bool
was_here(struct smtp *x, const struct smtp_survey *survey)
{
	const struct ms_message_api *api = x->self->message;
	struct ms_str path;
	struct ms_field f;

	if (survey->delivered_to == 0 || api->info(x->message)->n_recipients != 1)
		return false;
	path = api->recipient(x->message, 0)->path;
	for (uint32_t i = 0; i < survey->delivered_to && i < MS_MAX_RECEIVED; i++)
		if (api->header(x->scope, x->message,
		    (struct ms_str)MS_STR("Delivered-To"), i, &f, NULL) == MS_OK &&
		    ms_str_equal_ci(ms_str_trim(f.value), path))
			return true;
	return false;
}

/* ---- header fields of ours ----------------------------------------------------------- */

static ms_status
add_field(struct smtp *x, uint32_t edit, const char *name,
    const struct ms_buf *value, struct ms_error *err)
{
	if (!ms_buf_ok(value))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "out of memory");
	return x->self->message->edit_header(x->message, edit, ms_str_c(name),
	    0, ms_buf_str(value), err);
}

static ms_status
add_received(struct smtp *x, struct ms_error *err)
{
	const struct ms_message_info *info =
	    x->self->message->info(x->message);
	MS_AUTO_BUF struct ms_buf value = MS_BUF_MAX(4096);
	struct smtp_trace t = {
		.helo = ms_str_c(x->helo),
		.address = smtp_fact(x, "client.address"),
		.name = smtp_fact(x, "client.name"),
		.hostname = x->hostname,
		.with = smtp_trace_with(x->self->lmtp, x->esmtp, x->tls,
		    x->logged_in, x->utf8),
		.tls_version = smtp_fact(x, "tls.version"),
		.tls_cipher = smtp_fact(x, "tls.cipher"),
		.id = info->id.len > 0 ? info->id : x->scope->id,
		.now_us = x->self->clock->now_us(x->self->host),
	};

	/* RFC 5321 7.2: naming one of several would tell of a blind copy. */
	if (info->n_recipients == 1)
		t.recipient = x->self->message->recipient(x->message, 0)->path;
	smtp_trace_add(&value, &t);
	return add_field(x, MS_HEADER_PREPEND, "Received", &value, err);
}

/* RFC 6409 8.2, 8.3; RFC 5322 3.6.3 for Bcc. */
static ms_status
repair_header(struct smtp *x, const struct smtp_survey *survey,
    struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf date = MS_BUF_MAX(100);
	MS_AUTO_BUF struct ms_buf id = MS_BUF_MAX(512);
	int64_t now = x->self->clock->now_us(x->self->host);
	uint64_t chance[2];
	ms_status st = MS_OK;

	if (survey->bcc > 0)
		st = x->self->message->edit_header(x->message, MS_HEADER_REMOVE,
		    ms_str_c("Bcc"), -1, ms_str_of("", 0), err);
	if (st == MS_OK && survey->date == 0) {
		ms_date_add(&date, now, 0);
		st = add_field(x, MS_HEADER_APPEND, "Date", &date, err);
	}
	if (st == MS_OK && survey->message_id == 0) {
		x->self->clock->random(x->self->host, chance, sizeof(chance));
		ms_buf_addf(&id, "<%016llx.%016llx@%.*s>",
		    (unsigned long long)chance[0],
		    (unsigned long long)chance[1], (int)x->hostname.len,
		    x->hostname.data);
		st = add_field(x, MS_HEADER_APPEND, "Message-ID", &id, err);
	}
	return st;
}

/* ---- the reply ------------------------------------------------------------------------ */

static void
say_taken(struct smtp *x)
{
	smtp_say(x, 250, "2.0.0", "Ok: queued as %.*s", (int)x->id.len,
	    x->id.data);
}

/* RFC 2033 4.2: a reply for each recipient that was accepted, in order. */
static void
answer_each(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	for (uint32_t i = 0; i < x->n_accepted; i++) {
		smtp_decision(x, x->kept, MS_OK, NULL, MS_AT_BODY,
		    x->accepted[i], &r);
		if (r.code == 0)
			smtp_decision(x, op, status, err, MS_AT_SEND,
			    x->accepted[i], &r);
		if (r.code == 0) {
			say_taken(x);
			continue;
		}
		smtp_log_refusal(x, "content", &r, err);
		smtp_say(x, r.code, r.enhanced, "%s", r.text);
	}
}

static void
queued(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	if (x->self->lmtp)
		answer_each(x, op, status, err);
	else {
		smtp_decision(x, op, status, err, MS_AT_SEND, UINT32_MAX, &r);
		if (r.code != 0) {
			smtp_refuse_content(x, &r, err);
			return;
		}
		/* durable before 250: the op has ended well */
		say_taken(x);
	}
	smtp_reset(x);
}

/* ---- stages and queue -------------------------------------------------------------------- */

/* LMTP: who is refused by a stage is taken out, the others go on.  Returns
   how many are left. */
static uint32_t
keep_the_welcome(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;
	uint32_t left = 0;

	for (uint32_t i = 0; i < x->n_accepted; i++) {
		smtp_decision(x, op, status, err, MS_AT_BODY, x->accepted[i],
		    &r);
		if (r.code == 0)
			left++;
		else
			(void)x->self->message->remove_recipient(x->message,
			    x->accepted[i], NULL);
	}
	return left;
}

/* The message is the pipeline's from here on, whatever becomes of it. */
static void
submit(struct smtp *x)
{
	struct ms_message *message = x->message;
	struct ms_str id = x->self->message->info(message)->id;

	x->id = ms_arena_str(x->mail, id.len > 0 ? id : x->scope->id);
	x->message = NULL;
	smtp_park(x, x->self->pipeline->submit(x->scope, message,
	    x->self->lmtp ? MS_SUBMIT_THROUGH : 0u), queued);
}

static void
body_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_BODY, UINT32_MAX, &r);
	if (status != MS_OK || r.hang_up ||
	    (r.code != 0 && !x->self->lmtp)) {
		smtp_refuse_content(x, &r, err);
		return;
	}
	if (x->self->lmtp) {
		x->kept = op;
		x->running = NULL;
		if (keep_the_welcome(x, op, status, err) == 0) {
			answer_each(x, op, MS_OK, NULL);
			smtp_reset(x);
			return;
		}
	}
	submit(x);
}

static void
judge_body(struct smtp *x)
{
	smtp_judge(x, x->self->pipeline->run(x->scope, x->session, x->message,
	    MS_AT_BODY, 0), body_judged);
}

/* The header came in chunks: judged late, but before the body. */
static void
late_header_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_HEADER, UINT32_MAX, &r);
	if (r.code != 0)
		smtp_refuse_content(x, &r, err);
	else
		judge_body(x);
}

/* Checks what can be seen without a stage, and writes our fields. */
static ms_status
prepare(struct smtp *x, struct ms_blob *body, struct smtp_reply *out,
    struct ms_error *err)
{
	struct smtp_survey survey = { .received = 0 };
	struct ms_message_info info;
	ms_status st = MS_OK;

	out->code = 0;
	if (x->state == SMTP_CHUNKS && !x->binary)
		st = look_at_text(x, body, out, err);
	if (st != MS_OK || out->code != 0)
		return st;
	info = smtp_info(x);
	info.body = body;
	info.coming = NULL;
	if (x->body_flags & MS_CAME_8BIT)
		info.flags |= MS_MESSAGE_8BIT;
	st = x->self->message->set_info(x->message, &info, err);
	if (st == MS_OK)
		st = look_at_header(x, body, &survey, err);
	if (st != MS_OK)
		return st;
	if (survey.received >= MS_MAX_RECEIVED) {	/* RFC 5321 6.3 */
		smtp_reply_set(out, 554, "5.4.6", "too many hops: a loop");
		return MS_OK;
	}
	if (was_here(x, &survey)) {
		smtp_reply_set(out, 554, "5.4.6", "delivered here before: a loop");
		return MS_OK;
	}
	if (x->logged_in && survey.from > 1) {	/* RFC 5322 3.6 */
		smtp_reply_set(out, 550, "5.6.0", "more than one From field");
		return MS_OK;
	}
	if (x->logged_in)
		st = repair_header(x, &survey, err);
	return st == MS_OK ? add_received(x, err) : st;
}

void
smtp_take_content(struct smtp *x)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_blob *body = NULL;
	struct smtp_reply r = { .code = 0 };
	ms_status st;

	st = x->self->blob->finish(x->writer, &body, &err);
	x->writer = NULL;
	if (st == MS_OK)
		st = prepare(x, body, &r, &err);
	x->self->blob->release(body);
	if (st != MS_OK)
		smtp_failure(st, &err, &r);
	if (r.code != 0) {
		smtp_refuse_content(x, &r, &err);
		return;
	}
	if (x->header_judged)
		judge_body(x);
	else
		smtp_judge(x, x->self->pipeline->run(x->scope, x->session,
		    x->message, MS_AT_HEADER, 0), late_header_judged);
}
