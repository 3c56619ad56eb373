/* SPDX-License-Identifier: ISC */
/* cursor.c - see cursor.h */
#include "cursor.h"

#include <stdlib.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "heal.h"
#include "segments.h"

/* Bounds for one transaction (storage rule: at most 5,000 rows go at once). */
#define MAX_PASSED	20000
#define MAX_TOMBS	5000
#define MAX_STRAGGLERS	1000
#define STRAGGLER_US	250000
#define MAX_LAST_FLUSHES 100
#define RETRY_US	1000000

struct cursor_item {
	struct cursor_item *next;
	struct segment *seg;
	uint64_t cursor;
	uint32_t state;
	bool     is_news;	/* dropped by this very transaction */
};

struct passed {
	struct passed *next;
	uint64_t offset;
	uint32_t state;
};

/* What the cursor can pass, and whose rows or files go with that. */
static uint64_t
walk(struct change *c, struct segment *seg, struct passed **out)
{
	size_t tombs = 0, i;
	uint64_t cursor;

	*out = NULL;
	for (i = 0; i < seg->tail.n && i < MAX_PASSED; i++) {
		const struct entry *e = tail_at(&seg->tail, i);
		struct passed *p;

		if (e->state == ENTRY_LIVE ||
		    (e->state == ENTRY_TOMB && tombs == MAX_TOMBS))
			break;
		if (e->state == ENTRY_TOMB)
			tombs++;
		else if (e->state != ENTRY_DONE || !(e->note.flags & NOTE_OWN_FILE))
			continue;
		p = ms_arena_alloc(c->arena, sizeof(*p));
		*p = (struct passed){ *out, e->note.offset, e->state };
		*out = p;
	}
	if (i < seg->tail.n)
		cursor = tail_at(&seg->tail, i)->note.offset;
	else
		cursor = seg->state == SEGMENT_OPEN ? seg->mark : seg->end;
	return cursor;
}

static ms_status
pass(struct change *c, struct segment *seg, const struct passed *p,
    struct ms_error *err)
{
	for (; p != NULL; p = p->next) {
		struct ms_id id = id_of(seg->generation, p->offset);
		struct journal_record head;
		struct envelope envelope;
		ms_status st;

		if (p->state == ENTRY_TOMB) {
			st = rows_del_msg(&c->run->rows, c->txn, &id, err);
			if (st != MS_OK && st != MS_NOTFOUND)
				return st;
			continue;
		}
		/* Unlinked only when no crash can bring the record back.  One
		   whose name can't be read is swept at the next start. */
		st = segments_read(seg, p->offset, c->arena, &head, &envelope, NULL);
		if (st == MS_OK)
			change_note_file(c, envelope.own_file);
	}
	return MS_OK;
}

static uint32_t
next_state(const struct seg_row *row)
{
	bool passed = row->cursor >= row->end;

	switch (row->kind) {
	case SEGMENT_ACCEPT:
		if (row->state == SEGMENT_ENDED && passed && row->placed == 0)
			return row->ids > 0 ? SEGMENT_MOVED : SEGMENT_DROPPED;
		if (row->state == SEGMENT_MOVED && row->ids == 0)
			return SEGMENT_DROPPED;
		break;
	case SEGMENT_DEFERRED:
		if (row->state == SEGMENT_ENDED && row->placed == 0)
			return SEGMENT_DROPPED;
		break;
	default:
		if (row->state == SEGMENT_ENDED && row->ids == 0)
			return SEGMENT_DROPPED;
		break;
	}
	return row->state;
}

static void
add_item(struct change *c, struct segment *seg, const struct seg_row *row,
    bool is_news)
{
	struct cursor_item *item = ms_arena_alloc(c->arena, sizeof(*item));

	*item = (struct cursor_item){ c->cursors, seg, row->cursor, row->state,
		is_news };
	c->cursors = item;
}

