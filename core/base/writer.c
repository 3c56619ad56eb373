/* SPDX-License-Identifier: ISC */
/* writer.c - gathering octets that will be a blob; see blob.h */
#include "base/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/error.h>

struct ms_writer {
	struct owned   owned;		/* first */
	struct owner  *owner;
	uint64_t       max, octets;
	char          *memory;		/* what is not in the file */
	size_t         in_memory, cap;
	int            fd;		/* -1: all is in memory */
	bool           failed;
	struct ms_blob *before;		/* what lies elsewhere already and stands
					   before the above; NULL: nothing */
	uint64_t       counted;		/* octets of `before` */
};

static char scratch[4096] = "/tmp";
static uint64_t memory_max = UINT64_C(256) << 20;
static _Atomic uint64_t memory_used;

void
blob_start(const char *scratch_dir, uint64_t max)
{
	snprintf(scratch, sizeof(scratch), "%s", scratch_dir);
	memory_max = max;
}

static void
writer_free(struct ms_writer *w)
{
	atomic_fetch_sub(&memory_used, w->cap);
	if (w->fd != -1)
		close(w->fd);
	blob_release(w->before);
	free(w->memory);
	free(w);
}

static void
give_up_writer(struct owned *owned)
{
	writer_free((struct ms_writer *)owned);
}

ms_status
writer_begin(const struct ms_scope *scope, uint64_t max,
    struct ms_writer **writer_out, struct ms_error *err)
{
	struct ms_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "out of memory");
	w->max = max;
	w->fd = -1;
	w->owned.give_up = give_up_writer;
	w->owner = scope_owner(scope);
	owner_join(w->owner, &w->owned);
	*writer_out = w;
	return MS_OK;
}

static int
open_scratch(void)
{
	char path[sizeof(scratch) + 16];
	int fd = open(scratch, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	snprintf(path, sizeof(path), "%s/bodyXXXXXX", scratch);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		(void)unlink(path);
	return fd;
}

static ms_status
write_out(struct ms_writer *w, struct ms_str s, struct ms_error *err)
{
	while (s.len > 0) {
		ssize_t n = write(w->fd, s.data, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			w->failed = true;
			return ms_error_errno(err, "write a scratch file in %s", scratch);
		}
		s = ms_str_of(s.data + n, s.len - (size_t)n);
	}
	return MS_OK;
}

static ms_status
spill(struct ms_writer *w, struct ms_error *err)
{
	ms_status st;

	if (w->fd == -1)
		w->fd = open_scratch();
	if (w->fd == -1) {
		w->failed = true;
		return ms_error_errno(err, "make a scratch file in %s", scratch);
	}
	st = write_out(w, ms_str_of(w->memory, w->in_memory), err);
	if (st != MS_OK)
		return st;
	atomic_fetch_sub(&memory_used, w->cap);
	free(w->memory);
	w->memory = NULL;
	w->in_memory = w->cap = 0;
	return MS_OK;
}

/* Memory for `need` octets in all; false: they must go to a file. */
static bool
make_room(struct ms_writer *w, size_t need)
{
	size_t cap = w->cap > 0 ? w->cap : 2048;
	char *grown;

	if (need <= w->cap)
		return true;
	if (need > BLOB_MEMORY_MAX)
		return false;
	while (cap < need)
		cap *= 2;
	if (atomic_fetch_add(&memory_used, cap - w->cap) + cap - w->cap > memory_max) {
		atomic_fetch_sub(&memory_used, cap - w->cap);
		return false;
	}
	grown = realloc(w->memory, cap);
	if (grown == NULL) {
		atomic_fetch_sub(&memory_used, cap - w->cap);
		return false;
	}
	w->memory = grown;
	w->cap = cap;
	return true;
}

ms_status
writer_write(struct ms_writer *w, struct ms_str s, struct ms_error *err)
{
	ms_status st;

	if (w->failed)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "an earlier write of this body failed");
	if (s.len > w->max - w->octets) {
		w->failed = true;
		return ms_error_set(err, MS_LIMIT, "5.3.4",
		    "more than %llu octets", (unsigned long long)w->max);
	}
	if (w->fd == -1 && make_room(w, w->in_memory + s.len)) {
		if (s.len > 0)
			memcpy(w->memory + w->in_memory, s.data, s.len);
		w->in_memory += s.len;
		w->octets += s.len;
		return MS_OK;
	}
	if (w->fd == -1 || w->in_memory > 0)
		if ((st = spill(w, err)) != MS_OK)
			return st;
	if ((st = write_out(w, s, err)) == MS_OK)
		w->octets += s.len;
	return st;
}

uint64_t
writer_octets(const struct ms_writer *w)
{
	return w->octets;
}

static struct ms_blob *
behind(struct ms_blob *before, struct ms_blob *own)
{
	struct ms_blob *whole;

	if (before == NULL)
		return own;
	whole = blob_join(before, own);
	blob_release(own);
	return whole;
}

ms_status
writer_peek(struct ms_writer *w, struct ms_blob **blob_out,
    struct ms_error *err)
{
	int fd;

	if (w->fd == -1) {
		*blob_out = behind(w->before,
		    blob_copy_memory(ms_str_of(w->memory, w->in_memory)));
		return MS_OK;
	}
	fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1)
		return ms_error_errno(err, "duplicate a scratch file's descriptor");
	*blob_out = behind(w->before,
	    blob_of_file(fd, 0, w->octets - w->counted, false));
	return MS_OK;
}

/* What the writer has becomes `before`, followed by the stretch. */
ms_status
writer_refer(struct ms_writer *w, struct ms_blob *b, uint64_t offset,
    uint64_t octets, struct ms_error *err)
{
	struct ms_blob *own, *front, *stretch;

	if (w->failed)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "an earlier write of this body failed");
	if (octets > w->max - w->octets) {
		w->failed = true;
		return ms_error_set(err, MS_LIMIT, "5.3.4", "more than %llu octets",
		    (unsigned long long)w->max);
	}
	own = w->fd != -1 ? blob_of_file(w->fd, 0, w->octets - w->counted, false) :
	    blob_copy_memory(ms_str_of(w->memory, w->in_memory));
	w->fd = -1;
	w->in_memory = 0;
	front = behind(w->before, own);
	blob_release(w->before);
	stretch = blob_slice(b, offset, octets);
	w->before = blob_join(front, stretch);
	blob_release(stretch);
	blob_release(front);
	w->octets += octets;
	w->counted = w->octets;
	return MS_OK;
}

ms_status
writer_finish(struct ms_writer *w, struct ms_blob **blob_out,
    struct ms_error *err)
{
	ms_status st = MS_OK;

	if (!owner_leave(w->owner, &w->owned))
		return ms_error_set(err, MS_CANCELLED, "", "its owner has ended");
	if (w->failed) {
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a write of this body failed");
	} else if (w->fd != -1) {
		*blob_out = behind(w->before,
		    blob_of_file(w->fd, 0, w->octets - w->counted, false));
		w->fd = -1;
	} else {
		/* Memory is counted while bodies gather; a finished one is bounded
		   by its session, of which there are so many and no more. */
		*blob_out = behind(w->before, blob_of_memory(w->memory != NULL ?
		    w->memory : malloc(1), w->in_memory));
		w->memory = NULL;
	}
	writer_free(w);
	return st;
}

void
writer_abort(struct ms_writer *w)
{
	if (w != NULL && owner_leave(w->owner, &w->owned))
		writer_free(w);
}
