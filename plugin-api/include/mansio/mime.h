/* SPDX-License-Identifier: ISC */
/*
 * mime.h - a message's MIME structure, found in one pass over its octets
 *
 * A scanner is fed a message piece by piece and keeps only what it must: a
 * table of parts with octet offsets and line counts, and each part's header
 * fields that matter.  No recursion, no copy of bodies; memory is bounded by
 * limits.h whatever the message is.  What lies deeper than
 * MS_MAX_MIME_DEPTH is opaque: the part that holds it is a leaf.  Parts past
 * MS_MAX_MIME_PARTS, or past MS_MAX_MIME_KEPT octets of memory, are not in
 * the table: their octets are in the body of the multipart that holds them
 * and in no other.
 *
 * The tree is RFC 2045/2046's: a multipart has its parts as children, a
 * message/rfc822 (or message/global) has one child, the message inside.
 * Parts stand in the table in the order of their first octet; the first is
 * the message itself.
 */
#ifndef MANSIO_MIME_H
#define MANSIO_MIME_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/header.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_NO_PART UINT32_MAX

struct ms_mime_part {
	uint32_t parent;		/* MS_NO_PART: the message itself */
	uint32_t first_child, next;	/* next: the sibling after; MS_NO_PART */
	uint32_t number;		/* among its siblings, from 1 */
	uint32_t n_children;
	uint32_t cte;			/* encode.h, MS_CTE_... */
	bool     is_multipart;		/* and was taken apart */
	bool     is_message;		/* message/rfc822, message/global; taken apart */
	bool     is_truncated;		/* taken apart; its closing boundary was missing */
	uint64_t header_offset, header_octets;	/* header with its empty line; for
						   the child of a message: that message's header */
	uint64_t body_offset, body_octets;	/* undecoded, without the CRLF that
						   belongs to the boundary */
	uint64_t body_lines, header_lines;	/* line ends (LF) in those octets: a last
						   line without one, such as the one before a boundary,
						   does not count */
	/* Raw values, unfolded, of the first field of that name; data NULL: no
	   such field. */
	struct ms_str content_type, content_disposition, content_id,
	              content_description, content_encoding, content_language,
	              content_location, content_md5;
	struct ms_params type;		/* parsed; "text/plain" by default, and for what is
					   no type or a multipart without a boundary (RFC
					   2045 5.2); "message/rfc822" in a multipart/digest */
	struct ms_params disposition;	/* value data NULL: none */
	/* For the message and each message inside: its header as it is; data
	   NULL for other parts, and if it is longer than
	   MS_MAX_HEADER_OCTETS. */
	struct ms_str header;
};

struct ms_mime {
	const struct ms_mime_part *parts;
	uint32_t n;
	uint64_t octets, lines;		/* of the whole message */
	bool     has_8bit, has_nul, has_bare_cr, has_bare_lf;
	uint32_t longest_line;		/* octets without its end */
	/* For a preview: the beginning of the first text/plain or text/html
	   part that is no attachment and in no message inside, undecoded, up
	   to MS_MAX_MIME_TEXT octets.  MS_NO_PART, data NULL: there is none. */
	uint32_t      text_part;
	struct ms_str text;
};

struct ms_mime_scanner;
/* All memory from the arena, also the result's. */
struct ms_mime_scanner *ms_mime_new(struct ms_arena *a);
void ms_mime_feed(struct ms_mime_scanner *s, struct ms_str octets);
/* The scanner is spent. */
const struct ms_mime *ms_mime_end(struct ms_mime_scanner *s);
/* All at once. */
const struct ms_mime *ms_mime_scan(struct ms_arena *a, struct ms_str message);

/* The part that an IMAP section number names: "1.2" (RFC 9051 6.4.5.1: a
   message that is no multipart has itself as part 1; the numbers of a
   message/rfc822 go on inside it).  n 0: the message itself.  MS_NO_PART:
   there is none. */
uint32_t ms_mime_find(const struct ms_mime *m, const uint32_t *numbers,
    size_t n);

/* IMAP's words for it (RFC 9051 7.5.2), without the item's name.  Strings
   are quoted, or literals where they must be. */
void ms_imap_envelope(struct ms_arena *a, struct ms_str header,
    struct ms_buf *out);
/* extensible 0: BODY, 1: BODYSTRUCTURE. */
void ms_imap_body_structure(struct ms_arena *a, const struct ms_mime *m,
    bool extensible, struct ms_buf *out);
/* An nstring: NIL if data is NULL.  Quoted if it can be, else a literal;
   NULs, which neither can hold, are left out. */
void ms_imap_nstring(struct ms_buf *out, struct ms_str s);

#ifdef __cplusplus
}
#endif
#endif
