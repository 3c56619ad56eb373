/* SPDX-License-Identifier: ISC */
/*
 * message.h - one message while it is looked at: its row, its digest, its
 * body
 *
 * What is not in the row is fetched when it is asked for: the body's handle,
 * and a scan of the body where the digest is missing or lacks something.
 * Memory comes from the page's arena; the handle is released by
 * message_done().
 */
#ifndef IMAP_MESSAGE_H
#define IMAP_MESSAGE_H

#include <mansio/digest.h>
#include <mansio/mime.h>

#include "session.h"

struct message {
	struct command       *command;
	struct ms_scope       scope;	/* arena: the page's */
	const struct ms_row  *row;
	uint32_t              seq;
	struct ms_blob       *body;
	const struct ms_mime *mime;
	struct ms_digest      digest;
	bool                  has_digest;
	bool                  looked_at_digest;
};

void message_init(struct message *m, struct command *c,
    const struct ms_scope *page, const struct ms_row *row, uint32_t seq);
void message_done(struct message *m);

/* MS_NOTFOUND: it went; else it cannot be read. */
ms_status message_open_body(struct message *m, struct ms_error *err);
/* Its digest, or one made of a scan.  Members may have no data all the same. */
ms_status message_need_digest(struct message *m, struct ms_error *err);
ms_status message_need_scan(struct message *m, struct ms_error *err);

/* Adds the value of the item. */
ms_status message_add_envelope(struct message *m, struct ms_buf *out,
    struct ms_error *err);
ms_status message_add_structure(struct message *m, bool extensible,
    struct ms_buf *out, struct ms_error *err);

/* Where a part lies; MS_NOTFOUND: there is none of that number. */
ms_status message_find_part(struct message *m, const uint32_t *numbers,
    size_t n, struct ms_digest_part *part_out, struct ms_error *err);

/* A stretch of the body, all of it, at most limit octets; lent until the
   page ends. */
ms_status message_read(struct message *m, uint64_t offset, uint64_t octets,
    size_t limit, struct ms_str *out, struct ms_error *err);

#endif
