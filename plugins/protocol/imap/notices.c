/* SPDX-License-Identifier: ISC */
/* notices.c - see notices.h */
#include "notices.h"

#include <mansio/str.h>

#include "respond.h"
#include "select.h"
#include "uids.h"
#include "view.h"

enum { LOOK = 0, CHANGES, OWN_CHANGES, EXPUNGES, ARRIVALS };

struct notices {
	uint32_t       phase;
	bool           may_expunge;
	bool           told_changes;
	struct view    view;
	struct ms_row  after;	/* key of the last row that was told */
	struct ms_uids gone;	/* sequence numbers */
	size_t         gone_at;	/* ranges that are left to tell */
	uint32_t       gone_next;	/* within the range; 0: all of it is left */
};

bool
selected_is_recent(const struct selected *sel, uint32_t uid)
{
	return sel->recent_first != 0 && uid >= sel->recent_first &&
	    uid <= sel->recent_last;
}

void
notice_fetch(struct command *c, uint32_t seq, const struct ms_row *row,
    uint32_t what)
{
	/* "* " number " FETCH (UID " number ... " MODSEQ (" number "))" */
	char *start = ms_buf_room(&c->out, 128), *p = start;

	if (p == NULL)
		return;
	*p++ = '*';
	*p++ = ' ';
	p = put_u32(p, seq);
	memcpy(p, " FETCH (", 8);
	p += 8;
	if (what & LINE_UID) {
		memcpy(p, "UID ", 4);
		p = put_u32(p + 4, row->uid);
	}
	if (what & LINE_MODSEQ) {
		if (what & LINE_UID)
			*p++ = ' ';
		memcpy(p, "MODSEQ (", 8);
		p = put_u64(p + 8, row->modseq);
		*p++ = ')';
	}
	if (what & LINE_FLAGS) {
		if (what & (LINE_UID | LINE_MODSEQ))
			*p++ = ' ';
		memcpy(p, "FLAGS (", 7);
		p += 7;
		ms_buf_grown(&c->out, (size_t)(p - start));
		respond_flags(&c->out, row->flags, selected_is_recent(
		    &c->session->selected, row->uid), row->keywords,
		    row->n_keywords);
		ms_buf_add_octet(&c->out, ')');
		start = p = ms_buf_room(&c->out, 3);
		if (p == NULL)
			return;
	}
	memcpy(p, ")\r\n", 3);
	ms_buf_grown(&c->out, (size_t)(p + 3 - start));
}

static ms_status
read_rows(struct command *c, const struct notices *n, struct ms_uids uids,
    uint64_t since, uint32_t want, uint32_t limit, struct ms_rows *rows,
    struct ms_error *err)
{
	struct session *s = c->session;
	struct ms_scope scope = command_page(c);
	struct ms_fetch fetch = {
		.size = sizeof(fetch), .want = want, .box = s->selected.box,
		.uids = uids, .changed_since = since, .limit = limit,
		.after = n->after.modseq != 0 ? &n->after : NULL,
	};

	rows->size = sizeof(*rows);
	return s->self->mailbox->fetch(s->self->backend.self, &scope,
	    s->account, &fetch, rows, err);
}

static struct ms_uids
told_uids(struct command *c)
{
	struct ms_uid_range *r = ms_arena_alloc(c->arena, sizeof(*r));

	*r = (struct ms_uid_range){ 1, c->session->selected.told_uid };
	return (struct ms_uids){ r, 1 };
}

/* Is there anything to tell?  One look at the store, most often the last. */
static enum progress
look(struct command *c, struct notices *n)
{
	struct selected *sel = &c->session->selected;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_rows rows = { .size = sizeof(rows) };
	ms_status st = MS_OK;

	if (c->own_modseq == 0) {
		st = read_rows(c, n, (struct ms_uids){ NULL, 0 },
		    sel->told_flags, 0, 1, &rows, &err);
		if (st == MS_OK && rows.n == 0 &&
		    rows.modseq == sel->told_gone) {
			sel->told_flags = rows.modseq;
			n->phase = ARRIVALS + 1;
			return PROGRESS_DONE;
		}
	}
	if (st == MS_OK)
		st = view_make(c, &n->view, &err);
	if (st != MS_OK) {
		view_failed(c, st, &err);
		n->phase = ARRIVALS + 1;
		return PROGRESS_DONE;
	}
	select_tell_keywords(c);
	n->phase = sel->told_uid > 0 ? CHANGES : ARRIVALS;
	return PROGRESS_DONE;
}

