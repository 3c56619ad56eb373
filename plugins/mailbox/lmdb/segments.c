/* SPDX-License-Identifier: ISC */
/* segments.c - see segments.h: how segments begin and end */
#include "segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>

static ms_status
unlink_segment(struct shard *s, uint32_t number, struct ms_error *err)
{
	char name[FILES_NAME];

	files_name(number, name);
	if (unlinkat(s->seg_fd, name, 0) == -1 && errno != ENOENT)
		return ms_error_errno(err, "remove segment %s", name);
	files_forget(&s->files, number);
	return MS_OK;
}

/* ---- rows, within a transaction ---- */

ms_status
segment_get(struct db_txn *t, uint32_t number, struct segment_row *out)
{
	struct key key = key_number(number);
	struct ms_str raw;
	ms_status st = db_get(t, DB_SEG, key_str(&key), &raw);

	if (st == MS_OK && !segment_decode(raw, out))
		st = db_damaged(t, DB_SEG, "segment");
	return st;
}

ms_status
segment_put(struct db_txn *t, uint32_t number, const struct segment_row *row)
{
	struct key key = key_number(number);
	uint8_t octets[SEGMENT_ROW];

	segment_encode(row, octets);
	return db_put(t, DB_SEG, key_str(&key), ms_str_of((char *)octets, sizeof(octets)));
}

ms_status
segment_set_state(struct db_txn *t, uint32_t number, uint32_t state)
{
	struct segment_row row;
	ms_status st = segment_get(t, number, &row);

	if (st != MS_OK)
		return st;
	row.state = state;
	row.since_us = t->now_us;
	return segment_put(t, number, &row);
}

static ms_status
put_blob(struct db_txn *t, uint64_t blob, const struct blob_row *row)
{
	struct key key = key_u64(blob);
	uint8_t octets[BLOB_ROW];

	blob_encode(row, octets);
	return db_put(t, DB_BLOB, key_str(&key), ms_str_of((char *)octets, sizeof(octets)));
}

static ms_status
get_blob(struct db_txn *t, uint64_t blob, struct blob_row *out)
{
	struct key key = key_u64(blob);
	struct ms_str raw;
	ms_status st = db_get(t, DB_BLOB, key_str(&key), &raw);

	if (st == MS_OK && !blob_decode(raw, out))
		st = db_damaged(t, DB_BLOB, "blob");
	return st;
}

ms_status
blob_add(struct db_txn *t, const struct place *p, uint64_t *blob_out)
{
	uint64_t blob = blob_id(p->segment, p->offset);
	uint64_t octets = record_octets(p->length);
	struct segment_row segment;
	struct blob_row row;
	ms_status st = get_blob(t, blob, &row);

	if (st == MS_OK) {
		if (row.length != p->length || row.references == UINT32_MAX)
			return ms_error_set(t->err, MS_INVALID, "", "the place of a body "
			    "does not agree with what lies there");
		row.references++;
		*blob_out = blob;
		return put_blob(t, blob, &row);
	}
	if (st != MS_NOTFOUND)
		return st;
	st = segment_get(t, p->segment, &segment);
	if (st == MS_NOTFOUND || (st == MS_OK && segment.state != SEGMENT_OPEN &&
	    segment.state != SEGMENT_SEALED))
		return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0",
		    "the body's segment is gone: bring it again");
	if (st != MS_OK)
		return st;
	row = (struct blob_row){ .segment = p->segment, .references = 1, .crc = p->crc,
		.offset = p->offset, .stored = p->length, .length = p->length };
	segment.live += octets;
	if (segment.octets < p->offset + octets)
		segment.octets = p->offset + octets;
	if ((st = put_blob(t, blob, &row)) == MS_OK)
		st = segment_put(t, p->segment, &segment);
	*blob_out = blob;
	return st;
}

ms_status
blob_hold(struct db_txn *t, uint64_t blob)
{
	struct blob_row row;
	ms_status st = get_blob(t, blob, &row);

	if (st == MS_NOTFOUND || (st == MS_OK && row.references == UINT32_MAX))
		return db_damaged(t, DB_BLOB, "references");
	if (st != MS_OK)
		return st;
	row.references++;
	return put_blob(t, blob, &row);
}

ms_status
blob_drop(struct db_txn *t, uint64_t blob)
{
	struct key key = key_u64(blob);
	struct segment_row segment;
	struct blob_row row;
	uint64_t octets;
	ms_status st = get_blob(t, blob, &row);

	if (st == MS_NOTFOUND || (st == MS_OK && row.references == 0))
		return db_damaged(t, DB_BLOB, "references");
	if (st != MS_OK)
		return st;
	if (--row.references > 0)
		return put_blob(t, blob, &row);
	if ((st = db_delete(t, DB_BLOB, key_str(&key))) != MS_OK)
		return st;
	if ((st = segment_get(t, row.segment, &segment)) != MS_OK)
		return st == MS_NOTFOUND ? db_damaged(t, DB_SEG, "segment") : st;
	octets = record_octets(row.stored);
	segment.live -= octets < segment.live ? octets : segment.live;
	return segment_put(t, row.segment, &segment);
}

