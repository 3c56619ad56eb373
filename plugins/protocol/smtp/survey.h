/* SPDX-License-Identifier: ISC */
/*
 * survey.h - one look at a message that came: its header, its line ends
 *
 * Pure, linear, without memory of its own.
 */
#ifndef SMTP_SURVEY_H
#define SMTP_SURVEY_H

#include <stdbool.h>

#include <mansio/base.h>

struct smtp_survey {
	uint32_t received;	/* Received fields: RFC 5321 6.3 */
	uint32_t from, date, message_id, bcc;
	uint32_t delivered_to;
};
/* Counts fields in a header, or in the first part of a long one. */
void smtp_survey(struct ms_str header, struct smtp_survey *out);

enum { SMTP_TEXT_BARE = 1, SMTP_TEXT_NUL = 2, SMTP_TEXT_8BIT = 4,
       SMTP_TEXT_LONG = 8 };
/* Text that comes in pieces, cut anywhere: BDAT chunks (RFC 3030 wants lines
   delimited by CR LF there, too). */
struct smtp_text {
	uint32_t found;		/* SMTP_TEXT_... */
	uint32_t line;		/* octets of the line so far */
	bool     after_cr;
};
void smtp_text_piece(struct smtp_text *t, struct ms_str piece);
void smtp_text_end(struct smtp_text *t);

#endif