/* Flags that others changed, also those of our own messages after us. */
static enum progress
tell_changes(struct command *c, struct notices *n)
{
	struct session *s = c->session;
	struct selected *sel = &s->selected;
	struct ms_uids uids = told_uids(c);
	uint32_t what = LINE_FLAGS | (s->enabled & ENABLED_CONDSTORE ?
	    LINE_UID | LINE_MODSEQ : 0);
	uint64_t since = sel->told_flags;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_rows rows;
	ms_status st;

	if (n->phase == OWN_CHANGES) {
		uids = c->own_uids;
		since = c->own_modseq;
	} else if (c->own_modseq != 0) {
		uids = uids_minus(c->arena, uids, c->own_uids);
	}
	while (uids.n > 0) {
		st = read_rows(c, n, uids, since, MS_ROW_FLAGS, IMAP_PAGE_ROWS,
		    &rows, &err);
		if (st != MS_OK) {
			view_failed(c, st, &err);
			n->phase = ARRIVALS + 1;
			return PROGRESS_DONE;
		}
		if (rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++) {
			uint32_t seq = view_seq(&n->view, rows.rows[i]->uid);

			if (seq != 0)
				notice_fetch(c, seq, rows.rows[i], what);
		}
		n->told_changes = true;
		n->after.size = sizeof(n->after);
		n->after.uid = rows.rows[rows.n - 1]->uid;
		n->after.modseq = rows.rows[rows.n - 1]->modseq;
		n->after.box = sel->box;
		if (respond_is_full(c))
			return command_wait_output(c);
	}
	n->after = (struct ms_row){ 0 };
	n->phase = n->phase == CHANGES && c->own_modseq != 0 ? OWN_CHANGES :
	    EXPUNGES;
	return PROGRESS_DONE;
}

static enum progress
tell_expunges(struct command *c, struct notices *n)
{
	struct session *s = c->session;
	struct selected *sel = &s->selected;

	if (n->view.gone.n == 0)
		goto done;
	if (!n->may_expunge) {
		/* RFC 7162 3.2: what it was told of is then below that. */
		if ((s->enabled & ENABLED_QRESYNC) && n->told_changes) {
			respond_text(c, "* OK [HIGHESTMODSEQ ");
			respond_u64(c, sel->told_gone);
			respond_text(c, "] expunges are to be told\r\n");
		}
		goto done;
	}
	if (s->enabled & ENABLED_QRESYNC) {
		respond_text(c, "* VANISHED ");
		respond_uids(&c->out, n->view.gone);
		respond_text(c, "\r\n");
		goto done;
	}
	if (n->gone.n == 0) {
		n->gone = view_seqs(c->arena, &n->view, n->view.gone);
		n->gone_at = n->gone.n;
	}
	/* From the highest down no number changes that is still to come. */
	while (n->gone_at > 0) {
		const struct ms_uid_range *r = &n->gone.ranges[n->gone_at - 1];

		if (n->gone_next == 0)
			n->gone_next = r->last;
		respond_number(c, n->gone_next, "EXPUNGE");
		if (n->gone_next-- == r->first) {
			n->gone_next = 0;
			n->gone_at--;
		}
		if (respond_is_full(c))
			return command_wait_output(c);
	}
done:
	n->phase = ARRIVALS;
	return PROGRESS_DONE;
}

static enum progress
tell_arrivals(struct command *c, struct notices *n)
{
	struct selected *sel = &c->session->selected;
	struct ms_uids alive = n->view.alive;
	uint32_t last = alive.n > 0 ? alive.ranges[alive.n - 1].last : 0;
	bool has_more = last > sel->told_uid;
	uint32_t count = n->view.count;
	struct ms_uid_range recent;
	struct ms_uids recents = { &recent, 1 };
	struct view now;

	sel->told_flags = n->view.modseq;
	if (n->may_expunge) {
		sel->told_gone = n->view.modseq;
		count = (uint32_t)uids_count(alive);
	}
	if (has_more) {
		if (sel->recent_first == 0)
			sel->recent_first = sel->told_uid + 1;
		sel->told_uid = sel->recent_last = last;
		/* What came and went before it was told of counts as long as
		   no expunge may be told. */
		if (!n->may_expunge) {
			if (!view_need(c, &now))
				return PROGRESS_DONE;
			count = now.count;
		}
		respond_number(c, count, "EXISTS");
		recent = (struct ms_uid_range){ sel->recent_first,
		    sel->recent_last };
		respond_number(c, uids_count(uids_and(c->arena, alive,
		    recents)), "RECENT");
	}
	n->phase++;
	return PROGRESS_DONE;
}

enum progress
notices_run(struct command *c, bool may_expunge)
{
	struct notices *n = c->notices;
	enum progress p = PROGRESS_DONE;

	if (n == NULL) {
		n = c->notices = ms_arena_alloc(c->arena, sizeof(*n));
		n->may_expunge = may_expunge && !c->keeps_seqs;
	}
	while (n->phase <= ARRIVALS && p == PROGRESS_DONE &&
	    !c->session->is_over)
		switch (n->phase) {
		case LOOK:
			p = look(c, n);
			break;
		case CHANGES:
		case OWN_CHANGES:
			p = tell_changes(c, n);
			break;
		case EXPUNGES:
			p = tell_expunges(c, n);
			break;
		case ARRIVALS:
			p = tell_arrivals(c, n);
			break;
		}
	return p;
}
