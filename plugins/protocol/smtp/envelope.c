/* SPDX-License-Identifier: ISC */
/* envelope.c - MAIL and RCPT: a transaction begins */
#include "smtp.h"

#include <mansio/address.h>
#include <mansio/arena.h>
#include <mansio/error.h>

#include "line.h"

#define MAIL_BUDGET (64 * 1024)	/* octets of memory for one transaction */

struct ms_message_info
smtp_info(struct smtp *x)
{
	const struct ms_message_info *now = x->self->message->info(x->message);
	struct ms_message_info info = { .size = sizeof(info) };

	memcpy(&info, now, now->size < sizeof(info) ? now->size : sizeof(info));
	info.size = sizeof(info);
	return info;
}

static void
say_fault(struct smtp *x, const struct smtp_fault *fault)
{
	smtp_say(x, fault->code, fault->enhanced, "%s", fault->text);
}

/* ---- MAIL ------------------------------------------------------------------------ */

/* One of the account's own: RFC 6409 6.1.  The null reverse-path is for
   notifications (RFC 8098 3.), which anybody sends. */
static bool
is_own_sender(struct smtp *x, const struct ms_path *path)
{
	struct ms_str senders = smtp_fact(x, "auth.senders"), one, mine;

	if (path->flags & MS_PATH_IS_NULL)
		return true;
	if (ms_address_key(x->scope->arena, path, &mine, NULL) != MS_OK)
		return false;
	if (ms_str_equal_ci(mine, smtp_fact(x, "auth.account")))
		return true;
	while (ms_str_split(&senders, ' ', &one)) {
		if (one.len > 1 && one.data[0] == '@' && one.len < mine.len &&
		    ms_str_equal_ci(one, ms_str_from(mine, mine.len - one.len)))
			return true;
		if (one.len > 0 && ms_str_equal_ci(one, mine))
			return true;
	}
	return false;
}

static void
refuse_mail(struct smtp *x, const struct smtp_reply *r,
    const struct ms_error *err)
{
	smtp_log_refusal(x, "mail", r, err);
	smtp_reset(x);
	smtp_answer(x, r);
}

static void
mail_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_MAIL, UINT32_MAX, &r);
	if (r.code != 0) {
		refuse_mail(x, &r, err);
		return;
	}
	x->state = SMTP_MAIL;
	smtp_say(x, 250, "2.1.0", "Ok");
}

static ms_status
begin_message(struct smtp *x, const struct smtp_mail_args *args,
    struct ms_error *err)
{
	struct ms_instance *self = x->self;
	struct ms_message_info info;
	ms_status st;

	st = self->pipeline->begin(x->scope, x->session, ms_str_of("", 0),
	    &x->message, err);
	if (st != MS_OK)
		return st;
	info = smtp_info(x);
	info.reverse_path = args->path.address;
	info.envid = args->envid;
	info.received_us = self->clock->now_us(self->host);
	info.flags |= args->ret | (args->utf8 ? MS_MESSAGE_SMTPUTF8 : 0u) |
	    (args->body == SMTP_BODY_BINARYMIME ? MS_MESSAGE_BINARY : 0u) |
	    (args->body == SMTP_BODY_8BITMIME ? MS_MESSAGE_8BIT : 0u) |
	    (x->logged_in ? MS_MESSAGE_OWN : 0u);
	/* RFC 4954 5.: who is not logged in is not believed. */
	if (x->logged_in)
		info.auth = args->has_auth ? args->auth :
		    smtp_fact(x, "auth.account");
	return self->message->set_info(x->message, &info, err);
}

/* What MAIL is refused for before anybody is asked; true: refused. */
static bool
refuse_early(struct smtp *x)
{
	if (x->self->require_tls && !x->tls)	/* RFC 3207 4. */
		smtp_say(x, 530, "5.7.0", "STARTTLS comes first");
	else if (x->self->submission && !x->logged_in)	/* RFC 4954 6. */
		smtp_say(x, 530, "5.7.0", "log in first");
	else
		return false;
	return true;
}

void
smtp_mail(struct smtp *x, struct ms_str args)
{
	struct ms_error err = MS_ERROR_INIT;
	struct smtp_mail_args mail;
	struct smtp_fault fault;
	struct smtp_reply r;
	ms_status st;

	if (refuse_early(x))
		return;
	if (!smtp_mail_parse(x->scope->arena, args, &mail, &fault)) {
		say_fault(x, &fault);
		return;
	}
	if (mail.size > x->self->max_size) {	/* RFC 1870 6.1 */
		smtp_reply_set(&r, 552, "5.3.4", "too large");
		refuse_mail(x, &r, NULL);
		return;
	}
	if (x->logged_in && x->self->own_sender && !is_own_sender(x, &mail.path)) {
		smtp_reply_set(&r, 553, "5.7.1", "not an address of yours");
		refuse_mail(x, &r, NULL);
		return;
	}
	st = begin_message(x, &mail, &err);
	if (st != MS_OK) {
		smtp_failure(st, &err, &r);
		refuse_mail(x, &r, &err);
		return;
	}
	x->announced = mail.size;
	x->binary = mail.body == SMTP_BODY_BINARYMIME;
	x->eightbit = mail.body == SMTP_BODY_8BITMIME;
	x->utf8 = mail.utf8;
	if (x->utf8 != x->noted_utf8)
		smtp_note_protocol(x);
	x->mail = x->self->scope->arena_new(
	    x->self->session->scope(x->session), MAIL_BUDGET);
	smtp_judge(x, x->self->pipeline->run(x->scope, x->session, x->message,
	    MS_AT_MAIL, 0), mail_judged);
}

