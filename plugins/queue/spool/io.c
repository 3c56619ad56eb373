/* SPDX-License-Identifier: ISC */
/* io.c - see io.h */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <mansio/error.h>

static ms_status
open_folder(int at, const char *name, int *fd_out, struct ms_error *err)
{
	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return ms_error_errno(err, "make folder %s", name);
	*fd_out = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd_out == -1)
		return ms_error_errno(err, "open folder %s", name);
	return MS_OK;
}

ms_status
folders_open(struct folders *f, const char *directory, struct ms_error *err)
{
	struct { const char *name; int *fd; } each[] = {
		{ "accept", &f->accept }, { "deferred", &f->deferred },
		{ "own", &f->own }, { "free", &f->free },
	};
	ms_status st = MS_OK;
	int n;

	f->root = f->accept = f->deferred = f->own = f->free = -1;
	n = snprintf(f->queue, sizeof(f->queue), "%s/queue", directory);
	if (n < 0 || (size_t)n >= sizeof(f->queue))
		return ms_error_set(err, MS_INVALID, "", "the path is too long");
	if (mkdir(directory, 0700) == -1 && errno != EEXIST)
		return ms_error_errno(err, "make folder %s", directory);
	f->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root == -1)
		return ms_error_errno(err, "open folder %s", directory);
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]) && st == MS_OK; i++)
		st = open_folder(f->root, each[i].name, each[i].fd, err);
	if (st == MS_OK && mkdirat(f->root, "queue", 0700) == -1 && errno != EEXIST)
		st = ms_error_errno(err, "make folder queue");
	if (st == MS_OK)
		st = io_sync_folder(f->root, err);
	if (st != MS_OK)
		folders_close(f);
	return st;
}

void
folders_close(struct folders *f)
{
	int *each[] = { &f->root, &f->accept, &f->deferred, &f->own, &f->free };

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (*each[i] != -1)
			close(*each[i]);
		*each[i] = -1;
	}
}

ms_status
io_read(int fd, void *buffer, size_t n, uint64_t offset, size_t *n_out,
    struct ms_error *err)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, (char *)buffer + done, n - done,
		    (off_t)(offset + done));

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return ms_error_errno(err, "read");
		if (r == 0)
			break;
		done += (size_t)r;
	}
	*n_out = done;
	return MS_OK;
}

ms_status
io_write(int fd, struct iovec *iov, size_t n, uint64_t offset,
    struct ms_error *err)
{
	while (n > 0) {
		int most = n > IOV_MAX ? IOV_MAX : (int)n;
		ssize_t w = pwritev(fd, iov, most, (off_t)offset);
		size_t left;

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return ms_error_errno(err, "write");
		left = (size_t)w;
		offset += left;
		while (n > 0 && left >= iov->iov_len) {
			left -= iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + left;
			iov->iov_len -= left;
			/* RLIMIT_FSIZE and the like: no progress is an error. */
			if (w == 0)
				return ms_error_set(err, MS_TEMPFAIL, "4.3.1",
				    "write: nothing was written");
		}
	}
	return MS_OK;
}

ms_status
io_sync(int fd, struct ms_error *err)
{
#ifdef MANSIO_SABOTAGE_NO_SYNC
	(void)fd, (void)err;
#else
	if (fdatasync(fd) == -1)
		return ms_error_errno(err, "fdatasync");
#endif
	return MS_OK;
}

ms_status
io_sync_folder(int fd, struct ms_error *err)
{
	if (fsync(fd) == -1)
		return ms_error_errno(err, "fsync of a folder");
	return MS_OK;
}

bool
io_is_full(int fd, uint64_t reserve)
{
	struct statvfs v;
	uint64_t all, unused;

	/* A file system that can't tell is not full: writing will say so. */
	if (fstatvfs(fd, &v) == -1 || v.f_blocks == 0)
		return false;
	all = (uint64_t)v.f_blocks * v.f_frsize;
	unused = (uint64_t)v.f_bavail * v.f_frsize;
	return unused < (all / 50 < reserve ? all / 50 : reserve);
}

void
io_name(uint64_t generation, char out[IO_NAME_OCTETS])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 16; i-- > 0; generation >>= 4)
		out[i] = digits[generation & 15];
	out[16] = '\0';
}

bool
io_parse_name(const char *name, uint64_t *generation_out)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; name[i] != '\0' && i < 16; i++) {
		char c = name[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	if (i != 16 || name[16] != '\0')
		return false;
	*generation_out = v;
	return true;
}
