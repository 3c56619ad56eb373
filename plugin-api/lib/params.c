/* SPDX-License-Identifier: ISC */
/*
 * params.c - see header.h: Content-Type and Content-Disposition taken apart
 *
 * RFC 2045 5.1 with RFC 2231's pieces and charsets.  The value is cleaned of
 * folding and comments first; then each parameter is cut off in turn.  What
 * the grammar forbids and senders do: values with spaces and no quotes, a
 * missing semicolon, encoded words within values.
 */
#include <mansio/encode.h>
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"

struct piece {
	struct ms_str value;
	bool          is_there, is_encoded;	/* RFC 2231 4. */
};

/* One parameter while it is gathered. */
struct gathered {
	struct ms_str name;
	struct ms_str plain;		/* data NULL: only pieces */
	struct piece *pieces;		/* MS_MAX_PARAM_PIECES, or NULL */
};

struct reader {
	struct ms_arena *arena;
	struct ms_str    rest;
};

static void
skip_blanks(struct reader *r)
{
	while (r->rest.len > 0 && ascii_is_blank(r->rest.data[0]))
		r->rest = ms_str_from(r->rest, 1);
}

/* A quoted-string without its quotes; without its end it goes to the end. */
static struct ms_str
read_quoted(struct reader *r)
{
	char *out = NULL;
	struct ms_str s = ms_str_from(r->rest, 1);
	size_t n = 0, i;

	for (i = 0; i < s.len && s.data[i] != '"'; i++) {
		if (s.data[i] == '\\' && i + 1 < s.len) {
			if (out == NULL) {
				out = ms_arena_alloc(r->arena, s.len);
				memcpy(out, s.data, i);
			}
			i++;
		}
		if (out != NULL)
			out[n] = s.data[i];
		n++;
	}
	r->rest = ms_str_from(s, i < s.len ? i + 1 : i);
	return ms_str_of(out != NULL ? out : s.data, n);
}

/* Does "name=" stand here, so that a semicolon was forgotten before it? */
static bool
is_next_param(struct ms_str s)
{
	size_t n = 0;

	while (n < s.len && (ascii_is_alnum(s.data[n]) || s.data[n] == '-' ||
	    s.data[n] == '*'))
		n++;
	return n > 0 && n < s.len && s.data[n] == '=';
}

static struct ms_str
read_bare(struct reader *r)
{
	struct ms_str s = r->rest;
	size_t n = 0;

	for (; n < s.len && s.data[n] != ';'; n++)
		if (ascii_is_blank(s.data[n]) && is_next_param(ms_str_from(s, n + 1)))
			break;
	r->rest = ms_str_from(s, n);
	return ms_str_trim(ms_str_sub(s, 0, n));
}

/* The next name and value, whatever stands between; false: no more. */
static bool
read_param(struct reader *r, struct ms_str *name_out, struct ms_str *value_out)
{
	while (r->rest.len > 0) {
		struct ms_str s = r->rest;
		size_t n = 0, word;

		while (n < s.len && s.data[n] != ';' && s.data[n] != '=')
			n++;
		r->rest = ms_str_from(s, n + 1);
		if (n == s.len || s.data[n] == ';')
			continue;
		*name_out = ms_str_trim(ms_str_sub(s, 0, n));
		for (word = name_out->len; word > 0 &&
		    !ascii_is_blank(name_out->data[word - 1]); word--)
			;
		*name_out = ms_str_from(*name_out, word);
		skip_blanks(r);
		if (r->rest.len > 0 && r->rest.data[0] == '"')
			*value_out = read_quoted(r);
		else
			*value_out = read_bare(r);
		if (name_out->len > 0)
			return true;
	}
	return false;
}

/* "text/plain", also "text / plain"; what follows stays. */
static struct ms_str
read_main_value(struct reader *r)
{
	struct ms_str s;
	bool after_slash = false;
	size_t n = 0, i;
	char *out;

	skip_blanks(r);
	if (r->rest.len > 0 && r->rest.data[0] == '"')
		return ms_arena_lower(r->arena, ms_str_trim(read_quoted(r)));
	s = r->rest;
	out = ms_arena_alloc(r->arena, s.len + 1);
	for (i = 0; i < s.len && s.data[i] != ';'; i++) {
		if (ascii_is_blank(s.data[i])) {
			if (n > 0 && !after_slash && i + 1 < s.len && s.data[i + 1] != '/')
				break;
			continue;
		}
		after_slash = s.data[i] == '/';
		out[n++] = ascii_lower(s.data[i]);
	}
	r->rest = ms_str_from(s, i);
	/* "text/html charset=x": what comes next is a parameter already. */
	return ms_str_of(out, n);
}

/* Cuts RFC 2231's marks off: "*", "*3", "*3*".  Number -1: no piece. */
static void
split_name(struct ms_str *name, int *number_out, bool *encoded_out)
{
	size_t star = ms_str_find_octet(*name, '*');
	struct ms_str marks;
	uint64_t number;

	*number_out = -1;
	*encoded_out = false;
	if (star == SIZE_MAX || star == 0)
		return;
	marks = ms_str_from(*name, star + 1);
	if (marks.len == 0) {
		*number_out = 0;
		*encoded_out = true;
	} else {
		bool encoded = marks.data[marks.len - 1] == '*';

		if (encoded)
			marks.len--;
		if (!ms_str_to_u64(marks, MS_MAX_PARAM_PIECES - 1, &number))
			return;
		*number_out = (int)number;
		*encoded_out = encoded;
	}
	*name = ms_str_sub(*name, 0, star);
}

