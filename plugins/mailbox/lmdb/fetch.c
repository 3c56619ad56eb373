/* SPDX-License-Identifier: ISC */
/* fetch.c - see read.h: pages of a mailbox by UID, and of what was expunged */
#include <mansio/error.h>

#include "read.h"

struct page {
	struct ms_row        *rows;	/* room for the limit, in one piece */
	const struct ms_row **pointers;
	uint32_t              n, limit;
};

static struct page
page_in(struct ms_arena *arena, uint32_t limit)
{
	struct page p = { .limit = limit };

	p.rows = ms_arena_array(arena, limit, sizeof(*p.rows));
	p.pointers = ms_arena_array(arena, limit, sizeof(*p.pointers));
	return p;
}

static struct ms_row *
page_add(struct page *p)
{
	p->pointers[p->n] = &p->rows[p->n];
	return &p->rows[p->n++];
}

static void
page_finish(const struct page *p, uint64_t modseq, struct ms_rows *out)
{
	out->n = p->n;
	out->rows = p->pointers;
	out->modseq = modseq;
}

/* The set without what an earlier page gave; n 0: nothing is left. */
static struct ms_uids
uids_after(struct ms_arena *arena, const struct ms_fetch *f)
{
	static const struct ms_uid_range all = { 1, UINT32_MAX - 1 };
	struct ms_uids uids = f->uids.n > 0 ? f->uids : (struct ms_uids){ &all, 1 };
	uint32_t after = f->after != NULL ? f->after->uid : 0;
	size_t first = uids_find(uids, after < UINT32_MAX - 1 ? after + 1 : UINT32_MAX);
	struct ms_uid_range *ranges;

	uids.ranges += first;
	uids.n -= first;
	if (uids.n == 0 || uids.ranges[0].first > after)
		return uids;
	ranges = ms_arena_array(arena, uids.n, sizeof(*ranges));
	memcpy(ranges, uids.ranges, uids.n * sizeof(*ranges));
	ranges[0].first = after + 1;
	return (struct ms_uids){ ranges, uids.n };
}

static ms_status
fetch_by_uid(struct db_txn *t, struct ms_arena *arena, const struct box *b,
    const struct ms_fetch *f, uint32_t limit, struct ms_rows *out)
{
	AUTO_ROW_MAKER struct row_maker m;
	AUTO_TARGETS struct target_walk w;
	struct ms_uids uids = uids_after(arena, f);
	struct page page;
	size_t octets = 0;
	ms_status st = MS_NOTFOUND;

	if (limit > b->messages)
		limit = b->messages;
	if (uids.n > 0 && uids_count(uids) < limit)
		limit = (uint32_t)uids_count(uids);
	page = page_in(arena, limit);
	row_maker_begin(&m, t, arena, b, f->want);
	targets_begin(&w, t, b->account, b->number, uids);
	while (uids.n > 0 && page.n < page.limit && (st = targets_next(&w)) == MS_OK) {
		const struct chunk *c = &w.w.chunk;

		for (uint32_t i = 0; i < c->n && page.n < page.limit; i++) {
			struct ms_row *row;

			if (!targets_has(&w, c->entries[i].uid))
				continue;
			row = page_add(&page);
			if ((st = row_make(&m, &c->entries[i], row)) != MS_OK)
				return st;
			if ((octets += row->digest.len) > READ_MAX_OCTETS)
				page.limit = page.n;
		}
	}
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	page_finish(&page, b->modseq, out);
	return MS_OK;
}

/* ---- expunged ones ---- */

/* A deleted mailbox still has its messages: each counts as expunged. */
static ms_status
add_deleted(struct db_txn *t, struct row_maker *m, const struct entry *e, struct ms_row *row)
{
	struct trash trash = { .entry = *e, .modseq = m->box->box_modseq };
	ms_status st = mail_find(t, m->box->account, m->box->number, e->uid, &trash.mail);

	if (st == MS_OK)
		row_make_expunged(m, &trash, row);
	return st == MS_NOTFOUND ? db_damaged(t, DB_MAIL, "mail") : st;
}

