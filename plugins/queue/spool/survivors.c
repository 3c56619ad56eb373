/* SPDX-License-Identifier: ISC */
/* survivors.c - see survivors.h */
#include "survivors.h"

#include <stdlib.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "change.h"
#include "heal.h"
#include "segments.h"

#define MAX_WRITERS	8
#define MAX_MOVED	500	/* messages in one transaction */
#define DAY_US		(INT64_C(24) * 3600 * 1000000)
#define PIECE		(256u * 1024)

struct writer {			/* the open segment of a day */
	int64_t  day;
	struct segment *seg;	/* NULL: unused */
	uint64_t at, mark;	/* mark: synced up to here */
};

struct survivors {
	struct run *run;
	struct writer writers[MAX_WRITERS];
	char  *piece;
};

struct move {
	struct ms_id id;
	uint64_t from_offset, octets;
	uint64_t to, to_offset;		/* to 0: it was not copied */
	int64_t  expires_us;
};

struct survivors *
survivors_new(struct run *run)
{
	struct survivors *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->run = run;
	s->piece = malloc(PIECE);
	if (s->piece == NULL)
		abort();
	return s;
}

void
survivors_free(struct survivors *s)
{
	if (s == NULL)
		return;
	free(s->piece);
	free(s);
}

/* ---- segments of deferred mail ------------------------------------------ */

static void
end_writer(struct survivors *s, struct writer *w, bool is_bad)
{
	struct run *run = s->run;

	pthread_mutex_lock(&run->lock);
	w->seg->state = SEGMENT_ENDED;
	w->seg->end = is_bad ? w->mark : w->at;
	w->seg->ended_us = run->sv->clock->now_us(run->sv->host);
	w->seg->no_reuse = w->seg->no_reuse || is_bad;
	pthread_mutex_unlock(&run->lock);
	w->seg = NULL;
	run_arm_flush(run);
}

static ms_status
get_writer(struct survivors *s, int64_t day, uint64_t octets,
    struct writer **out, struct ms_error *err)
{
	struct writer *w = &s->writers[0];
	ms_status st;

	for (size_t i = 0; i < MAX_WRITERS; i++) {
		struct writer *x = &s->writers[i];

		if (x->seg != NULL && x->day == day) {
			w = x;
			break;
		}
		/* Else an unused one, or the day that ends first. */
		if (w->seg != NULL && (x->seg == NULL || x->day < w->day))
			w = x;
	}
	if (w->seg != NULL && (w->day != day ||
	    w->at + octets > s->run->limits->segment))
		end_writer(s, w, false);
	if (w->seg == NULL) {
		st = segments_make(s->run, SEGMENT_DEFERRED, &w->seg, err);
		if (st != MS_OK) {
			w->seg = NULL;
			return st;
		}
		w->day = day;
		w->at = w->mark = JOURNAL_HEAD_OCTETS;
	}
	*out = w;
	return MS_OK;
}

/* Those with nothing left in them, so that their files go. */
static void
end_empty(struct survivors *s)
{
	for (size_t i = 0; i < MAX_WRITERS; i++) {
		struct writer *w = &s->writers[i];
		bool is_empty;

		if (w->seg == NULL)
			continue;
		pthread_mutex_lock(&s->run->lock);
		is_empty = w->seg->row.placed == 0;
		pthread_mutex_unlock(&s->run->lock);
		if (is_empty)
			end_writer(s, w, false);
	}
}

/* ---- copying ------------------------------------------------------------ */

/* Octets of the old place behind the new head; the sums must hold. */
static ms_status
copy_octets(struct survivors *s, struct segment *from, uint64_t from_at,
    struct writer *w, uint64_t to_at, uint64_t octets, uint32_t crc,
    struct ms_error *err)
{
	uint32_t sum = 0;

	while (octets > 0) {
		struct iovec iov = { s->piece, octets < PIECE ? octets : PIECE };
		ms_status st;
		size_t n;

		st = io_read(from->fd, s->piece, iov.iov_len, from_at, &n, err);
		if (st == MS_OK && n < iov.iov_len)
			st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a segment is short");
		if (st == MS_OK) {
			sum = ms_crc32c(sum, s->piece, n);
			st = io_write(w->seg->fd, &iov, 1, to_at, err);
		}
		if (st != MS_OK)
			return st;
		from_at += n;
		to_at += n;
		octets -= n;
	}
	/* A damaged one stays where it is, for whoever may mend it. */
	return sum == crc ? MS_OK : ms_error_set(err, MS_CONFLICT, "4.3.0",
	    "segment %016llx: damaged record", (unsigned long long)from->generation);
}

