/* SPDX-License-Identifier: ISC */
/*
 * searching.h - the commands SEARCH (RFC 3501 6.4.4) with ESEARCH (RFC 4731)
 * and SEARCHRES (RFC 5182), SORT and THREAD (RFC 5256)
 */
#ifndef IMAP_SEARCHING_H
#define IMAP_SEARCHING_H

#include "search.h"
#include "session.h"

bool search_parse(struct command *c);
enum progress search_run(struct command *c);
void search_release(struct command *c);

bool sort_parse(struct command *c);
enum progress sort_run(struct command *c);
void sort_release(struct command *c);

bool thread_parse(struct command *c);
enum progress thread_run(struct command *c);
void thread_release(struct command *c);

/* " CHARSET keys", as SORT and THREAD end. */
bool searching_parse_rest(struct command *c, struct search *s);

#endif
