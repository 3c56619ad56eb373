/* SPDX-License-Identifier: ISC */
/*
 * find.h - going through the mailbox for what SEARCH, SORT and THREAD ask
 *
 * In slices: after some milliseconds a step ends and a later one goes on, so
 * that a long search holds no thread for long; after a time in all (an
 * option) it is given up: NO [LIMIT].
 */
#ifndef IMAP_FIND_H
#define IMAP_FIND_H

#include "search.h"
#include "uids.h"

struct find {
	struct search       search;
	struct view         view;
	struct ms_uids      todo;
	bool                is_exact;	/* todo is the answer */
	struct ms_row       after;
	struct ms_uids      sure;	/* by the store's word: not to be tested */
	struct uids_builder found;
	struct ms_uids      uids;	/* the answer */
	uint64_t            modseq;	/* the highest of what was found */
	uint64_t            first_modseq, last_modseq;
	uint32_t            phase;
	int64_t             used_us;
	int64_t             slice_from_us;
	struct ms_arena    *text;	/* of one message; see find_done() */
};

/* Called like run(), until PROGRESS_DONE; then uids is the answer, or the
   reply is set. */
enum progress find_run(struct command *c, struct find *f);
void find_done(struct find *f);

/* Time: true when the slice is over; also sets the reply when all is. */
void find_begin_slice(struct command *c, struct find *f);
bool find_is_tired(struct command *c, struct find *f);

#endif
