/* SPDX-License-Identifier: ISC */
/* content.c - DATA and BDAT: how the content comes */
#include "smtp.h"

#include <mansio/arena.h>
#include <mansio/error.h>

#include "accept.h"
#include "line.h"

/* ---- beginning ------------------------------------------------------------------ */

static ms_status
begin_body(struct smtp *x, struct ms_error *err)
{
	struct ms_message_info info;
	ms_status st;

	st = x->self->blob->begin(x->scope, x->self->max_size, &x->writer, err);
	if (st != MS_OK)
		return st;
	info = smtp_info(x);
	info.coming = x->writer;
	return x->self->message->set_info(x->message, &info, err);
}

/* Refused before the first octet: the whole transaction is. */
static void
refuse_data(struct smtp *x, const struct smtp_reply *r,
    const struct ms_error *err)
{
	smtp_log_refusal(x, "data", r, err);
	smtp_reset(x);
	smtp_answer(x, r);
}

static void
data_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct ms_error begun = MS_ERROR_INIT;
	struct smtp_reply r;
	ms_status st;

	smtp_decision(x, op, status, err, MS_AT_DATA, UINT32_MAX, &r);
	if (r.code != 0) {
		refuse_data(x, &r, err);
		return;
	}
	st = begin_body(x, &begun);
	if (st != MS_OK) {
		smtp_failure(st, &begun, &r);
		refuse_data(x, &r, &begun);
		return;
	}
	smtp_say(x, 354, "", "go on, end with a dot");
	x->wants = SMTP_WANTS_BODY;
}

void
smtp_data(struct smtp *x, struct ms_str args)
{
	if (args.len > 0)
		smtp_say_junk(x, 501, "5.5.4", "DATA takes no argument");
	else if (x->n_accepted == 0)
		/* RFC 5321 3.3; RFC 2033 4.2 wants 503. */
		smtp_say(x, x->self->lmtp ? 503 : 554, "5.5.1",
		    "no valid recipients");
	else if (x->binary)		/* RFC 3030 3. */
		smtp_say(x, 503, "5.5.1", "BINARYMIME goes with BDAT");
	else
		smtp_judge(x, x->self->pipeline->run(x->scope, x->session,
		    x->message, MS_AT_DATA, 0), data_judged);
}

/* ---- a body up to its dot --------------------------------------------------------- */

static struct smtp_reply *
spoil(struct smtp *x, int code, const char *enhanced, const char *text)
{
	if (x->spoilt == NULL)
		x->spoilt = ms_arena_alloc(x->mail, sizeof(*x->spoilt));
	smtp_reply_set(x->spoilt, code, enhanced, text);
	return x->spoilt;
}

static void
header_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_HEADER, UINT32_MAX, &r);
	if (r.hang_up) {
		smtp_refuse_content(x, &r, err);
		return;
	}
	/* The peer hears of it after its dot. */
	if (r.code != 0)
		*spoil(x, 0, "", "") = r;
	x->wants = SMTP_WANTS_BODY;
}

/* Why a body as it came can't be taken; code 0: it can. */
static void
look_at_body(struct smtp *x, const struct ms_came *came,
    struct smtp_reply *out)
{
	out->code = 0;
	out->hang_up = out->silent = false;
	if (x->spoilt != NULL)
		*out = *x->spoilt;
	else if (came->flags & MS_CAME_TOO_LONG)
		smtp_reply_set(out, 552, "5.3.4", "too large");
	else if (came->status != MS_OK)
		smtp_failure(came->status, came->error, out);
	else if (x->body_flags & (MS_CAME_BARE_CR | MS_CAME_BARE_LF))
		smtp_reply_set(out, 550, "5.6.11", "lines end in CR LF alone");
	else if (x->body_flags & MS_CAME_NUL)
		smtp_reply_set(out, 550, "5.6.0", "NUL is no text");
	else if ((x->body_flags & MS_CAME_LONG_TEXT) &&
	    x->self->refuse_long_lines)
		smtp_reply_set(out, 550, "5.6.0", "a line is too long");
}

