/* SPDX-License-Identifier: ISC */
/* recover.c - see recover.h */
#include "recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "own.h"
#include "scan.h"
#include "segments.h"

struct names {			/* of bodies that something refers to */
	char (*items)[LINK_OWN_NAME];
	size_t n, capacity;
};

static void
add_name(struct names *names, struct ms_str name)
{
	if (!own_is_name(name))
		return;
	if (names->n == names->capacity) {
		names->capacity = names->capacity > 0 ? names->capacity * 2 : 64;
		names->items = realloc(names->items,
		    names->capacity * sizeof(names->items[0]));
		if (names->items == NULL)
			abort();
	}
	memcpy(names->items[names->n], name.data, name.len);
	names->items[names->n++][name.len] = '\0';
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static DIR *
open_listing(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;

	if (dir == NULL && fd != -1)
		close(fd);
	return dir;
}

/* ---- rows --------------------------------------------------------------- */

static struct segment *
new_segment(uint64_t generation)
{
	struct segment *seg = calloc(1, sizeof(*seg));

	if (seg == NULL)
		abort();
	seg->generation = generation;
	seg->fd = -1;
	seg->row.kind = SEGMENT_ACCEPT;
	seg->row.state = seg->state = SEGMENT_OPEN;
	seg->row.cursor = seg->mark = JOURNAL_HEAD_OCTETS;
	return seg;
}

/* A dropped one whose file was not yet put away. */
static void
put_away(struct run *run, uint64_t generation)
{
	char name[IO_NAME_OCTETS];

	io_name(generation, name);
	(void)unlinkat(run->folders.accept, name, 0);
}

static ms_status
read_segments(struct run *run, MDB_txn *txn, struct ms_error *err)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, run->rows.seg, &cursor);

	if (rc != 0)
		return rows_error(&run->rows, rc, "cursor", err);
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		struct ms_unpack u = ms_unpack_of(ms_str_of(key.mv_data, key.mv_size));
		uint64_t generation = ms_unpack_u64(&u);
		struct seg_row row;
		struct segment *seg;

		if (!ms_unpack_done(&u) || !seg_row_decode(ms_str_of(value.mv_data,
		    value.mv_size), &row)) {
			mdb_cursor_close(cursor);
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "queue: damaged row in seg");
		}
		if (generation > run->highest)
			run->highest = generation;
		if (row.state == SEGMENT_DROPPED) {
			put_away(run, generation);
			continue;
		}
		seg = new_segment(generation);
		seg->row = row;
		memcpy(seg->key, row.key, sizeof(seg->key));
		seg->has_row = true;
		seg->state = row.state;
		seg->end = row.end;
		seg->ended_us = row.ended_us;
		segments_add(run, seg);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? MS_OK :
	    rows_error(&run->rows, rc, "walk seg", err);
}

static ms_status
read_own_names(struct run *run, MDB_txn *txn, struct names *names,
    struct ms_error *err)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, run->rows.msg, &cursor);

	if (rc != 0)
		return rows_error(&run->rows, rc, "cursor", err);
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		struct msg_row row;

		if (msg_row_decode(ms_str_of(value.mv_data, value.mv_size), &row))
			add_name(names, row.own_file);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? MS_OK :
	    rows_error(&run->rows, rc, "walk msg", err);
}

/* ---- files -------------------------------------------------------------- */

static ms_status
find_files(struct run *run, uint32_t kind, struct ms_error *err)
{
	int folder = segments_folder(run, kind);
	DIR *dir = open_listing(folder);
	struct dirent *e;

	if (dir == NULL)
		return ms_error_errno(err, "read a folder of segments");
	while ((e = readdir(dir)) != NULL) {
		struct segment *seg;
		uint64_t generation;

		if (!io_parse_name(e->d_name, &generation))
			continue;
		if (generation > run->highest)
			run->highest = generation;
		if (segments_find(run, generation) != NULL)
			continue;
		if (kind == SEGMENT_DEFERRED) {
			/* A copy that was never committed. */
			(void)unlinkat(folder, e->d_name, 0);
			continue;
		}
		seg = new_segment(generation);
		segments_add(run, seg);
	}
	closedir(dir);
	return MS_OK;
}

/* ---- records ------------------------------------------------------------ */

static ms_status
look_through(struct run *run, MDB_txn *txn, struct segment *seg,
    struct scan *scan, struct names *names, struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	int64_t latest = 0;
	struct scanned found;
	ms_status st;

	while ((st = scan_next(scan, &found, err)) == MS_OK) {
		struct ms_id id = id_of(seg->generation, found.offset);
		uint32_t state = ENTRY_LIVE;
		struct envelope envelope;
		struct msg_row row;
		struct note note;

		ms_arena_reset(arena);
		if (!envelope_decode(found.envelope, arena, &envelope)) {
			scan->damaged++;
			continue;
		}
		note_init(&note, found.offset, found.octets, &envelope);
		note.next_us = latest > note.next_us ? latest : note.next_us;
		latest = note.next_us;
		st = rows_get_msg(&run->rows, txn, &id, &row, err);
		if (st == MS_OK)
			state = row.left > 0 ? ENTRY_ROWS : ENTRY_TOMB;
		else if (st != MS_NOTFOUND)
			break;
		tail_push(&seg->tail, &note, state);
		if (state != ENTRY_LIVE)
			continue;
		add_name(names, envelope.own_file);
		if (note.flags & NOTE_LATER)
			run_want_rows(run, &id);
	}
	ms_arena_free(arena);
	return st == MS_NOTFOUND ? MS_OK : st;
}