static ms_status
write_one(struct change *c, struct segment *seg, struct ms_error *err)
{
	struct run *run = c->run;
	struct seg_row row, old;
	struct passed *passed;
	uint64_t cursor, end;
	int64_t ended_us;
	uint32_t state;
	ms_status st;

	/* Nothing else is in the transaction yet: the row is as committed. */
	pthread_mutex_lock(&run->lock);
	row = seg->row;
	cursor = walk(c, seg, &passed);
	state = seg->state;
	end = seg->end;
	ended_us = seg->ended_us;
	pthread_mutex_unlock(&run->lock);
	/* Committed as dropped, but somebody still read the file. */
	if (row.state == SEGMENT_DROPPED ||
	    (row.state == SEGMENT_MOVED && seg->fd != -1)) {
		add_item(c, seg, &row, false);
		return MS_OK;
	}
	old = row;
	if (state > row.state)
		row.state = state;
	row.end = end;
	row.ended_us = ended_us;
	if (cursor > row.cursor)
		row.cursor = cursor;
	row.state = next_state(&row);
	if (row.state == SEGMENT_DROPPED)
		row.dropped_us = c->now_us;
	if (seg->has_row && memcmp(&row, &old, sizeof(row)) == 0)
		return MS_OK;
	st = pass(c, seg, passed, err);
	if (st != MS_OK)
		return st;
	if (!seg->has_row) {
		st = rows_put_number(&run->rows, c->txn, "highest", seg->generation,
		    err);
		if (st != MS_OK)
			return st;
	}
	add_item(c, seg, &row, row.state != old.state);
	if (row.state == SEGMENT_DROPPED && row.kind == SEGMENT_DEFERRED) {
		c->is_dirty = true;
		st = seg->has_row ? rows_del_seg(&run->rows, c->txn, seg->generation,
		    err) : MS_OK;
		return st == MS_NOTFOUND ? MS_OK : st;
	}
	return change_put_seg(c, seg->generation, &row, err);
}

ms_status
cursor_write(struct change *c, struct ms_error *err)
{
	struct run *run = c->run;
	struct segment **segments;
	ms_status st = MS_OK;
	size_t n;

	/* They go only under `writer`, which we hold; the table may grow. */
	pthread_mutex_lock(&run->lock);
	n = run->n;
	segments = ms_arena_array(c->arena, n, sizeof(struct segment *));
	for (size_t i = 0; i < n; i++)
		segments[i] = run->segments[i];
	pthread_mutex_unlock(&run->lock);
	MS_CRASH("spool.cursor");
	for (size_t i = 0; i < n && st == MS_OK; i++)
		if (!segments[i]->is_unread)
			st = write_one(c, segments[i], err);
	return st;
}

void
cursor_publish_forget(struct run *run, uint64_t generation)
{
	char name[IO_NAME_OCTETS];

	io_name(generation, name);
	run->sv->bus->publish(run->sv->host,
	    (struct ms_str)MS_STR("queue/forget"), ms_str_c(name));
}

void
cursor_applied(struct run *run, struct cursor_item *items)
{
	for (; items != NULL; items = items->next) {
		struct segment *seg = items->seg;
		bool has_ids = seg->row.kind != SEGMENT_DEFERRED;
		uint64_t generation = seg->generation;

		pthread_mutex_lock(&run->lock);
		tail_drop(&seg->tail, items->cursor);
		if (items->state > seg->state)
			seg->state = items->state;
		pthread_mutex_unlock(&run->lock);
		if (items->state < SEGMENT_MOVED)
			continue;
		MS_CRASH("spool.dropped");
		if (items->state == SEGMENT_DROPPED && items->is_news && has_ids)
			cursor_publish_forget(run, generation);
		if (!segments_retire(run, seg))
			run_arm_flush(run);
	}
}

/* ---- the flush by itself ------------------------------------------------ */

