/* SPDX-License-Identifier: ISC */
/*
 * fetch.c - see fetch.h
 *
 * Rows come in pages and go out as they come; when more waits to be sent than
 * the peer takes, the step ends and a later one goes on behind the last row.
 */
#include "fetch.h"

#include <mansio/str.h>

#include "capability.h"
#include "notices.h"
#include "qresync.h"
#include "respond.h"
#include "select.h"
#include "uids.h"

#define MIN_ROWS	16
/* Rows whose bodies are opened: each holds a handle for a moment. */
#define MAX_BODIES	64

enum { BEGIN = 0, MARK_SEEN, ROWS, GONE_ROWS, END };

static bool
parse_modifiers(struct command *c, struct fetch *f)
{
	struct parse *p = &c->parse;

	if (!parse_octet(p, '('))
		return false;
	do {
		if (parse_word(p, "CHANGEDSINCE")) {
			if (!parse_space(p) || !parse_u64(p, INT64_MAX,
			    &f->changed_since))
				return false;
			f->wants_changes = true;
		} else if (parse_word(p, "VANISHED")) {
			f->wants_vanished = true;
		} else {
			return false;
		}
	} while (parse_space(p));
	return parse_octet(p, ')');
}

bool
fetch_parse(struct command *c)
{
	struct fetch *f = ms_arena_alloc(c->arena, sizeof(*f));
	struct parse *p = &c->parse;

	c->state = f;
	if (!parse_space(p) || !parse_set(p, &f->set) || !parse_space(p) ||
	    !fetch_parse_items(c, f))
		return false;
	if (parse_space(p) && !parse_modifiers(c, f))
		return false;
	if (!parse_is_end(p))
		return false;
	/* RFC 7162 3.2.6: only UID FETCH, only with CHANGEDSINCE, only after
	   ENABLE QRESYNC. */
	if (f->wants_vanished && (!c->is_uid || !f->wants_changes ||
	    !(c->session->enabled & ENABLED_QRESYNC)))
		return false;
	if (f->wants_changes && !(f->has & 1u << ITEM_MODSEQ)) {
		if (f->n_items == FETCH_MAX_ITEMS)
			return false;
		f->items[f->n_items++].kind = ITEM_MODSEQ;
		f->has |= 1u << ITEM_MODSEQ;
	}
	return true;
}

static ms_status
read_rows(struct command *c, struct fetch *f, struct ms_uids uids,
    uint32_t want, uint32_t limit, struct ms_scope *scope,
    struct ms_rows *rows, struct ms_error *err)
{
	struct session *s = c->session;
	struct ms_fetch fetch = {
		.size = sizeof(fetch), .want = want,
		.box = s->selected.box, .uids = uids, .limit = limit,
		.changed_since = f->changed_since,
		.after = f->after.uid != 0 ? &f->after : NULL,
	};

	*scope = command_page(c);
	rows->size = sizeof(*rows);
	return s->self->mailbox->fetch(s->self->backend.self, scope,
	    s->account, &fetch, rows, err);
}

static void
remember(struct command *c, struct fetch *f, const struct ms_row *row)
{
	f->after = (struct ms_row){ .size = sizeof(f->after), .uid = row->uid,
		.modseq = row->modseq, .box = c->session->selected.box };
}

static void
fail(struct command *c, ms_status st, const struct ms_error *err)
{
	view_failed(c, st, err);
	c->phase = END;
}

/* RFC 3501 6.4.5: reading a body sets \Seen.  Only where it is not set yet:
   then nothing is written. */
static bool
begin_seen(struct command *c, struct fetch *f)
{
	struct uids_builder unseen = { .arena = c->arena };
	struct ms_error err = { .size = sizeof(err) };
	struct ms_rows rows;
	struct ms_scope scope;
	struct ms_job *job;
	ms_status st;

	for (;;) {
		st = read_rows(c, f, f->uids, MS_ROW_FLAGS, IMAP_PAGE_ROWS, &scope,
		    &rows, &err);
		if (st != MS_OK) {
			fail(c, st, &err);
			return true;
		}
		if (rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++)
			if (!(rows.rows[i]->flags & MS_FLAG_SEEN))
				uids_add(&unseen, rows.rows[i]->uid);
		remember(c, f, rows.rows[rows.n - 1]);
	}
	f->after = (struct ms_row){ 0 };
	if (unseen.n == 0)
		return true;
	f->seen = ms_arena_alloc(c->arena, sizeof(*f->seen));
	job = &f->seen->job;
	command_job(c, job, MS_JOB_STORE, sizeof(*f->seen));
	f->seen->box = c->session->selected.box;
	f->seen->uids = uids_built(&unseen);
	f->seen->how = MS_STORE_ADD;
	f->seen->flags = MS_FLAG_SEEN;
	f->seen->unchanged_since = UINT64_MAX;
	return command_commit(c, &job, 1);
}

static void
end_seen(struct command *c, struct fetch *f)
{
	/* A full quota or a read-only disk keeps nobody from reading. */
	if (f->seen == NULL || f->seen->job.status != MS_OK)
		return;
	f->unseen = f->seen->changed_out;
	f->want |= MS_ROW_FLAGS;
	if (f->unseen.n > 0) {
		c->own_uids = f->unseen;
		c->own_modseq = f->seen->modseq_out;
		/* Its modseq may now be below what is asked for. */
	}
}

