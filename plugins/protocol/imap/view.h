/* SPDX-License-Identifier: ISC */
/*
 * view.h - sequence numbers, derived
 *
 * What a client believes to be in the selected mailbox follows from two
 * numbers: the highest UID and the modseq of the expunges it was told of.  Its
 * view is exactly
 *
 *	{ UIDs now there, up to told_uid }  +  { UIDs gone after told_gone }
 *
 * and stays so whatever others do meanwhile.  A view is made when a command
 * needs numbers, and dropped with it: it costs as many ranges as there are
 * gaps between UIDs, and a session that idles keeps nothing.
 */
#ifndef IMAP_VIEW_H
#define IMAP_VIEW_H

#include "session.h"

/* UIDs first..last have the numbers before + 1, ... */
struct view_range {
	uint32_t first, last;
	uint32_t before;
};

struct view {
	const struct view_range *ranges;
	size_t         n;
	uint32_t       count;	/* messages: EXISTS as it was told */
	uint32_t       max_uid;	/* of the last; 0: empty */
	struct ms_uids uids;	/* the same without numbers */
	struct ms_uids alive;	/* all that are there now, also above told_uid */
	struct ms_uids gone;	/* of the view, but no more there */
	uint64_t       modseq;	/* of the mailbox, when `alive` was read */
};

/* In the command's arena.  MS_NOTFOUND: the mailbox is gone.  MS_CONFLICT:
   the store no longer knows what went since: the client must start anew.
   After either, view_failed() ends the session. */
ms_status view_make(struct command *c, struct view *view_out,
    struct ms_error *err);
/* The same with the failure handled: false, and the reply set or BYE said. */
bool view_need(struct command *c, struct view *view_out);
void view_failed(struct command *c, ms_status status,
    const struct ms_error *err);

/* 0: not in the view. */
uint32_t view_seq(const struct view *v, uint32_t uid);
uint32_t view_uid(const struct view *v, uint32_t seq);

/* A command's set as UIDs of the view.  By numbers: false if it names a
   message that there is not (BAD, RFC 3501 9. "seq-number").  UIDs that are
   not there are left out.  The reply is set. */
bool view_uids(struct command *c, const struct view *v, const struct set *set,
    bool is_uid, struct ms_uids *uids_out);
/* A set of UIDs as it was asked for, whether they are there or not. */
struct ms_uids view_asked(struct command *c, const struct view *v,
    const struct set *set);
/* UIDs as sequence numbers, all of the view. */
struct ms_uids view_seqs(struct ms_arena *arena, const struct view *v,
    struct ms_uids uids);

/* view_seq() for UIDs that ascend: each costs nothing. */
struct view_cursor {
	const struct view *view;
	size_t             at;
};

static inline uint32_t
view_next(struct view_cursor *cursor, uint32_t uid)
{
	const struct view *v = cursor->view;

	while (cursor->at < v->n && v->ranges[cursor->at].last < uid)
		cursor->at++;
	if (cursor->at == v->n || v->ranges[cursor->at].first > uid)
		return 0;
	return v->ranges[cursor->at].before + uid -
	    v->ranges[cursor->at].first + 1;
}

#endif
