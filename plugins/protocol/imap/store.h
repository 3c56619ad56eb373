/* SPDX-License-Identifier: ISC */
/*
 * store.h - what changes messages of the selected mailbox: STORE (RFC 3501
 * 6.4.6, RFC 7162 3.1.3), COPY, MOVE (RFC 6851), EXPUNGE (RFC 4315 2.1)
 */
#ifndef IMAP_STORE_H
#define IMAP_STORE_H

#include "session.h"

bool store_parse(struct command *c);
enum progress store_run(struct command *c);

bool copy_parse(struct command *c);
enum progress copy_run(struct command *c);
enum progress move_run(struct command *c);

bool expunge_parse(struct command *c);
enum progress expunge_run(struct command *c);

/* False, with the reply set: EXAMINE opened it. */
bool selected_can_write(struct command *c);

#endif
