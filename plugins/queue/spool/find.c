/* SPDX-License-Identifier: ISC */
/* find.c - see find.h: pages of parts */
#include "find.h"

#include <stdlib.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "segments.h"

#define CHUNK		256	/* entries of the tails in a round */
#define MAX_ROWS	1000	/* rows in one reading transaction */
#define DEFAULT_LIMIT	100
#define MAX_LIMIT	1000

struct snap {			/* an entry of a tail, as it was */
	uint64_t generation;
	struct note note;
	const struct partial *partial;
};

struct candidate {		/* its parts; of the tails */
	struct ms_part part;
	uint32_t by;
};

struct finder {
	struct run *run;
	const struct ms_scope *scope;
	const struct ms_queue_look *look;
	uint32_t by, limit;
	int64_t  now_us;
	struct ms_part at;	/* all up to here was looked at */
	bool     has_at;
	const struct ms_part **found;
	uint32_t n;

	/* of a round */
	struct ms_arena *arena;
	struct candidate *candidates;
	size_t   n_candidates;
	struct ms_part bound;	/* the tails hold more beyond this */
	bool     has_bound;
};

static int
compare_id(const struct ms_part *a, const struct ms_part *b)
{
	int c = memcmp(&a->message, &b->message, sizeof(a->message));

	if (c != 0)
		return c;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int
compare(uint32_t by, const struct ms_part *a, const struct ms_part *b)
{
	if (by == MS_QUEUE_BY_DESTINATION) {
		int c = ms_str_compare(a->destination, b->destination);

		if (c != 0)
			return c;
	}
	if (by != MS_QUEUE_BY_MESSAGE && a->next_us != b->next_us)
		return a->next_us < b->next_us ? -1 : 1;
	return compare_id(a, b);
}

static int
by_key(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return compare(x->by, &x->part, &y->part);
}

static bool
matches(const struct finder *f, const struct ms_part *p)
{
	const struct ms_queue_look *look = f->look;

	if (look->due_us != 0 && (p->next_us > look->due_us ||
	    (p->owner.len > 0 && p->owned_until_us > f->now_us)))
		return false;
	return (look->state == 0 || p->state == look->state) &&
	    (look->destination.len == 0 ||
	    ms_str_equal(p->destination, look->destination)) &&
	    (look->sender.len == 0 || ms_str_equal(p->sender, look->sender)) &&
	    (look->message == NULL || memcmp(look->message, &p->message,
	    sizeof(p->message)) == 0);
}

/* ---- the tails ---------------------------------------------------------- */

/* Where to go on in a tail; the entry at the key itself is seen again, as
   further parts of it may follow. */
static size_t
first_index(const struct finder *f, const struct segment *seg)
{
	uint64_t own, offset;

	if (!f->has_at)
		return 0;
	own = id_generation(&f->at.message);
	offset = id_offset(&f->at.message);
	if (f->by == MS_QUEUE_BY_MESSAGE) {
		if (seg->generation != own)
			return seg->generation < own ? seg->tail.n : 0;
		return tail_seek_offset(&seg->tail, offset);
	}
	if (f->by == MS_QUEUE_BY_DESTINATION && f->at.destination.len > 0)
		return 0;
	return tail_seek(&seg->tail, f->at.next_us, seg->generation < own ?
	    UINT64_MAX : seg->generation > own ? 0 : offset);
}

/* Its parts do not stand where the tail's order has it: they come later, or
   are listed by a destination. */
static bool
is_irregular(const struct finder *f, const struct entry *e)
{
	return f->by != MS_QUEUE_BY_MESSAGE && (e->note.flags & (NOTE_LATER |
	    (f->by == MS_QUEUE_BY_DESTINATION ? NOTE_ROUTED : 0))) != 0;
}

static bool
has_irregular(const struct finder *f, const struct tail *t)
{
	return f->by != MS_QUEUE_BY_MESSAGE && (t->later > 0 ||
	    (f->by == MS_QUEUE_BY_DESTINATION && t->routed > 0));
}

static bool
is_wanted(const struct finder *f, const struct entry *e, bool irregular)
{
	if (e->state != ENTRY_LIVE || (e->note.flags & NOTE_DAMAGED) ||
	    is_irregular(f, e) != irregular)
		return false;
	/* Without a destination there is no other key than time. */
	if (f->by == MS_QUEUE_BY_DESTINATION && !irregular)
		return f->look->destination.len == 0 &&
		    (!f->has_at || f->at.destination.len == 0);
	return true;
}

static void
take(struct finder *f, struct snap *snap, const struct segment *seg,
    const struct entry *e)
{
	*snap = (struct snap){ seg->generation, e->note, NULL };
	if (e->partial != NULL) {
		size_t octets = sizeof(*e->partial) + e->partial->n * sizeof(uint16_t);
		struct partial *copy = ms_arena_alloc(f->arena, octets);

		memcpy(copy, e->partial, octets);
		snap->partial = copy;
	}
}

static void
skip_unwanted(const struct finder *f, const struct segment *seg, size_t *at,
    bool irregular)
{
	while (*at < seg->tail.n &&
	    !is_wanted(f, tail_at(&seg->tail, *at), irregular))
		(*at)++;
}

/* The next entries of all tails in the order asked for; *more_out: there are
   others behind them.  Under lock. */
static size_t
snap_tails(struct finder *f, struct snap *snaps, size_t most, bool irregular,
    bool *more_out)
{
	struct run *run = f->run;
	size_t *at = ms_arena_array(f->arena, run->n, sizeof(*at)), n = 0;

	for (size_t i = 0; i < run->n; i++)
		at[i] = irregular ? 0 : first_index(f, run->segments[i]);
	for (;;) {
		size_t best = SIZE_MAX;
		int64_t time = 0;

		for (size_t i = 0; i < run->n; i++) {
			const struct segment *seg = run->segments[i];
			int64_t t;

			if (seg->tail.live == 0 || (irregular && !has_irregular(f, &seg->tail)))
				continue;
			skip_unwanted(f, seg, &at[i], irregular);
			if (at[i] >= seg->tail.n)
				continue;
			t = tail_at(&seg->tail, at[i])->note.next_us;
			/* By message: the segments stand in that order. */
			if (best == SIZE_MAX ||
			    (f->by != MS_QUEUE_BY_MESSAGE && t < time)) {
				best = i;
				time = t;
			}
		}
		*more_out = best != SIZE_MAX && n == most;
		if (best == SIZE_MAX || n == most)
			return n;
		take(f, &snaps[n++], run->segments[best],
		    tail_at(&run->segments[best]->tail, at[best]));
		at[best]++;
	}
}

static size_t
count_irregular(const struct finder *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->run->n; i++) {
		const struct tail *t = &f->run->segments[i]->tail;

		for (size_t k = 0; k < t->n && has_irregular(f, t); k++)
			n += is_wanted(f, tail_at(t, k), true);
	}
	return n;
}