void
smtp_body_came(struct smtp *x, const struct ms_came *came)
{
	struct smtp_reply r;

	x->wants = SMTP_WANTS_COMMAND;
	x->body_flags |= came->flags;
	if (came->flags & MS_CAME_HEADER) {
		x->header_judged = true;
		smtp_judge(x, x->self->pipeline->run(x->scope, x->session,
		    x->message, MS_AT_HEADER, 0), header_judged);
		return;
	}
	look_at_body(x, came, &r);
	if (r.code != 0)
		smtp_refuse_content(x, &r, came->error);
	else
		smtp_take_content(x);
}

/* ---- chunks: RFC 3030 -------------------------------------------------------------- */

static void
chunk_lost(struct smtp *x)
{
	struct smtp_reply r;
	bool last = x->chunk_last;

	if (x->spoilt == NULL) {	/* out of order, or after a failure */
		smtp_say(x, 503, "5.5.1", "%s", x->state == SMTP_SPOILT ?
		    "the transaction failed; RSET" : "no valid recipients");
	} else {
		r = *x->spoilt;
		if (last) {
			smtp_refuse_content(x, &r, NULL);
			return;
		}
		smtp_log_refusal(x, "data", &r, NULL);
		smtp_reset(x);
		x->state = SMTP_SPOILT;
		smtp_answer(x, &r);
	}
	if (last && x->state == SMTP_SPOILT)
		x->state = SMTP_READY;	/* nothing of it can follow */
}

static void
chunk_kept(struct smtp *x)
{
	x->content += x->chunk;
	x->state = SMTP_CHUNKS;
	if (x->chunk_last)
		smtp_take_content(x);
	else
		smtp_say(x, 250, "2.0.0", "%llu octets",
		    (unsigned long long)x->chunk);
}

static void
read_chunk(struct smtp *x)
{
	if (x->chunk > 0)
		x->wants = SMTP_WANTS_CHUNK;
	else if (x->chunk_lost)
		chunk_lost(x);
	else
		chunk_kept(x);
}

void
smtp_chunk_came(struct smtp *x, const struct ms_came *came)
{
	x->wants = SMTP_WANTS_COMMAND;
	x->body_flags |= came->flags & MS_CAME_8BIT;
	if (!x->chunk_lost && (came->status != MS_OK ||
	    (came->flags & MS_CAME_TOO_LONG))) {
		struct smtp_reply r;

		smtp_failure(came->status, came->error, &r);
		if (came->flags & MS_CAME_TOO_LONG)
			smtp_reply_set(&r, 552, "5.3.4", "too large");
		*spoil(x, 0, "", "") = r;
		x->chunk_lost = true;
	}
	if (x->chunk_lost)
		chunk_lost(x);
	else
		chunk_kept(x);
}

static void
chunks_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct ms_error begun = MS_ERROR_INIT;
	struct smtp_reply r;
	ms_status st;

	smtp_decision(x, op, status, err, MS_AT_DATA, UINT32_MAX, &r);
	if (r.code == 0) {
		st = begin_body(x, &begun);
		if (st != MS_OK)
			smtp_failure(st, &begun, &r);
	}
	if (r.code != 0) {
		/* The octets are on their way: read and forgotten first. */
		*spoil(x, 0, "", "") = r;
		x->chunk_lost = true;
	}
	read_chunk(x);
}

void
smtp_bdat(struct smtp *x, struct ms_str args)
{
	struct smtp_reply r;

	if (!smtp_bdat_parse(args, &x->chunk, &x->chunk_last) ||
	    x->state == SMTP_REFUSED) {
		/* Where the next command begins can't be told any more. */
		smtp_reply_set(&r, 501, "5.5.4", "bad BDAT");
		smtp_answer(x, &r);
		smtp_end(x);
		return;
	}
	if (x->chunk / 2 > x->self->max_size) {	/* S09: drained, with a bound */
		smtp_reply_set(&r, 552, "5.3.4", "too large");
		smtp_log_refusal(x, "data", &r, NULL);
		smtp_answer(x, &r);
		smtp_end(x);
		return;
	}
	x->chunk_lost = x->state != SMTP_RCPT && x->state != SMTP_CHUNKS;
	if (!x->chunk_lost && x->chunk > x->self->max_size - x->content) {
		(void)spoil(x, 552, "5.3.4", "too large");
		x->chunk_lost = true;
	}
	if (x->chunk_lost || x->state == SMTP_CHUNKS)
		read_chunk(x);
	else
		smtp_judge(x, x->self->pipeline->run(x->scope, x->session,
		    x->message, MS_AT_DATA, 0), chunks_judged);
}
