/* SPDX-License-Identifier: ISC */
/*
 * shard.h - the instance, its shards, and their LMDB environments
 *
 * A shard is one environment and a folder of segments.  It is opened once in
 * a process, whatever roles that has; both halves share it.
 *
 * Locks, in the order in which they are taken:
 *	writing	one write transaction of this process at a time
 *	gate	held shared as long as any transaction is open, and alone
 *		while the map grows or the environment is closed and reopened
 * Nobody takes a gate twice: a waiting writer would stand between.
 */
#ifndef LMDB_SHARD_H
#define LMDB_SHARD_H

#include <pthread.h>
#include <stdbool.h>

#include <lmdb.h>

#include <mansio/blob.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/log.h>
#include <mansio/plugin.h>
#include <mansio/scope.h>
#include <mansio/task.h>

#include "appender.h"
#include "files.h"
#include "readers.h"

enum {
	DB_META, DB_ACCOUNT, DB_NAME, DB_BOX_ID, DB_BOX, DB_MAIL, DB_GONE, DB_TRASH,
	DB_EMAIL, DB_THREAD, DB_BLOB, DB_SEG, DB_DID, DB_PROP, DB_PROP_IX, DB_DUE,
	N_DBS
};

#define SHARD_POOL	32	/* read transactions kept for reuse */
#define SHARD_READERS	4096	/* slots, storage.md 7: rule 8 */

struct shard {
	struct ms_instance *store;
	uint32_t         number;
	char            *path;		/* DIR/shard/NN */
	int              seg_fd;	/* of DIR/shard/NN/seg */

	pthread_mutex_t  writing;
	pthread_rwlock_t gate;
	MDB_env         *env;		/* gate; NULL after a failure */
	MDB_dbi          dbi[N_DBS];	/* gate */
	size_t           map_octets;	/* gate */

	pthread_mutex_t  pool_lock;
	MDB_txn         *pool[SHARD_POOL];	/* reset; pool_lock */
	uint32_t         n_pool;

	struct appender  appender;
	struct files     files;
	struct readers   readers;

	_Atomic int64_t  busy_us;	/* steady time of the last batch */
	_Atomic int64_t  full_us;	/* steady time of the last look at free space */
	_Atomic bool     full;
};

struct ms_instance {
	const struct ms_host       *host;
	const struct ms_config     *config;
	const struct ms_config_api *conf;
	const struct ms_blob_api   *blob;
	const struct ms_clock      *clock;
	const struct ms_log        *log;
	const struct ms_timer      *timer;
	const struct ms_scope_api  *scope;

	/* Const after start(). */
	uint32_t roles;
	uint32_t n_shards;
	struct shard *shards;
	uint64_t map_octets, segment_octets;
	int64_t  retention_us;
	struct ms_id id;		/* of the store */
	uint64_t owner;			/* of this process: a random number */
	int      dir_fd, lock_fd;
};

static inline bool
is_writer(const struct ms_instance *self)
{
	return (self->roles & MS_ROLE_WRITE) != 0;
}

struct shard *shard_of_key(struct ms_instance *self, struct ms_str key);

/* Makes folders and tables that are missing, if this process writes. */
ms_status shard_open(struct shard *s, struct ms_instance *self, uint32_t number,
    struct ms_error *err);
/* Accepts one that was never opened. */
void shard_close(struct shard *s);

/* Doubles the map.  No transaction of the caller may be open. */
ms_status shard_grow(struct shard *s, struct ms_error *err);
/* Closes the environment and opens it anew: after a commit that failed.  The
   caller holds `writing`, and no transaction. */
ms_status shard_reopen(struct shard *s, struct ms_error *err);
/* Puts a compacted copy in the place of the environment; the octets of the
   file before and after. */
ms_status shard_compact(struct shard *s, uint64_t *before_out, uint64_t *after_out,
    struct ms_error *err);
/* MS_TEMPFAIL 4.3.1 while the file system is too full for new mail. */
ms_status shard_has_room(struct shard *s, struct ms_error *err);

/* An error of LMDB's, as text and status. */
ms_status lmdb_error(struct ms_error *err, int rc, const char *what);

#endif
