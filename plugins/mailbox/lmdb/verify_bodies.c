/* SPDX-License-Identifier: ISC */
/* verify_bodies.c - see verify.h: blobs, segments, files */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/pack.h>

#include "segment_walk.h"
#include "segments.h"
#include "verify.h"

#define PIECE		((size_t)256 * 1024)
#define DEEP_SLICE	1000	/* bodies looked up in one transaction */

/* Does the row say something else by now?  Compaction and expunges go on while
   a snapshot is looked at, and take files away. */
static bool
has_changed(struct verify *v, uint64_t blob, const struct blob_row *row)
{
	struct key key = key_u64(blob);
	MDB_val k = { .mv_size = key.len, .mv_data = key.octets }, found;
	struct blob_row now;
	MDB_txn *txn;
	bool changed;

	if (v->repair || mdb_txn_begin(v->shard->env, NULL, MDB_RDONLY, &txn) != 0)
		return false;
	changed = mdb_get(txn, v->shard->dbi[DB_BLOB], &k, &found) != 0 ||
	    !blob_decode(ms_str_of(found.mv_data, found.mv_size), &now) ||
	    now.segment != row->segment || now.offset != row->offset;
	mdb_txn_abort(txn);
	return changed;
}

static void
report_body(struct verify *v, const char *what, uint64_t blob, const struct blob_row *row)
{
	if (!has_changed(v, blob, row))
		verify_report(v, what, NULL, 0, blob);
}

/* The head in the file must name what the row says. */
static void
check_record(struct verify *v, uint64_t blob, const struct blob_row *row)
{
	uint8_t head[RECORD_HEAD];
	struct shard *s = v->shard;
	struct record r;
	ms_status st;
	int fd;

	if (files_take(&s->files, row->segment, &fd, NULL) != MS_OK) {
		report_body(v, "a body whose file is missing", blob, row);
		return;
	}
	st = segment_read(fd, row->offset, head, sizeof(head), NULL);
	if (st != MS_OK || !record_decode(&s->store->id, head, row->segment, row->offset, &r))
		report_body(v, "a body without a head", blob, row);
	else if (r.blob != blob || r.stored != row->stored || r.length != row->length ||
	    r.crc != row->crc)
		report_body(v, "a body whose head differs", blob, row);
	files_give(&s->files, row->segment, fd);
}

static ms_status
check_blob(struct verify *v, uint64_t blob, struct blob_row *row)
{
	uint64_t octets = record_octets(row->stored), wanted = tally_get(&v->references, blob);
	struct key key = key_u64(blob);
	uint8_t fixed[BLOB_ROW];
	struct segment_row segment;
	ms_status st;

	v->blobs++;
	if (wanted == 0) {
		verify_report(v, "a body that nothing refers to", NULL, 0, blob);
	} else if (verify_counter(v, "references", NULL, blob, row->references, wanted)) {
		row->references = (uint32_t)wanted;
		blob_encode(row, fixed);
		verify_fix(v, DB_BLOB, key_str(&key), ms_str_of((char *)fixed, sizeof(fixed)));
	}
	tally_add(&v->live, row->segment, octets);
	st = segment_get(&v->t, row->segment, &segment);
	if (st == MS_NOTFOUND || (st == MS_OK && segment.state == SEGMENT_DROPPING)) {
		verify_report(v, "a body in a segment that is gone", NULL, 0, blob);
		return MS_OK;
	}
	if (st != MS_OK)
		return st;
	if (row->offset + octets > segment.octets) {
		verify_report(v, "a body beyond its segment's end", NULL, 0, blob);
		return MS_OK;
	}
	check_record(v, blob, row);
	return MS_OK;
}

ms_status
verify_blobs(struct verify *v)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_BLOB);
	uint64_t found = 0;
	ms_status st;

	while ((st = db_next(&c)) == MS_OK) {
		uint64_t blob = key_u64_at(c.key, 0);
		struct blob_row row;

		found += tally_get(&v->references, blob) > 0;
		if (!blob_decode(c.value, &row))
			verify_report(v, "a damaged row of a body", NULL, 0, blob);
		else if ((st = check_blob(v, blob, &row)) != MS_OK)
			break;
		if (v->shard->store->scope != NULL &&
		    v->shard->store->scope->is_cancelled(v->scope)) {
			st = MS_CANCELLED;
			break;
		}
	}
	if (st == MS_NOTFOUND && found != v->references.n)
		verify_report(v, "messages whose body has no row", NULL, 0,
		    v->references.n - found);
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* ---- the octets, outside of any transaction ---- */

struct body {
	uint64_t        blob;
	struct blob_row row;
};

static ms_status
list_bodies(struct verify *v, uint64_t from, struct body *bodies, size_t *n_out)
{
	struct ms_arena *arena = v->t.arena;
	struct key key = key_u64(from);
	size_t n = 0;
	ms_status st = db_begin_read(&v->t, v->shard, arena, v->t.err);

	if (st != MS_OK)
		return st;
	{
		DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_BLOB);

		for (st = db_seek(&c, key_str(&key)); st == MS_OK && n < DEEP_SLICE;
		    st = db_next(&c)) {
			bodies[n].blob = key_u64_at(c.key, 0);
			n += blob_decode(c.value, &bodies[n].row);
		}
	}
	db_end_read(&v->t);
	*n_out = n;
	return st == MS_NOTFOUND ? MS_OK : st;
}

