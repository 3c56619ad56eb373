/* SPDX-License-Identifier: ISC */
/*
 * blob.h - octets that never change, and writers: the core's side of ms.blob/1
 *
 * Kinds: memory, a stretch of a file (own or lent descriptor), several other
 * blobs one after the other (an overlay's header and a body).  A writer
 * gathers in memory up to BLOB_MEMORY_MAX, all writers together up to the
 * limit given to blob_start(), beyond in an unlinked scratch file.
 */
#ifndef CORE_BASE_BLOB_H
#define CORE_BASE_BLOB_H

#include <stdbool.h>

#include <mansio/blob.h>

#include "base/scope.h"

#define BLOB_MEMORY_MAX	(64 * 1024)	/* one writer's octets in memory */

/* Where scratch files are made (a directory, copied), and the octets that all
   writers together may hold in memory. */
void blob_start(const char *scratch_dir, uint64_t memory_max);

struct ms_blob *blob_hold(struct ms_blob *b);
void blob_release(struct ms_blob *b);		/* accepts NULL */
uint64_t blob_octets(const struct ms_blob *b);
ms_status blob_read(struct ms_blob *b, uint64_t offset, void *buffer,
    size_t capacity, size_t *n_out, struct ms_error *err);
/* Takes over the memory (malloc'ed). */
struct ms_blob *blob_of_memory(char *octets, size_t n);
struct ms_blob *blob_copy_memory(struct ms_str octets);
/* Owns fd, or only uses it (lent). */
struct ms_blob *blob_of_file(int fd, uint64_t offset, uint64_t octets,
    bool lent);
/* Holds both. */
struct ms_blob *blob_join(struct ms_blob *first, struct ms_blob *second);
/* A stretch of another, which it holds. */
struct ms_blob *blob_slice(struct ms_blob *of, uint64_t offset,
    uint64_t octets);

/* For sendfile: the descriptor and place of octets at `offset`, and how many
   lie together there; false if they are not in a file. */
bool blob_file_at(const struct ms_blob *b, uint64_t offset, int *fd_out,
    uint64_t *file_offset_out, uint64_t *octets_out);
/* Memory at `offset`, without a copy; empty if it is not in memory. */
struct ms_str blob_memory_at(const struct ms_blob *b, uint64_t offset);

ms_status writer_begin(const struct ms_scope *scope, uint64_t max_octets,
    struct ms_writer **writer_out, struct ms_error *err);
ms_status writer_write(struct ms_writer *w, struct ms_str octets,
    struct ms_error *err);
/* Appends a stretch of a blob by reference; it is held. */
ms_status writer_refer(struct ms_writer *w, struct ms_blob *b, uint64_t offset,
    uint64_t octets, struct ms_error *err);
uint64_t writer_octets(const struct ms_writer *w);
ms_status writer_finish(struct ms_writer *w, struct ms_blob **blob_out,
    struct ms_error *err);
void writer_abort(struct ms_writer *w);		/* accepts NULL */
/* What has been written so far, as a blob; the writer goes on (MS_AT_HEADER). */
ms_status writer_peek(struct ms_writer *w, struct ms_blob **blob_out,
    struct ms_error *err);

/* Service ms.blob/1. */
extern const struct ms_blob_api blob_service;

#endif
