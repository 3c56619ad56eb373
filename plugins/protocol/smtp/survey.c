/* SPDX-License-Identifier: ISC */
/* survey.c - see survey.h */
#include "survey.h"

#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

void
smtp_survey(struct ms_str header, struct smtp_survey *out)
{
	struct smtp_survey s = { .received = 0 };
	struct ms_header_field f;

	while (ms_header_next(&header, &f)) {
		if (ms_str_is_ci(f.name, "Received"))
			s.received++;
		else if (ms_str_is_ci(f.name, "From"))
			s.from++;
		else if (ms_str_is_ci(f.name, "Date"))
			s.date++;
		else if (ms_str_is_ci(f.name, "Message-ID"))
			s.message_id++;
		else if (ms_str_is_ci(f.name, "Bcc"))
			s.bcc++;
		else if (ms_str_is_ci(f.name, "Delivered-To"))
			s.delivered_to++;
	}
	*out = s;
}

void
smtp_text_piece(struct smtp_text *t, struct ms_str piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		unsigned char c = (unsigned char)piece.data[i];

		if (t->after_cr != (c == '\n'))
			t->found |= SMTP_TEXT_BARE;
		t->after_cr = c == '\r';
		if (c == '\n') {
			t->line = 0;
			continue;
		}
		if (c == 0)
			t->found |= SMTP_TEXT_NUL;
		else if (c >= 0x80)
			t->found |= SMTP_TEXT_8BIT;
		if (c != '\r' && ++t->line > MS_MAX_TEXT_LINE) {
			t->found |= SMTP_TEXT_LONG;
			t->line = MS_MAX_TEXT_LINE;
		}
	}
}

void
smtp_text_end(struct smtp_text *t)
{
	if (t->after_cr)
		t->found |= SMTP_TEXT_BARE;
	t->after_cr = false;
}
