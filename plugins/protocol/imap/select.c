/* SPDX-License-Identifier: ISC */
/* select.c - see select.h */
#include "select.h"

#include <inttypes.h>
#include <stdlib.h>

#include <mansio/str.h>

#include "account.h"
#include "capability.h"
#include "names.h"
#include "qresync.h"
#include "respond.h"
#include "uids.h"
#include "view.h"

enum { LEAVE = 0, FIND, MARKED, TELL, RESYNC };

struct select {
	struct ms_str        name;
	bool                 wants_condstore;
	struct qresync       resync;
	const struct ms_box *box;
	struct ms_job_mark   mark;
};

/* ---- the selected mailbox --------------------------------------------------- */

ms_status
selected_watch(struct session *s, bool on, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf topic = MS_BUF_MAX(1024);
	ms_status st;

	if (s->selected.is_watched == on)
		return MS_OK;
	ms_buf_add_c(&topic, "mailbox/");
	ms_buf_add_c(&topic, s->account_name);
	respond_id(&topic, '/', &s->selected.box);
	st = s->self->session->watch(s->peer, ms_buf_str(&topic), on, err);
	if (st == MS_OK)
		s->selected.is_watched = on;
	return st;
}

void
selected_clear(struct session *s)
{
	if (s->state == STATE_SELECTED) {
		(void)selected_watch(s, false, NULL);
		s->state = STATE_AUTH;
	}
	free(s->selected.name);
	s->selected = (struct selected){ 0 };
	/* RFC 5182 2.1: "$" goes with the mailbox. */
	session_save_result(s, (struct ms_uids){ NULL, 0 });
}

enum progress
selected_leave(struct command *c)
{
	struct session *s = c->session;
	struct selected *sel = &s->selected;
	struct ms_job_mark *mark;
	struct ms_job *job;

	if (s->state != STATE_SELECTED)
		return PROGRESS_DONE;
	if (!c->is_leaving && !sel->is_read_only &&
	    sel->recent_marked < sel->told_uid + 1) {
		c->is_leaving = true;
		mark = ms_arena_alloc(c->arena, sizeof(*mark));
		command_job(c, &mark->job, MS_JOB_MARK, sizeof(*mark));
		mark->box = sel->box;
		mark->recent_from = sel->told_uid + 1;
		job = &mark->job;
		if (!command_commit(c, &job, 1))
			return PROGRESS_WAIT;
	}
	c->is_leaving = false;
	selected_clear(s);
	return PROGRESS_DONE;
}

static void
add_flags(struct command *c, const struct ms_box *box, bool is_read_only)
{
	static const char system[] =
	    "\\Answered \\Flagged \\Deleted \\Seen \\Draft";

	respond_text(c, "* FLAGS (");
	respond_text(c, system);
	for (uint32_t i = 0; i < box->n_keywords; i++) {
		respond_text(c, " ");
		respond_str(c, box->keywords[i]);
	}
	respond_text(c, ")\r\n* OK [PERMANENTFLAGS (");
	if (!is_read_only) {
		respond_text(c, system);
		for (uint32_t i = 0; i < box->n_keywords; i++) {
			respond_text(c, " ");
			respond_str(c, box->keywords[i]);
		}
		respond_text(c, " \\*");
	}
	respond_text(c, is_read_only ? ")] Read-only\r\n" :
	    ")] Flags that are kept\r\n");
}

void
select_tell_keywords(struct command *c)
{
	struct selected *sel = &c->session->selected;
	struct ms_scope scope = command_page(c);
	struct ms_error err = { .size = sizeof(err) };
	const struct ms_box *box;

	/* Renamed or deleted meanwhile: there is time at the next SELECT. */
	if (account_find(c, &scope, ms_str_c(sel->name), true, &box,
	    &err) != MS_OK ||
	    memcmp(&box->id, &sel->box, sizeof(box->id)) != 0 ||
	    box->n_keywords <= sel->n_keywords)
		return;
	sel->n_keywords = box->n_keywords;
	add_flags(c, box, sel->is_read_only);
}

/* ---- SELECT -------------------------------------------------------------------- */

bool
select_parse(struct command *c)
{
	struct parse *p = &c->parse;
	struct select *sel = ms_arena_alloc(c->arena, sizeof(*sel));
	struct ms_str wire;

	c->state = sel;
	if (!parse_space(p) || !parse_astring(p, &wire))
		return false;
	if (parse_space(p)) {
		if (!parse_octet(p, '('))
			return false;
		do {
			if (parse_word(p, "CONDSTORE"))
				sel->wants_condstore = true;
			else if (!parse_word(p, "QRESYNC") ||
			    !qresync_parse(c, &sel->resync))
				return false;
		} while (parse_space(p));
		if (!parse_octet(p, ')'))
			return false;
	}
	return parse_is_end(p) && name_parse(c, wire, &sel->name);
}

static bool
take_box(struct command *c, struct select *state, bool is_read_only)
{
	struct session *s = c->session;
	const struct ms_box *box = state->box;
	struct selected *sel = &s->selected;

	sel->box = box->id;
	sel->uidvalidity = box->uidvalidity;
	sel->told_uid = box->uidnext - 1;
	sel->told_gone = sel->told_flags = box->modseq;
	sel->is_read_only = is_read_only;
	sel->n_keywords = box->n_keywords;
	sel->recent_marked = box->uidnext;
	sel->name = strndup(state->name.data, state->name.len);
	if (box->recent_from < box->uidnext) {
		sel->recent_first = is_read_only ? box->recent_from :
		    state->mark.recent_from_out;
		sel->recent_last = box->uidnext - 1;
		if (sel->recent_first == 0)
			sel->recent_first = 1;
		if (sel->recent_first > sel->recent_last)
			sel->recent_first = sel->recent_last = 0;
	}
	if (sel->name == NULL) {
		*sel = (struct selected){ 0 };
		reply(c, REPLY_NO, "UNAVAILABLE", "no memory");
		return false;
	}
	s->state = STATE_SELECTED;
	return true;
}