static ms_status
copy_one(struct survivors *s, struct segment *from, struct move *m,
    struct ms_error *err)
{
	char octets[JOURNAL_RECORD_HEAD];
	uint8_t head[JOURNAL_RECORD_HEAD];
	struct iovec iov = { head, sizeof(head) };
	struct journal_record r;
	struct writer *w;
	uint64_t at, old = m->from_offset + JOURNAL_RECORD_HEAD;
	ms_status st;
	size_t n;

	st = io_read(from->fd, octets, sizeof(octets), m->from_offset, &n, err);
	if (st != MS_OK)
		return st;
	if (!journal_record_decode(ms_str_of(octets, n), from->generation,
	    m->from_offset, from->key, &r))
		return ms_error_set(err, MS_CONFLICT, "4.3.0", "damaged record");
	m->octets = journal_record_octets(&r);
	st = get_writer(s, m->expires_us / DAY_US, m->octets, &w, err);
	if (st != MS_OK)
		return st;
	at = w->at + JOURNAL_RECORD_HEAD;
	st = copy_octets(s, from, old, w, at, r.envelope_octets, r.envelope_crc,
	    err);
	if (st == MS_OK && !(r.flags & JOURNAL_OWN_FILE))
		st = copy_octets(s, from, old + r.envelope_octets, w,
		    at + r.envelope_octets, r.body_octets, r.body_crc, err);
	if (st == MS_OK) {
		r.generation = w->seg->generation;
		r.offset = w->at;
		r.mark = w->mark;
		journal_record_encode(&r, w->seg->key, head);
		st = io_write(w->seg->fd, &iov, 1, w->at, err);
	}
	if (st != MS_OK) {
		if (st != MS_CONFLICT)
			end_writer(s, w, true);
		return st;
	}
	m->to = w->seg->generation;
	m->to_offset = w->at;
	w->at += m->octets;
	return MS_OK;
}

static ms_status
sync_writers(struct survivors *s, struct ms_error *err)
{
	for (size_t i = 0; i < MAX_WRITERS; i++) {
		struct writer *w = &s->writers[i];
		ms_status st;

		if (w->seg == NULL || w->at == w->mark)
			continue;
		st = io_sync(w->seg->fd, err);
		if (st != MS_OK) {
			end_writer(s, w, true);
			return st;
		}
		w->mark = w->at;
		pthread_mutex_lock(&s->run->lock);
		w->seg->mark = w->mark;
		pthread_mutex_unlock(&s->run->lock);
	}
	return MS_OK;
}

/* ---- the rows ----------------------------------------------------------- */

/* Messages whose record lies in that segment, behind *after; fewer than
   asked for at the end. */
static ms_status
list(struct run *run, uint64_t generation, const struct ms_id *after,
    struct move *out, size_t most, size_t *n_out, struct ms_error *err)
{
	struct row_key k;
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_txn *txn;
	size_t n = 0;
	int rc;
	ms_status st = rows_begin_read(&run->rows, &txn, err);

	if (st != MS_OK)
		return st;
	rc = mdb_cursor_open(txn, run->rows.msg, &cursor);
	if (rc != 0) {
		rows_end_read(&run->rows, txn);
		return rows_error(&run->rows, rc, "cursor", err);
	}
	row_key_msg(&k, after);
	key = (MDB_val){ k.len, k.octets };
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (; rc == 0 && n < most;
	    rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		struct msg_row row;
		struct ms_id id;

		if (key.mv_size != sizeof(id) || !msg_row_decode(ms_str_of(
		    value.mv_data, value.mv_size), &row))
			continue;
		memcpy(&id, key.mv_data, sizeof(id));
		if (id_generation(&id) != generation)
			break;
		if (row.left > 0 && row.place == generation &&
		    memcmp(&id, after, sizeof(id)) != 0)
			out[n++] = (struct move){ .id = id,
				.from_offset = row.offset, .expires_us = row.expires_us };
	}
	mdb_cursor_close(cursor);
	rows_end_read(&run->rows, txn);
	*n_out = n;
	return rc == 0 || rc == MDB_NOTFOUND ? MS_OK :
	    rows_error(&run->rows, rc, "walk msg", err);
}

static ms_status
set_place(struct change *c, uint64_t from, const struct move *m,
    struct ms_error *err)
{
	struct msg_row row;
	ms_status st = change_need(c, &m->id, &row, err);

