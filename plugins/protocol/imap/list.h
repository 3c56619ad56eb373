/* SPDX-License-Identifier: ISC */
/*
 * list.h - LIST and LSUB (RFC 3501 6.3.8-9), LIST's extended form (RFC 5258),
 * with STATUS (RFC 5819) and SPECIAL-USE (RFC 6154)
 */
#ifndef IMAP_LIST_H
#define IMAP_LIST_H

#include "session.h"

bool list_parse(struct command *c);
bool lsub_parse(struct command *c);
enum progress list_run(struct command *c);

#endif
