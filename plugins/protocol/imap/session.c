/* SPDX-License-Identifier: ISC */
/*
 * session.c - see session.h
 *
 * The steps of a session.  A command passes its stages from left to right,
 * each of which may stop the step and wait:
 *
 *	READ -> ACCOUNT -> RUN -> NOTICES -> TAG -> END
 *
 * READ gathers lines and literals, ACCOUNT sees to it that the account is
 * open, RUN is the verb's own, NOTICES tells what others changed in the
 * selected mailbox, TAG says OK, NO or BAD, END waits until all is sent.
 */
#include "session.h"

#include <stdlib.h>

#include <mansio/str.h>

#include "account.h"
#include "capability.h"
#include "notices.h"
#include "respond.h"
#include "select.h"
#include "verbs.h"

enum { STAGE_READ = 0, STAGE_ACCOUNT, STAGE_RUN, STAGE_NOTICES, STAGE_TAG,
       STAGE_END };

#define IDLE_LINE_MAX	64
/* What a second life is given of the first; RFC 3501 knows nothing that
   should survive a login. */
#define CARRY_VERSION	"1"

void
session_bye(struct command *c, const char *text)
{
	if (c->session->is_over)
		return;
	respond_text(c, "* BYE ");
	respond_text(c, text);
	respond_text(c, "\r\n");
	c->session->is_over = true;
}

void
session_save_result(struct session *s, struct ms_uids uids)
{
	free(s->saved);
	s->saved = NULL;
	s->n_saved = 0;
	if (uids.n == 0 ||
	    (s->saved = calloc(uids.n, sizeof(*s->saved))) == NULL)
		return;
	memcpy(s->saved, uids.ranges, uids.n * sizeof(*s->saved));
	s->n_saved = uids.n;
}

static void
wait_for_command(struct session *s, struct ms_wait *wait)
{
	if (s->is_over) {
		wait->what = 0;
		return;
	}
	wait->what = MS_WAIT_LINE;
	wait->line_max = s->in_second_life ? IMAP_MAX_LINE :
	    IMAP_MAX_LINE_FRESH;
	wait->timeout_us = session_patience_us(s);
	if (s->idle_tag != NULL) {
		wait->what |= MS_WAIT_EVENT;
		wait->line_max = IDLE_LINE_MAX;
		wait->timeout_us = s->self->keepalive_us;
	}
}

static void
write_text(struct session *s, const char *text)
{
	s->octets_out += strlen(text);
	(void)s->self->session->write(s->peer, ms_str_c(text));
}

/* The tagged response. */
static void
tag(struct command *c)
{
	static const char *const words[] = { "", "OK ", "NO ", "BAD " };
	struct session *s = c->session;

	if (c->reply == 0 && !s->is_over && !c->is_answered)
		reply(c, REPLY_OK, NULL, "done");
	if (s->idle_tag == NULL && c->reply != 0 && !c->is_answered) {
		if (c->tag.len > 0)
			respond_str(c, c->tag);
		else
			respond_text(c, "*");
		respond_text(c, " ");
		respond_text(c, words[c->reply]);
		respond_str(c, c->reply_text);
		respond_text(c, "\r\n");
	}
	if (c->reply == REPLY_BAD && ++s->n_junk > (s->in_second_life ?
	    IMAP_MAX_JUNK_LATER : IMAP_MAX_JUNK))
		session_bye(c, "Too many commands that are none");
	/* Who does not log in may not stay for ever. */
	if (!s->in_second_life && !c->hands_over &&
	    ++s->n_commands >= IMAP_MAX_FRESH_COMMANDS)
		session_bye(c, "Too many commands before a login");
}

/* All is said; what follows from it. */
static void
end(struct command *c)
{
	struct session *s = c->session;
	struct ms_wait *wait = c->wait;
	struct ms_error err = { .size = sizeof(err) };

	if (c->hands_over) {
		ms_status st = s->self->session->hand_over(s->peer,
		    c->exchange, ms_str_c(CARRY_VERSION), &err);

		/* It is the core's now: it goes with this life. */
		if (st == MS_OK)
			c->exchange = NULL;
		else
			write_text(s, "* BYE [UNAVAILABLE] Try again\r\n");
		s->is_over = true;
	}
	command_free(c);
	wait_for_command(s, wait);
}

/* Parks.  What the peer does not take yet is kept and goes first; only then
   is waited for what the command asked for. */
