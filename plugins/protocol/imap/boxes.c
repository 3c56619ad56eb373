/* SPDX-License-Identifier: ISC */
/* boxes.c - see boxes.h */
#include "boxes.h"

#include <mansio/str.h>

#include "account.h"
#include "names.h"
#include "respond.h"
#include "select.h"
#include "uids.h"

struct boxes {
	struct ms_str        name, to;
	struct ms_str        special_use;
	bool                 has_bad_use;
	const struct ms_box *box;
	struct ms_job_box    job;
	struct ms_job_copy   copy;
	struct ms_job_property property, orphan;
	struct ms_job       *jobs[3];
};

static bool
parse_name(struct command *c, struct ms_str *out)
{
	struct ms_str wire;

	return parse_space(&c->parse) && parse_astring(&c->parse, &wire) &&
	    name_parse(c, wire, out);
}

static struct boxes *
new_state(struct command *c)
{
	struct boxes *b = ms_arena_alloc(c->arena, sizeof(*b));

	c->state = b;
	return b;
}

bool
delete_parse(struct command *c)
{
	struct boxes *b = new_state(c);

	return parse_name(c, &b->name) && parse_is_end(&c->parse);
}

/* ---- subscriptions ------------------------------------------------------------- */

struct ms_str
subscription_name(struct command *c, struct ms_str box)
{
	return ms_arena_printf(c->arena, "subscribed/%s%s%.*s",
	    c->session->account_name, box.len > 0 ? "/" : "", (int)box.len,
	    box.len > 0 ? box.data : "");
}

ms_status
subscription_is_there(struct command *c, const struct ms_id *box,
    struct ms_str property, bool *is_there, struct ms_error *err)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_page(c);
	struct ms_properties found = { .size = sizeof(found) };
	ms_status st = self->mailbox->properties(self->backend.self, &scope,
	    c->session->account, box, property, 0, NULL, 1, &found, err);

	/* What is equal sorts before what goes on. */
	*is_there = st == MS_OK && found.n > 0 &&
	    ms_str_equal(found.properties[0]->name, property);
	return st;
}

static void
property_job(struct command *c, struct ms_job_property *job,
    const struct ms_id *box, struct ms_str name, bool is_set)
{
	command_job(c, &job->job, MS_JOB_PROPERTY, sizeof(*job));
	if (box != NULL)
		job->box = *box;
	job->name = name;
	job->value = ms_str_of(is_set ? "" : NULL, 0);
	job->unchanged_since = UINT64_MAX;
}

enum progress
subscribe_run(struct command *c)
{
	struct boxes *b = c->state;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	ms_status st;

	if (c->phase++ == 0) {
		st = account_find(c, &scope, b->name, false, &b->box, &err);
		if (st != MS_OK) {
			reply_status(c, st, &err);
			return PROGRESS_DONE;
		}
		property_job(c, &b->property, &b->box->id,
		    subscription_name(c, ms_str_of(NULL, 0)), true);
		b->jobs[0] = &b->property.job;
		if (!command_commit(c, b->jobs, 1))
			return PROGRESS_WAIT;
	}
	if (b->property.job.status != MS_OK)
		reply_status(c, b->property.job.status, b->property.job.error);
	reply(c, REPLY_OK, NULL, "SUBSCRIBE completed");
	return PROGRESS_DONE;
}

enum progress
unsubscribe_run(struct command *c)
{
	struct boxes *b = c->state;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	struct ms_str own = subscription_name(c, ms_str_of(NULL, 0));
	struct ms_str orphan = subscription_name(c, b->name);
	const struct ms_id account = { { 0 } };
	size_t n = 0;
	bool is_there;

	if (c->phase++ == 0) {
		if (account_find(c, &scope, b->name, false, &b->box, &err) ==
		    MS_OK && subscription_is_there(c, &b->box->id, own,
		    &is_there, &err) == MS_OK && is_there) {
			property_job(c, &b->property, &b->box->id, own, false);
			b->jobs[n++] = &b->property.job;
		}
		if (subscription_is_there(c, &account, orphan, &is_there,
		    &err) == MS_OK && is_there) {
			property_job(c, &b->orphan, NULL, orphan, false);
			b->jobs[n++] = &b->orphan.job;
		}
		/* RFC 3501 6.3.7 has a NO only for what can't be done. */
		if (n > 0 && !command_commit(c, b->jobs, n))
			return PROGRESS_WAIT;
	}
	for (size_t i = 0; i < 2 && b->jobs[i] != NULL; i++)
		if (b->jobs[i]->status != MS_OK &&
		    b->jobs[i]->status != MS_NOTFOUND)
			reply_status(c, b->jobs[i]->status, b->jobs[i]->error);
	reply(c, REPLY_OK, NULL, "UNSUBSCRIBE completed");
	return PROGRESS_DONE;
}

