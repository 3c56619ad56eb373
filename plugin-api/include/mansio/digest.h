/* SPDX-License-Identifier: ISC */
/*
 * digest.h - the compact description of a message that is kept beside it
 *
 * Made once, at delivery, from the scanned message; stored unread by mailbox
 * backends (mailbox.h, ms_row.digest); read by protocols without opening the
 * body.  Self-contained octets: version, then packed members (pack.h).  A
 * reader takes a digest of an unknown version, or a damaged one, as if there
 * were none.  At most MS_MAX_DIGEST octets: what would be larger leaves out
 * its part table first, then ENVELOPE and BODYSTRUCTURE (data NULL): the
 * caller then scans the body.
 */
#ifndef MANSIO_DIGEST_H
#define MANSIO_DIGEST_H

#include <mansio/mime.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_DIGEST_VERSION 1

/* header: the message's own header (parts[0].header). */
struct ms_str ms_digest_make(struct ms_arena *a, const struct ms_mime *m);

/* Views into the digest; data NULL: not in it. */
struct ms_digest {
	struct ms_str envelope;		/* as IMAP sends it */
	struct ms_str body_structure;	/* extensible form */
	struct ms_str body;		/* the other */
	uint64_t      octets, header_octets;
	int64_t       sent_us;		/* Date:, 0 if none */
	int32_t       sent_zone;	/* minutes */
	/* Folded for comparison (ms_utf8_fold), cut where they are very long. */
	struct ms_str base_subject;	/* RFC 5256 2.1 */
	struct ms_str sort_from, sort_to, sort_cc;	/* addr-mailbox of ENVELOPE's first
							   address (RFC 5256 3.): a group's name */
	struct ms_str display_from, display_to;		/* RFC 5957 */
	struct ms_str subject;		/* decoded UTF-8, at most 4096 octets of it */
	struct ms_str message_id;	/* without brackets; "" none */
	struct ms_str preview;		/* first 200 characters of text, UTF-8; or "" */
	struct ms_str thread_keys;	/* packed hashes of message ids, the same for ever:
					   first its own, 0 if there is none; then those of
					   References, of very many the first and the last
					   ones, or, if it has none, the first one of
					   In-Reply-To (RFC 5256 2.2): the last is the parent */
	struct ms_str parts;		/* packed table, for ms_digest_find */
	bool          has_attachment;
};

/* False: no digest that we can read. */
bool ms_digest_read(struct ms_str octets, struct ms_digest *out);

struct ms_digest_part {
	uint64_t header_offset, header_octets, body_offset, body_octets;
	uint32_t cte;			/* MS_CTE_... */
	bool     is_message, is_multipart, is_text;
	/* For a message inside: where its own header and text lie. */
	uint64_t inner_header_offset, inner_header_octets, inner_body_offset,
	         inner_body_octets;
};
/* The part that a section number names (mime.h); n 0: the whole message.
   MS_NOTFOUND: no such part.  MS_UNSUPPORTED: the table was left out: scan. */
ms_status ms_digest_find(const struct ms_digest *d, const uint32_t *numbers,
    size_t n, struct ms_digest_part *part_out);

/* The i-th of thread_keys; false past the last. */
bool ms_digest_thread_key(const struct ms_digest *d, uint32_t i,
    uint64_t *key_out);

#ifdef __cplusplus
}
#endif
#endif