static ms_status
add_trashed(struct db_txn *t, struct row_maker *m, const struct trash_place *place,
    struct ms_row *row)
{
	struct key key = key_trash(m->box->account, place->day, m->box->number, place->uid);
	struct trash trash;
	struct ms_str raw;
	ms_status st = db_get(t, DB_TRASH, key_str(&key), &raw);

	if (st != MS_OK)
		return st;
	if (!trash_decode(raw, &trash))
		return db_damaged(t, DB_TRASH, "mail");
	row_make_expunged(m, &trash, row);
	return MS_OK;
}

static ms_status
list_deleted(struct db_txn *t, const struct box *b, struct ms_uids uids, uint32_t limit,
    struct entry **entries_out, uint32_t *n_out)
{
	AUTO_TARGETS struct target_walk w;
	struct entry *entries = ms_arena_array(t->arena, limit, sizeof(*entries));
	uint32_t n = 0;
	ms_status st = MS_NOTFOUND;

	targets_begin(&w, t, b->account, b->number, uids);
	while ((b->flags & MS_BOX_GONE) != 0 && n < limit && (st = targets_next(&w)) == MS_OK)
		for (uint32_t i = 0; i < w.w.chunk.n && n < limit; i++)
			if (targets_has(&w, w.w.chunk.entries[i].uid))
				entries[n++] = w.w.chunk.entries[i];
	*entries_out = entries;
	*n_out = n;
	return st == MS_NOTFOUND ? MS_OK : st;
}

ms_status
fetch_expunged(struct db_txn *t, const struct ms_account *account, const struct ms_fetch *f,
    uint32_t limit, struct ms_rows *out)
{
	AUTO_ROW_MAKER struct row_maker m = { .t = NULL };
	struct ms_uids uids = uids_after(t->arena, f);
	struct page page = page_in(t->arena, limit);
	struct trash_place *places = NULL;
	struct entry *entries = NULL;
	size_t n_places = 0, k = 0;
	uint32_t n_entries = 0, i = 0;
	struct box b;
	ms_status st = box_find(t, account->number, &f->box, &b);

	if (st != MS_OK)
		return st;
	row_maker_begin(&m, t, t->arena, &b, f->want);
	if (uids.n > 0 &&
	    ((st = trash_list(t, account->number, b.number, uids, &places, &n_places)) != MS_OK ||
	    (st = list_deleted(t, &b, uids, limit, &entries, &n_entries)) != MS_OK))
		return st;
	while (st == MS_OK && page.n < limit && (i < n_entries || k < n_places)) {
		if (i == n_entries || (k < n_places && places[k].uid < entries[i].uid))
			st = add_trashed(t, &m, &places[k++], page_add(&page));
		else
			st = add_deleted(t, &m, &entries[i++], page_add(&page));
	}
	if (st == MS_OK)
		page_finish(&page, b.modseq, out);
	return st;
}

ms_status
read_fetch(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_fetch *f, struct ms_rows *out,
    struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t = { .t = NULL };
	uint32_t limit = f->limit < READ_MAX_ROWS ? f->limit : READ_MAX_ROWS;
	struct box b;
	ms_status st;

	(void)self;
	if (!uids_are_sound(f->uids))
		return ms_error_set(err, MS_INVALID, "", "UIDs that make no sense");
	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK)
		return st;
	if ((f->want & MS_ROW_EXPUNGED) != 0)
		return fetch_expunged(&t, account, f, limit, out);
	if (id_is_zero(&f->box) || f->changed_since > 0)
		return fetch_by_modseq(&t, account, f, limit, out);
	if ((st = box_find_living(&t, account->number, &f->box, &b)) != MS_OK)
		return st;
	return fetch_by_uid(&t, scope->arena, &b, f, limit, out);
}
