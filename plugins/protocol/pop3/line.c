/* SPDX-License-Identifier: ISC */
/* line.c - see line.h */
#include "line.h"

#include <mansio/str.h>

void
pop3_line_split(struct ms_str line, struct ms_str *verb_out,
    struct ms_str *rest_out)
{
	size_t blank = ms_str_find_octet(line, ' ');

	*verb_out = ms_str_sub(line, 0, blank);
	*rest_out = blank == SIZE_MAX ? ms_str_of("", 0) :
	    ms_str_from(line, blank + 1);
}

bool
pop3_line_is_foreign(struct ms_str line)
{
	static const struct ms_str words[] = {
		MS_STR("GET"), MS_STR("POST"), MS_STR("PUT"), MS_STR("HEAD"),
		MS_STR("OPTIONS"), MS_STR("CONNECT"), MS_STR("PRI"),
		MS_STR("Host:"),
	};
	struct ms_str verb, rest;

	if (line.len >= 2 && line.data[0] == 0x16 && line.data[1] == 0x03)
		return true;
	pop3_line_split(line, &verb, &rest);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ms_str_equal_ci(verb, words[i]))
			return true;
	return line.len > 0 && line.data[0] == '{';
}

bool
pop3_number(struct ms_str *args, uint64_t *number_out)
{
	struct ms_str rest = *args, word;
	size_t blank;

	while (rest.len > 0 && rest.data[0] == ' ')
		rest = ms_str_from(rest, 1);
	blank = ms_str_find_octet(rest, ' ');
	word = ms_str_sub(rest, 0, blank);
	if (!ms_str_to_u64(word, UINT32_MAX, number_out))
		return false;
	*args = ms_str_trim(ms_str_from(rest, word.len));
	return true;
}

size_t
pop3_top_piece(struct pop3_top *t, struct ms_str piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		if (t->done)
			return i;
		if (piece.data[i] != '\n') {
			t->in_line = t->in_line || piece.data[i] != '\r';
			continue;
		}
		if (t->in_body)
			t->lines--;
		else if (!t->in_line)
			t->in_body = true;
		t->in_line = false;
		t->done = t->in_body && t->lines == 0;
	}
	return piece.len;
}