static void
check_octets(struct verify *v, const struct body *b, uint8_t *piece)
{
	const struct blob_row *row = &b->row;
	struct shard *s = v->shard;
	ms_status st = MS_OK;
	uint32_t crc = 0;
	int fd;

	if (files_take(&s->files, row->segment, &fd, NULL) != MS_OK) {
		report_body(v, "a body whose file is missing", b->blob, row);
		return;
	}
	for (uint64_t at = 0; at < row->stored && st == MS_OK; at += PIECE) {
		uint64_t left = row->stored - at;
		size_t n = left < PIECE ? (size_t)left : PIECE;

		st = segment_read(fd, row->offset + RECORD_HEAD + at, piece, n, NULL);
		if (st == MS_OK)
			crc = ms_crc32c(crc, piece, n);
	}
	files_give(&s->files, row->segment, fd);
	if (st != MS_OK || crc != row->crc)
		report_body(v, "a body whose octets are damaged", b->blob, row);
}

ms_status
verify_octets(struct verify *v)
{
	const struct ms_scope_api *scope = v->shard->store->scope;
	struct body *bodies = malloc(DEEP_SLICE * sizeof(*bodies));
	uint8_t *piece = malloc(PIECE);
	uint64_t from = 0;
	size_t n = 0;
	ms_status st = bodies != NULL && piece != NULL ? MS_OK :
	    ms_error_set(v->t.err, MS_TEMPFAIL, "4.3.0", "no memory");

	v->repair = false;	/* nothing is held: rows may change */
	while (st == MS_OK && (st = list_bodies(v, from, bodies, &n)) == MS_OK && n > 0) {
		for (size_t i = 0; i < n && st == MS_OK; i++) {
			check_octets(v, &bodies[i], piece);
			if (scope != NULL && scope->is_cancelled(v->scope) != 0)
				st = MS_CANCELLED;
		}
		from = bodies[n - 1].blob + 1;
	}
	free(bodies);
	free(piece);
	return st;
}

/* ---- segments ---- */

static void
check_file(struct verify *v, uint32_t number, const struct segment_row *row)
{
	char name[FILES_NAME];
	struct stat info;

	files_name(number, name);
	if (fstatat(v->shard->seg_fd, name, &info, AT_SYMLINK_NOFOLLOW) == -1) {
		/* An open one without octets may be between its row and its file; a
		   dropped one between its file and its row. */
		if (row->state != SEGMENT_DROPPING &&
		    (row->state != SEGMENT_OPEN || row->octets > 0))
			verify_report(v, "a segment whose file is missing", NULL, 0, number);
	} else if ((uint64_t)info.st_size < row->octets && row->state != SEGMENT_DROPPING) {
		verify_report(v, "a segment whose file is too short", NULL, 0, number);
	}
}

/* A file that was made or removed since the snapshot is no stray. */
static bool
has_row(struct verify *v, uint32_t number)
{
	struct key key = key_number(number);
	struct ms_str raw;
	bool found = db_get(&v->t, DB_SEG, key_str(&key), &raw) != MS_NOTFOUND;
	uint64_t last = 0;

	if (found || v->repair)
		return found;
	/* Numbers ascend: one that was given later was made since. */
	if (db_meta_get(&v->t, "segment", &last) == MS_OK && number > last)
		return true;
	return false;
}

static ms_status
check_strays(struct verify *v)
{
	int fd = openat(v->shard->seg_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (dir == NULL) {
		ms_status st = ms_error_errno(v->t.err, "read the folder of segments");

		if (fd != -1)
			close(fd);
		return st;
	}
	while ((e = readdir(dir)) != NULL) {
		uint32_t number;

		if (files_number(e->d_name, &number) && !has_row(v, number))
			verify_report(v, "a file without a segment", NULL, 0, number);
	}
	closedir(dir);
	return MS_OK;
}

ms_status
verify_segments(struct verify *v)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_SEG);
	ms_status st;

	while ((st = db_next(&c)) == MS_OK) {
		uint32_t number = key_u32_at(c.key, 0);
		uint8_t fixed[SEGMENT_ROW];
		struct segment_row row;
		uint64_t live = tally_get(&v->live, number);

		v->segments++;
		if (!segment_decode(c.value, &row)) {
			verify_report(v, "a damaged row of a segment", NULL, 0, number);
			continue;
		}
		if (verify_counter(v, "living octets", NULL, number, row.live, live)) {
			row.live = live;
			segment_encode(&row, fixed);
			verify_fix(v, DB_SEG, c.key, ms_str_of((char *)fixed, sizeof(fixed)));
		}
		check_file(v, number, &row);
	}
	return st == MS_NOTFOUND ? check_strays(v) : st;
}
