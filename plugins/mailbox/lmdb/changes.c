/* SPDX-License-Identifier: ISC */
/*
 * changes.c - pages of fetch() in the order of modseq, mailbox, UID
 *
 * There is no index by modseq: a change of one flag would then cost a row
 * more.  The heads of the chunks say where something newer lies; of what is
 * found there the `limit` smallest are kept in a heap.
 */
#include <stdlib.h>

#include "read.h"

struct candidate {
	const struct box *box;
	struct entry      entry;
};

struct choice {
	struct db_txn         *t;
	const struct ms_fetch *f;
	struct box            *boxes;	/* by number */
	size_t                 n_boxes;
	uint64_t               since;	/* a modseq above this one */
	struct candidate      *heap;	/* the largest on top */
	size_t                 n, limit;
};

static int
compare(const struct candidate *a, const struct candidate *b)
{
	int order;

	if (a->entry.modseq != b->entry.modseq)
		return a->entry.modseq < b->entry.modseq ? -1 : 1;
	order = memcmp(&a->box->id, &b->box->id, sizeof(a->box->id));
	if (order != 0)
		return order;
	return a->entry.uid < b->entry.uid ? -1 : a->entry.uid > b->entry.uid;
}

static int
compare_for_sort(const void *a, const void *b)
{
	return compare(a, b);
}

static void
sift_down(struct candidate *heap, size_t n, size_t i)
{
	for (;;) {
		size_t largest = i, left = 2 * i + 1, right = left + 1;
		struct candidate kept;

		if (left < n && compare(&heap[left], &heap[largest]) > 0)
			largest = left;
		if (right < n && compare(&heap[right], &heap[largest]) > 0)
			largest = right;
		if (largest == i)
			return;
		kept = heap[i];
		heap[i] = heap[largest];
		heap[largest] = kept;
		i = largest;
	}
}

static void
sift_up(struct candidate *heap, size_t i)
{
	while (i > 0 && compare(&heap[i], &heap[(i - 1) / 2]) > 0) {
		struct candidate kept = heap[i];

		heap[i] = heap[(i - 1) / 2];
		heap[(i - 1) / 2] = kept;
		i = (i - 1) / 2;
	}
}

/* Was it given with an earlier page? */
static bool
is_passed(const struct choice *c, const struct candidate *x)
{
	const struct ms_row *after = c->f->after;
	int order;

	if (after == NULL || x->entry.modseq > after->modseq)
		return false;
	if (x->entry.modseq < after->modseq)
		return true;
	order = id_is_zero(&c->f->box) ?
	    memcmp(&x->box->id, &after->box, sizeof(after->box)) : 0;
	return order < 0 || (order == 0 && x->entry.uid <= after->uid);
}

static void
offer(struct choice *c, const struct box *b, const struct entry *e)
{
	struct candidate x = { b, *e };

	if (e->modseq <= c->since || is_passed(c, &x))
		return;
	if (c->n < c->limit) {
		c->heap[c->n] = x;
		sift_up(c->heap, c->n++);
	} else if (c->n > 0 && compare(&x, &c->heap[0]) < 0) {
		c->heap[0] = x;
		sift_down(c->heap, c->n, 0);
	}
}

