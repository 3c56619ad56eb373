/* SPDX-License-Identifier: ISC */
/* compact.c - see compact.h */
#include "compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/pack.h>

#include "segment_walk.h"

#define SLICE		1000	/* places changed in one transaction */
#define AGAIN_US	(INT64_C(24) * 3600 * 1000000)	/* after damage was met */

struct moved {
	uint64_t blob, octets;
	uint64_t from, to;	/* offsets */
};

struct compaction {
	struct shard          *shard;
	const struct ms_scope *scope;
	uint32_t               source, target;
	uint64_t               source_octets;
	int                    source_fd, target_fd;
	uint64_t               used;		/* octets of the target */
	struct moved          *moved;
	size_t                 n, cap, next;	/* next: to be committed */
	uint8_t               *buffer;		/* one record */
	size_t                 buffer_octets;
};

/* ---- choosing ---- */

static ms_status
choose(struct compaction *c, uint64_t *live_out, struct ms_error *err)
{
	struct shard *s = c->shard;
	int64_t before = s->store->clock->now_us(s->store->host) - SEGMENT_GRACE_US;
	DB_AUTO_READ struct db_txn t;
	ms_status st = db_begin_read(&t, s, NULL, err);

	if (st != MS_OK)
		return st;
	DB_AUTO_CURSOR struct db_cursor cursor = db_cursor(&t, DB_SEG);
	while ((st = db_next(&cursor)) == MS_OK) {
		struct segment_row row;

		if (!segment_decode(cursor.value, &row))
			return db_damaged(&t, DB_SEG, "segment");
		if (row.state == SEGMENT_SEALED && row.since_us <= before && row.live > 0 &&
		    row.live < row.octets / 2) {
			c->source = key_u32_at(cursor.key, 0);
			c->source_octets = row.octets;
			*live_out = row.live;
			return MS_OK;
		}
	}
	return st;
}

static ms_status
set_moving(struct db_txn *t, void *data)
{
	struct compaction *c = data;

	return segment_set_state(t, c->source, SEGMENT_MOVING);
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
	*out = st == MS_OK && row.segment == c->source && row.offset == offset;
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
	st = segment_read(c->source_fd, offset, c->buffer, (size_t)octets, err);
	if (st != MS_OK)
		return st;
	if (ms_crc32c(0, c->buffer + RECORD_HEAD, (size_t)r->stored) != r->crc)
		return ms_error_set(err, MS_INVALID, "",
		    "shard %u: body %016llx in segment %08x is damaged; the segment stays",
		    c->shard->number, (unsigned long long)r->blob, c->source);
	record_encode(&c->shard->store->id, r, c->target, c->used, c->buffer);
	if ((st = write_octets(c->target_fd, c->buffer, (size_t)octets, c->used, err)) != MS_OK)
		return st;
	c->moved[c->n++] = (struct moved){ .blob = r->blob, .octets = octets, .from = offset,
		.to = c->used };
	c->used += octets;
	return MS_OK;
}

