/* SPDX-License-Identifier: ISC */
/*
 * blob.h - bodies: immutable strings of octets, read by offset, passed along
 * by reference
 *
 * A struct ms_blob is a counted handle on octets that never change: a body in
 * the blob store, a file of a Maildir, a piece of memory.  Who holds one can
 * read it, send it (session.h: the core does sendfile and TLS), store it or
 * cut from it; nobody needs to know which it is.  Between processes it goes
 * as a descriptor.
 *
 * A struct ms_writer takes octets of unknown number.  The core can fill one
 * straight from a peer (MS_WAIT_BODY); memory stays flat.  finish() makes
 * it a blob; nothing is durable yet: that is the commit that refers to it
 * (batch.h), which syncs what it needs, once for many.
 */
#ifndef MANSIO_BLOB_H
#define MANSIO_BLOB_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_writer;

enum {
	MS_FILE_LF   = 1,
	MS_FILE_LENT = 2	/* the descriptor stays the plugin's, which keeps it open
				   until destroy() */
};

#define MS_BLOB_ID "ms.blob/1"
struct ms_blob_api {
	uint32_t size;

	/* [any] One more holder; returns the same handle. */
	struct ms_blob *(*hold)(struct ms_blob *);
	/* [any] One holder less; accepts NULL. */
	void (*release)(struct ms_blob *);
	/* [any] */
	uint64_t (*octets)(const struct ms_blob *);
	/* [worker] Reads at an offset; *n_out is 0 at the end.  A checksum that
	   does not hold is MS_TEMPFAIL, logged and counted as damage. */
	ms_status (*read)(const struct ms_scope *, struct ms_blob *,
	    uint64_t offset, void *buffer, size_t capacity, size_t *n_out,
	    struct ms_error *);
	/* [worker] Lends a stretch without a copy where it can be mapped, else
	   in the scope's arena; at most 1 MiB a call.  Until the scope ends. */
	ms_status (*view)(const struct ms_scope *, struct ms_blob *,
	    uint64_t offset, size_t octets, struct ms_str *view_out,
	    struct ms_error *);

	/* [any] The name in this host's blob store, by which a backend may keep
	   it; len 0 if it lies elsewhere (then copy it in).  At most 64 octets,
	   stable for ever, lent while the blob is held. */
	struct ms_str (*name)(const struct ms_blob *);
	/* [worker] The blob of a name.  MS_NOTFOUND: swept or damaged. */
	ms_status (*open)(const struct ms_scope *, struct ms_str name,
	    struct ms_blob **blob_out, struct ms_error *);
	/* [any] Stretch of an open file, which the blob then owns (closes).
	   The file must never change: MS_INVALID if it is not regular.  flags
	   MS_FILE_LF: its lines end in LF and are shown with CRLF; offsets and
	   octets() then count what is shown.  MS_UNSUPPORTED: not
	   by this host. */
	ms_status (*from_file)(const struct ms_scope *, int fd, uint64_t offset,
	    uint64_t octets, uint32_t flags, struct ms_blob **blob_out,
	    struct ms_error *);
	/* [any] A copy of memory; for small things: at most 1 MiB. */
	ms_status (*from_memory)(const struct ms_scope *, struct ms_str octets,
	    struct ms_blob **blob_out, struct ms_error *);

	/* [worker] Begins a new blob of at most max_octets. */
	ms_status (*begin)(const struct ms_scope *, uint64_t max_octets,
	    struct ms_writer **writer_out, struct ms_error *);
	/* [worker] MS_LIMIT past the maximum; the writer stays usable only for
	   abort(). */
	ms_status (*write)(struct ms_writer *, struct ms_str octets,
	    struct ms_error *);
	/* [worker] Appends a stretch of another blob (CATENATE, RFC 4469; BURL,
	   RFC 4468), by reference where the store can. */
	ms_status (*copy)(struct ms_writer *, struct ms_blob *, uint64_t offset,
	    uint64_t octets, struct ms_error *);
	/* [worker] The writer is gone after either. */
	ms_status (*finish)(struct ms_writer *, struct ms_blob **blob_out,
	    struct ms_error *);
	void (*abort)(struct ms_writer *);
};

#ifdef __cplusplus
}
#endif
#endif
