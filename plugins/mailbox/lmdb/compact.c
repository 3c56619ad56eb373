/* SPDX-License-Identifier: ISC */
/* compact.c - see compact.h */
#include "compact.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/pack.h>

#include "segment_walk.h"

#define SLICE		1000	/* places changed in one transaction */
#define AGAIN_US	(INT64_C(24) * 3600 * 1000000)	/* after damage was met */

#define MAX_SOURCES	64	/* of one pass */
#define SMALL_SHARE	8	/* a segment below an eighth of a full one is small, */
#define SMALL_ENOUGH	4	/* and so many small ones are made one */

struct moved {
	uint64_t blob, octets;
	uint32_t source;
	uint64_t from, to;	/* offsets */
};

struct source {
	uint32_t number;
	uint64_t octets;
	int      fd;
};

struct compaction {
	struct shard          *shard;
	const struct ms_scope *scope;
	struct source          sources[MAX_SOURCES];
	size_t                 n_sources;
	struct source         *source;		/* that is being copied or ended */
	uint32_t               target;
	int                    target_fd;
	uint64_t               live;		/* of the sources */
	uint64_t               used;		/* octets of the target */
	struct moved          *moved;
	size_t                 n, cap, next;	/* next: to be committed */
	size_t                 slice_end;
	bool                   is_cancelled;
	uint8_t               *buffer;		/* one record */
	size_t                 buffer_octets;
};

/* ---- choosing ---- */

/* The oldest segments that are less than half alive, as many as fit into one;
   and small ones, which restarts leave behind, if there are some. */
static ms_status
choose(struct compaction *c, struct ms_error *err)
{
	struct shard *s = c->shard;
	int64_t before = s->store->clock->now_us(s->store->host) - SEGMENT_GRACE_US;
	uint64_t full = s->store->segment_octets;
	size_t n_small = 0;
	DB_AUTO_READ struct db_txn t;
	ms_status st = db_begin_read(&t, s, NULL, err);

	if (st != MS_OK)
		return st;
	DB_AUTO_CURSOR struct db_cursor cursor = db_cursor(&t, DB_SEG);
	while (c->n_sources < MAX_SOURCES && (st = db_next(&cursor)) == MS_OK) {
		struct segment_row row;
		bool is_dying, is_small;

		if (!segment_decode(cursor.value, &row))
			return db_damaged(&t, DB_SEG, "segment");
		is_dying = row.live < row.octets / 2;
		is_small = row.octets < full / SMALL_SHARE;
		if (row.state != SEGMENT_SEALED || row.since_us > before || row.live == 0 ||
		    (!is_dying && !is_small) ||
		    (c->n_sources > 0 && c->live + row.live > full))
			continue;
		c->sources[c->n_sources++] = (struct source){ .fd = -1,
			.number = key_u32_at(cursor.key, 0), .octets = row.octets };
		c->live += row.live;
		n_small += !is_dying;
	}
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (c->n_sources == n_small && n_small < SMALL_ENOUGH)
		c->n_sources = 0;
	return MS_OK;
}

static ms_status
set_moving(struct db_txn *t, void *data)
{
	struct compaction *c = data;
	ms_status st = MS_OK;

	for (size_t i = 0; i < c->n_sources && st == MS_OK; i++)
		st = segment_set_state(t, c->sources[i].number, SEGMENT_MOVING);
	return st;
}

/* ---- copying ---- */