static void
park(struct command *c)
{
	respond_flush(c);
	if (c->out.len == 0) {
		/* An idle command keeps no buffer. */
		ms_buf_free(&c->out);
		c->out = (struct ms_buf)MS_BUF_MAX(IMAP_MAX_OUTPUT);
		return;
	}
	if (c->wait->what == MS_WAIT_OUTPUT)
		return;
	c->held_wait = *c->wait;
	c->wait->what = 0;
	(void)command_wait_output(c);
}

/* Runs the stages from where the command stands. */
static void
go(struct command *c)
{
	struct session *s = c->session;
	enum progress p = PROGRESS_DONE;

	while (p == PROGRESS_DONE) {
		if (s->is_over && c->stage < STAGE_TAG)
			c->stage = STAGE_TAG;
		switch (c->stage) {
		case STAGE_ACCOUNT:
			if (c->verb->flags & VERB_ACCOUNT)
				p = account_open(c);
			/* A message that comes on its own is still to be read. */
			if (p == PROGRESS_DONE && c->reply != 0 &&
			    !c->has_literal)
				c->stage = STAGE_NOTICES;
			break;
		case STAGE_RUN:
			p = c->verb->run(c);
			break;
		case STAGE_NOTICES:
			if (s->state == STATE_SELECTED && c->verb != NULL &&
			    !(c->verb->flags & VERB_NO_NOTICES))
				p = notices_run(c,
				    !(c->verb->flags & VERB_KEEPS_SEQS) ||
				    c->is_uid);
			break;
		case STAGE_TAG:
			tag(c);
			break;
		case STAGE_END:
			respond_flush(c);
			if (c->out.len == 0) {
				end(c);
				return;
			}
			p = command_wait_output(c);
			break;
		}
		if (p == PROGRESS_DONE)
			c->stage++;
		c->came = NULL;
	}
	park(c);
}

static void
begin_step(struct command *c, const struct ms_scope *scope,
    const struct ms_came *came, struct ms_wait *wait)
{
	c->scope = scope;
	c->came = came;
	c->wait = wait;
	c->queued = 0;
}

static ms_status
read_on(struct command *c)
{
	struct session *s = c->session;
	struct ms_wait *wait = c->wait;

	switch (c->came->what == MS_CAME_BYTES ? read_literal(c) :
	    read_line(c)) {
	case READ_MORE:
		park(c);
		return MS_OK;
	case READ_CLOSE:
		command_free(c);
		wait->what = 0;
		return MS_OK;
	case READ_REPLY:
		c->stage = STAGE_TAG;
		break;
	case READ_RUN:
		c->stage = STAGE_ACCOUNT;
		c->came = NULL;
		break;
	}
	if (s->is_over && c->reply == 0)
		c->stage = STAGE_TAG;
	go(c);
	return MS_OK;
}

/* Between IDLE and DONE there is no command; one is made for each event. */
static ms_status
idle_on(struct command *c)
{
	struct session *s = c->session;
	struct ms_instance *self = s->self;

	c->verb = verb_idle();
	c->stage = STAGE_NOTICES;
	switch (c->came->what) {
	case MS_CAME_LINE:
		c->tag = ms_arena_str(c->arena, ms_str_c(s->idle_tag));
		free(s->idle_tag);
		s->idle_tag = NULL;
		if (ms_str_is_ci(c->came->input, "DONE"))
			reply(c, REPLY_OK, NULL, "IDLE ended");
		else
			reply(c, REPLY_BAD, NULL, "DONE was expected");
		break;
	case MS_CAME_TIMEOUT:
		if (self->clock->steady_us(self->host) - s->idle_since_us >=
		    self->idle_timeout_us) {
			session_bye(c, "Idle for too long");
			break;
		}
		/* Keeps translators of addresses awake; and looks for what a
		   lost event would have told. */
		respond_text(c, "* OK Still here\r\n");
		break;
	}
	c->came = NULL;
	go(c);
	return MS_OK;
}

/* Output that was kept goes first.  False: there still is some, or what was
   waited for is waited for again. */
static bool
let_out(struct command *c)
{
	respond_flush(c);
	if (c->out.len > 0) {
		(void)command_wait_output(c);
		return false;
	}
	if (c->held_wait.what == 0)
		return true;
	*c->wait = c->held_wait;
	c->held_wait.what = 0;
	park(c);
	return false;
}

