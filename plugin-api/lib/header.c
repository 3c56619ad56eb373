/* SPDX-License-Identifier: ISC */
/* header.c - see header.h: walking, finding, unfolding, adding fields */
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"

#define FOLD_COLUMN 78		/* RFC 5322 2.1.1 */

/* RFC 5322 3.6.8: printable, no colon. */
static bool
is_ftext(char c)
{
	return c > ' ' && c < 127 && c != ':';
}

bool
ms_header_name_is_valid(struct ms_str name)
{
	if (name.len == 0 || name.len > 76)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_ftext(name.data[i]))
			return false;
	return true;
}

/* Octets of the first line, its end included. */
static size_t
line_octets(struct ms_str s)
{
	size_t at = ms_str_find_octet(s, '\n');

	return at == SIZE_MAX ? s.len : at + 1;
}

static bool
is_empty_line(const char *line, size_t octets)
{
	return line[0] == '\n' || (octets >= 2 && line[0] == '\r' && line[1] == '\n');
}

/* Where the name ends that begins a field; 0: it is none. */
static size_t
name_octets(struct ms_str line, size_t *colon_out)
{
	size_t n = 0, colon;

	while (n < line.len && is_ftext(line.data[n]))
		n++;
	/* RFC 5322 4.5: space before the colon was once allowed. */
	for (colon = n; colon < line.len && ascii_is_wsp(line.data[colon]); colon++)
		;
	if (colon == line.len || line.data[colon] != ':')
		return 0;
	*colon_out = colon;
	return n;
}

bool
ms_header_next(struct ms_str *rest, struct ms_header_field *field_out)
{
	while (rest->len > 0) {
		size_t octets = line_octets(*rest), name, colon = 0, end;
		const char *start = rest->data;

		if (is_empty_line(start, octets)) {
			*rest = ms_str_from(*rest, octets);
			return false;
		}
		name = name_octets(ms_str_of(start, octets), &colon);
		*rest = ms_str_from(*rest, octets);
		if (name == 0)
			continue;
		while (rest->len > 0 && ascii_is_wsp(rest->data[0])) {
			size_t more = line_octets(*rest);

			octets += more;
			*rest = ms_str_from(*rest, more);
		}
		end = octets;
		if (end > 0 && start[end - 1] == '\n')
			end -= end > 1 && start[end - 2] == '\r' ? 2 : 1;
		field_out->name = ms_str_of(start, name);
		field_out->value = ms_str_of(start + colon + 1,
		    end > colon ? end - colon - 1 : 0);
		field_out->whole = ms_str_of(start, octets);
		return true;
	}
	return false;
}

size_t
ms_header_octets(struct ms_str message)
{
	size_t at = 0;

	while (at < message.len) {
		struct ms_str rest = ms_str_from(message, at);
		size_t octets = line_octets(rest);

		at += octets;
		if (is_empty_line(rest.data, octets))
			break;
	}
	return at;
}

bool
ms_header_find(struct ms_str header, const char *name, uint32_t nth,
    struct ms_header_field *field_out)
{
	struct ms_str wanted = ms_str_c(name);
	struct ms_header_field field;

	while (ms_header_next(&header, &field))
		if (ms_str_equal_ci(field.name, wanted) && nth-- == 0) {
			*field_out = field;
			return true;
		}
	return false;
}

/* Is there a line's end that white space follows?  Its octets, or 0. */
static size_t
fold_octets(struct ms_str s, size_t at)
{
	size_t n = s.data[at] == '\r' && at + 1 < s.len && s.data[at + 1] == '\n' ? 2 :
	    s.data[at] == '\n' ? 1 : 0;

	return n > 0 && at + n < s.len && ascii_is_wsp(s.data[at + n]) ? n : 0;
}

struct ms_str
ms_header_unfold(struct ms_arena *a, struct ms_str value)
{
	size_t at = 0, n = 0;
	char *out;

	value = ms_str_trim(value);
	if (ms_str_find_octet(value, '\n') == SIZE_MAX)
		return ms_arena_str(a, value);
	out = ms_arena_alloc(a, value.len + 1);
	while (at < value.len) {
		size_t fold = fold_octets(value, at);

		if (fold > 0)
			at += fold;
		else
			out[n++] = value.data[at++];
	}
	return ms_str_of(out, n);
}

struct ms_str
ms_header_uncomment(struct ms_arena *a, struct ms_str value)
{
	char *out = ms_arena_alloc(a, value.len + 1);
	bool is_quoted = false, has_gap = false;
	size_t depth = 0, n = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		bool is_pair = c == '\\' && (is_quoted || depth > 0) && i + 1 < value.len;

		if (depth > 0) {
			if (is_pair)
				i++;
			else if (c == '(')
				depth++;
			else if (c == ')')
				depth--;
			continue;
		}
		if (is_quoted && fold_octets(value, i) > 0) {
			i += fold_octets(value, i) - 1;
			continue;
		}
		if (!is_quoted && (c == '(' || ascii_is_blank(c))) {
			depth = c == '(';
			has_gap = true;
			continue;
		}
		if (has_gap && n > 0)
			out[n++] = ' ';
		has_gap = false;
		out[n++] = c;
		if (is_pair)
			out[n++] = value.data[++i];
		else if (c == '"')
			is_quoted = !is_quoted;
	}
	return ms_str_of(out, n);
}

static void
add_clean(struct ms_buf *out, struct ms_str s)
{
	size_t plain = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0') {
			ms_buf_add(out, ms_str_sub(s, plain, i - plain));
			ms_buf_add_octet(out, ' ');
			plain = i + 1;
		}
	ms_buf_add(out, ms_str_from(s, plain));
}

static bool
is_gap(char c)
{
	return ascii_is_blank(c) || c == '\0';
}

void
ms_header_add(struct ms_buf *out, struct ms_str name, struct ms_str value)
{
	size_t column = name.len + 2, at = 0;

	while (value.len > 0 && is_gap(value.data[0]))
		value = ms_str_from(value, 1);
	while (value.len > 0 && is_gap(value.data[value.len - 1]))
		value.len--;
	ms_buf_add(out, name);
	ms_buf_add(out, ms_str_of(": ", value.len > 0 ? 2 : 1));
	while (at < value.len) {
		size_t word = at, end;

		while (is_gap(value.data[word]))	/* the last octet is none */
			word++;
		for (end = word; end < value.len && !is_gap(value.data[end]); end++)
			;
		/* White space begins the next line, never a line of its own. */
		if (at > 0 && column + (end - at) > FOLD_COLUMN) {
			ms_buf_add(out, ms_str_of("\r\n", 2));
			column = 0;
		}
		add_clean(out, ms_str_sub(value, at, end - at));
		column += end - at;
		at = end;
	}
	ms_buf_add(out, ms_str_of("\r\n", 2));
}