/* Does the row of that blob lead here? */
static ms_status
is_living(struct compaction *c, uint64_t blob, uint64_t offset, bool *out,
    struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t;
	struct key key = key_u64(blob);
	struct blob_row row;
	struct ms_str raw;
	ms_status st = db_begin_read(&t, c->shard, NULL, err);

	if (st != MS_OK)
		return st;
	st = db_get(&t, DB_BLOB, key_str(&key), &raw);
	if (st == MS_OK && !blob_decode(raw, &row))
		return db_damaged(&t, DB_BLOB, "blob");
	*out = st == MS_OK && row.segment == c->source->number &&
	    row.offset == offset;
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
write_octets(int fd, const uint8_t *data, size_t octets, uint64_t offset,
    struct ms_error *err)
{
	while (octets > 0) {
		ssize_t n = pwrite(fd, data, octets, (off_t)offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return ms_error_errno(err, "write a segment");
		data += n;
		octets -= (size_t)n;
		offset += (uint64_t)n;
	}
	return MS_OK;
}

static bool
make_room(struct compaction *c, size_t octets)
{
	if (c->buffer_octets < octets) {
		uint8_t *grown = realloc(c->buffer, octets);

		if (grown == NULL)
			return false;
		c->buffer = grown;
		c->buffer_octets = octets;
	}
	if (c->n == c->cap) {
		size_t cap = c->cap > 0 ? c->cap * 2 : 256;
		struct moved *grown = realloc(c->moved, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		c->moved = grown;
		c->cap = cap;
	}
	return true;
}

/* What is damaged is not copied: as long as the source stays, it can be
   looked at, and nothing says of a copy that it is whole. */
static ms_status
copy_record(struct compaction *c, const struct record *r, uint64_t offset,
    struct ms_error *err)
{
	uint64_t octets = record_octets(r->stored);
	ms_status st;

	if (!make_room(c, (size_t)octets))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	st = segment_read(c->source->fd, offset, c->buffer, (size_t)octets, err);
	if (st != MS_OK)
		return st;
	if (ms_crc32c(0, c->buffer + RECORD_HEAD, (size_t)r->stored) != r->crc)
		return ms_error_set(err, MS_INVALID, "",
		    "shard %u: body %016llx in segment %08x is damaged; the segment stays",
		    c->shard->number, (unsigned long long)r->blob,
		    c->source->number);
	record_encode(&c->shard->store->id, r, c->target, c->used, c->buffer);
	if ((st = write_octets(c->target_fd, c->buffer, (size_t)octets, c->used, err)) != MS_OK)
		return st;
	c->moved[c->n++] = (struct moved){ .blob = r->blob, .octets = octets,
		.source = c->source->number, .from = offset, .to = c->used };
	c->used += octets;
	return MS_OK;
}

static ms_status
copy_living(struct compaction *c, struct ms_error *err)
{
	struct source *source = c->source;
	struct shard *s = c->shard;
	struct segment_walk w;
	size_t n = c->n;
	struct record r;
	uint64_t offset;
	ms_status st;

	if ((st = files_open(&s->files, source->number, &source->fd, err)) != MS_OK)
		return st;
	st = segment_walk_begin(&w, &s->store->id, source->fd, source->number, source->octets, err);
	while (st == MS_OK && (st = segment_walk_next(&w, &r, &offset, err)) == MS_OK) {
		bool living;

		st = is_living(c, r.blob, offset, &living, err);
		if (st == MS_OK && living)
			st = copy_record(c, &r, offset, err);
		if (st == MS_OK && s->store->scope->is_cancelled(c->scope) != 0)
			st = MS_CANCELLED;
	}
	segment_walk_end(&w);
	if (st != MS_NOTFOUND)
		c->n = n;	/* nothing of it moves */
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* A source that is damaged or can't be read stays as it is, beside the others. */
static ms_status
copy_all(struct compaction *c, struct ms_error *err)
{
	ms_status st;

	for (size_t i = 0; i < c->n_sources; i++) {
		c->source = &c->sources[i];
		st = copy_living(c, err);
		if (st == MS_CANCELLED)
			return st;
		if (st != MS_OK)
			c->shard->store->log->write(c->scope, MS_LOG_ERROR,
			    err != NULL ? err->text : "a segment can't be copied", NULL, 0);
	}
	MS_CRASH("lmdb.compact.copied");
	return MS_OK;
}

/* ---- committing ---- */

static ms_status
move_one(struct db_txn *t, const struct compaction *c, const struct moved *m,
    struct segment_row *source, struct segment_row *target)
{
	struct key key = key_u64(m->blob);
	uint8_t octets[BLOB_ROW];
	struct blob_row row;
	struct ms_str raw;
	ms_status st = db_get(t, DB_BLOB, key_str(&key), &raw);

	if (st == MS_NOTFOUND)
		return MS_OK;	/* deleted meanwhile */
	if (st != MS_OK)
		return st;
	if (!blob_decode(raw, &row))
		return db_damaged(t, DB_BLOB, "blob");
	if (row.segment != m->source || row.offset != m->from)
		return MS_OK;
	row.segment = c->target;
	row.offset = m->to;
	blob_encode(&row, octets);
	source->live -= m->octets < source->live ? m->octets : source->live;
	target->live += m->octets;
	if (target->octets < m->to + m->octets)
		target->octets = m->to + m->octets;
	return db_put(t, DB_BLOB, key_str(&key), ms_str_of((char *)octets, sizeof(octets)));
}

/* Places of one source at most: the rows of the two segments are written once. */
static ms_status
move_some(struct db_txn *t, void *data)
{
	struct compaction *c = data;
	uint32_t number = c->moved[c->next].source;
	struct segment_row source, target;
	size_t i;
	ms_status st;

	if ((st = segment_get(t, number, &source)) != MS_OK ||
	    (st = segment_get(t, c->target, &target)) != MS_OK)
		return st;
	for (i = c->next; i < c->n && i < c->next + SLICE && c->moved[i].source == number; i++)
		if ((st = move_one(t, c, &c->moved[i], &source, &target)) != MS_OK)
			return st;
	c->slice_end = i;
	if ((st = segment_put(t, number, &source)) != MS_OK)
		return st;
	return segment_put(t, c->target, &target);
}

static ms_status
commit_places(struct compaction *c, struct ms_error *err)
{
	ms_status st = MS_OK;

	while (c->next < c->n && st == MS_OK) {
		st = db_change(c->shard, err, move_some, c);
		c->next = c->slice_end;
		MS_CRASH("lmdb.compact.moved");
	}
	return st;
}

/* With octets left that were not copied, a source is put aside for a day: that
   is damage, which people have to look at. */
static ms_status
end_sources(struct db_txn *t, void *data)
{
	struct compaction *c = data;

	for (size_t i = 0; i < c->n_sources; i++) {
		uint32_t number = c->sources[i].number;
		struct segment_row row;
		ms_status st = segment_get(t, number, &row);

		if (st != MS_OK)
			return st;
		row.state = row.live == 0 ? SEGMENT_DROPPING : SEGMENT_SEALED;
		row.since_us = row.live == 0 || c->is_cancelled ? t->now_us : t->now_us + AGAIN_US;
		if ((st = segment_put(t, number, &row)) != MS_OK)
			return st;
	}
	return MS_OK;
}

static ms_status
copy_and_move(struct compaction *c, struct ms_error *err)
{
	ms_status st = copy_all(c, err);

#ifndef MANSIO_SABOTAGE_NO_SYNC
	if (st == MS_OK && fdatasync(c->target_fd) == -1)
		st = ms_error_errno(err, "sync a segment");
#endif
	MS_CRASH("lmdb.compact.synced");
	return st == MS_OK ? commit_places(c, err) : st;
}

static ms_status
run(struct compaction *c, struct ms_error *err)
{
	struct shard *s = c->shard;
	ms_status st, ended;

	if ((st = db_change(s, err, set_moving, c)) != MS_OK)
		return st;
	MS_CRASH("lmdb.compact.moving");
	st = segments_new(s, c->live, &c->target, &c->target_fd, err);
	MS_CRASH("lmdb.compact.target");
	if (st == MS_OK) {
		st = copy_and_move(c, err);
		ended = segments_seal(s, c->target, c->target_fd, c->next > 0 ? c->used : 0,
		    st == MS_OK ? err : NULL);
		c->is_cancelled = st == MS_CANCELLED;
		st = st == MS_OK ? ended : st;
	}
	MS_CRASH("lmdb.compact.sealed");
	ended = db_change(s, st == MS_OK ? err : NULL, end_sources, c);
	MS_CRASH("lmdb.compact.dropping");
	return st == MS_OK ? ended : st;
}

ms_status
compact_some(struct shard *s, const struct ms_scope *scope, uint64_t *octets_out,
    struct ms_error *err)
{
	struct compaction c = { .shard = s, .scope = scope, .target_fd = -1 };
	ms_status st = choose(&c, err);

	if (st == MS_OK && c.n_sources > 0)
		st = run(&c, err);
	*octets_out = c.used;
	for (size_t i = 0; i < c.n_sources; i++)
		if (c.sources[i].fd != -1)
			close(c.sources[i].fd);
	free(c.moved);
	free(c.buffer);
	return st;
}
