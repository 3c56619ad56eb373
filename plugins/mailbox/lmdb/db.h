/* SPDX-License-Identifier: ISC */
/*
 * db.h - transactions, rows and cursors of a shard
 *
 * A thin layer over LMDB: keys and values as struct ms_str, results as
 * ms_status, errors into the struct ms_error that the transaction was given.
 * MS_NOTFOUND is an answer here, not an error.  What is read stays valid
 * until the next write of the same transaction, or its end.
 */
#ifndef LMDB_DB_H
#define LMDB_DB_H

#include <mansio/arena.h>
#include <mansio/buf.h>

#include "keys.h"
#include "shard.h"

struct db_txn {
	struct shard    *shard;
	MDB_txn         *t;
	MDB_txn         *parent;	/* of a child, else NULL */
	struct ms_arena *arena;		/* for what is decoded */
	struct ms_error *err;		/* of whoever is being served now */
	struct ms_buf    scratch;	/* for encoding rows */
	int64_t          now_us;
	int              rc;		/* what LMDB last failed with; 0: nothing */
	bool             wrote;		/* since somebody set it to false */
};

/* Reading.  end also accepts one that never began. */
ms_status db_begin_read(struct db_txn *t, struct shard *s, struct ms_arena *arena,
    struct ms_error *err);
void db_end_read(struct db_txn *t);
#define DB_AUTO_READ __attribute__((cleanup(db_end_read)))

/* Writing: this process's only writer of the shard until commit or abort. */
ms_status db_begin_write(struct db_txn *t, struct shard *s, struct ms_arena *arena,
    struct ms_error *err);
/* A failure leaves nothing behind; t->rc is MDB_MAP_FULL if the map has to
   grow, else the environment was opened anew and the open segment given up. */
ms_status db_commit(struct db_txn *t);
void db_abort(struct db_txn *t);

/* A transaction within: what it writes can be undone alone. */
ms_status db_begin_child(struct db_txn *t);
ms_status db_commit_child(struct db_txn *t);
void db_abort_child(struct db_txn *t);

/* Calls change() in a write transaction of its own, again if the map had to
   grow.  Not within run(). */
ms_status db_change(struct shard *s, struct ms_error *err,
    ms_status (*change)(struct db_txn *, void *), void *data);

ms_status db_get(struct db_txn *t, int db, struct ms_str key, struct ms_str *value_out);
ms_status db_put(struct db_txn *t, int db, struct ms_str key, struct ms_str value);
/* Room of that many octets, to be filled before the next call. */
ms_status db_room(struct db_txn *t, int db, struct ms_str key, size_t octets,
    uint8_t **room_out);
ms_status db_delete(struct db_txn *t, int db, struct ms_str key);
ms_status db_count(struct db_txn *t, int db, uint64_t *rows_out);

/* A row is not what it should be: MS_TEMPFAIL, with its table's name. */
ms_status db_damaged(struct db_txn *t, int db, const char *what);

/* Numbers of the shard, from the table "meta"; 0 if there is none. */
ms_status db_meta_get(struct db_txn *t, const char *name, uint64_t *value_out);
ms_status db_meta_put(struct db_txn *t, const char *name, uint64_t value);
/* The number after the last one given, which is never given again. */
ms_status db_meta_next(struct db_txn *t, const char *name, uint32_t *number_out);

struct db_cursor {
	struct db_txn *t;
	MDB_cursor    *c;
	struct ms_str  key, value;	/* where it stands */
};

struct db_cursor db_cursor(struct db_txn *t, int db);
void db_cursor_close(struct db_cursor *c);
#define DB_AUTO_CURSOR __attribute__((cleanup(db_cursor_close)))

/* The first row whose key is this or later. */
ms_status db_seek(struct db_cursor *c, struct ms_str key);
ms_status db_next(struct db_cursor *c);
ms_status db_prev(struct db_cursor *c);	/* without a place: the last one */
/* The row where it stands; after delete, next() is the row that followed. */
ms_status db_replace(struct db_cursor *c, struct ms_str value);
ms_status db_remove(struct db_cursor *c);

extern const char *const db_names[N_DBS];

#endif