ms_status
session_step(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *peer, void *state, const struct ms_came *came,
    struct ms_wait *wait)
{
	struct session *s = state;
	struct command *c = s->command;

	(void)self, (void)peer;
	if (came->what == MS_CAME_CLOSED) {
		wait->what = 0;
		return MS_OK;
	}
	if (came->what == MS_CAME_TIMEOUT &&
	    (s->idle_tag == NULL || c != NULL)) {
		if (c != NULL && c->op != NULL) {
			/* The store or the directory has yet to answer. */
			wait->what = MS_WAIT_OP;
			wait->ops = &c->op;
			wait->n_ops = 1;
			return MS_OK;
		}
		if (c == NULL || (c->stage == STAGE_READ && c->out.len == 0))
			write_text(s, "* BYE Idle for too long\r\n");
		wait->what = 0;
		return MS_OK;
	}
	if (came->what == MS_CAME_LINE || came->what == MS_CAME_BYTES)
		s->octets_in += came->input.len;
	if (c == NULL && (c = command_new(s)) == NULL)
		return MS_TEMPFAIL;
	begin_step(c, scope, came, wait);
	if (came->what == MS_CAME_OUTPUT && !let_out(c))
		return MS_OK;
	if (s->idle_tag != NULL && c->stage == STAGE_READ)
		return idle_on(c);
	if (c->stage == STAGE_READ)
		return read_on(c);
	if (came->what == MS_CAME_OP)
		command_drop_commit(c);
	go(c);
	return MS_OK;
}

static struct session *
new_session(struct ms_instance *self, struct ms_session *peer)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->self = self;
		s->peer = peer;
		s->state = STATE_FRESH;
	}
	return s;
}

ms_status
session_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *peer, void **state, struct ms_wait *wait)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(4096);
	struct session *s = new_session(self, peer);

	if (s == NULL)
		return MS_TEMPFAIL;
	*state = s;
	ms_buf_add_c(&out, "* OK [CAPABILITY ");
	capability_add(s, scope, &out);
	ms_buf_add_c(&out, "] Mansio ready\r\n");
	(void)self->session->write(peer, ms_buf_str(&out));
	wait_for_command(s, wait);
	return MS_OK;
}

ms_status
session_resume(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *peer, struct ms_str carry, void **state,
    struct ms_wait *wait)
{
	struct session *s = new_session(self, peer);
	struct ms_str account = self->facts->get(
	    self->session->facts(peer), ms_str_c("auth.account"));

	(void)scope, (void)carry;
	if (s == NULL)
		return MS_TEMPFAIL;
	*state = s;
	if (account.len == 0 ||
	    (s->account_name = strndup(account.data, account.len)) == NULL)
		return MS_TEMPFAIL;
	s->in_second_life = true;
	s->state = STATE_AUTH;
	wait_for_command(s, wait);
	return MS_OK;
}

static void
log_end(struct session *s)
{
	char in[24], out[24];
	struct ms_field fields[] = {
		{ MS_STR("account"), ms_str_c(s->account_name) },
		{ MS_STR("octets-in"), ms_str_of(in, (size_t)(put_u64(in,
		    s->octets_in) - in)) },
		{ MS_STR("octets-out"), ms_str_of(out, (size_t)(put_u64(out,
		    s->octets_out) - out)) },
	};

	s->self->log->write(s->self->session->scope(s->peer), MS_LOG_INFO,
	    "the IMAP session ended", fields, 3);
}

void
session_close(struct ms_instance *self, struct ms_session *peer, void *state)
{
	struct session *s = state;

	(void)peer;
	if (s == NULL)
		return;
	if (s->in_second_life)
		log_end(s);
	command_free(s->command);
	selected_clear(s);
	if (s->account != NULL)
		self->mailbox->close(self->backend.self, s->account);
	free(s->idle_tag);
	free(s->saved);
	free(s->account_name);
	free(s);
}

ms_status
session_retire(struct ms_instance *self, struct ms_session *peer, void *state,
    struct ms_wait *wait)
{
	struct session *s = state;

	(void)self, (void)peer;
	if (s->command != NULL)
		return MS_BUSY;
	write_text(s, "* BYE The server goes down; connect again\r\n");
	s->is_over = true;
	wait->what = 0;
	return MS_OK;
}