	if (st == MS_NOTFOUND || m->to == 0)	/* finished while we copied */
		return MS_OK;
	if (st != MS_OK || row.place != from || row.offset != m->from_offset)
		return st;
	st = change_count(c, &m->id, &row, -1, err);
	if (st != MS_OK)
		return st;
	row.place = m->to;
	row.offset = m->to_offset;
	row.octets = m->octets;
	st = change_count(c, &m->id, &row, 1, err);
	if (st == MS_OK)
		st = change_put_row(c, &m->id, &row, err);
	return st;
}

static ms_status
commit_places(struct run *run, uint64_t from, const struct move *moves,
    size_t n, struct ms_error *err)
{
	struct change c;
	ms_status st;

	pthread_mutex_lock(&run->writer);
	st = change_begin(&c, run, err);
	if (st == MS_OK) {
		for (size_t i = 0; i < n && st == MS_OK; i++)
			st = set_place(&c, from, &moves[i], err);
		if (st == MS_OK)
			st = change_commit(&c, err);
		else
			change_abort(&c);
	}
	if (st != MS_OK)
		(void)heal(run);
	pthread_mutex_unlock(&run->writer);
	return st;
}

static ms_status
move_page(struct survivors *s, struct segment *from, struct move *moves,
    size_t n, struct ms_error *err)
{
	struct run *run = s->run;
	ms_status st;

	for (size_t i = 0; i < n; i++) {
		st = copy_one(s, from, &moves[i], err);
		if (st == MS_CONFLICT) {
			spool_log(run->sv, MS_LOG_ERROR,
			    "a deferred message is damaged; it stays where it is", err);
			spool_count(run->sv, run->sv->damaged, 1);
		} else if (st != MS_OK) {
			return st;
		}
	}
	MS_CRASH("spool.survivors.copied");
	st = sync_writers(s, err);
	if (st != MS_OK)
		return st;
	MS_CRASH("spool.survivors.synced");
	st = commit_places(run, from->generation, moves, n, err);
	MS_CRASH("spool.survivors.moved");
	if (st == MS_OK)
		spool_count(run->sv, run->sv->moved, (int64_t)n);
	return st;
}

static ms_status
move_all(struct survivors *s, uint64_t generation, struct ms_error *err)
{
	struct move *moves = calloc(MAX_MOVED, sizeof(*moves));
	struct segment *from = segments_hold(s->run, generation);
	struct ms_id after = id_of(generation, 0);
	size_t n = MAX_MOVED;
	ms_status st = MS_OK;

	while (moves != NULL && from != NULL && st == MS_OK && n == MAX_MOVED) {
		st = list(s->run, generation, &after, moves, MAX_MOVED, &n, err);
		if (st == MS_OK && n > 0) {
			st = move_page(s, from, moves, n, err);
			after = moves[n - 1].id;
		}
	}
	if (from != NULL)
		segments_release(s->run, from);
	free(moves);
	return st;
}

/* Under lock.  0: nothing to do, 1: rows are wanted first, 2: move. */
static int
is_ripe(struct run *run, struct segment *seg, int64_t now)
{
	if (seg->row.kind != SEGMENT_ACCEPT || seg->state != SEGMENT_ENDED ||
	    seg->is_unread || seg->fd == -1 ||
	    now - seg->ended_us < run->limits->survivors_after ||
	    seg->tail.live_octets + seg->row.placed_octets > seg->end / 2)
		return 0;
	if (seg->tail.live > 0)
		return 1;
	return seg->row.placed > 0 && seg->row.cursor >= seg->end ? 2 : 0;
}

ms_status
survivors_move(struct survivors *s, struct ms_error *err)
{
	struct run *run = s->run;
	int64_t now = run->sv->clock->now_us(run->sv->host);
	uint64_t *ripe = NULL;
	bool want = false;
	ms_status st = MS_OK;
	size_t n = 0;

	end_empty(s);
	pthread_mutex_lock(&run->lock);
	ripe = calloc(run->n + 1, sizeof(*ripe));
	for (size_t i = 0; i < run->n && ripe != NULL; i++) {
		struct segment *seg = run->segments[i];
		int what = is_ripe(run, seg, now);

		if (what == 2)
			ripe[n++] = seg->generation;
		for (size_t k = 0; what == 1 && k < seg->tail.n; k++) {
			const struct entry *e = tail_at(&seg->tail, k);
			struct ms_id id = id_of(seg->generation, e->note.offset);

			if (e->state == ENTRY_LIVE) {
				run_want_rows(run, &id);
				want = true;
			}
		}
	}
	pthread_mutex_unlock(&run->lock);
	for (size_t i = 0; i < n && st == MS_OK; i++)
		st = move_all(s, ripe[i], err);
	free(ripe);
	if (want || n > 0)
		run_arm_flush(run);
	return st;
}
