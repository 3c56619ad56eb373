/* SPDX-License-Identifier: ISC */
/* parse.c - see parse.h */
#include "parse.h"

#include <mansio/date.h>
#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "imap.h"

/* ATOM-CHAR is any CHAR but atom-specials: ( ) { SP CTL % * " \ ] */
bool
parse_is_atom_octet(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '(' && c != ')' && c != '{' &&
	    c != '%' && c != '*' && c != '"' && c != '\\' && c != ']';
}

static bool
take_while(struct parse *p, const char *also, const char *never,
    struct ms_str *out)
{
	size_t at = p->at;

	while (at < p->in.len) {
		unsigned char c = (unsigned char)p->in.data[at];

		if ((!parse_is_atom_octet(c) &&
		    (c == 0 || strchr(also, c) == NULL)) ||
		    (c != 0 && strchr(never, c) != NULL))
			break;
		at++;
	}
	if (at == p->at)
		return false;
	*out = ms_str_of(p->in.data + p->at, at - p->at);
	p->at = at;
	return true;
}

/* tag = 1*<any ASTRING-CHAR except "+"> */
bool
parse_tag(struct parse *p, struct ms_str *out)
{
	size_t at = p->at;

	if (!take_while(p, "]", "+", out))
		return false;
	if (out->len > IMAP_MAX_TAG) {
		p->at = at;
		return false;
	}
	return true;
}

bool
parse_atom(struct parse *p, struct ms_str *out)
{
	return take_while(p, "", "", out);
}

bool
parse_word(struct parse *p, const char *word)
{
	size_t at = p->at;
	struct ms_str atom;

	if (parse_atom(p, &atom) && ms_str_equal_ci(atom, ms_str_c(word)))
		return true;
	p->at = at;
	return false;
}

static bool
take_quoted(struct parse *p, struct ms_str *out)
{
	size_t at = p->at + 1, from = at, escapes = 0;
	char *copy;

	for (; at < p->in.len && p->in.data[at] != '"'; at++) {
		if (p->in.data[at] == '\r' || p->in.data[at] == '\n' ||
		    p->in.data[at] == '\0')
			return false;
		if (p->in.data[at] != '\\')
			continue;
		/* quoted-specials alone may stand after a backslash. */
		if (++at >= p->in.len ||
		    (p->in.data[at] != '"' && p->in.data[at] != '\\'))
			return false;
		escapes++;
	}
	if (at >= p->in.len)
		return false;
	*out = ms_str_of(p->in.data + from, at - from);
	/* RFC 6855 3.: what is not ASCII is UTF-8.  Clients send it without
	   having said so; that is taken, too. */
	if (!ms_utf8_is_valid(*out, false))
		return false;
	p->at = at + 1;
	if (escapes == 0)
		return true;
	copy = ms_arena_alloc(p->arena, out->len);
	for (size_t i = 0, n = 0; i < out->len; i++, n++) {
		if (out->data[i] == '\\')
			i++;
		copy[n] = out->data[i];
	}
	*out = ms_str_of(copy, out->len - escapes);
	return true;
}

/* Digits without a sign; false past max. */
static bool
take_number(struct ms_str in, size_t *at_io, uint64_t max, uint64_t *out)
{
	size_t at = *at_io;
	uint64_t v = 0;

	while (at < in.len && in.data[at] >= '0' && in.data[at] <= '9') {
		uint64_t digit = (uint64_t)(in.data[at] - '0');

		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
		at++;
	}
	if (at == *at_io)
		return false;
	*at_io = at;
	*out = v;
	return true;
}

static bool
take_literal(struct parse *p, struct ms_str *out)
{
	size_t at = p->at + 1;
	uint64_t n;

	if (!take_number(p->in, &at, SIZE_MAX / 2, &n))
		return false;
	if (at < p->in.len && p->in.data[at] == '+')
		at++;
	if (p->in.len - at < 3 || memcmp(p->in.data + at, "}\r\n", 3) != 0)
		return false;
	at += 3;
	if (n > p->in.len - at)
		return false;
	*out = ms_str_of(p->in.data + at, (size_t)n);
	p->at = at + (size_t)n;
	return true;
}

bool
parse_string(struct parse *p, struct ms_str *out)
{
	size_t at = p->at;

	if (parse_peek(p) == '"')
		return take_quoted(p, out);
	if (parse_peek(p) != '{')
		return false;
	/* RFC 3501 9: CHAR8 is any octet but NUL. */
	if (take_literal(p, out) && ms_str_find_octet(*out, '\0') == SIZE_MAX)
		return true;
	p->at = at;
	return false;
}

bool
parse_string8(struct parse *p, bool *is_binary, struct ms_str *out)
{
	size_t at = p->at;

	*is_binary = false;
	if (parse_string(p, out))
		return true;
	if (!parse_octet(p, '~') || parse_peek(p) != '{' ||
	    !take_literal(p, out)) {
		p->at = at;
		return false;
	}
	*is_binary = true;
	return true;
}

bool
parse_astring(struct parse *p, struct ms_str *out)
{
	return parse_string(p, out) || take_while(p, "]", "", out);
}

bool
parse_nstring(struct parse *p, struct ms_str *out)
{
	if (parse_word(p, "NIL")) {
		*out = ms_str_of(NULL, 0);
		return true;
	}
	return parse_string(p, out);
}

bool
parse_list_mailbox(struct parse *p, struct ms_str *out)
{
	return parse_string(p, out) || take_while(p, "]%*", "", out);
}

bool
parse_u64(struct parse *p, uint64_t max, uint64_t *out)
{
	return take_number(p->in, &p->at, max, out);
}

