/* SPDX-License-Identifier: ISC */
/* account.h - the account of the session, and its mailboxes by name */
#ifndef IMAP_ACCOUNT_H
#define IMAP_ACCOUNT_H

#include "session.h"

/* Opens the account unless it is open; makes its INBOX if there is none
   (RFC 3501 5.1: INBOX always exists).  Called like run(); a failure sets the
   reply. */
enum progress account_open(struct command *c);

/* The mailbox of exactly that name; MS_NOTFOUND.  In the scope's arena. */
ms_status account_find(struct command *c, const struct ms_scope *scope,
    struct ms_str name, bool with_counters, const struct ms_box **box_out,
    struct ms_error *err);

/* The same for a command's argument: also not a name that can't be
   selected; a failure sets the reply.  hint: a failed target of APPEND, COPY
   and MOVE says TRYCREATE. */
bool account_need(struct command *c, struct ms_str name, bool is_target,
    const struct ms_box **box_out);

#endif