/* ---- a new one ---- */

static ms_status
allot(struct db_txn *t, void *data)
{
	uint32_t *number = data;
	struct segment_row row = { .state = SEGMENT_OPEN, .since_us = t->now_us,
		.owner = t->shard->store->owner };
	ms_status st = db_meta_next(t, "segment", number);

	return st == MS_OK ? segment_put(t, *number, &row) : st;
}

static ms_status
delete_row(struct db_txn *t, void *data)
{
	struct key key = key_number(*(uint32_t *)data);
	ms_status st = db_delete(t, DB_SEG, key_str(&key));

	return st == MS_NOTFOUND ? MS_OK : st;
}

/* An open descriptor of the new file, which nobody else opens for writing. */
static ms_status
make_file(struct shard *s, uint32_t number, uint64_t octets, int *fd_out,
    struct ms_error *err)
{
	char name[FILES_NAME];
	ms_status st = MS_OK;
	int fd;

	files_name(number, name);
	fd = openat(s->seg_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return ms_error_errno(err, "create segment %s", name);
	MS_CRASH("lmdb.segment.file");
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		st = ms_error_errno(err, "lock segment %s", name);
	/* A segment that lies on the disk already is synced in half the time;
	   file systems that can't do it merely take longer.  A disk without room
	   for a whole one still takes mail: the file grows, what was had of the
	   room is given back. */
	if (st == MS_OK && fallocate(fd, 0, 0, (off_t)octets) == -1 && errno != EOPNOTSUPP &&
	    ((errno != ENOSPC && errno != EDQUOT) || ftruncate(fd, 0) == -1))
		st = ms_error_errno(err, "allocate segment %s", name);
	if (st == MS_OK && fsync(s->seg_fd) == -1)
		st = ms_error_errno(err, "sync the folder of segments");
	MS_CRASH("lmdb.segment.directory");
	if (st == MS_OK)
		*fd_out = fd;
	else
		close(fd);
	return st;
}

ms_status
segments_new(struct shard *s, uint64_t octets, uint32_t *number_out, int *fd_out,
    struct ms_error *err)
{
	uint32_t number = 0;
	ms_status st;

	if ((st = db_change(s, err, allot, &number)) != MS_OK)
		return st;
	MS_CRASH("lmdb.segment.row");
	if ((st = make_file(s, number, octets, fd_out, err)) != MS_OK) {
		if (unlink_segment(s, number, NULL) == MS_OK)
			(void)db_change(s, NULL, delete_row, &number);
		return st;
	}
	*number_out = number;
	return MS_OK;
}

/* ---- its end ---- */

struct seal {
	uint32_t number;
	uint64_t octets;
	bool     is_empty;
};

static ms_status
seal(struct db_txn *t, void *data)
{
	struct seal *seal = data;
	struct segment_row row;
	ms_status st = segment_get(t, seal->number, &row);

	if (st != MS_OK)
		return st == MS_NOTFOUND ? MS_OK : st;
	if (row.octets > seal->octets)
		seal->octets = row.octets;
	seal->is_empty = seal->octets == 0;
	if (seal->is_empty)
		return delete_row(t, &seal->number);
	row.state = SEGMENT_SEALED;
	row.since_us = t->now_us;
	row.octets = seal->octets;
	return segment_put(t, seal->number, &row);
}

ms_status
segments_seal(struct shard *s, uint32_t number, int fd, uint64_t octets,
    struct ms_error *err)
{
	struct seal what = { .number = number, .octets = octets };
	ms_status st = MS_OK;

