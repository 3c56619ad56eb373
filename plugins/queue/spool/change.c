/* SPDX-License-Identifier: ISC */
/* change.c - see change.h */
#include "change.h"

#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "cursor.h"
#include "segments.h"

ms_status
change_begin(struct change *c, struct run *run, struct ms_error *err)
{
	ms_status st;

	*c = (struct change){ .run = run };
	c->now_us = run->sv->clock->now_us(run->sv->host);
	st = rows_begin(&run->rows, NULL, &c->outer, err);
	if (st != MS_OK)
		return st == MS_NOTFOUND ? MS_TEMPFAIL : st;
	c->txn = c->outer;
	c->arena = ms_arena_new(0);
	st = cursor_write(c, err);
	if (st != MS_OK)
		change_abort(c);
	return st;
}

ms_status
change_begin_child(struct change *c, struct ms_error *err)
{
	c->before = c->lists;
	return rows_begin(&c->run->rows, c->outer, &c->txn, err);
}

ms_status
change_end_child(struct change *c, ms_status so_far, struct ms_error *err)
{
	if (so_far == MS_OK) {
		so_far = rows_error(&c->run->rows, mdb_txn_commit(c->txn),
		    "child commit", err);
	} else {
		mdb_txn_abort(c->txn);
	}
	c->txn = c->outer;
	if (so_far != MS_OK)
		c->lists = c->before;
	return so_far;
}

void
change_abort(struct change *c)
{
	if (c->outer != NULL)
		mdb_txn_abort(c->outer);
	ms_arena_free(c->arena);
	*c = (struct change){ .run = c->run };
}

/* ---- notes -------------------------------------------------------------- */

void
change_note_effect(struct change *c, const struct ms_id *id, uint32_t state)
{
	struct change_effect *e = ms_arena_alloc(c->arena, sizeof(*e));

	*e = (struct change_effect){ c->lists.effects, *id, state };
	c->lists.effects = e;
}

void
change_note_file(struct change *c, struct ms_str name)
{
	struct change_file *f;

	if (name.len == 0)
		return;
	f = ms_arena_alloc(c->arena, sizeof(*f));
	*f = (struct change_file){ c->lists.files, ms_arena_str(c->arena, name) };
	c->lists.files = f;
}

static void
note_touched(struct change *c, uint64_t generation)
{
	struct change_touched *t;

	for (t = c->lists.touched; t != NULL; t = t->next)
		if (t->generation == generation)
			return;
	t = ms_arena_alloc(c->arena, sizeof(*t));
	*t = (struct change_touched){ c->lists.touched, generation };
	c->lists.touched = t;
}

/* ---- segments ----------------------------------------------------------- */

ms_status
change_get_seg(struct change *c, uint64_t generation, struct seg_row *out,
    struct ms_error *err)
{
	struct run *run = c->run;
	ms_status st = rows_get_seg(&run->rows, c->txn, generation, out, err);
	const struct segment *seg;

	if (st != MS_NOTFOUND)
		return st;
	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, generation);
	if (seg != NULL)
		*out = seg->row;
	pthread_mutex_unlock(&run->lock);
	return seg != NULL ? MS_OK : MS_NOTFOUND;
}

ms_status
change_put_seg(struct change *c, uint64_t generation,
    const struct seg_row *row, struct ms_error *err)
{
	note_touched(c, generation);
	c->is_dirty = true;
	return rows_put_seg(&c->run->rows, c->txn, generation, row, err);
}