static void
report(struct run *run, const struct segment *seg, const char *text,
    const struct ms_error *why)
{
	struct ms_error err = MS_ERROR_INIT;

	ms_error_set(&err, MS_TEMPFAIL, "", "segment %016llx%s%s",
	    (unsigned long long)seg->generation, why != NULL ? ": " : "",
	    why != NULL ? why->text : "");
	spool_log(run->sv, MS_LOG_ERROR, text, &err);
	spool_count(run->sv, run->sv->damaged, 1);
}

static void
scan_segment(struct run *run, MDB_txn *txn, struct segment *seg,
    struct names *names)
{
	bool ended = seg->state == SEGMENT_ENDED;
	struct ms_error err = MS_ERROR_INIT;
	struct scan scan;
	ms_status st;

	/* Bodies of an ended one were looked at, or synced, before it ended. */
	scan_init(&scan, seg->fd, seg->generation, seg->key, seg->row.cursor,
	    ended ? seg->end : seg->mark, ended, !ended);
	st = look_through(run, txn, seg, &scan, names, &err);
	if (scan.damaged > 0)
		report(run, seg, "the spool has damaged records", NULL);
	if (st != MS_OK) {
		report(run, seg, "a segment of the spool can't be read; "
		    "it is left as it is", &err);
		seg->is_unread = true;
	} else if (!ended) {
		seg->state = SEGMENT_ENDED;
		seg->end = scan.at;
		seg->ended_us = run->sv->clock->now_us(run->sv->host);
	}
	seg->mark = seg->end;
	scan_fini(&scan);
}

static void
open_segment(struct run *run, MDB_txn *txn, struct segment *seg,
    struct names *names)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	if (seg->row.kind == SEGMENT_MADE || seg->state == SEGMENT_MOVED) {
		/* Ids alone; a moved one's file may not have been put away. */
		if (seg->state == SEGMENT_MOVED)
			put_away(run, seg->generation);
		else
			seg->state = SEGMENT_ENDED;
		return;
	}
	st = segments_open_file(run, seg, seg->has_row, &err);
	if (seg->row.kind == SEGMENT_DEFERRED) {
		seg->state = SEGMENT_ENDED;
		if (st != MS_OK)
			report(run, seg, "a segment of deferred mail is missing", &err);
		return;
	}
	if (st == MS_OK) {
		scan_segment(run, txn, seg, names);
		return;
	}
	if (st != MS_NOTFOUND) {
		report(run, seg, "a segment of the spool can't be opened", &err);
		seg->is_unread = true;
		return;
	}
	/* Without a row it is a file that was taken, and never written to.
	   With one it is damage: what rows still say of it stays. */
	if (seg->has_row)
		report(run, seg, "a segment of the spool is missing", &err);
	seg->state = SEGMENT_ENDED;
	seg->end = seg->mark = seg->row.cursor;
}

static void
sweep_own(struct run *run, struct names *names)
{
	DIR *dir = open_listing(run->folders.own);
	struct dirent *e;

	if (dir == NULL)
		return;
	if (names->n > 0)
		qsort(names->items, names->n, sizeof(names->items[0]), by_name);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= LINK_OWN_NAME)
			continue;
		if (names->n == 0 || bsearch(e->d_name, names->items, names->n,
		    sizeof(names->items[0]), by_name) == NULL)
			(void)unlinkat(run->folders.own, e->d_name, 0);
	}
	closedir(dir);
}

ms_status
recover(struct run *run, struct ms_error *err)
{
	struct names names = { NULL, 0, 0 };
	bool whole = true;
	uint64_t highest;
	MDB_txn *txn;
	ms_status st = rows_begin_read(&run->rows, &txn, err);

	if (st != MS_OK)
		return st;
	st = rows_get_number(&run->rows, txn, "highest", &highest, err);
	if (st == MS_OK && highest > run->highest)
		run->highest = highest;
	if (st == MS_OK)
		st = read_segments(run, txn, err);
	if (st == MS_OK)
		st = find_files(run, SEGMENT_ACCEPT, err);
	if (st == MS_OK)
		st = find_files(run, SEGMENT_DEFERRED, err);
	for (size_t i = 0; i < run->n && st == MS_OK; i++) {
		open_segment(run, txn, run->segments[i], &names);
		whole = whole && !run->segments[i]->is_unread;
	}
	if (st == MS_OK)
		st = read_own_names(run, txn, &names, err);
	rows_end_read(&run->rows, txn);
	/* What could not be read may name bodies. */
	if (st == MS_OK && whole)
		sweep_own(run, &names);
	free(names.items);
	return st == MS_OK ? segments_find_free(run, err) : st;
}