/* Under lock.  True: look again soon. */
static bool
want_stragglers(struct run *run, struct segment *seg, int64_t now, bool all)
{
	const struct entry *oldest = tail_oldest(&seg->tail);
	size_t n = 0;

	if (oldest == NULL || oldest->note.offset >= seg->tail.done_end)
		return false;
	if (!all && seg->blocked_at != oldest->note.offset) {
		seg->blocked_at = oldest->note.offset;
		seg->blocked_us = now;
		return true;
	}
	if (!all && now - seg->blocked_us < STRAGGLER_US)
		return true;
	for (size_t i = 0; i < seg->tail.n && n < MAX_STRAGGLERS; i++) {
		const struct entry *e = tail_at(&seg->tail, i);
		struct ms_id id = id_of(seg->generation, e->note.offset);

		if (e->note.offset >= seg->tail.done_end)
			break;
		if (e->state == ENTRY_LIVE) {
			run_want_rows(run, &id);
			n++;
		}
	}
	return true;
}

static ms_status
register_wanted(struct change *c, const struct ms_id *ids, size_t n,
    struct ms_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct msg_row row;
		ms_status st = change_begin_child(c, err);

		if (st != MS_OK)
			return st;
		/* One that can't be read stays where it is: message() says why,
		   to whoever wants to deliver it. */
		st = change_need(c, &ids[i], &row, err);
		(void)change_end_child(c, st, NULL);
		if (c->run->rows.is_full)
			return MS_TEMPFAIL;
	}
	return MS_OK;
}

static void
want_again(struct run *run, const struct ms_id *ids, size_t n)
{
	pthread_mutex_lock(&run->lock);
	for (size_t i = 0; i < n; i++)
		run_want_rows(run, &ids[i]);
	pthread_mutex_unlock(&run->lock);
}

static ms_status
flush_once(struct run *run, bool all, bool *again_out, struct ms_error *err)
{
	int64_t now = run->sv->clock->steady_us(run->sv->host);
	struct ms_id *wanted = NULL;
	struct change c;
	size_t n = 0;
	bool again = false;
	ms_status st = change_begin(&c, run, err);

	if (st != MS_OK)
		return st;
	pthread_mutex_lock(&run->lock);
	for (size_t i = 0; i < run->n; i++)
		again |= want_stragglers(run, run->segments[i], now, all);
	n = run->n_wanted < MAX_STRAGGLERS ? run->n_wanted : MAX_STRAGGLERS;
	if (n > 0) {
		wanted = calloc(n, sizeof(*wanted));
		if (wanted == NULL)
			abort();
		memcpy(wanted, run->wanted, n * sizeof(*wanted));
		run->n_wanted -= n;
		memmove(run->wanted, run->wanted + n, run->n_wanted * sizeof(*wanted));
		again = true;
	}
	pthread_mutex_unlock(&run->lock);
	st = register_wanted(&c, wanted, n, err);
	if (st != MS_OK)
		change_abort(&c);
	else
		st = change_commit(&c, err);
	if (st != MS_OK)
		want_again(run, wanted, n);
	free(wanted);
	*again_out = again;
	return st;
}

ms_status
cursor_flush(struct run *run, struct ms_error *err)
{
	bool again = false;
	ms_status st;

	pthread_mutex_lock(&run->lock);
	run->flush_armed = false;
	pthread_mutex_unlock(&run->lock);
	pthread_mutex_lock(&run->writer);
	st = flush_once(run, false, &again, err);
	if (st != MS_OK && heal(run))
		st = flush_once(run, false, &again, err);
	pthread_mutex_unlock(&run->writer);
	if (st == MS_OK)
		spool_count(run->sv, run->sv->cursors, 1);
	if (st != MS_OK)
		run_arm_flush_in(run, RETRY_US);
	else if (again)
		run_arm_flush(run);
	return st;
}

ms_status
cursor_flush_all(struct run *run, struct ms_error *err)
{
	bool again = true;
	ms_status st = MS_OK;

	pthread_mutex_lock(&run->writer);
	for (int i = 0; i < MAX_LAST_FLUSHES && again && st == MS_OK; i++) {
		again = false;
		st = flush_once(run, true, &again, err);
		if (st != MS_OK && heal(run))
			st = flush_once(run, true, &again, err);
	}
	/* What the last one registered lets the cursor pass. */
	if (st == MS_OK)
		st = flush_once(run, true, &again, err);
	pthread_mutex_unlock(&run->writer);
	return st;
}