static void
tell(struct command *c, const struct ms_box *box)
{
	struct selected *sel = &c->session->selected;
	struct ms_uid_range recent = { sel->recent_first, sel->recent_last };
	struct ms_uids recents = { &recent, sel->recent_first != 0 };
	uint64_t n_recent = 0;
	uint32_t unseen = 0;
	struct view view;

	if (recents.n > 0 || box->first_unseen != 0) {
		if (!view_need(c, &view))
			return;
		n_recent = uids_count(uids_and(c->arena, view.uids, recents));
		unseen = view_seq(&view, box->first_unseen);
	}
	add_flags(c, box, sel->is_read_only);
	respond_number(c, box->messages, "EXISTS");
	respond_number(c, n_recent, "RECENT");
	if (unseen != 0)
		ms_buf_addf(&c->out, "* OK [UNSEEN %" PRIu32
		    "] First unseen\r\n", unseen);
	ms_buf_addf(&c->out,
	    "* OK [UIDVALIDITY %" PRIu32 "] UIDs are valid\r\n"
	    "* OK [UIDNEXT %" PRIu32 "] Next UID\r\n"
	    "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n",
	    box->uidvalidity, box->uidnext, box->modseq);
	respond_text(c, "* OK [MAILBOXID (");
	respond_id(&c->out, 'F', &box->id);
	respond_text(c, ")] Its id\r\n");
}

static bool
find_and_mark(struct command *c, struct select *state, bool is_read_only)
{
	struct ms_job *job = &state->mark.job;

	c->phase = MARKED;
	if (!account_need(c, state->name, false, &state->box) ||
	    is_read_only || state->box->recent_from >= state->box->uidnext)
		return true;
	command_job(c, job, MS_JOB_MARK, sizeof(state->mark));
	state->mark.box = state->box->id;
	state->mark.recent_from = state->box->uidnext;
	state->mark.recent_from_out = state->box->uidnext;
	return command_commit(c, &job, 1);
}

static enum progress
open_box(struct command *c, bool is_read_only)
{
	struct select *state = c->state;
	struct session *s = c->session;

	switch (c->phase) {
	case LEAVE:
		if (s->state == STATE_SELECTED) {
			if (selected_leave(c) == PROGRESS_WAIT)
				return PROGRESS_WAIT;
			/* RFC 7162 3.2.11: what follows is of the new one. */
			respond_text(c, "* OK [CLOSED] The one before\r\n");
		}
		c->phase = FIND;
		/* fallthrough */
	case FIND:
		if (!find_and_mark(c, state, is_read_only))
			return PROGRESS_WAIT;
		/* fallthrough */
	case MARKED:
		if (c->reply != 0 || !take_box(c, state, is_read_only))
			return PROGRESS_DONE;
		if (state->wants_condstore || state->resync.is_wanted)
			s->enabled |= ENABLED_CONDSTORE;
		tell(c, state->box);
		c->phase = RESYNC;
		/* fallthrough */
	case RESYNC:
		if (c->reply == 0 && state->resync.is_wanted &&
		    state->resync.uidvalidity == state->box->uidvalidity &&
		    qresync_run(c, &state->resync) == PROGRESS_WAIT)
			return PROGRESS_WAIT;
	}
	if (c->reply != 0)
		selected_clear(s);
	reply(c, REPLY_OK, is_read_only ? "READ-ONLY" : "READ-WRITE",
	    "%s completed", c->verb->name);
	return PROGRESS_DONE;
}

enum progress
select_run(struct command *c)
{
	return open_box(c, false);
}

enum progress
examine_run(struct command *c)
{
	return open_box(c, true);
}

/* ---- CLOSE, UNSELECT ------------------------------------------------------------ */

enum progress
close_run(struct command *c)
{
	struct session *s = c->session;
	struct ms_job_expunge *job = c->state;
	struct ms_job *one;

	/* RFC 3501 6.4.2: without a word of what goes, and only read-write. */
	if (c->phase == 0) {
		c->phase = 1;
		if (!s->selected.is_read_only) {
			c->state = job = ms_arena_alloc(c->arena,
			    sizeof(*job));
			command_job(c, &job->job, MS_JOB_EXPUNGE,
			    sizeof(*job));
			job->box = s->selected.box;
			job->only_deleted = 1;
			one = &job->job;
			if (!command_commit(c, &one, 1))
				return PROGRESS_WAIT;
		}
	}
	if (c->phase == 1) {
		if (job != NULL && job->job.status != MS_OK &&
		    job->job.status != MS_NOTFOUND) {
			reply_status(c, job->job.status, job->job.error);
			return PROGRESS_DONE;
		}
		c->phase = 2;
	}
	if (selected_leave(c) == PROGRESS_WAIT)
		return PROGRESS_WAIT;
	reply(c, REPLY_OK, NULL, "CLOSE completed");
	return PROGRESS_DONE;
}

enum progress
unselect_run(struct command *c)
{
	if (selected_leave(c) == PROGRESS_WAIT)
		return PROGRESS_WAIT;
	reply(c, REPLY_OK, NULL, "UNSELECT completed");
	return PROGRESS_DONE;
}
