/* SPDX-License-Identifier: ISC */
/*
 * collect.h - what was found, with what it is to be sorted or threaded by
 */
#ifndef IMAP_COLLECT_H
#define IMAP_COLLECT_H

#include "find.h"

struct entry {
	uint32_t      uid;
	uint32_t      number;	/* as it is told: UID or sequence number */
	uint64_t      octets;
	int64_t       arrived_us;
	int64_t       sent_us;	/* RFC 5256 2.2: INTERNALDATE without a Date: */
	struct ms_str subject;	/* base subject, folded */
	struct ms_str from, to, cc, display_from, display_to;
	const uint64_t *keys;	/* message ids: its own, then its references */
	uint32_t      n_keys;
	bool          is_reply;	/* RFC 5256 2.1: so its subject says */
};

enum {	/* which members are wanted beside dates and size */
	COLLECT_SUBJECT = 1, COLLECT_FROM = 2, COLLECT_TO = 4, COLLECT_CC = 8,
	COLLECT_DISPLAY = 16, COLLECT_KEYS = 32, COLLECT_SENT = 64
};

struct collect {
	struct find   find;
	uint32_t      want;
	struct entry *entries;	/* by uid */
	size_t        n, room;
	struct ms_row after;
	bool          has_begun;
};

/* Finds and collects.  Called like run(); a failure sets the reply. */
enum progress collect_run(struct command *c, struct collect *all);

/* Does the command use more memory than it may?  The reply is then set. */
bool collect_is_too_much(struct command *c);

#endif
