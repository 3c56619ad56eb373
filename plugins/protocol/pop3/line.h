/* SPDX-License-Identifier: ISC */
/*
 * line.h - POP3's command lines, and where TOP's lines end; pure
 */
#ifndef POP3_LINE_H
#define POP3_LINE_H

#include <stdbool.h>

#include <mansio/base.h>

/* "retr 3" to "retr" and "3".  The rest is as it came, for PASS: a password
   may begin or end with a blank. */
void pop3_line_split(struct ms_str line, struct ms_str *verb_out,
    struct ms_str *rest_out);
/* HTTP or TLS on this port. */
bool pop3_line_is_foreign(struct ms_str line);
/* Cuts the next number off *args.  False: there is none, or it is none. */
bool pop3_number(struct ms_str *args, uint64_t *number_out);

/* Header, empty line, and so many lines of the body: RFC 1939 7. */
struct pop3_top {
	uint64_t lines;		/* of the body, still to be shown */
	bool     in_body;
	bool     in_line;	/* the line so far is not empty */
	bool     done;
};
/* How much of the piece belongs to it; less than all of it: done. */
size_t pop3_top_piece(struct pop3_top *t, struct ms_str piece);

#endif
