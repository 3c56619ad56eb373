/* SPDX-License-Identifier: ISC */
/*
 * index.h - kind: full-text search
 *
 * Follows a mailbox by its modseq: the core feeds it what came and went,
 * after a commit or when it lags behind; a search never sees more than
 * state() says, the caller scans what is newer.  Lost or doubted, it is
 * dropped and built anew.
 */
#ifndef MANSIO_INDEX_H
#define MANSIO_INDEX_H

#include <mansio/blob.h>
#include <mansio/plugin.h>
#include <mansio/query.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A message's text, decoded to UTF-8 and normalised by libmansio. */
struct ms_document {
	uint32_t      size;
	uint32_t      uid;
	struct ms_id  box;
	const struct ms_field *headers;	/* value decoded (RFC 2047) */
	size_t        n_headers;
	struct ms_blob *text;		/* of all text parts; NULL none */
	struct ms_str language;		/* RFC 5646, or "" */
};

#define MS_INDEX_ID "ms.index/1"
struct ms_index {
	uint32_t size;
	/* [worker] How far it knows: UIDs below *uid_out and expunges up to
	   *modseq_out.  Zero, or another uidvalidity: build anew. */
	ms_status (*state)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str account, const struct ms_id *box,
	    uint32_t *uidvalidity_out, uint32_t *uid_out, uint64_t *modseq_out,
	    struct ms_error *);
	/* [worker] Adds and removes, then notes the new state: one transaction.
	   Never two at once for one account. */
	ms_status (*update)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str account, const struct ms_id *box,
	    const struct ms_document *const *added, size_t n,
	    struct ms_uids gone, uint32_t uidvalidity, uint32_t uid,
	    uint64_t modseq, struct ms_error *);
	/* [worker] */
	ms_status (*search)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str account, const struct ms_id *box,
	    const struct ms_term *terms, size_t n, struct ms_found *,
	    struct ms_error *);
	/* [worker] box NULL: the whole account. */
	ms_status (*drop)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str account, const struct ms_id *box, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
