/* SPDX-License-Identifier: ISC */
/*
 * blob.c - ms.blob/1 over memory and files
 *
 * A view is always a copy in the scope's arena, so that one that is looked at
 * too late is found by a sanitizer.  Heads outlive their octets: a handle
 * that is released twice is known again.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>

#define MAX_VIEW	(1024 * 1024)

struct ms_blob {
	struct ms_blob *next;		/* all of the world's */
	uint32_t        holders, own;	/* own: of these, by the mock itself */
	uint64_t        octets;
	char           *memory;		/* NULL: a file */
	int             fd;
	bool            is_lent;
	uint64_t        offset;
};

struct ms_writer {
	struct owned  owned;		/* first */
	struct world *world;
	struct ms_buf buf;
	uint64_t      max;
	bool          failed, gone;
};

static struct ms_blob *
blob_new(struct world *w, uint64_t octets)
{
	struct ms_blob *b = ms_arena_alloc(w->arena, sizeof(*b));

	b->holders = 1;
	b->octets = octets;
	b->fd = -1;
	b->next = w->blobs;
	w->blobs = b;
	return b;
}

struct ms_blob *
blob_of_octets(struct world *w, struct ms_str octets)
{
	struct ms_blob *b = blob_new(w, octets.len);

	b->memory = malloc(octets.len > 0 ? octets.len : 1);
	if (b->memory == NULL)
		abort();
	if (octets.len > 0)
		memcpy(b->memory, octets.data, octets.len);
	return b;
}

static void
must_live(const struct ms_blob *b)
{
	if (b == NULL || b->holders == 0)
		mock_die("a blob is used that %s", b == NULL ? "is NULL" :
		    "was released by all its holders");
}

static void
drop_octets(struct ms_blob *b)
{
	free(b->memory);
	b->memory = NULL;
	if (b->fd != -1 && !b->is_lent)
		close(b->fd);
	b->fd = -1;
}

static struct ms_blob *
service_hold(struct ms_blob *b)
{
	must_live(b);
	b->holders++;
	return b;
}

static void
service_release(struct ms_blob *b)
{
	if (b == NULL)
		return;
	must_live(b);
	if (b->holders == b->own)
		mock_die("a blob was released once too often");
	if (--b->holders == 0)
		drop_octets(b);
}

void
blob_own(struct ms_blob *b)
{
	(void)service_hold(b);
	b->own++;
}

void
blob_disown(struct ms_blob *b)
{
	if (b == NULL)
		return;
	b->own--;
	if (--b->holders == 0)
		drop_octets(b);
}

uint64_t
blob_octets(const struct ms_blob *b)
{
	must_live(b);
	return b->octets;
}

static ms_status
read_at(const struct ms_blob *b, uint64_t offset, void *buffer, size_t capacity,
    size_t *n_out, struct ms_error *err)
{
	size_t n = 0;

	must_live(b);
	if (offset < b->octets)
		n = b->octets - offset < capacity ? (size_t)(b->octets - offset) : capacity;
	if (b->memory != NULL) {
		if (n > 0)
			memcpy(buffer, b->memory + offset, n);
		*n_out = n;
		return MS_OK;
	}
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(b->fd, (char *)buffer + done, n - done,
		    (off_t)(b->offset + offset + done));

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return ms_error_errno(err, "read a body");
		if (got == 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "a body's file is shorter than it should be");
		done += (size_t)got;
	}
	*n_out = n;
	return MS_OK;
}

static ms_status
service_read(const struct ms_scope *scope, struct ms_blob *b, uint64_t offset,
    void *buffer, size_t capacity, size_t *n_out, struct ms_error *err)
{
	(void)scope_mock(scope);
	return read_at(b, offset, buffer, capacity, n_out, err);
}

static ms_status
service_view(const struct ms_scope *scope, struct ms_blob *b, uint64_t offset,
    size_t octets, struct ms_str *view_out, struct ms_error *err)
{
	uint64_t left;
	size_t n;
	char *copy;
	ms_status st;

	must_live(b);
	left = offset < b->octets ? b->octets - offset : 0;
	if (octets > MAX_VIEW)
		octets = MAX_VIEW;
	if (octets > left)
		octets = (size_t)left;
	copy = ms_arena_alloc(scope->arena, octets);
	st = read_at(b, offset, copy, octets, &n, err);
	if (st == MS_OK)
		*view_out = ms_str_of(copy, n);
	return st;
}

struct ms_str
blob_read_all(struct ms_blob *b, struct ms_arena *arena)
{
	uint64_t octets = blob_octets(b);
	char *all = ms_arena_alloc(arena, (size_t)octets + 1);
	size_t n;

	if (read_at(b, 0, all, (size_t)octets, &n, NULL) != MS_OK)
		mock_die("a blob's file cannot be read");
	return ms_str_of(all, n);
}

static struct ms_str
service_name(const struct ms_blob *b)
{
	must_live(b);
	return ms_str_of("", 0);
}

static ms_status
service_open(const struct ms_scope *scope, struct ms_str name,
    struct ms_blob **blob_out, struct ms_error *err)
{
	(void)scope, (void)name, (void)blob_out;
	return ms_error_set(err, MS_NOTFOUND, "", "there is no blob store");
}

