/* SPDX-License-Identifier: ISC */
/* copy.c - COPY, MOVE, EXPUNGE, see store.h */
#include <inttypes.h>

#include <mansio/str.h>

#include "account.h"
#include "names.h"
#include "quota.h"
#include "respond.h"
#include "store.h"
#include "uids.h"
#include "view.h"

struct copy {
	struct set         set;
	struct ms_str      name;
	struct ms_job_copy job;
};

bool
copy_parse(struct command *c)
{
	struct copy *s = ms_arena_alloc(c->arena, sizeof(*s));
	struct parse *p = &c->parse;
	struct ms_str wire;

	c->state = s;
	return parse_space(p) && parse_set(p, &s->set) && parse_space(p) &&
	    parse_astring(p, &wire) && parse_is_end(p) &&
	    name_parse(c, wire, &s->name);
}

static bool
begin_copy(struct command *c, struct copy *s, bool is_move)
{
	struct ms_job *job = &s->job.job;
	const struct ms_box *box;
	struct view view;
	struct ms_uids uids, gone;

	if ((is_move && !selected_can_write(c)) || !view_need(c, &view) ||
	    !view_uids(c, &view, &s->set, c->is_uid, &uids) ||
	    !account_need(c, s->name, true, &box))
		return true;
	gone = uids_and(c->arena, uids, view.gone);
	if (gone.n > 0 && !c->is_uid) {
		/* RFC 3501 6.4.7: all or none; RFC 2180 4.4. */
		reply(c, REPLY_NO, "EXPUNGEISSUED",
		    "some of the messages were expunged");
		return true;
	}
	command_job(c, job, MS_JOB_COPY, sizeof(s->job));
	s->job.from = c->session->selected.box;
	s->job.to = box->id;
	s->job.uids = uids_minus(c->arena, uids, gone);
	s->job.move = is_move;
	/* What is moved needs no more room than it has. */
	if (!is_move)
		quota_limits(c, &s->job.limit_octets,
		    &s->job.limit_messages);
	if (s->job.uids.n == 0) {
		reply(c, REPLY_OK, NULL, "There was nothing to do");
		return true;
	}
	return command_commit(c, &job, 1);
}

/* RFC 4315 3.: what went where, pairwise. */
static struct ms_str
copyuid(struct command *c, const struct ms_job_copy *job)
{
	MS_AUTO_BUF struct ms_buf text = MS_BUF_MAX(4 * 1024 * 1024);

	ms_buf_addf(&text, "[COPYUID %" PRIu32 " ", job->uidvalidity_out);
	respond_uids(&text, job->from_out);
	ms_buf_add_octet(&text, ' ');
	respond_uids(&text, job->to_out);
	ms_buf_add_octet(&text, ']');
	return ms_arena_str(c->arena, ms_buf_str(&text));
}

static enum progress
run(struct command *c, bool is_move)
{
	struct copy *s = c->state;
	struct ms_str code;

	if (c->phase++ == 0 && !begin_copy(c, s, is_move))
		return PROGRESS_WAIT;
	if (c->reply != 0 || c->session->is_over)
		return PROGRESS_DONE;
	if (s->job.job.status == MS_NOTFOUND)
		reply(c, REPLY_NO, "TRYCREATE", "no such mailbox");
	else if (s->job.job.status != MS_OK)
		reply_status(c, s->job.job.status, s->job.job.error);
	if (c->reply != 0)
		return PROGRESS_DONE;
	code = ms_str_of("", 0);
	if (s->job.from_out.n > 0)
		code = copyuid(c, &s->job);
	c->reply = REPLY_OK;
	if (!is_move) {
		c->reply_text = ms_arena_printf(c->arena,
		    "%.*s%sCOPY completed", (int)code.len, code.data,
		    code.len > 0 ? " " : "");
		return PROGRESS_DONE;
	}
	/* RFC 6851 4.3: before the EXPUNGEs that follow. */
	if (code.len > 0) {
		respond_text(c, "* OK ");
		respond_str(c, code);
		respond_text(c, " Moved\r\n");
	}
	c->reply_text = (c->session->enabled & ENABLED_QRESYNC) &&
	    code.len > 0 ? ms_arena_printf(c->arena,
	    "[HIGHESTMODSEQ %" PRIu64 "] MOVE completed",
	    s->job.from_modseq_out) : ms_str_c("MOVE completed");
	return PROGRESS_DONE;
}

enum progress
copy_run(struct command *c)
{
	return run(c, false);
}

enum progress
move_run(struct command *c)
{
	return run(c, true);
}

/* ---- EXPUNGE ------------------------------------------------------------------ */

struct expunge {
	struct set            set;
	struct ms_job_expunge job;
};

bool
expunge_parse(struct command *c)
{
	struct expunge *s = ms_arena_alloc(c->arena, sizeof(*s));

	c->state = s;
	if (c->is_uid && (!parse_space(&c->parse) ||
	    !parse_set(&c->parse, &s->set)))
		return false;
	return parse_is_end(&c->parse);
}

static bool
begin_expunge(struct command *c, struct expunge *s)
{
	struct ms_job *job = &s->job.job;
	struct view view;

	if (!selected_can_write(c))
		return true;
	command_job(c, job, MS_JOB_EXPUNGE, sizeof(s->job));
	s->job.box = c->session->selected.box;
	s->job.only_deleted = 1;
	if (c->is_uid) {
		if (!view_need(c, &view) ||
		    !view_uids(c, &view, &s->set, true, &s->job.uids))
			return true;
		/* To the store no UIDs would mean all. */
		if (s->job.uids.n == 0) {
			reply(c, REPLY_OK, NULL, "There was nothing to do");
			return true;
		}
	}
	return command_commit(c, &job, 1);
}

enum progress
expunge_run(struct command *c)
{
	struct expunge *s = c->state;

	if (c->phase++ == 0 && !begin_expunge(c, s))
		return PROGRESS_WAIT;
	if (c->reply != 0 || c->session->is_over)
		return PROGRESS_DONE;
	if (s->job.job.status != MS_OK) {
		reply_status(c, s->job.job.status, s->job.job.error);
		return PROGRESS_DONE;
	}
	/* The EXPUNGEs themselves are told by notices.c. */
	if ((c->session->enabled & ENABLED_QRESYNC) && s->job.gone_out.n > 0) {
		c->reply = REPLY_OK;
		c->reply_text = ms_arena_printf(c->arena,
		    "[HIGHESTMODSEQ %" PRIu64 "] EXPUNGE completed",
		    s->job.modseq_out);
	}
	reply(c, REPLY_OK, NULL, "EXPUNGE completed");
	return PROGRESS_DONE;
}