bool
parse_u32(struct parse *p, uint32_t *out)
{
	uint64_t v;

	if (!parse_u64(p, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

bool
parse_nz(struct parse *p, uint32_t *out)
{
	size_t at = p->at;
	uint32_t v;

	if (parse_u32(p, &v) && v != 0) {
		*out = v;
		return true;
	}
	p->at = at;
	return false;
}

/* seq-number = nz-number / "*" */
static bool
take_seq_number(struct parse *p, uint32_t *out)
{
	if (parse_octet(p, '*')) {
		*out = 0;
		return true;
	}
	return parse_nz(p, out);
}

bool
parse_set(struct parse *p, struct set *out)
{
	size_t at = p->at, room = 1, n = 0;
	struct ms_uid_range *ranges;

	if (parse_octet(p, '$')) {
		*out = (struct set){ .has_saved = true };
		return true;
	}
	/* What the set can hold at most is paid for by its own octets. */
	for (size_t i = at; i < p->in.len && p->in.data[i] != ' ' &&
	    p->in.data[i] != ')' && p->in.data[i] != '\r'; i++)
		room += p->in.data[i] == ',';
	ranges = ms_arena_array(p->arena, room, sizeof(*ranges));
	do {
		struct ms_uid_range *r = &ranges[n];

		if (n == room || !take_seq_number(p, &r->first))
			goto fail;
		r->last = r->first;
		if (parse_octet(p, ':') && !take_seq_number(p, &r->last))
			goto fail;
		n++;
	} while (parse_octet(p, ','));
	*out = (struct set){ .ranges = ranges, .n = n };
	return true;
fail:
	p->at = at;
	return false;
}

static bool
take_flag(struct parse *p, struct flags *f, struct ms_str *keywords)
{
	static const struct {
		const char *name;
		uint32_t    flag;
	} system[] = {
		{ "Seen", MS_FLAG_SEEN }, { "Answered", MS_FLAG_ANSWERED },
		{ "Flagged", MS_FLAG_FLAGGED }, { "Deleted", MS_FLAG_DELETED },
		{ "Draft", MS_FLAG_DRAFT },
	};
	struct ms_str word;

	if (!parse_octet(p, '\\')) {
		if (!parse_atom(p, &word) || word.len > MS_MAX_KEYWORD ||
		    f->n_keywords == IMAP_MAX_KEYWORDS)
			return false;
		for (uint32_t i = 0; i < f->n_keywords; i++)
			if (ms_str_equal_ci(keywords[i], word))
				return true;
		keywords[f->n_keywords++] = word;
		return true;
	}
	if (!parse_atom(p, &word))
		return false;
	for (size_t i = 0; i < sizeof(system) / sizeof(*system); i++)
		if (ms_str_equal_ci(word, ms_str_c(system[i].name))) {
			f->flags |= system[i].flag;
			return true;
		}
	f->has_recent = ms_str_is_ci(word, "Recent");
	return f->has_recent;
}

static bool
take_flags(struct parse *p, bool in_list, struct flags *out)
{
	struct flags f = { 0 };
	struct ms_str *keywords = ms_arena_array(p->arena, IMAP_MAX_KEYWORDS,
	    sizeof(*keywords));
	size_t at = p->at;

	if (in_list && !parse_octet(p, '('))
		return false;
	if (!in_list || parse_peek(p) != ')')
		do
			if (!take_flag(p, &f, keywords))
				goto fail;
		while (parse_space(p));
	if (in_list && !parse_octet(p, ')'))
		goto fail;
	f.keywords = keywords;
	*out = f;
	return true;
fail:
	p->at = at;
	return false;
}

bool
parse_flag_list(struct parse *p, struct flags *out)
{
	return take_flags(p, true, out);
}

bool
parse_flags_bare(struct parse *p, struct flags *out)
{
	return take_flags(p, false, out);
}

bool
parse_date_time(struct parse *p, int64_t *time_us)
{
	size_t at = p->at;
	struct ms_str text;
	int32_t zone;

	if (parse_peek(p) == '"' && take_quoted(p, &text) &&
	    ms_date_parse_imap(text, time_us, &zone))
		return true;
	p->at = at;
	return false;
}

bool
parse_date(struct parse *p, int64_t *day_us)
{
	size_t at = p->at;
	struct ms_str text;

	/* date = date-text / DQUOTE date-text DQUOTE; clients send literals. */
	if (parse_astring(p, &text) && ms_date_parse_imap_day(text, day_us))
		return true;
	p->at = at;
	return false;
}

bool
parse_literal_at_end(struct ms_str line, struct literal *out)
{
	struct literal l = { .is_sync = true };
	size_t at, end = line.len;

	if (end < 3 || line.data[--end] != '}')
		return false;
	if (line.data[end - 1] == '+') {
		l.is_sync = false;
		end--;
	}
	at = end;
	while (at > 0 && line.data[at - 1] >= '0' && line.data[at - 1] <= '9')
		at--;
	if (at == end || at == 0 || line.data[at - 1] != '{')
		return false;
	l.at = at - 1;
	if (!take_number(line, &at, INT64_MAX, &l.octets))
		l.is_too_large = true;
	if (l.at > 0 && line.data[l.at - 1] == '~') {
		l.is_binary = true;
		l.at--;
	}
	/* A literal is an argument of its own: after a space or a parenthesis,
	   or alone on a continuation line.  "x{3}" is text. */
	if (l.at > 0 && line.data[l.at - 1] != ' ' && line.data[l.at - 1] != '(')
		return false;
	*out = l;
	return true;
}
