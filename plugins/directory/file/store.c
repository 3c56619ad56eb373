/* SPDX-License-Identifier: ISC */
/* store.c - reading and replacing the files; see file.h */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#define LOOK_EVERY_US	INT64_C(1000000)

static const char *const names[FILE_N] = { "domains", "users", "aliases" };

int
file_of_kind(uint32_t kind)
{
	switch (kind) {
	case MS_ENTRY_DOMAIN:
		return FILE_DOMAINS;
	case MS_ENTRY_USER:
		return FILE_USERS;
	case MS_ENTRY_ALIAS:
		return FILE_ALIASES;
	default:
		return -1;
	}
}

const char *
file_name(int which)
{
	return names[which];
}

static void
path_of(const struct ms_instance *self, const char *name, char *out, size_t n)
{
	snprintf(out, n, "%s/%s", self->directory, name);
}

static struct stamp
stamp_of(const struct stat *st)
{
	return (struct stamp){ (uint64_t)st->st_ino, (uint64_t)st->st_size,
		(int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec };
}

static bool
is_same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->inode == b->inode && a->octets == b->octets && a->sec == b->sec &&
	    a->nsec == b->nsec;
}

static ms_status
read_all(int fd, size_t octets, const char *path, char **text_out, struct ms_error *err)
{
	char *text = malloc(octets > 0 ? octets : 1);
	size_t done = 0;

	if (text == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "out of memory");
	while (done < octets) {
		ssize_t n = read(fd, text + done, octets - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(text);
			return n == 0 ? ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "%s became shorter while it was read", path) :
			    ms_error_errno(err, "read %s", path);
		}
		done += (size_t)n;
	}
	*text_out = text;
	return MS_OK;
}

/* Hashes of passwords are for us alone. */
static void
warn_of_mode(struct ms_instance *self, int which, const char *path, mode_t mode)
{
	char text[4300];

	if (which != FILE_USERS || (mode & 077) == 0)
		return;
	snprintf(text, sizeof(text), "%s can be read by others: chmod 600 it", path);
	self->log->write(self->host->scope, MS_LOG_WARNING, text, NULL, 0);
}

static ms_status
read_file(struct ms_instance *self, int which, char **text_out, size_t *octets_out,
    struct stat *st_out, struct ms_error *err)
{
	char path[4200];
	ms_status status;
	int fd;

	path_of(self, names[which], path, sizeof(path));
	*text_out = NULL;
	*octets_out = 0;
	memset(st_out, 0, sizeof(*st_out));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT ? MS_OK : ms_error_errno(err, "open %s", path);
	if (fstat(fd, st_out) == -1)
		status = ms_error_errno(err, "look at %s", path);
	else if (!S_ISREG(st_out->st_mode))
		status = ms_error_set(err, MS_TEMPFAIL, "4.3.5", "%s is not a file", path);
	else if (st_out->st_size > TABLE_MAX_OCTETS)
		status = ms_error_set(err, MS_TEMPFAIL, "4.3.5", "%s is too large", path);
	else
		status = read_all(fd, (size_t)st_out->st_size, path, text_out, err);
	if (status == MS_OK)
		*octets_out = (size_t)st_out->st_size;
	close(fd);
	return status;
}

ms_status
store_read(struct ms_instance *self, int which, char **text_out, size_t *octets_out,
    struct ms_error *err)
{
	struct stat st;

	return read_file(self, which, text_out, octets_out, &st, err);
}

/* A file that is not there is an empty one. */
static ms_status
read_table(struct ms_instance *self, int which, struct table **table_out,
    struct stamp *stamp_out, struct ms_error *err)
{
	char path[4200], *text;
	struct stat st;
	size_t octets;
	ms_status status = read_file(self, which, &text, &octets, &st, err);

	path_of(self, names[which], path, sizeof(path));
	*stamp_out = stamp_of(&st);
	if (status == MS_OK)
		status = table_parse(ms_str_of(text != NULL ? text : "", octets), path,
		    self->hash_key, table_out, err);
	if (status == MS_OK)
		warn_of_mode(self, which, path, st.st_mode);
	free(text);
	return status;
}

