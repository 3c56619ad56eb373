/* SPDX-License-Identifier: ISC */
/* shard.c - see shard.h */
#include "shard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/pack.h>

#include "db.h"
#include "record.h"

#define OPEN_TRIES	10
#define OPEN_PAUSE_US	20000
#define ROOM_LOOK_US	1000000		/* between two looks at the free space */
#define ROOM_OCTETS	(UINT64_C(256) << 20)

ms_status
lmdb_error(struct ms_error *err, int rc, const char *what)
{
	if (rc == ENOSPC || rc == EDQUOT)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.1", "%s: %s", what, mdb_strerror(rc));
	if (rc == MDB_NOTFOUND)
		return ms_error_set(err, MS_NOTFOUND, "", "%s: not there", what);
	return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "%s: %s", what, mdb_strerror(rc));
}

struct shard *
shard_of_key(struct ms_instance *self, struct ms_str key)
{
	uint64_t hash = ms_siphash(self->id.octets, key.data, key.len);

	return &self->shards[hash % self->n_shards];
}

/* ---- opening ---- */

static ms_status
open_tables(struct shard *s, struct ms_error *err)
{
	unsigned create = is_writer(s->store) ? MDB_CREATE : 0;
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->env, NULL, create != 0 ? 0 : MDB_RDONLY, &txn);

	if (rc != 0)
		return lmdb_error(err, rc, "begin");
	for (int i = 0; i < N_DBS; i++)
		if ((rc = mdb_dbi_open(txn, db_names[i], create, &s->dbi[i])) != 0) {
			mdb_txn_abort(txn);
			return lmdb_error(err, rc, db_names[i]);
		}
	if ((rc = mdb_txn_commit(txn)) != 0)
		return lmdb_error(err, rc, "make the tables");
	return MS_OK;
}

static int
open_env(struct shard *s)
{
	unsigned flags = MDB_NOTLS | (is_writer(s->store) ? 0 : MDB_RDONLY);
	int rc = mdb_env_create(&s->env);

	if (rc != 0) {
		s->env = NULL;
		return rc;
	}
	if ((rc = mdb_env_set_mapsize(s->env, s->map_octets)) == 0 &&
	    (rc = mdb_env_set_maxdbs(s->env, N_DBS)) == 0 &&
	    (rc = mdb_env_set_maxreaders(s->env, SHARD_READERS)) == 0)
		rc = mdb_env_open(s->env, s->path, flags, 0600);
	if (rc != 0) {
		mdb_env_close(s->env);
		s->env = NULL;
	}
	return rc;
}

/* Caller holds the gate alone, or is the only one yet. */
static ms_status
open_all(struct shard *s, struct ms_error *err)
{
	MDB_envinfo info;
	ms_status st;
	int rc;

	/* Another process that opens or closes it at that instant makes an open
	   fail now and then: reliability.md 4.2. */
	for (int tries = 0; (rc = open_env(s)) != 0 && tries < OPEN_TRIES; tries++) {
		if (rc == ENOENT || rc == EACCES || rc == MDB_VERSION_MISMATCH ||
		    rc == MDB_INVALID)
			break;
		usleep(OPEN_PAUSE_US);
	}
	if (rc != 0)
		return ms_error_prefix(err, lmdb_error(err, rc, "open"), "%s", s->path);
	if (mdb_env_info(s->env, &info) == 0)
		s->map_octets = info.me_mapsize;
	if ((st = open_tables(s, err)) != MS_OK) {
		mdb_env_close(s->env);
		s->env = NULL;
		return ms_error_prefix(err, st, "%s", s->path);
	}
	return MS_OK;
}

static void
close_env(struct shard *s)
{
	pthread_mutex_lock(&s->pool_lock);
	for (uint32_t i = 0; i < s->n_pool; i++)
		mdb_txn_abort(s->pool[i]);
	s->n_pool = 0;
	pthread_mutex_unlock(&s->pool_lock);
	if (s->env != NULL)
		mdb_env_close(s->env);
	s->env = NULL;
}

/* The folders, each name of which must be on the disk before what lies in it
   is relied upon. */