static ms_status
look_through(struct choice *c, const struct box *b)
{
	AUTO_CHUNKS struct chunk_walk w;
	struct ms_uids uids = c->f->uids;
	uint64_t least = c->since + 1;
	struct chunk_head head;
	ms_status st;

	if (c->f->after != NULL && c->f->after->modseq > least)
		least = c->f->after->modseq;
	chunks_begin(&w, c->t, b->account, b->number);
	if (b->modseq < least)
		return MS_OK;
	for (st = chunks_seek_head(&w, 1, &head); st == MS_OK; st = chunks_next_head(&w, &head)) {
		if (head.highest < least || (c->n == c->limit && c->n > 0 &&
		    head.lowest > c->heap[0].entry.modseq))
			continue;
		if ((st = chunks_decode(&w)) != MS_OK)
			return st;
		for (uint32_t i = 0; i < w.chunk.n; i++)
			if (uids.n == 0 || uids_contain(uids, w.chunk.entries[i].uid))
				offer(c, b, &w.chunk.entries[i]);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* ---- by email id ---- */

static const struct box *
box_by_number(const struct choice *c, uint32_t number)
{
	size_t low = 0, high = c->n_boxes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->boxes[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->n_boxes && c->boxes[low].number == number ? &c->boxes[low] : NULL;
}

static ms_status
offer_place(struct choice *c, uint32_t number, uint32_t uid)
{
	const struct box *b = box_by_number(c, number);
	struct entry e;
	ms_status st;

	if (b == NULL || (b->flags & MS_BOX_GONE) != 0)
		return MS_OK;
	st = entry_find(c->t, b->account, b->number, uid, &e);
	if (st == MS_OK)
		offer(c, b, &e);
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
offer_email(struct choice *c, uint32_t account, const struct ms_id *id)
{
	DB_AUTO_CURSOR struct db_cursor cursor = db_cursor(c->t, DB_EMAIL);
	struct key head = key_account_id(account, id);
	uint32_t number, uid;
	struct mail mail;
	ms_status st;

	if (email_id_place(c->t, account, id, &number, &uid)) {
		/* A message that a migration put there has an id of its own. */
		st = mail_find(c->t, account, number, uid, &mail);
		if (st == MS_OK && id_equal(&mail.email_id, id))
			st = offer_place(c, number, uid);
		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
	}
	for (st = db_seek(&cursor, key_str(&head));
	    st == MS_OK && key_has_head(cursor.key, head.octets, head.len);
	    st = db_next(&cursor)) {
		ms_status offered = offer_place(c, key_u32_at(cursor.key, 20),
		    key_u32_at(cursor.key, 24));

		if (offered != MS_OK)
			return offered;
	}
	return st == MS_OK || st == MS_NOTFOUND ? MS_OK : st;
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ms_id));
}

static ms_status
offer_emails(struct choice *c, uint32_t account)
{
	size_t n = c->f->n_email_ids;
	struct ms_id *ids = ms_arena_array(c->t->arena, n, sizeof(*ids));
	ms_status st = MS_OK;

	/* An id that is named twice is answered once. */
	memcpy(ids, c->f->email_ids, n * sizeof(*ids));
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n && st == MS_OK; i++)
		if (i == 0 || !id_equal(&ids[i - 1], &ids[i]))
			st = offer_email(c, account, &ids[i]);
	return st;
}

/* ---- the page ---- */

static ms_status
make_rows(struct choice *c, struct ms_rows *out)
{
	struct ms_arena *arena = c->t->arena;
	struct row_maker *makers = ms_arena_array(arena, c->n_boxes, sizeof(*makers));
	struct ms_row *rows = ms_arena_array(arena, c->n, sizeof(*rows));
	const struct ms_row **pointers = ms_arena_array(arena, c->n, sizeof(*pointers));
	size_t octets = 0, i;
	ms_status st = MS_OK;

	qsort(c->heap, c->n, sizeof(*c->heap), compare_for_sort);
	for (i = 0; i < c->n && st == MS_OK && octets <= READ_MAX_OCTETS; i++) {
		struct row_maker *m = &makers[c->heap[i].box - c->boxes];

		if (m->t == NULL)
			row_maker_begin(m, c->t, arena, c->heap[i].box, c->f->want);
		m->is_walking = false;
		st = row_make(m, &c->heap[i].entry, &rows[i]);
		pointers[i] = &rows[i];
		octets += rows[i].digest.len;
	}
	for (size_t k = 0; k < c->n_boxes; k++)
		row_maker_end(&makers[k]);
	out->n = (uint32_t)i;
	out->rows = pointers;
	return st;
}

ms_status
fetch_by_modseq(struct db_txn *t, const struct ms_account *account, const struct ms_fetch *f,
    uint32_t limit, struct ms_rows *out)
{
	struct choice c = { .t = t, .f = f, .since = f->changed_since, .limit = limit };
	struct account a;
	struct box one;
	uint64_t modseq;
	ms_status st;

	if (!id_is_zero(&f->box)) {
		if ((st = box_find_living(t, account->number, &f->box, &one)) != MS_OK)
			return st;
		c.boxes = &one;
		c.n_boxes = 1;
		modseq = one.modseq;
	} else {
		if ((st = account_load(t, account->number, &a)) != MS_OK ||
		    (st = box_list(t, account->number, &c.boxes, &c.n_boxes)) != MS_OK)
			return st;
		modseq = a.modseq;
	}
	c.heap = ms_arena_array(t->arena, limit, sizeof(*c.heap));
	if (id_is_zero(&f->box) && f->n_email_ids > 0)
		st = offer_emails(&c, account->number);
	for (size_t i = 0; i < c.n_boxes && st == MS_OK &&
	    (f->n_email_ids == 0 || !id_is_zero(&f->box)); i++)
		if ((c.boxes[i].flags & MS_BOX_GONE) == 0)
			st = look_through(&c, &c.boxes[i]);
	if (st != MS_OK || (st = make_rows(&c, out)) != MS_OK)
		return st;
	out->modseq = modseq;
	return MS_OK;
}
