/* SPDX-License-Identifier: ISC */
/* blob.c - see blob.h; writers are in writer.c, the service in blob_service.c */
#include "base/blob.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/error.h>

enum kind { MEMORY, FILE_STRETCH, JOINED, SLICE };

struct ms_blob {
	atomic_uint holders;
	enum kind   kind;
	uint64_t    octets;
	union {
		char *memory;				/* MEMORY: owned */
		struct {
			int      fd;
			bool     lent;
			uint64_t offset;
		} file;
		struct {
			struct ms_blob *first, *second;	/* SLICE: first alone */
			uint64_t        offset;		/* SLICE */
		} of;
	};
};

static struct ms_blob *
blob_new(enum kind kind, uint64_t octets)
{
	struct ms_blob *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	atomic_init(&b->holders, 1);
	b->kind = kind;
	b->octets = octets;
	return b;
}

struct ms_blob *
blob_hold(struct ms_blob *b)
{
	atomic_fetch_add_explicit(&b->holders, 1, memory_order_relaxed);
	return b;
}

void
blob_release(struct ms_blob *b)
{
	/* A chain of slices and joins is as deep as the core made it: an
	   overlay's header before a body, and slices of that. */
	if (b == NULL || atomic_fetch_sub(&b->holders, 1) != 1)
		return;
	switch (b->kind) {
	case MEMORY:
		free(b->memory);
		break;
	case FILE_STRETCH:
		if (!b->file.lent)
			close(b->file.fd);
		break;
	case JOINED:
		blob_release(b->of.second);
		blob_release(b->of.first);
		break;
	case SLICE:
		blob_release(b->of.first);
		break;
	}
	free(b);
}

uint64_t
blob_octets(const struct ms_blob *b)
{
	return b->octets;
}

/* The simple blob that holds the octet at *offset, which becomes its own;
 * *left_out: how many octets of b lie together from there. */
static const struct ms_blob *
find_leaf(const struct ms_blob *b, uint64_t *offset, uint64_t *left_out)
{
	uint64_t left = b->octets - *offset;

	while (b->kind == JOINED || b->kind == SLICE) {
		if (b->kind == SLICE) {
			*offset += b->of.offset;
			b = b->of.first;
		} else if (*offset < b->of.first->octets) {
			b = b->of.first;
		} else {
			*offset -= b->of.first->octets;
			b = b->of.second;
		}
		if (b->octets - *offset < left)
			left = b->octets - *offset;
	}
	*left_out = left;
	return b;
}

ms_status
blob_read(struct ms_blob *b, uint64_t offset, void *buffer, size_t capacity,
    size_t *n_out, struct ms_error *err)
{
	size_t done = 0;

	while (done < capacity && offset + done < b->octets) {
		uint64_t at = offset + done, left;
		const struct ms_blob *leaf = find_leaf(b, &at, &left);
		size_t want = left < capacity - done ? (size_t)left : capacity - done;
		char *to = (char *)buffer + done;
		ssize_t got;

		if (leaf->kind == MEMORY) {
			memcpy(to, leaf->memory + at, want);
			done += want;
			continue;
		}
		got = pread(leaf->file.fd, to, want, (off_t)(leaf->file.offset + at));
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return ms_error_errno(err, "read a body");
		if (got == 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "a body's file is shorter than it should be");
		done += (size_t)got;
	}
	*n_out = done;
	return MS_OK;
}

struct ms_blob *
blob_of_memory(char *octets, size_t n)
{
	struct ms_blob *b = blob_new(MEMORY, n);

	b->memory = octets;
	return b;
}

struct ms_blob *
blob_copy_memory(struct ms_str octets)
{
	char *copy = malloc(octets.len > 0 ? octets.len : 1);

	if (copy == NULL)
		abort();
	if (octets.len > 0)
		memcpy(copy, octets.data, octets.len);
	return blob_of_memory(copy, octets.len);
}

struct ms_blob *
blob_of_file(int fd, uint64_t offset, uint64_t octets, bool lent)
{
	struct ms_blob *b = blob_new(FILE_STRETCH, octets);

	b->file.fd = fd;
	b->file.lent = lent;
	b->file.offset = offset;
	return b;
}

struct ms_blob *
blob_join(struct ms_blob *first, struct ms_blob *second)
{
	struct ms_blob *b = blob_new(JOINED, first->octets + second->octets);

	b->of.first = blob_hold(first);
	b->of.second = blob_hold(second);
	return b;
}

struct ms_blob *
blob_slice(struct ms_blob *of, uint64_t offset, uint64_t octets)
{
	struct ms_blob *b;

	if (offset > of->octets)
		offset = of->octets;
	if (octets > of->octets - offset)
		octets = of->octets - offset;
	b = blob_new(SLICE, octets);
	b->of.first = blob_hold(of);
	b->of.offset = offset;
	return b;
}

bool
blob_file_at(const struct ms_blob *b, uint64_t offset, int *fd_out,
    uint64_t *file_offset_out, uint64_t *octets_out)
{
	const struct ms_blob *leaf;

	if (offset >= b->octets)
		return false;
	leaf = find_leaf(b, &offset, octets_out);
	if (leaf->kind != FILE_STRETCH)
		return false;
	*fd_out = leaf->file.fd;
	*file_offset_out = leaf->file.offset + offset;
	return true;
}

struct ms_str
blob_memory_at(const struct ms_blob *b, uint64_t offset)
{
	const struct ms_blob *leaf;
	uint64_t left;

	if (offset >= b->octets)
		return ms_str_of("", 0);
	leaf = find_leaf(b, &offset, &left);
	return leaf->kind == MEMORY ? ms_str_of(leaf->memory + offset, (size_t)left) :
	    ms_str_of("", 0);
}
