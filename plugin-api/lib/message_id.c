/* SPDX-License-Identifier: ISC */
/* message_id.c - see header.h: ids of Message-ID, In-Reply-To, References */
#include <mansio/header.h>
#include <mansio/str.h>

#include "ascii.h"

static bool
has_blank(struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_blank(s.data[i]))
			return true;
	return false;
}

/* RFC 5322 4.5.4: old fields have phrases between the ids; they are passed
   over.  What has white space inside is no id but text in brackets. */
bool
ms_message_id_next(struct ms_str *rest, struct ms_str *id_out)
{
	struct ms_str s = *rest;
	size_t open = SIZE_MAX;

	for (size_t i = 0; i < s.len; i++) {
		struct ms_str id;

		if (s.data[i] == '<')
			open = i + 1;
		if (s.data[i] != '>' || open == SIZE_MAX)
			continue;
		id = ms_str_trim(ms_str_sub(s, open, i - open));
		open = SIZE_MAX;
		if (id.len == 0 || has_blank(id))
			continue;
		*rest = ms_str_from(s, i + 1);
		*id_out = id;
		return true;
	}
	*rest = ms_str_from(s, s.len);
	return false;
}