/* ---- CREATE ---------------------------------------------------------------------- */

/* RFC 6154 3.: "(USE (\Drafts))" */
static bool
parse_use(struct command *c, struct boxes *b)
{
	static const char *const uses[] = { "\\Archive", "\\Drafts", "\\Junk",
	    "\\Sent", "\\Trash", "\\Important" };
	struct parse *p = &c->parse;
	struct ms_str word;

	if (!parse_octet(p, '(') || !parse_word(p, "USE") ||
	    !parse_space(p) || !parse_octet(p, '('))
		return false;
	while (parse_peek(p) != ')') {
		bool is_known = false;

		if (b->special_use.len > 0 && !parse_space(p))
			return false;
		if (!parse_octet(p, '\\') || !parse_atom(p, &word))
			return false;
		for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++)
			if (ms_str_equal_ci(word, ms_str_c(uses[i] + 1))) {
				is_known = true;
				b->has_bad_use |= b->special_use.len > 0;
				b->special_use = ms_str_c(uses[i]);
			}
		b->has_bad_use |= !is_known;
		if (!is_known)
			b->special_use = ms_str_c("?");
	}
	return parse_octet(p, ')') && parse_octet(p, ')');
}

bool
create_parse(struct command *c)
{
	struct boxes *b = new_state(c);

	if (!parse_name(c, &b->name))
		return false;
	if (parse_space(&c->parse) && !parse_use(c, b))
		return false;
	return parse_is_end(&c->parse);
}

enum progress
create_run(struct command *c)
{
	struct boxes *b = c->state;

	if (c->phase++ == 0) {
		if (!name_is_new(c, b->name))
			return PROGRESS_DONE;
		if (b->has_bad_use) {
			reply(c, REPLY_NO, "USEATTR",
			    "That special use is not offered");
			return PROGRESS_DONE;
		}
		command_job(c, &b->job.job, MS_JOB_BOX_CREATE, sizeof(b->job));
		b->job.name = b->name;
		b->job.special_use = b->special_use;
		b->jobs[0] = &b->job.job;
		if (!command_commit(c, b->jobs, 1))
			return PROGRESS_WAIT;
	}
	if (b->job.job.status != MS_OK) {
		reply_status(c, b->job.job.status, b->job.job.error);
		return PROGRESS_DONE;
	}
	c->reply = REPLY_OK;
	{
		MS_AUTO_BUF struct ms_buf id = MS_BUF_MAX(64);

		respond_id(&id, 'F', &b->job.id);
		c->reply_text = ms_arena_printf(c->arena,
		    "[MAILBOXID (%s)] CREATE completed", id.data);
	}
	return PROGRESS_DONE;
}

/* ---- DELETE ------------------------------------------------------------------------ */

static bool
has_children(struct command *c, struct ms_str name)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_page(c);
	struct ms_boxes boxes = { .size = sizeof(boxes) };
	struct ms_error err = { .size = sizeof(err) };

	return self->mailbox->list(self->backend.self, &scope,
	    c->session->account, name, 0, 0, name, 1, &boxes, &err) ==
	    MS_OK && boxes.n > 0;
}

static bool
begin_delete(struct command *c, struct boxes *b)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	bool is_subscribed = false;
	size_t n = 0;
	ms_status st;

	if (name_is_inbox(b->name)) {
		reply(c, REPLY_NO, "CANNOT", "INBOX stays");
		return true;
	}
	st = account_find(c, &scope, b->name, false, &b->box, &err);
	if (st != MS_OK) {
		reply_status(c, st, &err);
		return true;
	}
	/* RFC 3501 6.3.4: a name alone goes once nothing is below it. */
	if ((b->box->flags & MS_BOX_NOSELECT) && has_children(c, b->name)) {
		reply(c, REPLY_NO, "HASCHILDREN", "There are mailboxes below");
		return true;
	}
	(void)subscription_is_there(c, &b->box->id,
	    subscription_name(c, ms_str_of(NULL, 0)), &is_subscribed, &err);
	command_job(c, &b->job.job, MS_JOB_BOX_DELETE, sizeof(b->job));
	b->job.id = b->box->id;
	b->jobs[n++] = &b->job.job;
	if (is_subscribed) {
		property_job(c, &b->orphan, NULL,
		    subscription_name(c, b->name), true);
		b->jobs[n++] = &b->orphan.job;
	}
	return command_commit(c, b->jobs, n);
}