static ms_status
copy_living(struct compaction *c, struct ms_error *err)
{
	struct segment_walk w;
	struct record r;
	uint64_t offset;
	ms_status st = segment_walk_begin(&w, &c->shard->store->id, c->source_fd, c->source,
	    c->source_octets, err);

	while (st == MS_OK && (st = segment_walk_next(&w, &r, &offset, err)) == MS_OK) {
		bool living;

		st = is_living(c, r.blob, offset, &living, err);
		if (st == MS_OK && living)
			st = copy_record(c, &r, offset, err);
		if (st == MS_OK && c->shard->store->scope != NULL &&
		    c->shard->store->scope->is_cancelled(c->scope))
			st = MS_CANCELLED;
	}
	segment_walk_end(&w);
	MS_CRASH("lmdb.compact.copied");
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* ---- committing ---- */

static ms_status
move_some(struct db_txn *t, void *data)
{
	struct compaction *c = data;
	struct segment_row source, target;
	ms_status st;

	if ((st = segment_get(t, c->source, &source)) != MS_OK ||
	    (st = segment_get(t, c->target, &target)) != MS_OK)
		return st;
	for (size_t i = c->next; i < c->n && i < c->next + SLICE; i++) {
		const struct moved *m = &c->moved[i];
		struct key key = key_u64(m->blob);
		uint8_t octets[BLOB_ROW];
		struct blob_row row;
		struct ms_str raw;

		st = db_get(t, DB_BLOB, key_str(&key), &raw);
		if (st == MS_NOTFOUND)
			continue;	/* deleted meanwhile */
		if (st != MS_OK)
			return st;
		if (!blob_decode(raw, &row))
			return db_damaged(t, DB_BLOB, "blob");
		if (row.segment != c->source || row.offset != m->from)
			continue;
		row.segment = c->target;
		row.offset = m->to;
		blob_encode(&row, octets);
		st = db_put(t, DB_BLOB, key_str(&key), ms_str_of((char *)octets, sizeof(octets)));
		if (st != MS_OK)
			return st;
		source.live -= m->octets < source.live ? m->octets : source.live;
		target.live += m->octets;
		if (target.octets < m->to + m->octets)
			target.octets = m->to + m->octets;
	}
	if ((st = segment_put(t, c->source, &source)) != MS_OK)
		return st;
	return segment_put(t, c->target, &target);
}

static ms_status
commit_places(struct compaction *c, struct ms_error *err)
{
	ms_status st = MS_OK;

	for (c->next = 0; c->next < c->n && st == MS_OK; c->next += SLICE) {
		st = db_change(c->shard, err, move_some, c);
		MS_CRASH("lmdb.compact.moved");
	}
	return st;
}

/* With octets left that the walk did not find, the source is put aside for a
   day: that is damage, which people have to look at. */
static ms_status
end_source(struct db_txn *t, void *data)
{
	struct compaction *c = data;
	struct segment_row row;
	ms_status st = segment_get(t, c->source, &row);

	if (st != MS_OK)
		return st;
	row.state = row.live == 0 ? SEGMENT_DROPPING : SEGMENT_SEALED;
	row.since_us = row.live == 0 ? t->now_us : t->now_us + AGAIN_US;
	return segment_put(t, c->source, &row);
}

static ms_status
copy_and_move(struct compaction *c, struct ms_error *err)
{
	ms_status st = copy_living(c, err);

#ifndef MANSIO_SABOTAGE_NO_SYNC
	if (st == MS_OK && fdatasync(c->target_fd) == -1)
		st = ms_error_errno(err, "sync a segment");
#endif
	MS_CRASH("lmdb.compact.synced");
	return st == MS_OK ? commit_places(c, err) : st;
}

static ms_status
run(struct compaction *c, uint64_t live, struct ms_error *err)
{
	struct shard *s = c->shard;
	char name[FILES_NAME];
	ms_status st, ended;

	files_name(c->source, name);
	c->source_fd = openat(s->seg_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (c->source_fd == -1)
		return ms_error_errno(err, "open segment %s", name);
	if ((st = db_change(s, err, set_moving, c)) != MS_OK)
		return st;
	MS_CRASH("lmdb.compact.moving");
	st = segments_new(s, live, &c->target, &c->target_fd, err);
	MS_CRASH("lmdb.compact.target");
	if (st == MS_OK) {
		st = copy_and_move(c, err);
		ended = segments_seal(s, c->target, c->target_fd, c->next > 0 ? c->used : 0,
		    st == MS_OK ? err : NULL);
		st = st == MS_OK ? ended : st;
	}
	MS_CRASH("lmdb.compact.sealed");
	ended = db_change(s, st == MS_OK ? err : NULL, end_source, c);
	MS_CRASH("lmdb.compact.dropping");
	return st == MS_OK ? ended : st;
}

ms_status
compact_one(struct shard *s, const struct ms_scope *scope, uint64_t *octets_out,
    struct ms_error *err)
{
	struct compaction c = { .shard = s, .scope = scope, .source_fd = -1, .target_fd = -1 };
	uint64_t live = 0;
	ms_status st = choose(&c, &live, err);

	*octets_out = 0;
	if (st == MS_NOTFOUND)
		return MS_OK;
	if (st == MS_OK)
		st = run(&c, live, err);
	if (st != MS_OK) {
		const struct ms_log *log = s->store->log;

		log->write(scope, st == MS_INVALID ? MS_LOG_ERROR : MS_LOG_WARNING,
		    err != NULL ? err->text : "compaction failed", NULL, 0);
	}
	*octets_out = c.used;
	if (c.source_fd != -1)
		close(c.source_fd);
	free(c.moved);
	free(c.buffer);
	return st;
}