	if (octets > 0 && ftruncate(fd, (off_t)octets) == -1)
		st = ms_error_errno(err, "cut segment %08x", number);
	MS_CRASH("lmdb.segment.cut");
	if (st == MS_OK)
		st = db_change(s, err, seal, &what);
	MS_CRASH("lmdb.segment.sealed");
	if (st == MS_OK && what.is_empty)
		st = unlink_segment(s, number, err);
	close(fd);
	return st;
}

/* ---- at the start ---- */

struct found {
	uint32_t number;
	struct segment_row row;
};

struct listing {
	struct found *all;	/* ascending; malloc */
	size_t        n, cap;
};

static ms_status
list_segments(struct shard *s, struct listing *l, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t;
	ms_status st = db_begin_read(&t, s, NULL, err);

	if (st != MS_OK)
		return st;
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&t, DB_SEG);
	while ((st = db_next(&c)) == MS_OK) {
		if (l->n == l->cap) {
			size_t cap = l->cap > 0 ? l->cap * 2 : 64;
			struct found *grown = realloc(l->all, cap * sizeof(*grown));

			if (grown == NULL)
				return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
			l->all = grown;
			l->cap = cap;
		}
		l->all[l->n].number = key_u32_at(c.key, 0);
		if (!segment_decode(c.value, &l->all[l->n].row))
			return db_damaged(&t, DB_SEG, "segment");
		l->n++;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
recover_open(struct shard *s, const struct found *f, struct ms_error *err)
{
	uint32_t number = f->number;
	char name[FILES_NAME];
	int fd;

	files_name(number, name);
	fd = openat(s->seg_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT && f->row.octets == 0)
		return db_change(s, err, delete_row, &number);
	if (fd == -1)
		return ms_error_errno(err, "open segment %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		return MS_OK;	/* its writer lives in another process */
	}
	/* What no row refers to was never promised to anybody. */
	return segments_seal(s, number, fd, f->row.octets, err);
}

static ms_status
seal_again(struct db_txn *t, void *data)
{
	return segment_set_state(t, *(uint32_t *)data, SEGMENT_SEALED);
}

static int
compare_found(const void *key, const void *element)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct found *)element)->number;

	return a < b ? -1 : a > b;
}

/* Files that no row knows: made and then rolled back, or left by an unlink
   that did not reach the disk. */
static ms_status
remove_strays(struct shard *s, const struct listing *l, struct ms_error *err)
{
	int fd = openat(s->seg_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	const struct dirent *e;
	ms_status st = MS_OK;

	if (dir == NULL) {
		st = ms_error_errno(err, "read the folder of segments");
		if (fd != -1)
			close(fd);
		return st;
	}
	while (st == MS_OK && (e = readdir(dir)) != NULL) {
		uint32_t number;

		if (files_number(e->d_name, &number) && (l->n == 0 ||
		    bsearch(&number, l->all, l->n, sizeof(*l->all), compare_found) == NULL))
			st = unlink_segment(s, number, err);
	}
	closedir(dir);
	return st;
}

ms_status
segments_recover(struct shard *s, struct ms_error *err)
{
	struct listing l = { NULL, 0, 0 };
	ms_status st = list_segments(s, &l, err);

	for (size_t i = 0; i < l.n && st == MS_OK; i++) {
		if (l.all[i].row.state == SEGMENT_OPEN)
			st = recover_open(s, &l.all[i], err);
		else if (l.all[i].row.state == SEGMENT_MOVING)
			st = db_change(s, err, seal_again, &l.all[i].number);
	}
	if (st == MS_OK)
		st = remove_strays(s, &l, err);
	free(l.all);
	return st;
}

/* ---- now and then ---- */

static ms_status
drop_if_dead(struct db_txn *t, void *data)
{
	uint32_t number = *(uint32_t *)data;
	struct segment_row row;
	ms_status st = segment_get(t, number, &row);

	if (st != MS_OK || row.live > 0)
		return st;
	return segment_set_state(t, number, SEGMENT_DROPPING);
}

static ms_status
finish_drop(struct shard *s, uint32_t number, struct ms_error *err)
{
	ms_status st = unlink_segment(s, number, err);

	if (st == MS_OK && fsync(s->seg_fd) == -1)
		st = ms_error_errno(err, "sync the folder of segments");
	MS_CRASH("lmdb.drop.unlinked");
	if (st == MS_OK)
		st = db_change(s, err, delete_row, &number);
	MS_CRASH("lmdb.drop.done");
	return st;
}

ms_status
segments_sweep(struct shard *s, struct ms_error *err)
{
	struct listing l = { NULL, 0, 0 };
	int64_t before = s->store->clock->now_us(s->store->host) - SEGMENT_GRACE_US;
	ms_status st = list_segments(s, &l, err);

	for (size_t i = 0; i < l.n && st == MS_OK; i++) {
		struct found *f = &l.all[i];

		if (f->row.since_us > before)
			continue;
		/* Of a process that brought bodies and may have died. */
		if (f->row.state == SEGMENT_OPEN && f->row.owner != s->store->owner)
			st = recover_open(s, f, err);
		if (f->row.state == SEGMENT_DROPPING)
			st = finish_drop(s, f->number, err);
		else if (f->row.state == SEGMENT_SEALED && f->row.live == 0)
			st = db_change(s, err, drop_if_dead, &f->number);
	}
	free(l.all);
	return st;
}
