/* SPDX-License-Identifier: ISC */
/*
 * blob_store.h - kind: where named blobs live (segment files, S3, RADOS)
 *
 * The plugin gives and takes octets by name; handles, counting, mapping and
 * caches are the core's (blob.h).  There are no reference counts that could
 * be wrong: backends and the queue can list the names they hold (batch.h),
 * and sweep() is told which of a range of names are still held.
 */
#ifndef MANSIO_BLOB_STORE_H
#define MANSIO_BLOB_STORE_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_upload;		/* the plugin's half of a writer */

/* Where octets can be had without passing through the plugin. */
struct ms_extent {
	uint32_t size;
	int32_t  fd;		/* lent until the blob's last handle is gone; -1: read() only */
	uint64_t offset;
	uint64_t octets;	/* of the whole blob */
	uint32_t crc32c;	/* 0: the store checks by itself */
};

#define MS_BLOB_STORE_ID "ms.blob-store/1"
struct ms_blob_store {
	uint32_t size;
	/* [worker] */
	ms_status (*begin)(struct ms_instance *, const struct ms_scope *,
	    struct ms_upload **upload_out, struct ms_error *);
	ms_status (*write)(struct ms_instance *, struct ms_upload *,
	    struct ms_str octets, struct ms_error *);
	/* [worker] Names it; at most 64 octets in the arena.  Readable at once,
	   durable only after sync(). */
	ms_status (*finish)(struct ms_instance *, const struct ms_scope *,
	    struct ms_upload *, struct ms_str *name_out, struct ms_error *);
	void (*abort)(struct ms_instance *, struct ms_upload *);
	/* [worker] These names are on stable storage when it returns.  One call
	   for all that one batch refers to; a failure is final for them: a
	   failed fsync is never repeated and believed. */
	ms_status (*sync)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_str *names, size_t n, struct ms_error *);
	/* [worker] */
	ms_status (*locate)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str name, struct ms_extent *, struct ms_error *);
	ms_status (*read)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str name, uint64_t offset, void *buffer, size_t capacity,
	    size_t *n_out, struct ms_error *);
	/* [any] A hint that nobody holds the name any more. */
	void (*dropped)(struct ms_instance *, struct ms_str name);
	/* [worker] Asks for a range of names worth sweeping, in the order of
	   memcmp; MS_NOTFOUND: nothing pays now. */
	ms_status (*worth)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str *first_out, struct ms_str *last_out, struct ms_error *);
	/* [worker] Of the names first..last that were finished before age_us
	   (steady), only `held` live; the others may go, the held may move, but
	   keep their names.  Runs beside readers; may be cut off anywhere. */
	ms_status (*sweep)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str first, struct ms_str last, int64_t age_us,
	    const struct ms_str *held, size_t n, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
