/* SPDX-License-Identifier: ISC */
/* append.h - APPEND (RFC 3501 6.3.11), MULTIAPPEND (RFC 3502) */
#ifndef IMAP_APPEND_H
#define IMAP_APPEND_H

#include "session.h"

/* Is the literal that was just announced (c->literal) the message of an
   APPEND, and not its mailbox's name? */
bool append_is_message(struct command *c);

bool append_parse(struct command *c);
enum progress append_run(struct command *c);
void append_release(struct command *c);

#endif
