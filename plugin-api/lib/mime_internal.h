/* SPDX-License-Identifier: ISC */
/*
 * mime_internal.h - what the files of the MIME half share
 *
 * Private to libmansio.
 */
#ifndef LIB_MIME_INTERNAL_H
#define LIB_MIME_INTERNAL_H

#include <mansio/address.h>
#include <mansio/limits.h>
#include <mansio/mime.h>

#define MIME_PRIVATE __attribute__((visibility("hidden")))

/*
 * mime_tree.c: the table of parts as it grows.  The scanner tells it where
 * headers end and where delimiter lines are; `lines` is always the number of
 * line ends before that offset.
 */
struct mime_level {	/* a multipart whose closing boundary was not yet seen */
	struct ms_str boundary;
	uint32_t      part, last_child;
	uint32_t      depth;
};

struct mime_tree {
	struct ms_arena     *arena;
	struct ms_mime_part *parts;
	uint32_t n, cap;
	uint32_t part;		/* the innermost one that is open */
	uint32_t depth;		/* and how many it stands in */
	uint32_t text_part;
	size_t   kept;		/* octets of memory for headers */
	bool     in_header;	/* of that part; else in its body */
	uint32_t n_levels;
	struct mime_level levels[MS_MAX_MIME_DEPTH + 1];
};

MIME_PRIVATE void mime_tree_init(struct mime_tree *t, struct ms_arena *a);
/* The open part's header, whose octets are given (cut off at
   MS_MAX_HEADER_OCTETS: is_cut), ends here.  If it is a message to be taken
   apart, the part open afterwards is the message inside, in its header. */
MIME_PRIVATE void mime_tree_end_header(struct mime_tree *t,
    struct ms_str header, bool is_cut, uint64_t offset, uint64_t lines);
/* Which level's boundary does this line, which begins with "--", begin with?
   UINT32_MAX: none. */
MIME_PRIVATE uint32_t mime_tree_match(const struct mime_tree *t,
    struct ms_str line, bool *is_close_out);
/* Ends all parts inside that level's multipart: their bodies at that offset,
   or where the innermost one's begins if that is after it. */
MIME_PRIVATE void mime_tree_end_parts(struct mime_tree *t, uint32_t level,
    uint64_t offset, uint64_t lines);
/* After a delimiter line: the level's next part, or its epilogue. */
MIME_PRIVATE void mime_tree_next_part(struct mime_tree *t, uint32_t level,
    bool is_close, uint64_t offset, uint64_t lines);
/* The message's end, with no header going on. */
MIME_PRIVATE void mime_tree_end(struct mime_tree *t, uint64_t offset,
    uint64_t lines);
/* Before that: takes back a part that would begin at the message's end. */
MIME_PRIVATE void mime_tree_drop_empty(struct mime_tree *t, uint64_t offset);

/* mime_part.c: what a header says about its part.  Views into the header,
   which stays; memory from the arena for what had to be unfolded.  in_digest:
   the part stands in a multipart/digest.  Gives the boundary of a multipart
   that can be taken apart; else its data is NULL. */
MIME_PRIVATE void mime_part_describe(struct ms_arena *a,
    struct ms_mime_part *part, struct ms_str header, bool in_digest,
    struct ms_str *boundary_out);
/* Is the type "text/..."?  ("major" with its slash.) */
MIME_PRIVATE bool mime_type_is(const struct ms_mime_part *part,
    const char *major);
/* By its type a message whose body is one, whether it was taken apart or not. */
MIME_PRIVATE bool mime_type_is_message(const struct ms_mime_part *part);
/* The Content-Transfer-Encoding's token; empty: none, or not a token. */
MIME_PRIVATE struct ms_str mime_encoding_token(struct ms_arena *a,
    struct ms_str content_encoding);

/* imap_envelope.c: the fields that ENVELOPE and the digest are made of. */
struct mime_addresses {
	const struct ms_address *list;
	size_t n, cap;		/* cap 0: the list is somebody else's */
};

struct mime_envelope {
	/* Unfolded; data NULL: no such field. */
	struct ms_str date, subject, in_reply_to, message_id, references;
	struct mime_addresses from, sender, reply_to, to, cc, bcc;
};

MIME_PRIVATE void mime_envelope_read(struct ms_arena *a, struct ms_str header,
    struct mime_envelope *envelope_out);
MIME_PRIVATE void mime_envelope_write(const struct mime_envelope *e,
    struct ms_buf *out);

/* preview.c: the first 200 characters of the sample that the scanner kept. */
MIME_PRIVATE struct ms_str mime_preview(struct ms_arena *a,
    const struct ms_mime *m);

#endif
