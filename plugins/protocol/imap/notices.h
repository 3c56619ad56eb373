/* SPDX-License-Identifier: ISC */
/*
 * notices.h - telling a client what others did to its selected mailbox
 *
 * After each command, and at each event within IDLE: changed flags, expunges,
 * new messages (RFC 3501 5.2, 7.3, 7.4; RFC 7162 3.2.10).
 */
#ifndef IMAP_NOTICES_H
#define IMAP_NOTICES_H

#include "session.h"

/* Called until it is done.  may_expunge 0: a command with sequence numbers
   was just answered, so none may change yet (RFC 3501 7.4.1). */
enum progress notices_run(struct command *c, bool may_expunge);

/* "* 5 FETCH (UID 9 FLAGS (\Seen) MODSEQ (12))": what is wanted of it. */
enum { LINE_UID = 1, LINE_FLAGS = 2, LINE_MODSEQ = 4 };
void notice_fetch(struct command *c, uint32_t seq, const struct ms_row *row,
    uint32_t what);

/* Are its messages \Recent in this session? */
bool selected_is_recent(const struct selected *sel, uint32_t uid);

#endif
