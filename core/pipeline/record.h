/* SPDX-License-Identifier: ISC */
/*
 * record.h - a message's envelope as octets, for the queue to keep
 *
 * Everything of an accepted message but its body: envelope, the overlay (what
 * stands before the body, and how much of the body's own header that
 * replaces), facts that delivery wants, the trace.  The first octet is the
 * version.  A part's record (what is kept for some of the recipients: numbers
 * and the last reply) is the smaller sibling.
 */
#ifndef CORE_PIPELINE_RECORD_H
#define CORE_PIPELINE_RECORD_H

#include "pipeline/message.h"

#define RECORD_VERSION	1
#define RECORD_MAX	(8 * 1024 * 1024)

void record_encode(struct ms_message *m, struct ms_buf *out);
/* A message of the scope's owner; its body is `body` under the overlay. */
ms_status record_decode(const struct ms_scope *scope, struct ms_str record,
    struct ms_blob *body, struct ms_message **message_out, struct ms_error *err);

/* Numbers of the recipients that a part stands for (NULL: all), and the last
   thing that was said to them. */
struct part_record {
	const uint32_t *numbers;
	uint32_t        n;		/* UINT32_MAX: all */
	uint32_t        warned;		/* a delay DSN was sent */
	uint32_t        routed;		/* delivery and destination are known */
	struct ms_str   reply;		/* "451 4.3.0 ..." or "" */
	struct ms_str   remote;
	const struct ms_str *expanded;	/* paths that stand for them, by route:
					   n of them, "" as the recipient's own */
	const uint32_t *flags;		/* of those: MS_RECIPIENT_... */
};
void part_encode(const struct part_record *p, struct ms_buf *out);
/* "" is the part of a new message: all, unrouted. */
ms_status part_decode(struct ms_str record, struct ms_arena *arena,
    struct part_record *p_out, struct ms_error *err);

#endif
