/* SPDX-License-Identifier: ISC */
/* blob_service.c - ms.blob/1 over blob.c and writer.c */
#include "base/blob.h"

#include <sys/stat.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#define VIEW_MAX	(1024 * 1024)
#define REFER_FROM	(32 * 1024)

static ms_status
service_read(const struct ms_scope *scope, struct ms_blob *b, uint64_t offset,
    void *buffer, size_t capacity, size_t *n_out, struct ms_error *err)
{
	(void)scope;
	return blob_read(b, offset, buffer, capacity, n_out, err);
}

static ms_status
service_view(const struct ms_scope *scope, struct ms_blob *b, uint64_t offset,
    size_t octets, struct ms_str *view_out, struct ms_error *err)
{
	uint64_t left = offset < blob_octets(b) ? blob_octets(b) - offset : 0;
	struct ms_str lent;
	size_t n;
	ms_status st;
	char *copy;

	if (octets > VIEW_MAX)
		octets = VIEW_MAX;
	if (octets > left)
		octets = (size_t)left;
	lent = blob_memory_at(b, offset);
	if (lent.len >= octets) {
		*view_out = ms_str_of(lent.data, octets);
		return MS_OK;
	}
	copy = ms_arena_alloc(scope->arena, octets);
	st = blob_read(b, offset, copy, octets, &n, err);
	if (st == MS_OK)
		*view_out = ms_str_of(copy, n);
	return st;
}

static struct ms_str
service_name(const struct ms_blob *b)
{
	(void)b;
	return ms_str_of("", 0);	/* no blob store is configured yet */
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
	struct stat st;

	(void)scope;
	if (flags & MS_FILE_LF)
		return ms_error_set(err, MS_UNSUPPORTED, "", "files with LF line ends");
	/* A lent descriptor is one that the plugin keeps: it was looked at when
	   it was opened, and this is the way of every body that is read. */
	if (!(flags & MS_FILE_LENT) &&
	    (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)))
		return ms_error_set(err, MS_INVALID, "", "not a regular file");
	*blob_out = blob_of_file(fd, offset, octets, (flags & MS_FILE_LENT) != 0);
	return MS_OK;
}

static ms_status
service_from_memory(const struct ms_scope *scope, struct ms_str octets,
    struct ms_blob **blob_out, struct ms_error *err)
{
	(void)scope;
	if (octets.len > VIEW_MAX)
		return ms_error_set(err, MS_LIMIT, "", "more than 1 MiB");
	*blob_out = blob_copy_memory(octets);
	return MS_OK;
}

static ms_status
service_copy(struct ms_writer *w, struct ms_blob *b, uint64_t offset,
    uint64_t octets, struct ms_error *err)
{
	char buffer[16 * 1024];
	ms_status st = MS_OK;

	/* Small ones are copied: one piece of memory is cheaper to read later
	   than a chain of references. */
	if (offset > blob_octets(b) || octets > blob_octets(b) - offset)
		return ms_error_set(err, MS_INVALID, "", "past the end of the blob");
	if (octets > REFER_FROM)
		return writer_refer(w, b, offset, octets, err);

	while (st == MS_OK && octets > 0) {
		size_t n, want = octets < sizeof(buffer) ? (size_t)octets : sizeof(buffer);

		st = blob_read(b, offset, buffer, want, &n, err);
		if (st != MS_OK)
			break;
		if (n == 0)
			return ms_error_set(err, MS_INVALID, "", "past the end of the blob");
		st = writer_write(w, ms_str_of(buffer, n), err);
		offset += n;
		octets -= n;
	}
	return st;
}

const struct ms_blob_api blob_service = {
	.size = sizeof(blob_service),
	.hold = blob_hold,
	.release = blob_release,
	.octets = blob_octets,
	.read = service_read,
	.view = service_view,
	.name = service_name,
	.open = service_open,
	.from_file = service_from_file,
	.from_memory = service_from_memory,
	.begin = writer_begin,
	.write = writer_write,
	.copy = service_copy,
	.finish = writer_finish,
	.abort = writer_abort,
};