enum progress
delete_run(struct command *c)
{
	struct session *s = c->session;
	struct boxes *b = c->state;

	if (c->phase++ == 0 && !begin_delete(c, b))
		return PROGRESS_WAIT;
	if (c->reply != 0)
		return PROGRESS_DONE;
	if (b->job.job.status != MS_OK) {
		reply_status(c, b->job.job.status, b->job.job.error);
		return PROGRESS_DONE;
	}
	if (s->state == STATE_SELECTED && memcmp(&s->selected.box,
	    &b->box->id, sizeof(b->box->id)) == 0) {
		selected_clear(s);
		respond_text(c, "* OK [CLOSED] It was selected\r\n");
	}
	reply(c, REPLY_OK, NULL, "DELETE completed");
	return PROGRESS_DONE;
}

/* ---- RENAME ------------------------------------------------------------------------ */

bool
rename_parse(struct command *c)
{
	struct boxes *b = new_state(c);

	return parse_name(c, &b->name) && parse_name(c, &b->to) &&
	    parse_is_end(&c->parse);
}

enum { RENAME_BEGIN = 0, RENAME_DONE, RENAME_MADE, RENAME_MOVED };

static bool
begin_rename(struct command *c, struct boxes *b)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	ms_status st;

	if (!name_is_new(c, b->to))
		return true;
	if (ms_str_equal(b->name, b->to)) {
		reply(c, REPLY_NO, "ALREADYEXISTS", "That is its name");
		return true;
	}
	if (name_is_inbox(b->to)) {
		reply(c, REPLY_NO, "ALREADYEXISTS", "INBOX is there");
		return true;
	}
	if (!name_is_inbox(b->name) && name_is_within(b->to, b->name)) {
		reply(c, REPLY_NO, "CANNOT", "It would lie within itself");
		return true;
	}
	st = account_find(c, &scope, b->name, true, &b->box, &err);
	if (st != MS_OK) {
		reply_status(c, st, &err);
		return true;
	}
	/* RFC 3501 6.3.5: of INBOX only the messages go; it stays, and what
	   is below it. */
	c->phase = name_is_inbox(b->name) ? RENAME_MADE : RENAME_DONE;
	command_job(c, &b->job.job, c->phase == RENAME_MADE ?
	    MS_JOB_BOX_CREATE : MS_JOB_BOX_CHANGE, sizeof(b->job));
	if (c->phase == RENAME_DONE)
		b->job.id = b->box->id;
	b->job.name = b->to;
	b->jobs[0] = &b->job.job;
	return command_commit(c, b->jobs, 1);
}

static bool
begin_move_inbox(struct command *c, struct boxes *b)
{
	struct ms_instance *self = c->session->self;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_scope scope = command_scope(c);
	struct ms_found found = { .size = sizeof(found) };
	ms_status st;

	c->phase = RENAME_MOVED;
	if (b->job.job.status != MS_OK) {
		reply_status(c, b->job.job.status, b->job.job.error);
		return true;
	}
	st = self->mailbox->search(self->backend.self, &scope,
	    c->session->account, &b->box->id, NULL, 0, &found, &err);
	if (st != MS_OK)
		reply_status(c, st, &err);
	if (st != MS_OK || found.sure.n == 0)
		return true;
	command_job(c, &b->copy.job, MS_JOB_COPY, sizeof(b->copy));
	b->copy.from = b->box->id;
	b->copy.to = b->job.id;
	b->copy.uids = found.sure;
	b->copy.move = 1;
	b->jobs[1] = &b->copy.job;
	return command_commit(c, &b->jobs[1], 1);
}

enum progress
rename_run(struct command *c)
{
	struct boxes *b = c->state;

	if (c->phase == RENAME_BEGIN && !begin_rename(c, b))
		return PROGRESS_WAIT;
	if (c->reply != 0)
		return PROGRESS_DONE;
	if (c->phase == RENAME_MADE && !begin_move_inbox(c, b))
		return PROGRESS_WAIT;
	if (b->job.job.status != MS_OK)
		reply_status(c, b->job.job.status, b->job.job.error);
	if (b->jobs[1] != NULL && b->copy.job.status != MS_OK)
		reply_status(c, b->copy.job.status, b->copy.job.error);
	reply(c, REPLY_OK, NULL, "RENAME completed");
	return PROGRESS_DONE;
}