ms_status
change_count(struct change *c, const struct ms_id *id,
    const struct msg_row *row, int sign, struct ms_error *err)
{
	uint64_t one = (uint64_t)(int64_t)sign;
	uint64_t own = id_generation(id);
	struct seg_row seg;
	ms_status st = change_get_seg(c, own, &seg, err);

	/* A row without its segment's: damage that verify reports; the message
	   itself is to go its way. */
	if (st == MS_OK) {
		seg.ids += one;
		st = change_put_seg(c, own, &seg, err);
	}
	if ((st == MS_OK || st == MS_NOTFOUND) && !(row->flags & MSG_MADE)) {
		st = change_get_seg(c, row->place, &seg, err);
		if (st == MS_OK) {
			seg.placed += one;
			seg.placed_octets += sign > 0 ? row->octets :
			    (uint64_t)0 - row->octets;
			st = change_put_seg(c, row->place, &seg, err);
		}
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* ---- messages ----------------------------------------------------------- */

static bool
was_emptied(const struct change *c, const struct ms_id *id)
{
	for (const struct change_emptied *e = c->lists.emptied; e != NULL; e = e->next)
		if (memcmp(&e->id, id, sizeof(*id)) == 0)
			return true;
	return false;
}

/* Copies the tail's entry of a message that stands there alone. */
static ms_status
take_live(struct change *c, const struct ms_id *id, struct entry *out)
{
	struct run *run = c->run;
	ms_status st = MS_NOTFOUND;
	struct segment *seg;
	struct entry *e;

	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, id_generation(id));
	e = seg != NULL ? tail_find(&seg->tail, id_offset(id)) : NULL;
	if (e != NULL && e->state == ENTRY_LIVE) {
		*out = *e;
		if (e->partial != NULL) {
			size_t octets = sizeof(*e->partial) +
			    e->partial->n * sizeof(uint16_t);

			out->partial = ms_arena_alloc(c->arena, octets);
			memcpy(out->partial, e->partial, octets);
		}
		st = MS_OK;
	}
	pthread_mutex_unlock(&run->lock);
	return st;
}

static ms_status
register_parts(struct change *c, const struct ms_id *id,
    const struct entry *entry, const struct envelope *envelope,
    struct msg_row *row, struct ms_error *err)
{
	for (uint32_t i = 0; i < envelope->n_parts; i++) {
		struct ms_part part = *envelope->parts[i];
		ms_status st;

		if (tail_part_is_done(entry, part.number))
			continue;
		if (part.next_us < entry->note.next_us)
			part.next_us = entry->note.next_us;
		st = change_put_part(c, id, row, &part, err);
		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

static ms_status
register_live(struct change *c, const struct ms_id *id, struct msg_row *out,
    struct ms_error *err)
{
	struct run *run = c->run;
	struct journal_record head;
	struct envelope envelope;
	struct entry entry;
	struct segment *seg;
	ms_status st = take_live(c, id, &entry);

	if (st != MS_OK)
		return st;
	seg = segments_hold(run, id_generation(id));
	if (seg == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "the segment of a message is missing");
	st = segments_read(seg, id_offset(id), c->arena, &head, &envelope, err);
	segments_release(run, seg);
	if (st != MS_OK)
		return st;
	*out = (struct msg_row){ .place = id_generation(id),
		.offset = id_offset(id), .octets = entry.note.octets,
		.arrival_us = envelope.arrival_us,
		.body_octets = head.body_octets, .body_crc = head.body_crc,
		.own_file = envelope.own_file };
	st = register_parts(c, id, &entry, &envelope, out, err);
	if (st == MS_OK)
		st = change_count(c, id, out, 1, err);
	if (st == MS_OK)
		st = change_put_row(c, id, out, err);
	if (st == MS_OK) {
		change_note_effect(c, id, ENTRY_ROWS);
		spool_count(run->sv, run->sv->registered, 1);
	}
	return st;
}

ms_status
change_need(struct change *c, const struct ms_id *id, struct msg_row *out,
    struct ms_error *err)
{
	ms_status st = rows_get_msg(&c->run->rows, c->txn, id, out, err);

	if (st == MS_NOTFOUND)
		return register_live(c, id, out, err);
	if (st != MS_OK)
		return st;
	if (out->left == 0 && !was_emptied(c, id))
		return MS_NOTFOUND;	/* a tombstone */
	out->own_file = ms_arena_str(c->arena, out->own_file);
	out->record = ms_arena_str(c->arena, out->record);
	return MS_OK;
}

ms_status
change_put_row(struct change *c, const struct ms_id *id,
    const struct msg_row *row, struct ms_error *err)
{
	c->is_dirty = true;
	return rows_put_msg(&c->run->rows, c->txn, id, row, err);
}

ms_status
change_put_part(struct change *c, const struct ms_id *id,
    struct msg_row *row, const struct ms_part *part, struct ms_error *err)
{
	bool existed;
	ms_status st;

	if (part->number >= JOURNAL_MAX_PARTS)
		return ms_error_set(err, MS_INVALID, "", "part number %u",
		    (unsigned)part->number);
	if (part->destination.len > ROW_MAX_DESTINATION ||
	    ms_str_find_octet(part->destination, '\0') != SIZE_MAX)
		return ms_error_set(err, MS_LIMIT, "5.3.0",
		    "a destination of %zu octets, or with a NUL",
		    part->destination.len);
	st = rows_put_part(&c->run->rows, c->txn, id, part, &existed, err);
	if (st != MS_OK)
		return st;
	c->is_dirty = true;
	if (!existed)
		row->left++;
	if (part->expires_us > row->expires_us)
		row->expires_us = part->expires_us;
	return MS_OK;
}

ms_status
change_finish_part(struct change *c, const struct ms_id *id,
    struct msg_row *row, uint32_t number, struct ms_error *err)
{
	struct change_emptied *e;
	ms_status st;

	if (number >= JOURNAL_MAX_PARTS)
		return MS_OK;
	st = rows_del_part(&c->run->rows, c->txn, id, number, err);
	if (st == MS_NOTFOUND)
		return MS_OK;	/* said before: it is done */
	if (st == MS_OK && row->left > 0 && --row->left == 0) {
		e = ms_arena_alloc(c->arena, sizeof(*e));
		*e = (struct change_emptied){ c->lists.emptied, *id };
		c->lists.emptied = e;
	}
	return st;
}

/* While the committed cursor stands before a message, a crash finds its
   record again: then a row must say that it is done. */
static ms_status
needs_tombstone(struct change *c, const struct ms_id *id, bool *out,
    struct ms_error *err)
{
	struct seg_row seg;
	ms_status st = change_get_seg(c, id_generation(id), &seg, err);

	*out = st == MS_OK && seg.kind == SEGMENT_ACCEPT &&
	    seg.state <= SEGMENT_ENDED && seg.cursor <= id_offset(id);
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
finish(struct change *c, const struct ms_id *id, struct ms_error *err)
{
	struct rows *rows = &c->run->rows;
	struct msg_row row;
	bool tombstone;
	ms_status st = rows_get_msg(rows, c->txn, id, &row, err);

	if (st != MS_OK || row.left > 0)
		return st == MS_NOTFOUND ? MS_OK : st;
	change_note_file(c, row.own_file);
	row.own_file = row.record = ms_str_of("", 0);
	st = needs_tombstone(c, id, &tombstone, err);
	if (st == MS_OK && (row.flags & MSG_MADE)) {
		st = rows_del_made(rows, c->txn, id, err);
		if (st == MS_NOTFOUND)	/* its body had a file of its own */
			st = MS_OK;
	}
	if (st == MS_OK && tombstone) {
		change_note_effect(c, id, ENTRY_TOMB);
		st = change_put_row(c, id, &row, err);
	} else if (st == MS_OK) {
		st = rows_del_msg(rows, c->txn, id, err);
	}
	if (st == MS_OK)
		st = change_count(c, id, &row, -1, err);
	return st;
}

ms_status
change_finish_emptied(struct change *c, struct ms_error *err)
{
	struct change_emptied *e = c->lists.emptied;
	ms_status st = MS_OK;

	c->lists.emptied = NULL;
	for (; e != NULL && st == MS_OK; e = e->next)
		st = finish(c, &e->id, err);
	return st;
}

/* ---- commit ------------------------------------------------------------- */

static void
apply_effects(struct run *run, const struct change_effect *e)
{
	/* The latest stands first: an older one of the same message must not
	   undo it, so a state only goes up. */
	for (; e != NULL; e = e->next) {
		struct segment *seg = segments_find(run, id_generation(&e->id));
		struct entry *entry = seg != NULL ?
		    tail_find(&seg->tail, id_offset(&e->id)) : NULL;

		if (entry != NULL && entry->state < e->state)
			tail_set_state(&seg->tail, entry, e->state);
	}
}

/* Rows of the segments as they will be once committed. */
struct seen_row {
	struct seen_row *next;
	uint64_t generation;
	struct seg_row row;
};

static ms_status
look_touched(struct change *c, struct seen_row **out, struct ms_error *err)
{
	struct seen_row *list = NULL;

	for (struct change_touched *t = c->lists.touched; t != NULL; t = t->next) {
		struct seen_row *s = ms_arena_alloc(c->arena, sizeof(*s));
		ms_status st = rows_get_seg(&c->run->rows, c->txn, t->generation,
		    &s->row, err);

		if (st == MS_NOTFOUND)
			continue;
		if (st != MS_OK)
			return st;
		s->generation = t->generation;
		s->next = list;
		list = s;
	}
	*out = list;
	return MS_OK;
}

ms_status
change_commit(struct change *c, struct ms_error *err)
{
	struct run *run = c->run;
	struct seen_row *seen = NULL;
	ms_status st = look_touched(c, &seen, err);

	if (st == MS_OK && c->is_dirty) {
		MS_CRASH("spool.commit");
		st = rows_commit(&run->rows, c->outer, err);
		c->outer = NULL;	/* gone either way */
		MS_CRASH("spool.committed");
	}
	if (st != MS_OK) {
		change_abort(c);
		return st;
	}
	pthread_mutex_lock(&run->lock);
	apply_effects(run, c->lists.effects);
	for (; seen != NULL; seen = seen->next) {
		struct segment *seg = segments_find(run, seen->generation);

		if (seg != NULL) {
			seg->row = seen->row;
			seg->has_row = true;
		}
	}
	pthread_mutex_unlock(&run->lock);
	for (const struct change_file *f = c->lists.files; f != NULL; f = f->next)
		(void)unlinkat(run->folders.own, f->name.data, 0);
	cursor_applied(run, c->cursors);
	change_abort(c);
	return MS_OK;
}