static void
refresh_one(struct ms_instance *self, int which, bool now)
{
	struct ms_error err = MS_ERROR_INIT;
	struct stamp stamp = { 0 };
	struct table *fresh, *old;
	char path[4200];
	struct stat st;
	ms_status status;

	path_of(self, names[which], path, sizeof(path));
	if (stat(path, &st) == 0)
		stamp = stamp_of(&st);
	if (is_same_stamp(&stamp, &self->stamps[which]))
		return;
	if (!now && !is_same_stamp(&stamp, &self->seen[which])) {
		self->seen[which] = stamp;
		return;
	}
	self->stamps[which] = stamp;	/* what is wrong with it is said once */
	if (stamp.inode == 0)
		/* Whoever took it away did not mean that all mail be refused. */
		status = ms_error_set(&err, MS_TEMPFAIL, "4.3.5",
		    "%s is gone; what it said stays in force", path);
	else
		status = read_table(self, which, &fresh, &self->stamps[which], &err);
	self->is_unfit[which] = status != MS_OK;
	if (status != MS_OK) {
		self->log->write(self->host->scope, MS_LOG_ERROR, err.text, NULL, 0);
		return;
	}
	pthread_rwlock_wrlock(&self->lock);
	old = self->tables[which];
	self->tables[which] = fresh;
	pthread_rwlock_unlock(&self->lock);
	table_free(old);
	self->bus->publish(self->host, (struct ms_str)MS_STR("directory/changed"),
	    ms_str_c(names[which]));
}

void
store_refresh(struct ms_instance *self, bool now)
{
	int64_t t = self->clock->steady_us(self->host);
	int64_t looked = self->looked_us;

	/* One thread looks, the others go on with what there is. */
	if (!now && (t < looked + LOOK_EVERY_US ||
	    !__atomic_compare_exchange_n((int64_t *)(uintptr_t)&self->looked_us, &looked, t,
		false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)))
		return;
	self->looked_us = t;
	pthread_mutex_lock(&self->look_lock);
	for (int i = 0; i < FILE_N; i++)
		refresh_one(self, i, now);
	pthread_mutex_unlock(&self->look_lock);
}

ms_status
store_check(struct ms_instance *self, int which, struct ms_error *err)
{
	bool is_unfit;

	pthread_mutex_lock(&self->look_lock);
	is_unfit = self->is_unfit[which];
	pthread_mutex_unlock(&self->look_lock);
	return is_unfit ? ms_error_set(err, MS_CONFLICT, "",
	    "%s/%s was changed by hand and cannot be read: mend it first (the log says where)",
	    self->directory, names[which]) : MS_OK;
}

ms_status
store_open(struct ms_instance *self, struct ms_error *err)
{
	for (int i = 0; i < FILE_N; i++) {
		ms_status st = read_table(self, i, &self->tables[i], &self->stamps[i], err);

		if (st != MS_OK)
			return st;
	}
	self->looked_us = self->clock->steady_us(self->host);
	return MS_OK;
}

static ms_status
write_all(int fd, struct ms_str text, const char *path, struct ms_error *err)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return ms_error_errno(err, "write %s", path);
		text = ms_str_from(text, (size_t)n);
	}
	return MS_OK;
}

ms_status
store_replace(struct ms_instance *self, int which, struct ms_str text,
    struct ms_error *err)
{
	char path[4200], aside[4210];
	struct stat owner;
	ms_status st;
	int fd, dir;

	path_of(self, names[which], path, sizeof(path));
	snprintf(aside, sizeof(aside), "%s.new", path);
	(void)unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return ms_error_errno(err, "write %s", aside);
	/* An admin who is root edits what the server must read as another. */
	if (geteuid() == 0 && stat(self->directory, &owner) == 0 && owner.st_uid != 0 &&
	    fchown(fd, owner.st_uid, owner.st_gid) == -1) {
		st = ms_error_errno(err, "give %s to the server's user", aside);
		close(fd);
		(void)unlink(aside);
		return st;
	}
	st = write_all(fd, text, aside, err);
	/* Durable before the command says so: the file, then its name. */
	if (st == MS_OK && fsync(fd) == -1)
		st = ms_error_errno(err, "sync %s", aside);
	close(fd);
	MS_CRASH("directory.written");
	if (st == MS_OK && rename(aside, path) == -1)
		st = ms_error_errno(err, "rename %s", aside);
	if (st != MS_OK) {
		(void)unlink(aside);
		return st;
	}
	MS_CRASH("directory.renamed");
	dir = open(self->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || fsync(dir) == -1)
		st = ms_error_errno(err, "sync %s", self->directory);
	if (dir != -1)
		close(dir);
	return st;
}

int
store_lock(struct ms_instance *self, struct ms_error *err)
{
	char path[4200];
	int fd;

	path_of(self, "lock", path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (fd != -1 && flock(fd, LOCK_EX) == -1)
		if (errno != EINTR) {
			close(fd);
			fd = -1;
		}
	if (fd == -1)
		ms_error_errno(err, "lock %s", path);
	return fd;
}

void
store_unlock(int fd)
{
	close(fd);
}
