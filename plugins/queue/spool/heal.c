/* SPDX-License-Identifier: ISC */
/* heal.c - see heal.h */
#include "heal.h"

#include <mansio/error.h>

#include "segments.h"

/* Under lock; txn reads. */
static void
reconcile_segment(struct run *run, MDB_txn *txn, struct segment *seg)
{
	struct seg_row row;

	if (rows_get_seg(&run->rows, txn, seg->generation, &row, NULL) == MS_OK) {
		seg->row = row;
		seg->has_row = true;
	}
	for (size_t i = 0; i < seg->tail.n; i++) {
		struct entry *e = tail_at(&seg->tail, i);
		struct ms_id id = id_of(seg->generation, e->note.offset);
		struct msg_row msg;
		uint32_t state;

		if (e->state == ENTRY_TOMB ||
		    rows_get_msg(&run->rows, txn, &id, &msg, NULL) != MS_OK)
			continue;
		state = msg.left > 0 ? ENTRY_ROWS : ENTRY_TOMB;
		if (state > e->state)
			tail_set_state(&seg->tail, e, state);
	}
}

static ms_status
reconcile(struct run *run, struct ms_error *err)
{
	MDB_txn *txn;
	ms_status st = rows_begin_read(&run->rows, &txn, err);

	if (st != MS_OK)
		return st;
	pthread_mutex_lock(&run->lock);
	for (size_t i = 0; i < run->n; i++)
		reconcile_segment(run, txn, run->segments[i]);
	pthread_mutex_unlock(&run->lock);
	rows_end_read(&run->rows, txn);
	return MS_OK;
}

bool
heal(struct run *run)
{
	struct ms_error err = MS_ERROR_INIT;
	bool again = false;
	ms_status st = MS_OK;

	if (run->rows.is_spoiled || run->rows.env == NULL) {
		spool_log(run->sv, MS_LOG_ERROR,
		    "a commit of the queue failed; opening it anew", NULL);
		st = rows_reopen(&run->rows, &err);
		if (st == MS_OK)
			st = reconcile(run, &err);
	} else if (run->rows.is_full) {
		st = rows_grow(&run->rows, &err);
		again = st == MS_OK;
	} else {
		return false;
	}
	if (st != MS_OK)
		spool_log(run->sv, MS_LOG_ERROR, "the queue can't be opened", &err);
	return again;
}
