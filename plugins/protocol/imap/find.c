/* SPDX-License-Identifier: ISC */
/* find.c - see find.h */
#include "find.h"

#include <mansio/str.h>

#include "capability.h"
#include "respond.h"

#define SLICE_US	INT64_C(20000)
#define BODIES_A_PAGE	64
#define TEXT_BUDGET	(128 * 1024 * 1024)

void
find_begin_slice(struct command *c, struct find *f)
{
	struct ms_instance *self = c->session->self;

	f->slice_from_us = self->clock->steady_us(self->host);
}

bool
find_is_tired(struct command *c, struct find *f)
{
	struct ms_instance *self = c->session->self;
	int64_t now = self->clock->steady_us(self->host);

	if (now - f->slice_from_us < SLICE_US)
		return false;
	f->used_us += now - f->slice_from_us;
	f->slice_from_us = now;
	if (f->used_us > self->search_limit_us)
		reply(c, REPLY_NO, "LIMIT", "The search took too long");
	return true;
}

void
find_done(struct find *f)
{
	ms_arena_free(f->text);
	f->text = NULL;
}

/* An index may leave little to be read, or nothing. */
static void
ask(struct command *c, struct find *f)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_found found = { .size = sizeof(found) };

	if (search_ask(c, &f->search, &f->view, &found, &err) != MS_OK)
		return;
	f->sure = uids_and(c->arena, f->todo, found.sure);
	f->todo = uids_minus(c->arena, uids_and(c->arena, f->todo,
	    found.maybe), f->sure);
}

static bool
begin(struct command *c, struct find *f)
{
	struct ms_uids alive;

	if (f->search.has_modseq)
		enable_condstore(c);
	/* RFC 7162 3.2.10.2: with numbers in it, it is no UID command. */
	c->keeps_seqs = f->search.has_seqs;
	if (!view_need(c, &f->view) ||
	    !search_resolve(c, &f->view, f->search.root))
		return false;
	alive = uids_minus(c->arena, f->view.uids, f->view.gone);
	f->todo = search_candidates(c->arena, f->search.root, alive,
	    &f->is_exact);
	f->found.arena = c->arena;
	f->text = ms_arena_new(TEXT_BUDGET);
	/* Modseqs are told of what was found, so that is read anyway. */
	if (!f->is_exact && f->search.has_text && !f->search.has_modseq)
		ask(c, f);
	return true;
}

static ms_status
look_at(struct command *c, struct find *f, const struct ms_scope *scope,
    const struct ms_row *row, struct ms_error *err)
{
	struct message m;
	bool matches = false;
	ms_status st;

	message_init(&m, c, scope, row, 0);
	ms_arena_reset(f->text);
	st = search_match(&f->search, &m, f->text, &matches, err);
	message_done(&m);
	if (st == MS_NOTFOUND)
		return MS_OK;	/* it went meanwhile */
	if (st != MS_OK || !matches)
		return st;
	if (f->found.n == 0)
		f->first_modseq = row->modseq;
	f->last_modseq = row->modseq;
	if (row->modseq > f->modseq)
		f->modseq = row->modseq;
	uids_add(&f->found, row->uid);
	return MS_OK;
}

enum progress
find_run(struct command *c, struct find *f)
{
	struct session *s = c->session;
	struct ms_error err = { .size = sizeof(err) };
	bool reads = f->search.want & MS_ROW_DIGEST;

	if (f->phase++ == 0 && !begin(c, f))
		return PROGRESS_DONE;
	find_begin_slice(c, f);
	while (!f->is_exact && f->todo.n > 0) {
		struct ms_scope scope = command_page(c);
		struct ms_rows rows = { .size = sizeof(rows) };
		struct ms_fetch fetch = {
			.size = sizeof(fetch), .want = f->search.want,
			.box = s->selected.box, .uids = f->todo,
			.limit = reads ? BODIES_A_PAGE : IMAP_PAGE_ROWS,
			.after = f->after.uid != 0 ? &f->after : NULL,
		};
		ms_status st = s->self->mailbox->fetch(s->self->backend.self,
		    &scope, s->account, &fetch, &rows, &err);
		uint32_t i = 0;

		if (st == MS_OK && rows.n == 0)
			break;
		for (; st == MS_OK && i < rows.n; i++) {
			st = look_at(c, f, &scope, rows.rows[i], &err);
			f->after.size = sizeof(f->after);
			f->after.uid = rows.rows[i]->uid;
			if (reads && find_is_tired(c, f))
				break;
		}
		if (st != MS_OK) {
			view_failed(c, st, &err);
			return PROGRESS_DONE;
		}
		if (c->reply != 0)
			return PROGRESS_DONE;
		if (i < rows.n || find_is_tired(c, f))
			return c->reply != 0 ? PROGRESS_DONE :
			    command_wait_output(c);
	}
	f->uids = f->is_exact ? f->todo :
	    uids_or(c->arena, f->sure, uids_built(&f->found));
	return PROGRESS_DONE;
}
