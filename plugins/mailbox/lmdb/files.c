/* SPDX-License-Identifier: ISC */
/* files.c - see files.h */
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>

#include "shard.h"

void
files_init(struct files *f, struct shard *s)
{
	memset(f, 0, sizeof(*f));
	f->shard = s;
	pthread_mutex_init(&f->lock, NULL);
}

void
files_fini(struct files *f)
{
	for (size_t i = 0; i < FILES_KEPT; i++)
		if (f->kept[i].number != 0)
			close(f->kept[i].fd);
	pthread_mutex_destroy(&f->lock);
}

void
files_name(uint32_t number, char name[FILES_NAME])
{
	snprintf(name, FILES_NAME, "%08x", number);
}

bool
files_number(const char *name, uint32_t *number_out)
{
	uint32_t number = 0;
	size_t i;

	for (i = 0; name[i] != '\0' && i < FILES_NAME; i++) {
		char c = name[i];

		if (c >= '0' && c <= '9')
			number = number << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number = number << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*number_out = number;
	return i == FILES_NAME - 1;
}

/* Caller holds the lock, as for the functions that follow. */
static struct file *
find(struct files *f, uint32_t number)
{
	for (size_t i = 0; i < FILES_KEPT; i++)
		if (f->kept[i].number == number && !f->kept[i].doomed)
			return &f->kept[i];
	return NULL;
}

static void
drop(struct file *e)
{
	close(e->fd);
	*e = (struct file){ .number = 0 };
}

/* Nobody gets it any more; the last one who has it drops it. */
static void
doom(struct file *e)
{
	e->doomed = true;
	if (e->users == 0)
		drop(e);
}

static struct file *
make_place(struct files *f)
{
	struct file *oldest = NULL;

	for (size_t i = 0; i < FILES_KEPT; i++) {
		struct file *e = &f->kept[i];

		if (e->number == 0)
			return e;
		if (e->users == 0 && (oldest == NULL || e->used < oldest->used))
			oldest = e;
	}
	if (oldest != NULL)
		drop(oldest);
	return oldest;
}

static ms_status
open_segment(struct files *f, uint32_t number, int *fd_out, struct ms_error *err)
{
	char name[FILES_NAME];
	int fd;

	files_name(number, name);
	fd = openat(f->shard->seg_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return ms_error_errno(err, "shard %u: open segment %s", f->shard->number,
		    name);
	*fd_out = fd;
	return MS_OK;
}

ms_status
files_take(struct files *f, uint32_t number, int *fd_out, struct ms_error *err)
{
	ms_status st = MS_OK;
	struct file *e;

	pthread_mutex_lock(&f->lock);
	e = find(f, number);
	if (e == NULL) {
		int fd = -1;

		st = open_segment(f, number, &fd, err);
		if (st == MS_OK && (e = make_place(f)) != NULL)
			*e = (struct file){ .number = number, .fd = fd };
		else if (st == MS_OK)
			*fd_out = fd;	/* all are in use: this one is not kept */
	}
	if (e != NULL) {
		e->users++;
		e->used = ++f->uses;
		*fd_out = e->fd;
	}
	pthread_mutex_unlock(&f->lock);
	return st;
}

void
files_give(struct files *f, uint32_t number, int fd)
{
	struct file *e = NULL;

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < FILES_KEPT; i++)
		if (f->kept[i].number == number && f->kept[i].fd == fd)
			e = &f->kept[i];
	if (e == NULL)
		close(fd);	/* it was not kept */
	else if (--e->users == 0 && e->doomed)
		drop(e);
	pthread_mutex_unlock(&f->lock);
}

ms_status
files_open(struct files *f, uint32_t number, int *fd_out, struct ms_error *err)
{
	ms_status st;
	int fd, own;

	if ((st = files_take(f, number, &fd, err)) != MS_OK)
		return st;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own == -1)
		st = ms_error_errno(err, "copy a descriptor");
	else
		*fd_out = own;
	files_give(f, number, fd);
	return st;
}

void
files_forget(struct files *f, uint32_t number)
{
	struct file *e;

	pthread_mutex_lock(&f->lock);
	if ((e = find(f, number)) != NULL)
		doom(e);
	pthread_mutex_unlock(&f->lock);
}

void
files_forget_removed(struct files *f)
{
	struct stat info;

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < FILES_KEPT; i++)
		if (f->kept[i].number != 0 &&
		    (fstat(f->kept[i].fd, &info) == -1 || info.st_nlink == 0))
			doom(&f->kept[i]);
	pthread_mutex_unlock(&f->lock);
}
