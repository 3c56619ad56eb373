/* SPDX-License-Identifier: ISC */
/* run.c - see run.h */
#include "run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "cursor.h"
#include "recover.h"
#include "segments.h"
#include "survivors.h"

#define MAX_REPUBLISHED	10000
#define ROW_LASTS_US	(INT64_C(24) * 3600 * 1000000)
#define MAX_PURGED	1000

ms_status
run_open(const struct services *sv, const struct limits *limits,
    const char *directory, struct run **run_out, struct ms_error *err)
{
	struct run *run = calloc(1, sizeof(*run));
	ms_status st;

	if (run == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	run->sv = sv;
	run->limits = limits;
	pthread_mutex_init(&run->writer, NULL);
	pthread_mutex_init(&run->lock, NULL);
	st = folders_open(&run->folders, directory, err);
	if (st == MS_OK)
		st = rows_open(&run->rows, run->folders.queue, limits->map, err);
	if (st == MS_OK)
		st = recover(run, err);
	if (st == MS_OK)
		run->survivors = survivors_new(run);
	if (st != MS_OK) {
		run_close(run);
		return st;
	}
	/* Where it can't be written now (a full disk), mail that is there can
	   still be delivered, which makes room. */
	run_arm_flush(run);
	*run_out = run;
	return MS_OK;
}

static void
end_all(struct run *run)
{
	int64_t now = run->sv->clock->now_us(run->sv->host);

	for (size_t i = 0; i < run->n; i++) {
		struct segment *seg = run->segments[i];

		if (seg->state != SEGMENT_OPEN || seg->is_unread)
			continue;
		seg->state = SEGMENT_ENDED;
		seg->end = seg->mark;
		seg->ended_us = now;
	}
}

void
run_close(struct run *run)
{
	struct ms_error err = MS_ERROR_INIT;

	if (run == NULL)
		return;
	run->flush_armed = true;	/* no timer outlives us */
	survivors_free(run->survivors);
	if (run->rows.path != NULL && run->rows.env != NULL) {
		end_all(run);
		if (cursor_flush_all(run, &err) != MS_OK)
			spool_log(run->sv, MS_LOG_WARNING,
			    "the cursors of the spool could not be kept", &err);
	}
	rows_close(&run->rows);
	for (size_t i = 0; i < run->n; i++)
		segments_free(run->segments[i]);
	free(run->segments);
	free(run->wanted);
	folders_close(&run->folders);
	pthread_mutex_destroy(&run->lock);
	pthread_mutex_destroy(&run->writer);
	free(run);
}

void
run_arm_flush(struct run *run)
{
	run_arm_flush_in(run, run->limits->cursor_delay);
}

void
run_arm_flush_in(struct run *run, int64_t after_us)
{
	bool arm;

	pthread_mutex_lock(&run->lock);
	arm = !run->flush_armed;
	run->flush_armed = true;
	pthread_mutex_unlock(&run->lock);
	if (arm)
		run->sv->timer->run_at(run->sv->host, TASK_FLUSH, after_us, 0,
		    ms_str_of("", 0));
}

void
run_want_rows(struct run *run, const struct ms_id *id)
{
	if (run->n_wanted == run->wanted_capacity) {
		size_t capacity = run->wanted_capacity > 0 ? run->wanted_capacity * 2 : 64;
		struct ms_id *p = realloc(run->wanted, capacity * sizeof(*p));

		if (p == NULL)
			abort();
		run->wanted = p;
		run->wanted_capacity = capacity;
	}
	run->wanted[run->n_wanted++] = *id;
}

/* ---- rows of dropped generations ---------------------------------------- */

static bool
has_file(struct run *run, uint64_t generation)
{
	char name[IO_NAME_OCTETS];
	struct stat sb;

	io_name(generation, name);
	return fstatat(run->folders.accept, name, &sb, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Dropped generations, oldest first, into the array; returns how many. */
static size_t
list_dropped(struct run *run, int64_t before_us, uint64_t *out, size_t most)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_txn *txn;
	size_t n = 0;

	if (rows_begin_read(&run->rows, &txn, NULL) != MS_OK)
		return 0;
	if (mdb_cursor_open(txn, run->rows.seg, &cursor) == 0) {
		while (n < most &&
		    mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
			struct ms_unpack u = ms_unpack_of(ms_str_of(key.mv_data,
			    key.mv_size));
			struct seg_row row;

			if (seg_row_decode(ms_str_of(value.mv_data, value.mv_size),
			    &row) && row.state == SEGMENT_DROPPED &&
			    row.dropped_us < before_us)
				out[n++] = ms_unpack_u64(&u);
		}
		mdb_cursor_close(cursor);
	}
	rows_end_read(&run->rows, txn);
	return n;
}

/* An event can be lost: whoever keeps delivery ids hears of it once more
   after a restart.  What is lost then is room, not mail. */
static void
republish(struct run *run)
{
	uint64_t *list = calloc(MAX_REPUBLISHED, sizeof(*list));
	size_t n;

	if (list == NULL)
		return;
	n = list_dropped(run, INT64_MAX, list, MAX_REPUBLISHED);
	for (size_t i = 0; i < n; i++)
		cursor_publish_forget(run, list[i]);
	free(list);
	run->has_republished = true;
}

static ms_status
purge(struct run *run, struct ms_error *err)
{
	int64_t now = run->sv->clock->now_us(run->sv->host);
	uint64_t list[MAX_PURGED];
	size_t n = list_dropped(run, now - ROW_LASTS_US, list, MAX_PURGED);
	ms_status st = MS_OK;
	MDB_txn *txn;

	if (n == 0)
		return MS_OK;
	pthread_mutex_lock(&run->writer);
	st = rows_begin(&run->rows, NULL, &txn, err);
	if (st == MS_OK) {
		for (size_t i = 0; i < n && st == MS_OK; i++)
			if (!has_file(run, list[i]))
				st = rows_del_seg(&run->rows, txn, list[i], err);
		if (st == MS_OK)
			st = rows_commit(&run->rows, txn, err);
		else
			mdb_txn_abort(txn);
	}
	pthread_mutex_unlock(&run->writer);
	return st;
}

ms_status
run_minute(struct run *run, struct ms_error *err)
{
	ms_status st;

	if (!run->has_republished)
		republish(run);
	rows_check_readers(&run->rows);
	st = purge(run, err);
	return st == MS_OK ? survivors_move(run->survivors, err) : st;
}