static ms_status
service_from_file(const struct ms_scope *scope, int fd, uint64_t offset,
    uint64_t octets, uint32_t flags, struct ms_blob **blob_out,
    struct ms_error *err)
{
	struct ms_blob *b;
	struct stat st;

	if (flags & ~(uint32_t)(MS_FILE_LF | MS_FILE_LENT))
		mock_die("from_file() with unknown flags %#x", (unsigned)flags);
	if (flags & MS_FILE_LF)
		return ms_error_set(err, MS_UNSUPPORTED, "", "files with LF line ends");
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return ms_error_set(err, MS_INVALID, "", "not a regular file");
	b = blob_new(scope_mock(scope)->world, octets);
	b->fd = fd;
	b->offset = offset;
	b->is_lent = (flags & MS_FILE_LENT) != 0;
	*blob_out = b;
	return MS_OK;
}

static ms_status
service_from_memory(const struct ms_scope *scope, struct ms_str octets,
    struct ms_blob **blob_out, struct ms_error *err)
{
	(void)err;
	if (octets.len > MAX_VIEW)
		mock_die("from_memory() of more than 1 MiB: use a writer");
	*blob_out = blob_of_octets(scope_mock(scope)->world, octets);
	return MS_OK;
}

/* ---- writers ---- */

static void
end_writer(struct ms_writer *w)
{
	owner_leave(&w->owned);
	ms_buf_free(&w->buf);
	w->gone = true;
}

static void
give_up_writer(struct owned *owned)
{
	end_writer((struct ms_writer *)owned);
}

static void
must_write(const struct ms_writer *w)
{
	if (w == NULL || w->gone)
		mock_die("a writer is used that %s", w == NULL ? "is NULL" :
		    "was finished, aborted or given up with its session");
}

static ms_status
service_begin(const struct ms_scope *scope, uint64_t max_octets,
    struct ms_writer **writer_out, struct ms_error *err)
{
	struct world *world = scope_mock(scope)->world;
	struct ms_writer *w = ms_arena_alloc(world->arena, sizeof(*w));

	(void)err;
	w->world = world;
	w->buf = (struct ms_buf)MS_BUF_MAX(MOCK_MAX_BUF);
	w->max = max_octets;
	w->owned.give_up = give_up_writer;
	owner_join(scope_owner(scope), &w->owned);
	*writer_out = w;
	return MS_OK;
}

ms_status
writer_write(struct ms_writer *w, struct ms_str octets, struct ms_error *err)
{
	must_write(w);
	if (w->failed)
		mock_die("a writer past its maximum can only be aborted");
	if (octets.len > w->max - w->buf.len) {
		w->failed = true;
		return ms_error_set(err, MS_LIMIT, "5.3.4", "more than %llu octets",
		    (unsigned long long)w->max);
	}
	ms_buf_add(&w->buf, octets);
	if (!ms_buf_ok(&w->buf))
		mock_die("a body of more than %zu octets", MOCK_MAX_BUF);
	return MS_OK;
}

struct ms_str
writer_octets(const struct ms_writer *w)
{
	must_write(w);
	return ms_buf_str(&w->buf);
}

static ms_status
service_copy(struct ms_writer *w, struct ms_blob *b, uint64_t offset,
    uint64_t octets, struct ms_error *err)
{
	struct ms_arena *arena;
	ms_status st;

	must_write(w);
	if (offset > blob_octets(b) || octets > blob_octets(b) - offset)
		mock_die("copy() goes past the end of its blob");
	arena = ms_arena_new(0);
	st = writer_write(w, ms_str_sub(blob_read_all(b, arena), (size_t)offset,
	    (size_t)octets), err);
	ms_arena_free(arena);
	return st;
}

static ms_status
service_finish(struct ms_writer *w, struct ms_blob **blob_out,
    struct ms_error *err)
{
	(void)err;
	must_write(w);
	if (w->failed)
		mock_die("a writer past its maximum can only be aborted");
	*blob_out = blob_of_octets(w->world, ms_buf_str(&w->buf));
	end_writer(w);
	return MS_OK;
}

static void
service_abort(struct ms_writer *w)
{
	if (w == NULL)
		return;
	must_write(w);
	end_writer(w);
}

/* ---- for tests ---- */

struct ms_blob *
ms_mock_blob(struct ms_mock *m, struct ms_str octets)
{
	return blob_of_octets(m->world, octets);
}

struct ms_str
ms_mock_blob_octets(struct ms_mock *m, struct ms_blob *b)
{
	return blob_read_all(b, m->world->arena);
}

uint32_t
blobs_held(const struct world *w)
{
	uint32_t n = 0;

	for (const struct ms_blob *b = w->blobs; b != NULL; b = b->next)
		n += b->holders > b->own;
	return n;
}

uint32_t
ms_mock_blobs_held(struct ms_mock *m)
{
	return blobs_held(m->world);
}

void
blobs_free(struct world *w)
{
	for (struct ms_blob *b = w->blobs; b != NULL; b = b->next)
		drop_octets(b);
}

const struct ms_blob_api mock_blob_service = {
	.size = sizeof(mock_blob_service), .hold = service_hold,
	.release = service_release, .octets = blob_octets, .read = service_read,
	.view = service_view, .name = service_name, .open = service_open,
	.from_file = service_from_file, .from_memory = service_from_memory,
	.begin = service_begin, .write = writer_write, .copy = service_copy,
	.finish = service_finish, .abort = service_abort,
};