static bool
begin(struct command *c, struct fetch *f)
{
	struct ms_uid_range told = { 1, c->session->selected.told_uid };
	struct ms_uids asked;

	if (f->wants_changes || (f->has & 1u << ITEM_MODSEQ))
		enable_condstore(c);
	if (!view_need(c, &f->view) ||
	    !view_uids(c, &f->view, &f->set, c->is_uid, &f->uids))
		return false;
	f->row_octets = f->has & (1u << ITEM_ENVELOPE | 1u << ITEM_BODY |
	    1u << ITEM_BODYSTRUCTURE) ? 400 : 50;
	if (!f->wants_vanished)
		return true;
	/* UIDs that are no more in the view may be named, too. */
	asked = uids_and(c->arena, view_asked(c, &f->view, &f->set),
	    (struct ms_uids){ &told, told.last > 0 });
	return qresync_vanished(c, &f->view, asked, f->changed_since);
}

static void
put_row(struct command *c, struct fetch *f, const struct ms_scope *scope,
    const struct ms_row *row, uint32_t seq)
{
	struct ms_error err = { .size = sizeof(err) };
	struct message m;
	ms_status st;

	message_init(&m, c, scope, row, seq);
	st = fetch_put(c, f, &m, f->unseen.n > 0 &&
	    uids_has(f->unseen, row->uid), &err);
	message_done(&m);
	if (st == MS_OK) {
		f->n_gone_put += c->phase == GONE_ROWS;
		return;
	}
	if (st == MS_NOTFOUND) {
		f->has_missed = true;
		return;
	}
	f->has_failed = true;
	if (f->code == NULL) {
		struct ms_field why[] = {
			{ MS_STR("error"), ms_str_c(err.text) },
		};

		f->code = st == MS_UNSUPPORTED ? "UNKNOWN-CTE" : "SERVERBUG";
		if (st != MS_UNSUPPORTED)
			c->session->self->log->write(c->scope, MS_LOG_ERROR,
			    "a message cannot be read", why, 1);
	}
}

static uint32_t
page_size(struct command *c, const struct fetch *f)
{
	size_t mark = c->session->self->session->output_mark(
	    c->session->peer);
	size_t n = mark / (f->row_octets + 1) + MIN_ROWS;
	size_t most = f->has & 1u << ITEM_SECTION ? MAX_BODIES :
	    f->want & MS_ROW_DIGEST ? IMAP_PAGE_DIGESTS : IMAP_PAGE_ROWS;

	return (uint32_t)(n < most ? n : most);
}

static enum progress
put_rows(struct command *c, struct fetch *f, struct ms_uids uids,
    uint32_t want)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_rows rows;
	struct ms_scope scope;

	while (uids.n > 0) {
		struct view_cursor cursor = { &f->view, 0 };
		uint64_t before = c->session->octets_out + c->out.len;
		uint32_t i, limit = page_size(c, f);
		bool is_full = false;
		ms_status st = read_rows(c, f, uids, want, limit, &scope,
		    &rows, &err);

		if (st != MS_OK) {
			fail(c, st, &err);
			return PROGRESS_DONE;
		}
		if (rows.n == 0)
			break;
		for (i = 0; i < rows.n && !is_full; i++) {
			uint32_t seq = f->changed_since > 0 ?
			    view_seq(&f->view, rows.rows[i]->uid) :
			    view_next(&cursor, rows.rows[i]->uid);

			if (seq != 0)
				put_row(c, f, &scope, rows.rows[i], seq);
			is_full = c->out.len >= 32 * 1024 ||
			    c->queued > 0 ? respond_is_full(c) : false;
		}
		remember(c, f, rows.rows[i - 1]);
		f->row_octets = (uint32_t)((c->session->octets_out +
		    c->out.len - before) / i);
		if (c->session->is_over)
			return PROGRESS_DONE;
		if (is_full)
			return command_wait_output(c);
	}
	f->after = (struct ms_row){ 0 };
	return PROGRESS_DONE;
}

static void
finish(struct command *c, struct fetch *f)
{
	if (c->reply != 0)
		return;
	if (f->code != NULL)
		reply(c, REPLY_NO, f->code,
		    "some of the messages cannot be read");
	else if (f->has_missed && !c->is_uid)
		/* RFC 2180 4.1.1, RFC 5530 3. */
		reply(c, REPLY_NO, "EXPUNGEISSUED",
		    "some of the messages were expunged");
	else
		reply(c, REPLY_OK, NULL, "FETCH completed");
}

enum progress
fetch_run(struct command *c)
{
	struct fetch *f = c->state;
	struct ms_uids gone;

	switch (c->phase) {
	case BEGIN:
		c->phase = MARK_SEEN;
		if (!begin(c, f))
			break;
		if (f->sets_seen && !c->session->selected.is_read_only &&
		    !begin_seen(c, f))
			return PROGRESS_WAIT;
		if (c->phase == END)
			break;
		/* fallthrough */
	case MARK_SEEN:
		end_seen(c, f);
		c->phase = ROWS;
		/* fallthrough */
	case ROWS:
		if (put_rows(c, f, f->uids, f->want) == PROGRESS_WAIT)
			return PROGRESS_WAIT;
		if (c->phase == END || c->session->is_over)
			break;
		c->phase = GONE_ROWS;
		/* fallthrough */
	case GONE_ROWS:
		/* Expunged by others, but not for this client yet: from what
		   can still be restored (RFC 2180 4.1.3). */
		gone = uids_and(c->arena, f->uids, f->view.gone);
		f->n_gone_asked = uids_count(gone);
		if (f->wants_changes || gone.n == 0)
			break;
		if (put_rows(c, f, gone, f->want | MS_ROW_EXPUNGED) ==
		    PROGRESS_WAIT)
			return PROGRESS_WAIT;
	}
	if (f->n_gone_put < f->n_gone_asked)
		f->has_missed = true;
	finish(c, f);
	return PROGRESS_DONE;
}
