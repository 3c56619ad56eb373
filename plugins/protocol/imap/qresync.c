/* SPDX-License-Identifier: ISC */
/* qresync.c - see qresync.h */
#include "qresync.h"

#include "notices.h"
#include "respond.h"
#include "uids.h"

static bool
has_star(const struct set *set)
{
	if (set->has_saved)
		return true;
	for (size_t i = 0; i < set->n; i++)
		if (set->ranges[i].first == 0 || set->ranges[i].last == 0)
			return true;
	return false;
}

bool
qresync_parse(struct command *c, struct qresync *q)
{
	struct parse *p = &c->parse;

	if (!parse_space(p) || !parse_octet(p, '(') ||
	    !parse_nz(p, &q->uidvalidity) || !parse_space(p) ||
	    !parse_u64(p, INT64_MAX, &q->modseq) || q->modseq == 0)
		return false;
	q->is_wanted = true;
	if (parse_space(p) && parse_peek(p) != '(') {
		if (!parse_set(p, &q->known) || has_star(&q->known))
			return false;
		(void)parse_space(p);
	}
	if (parse_octet(p, '(') && (!parse_set(p, &q->seqs) ||
	    !parse_space(p) || !parse_set(p, &q->uids) ||
	    !parse_octet(p, ')') || has_star(&q->seqs) ||
	    has_star(&q->uids)))
		return false;
	if (!parse_octet(p, ')'))
		return false;
	/* RFC 7162 3.2.5: BAD without ENABLE QRESYNC. */
	if (!(c->session->enabled & ENABLED_QRESYNC)) {
		reply(c, REPLY_BAD, NULL, "ENABLE QRESYNC comes first");
		return false;
	}
	return true;
}

/* The highest UID that the client pairs with its right number: up to it,
   it knows of all expunges (RFC 7162 3.2.5.2). */
static uint32_t
known_up_to(const struct qresync *q)
{
	uint32_t best = 0;
	size_t i = 0, j = 0;
	uint32_t in_i = 0, in_j = 0;

	while (i < q->seqs.n && j < q->uids.n) {
		const struct ms_uid_range *seqs = &q->seqs.ranges[i];
		const struct ms_uid_range *uids = &q->uids.ranges[j];
		uint32_t seq = seqs->first + in_i, uid = uids->first + in_j;

		if (seqs->last < seqs->first || uids->last < uids->first)
			break;
		if (seq > q->view.count || view_uid(&q->view, seq) != uid)
			break;
		best = uid;
		if (seq == seqs->last) {
			in_i = 0;
			i++;
		} else {
			in_i++;
		}
		if (uid == uids->last) {
			in_j = 0;
			j++;
		} else {
			in_j++;
		}
	}
	return best;
}

bool
qresync_vanished(struct command *c, const struct view *view,
    struct ms_uids within, uint64_t since)
{
	struct session *s = c->session;
	struct ms_scope scope = command_scope(c);
	struct ms_vanished v = { .size = sizeof(v) };
	struct ms_error err = { .size = sizeof(err) };
	struct ms_uids gone;
	ms_status st;

	if (within.n == 0)
		return true;
	st = s->self->mailbox->vanished(s->self->backend.self, &scope,
	    s->account, &s->selected.box, since, within, &v, &err);
	if (st != MS_OK) {
		view_failed(c, st, &err);
		return false;
	}
	/* What went since the client was told is in its view: that comes by
	   VANISHED without EARLIER. */
	gone = uids_minus(c->arena, v.complete ?
	    uids_and(c->arena, v.uids, within) : within, view->uids);
	if (gone.n > 0) {
		respond_text(c, "* VANISHED (EARLIER) ");
		respond_uids(&c->out, gone);
		respond_text(c, "\r\n");
	}
	return true;
}

static bool
begin(struct command *c, struct qresync *q)
{
	uint32_t max = c->session->selected.told_uid, known;
	struct ms_uid_range *r = ms_arena_alloc(c->arena, sizeof(*r));
	struct ms_uids limit = { r, max > 0 }, rest;

	if (!view_need(c, &q->view))
		return false;
	*r = (struct ms_uid_range){ 1, max };
	q->within = limit;
	if (q->known.n > 0)
		q->within = uids_and(c->arena, limit, uids_normal(c->arena,
		    q->known.ranges, q->known.n));
	known = known_up_to(q);
	rest = q->within;
	if (known > 0) {
		struct ms_uid_range below = { 1, known };

		rest = uids_minus(c->arena, q->within,
		    (struct ms_uids){ &below, 1 });
	}
	q->has_begun = true;
	return qresync_vanished(c, &q->view, rest, q->modseq);
}

enum progress
qresync_run(struct command *c, struct qresync *q)
{
	struct session *s = c->session;
	struct ms_error err = { .size = sizeof(err) };

	if (!q->has_begun && !begin(c, q))
		return PROGRESS_DONE;
	while (q->within.n > 0) {
		struct ms_scope scope = command_page(c);
		struct ms_rows rows = { .size = sizeof(rows) };
		struct ms_fetch fetch = {
			.size = sizeof(fetch), .want = MS_ROW_FLAGS,
			.box = s->selected.box, .uids = q->within,
			.changed_since = q->modseq, .limit = IMAP_PAGE_ROWS,
			.after = q->after.modseq != 0 ? &q->after : NULL,
		};
		ms_status st = s->self->mailbox->fetch(s->self->backend.self,
		    &scope, s->account, &fetch, &rows, &err);

		if (st != MS_OK) {
			view_failed(c, st, &err);
			return PROGRESS_DONE;
		}
		if (rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++) {
			uint32_t seq = view_seq(&q->view, rows.rows[i]->uid);

			if (seq != 0)
				notice_fetch(c, seq, rows.rows[i],
				    LINE_UID | LINE_FLAGS | LINE_MODSEQ);
		}
		q->after = (struct ms_row){ .size = sizeof(q->after),
			.uid = rows.rows[rows.n - 1]->uid,
			.modseq = rows.rows[rows.n - 1]->modseq,
			.box = s->selected.box };
		if (respond_is_full(c))
			return command_wait_output(c);
	}
	return PROGRESS_DONE;
}
