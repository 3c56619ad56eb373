/* SPDX-License-Identifier: ISC */
/*
 * searching.h - the commands SEARCH (RFC 3501 6.4.4) with ESEARCH (RFC 4731)
 * and SEARCHRES (RFC 5182), SORT and THREAD (RFC 5256)
 */
#ifndef IMAP_SEARCHING_H
#define IMAP_SEARCHING_H

#include "session.h"

bool search_parse(struct command *c);
enum progress search_run(struct command *c);
void search_release(struct command *c);

#endif
