/* SPDX-License-Identifier: ISC */
/*
 * segments.h - the life of segments: rows in the table "seg"
 *
 *	open      row committed before the file is made; one process writes it
 *	sealed    cut to its length, never appended to again
 *	moving    its living octets are being copied elsewhere
 *	dropping  nothing living in it; the file goes a minute later
 *
 * A file without a row is garbage, a row without a file is damage, save in
 * `dropping`.  An open segment's file is held by flock() as long as its
 * writer lives, whatever process that is.
 */
#ifndef LMDB_SEGMENTS_H
#define LMDB_SEGMENTS_H

#include "db.h"
#include "record.h"
#include "segment.h"

/* A sealed segment is left alone for so long, as places in it may still be on
   their way to run(); and a dropped one, as readers may still come by. */
#define SEGMENT_GRACE_US	INT64_C(60000000)

/* ---- the seam to appending processes ---- */

/* Commits the row of a new segment and makes its file, locked and of that
   size on the disk. */
ms_status segments_new(struct shard *s, uint64_t octets, uint32_t *number_out, int *fd_out,
    struct ms_error *err);
/* Cuts it to that length and commits `sealed`; closes fd. */
ms_status segments_seal(struct shard *s, uint32_t number, int fd, uint64_t octets,
    struct ms_error *err);

/* ---- within a transaction ---- */

ms_status segment_get(struct db_txn *t, uint32_t number, struct segment_row *out);
ms_status segment_put(struct db_txn *t, uint32_t number, const struct segment_row *row);
ms_status segment_set_state(struct db_txn *t, uint32_t number, uint32_t state);

/* One more reference to a blob; the first one comes with a place. */
ms_status blob_add(struct db_txn *t, const struct place *p, uint64_t *blob_out);
ms_status blob_hold(struct db_txn *t, uint64_t blob);
/* One less; the last one leaves dead octets in the segment. */
ms_status blob_drop(struct db_txn *t, uint64_t blob);

/* ---- upkeep, in the writing process ---- */

/* At the start: seals what dead writers left open, removes files without a
   row.  In proportion to what was open. */
ms_status segments_recover(struct shard *s, struct ms_error *err);
/* Marks what has nothing living as dropping, unlinks what has been that for a
   minute, and seals what other processes left open when they died. */
ms_status segments_sweep(struct shard *s, struct ms_error *err);

#endif
