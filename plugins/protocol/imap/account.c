/* SPDX-License-Identifier: ISC */
/* account.c - see account.h */
#include "account.h"

#include <mansio/str.h>

#include "respond.h"

static ms_status
open_now(struct command *c, struct ms_error *err)
{
	struct session *s = c->session;
	struct ms_instance *self = s->self;
	struct ms_str name = ms_str_c(s->account_name);

	if (s->account != NULL)
		return MS_OK;
	return self->mailbox->open(self->backend.self, c->scope, name, name,
	    &s->account, err);
}

ms_status
account_find(struct command *c, const struct ms_scope *scope,
    struct ms_str name, bool with_counters, const struct ms_box **out,
    struct ms_error *err)
{
	struct ms_instance *self = c->session->self;
	struct ms_boxes boxes = { .size = sizeof(boxes) };
	ms_status st;

	/* A name sorts before what lies below it, so the first is it. */
	st = self->mailbox->list(self->backend.self, scope,
	    c->session->account, name, with_counters, 0, ms_str_of("", 0), 1,
	    &boxes, err);
	if (st != MS_OK)
		return st;
	if (boxes.n == 0 || !ms_str_equal(boxes.boxes[0]->name, name))
		return MS_NOTFOUND;
	*out = boxes.boxes[0];
	return MS_OK;
}

enum progress
account_open(struct command *c)
{
	struct session *s = c->session;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	const struct ms_box *inbox;
	struct ms_job *job;
	ms_status st;

	if (s->account != NULL && c->first_box == NULL)
		return PROGRESS_DONE;
	if (c->first_box == NULL) {
		st = open_now(c, &err);
		if (st == MS_OK)
			st = account_find(c, &scope, ms_str_c("INBOX"), false,
			    &inbox, &err);
		if (st != MS_NOTFOUND) {
			if (st != MS_OK)
				reply_status(c, st, &err);
			return PROGRESS_DONE;
		}
		c->first_box = ms_arena_alloc(c->arena,
		    sizeof(*c->first_box));
		command_job(c, &c->first_box->job, MS_JOB_BOX_CREATE,
		    sizeof(*c->first_box));
		c->first_box->name = ms_str_c("INBOX");
		job = &c->first_box->job;
		if (!command_commit(c, &job, 1))
			return PROGRESS_WAIT;
	}
	st = c->first_box->job.status;
	c->first_box = NULL;
	/* Another session may have been faster. */
	if (st == MS_OK || st == MS_EXISTS)
		st = open_now(c, &err);
	if (st != MS_OK)
		reply_status(c, st == MS_NOTFOUND ? MS_TEMPFAIL : st, &err);
	return PROGRESS_DONE;
}

bool
account_need(struct command *c, struct ms_str name, bool is_target,
    const struct ms_box **out)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	ms_status st = account_find(c, &scope, name, true, out, &err);

	if (st == MS_OK && ((*out)->flags & MS_BOX_NOSELECT)) {
		reply(c, REPLY_NO, is_target ? "TRYCREATE" : "NONEXISTENT",
		    "that name holds no messages");
		return false;
	}
	if (st == MS_NOTFOUND && is_target)
		reply(c, REPLY_NO, "TRYCREATE", "no such mailbox");
	else if (st != MS_OK)
		reply_status(c, st, &err);
	return st == MS_OK;
}
