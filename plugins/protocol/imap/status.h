/* SPDX-License-Identifier: ISC */
/*
 * status.h - STATUS (RFC 3501 6.3.10), with HIGHESTMODSEQ (RFC 7162), SIZE
 * (RFC 8438), MAILBOXID (RFC 8474), DELETED (RFC 9208), APPENDLIMIT (RFC 7889)
 */
#ifndef IMAP_STATUS_H
#define IMAP_STATUS_H

#include "session.h"

struct status {
	uint32_t      items;	/* 1 << index into a table of status.c */
	struct ms_str name;
};

/* "(MESSAGES UNSEEN)" */
bool status_parse_items(struct parse *p, uint32_t *items_out);
/* "* STATUS name (...)" */
void status_put(struct command *c, const struct ms_box *box, uint32_t items);
/* Does it ask for modseqs? */
bool status_has_modseq(uint32_t items);

bool status_parse(struct command *c);
enum progress status_run(struct command *c);

#endif
