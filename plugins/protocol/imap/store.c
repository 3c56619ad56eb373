/* SPDX-License-Identifier: ISC */
/* store.c - STORE, see store.h */
#include "store.h"

#include <mansio/str.h>

#include "capability.h"
#include "notices.h"
#include "respond.h"
#include "select.h"
#include "uids.h"
#include "view.h"

struct store {
	struct set          set;
	struct flags        flags;
	uint32_t            how;
	bool                is_silent;
	bool                is_conditional;
	struct ms_job_store job;
	struct view         view;
	struct ms_uids      tell;	/* whose state is told */
	uint32_t            what;	/* LINE_... */
	bool                has_gone;
	struct ms_row       after;
};

enum { BEGIN = 0, STORED, TELL };

static bool
parse_item(struct parse *p, struct store *s)
{
	static const struct {
		const char *word;
		bool        is_silent;
	} words[] = { { "FLAGS.SILENT", true }, { "FLAGS", false } };

	s->how = parse_octet(p, '+') ? MS_STORE_ADD :
	    parse_octet(p, '-') ? MS_STORE_REMOVE : MS_STORE_REPLACE;
	for (size_t i = 0; i < 2; i++)
		if (parse_word(p, words[i].word)) {
			s->is_silent = words[i].is_silent;
			return true;
		}
	return false;
}

bool
store_parse(struct command *c)
{
	struct store *s = ms_arena_alloc(c->arena, sizeof(*s));
	struct parse *p = &c->parse;

	c->state = s;
	s->job.unchanged_since = UINT64_MAX;
	if (!parse_space(p) || !parse_set(p, &s->set) || !parse_space(p))
		return false;
	if (parse_octet(p, '(')) {
		s->is_conditional = true;
		if (!parse_word(p, "UNCHANGEDSINCE") || !parse_space(p) ||
		    !parse_u64(p, INT64_MAX, &s->job.unchanged_since) ||
		    !parse_octet(p, ')') || !parse_space(p))
			return false;
	}
	if (!parse_item(p, s) || !parse_space(p))
		return false;
	if (parse_peek(p) == '(' ? !parse_flag_list(p, &s->flags) :
	    !parse_flags_bare(p, &s->flags))
		return false;
	/* RFC 3501 2.3.2: \Recent is not the client's to change. */
	return parse_is_end(p) && !s->flags.has_recent;
}

bool
selected_can_write(struct command *c)
{
	if (!c->session->selected.is_read_only)
		return true;
	reply(c, REPLY_NO, "READ-ONLY", "The mailbox was opened by EXAMINE");
	return false;
}

static bool
begin(struct command *c, struct store *s)
{
	struct ms_job *job = &s->job.job;
	uint64_t unchanged_since = s->job.unchanged_since;
	struct ms_uids uids;

	if (!selected_can_write(c))
		return true;
	if (s->is_conditional)
		enable_condstore(c);
	if (!view_need(c, &s->view) ||
	    !view_uids(c, &s->view, &s->set, c->is_uid, &uids))
		return true;
	s->has_gone = uids_and(c->arena, uids, s->view.gone).n > 0;
	uids = uids_minus(c->arena, uids, s->view.gone);
	command_job(c, job, MS_JOB_STORE, sizeof(s->job));
	s->job.unchanged_since = unchanged_since;
	s->job.box = c->session->selected.box;
	s->job.uids = uids;
	s->job.how = s->how;
	s->job.flags = s->flags.flags;
	s->job.keywords = s->flags.keywords;
	s->job.n_keywords = s->flags.n_keywords;
	if (uids.n == 0) {
		job->status = MS_OK;
		return true;
	}
	return command_commit(c, &job, 1);
}

