/* SPDX-License-Identifier: ISC */
/* faults.c - see faults.h */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
	unsigned kinds, n, times, seen, failed;
	const char *where;
	int error;
} fault;

void
faults_arm(unsigned kinds, const char *where, unsigned n, unsigned times,
    int error)
{
	fault.kinds = kinds;
	fault.where = where;
	fault.n = n;
	fault.times = times;
	fault.error = error;
	fault.seen = fault.failed = 0;
}

void
faults_disarm(void)
{
	fault.kinds = 0;
}

unsigned
faults_seen(void)
{
	return fault.seen;
}

unsigned
faults_failed(void)
{
	return fault.failed;
}

static int
fails(unsigned kind, int fd)
{
	char link[64], path[512];
	ssize_t len;

	if (!(fault.kinds & kind))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return 0;
	path[len] = '\0';
	if (strstr(path, "mansio-spool") == NULL ||
	    strstr(path, fault.where) == NULL)
		return 0;
	fault.seen++;
	if (fault.seen < fault.n || fault.seen >= fault.n + fault.times)
		return 0;
	fault.failed++;
	errno = fault.error;
	return 1;
}

static void *
next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

/* Each with a type of its own; dlsym() gives void pointers. */
#define NEXT(function, name) \
	do { void *p_ = next(name); memcpy(&(function), &p_, sizeof(p_)); } while (0)

int fake_fdatasync(int) __asm__("fdatasync");
int fake_fsync(int) __asm__("fsync");
ssize_t fake_pwrite(int, const void *, size_t, off_t) __asm__("pwrite");
ssize_t fake_pwrite64(int, const void *, size_t, off_t) __asm__("pwrite64");
ssize_t fake_pwritev(int, const struct iovec *, int, off_t) __asm__("pwritev");
ssize_t fake_pwritev64(int, const struct iovec *, int, off_t) __asm__("pwritev64");
int fake_renameat(int, const char *, int, const char *) __asm__("renameat");
int fake_unlinkat(int, const char *, int) __asm__("unlinkat");

int
fake_fdatasync(int fd)
{
	int (*real)(int);

	NEXT(real, "fdatasync");
	return fails(FAULT_SYNC, fd) ? -1 : real(fd);
}

int
fake_fsync(int fd)
{
	int (*real)(int);

	NEXT(real, "fsync");
	return fails(FAULT_SYNC, fd) ? -1 : real(fd);
}

ssize_t
fake_pwrite(int fd, const void *data, size_t n, off_t at)
{
	ssize_t (*real)(int, const void *, size_t, off_t);

	NEXT(real, "pwrite");
	return fails(FAULT_WRITE, fd) ? -1 : real(fd, data, n, at);
}

ssize_t
fake_pwrite64(int fd, const void *data, size_t n, off_t at)
{
	return fake_pwrite(fd, data, n, at);
}

ssize_t
fake_pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
	ssize_t (*real)(int, const struct iovec *, int, off_t);

	NEXT(real, "pwritev");
	return fails(FAULT_WRITE, fd) ? -1 : real(fd, iov, n, at);
}

ssize_t
fake_pwritev64(int fd, const struct iovec *iov, int n, off_t at)
{
	return fake_pwritev(fd, iov, n, at);
}

int
fake_renameat(int from, const char *old, int to, const char *name)
{
	int (*real)(int, const char *, int, const char *);

	NEXT(real, "renameat");
	return fails(FAULT_NAME, from) ? -1 : real(from, old, to, name);
}

int
fake_unlinkat(int folder, const char *name, int flags)
{
	int (*real)(int, const char *, int);

	NEXT(real, "unlinkat");
	return fails(FAULT_NAME, folder) ? -1 : real(folder, name, flags);
}
