/* SPDX-License-Identifier: ISC */
/*
 * select.h - SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 6.3.1, 6.4.2, RFC
 * 3691), with CONDSTORE and QRESYNC (RFC 7162)
 */
#ifndef IMAP_SELECT_H
#define IMAP_SELECT_H

#include "session.h"

bool select_parse(struct command *c);
enum progress select_run(struct command *c);
enum progress examine_run(struct command *c);
enum progress close_run(struct command *c);
enum progress unselect_run(struct command *c);

/* FLAGS anew, if the mailbox got keywords that were not told. */
void select_tell_keywords(struct command *c);

/* Leaves the selected mailbox; what was new to this session is no more
   \Recent to others.  Called like run(). */
enum progress selected_leave(struct command *c);
/* Forgets it, at once. */
void selected_clear(struct session *s);

/* "mailbox/ACCOUNT/BOX-ID": news of the selected mailbox. */
ms_status selected_watch(struct session *s, bool on, struct ms_error *err);

#endif
