/* SPDX-License-Identifier: ISC */
/*
 * fetch.h - FETCH and UID FETCH (RFC 3501 6.4.5), with CHANGEDSINCE and
 * VANISHED (RFC 7162)
 */
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include "message.h"
#include "section.h"
#include "session.h"
#include "view.h"

enum {
	ITEM_UID = 1, ITEM_FLAGS, ITEM_MODSEQ, ITEM_SIZE, ITEM_INTERNALDATE,
	ITEM_ENVELOPE, ITEM_BODY, ITEM_BODYSTRUCTURE, ITEM_EMAILID,
	ITEM_THREADID, ITEM_SAVEDATE, ITEM_PREVIEW, ITEM_SECTION
};

#define FETCH_MAX_ITEMS	256

struct fetch_item {
	uint32_t        kind;	/* ITEM_... */
	struct section *section;
};

struct fetch {
	struct set         set;
	struct fetch_item *items;
	size_t             n_items;
	uint32_t           has;		/* 1 << ITEM_... */
	uint32_t           want;	/* MS_ROW_... */
	bool               sets_seen;	/* an item that is not .PEEK */
	bool               wants_vanished;
	bool               wants_changes;
	uint64_t           changed_since;

	/* while it runs */
	struct view        view;
	struct ms_uids     uids;
	struct ms_uids     unseen;	/* that now are \Seen by us */
	struct ms_job_store *seen;
	struct ms_row      after;	/* key of the last row that was sent */
	uint32_t           row_octets;	/* about so much is sent for a row */
	bool               has_failed;
	bool               has_missed;
	uint64_t           n_gone_asked, n_gone_put;
	const char        *code;	/* NO, with that code; NULL none */
};

bool fetch_parse(struct command *c);
enum progress fetch_run(struct command *c);

/* Parsing the items; false: BAD. */
bool fetch_parse_items(struct command *c, struct fetch *f);

/* "* 5 FETCH (...)".  A failure leaves nothing of the line, or ends the
   session if it was on its way. */
ms_status fetch_put(struct command *c, struct fetch *f, struct message *m,
    bool was_made_seen, struct ms_error *err);

#endif