static ms_status
make_folders(struct shard *s, struct ms_error *err)
{
	int dir = s->store->dir_fd, top = -1, own = -1;
	char name[32];
	ms_status st = MS_OK;

	snprintf(name, sizeof(name), "shard/%02u", s->number);
	if (is_writer(s->store)) {
		if ((mkdirat(dir, "shard", 0700) == -1 && errno != EEXIST) ||
		    (mkdirat(dir, name, 0700) == -1 && errno != EEXIST))
			return ms_error_errno(err, "make %s", name);
		top = openat(dir, "shard", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (top == -1 || fsync(top) == -1 || fsync(dir) == -1)
			st = ms_error_errno(err, "sync %s", name);
	}
	own = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (st == MS_OK && own == -1)
		st = ms_error_errno(err, "open %s", name);
	if (st == MS_OK && is_writer(s->store) &&
	    ((mkdirat(own, "seg", 0700) == -1 && errno != EEXIST) || fsync(own) == -1))
		st = ms_error_errno(err, "make %s/seg", name);
	if (st == MS_OK) {
		s->seg_fd = openat(own, "seg", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->seg_fd == -1)
			st = ms_error_errno(err, "open %s/seg", name);
	}
	if (top != -1)
		close(top);
	if (own != -1)
		close(own);
	return st;
}

/* What the environment says of itself must agree with the store's file. */
static ms_status
check_identity(struct db_txn *t, void *data)
{
	struct ms_str mine = ms_str_of((const char *)t->shard->store->id.octets, 16), found;
	uint64_t format, page = (uint64_t)sysconf(_SC_PAGESIZE), made;
	ms_status st = db_get(t, DB_META, ms_str_of("store", 5), &found);

	(void)data;
	if (st == MS_NOTFOUND) {
		if ((st = db_put(t, DB_META, ms_str_of("store", 5), mine)) == MS_OK &&
		    (st = db_meta_put(t, "format", RECORD_VERSION)) == MS_OK &&
		    (st = db_meta_put(t, "page-size", page)) == MS_OK)
			st = db_meta_put(t, "shard", t->shard->number);
		return st;
	}
	if (st != MS_OK)
		return st;
	if (found.len != mine.len || memcmp(found.data, mine.data, mine.len) != 0)
		return ms_error_set(t->err, MS_INVALID, "", "%s belongs to another store",
		    t->shard->path);
	if ((st = db_meta_get(t, "format", &format)) != MS_OK ||
	    (st = db_meta_get(t, "page-size", &made)) != MS_OK)
		return st;
	if (format != RECORD_VERSION)
		return ms_error_set(t->err, MS_INVALID, "",
		    "%s has format %llu, this version knows %d", t->shard->path,
		    (unsigned long long)format, RECORD_VERSION);
	if (made != page)
		return ms_error_set(t->err, MS_INVALID, "",
		    "%s was made with pages of %llu octets, this system has %llu",
		    t->shard->path, (unsigned long long)made, (unsigned long long)page);
	return MS_OK;
}

static char *
path_of(const char *directory, uint32_t number)
{
	size_t room = strlen(directory) + 32;
	char *path = malloc(room);

	if (path != NULL)
		snprintf(path, room, "%s/shard/%02u", directory, number);
	return path;
}

ms_status
shard_open(struct shard *s, struct ms_instance *self, uint32_t number,
    struct ms_error *err)
{
	pthread_rwlockattr_t attr;
	ms_status st;

	s->store = self;
	s->number = number;
	s->seg_fd = -1;
	s->map_octets = self->map_octets;
	pthread_mutex_init(&s->writing, NULL);
	pthread_mutex_init(&s->pool_lock, NULL);
	/* Readers come all the time; who waits for the gate alone must get it. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&s->gate, &attr);
	pthread_rwlockattr_destroy(&attr);
	appender_init(&s->appender, s);
	files_init(&s->files, s);
	s->path = path_of(self->conf->directory(self->config), number);
	if (s->path == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	if ((st = make_folders(s, err)) != MS_OK || (st = open_all(s, err)) != MS_OK)
		return st;
	return is_writer(self) ? db_change(s, err, check_identity, NULL) : MS_OK;
}

void
shard_close(struct shard *s)
{
	if (s->store == NULL)
		return;
	appender_fini(&s->appender);
	files_fini(&s->files);
	close_env(s);
	if (s->seg_fd != -1)
		close(s->seg_fd);
	free(s->path);
	pthread_rwlock_destroy(&s->gate);
	pthread_mutex_destroy(&s->writing);
	pthread_mutex_destroy(&s->pool_lock);
	s->store = NULL;
}

/* ---- what happens to an open one ---- */

ms_status
shard_grow(struct shard *s, struct ms_error *err)
{
	ms_status st = MS_OK;
	int rc;

	pthread_rwlock_wrlock(&s->gate);
	rc = s->env != NULL ? mdb_env_set_mapsize(s->env, s->map_octets * 2) : MDB_PANIC;
	if (rc == 0)
		s->map_octets *= 2;
	else
		st = lmdb_error(err, rc, "grow the map");
	pthread_rwlock_unlock(&s->gate);
	return st;
}

ms_status
shard_reopen(struct shard *s, struct ms_error *err)
{
	ms_status st;

	pthread_rwlock_wrlock(&s->gate);
	close_env(s);
	st = open_all(s, err);
	pthread_rwlock_unlock(&s->gate);
	return st;
}

/* mdb_reader_list() tells of each slot "PID THREAD TXN" after a head line. */
static int
note_foreign_reader(const char *line, void *data)
{
	bool *found = data;
	long pid = strtol(line, NULL, 10);

	if (pid > 0 && pid != (long)getpid())
		*found = true;
	return 0;
}

static ms_status
replace_by_copy(struct shard *s, const char *copy, const char *data, struct ms_error *err)
{
	int fd, rc;

	(void)unlink(copy);
	if ((fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) == -1)
		return ms_error_errno(err, "create %s", copy);
	rc = mdb_env_copyfd2(s->env, fd, MDB_CP_COMPACT);
	if (rc == 0 && fsync(fd) == -1)
		rc = errno;
	close(fd);
	if (rc != 0) {
		(void)unlink(copy);
		return lmdb_error(err, rc, "copy");
	}
	close_env(s);
	if (rename(copy, data) == -1)
		return ms_error_errno(err, "rename %s", copy);
	fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1) {
		if (fd != -1)
			close(fd);
		return ms_error_errno(err, "sync %s", s->path);
	}
	close(fd);
	return MS_OK;
}

static uint64_t
octets_of(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

ms_status
shard_compact(struct shard *s, uint64_t *before_out, uint64_t *after_out,
    struct ms_error *err)
{
	size_t room = strlen(s->path) + 32;
	char *copy = malloc(room), *data = malloc(room);
	bool foreign = false;
	ms_status st = MS_OK;

	if (copy == NULL || data == NULL) {
		free(copy);
		free(data);
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	}
	snprintf(copy, room, "%s/data.mdb.new", s->path);
	snprintf(data, room, "%s/data.mdb", s->path);
	pthread_mutex_lock(&s->writing);
	pthread_rwlock_wrlock(&s->gate);
	if (s->env == NULL)
		st = open_all(s, err);
	/* A reader elsewhere would go on with the old file beside the same lock
	   file, and the two would disagree. */
	if (st == MS_OK)
		(void)mdb_reader_list(s->env, note_foreign_reader, &foreign);
	if (foreign)
		st = ms_error_set(err, MS_BUSY, "", "shard %u is read by another process: "
		    "stop the server, then compact", s->number);
	if (st == MS_OK) {
		*before_out = octets_of(data);
		st = replace_by_copy(s, copy, data, err);
		if (s->env == NULL) {
			ms_status again = open_all(s, st == MS_OK ? err : NULL);

			st = st == MS_OK ? again : st;
		}
		*after_out = octets_of(data);
	}
	pthread_rwlock_unlock(&s->gate);
	pthread_mutex_unlock(&s->writing);
	free(copy);
	free(data);
	return st;
}

ms_status
shard_has_room(struct shard *s, struct ms_error *err)
{
	const struct ms_instance *self = s->store;
	int64_t now = self->clock->steady_us(self->host);
	int64_t looked = s->full_us;
	struct statvfs fs;

	if (looked == 0 || now - looked >= ROOM_LOOK_US) {
		s->full_us = now;
		if (fstatvfs(s->seg_fd, &fs) == 0) {
			uint64_t unit = fs.f_frsize > 0 ? fs.f_frsize : fs.f_bsize;
			uint64_t least = (uint64_t)fs.f_blocks * unit / 50;	/* 2 % */

			if (least > ROOM_OCTETS)
				least = ROOM_OCTETS;
			s->full = (uint64_t)fs.f_bavail * unit < least;
		}
	}
	if (!s->full)
		return MS_OK;
	return ms_error_set(err, MS_TEMPFAIL, "4.3.1", "the file system of shard %u is full",
	    s->number);
}