/* What is told, and of which. */
static void
stored(struct command *c, struct store *s)
{
	bool knows_modseqs = c->session->enabled & ENABLED_CONDSTORE;

	if (s->job.job.status != MS_OK) {
		reply_status(c, s->job.job.status, s->job.job.error);
		return;
	}
	if (s->job.changed_out.n > 0) {
		c->own_uids = s->job.changed_out;
		c->own_modseq = s->job.modseq_out;
	}
	if (s->job.n_keywords > 0)
		select_tell_keywords(c);
	s->what = (c->is_uid || knows_modseqs ? LINE_UID : 0) |
	    (knows_modseqs ? LINE_MODSEQ : 0);
	if (!s->is_silent) {
		s->what |= LINE_FLAGS;
		s->tell = uids_minus(c->arena, s->job.uids, s->job.failed_out);
	} else if (knows_modseqs) {
		s->tell = s->job.changed_out;
	}
}

static enum progress
tell(struct command *c, struct store *s)
{
	struct session *session = c->session;
	struct ms_instance *self = session->self;
	struct ms_error err = { .size = sizeof(err) };

	while (s->tell.n > 0) {
		struct ms_scope scope = command_page(c);
		struct view_cursor cursor = { &s->view, 0 };
		struct ms_rows rows = { .size = sizeof(rows) };
		struct ms_fetch fetch = {
			.size = sizeof(fetch),
			.want = s->what & LINE_FLAGS ? MS_ROW_FLAGS : 0,
			.box = session->selected.box, .uids = s->tell,
			.limit = IMAP_PAGE_ROWS,
			.after = s->after.uid != 0 ? &s->after : NULL,
		};
		ms_status st = self->mailbox->fetch(self->backend.self,
		    &scope, session->account, &fetch, &rows, &err);

		if (st != MS_OK) {
			view_failed(c, st, &err);
			return PROGRESS_DONE;
		}
		if (rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++) {
			uint32_t seq = view_next(&cursor, rows.rows[i]->uid);

			if (seq != 0)
				notice_fetch(c, seq, rows.rows[i], s->what);
		}
		s->after.size = sizeof(s->after);
		s->after.uid = rows.rows[rows.n - 1]->uid;
		if (respond_is_full(c))
			return command_wait_output(c);
	}
	return PROGRESS_DONE;
}

static void
finish(struct command *c, struct store *s)
{
	struct ms_uids failed = s->job.failed_out;
	const char *what = s->has_gone && !c->is_uid ?
	    "some of the messages were expunged" : "STORE completed";
	MS_AUTO_BUF struct ms_buf text = MS_BUF_MAX(1024 * 1024);

	if (c->reply != 0)
		return;
	if (failed.n == 0) {
		if (s->has_gone && !c->is_uid)
			reply(c, REPLY_NO, "EXPUNGEISSUED", "%s", what);
		else
			reply(c, REPLY_OK, NULL, "%s", what);
		return;
	}
	/* RFC 7162 3.1.3: numbers, or UIDs to UID STORE. */
	ms_buf_add_c(&text, "[MODIFIED ");
	respond_uids(&text, c->is_uid ? failed :
	    view_seqs(c->arena, &s->view, failed));
	ms_buf_add_c(&text, "] ");
	ms_buf_add_c(&text, what);
	c->reply = s->has_gone && !c->is_uid ? REPLY_NO : REPLY_OK;
	c->reply_text = ms_arena_str(c->arena, ms_buf_str(&text));
}

enum progress
store_run(struct command *c)
{
	struct store *s = c->state;

	switch (c->phase) {
	case BEGIN:
		c->phase = STORED;
		if (!begin(c, s))
			return PROGRESS_WAIT;
		/* fallthrough */
	case STORED:
		if (c->reply != 0 || c->session->is_over)
			return PROGRESS_DONE;
		stored(c, s);
		c->phase = TELL;
		/* fallthrough */
	case TELL:
		if (c->reply == 0 && tell(c, s) == PROGRESS_WAIT)
			return PROGRESS_WAIT;
	}
	finish(c, s);
	return PROGRESS_DONE;
}
