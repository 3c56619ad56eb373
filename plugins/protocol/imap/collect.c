/* SPDX-License-Identifier: ISC */
/* collect.c - see collect.h */
#include "collect.h"

#include <mansio/encode.h>
#include <mansio/str.h>

#include "respond.h"

bool
collect_is_too_much(struct command *c)
{
	if (ms_arena_used(c->arena) < IMAP_COMMAND_BUDGET)
		return false;
	reply(c, REPLY_NO, "LIMIT", "Too many messages for that");
	return true;
}

/* "Re: x", "[list] Fwd: x", "x (fwd)", "[Fwd: x]". */
static bool
is_reply(struct ms_str folded)
{
	static const char *const words[] = { "re", "fw", "fwd" };
	struct ms_str s = ms_str_trim(folded);

	while (s.len > 0 && s.data[0] == '[') {
		size_t end = ms_str_find_octet(s, ']');

		/* RFC 5256 2.1 (6): subj-fwd-hdr */
		if (ms_str_has_prefix(s, ms_str_c("[fwd:")) &&
		    ms_str_has_suffix(s, ms_str_c("]")))
			return true;
		if (end == SIZE_MAX)
			break;
		s = ms_str_trim(ms_str_from(s, end + 1));
	}
	if (ms_str_has_suffix(s, ms_str_c("(fwd)")))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct ms_str rest;

		if (!ms_str_has_prefix(s, ms_str_c(words[i])))
			continue;
		rest = ms_str_trim(ms_str_from(s, strlen(words[i])));
		if (rest.len > 0 && (rest.data[0] == ':' ||
		    rest.data[0] == '['))
			return true;
	}
	return false;
}

static struct entry *
add(struct command *c, struct collect *all)
{
	if (all->n == all->room) {
		size_t room = all->room == 0 ? 256 : all->room * 2;
		struct entry *grown = ms_arena_array(c->arena, room,
		    sizeof(*grown));

		if (all->n > 0)
			memcpy(grown, all->entries, all->n * sizeof(*grown));
		all->entries = grown;
		all->room = room;
	}
	return &all->entries[all->n++];
}

static void
copy_keys(struct command *c, const struct ms_digest *d, struct entry *e)
{
	uint64_t *keys, key;
	uint32_t n = 0;

	while (ms_digest_thread_key(d, n, &key))
		n++;
	keys = ms_arena_array(c->arena, n + 1, sizeof(*keys));
	for (uint32_t i = 0; i < n; i++)
		(void)ms_digest_thread_key(d, i, &keys[i]);
	e->keys = keys;
	e->n_keys = n;
}

static ms_status
take(struct command *c, struct collect *all, const struct ms_scope *scope,
    const struct ms_row *row, struct ms_error *err)
{
	struct message m;
	struct entry *e;
	ms_status st = MS_OK;

	message_init(&m, c, scope, row, 0);
	if (all->want != 0)
		st = message_need_digest(&m, err);
	message_done(&m);
	if (st == MS_NOTFOUND)
		return MS_OK;
	if (st != MS_OK)
		return st;
	e = add(c, all);
	e->uid = row->uid;
	e->number = c->is_uid ? row->uid :
	    view_seq(&all->find.view, row->uid);
	e->octets = row->octets;
	e->arrived_us = e->sent_us = row->arrived_us;
	if (all->want == 0)
		return MS_OK;
	if (m.digest.sent_us != 0)
		e->sent_us = m.digest.sent_us;
	if (all->want & COLLECT_SUBJECT) {
		e->subject = ms_arena_str(c->arena, m.digest.base_subject);
		e->is_reply = is_reply(ms_utf8_fold(scope->arena,
		    m.digest.subject));
	}
	if (all->want & COLLECT_FROM)
		e->from = ms_arena_str(c->arena, m.digest.sort_from);
	if (all->want & COLLECT_TO)
		e->to = ms_arena_str(c->arena, m.digest.sort_to);
	if (all->want & COLLECT_CC)
		e->cc = ms_arena_str(c->arena, m.digest.sort_cc);
	if (all->want & COLLECT_DISPLAY) {
		e->display_from = ms_arena_str(c->arena, ms_utf8_fold(
		    scope->arena, m.digest.display_from));
		e->display_to = ms_arena_str(c->arena, ms_utf8_fold(
		    scope->arena, m.digest.display_to));
	}
	if (all->want & COLLECT_KEYS)
		copy_keys(c, &m.digest, e);
	return MS_OK;
}

enum progress
collect_run(struct command *c, struct collect *all)
{
	struct session *s = c->session;
	struct find *f = &all->find;
	struct ms_error err = { .size = sizeof(err) };

	if (!all->has_begun) {
		if (find_run(c, f) == PROGRESS_WAIT)
			return PROGRESS_WAIT;
		if (c->reply != 0 || s->is_over)
			return PROGRESS_DONE;
		all->has_begun = true;
	}
	find_begin_slice(c, f);
	while (f->uids.n > 0) {
		struct ms_scope scope = command_page(c);
		struct ms_rows rows = { .size = sizeof(rows) };
		struct ms_fetch fetch = {
			.size = sizeof(fetch),
			.want = MS_ROW_DATES | MS_ROW_SIZE |
			    (all->want != 0 ? MS_ROW_DIGEST : 0),
			.box = s->selected.box, .uids = f->uids,
			.limit = all->want != 0 ? IMAP_PAGE_DIGESTS :
			    IMAP_PAGE_ROWS,
			.after = all->after.uid != 0 ? &all->after : NULL,
		};
		ms_status st = s->self->mailbox->fetch(s->self->backend.self,
		    &scope, s->account, &fetch, &rows, &err);

		if (st == MS_OK && rows.n == 0)
			break;
		for (uint32_t i = 0; st == MS_OK && i < rows.n; i++)
			st = take(c, all, &scope, rows.rows[i], &err);
		if (st != MS_OK) {
			view_failed(c, st, &err);
			return PROGRESS_DONE;
		}
		all->after.size = sizeof(all->after);
		all->after.uid = rows.rows[rows.n - 1]->uid;
		if (collect_is_too_much(c))
			return PROGRESS_DONE;
		if (find_is_tired(c, f))
			return c->reply != 0 ? PROGRESS_DONE :
			    command_wait_output(c);
	}
	return PROGRESS_DONE;
}
