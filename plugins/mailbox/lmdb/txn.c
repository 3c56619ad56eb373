/* SPDX-License-Identifier: ISC */
/* txn.c - see db.h: how transactions begin and end */
#include <stdio.h>

#include <mansio/crash.h>
#include <mansio/error.h>

#include "db.h"

#define SCRATCH_MAX	(256 * 1024)	/* one row, encoded */
#define GROW_TRIES	16

static void
init(struct db_txn *t, struct shard *s, struct ms_arena *arena, struct ms_error *err)
{
	*t = (struct db_txn){ .shard = s, .arena = arena, .err = err,
		.scratch = MS_BUF_MAX(SCRATCH_MAX) };
}

/* ---- reading ---- */

static MDB_txn *
take_pooled(struct shard *s)
{
	MDB_txn *txn = NULL;

	pthread_mutex_lock(&s->pool_lock);
	if (s->n_pool > 0)
		txn = s->pool[--s->n_pool];
	pthread_mutex_unlock(&s->pool_lock);
	return txn;
}

static int
begin_read(struct shard *s, MDB_txn **txn_out)
{
	MDB_txn *txn = take_pooled(s);
	int rc;

	if (txn != NULL) {
		rc = mdb_txn_renew(txn);
		if (rc == 0) {
			*txn_out = txn;
			return 0;
		}
		mdb_txn_abort(txn);
		if (rc == MDB_MAP_RESIZED)
			return rc;
	}
	return mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn_out);
}

/* Another process let the map grow: take its size over. */
static int
adopt_map(struct shard *s)
{
	MDB_envinfo info;
	int rc;

	pthread_rwlock_wrlock(&s->gate);
	rc = s->env != NULL ? mdb_env_set_mapsize(s->env, 0) : MDB_PANIC;
	if (rc == 0 && mdb_env_info(s->env, &info) == 0)
		s->map_octets = info.me_mapsize;
	pthread_rwlock_unlock(&s->gate);
	return rc;
}

ms_status
db_begin_read(struct db_txn *t, struct shard *s, struct ms_arena *arena,
    struct ms_error *err)
{
	int rc;

	init(t, s, arena, err);
	for (int tries = 0; ; tries++) {
		pthread_rwlock_rdlock(&s->gate);
		rc = s->env != NULL ? begin_read(s, &t->t) : MDB_PANIC;
		if (rc == 0)
			return MS_OK;
		pthread_rwlock_unlock(&s->gate);
		t->t = NULL;
		if (rc != MDB_MAP_RESIZED || tries == GROW_TRIES ||
		    (rc = adopt_map(s)) != 0)
			return lmdb_error(err, rc, "begin to read");
	}
}

void
db_end_read(struct db_txn *t)
{
	struct shard *s = t->shard;

	if (t->t == NULL)
		return;
	mdb_txn_reset(t->t);
	pthread_mutex_lock(&s->pool_lock);
	if (s->n_pool < SHARD_POOL) {
		s->pool[s->n_pool++] = t->t;
		t->t = NULL;
	}
	pthread_mutex_unlock(&s->pool_lock);
	if (t->t != NULL)
		mdb_txn_abort(t->t);
	t->t = NULL;
	pthread_rwlock_unlock(&s->gate);
	ms_buf_free(&t->scratch);
}

/* ---- writing ---- */

/* Gives up both locks; the transaction is gone. */
static void
end_write(struct db_txn *t)
{
	t->t = NULL;
	pthread_rwlock_unlock(&t->shard->gate);
	pthread_mutex_unlock(&t->shard->writing);
	ms_buf_free(&t->scratch);
}

ms_status
db_begin_write(struct db_txn *t, struct shard *s, struct ms_arena *arena,
    struct ms_error *err)
{
	ms_status st = MS_OK;
	int rc;

	init(t, s, arena, err);
	if (!is_writer(s->store))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "this process may not write shard %u", s->number);
	pthread_mutex_lock(&s->writing);
	pthread_rwlock_rdlock(&s->gate);
	if (s->env == NULL) {
		pthread_rwlock_unlock(&s->gate);
		st = shard_reopen(s, err);
		pthread_rwlock_rdlock(&s->gate);
	}
	if (st == MS_OK) {
		rc = s->env != NULL ? mdb_txn_begin(s->env, NULL, 0, &t->t) : MDB_PANIC;
		if (rc != 0) {
			t->rc = rc;
			st = lmdb_error(err, rc, "begin to write");
		}
	}
	if (st != MS_OK)
		end_write(t);
	else
		t->now_us = s->store->clock->now_us(s->store->host);
	return st;
}

ms_status
db_commit(struct db_txn *t)
{
	struct shard *s = t->shard;
	ms_status st;
	int rc;

	MS_CRASH("lmdb.commit.before");
	rc = mdb_txn_commit(t->t);
	if (rc == 0) {
		end_write(t);
		MS_CRASH("lmdb.commit.after");
		return MS_OK;
	}
	t->rc = rc;
	st = lmdb_error(t->err, rc, "commit");
	if (rc != MDB_MAP_FULL && rc != MDB_TXN_FULL) {
		/* Rule 13: what a failed sync left in memory is not to be
		   believed.  All is read again from the disk, and the segment
		   that was being written is left alone. */
		appender_abandon(&s->appender);
		t->t = NULL;
		pthread_rwlock_unlock(&s->gate);
		(void)shard_reopen(s, NULL);
		pthread_rwlock_rdlock(&s->gate);
	}
	end_write(t);
	return st;
}

void
db_abort(struct db_txn *t)
{
	if (t->t == NULL)
		return;
	mdb_txn_abort(t->t);
	end_write(t);
}

ms_status
db_begin_child(struct db_txn *t)
{
	MDB_txn *child;
	int rc = mdb_txn_begin(t->shard->env, t->t, 0, &child);

	if (rc != 0) {
		t->rc = rc;
		return lmdb_error(t->err, rc, "begin a child");
	}
	t->parent = t->t;
	t->t = child;
	return MS_OK;
}

ms_status
db_commit_child(struct db_txn *t)
{
	int rc = mdb_txn_commit(t->t);

	t->t = t->parent;
	t->parent = NULL;
	if (rc == 0)
		return MS_OK;
	t->rc = rc;
	return lmdb_error(t->err, rc, "commit a child");
}

void
db_abort_child(struct db_txn *t)
{
	mdb_txn_abort(t->t);
	t->t = t->parent;
	t->parent = NULL;
}

ms_status
db_change(struct shard *s, struct ms_error *err,
    ms_status (*change)(struct db_txn *, void *), void *data)
{
	struct ms_arena *arena = ms_arena_new(0);
	ms_status st = MS_TEMPFAIL;

	for (int tries = 0; tries < GROW_TRIES; tries++) {
		struct db_txn t;
		int rc;

		ms_arena_reset(arena);
		if ((st = db_begin_write(&t, s, arena, err)) != MS_OK)
			break;
		st = change(&t, data);
		rc = t.rc;
		if (st == MS_OK) {
			st = db_commit(&t);
			rc = t.rc;
		} else {
			db_abort(&t);
		}
		if (st == MS_OK || rc != MDB_MAP_FULL ||
		    (st = shard_grow(s, err)) != MS_OK)
			break;
	}
	ms_arena_free(arena);
	return st;
}
