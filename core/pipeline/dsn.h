/* SPDX-License-Identifier: ISC */
/*
 * dsn.h - delivery status notifications (RFC 3464, 6522, 3461)
 *
 * Made by the queue runner for the sender of a message: failed, delayed, or
 * delivered where that was asked for.  Its own reverse-path is null, so that
 * none is ever made for one.
 */
#ifndef CORE_PIPELINE_DSN_H
#define CORE_PIPELINE_DSN_H

#include "pipeline/message.h"

enum { DSN_FAILED = 1, DSN_DELAYED, DSN_DELIVERED, DSN_RELAYED, DSN_EXPANDED };

struct dsn_recipient {
	struct ms_str path, original;	/* "rfc822;a@b", or "" */
	uint32_t      action;		/* DSN_... */
	const char   *enhanced;		/* RFC 3463 */
	const char   *text;		/* what was said */
	struct ms_str remote;		/* "mx [192.0.2.1]", "" none */
	int64_t       will_retry_until_us;	/* DSN_DELAYED */
};

/* Is one of that kind wanted?  (RFC 3461 4.1: without NOTIFY failure and
   delay are; none for the null reverse-path) */
bool dsn_is_wanted(const struct ms_message_info *info, uint32_t notify,
    uint32_t action);

/* One notification for all of them: a message of the scope's owner, to the
   reverse-path, ready to be queued. */
ms_status dsn_make(const struct ms_scope *scope, struct ms_message *about,
    const char *hostname, const struct dsn_recipient *recipients, size_t n,
    struct ms_message **message_out, struct ms_error *err);

#endif
