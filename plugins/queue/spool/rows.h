/* SPDX-License-Identifier: ISC */
/*
 * rows.h - the queue's LMDB environment: what is not yet done
 *
 * Opened once, by the running half alone, after all forks.  Never with
 * NOSYNC or any other flag that weakens a commit.  One writing transaction at
 * a time (the caller's lock); readers are short: at most 1000 rows or 50 ms.
 *
 * After a failed commit nothing is known of what reached the disk: the
 * environment is closed, opened again and read anew (rows_reopen), and the
 * caller sets its memory right by what it finds.
 */
#ifndef SPOOL_ROWS_H
#define SPOOL_ROWS_H

#include <lmdb.h>
#include <pthread.h>

#include "row.h"

struct rows {
	MDB_env *env;
	MDB_dbi  meta, seg, msg, part, due, dest, made;
	pthread_rwlock_t use;	/* read: a reading transaction is open */
	const char *path;	/* lent */
	uint64_t map;
	bool     is_full;	/* the map was, since rows_grow() */
	bool     is_spoiled;	/* a commit failed, since rows_reopen() */
};

/* map: octets of address space to begin with; grown when it is full. */
ms_status rows_open(struct rows *r, const char *path, uint64_t map,
    struct ms_error *err);
void rows_close(struct rows *r);
/* With no transaction of the caller's open. */
ms_status rows_reopen(struct rows *r, struct ms_error *err);
ms_status rows_grow(struct rows *r, struct ms_error *err);
/* Frees the slots of readers that died. */
void rows_check_readers(struct rows *r);

ms_status rows_begin_read(struct rows *r, MDB_txn **txn_out,
    struct ms_error *err);
void rows_end_read(struct rows *r, MDB_txn *txn);
ms_status rows_begin(struct rows *r, MDB_txn *parent, MDB_txn **txn_out,
    struct ms_error *err);
ms_status rows_commit(struct rows *r, MDB_txn *txn, struct ms_error *err);

/* All return MS_NOTFOUND where there is no such row.  What a get lends is
   good until the next put or del of the transaction. */
ms_status rows_get_seg(struct rows *r, MDB_txn *txn, uint64_t generation,
    struct seg_row *out, struct ms_error *err);
ms_status rows_put_seg(struct rows *r, MDB_txn *txn, uint64_t generation,
    const struct seg_row *row, struct ms_error *err);
ms_status rows_del_seg(struct rows *r, MDB_txn *txn, uint64_t generation,
    struct ms_error *err);
ms_status rows_get_msg(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct msg_row *out, struct ms_error *err);
ms_status rows_put_msg(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    const struct msg_row *row, struct ms_error *err);
ms_status rows_del_msg(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_error *err);
/* Strings are copied into the arena. */
ms_status rows_get_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    uint32_t number, struct ms_arena *arena, struct ms_part **out,
    struct ms_error *err);
/* Keeps due and dest in step; `existed_out` tells an update. */
ms_status rows_put_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    const struct ms_part *part, bool *existed_out, struct ms_error *err);
ms_status rows_del_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    uint32_t number, struct ms_error *err);
ms_status rows_get_made(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_str *body_out, struct ms_error *err);
ms_status rows_put_made(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_str body, struct ms_error *err);
ms_status rows_del_made(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_error *err);
/* A number in meta; 0: not there. */
ms_status rows_get_number(struct rows *r, MDB_txn *txn, const char *name,
    uint64_t *out, struct ms_error *err);
ms_status rows_put_number(struct rows *r, MDB_txn *txn, const char *name,
    uint64_t value, struct ms_error *err);

/* An LMDB result as a status. */
ms_status rows_error(struct rows *r, int rc, const char *what,
    struct ms_error *err);

#endif