static void
gather(struct ms_arena *a, struct gathered *all, size_t *n, struct ms_str name,
    struct ms_str value)
{
	struct gathered *g = all;
	struct piece *piece;
	bool is_encoded;
	int number;

	split_name(&name, &number, &is_encoded);
	while (g < all + *n && !ms_str_equal_ci(g->name, name))
		g++;
	if (g == all + *n) {
		if (*n == MS_MAX_PARAMS)
			return;
		++*n;
		*g = (struct gathered){ .name = ms_arena_lower(a, name) };
	}
	if (number < 0) {
		if (g->plain.data == NULL)	/* of two the first */
			g->plain = value;
		return;
	}
	if (g->pieces == NULL)
		g->pieces = ms_arena_array(a, MS_MAX_PARAM_PIECES, sizeof(*g->pieces));
	piece = &g->pieces[number];
	if (piece->is_there)
		return;
	piece->value = value;
	piece->is_there = true;
	piece->is_encoded = is_encoded;
}

static void
add_percent_decoded(struct ms_buf *out, struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '%' && i + 2 < s.len && ascii_hex(s.data[i + 1]) >= 0 &&
		    ascii_hex(s.data[i + 2]) >= 0) {
			c = (char)(ascii_hex(s.data[i + 1]) << 4 |
			    ascii_hex(s.data[i + 2]));
			i += 2;
		}
		ms_buf_add_octet(out, c);
	}
}

/* Cuts "charset'language'" off the first piece. */
static struct ms_str
cut_charset(struct ms_str *value)
{
	size_t first = ms_str_find_octet(*value, '\'');
	size_t second = first == SIZE_MAX ? SIZE_MAX :
	    ms_str_find_octet(ms_str_from(*value, first + 1), '\'');
	struct ms_str charset = { "", 0 };

	if (second == SIZE_MAX)
		return charset;
	charset = ms_str_sub(*value, 0, first);
	*value = ms_str_from(*value, first + 1 + second + 1);
	return charset;
}

/* Pieces without a gap, from the lowest on (some senders begin with 1). */
static struct ms_str
join_pieces(struct ms_arena *a, const struct piece *pieces)
{
	MS_AUTO_BUF struct ms_buf octets = MS_BUF_MAX(MS_MAX_HEADER_OCTETS);
	MS_AUTO_BUF struct ms_buf utf8 = MS_BUF_MAX(MS_MAX_HEADER_OCTETS * 4);
	struct ms_str charset = { "", 0 };
	size_t i = 0, first;

	while (!pieces[i].is_there)
		i++;
	for (first = i; i < MS_MAX_PARAM_PIECES && pieces[i].is_there; i++) {
		struct ms_str value = pieces[i].value;

		if (pieces[i].is_encoded && i == first)
			charset = cut_charset(&value);
		if (pieces[i].is_encoded)
			add_percent_decoded(&octets, value);
		else
			ms_buf_add(&octets, value);
	}
	if (charset.len > 0 &&
	    ms_charset_decode(&utf8, charset, ms_buf_str(&octets)) == MS_OK)
		return ms_arena_str(a, ms_buf_str(&utf8));
	return ms_arena_str(a, ms_buf_str(&octets));
}

static struct ms_str
final_value(struct ms_arena *a, const struct gathered *g)
{
	/* RFC 6266 4.3: of both forms the extended one. */
	if (g->pieces != NULL)
		return join_pieces(a, g->pieces);
	/* RFC 2047 5 forbids words here; senders write them all the same.  A
	   boundary is octets to be compared, and may look like one. */
	if (ms_str_find(g->plain, ms_str_of("=?", 2)) != SIZE_MAX &&
	    !ms_str_is(g->name, "boundary"))
		return ms_words_decode(a, g->plain);
	return g->plain;
}

void
ms_params_parse(struct ms_arena *a, struct ms_str value, struct ms_params *params_out)
{
	struct reader r = { a, ms_header_uncomment(a, value) };
	struct gathered all[MS_MAX_PARAMS];
	struct ms_str name, text;
	struct ms_param *params;
	size_t n = 0;

	params_out->value = read_main_value(&r);
	params_out->params = NULL;
	params_out->n = 0;
	if (r.rest.len == 0)
		return;
	while (read_param(&r, &name, &text))
		gather(a, all, &n, name, text);
	params = ms_arena_array(a, n, sizeof(*params));
	for (size_t i = 0; i < n; i++) {
		params[i].name = all[i].name;
		params[i].value = final_value(a, &all[i]);
	}
	params_out->params = params;
	params_out->n = n;
}

struct ms_str
ms_params_get(const struct ms_params *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (ms_str_equal_ci(p->params[i].name, ms_str_c(name)))
			return p->params[i].value;
	return ms_str_of(NULL, 0);
}