static void
mark_damaged(struct finder *f, const struct snap *snap,
    const struct ms_error *err)
{
	struct segment *seg;
	struct entry *e;

	pthread_mutex_lock(&f->run->lock);
	seg = segments_find(f->run, snap->generation);
	e = seg != NULL ? tail_find(&seg->tail, snap->note.offset) : NULL;
	if (e != NULL)
		e->note.flags |= NOTE_DAMAGED;
	pthread_mutex_unlock(&f->run->lock);
	spool_log(f->run->sv, MS_LOG_ERROR, "a message in the spool is damaged", err);
	spool_count(f->run->sv, f->run->sv->damaged, 1);
}

static void
add_candidates(struct finder *f, const struct snap *snap,
    const struct envelope *envelope)
{
	struct entry entry = { .note = snap->note };

	entry.partial = (struct partial *)(uintptr_t)snap->partial;
	for (uint32_t i = 0; i < envelope->n_parts; i++) {
		struct candidate *c = &f->candidates[f->n_candidates];

		if (tail_part_is_done(&entry, envelope->parts[i]->number))
			continue;
		c->part = *envelope->parts[i];
		c->by = f->by;
		c->part.message = id_of(snap->generation, snap->note.offset);
		if (c->part.next_us < snap->note.next_us)
			c->part.next_us = snap->note.next_us;
		f->n_candidates++;
	}
}

/* Parts of the entries that have no rows; the transaction began after they
   were looked at. */
static void
read_snaps(struct finder *f, MDB_txn *txn, const struct snap *snaps, size_t n)
{
	struct envelope *envelopes = ms_arena_array(f->arena, n, sizeof(*envelopes));
	size_t total = f->n_candidates;
	struct candidate *all;

	for (size_t i = 0; i < n; i++) {
		struct ms_id id = id_of(snaps[i].generation, snaps[i].note.offset);
		struct ms_error err = MS_ERROR_INIT;
		struct journal_record head;
		struct msg_row row;
		struct segment *seg;

		if (rows_get_msg(&f->run->rows, txn, &id, &row, NULL) != MS_NOTFOUND)
			continue;
		seg = segments_hold(f->run, snaps[i].generation);
		if (seg == NULL)
			continue;
		if (segments_read(seg, snaps[i].note.offset, f->arena, &head,
		    &envelopes[i], &err) != MS_OK) {
			envelopes[i].n_parts = 0;
			mark_damaged(f, &snaps[i], &err);
		}
		segments_release(f->run, seg);
		total += envelopes[i].n_parts;
	}
	all = ms_arena_array(f->arena, total, sizeof(*all));
	if (f->n_candidates > 0)
		memcpy(all, f->candidates, f->n_candidates * sizeof(*all));
	f->candidates = all;
	for (size_t i = 0; i < n; i++)
		add_candidates(f, &snaps[i], &envelopes[i]);
}