/* ---- RCPT ------------------------------------------------------------------------- */

static void
note_accepted(struct smtp *x, uint32_t number)
{
	if (x->n_accepted == x->room_accepted) {
		uint32_t room = x->room_accepted == 0 ? 4 : x->room_accepted * 2;
		uint32_t *more = ms_arena_array(x->mail, room, sizeof(*more));

		if (x->n_accepted > 0)
			memcpy(more, x->accepted,
			    x->n_accepted * sizeof(*more));
		x->accepted = more;
		x->room_accepted = room;
	}
	x->accepted[x->n_accepted++] = number;
}

static void
accept_recipient(struct smtp *x)
{
	note_accepted(x, x->pending);
	x->state = SMTP_RCPT;
	smtp_say(x, 250, "2.1.5", "Ok");
}

static struct ms_str
path_of(struct smtp *x, uint32_t number)
{
	uint32_t n = x->self->message->info(x->message)->n_recipients;

	/* The last one, as a rule. */
	while (n-- > 0) {
		const struct ms_recipient *r =
		    x->self->message->recipient(x->message, n);

		if (r->number == number)
			return r->path;
	}
	return ms_str_of("", 0);
}

static void
rcpt_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_RCPT, x->pending, &r);
	if (r.code == 0) {
		accept_recipient(x);
		return;
	}
	smtp_log_recipient(x, path_of(x, x->pending), &r, err);
	(void)x->self->message->remove_recipient(x->message, x->pending, NULL);
	smtp_answer(x, &r);
}

/* The number of the recipient with that path; UINT32_MAX: none. */
static uint32_t
number_of(struct smtp *x, struct ms_str path)
{
	uint32_t n = x->self->message->info(x->message)->n_recipients;

	for (uint32_t i = 0; i < n; i++) {
		const struct ms_recipient *r =
		    x->self->message->recipient(x->message, i);

		if (ms_str_equal(r->path, path))
			return r->number;
	}
	return UINT32_MAX;
}

static ms_status
add_recipient(struct smtp *x, const struct smtp_rcpt_args *args,
    struct ms_error *err)
{
	struct ms_recipient r = { .size = sizeof(r), .notify = args->notify,
		.path = args->path.address, .original = args->original };
	uint32_t n;
	ms_status st;

	st = x->self->message->add_recipient(x->message, &r, err);
	if (st != MS_OK)
		return st;
	n = x->self->message->info(x->message)->n_recipients;
	if (n == 0)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "the recipient was not kept");
	x->pending = x->self->message->recipient(x->message, n - 1)->number;
	return MS_OK;
}

void
smtp_rcpt(struct smtp *x, struct ms_str args)
{
	struct ms_error err = MS_ERROR_INIT;
	struct smtp_rcpt_args rcpt;
	struct smtp_fault fault;
	struct smtp_reply r;
	ms_status st;

	if (!smtp_rcpt_parse(x->scope->arena, args, x->utf8, &rcpt, &fault)) {
		say_fault(x, &fault);
		return;
	}
	/* RFC 5321 4.5.3.1.10: those before stay; the client sends the rest
	   in another transaction. */
	if (x->n_accepted >= x->self->max_recipients) {
		smtp_say(x, 452, "4.5.3", "too many recipients");
		return;
	}
	/* Named twice: one copy, but RFC 2033 4.2 wants a reply for each. */
	x->pending = number_of(x, rcpt.path.address);
	if (x->pending != UINT32_MAX) {
		accept_recipient(x);
		return;
	}
	st = add_recipient(x, &rcpt, &err);
	if (st != MS_OK) {
		smtp_failure(st, &err, &r);
		if (st == MS_LIMIT)
			smtp_reply_set(&r, 452, "4.5.3", "too many recipients");
		smtp_log_recipient(x, rcpt.path.address, &r, &err);
		smtp_answer(x, &r);
		return;
	}
	smtp_judge(x, x->self->pipeline->run(x->scope, x->session, x->message,
	    MS_AT_RCPT, x->pending), rcpt_judged);
}
