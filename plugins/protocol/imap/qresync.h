/* SPDX-License-Identifier: ISC */
/*
 * qresync.h - bringing a client up to date that knew the mailbox before (RFC
 * 7162 3.2.5, 3.2.6)
 */
#ifndef IMAP_QRESYNC_H
#define IMAP_QRESYNC_H

#include "session.h"
#include "view.h"

struct qresync {
	bool          is_wanted;
	uint32_t      uidvalidity;
	uint64_t      modseq;
	struct set    known;		/* n 0: all */
	struct set    seqs, uids;	/* samples of what it knows; n 0: none */
	/* while it runs */
	bool          has_begun;
	struct view   view;
	struct ms_uids within;
	struct ms_row after;
};

/* " (uidvalidity modseq [known [(seqs uids)]])" */
bool qresync_parse(struct command *c, struct qresync *q);
/* VANISHED (EARLIER), then FETCH for each changed message. */
enum progress qresync_run(struct command *c, struct qresync *q);

/* Tells which UIDs of `within` went after that modseq: "VANISHED (EARLIER)".
   False: a failure, handled. */
bool qresync_vanished(struct command *c, const struct view *view,
    struct ms_uids within, uint64_t since);

#endif