/* The last entry's place, as the key of its last part. */
static void
set_bound(struct finder *f, const struct snap *last)
{
	f->bound = (struct ms_part){ .message = id_of(last->generation,
	    last->note.offset), .next_us = last->note.next_us,
	    .number = UINT32_MAX };
	f->has_bound = true;
}

static void
begin_round(struct finder *f)
{
	ms_arena_reset(f->arena);
	f->candidates = NULL;
	f->n_candidates = 0;
	f->has_bound = false;
}

/* ---- the rows ----------------------------------------------------------- */

static MDB_dbi
table(const struct finder *f)
{
	const struct rows *r = &f->run->rows;

	return f->by == MS_QUEUE_BY_TIME ? r->due :
	    f->by == MS_QUEUE_BY_DESTINATION ? r->dest : r->part;
}

static void
start_key(const struct finder *f, struct row_key *k)
{
	static const struct ms_id none;

	switch (f->by) {
	case MS_QUEUE_BY_TIME:
		row_key_due(k, f->at.next_us, &f->at.message, f->at.number);
		break;
	case MS_QUEUE_BY_DESTINATION:
		if (f->has_at)
			row_key_dest(k, f->at.destination, f->at.next_us,
			    &f->at.message, f->at.number);
		else
			row_key_dest(k, f->look->destination, 0, &none, 0);
		break;
	default:
		row_key_part(k, !f->has_at && f->look->message != NULL ?
		    f->look->message : &f->at.message, f->at.number);
		break;
	}
}

/* Nothing further on can match. */
static bool
is_past(const struct finder *f, const struct ms_part *p)
{
	const struct ms_queue_look *look = f->look;

	if (f->by == MS_QUEUE_BY_TIME)
		return look->due_us != 0 && p->next_us > look->due_us;
	if (f->by == MS_QUEUE_BY_DESTINATION)
		return look->destination.len > 0 &&
		    ms_str_compare(p->destination, look->destination) > 0;
	return look->message != NULL && memcmp(&p->message, look->message,
	    sizeof(p->message)) > 0;
}

static void
advance(struct finder *f, const struct ms_part *p)
{
	f->at.message = p->message;
	f->at.number = p->number;
	f->at.next_us = p->next_us;
	/* Of a row it is lent; destinations seldom change. */
	if (!ms_str_equal(f->at.destination, p->destination))
		f->at.destination = ms_arena_str(f->scope->arena, p->destination);
	f->has_at = true;
}

static void
give(struct finder *f, const struct ms_part *p)
{
	advance(f, p);
	if (matches(f, p))
		f->found[f->n++] = part_copy(f->scope->arena, p);
}

struct walk {
	MDB_cursor *cursor;
	struct ms_part part;	/* the next one, lent */
	bool   has_part;
	size_t seen;
};

static ms_status
next_row(struct finder *f, MDB_txn *txn, struct walk *w, MDB_cursor_op op,
    MDB_val *key, struct ms_error *err)
{
	struct row_key k;
	struct ms_unpack u;
	struct ms_id id;
	uint32_t number;
	MDB_val value, part_key, part_value;
	int rc = mdb_cursor_get(w->cursor, key, &value, op);

	w->has_part = false;
	if (rc == MDB_NOTFOUND)
		return MS_OK;
	if (rc != 0)
		return rows_error(&f->run->rows, rc, "walk", err);
	w->seen++;
	if (!row_key_parse(ms_str_of(key->mv_data, key->mv_size), &id, &number))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "queue: damaged key");
	row_key_part(&k, &id, number);
	part_key = (MDB_val){ k.len, k.octets };
	rc = mdb_get(txn, f->run->rows.part, &part_key, &part_value);
	if (rc != 0)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "queue: a part is missing");
	u = ms_unpack_of(ms_str_of(part_value.mv_data, part_value.mv_size));
	if (!part_decode(&u, &w->part))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "queue: damaged row in part");
	w->part.message = id;
	w->has_part = true;
	return MS_OK;
}

static ms_status
first_row(struct finder *f, MDB_txn *txn, struct walk *w, struct ms_error *err)
{
	struct row_key k;
	MDB_val key;
	ms_status st;

	start_key(f, &k);
	key = (MDB_val){ k.len, k.octets };
	st = next_row(f, txn, w, MDB_SET_RANGE, &key, err);
	if (st == MS_OK && w->has_part && f->has_at &&
	    compare(f->by, &w->part, &f->at) <= 0)
		st = next_row(f, txn, w, MDB_NEXT, &key, err);
	return st;
}

/* ---- both --------------------------------------------------------------- */

/* *done_out: there is nothing behind what was looked at. */
static ms_status
merge(struct finder *f, MDB_txn *txn, struct walk *w, bool *done_out,
    struct ms_error *err)
{
	size_t i = 0;
	MDB_val key;
	ms_status st = first_row(f, txn, w, err);

	while (st == MS_OK && f->n < f->limit) {
		const struct ms_part *c = NULL;

		while (i < f->n_candidates && f->has_at &&
		    compare(f->by, &f->candidates[i].part, &f->at) <= 0)
			i++;
		if (i < f->n_candidates)
			c = &f->candidates[i].part;
		if (w->has_part && (c == NULL || compare(f->by, &w->part, c) < 0))
			c = &w->part;
		if (c == NULL || is_past(f, c)) {
			*done_out = !f->has_bound || c != NULL;
			if (f->has_bound && c == NULL)
				advance(f, &f->bound);
			return MS_OK;
		}
		/* Beyond the bound the tails were not looked at. */
		if (f->has_bound && compare(f->by, c, &f->bound) > 0) {
			advance(f, &f->bound);
			return MS_OK;
		}
		give(f, c);
		if (c == &w->part) {
			if (w->seen >= MAX_ROWS)
				return MS_OK;
			st = next_row(f, txn, w, MDB_NEXT, &key, err);
		}
	}
	return st;
}

static ms_status
round_of(struct finder *f, bool *done_out, struct ms_error *err)
{
	struct run *run = f->run;
	struct snap *snaps, *others;
	struct walk w = { .seen = 0 };
	size_t n, n_others;
	bool more, none;
	MDB_txn *txn;
	ms_status st;
	int rc;

	begin_round(f);
	snaps = ms_arena_array(f->arena, CHUNK, sizeof(*snaps));
	pthread_mutex_lock(&run->lock);
	n = snap_tails(f, snaps, CHUNK, false, &more);
	/* All of those that are in no order: few, as they get rows soon or came
	   with a destination. */
	n_others = count_irregular(f);
	others = ms_arena_array(f->arena, n_others + 1, sizeof(*others));
	n_others = snap_tails(f, others, n_others, true, &none);
	pthread_mutex_unlock(&run->lock);
	if (more)
		set_bound(f, &snaps[n - 1]);
	st = rows_begin_read(&run->rows, &txn, err);
	if (st != MS_OK)
		return st;
	read_snaps(f, txn, snaps, n);
	read_snaps(f, txn, others, n_others);
	if (f->n_candidates > 0)
		qsort(f->candidates, f->n_candidates, sizeof(*f->candidates), by_key);
	rc = mdb_cursor_open(txn, table(f), &w.cursor);
	st = rc == 0 ? merge(f, txn, &w, done_out, err) :
	    rows_error(&run->rows, rc, "cursor", err);
	if (rc == 0)
		mdb_cursor_close(w.cursor);
	rows_end_read(&run->rows, txn);
	return st == MS_NOTFOUND ? MS_TEMPFAIL : st;
}

static bool
is_late(const struct finder *f)
{
	const struct services *sv = f->run->sv;

	return f->scope->deadline_us != 0 &&
	    sv->clock->steady_us(sv->host) > f->scope->deadline_us;
}

ms_status
find_parts(struct run *run, const struct ms_scope *scope,
    const struct ms_queue_look *look, struct ms_parts *out,
    struct ms_error *err)
{
	struct finder f = { .run = run, .scope = scope, .look = look,
		.by = look->by };
	bool done = false;
	ms_status st = MS_OK;

	if (f.by < MS_QUEUE_BY_TIME || f.by > MS_QUEUE_BY_MESSAGE)
		return ms_error_set(err, MS_INVALID, "", "order %u", (unsigned)f.by);
	f.limit = look->limit == 0 ? DEFAULT_LIMIT :
	    look->limit > MAX_LIMIT ? MAX_LIMIT : look->limit;
	f.now_us = run->sv->clock->now_us(run->sv->host);
	f.found = ms_arena_array(scope->arena, f.limit, sizeof(struct ms_part *));
	if (look->after != NULL)
		advance(&f, look->after);
	f.arena = ms_arena_new(0);
	while (st == MS_OK && !done && f.n < f.limit) {
		st = round_of(&f, &done, err);
		if (st == MS_OK && !done && f.n == 0 && is_late(&f))
			st = ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "looking through the queue takes too long");
	}
	ms_arena_free(f.arena);
	if (st != MS_OK)
		return st;
	out->n = f.n;
	out->parts = f.found;
	return MS_OK;
}
