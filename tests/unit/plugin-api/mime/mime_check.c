/* SPDX-License-Identifier: ISC */
/* mime_check.c - see mime_check.h */
#include "mime_check.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

static uint64_t
end_of(const struct ms_mime_part *p)
{
	return p->body_offset + p->body_octets;
}

static uint64_t
lines_in(struct ms_str message, uint64_t offset, uint64_t octets)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < octets; i++)
		n += message.data[offset + i] == '\n';
	return n;
}

static const char *
check_place(const struct ms_mime *m, uint32_t i, struct ms_str message)
{
	const struct ms_mime_part *p = &m->parts[i];

	if (p->header_offset > message.len ||
	    p->header_octets > message.len - p->header_offset)
		return "a header reaches past the end";
	if (p->body_offset != p->header_offset + p->header_octets)
		return "a body does not begin where its header ends";
	if (p->body_octets > message.len - p->body_offset)
		return "a body reaches past the end";
	if (p->header_lines != lines_in(message, p->header_offset, p->header_octets))
		return "header_lines are not its line ends";
	if (p->body_lines != lines_in(message, p->body_offset, p->body_octets))
		return "body_lines are not its line ends";
	if (p->header.data != NULL && (p->header.len != p->header_octets ||
	    memcmp(p->header.data, message.data + p->header_offset, p->header.len) != 0))
		return "a header is not what stands there";
	if (i > 0 && p->header_offset < m->parts[i - 1].header_offset)
		return "parts are not in the order of their first octet";
	if (i > 0 && p->header_offset < m->parts[i - 1].body_offset)
		return "a part begins in the header of the one before";
	return NULL;
}

static const char *
check_children(const struct ms_mime *m, uint32_t i)
{
	const struct ms_mime_part *p = &m->parts[i];
	uint32_t n = 0, depth = 0;
	uint64_t at = p->body_offset;

	for (uint32_t c = p->first_child; c != MS_NO_PART; c = m->parts[c].next) {
		const struct ms_mime_part *child = &m->parts[c];

		if (c >= m->n || c <= i || n >= m->n)
			return "a child's number cannot be";
		if (child->parent != i)
			return "a child has another parent";
		if (child->number != ++n)
			return "children are not numbered from 1";
		if (child->header_offset < at)
			return "a child begins before its sibling's end";
		at = end_of(child);
		if (at > end_of(p))
			return "a child ends after its parent";
	}
	if (n != p->n_children)
		return "n_children is not their number";
	if (n > 0 && !p->is_multipart && !p->is_message)
		return "a leaf has children";
	if (p->is_multipart && p->is_message)
		return "a part is multipart and message";
	if (p->is_truncated && !p->is_multipart)
		return "what is no multipart cannot be truncated";
	if (p->is_message && (n != 1 ||
	    m->parts[p->first_child].header_offset != p->body_offset ||
	    end_of(&m->parts[p->first_child]) != end_of(p)))
		return "a message's child is not all of its body";
	for (uint32_t q = i; m->parts[q].parent != MS_NO_PART; q = m->parts[q].parent)
		if (++depth > MS_MAX_MIME_DEPTH)
			return "a part lies too deep";
	return NULL;
}

static const char *
check_values(const struct ms_mime_part *p)
{
	size_t slash = ms_str_find_octet(p->type.value, '/');

	if (slash == SIZE_MAX || slash == 0 || slash + 1 == p->type.value.len)
		return "a type is none";
	if (ms_str_has_prefix(p->type.value, ms_str_c("multipart/")) &&
	    ms_params_get(&p->type, "boundary").data == NULL)
		return "a multipart has no boundary";
	if (p->cte < MS_CTE_7BIT || p->cte > MS_CTE_UNKNOWN)
		return "an encoding is none";
	if (p->type.n > MS_MAX_PARAMS)
		return "too many parameters";
	return NULL;
}

static const char *
check_octets(const struct ms_mime *m, struct ms_str message)
{
	bool high = false, nul = false, cr = false, lf = false;
	uint64_t longest = 0, line = 0;

	for (size_t i = 0; i < message.len; i++) {
		char c = message.data[i];
		bool after_cr = i > 0 && message.data[i - 1] == '\r';

		high = high || (unsigned char)c >= 128;
		nul = nul || c == '\0';
		cr = cr || (after_cr && c != '\n');
		lf = lf || (c == '\n' && !after_cr);
		if (c == '\n') {
			if (line > 0 && after_cr)
				line--;
			longest = line > longest ? line : longest;
			line = 0;
		} else {
			line++;
		}
	}
	longest = line > longest ? line : longest;
	cr = cr || (message.len > 0 && message.data[message.len - 1] == '\r');
	if (m->has_8bit != high || m->has_nul != nul)
		return "8-bit octets or NULs";
	if (m->has_bare_cr != cr || m->has_bare_lf != lf)
		return "bare CR or LF";
	if (m->longest_line != longest)
		return "the longest line";
	if (m->octets != message.len || m->lines != lines_in(message, 0, message.len))
		return "the message's octets or lines";
	return NULL;
}

const char *
mime_check(const struct ms_mime *m, struct ms_str message)
{
	const char *bad = check_octets(m, message);

	if (bad != NULL)
		return bad;
	if (m->n < 1 || m->n > MS_MAX_MIME_PARTS)
		return "the number of parts";
	if (m->parts[0].parent != MS_NO_PART || m->parts[0].next != MS_NO_PART ||
	    m->parts[0].header_offset != 0 || end_of(&m->parts[0]) != message.len)
		return "the first part is not the message";
	for (uint32_t i = 0; i < m->n; i++) {
		if (i > 0 && m->parts[i].parent >= i)
			return "a part stands before its parent";
		if ((bad = check_place(m, i, message)) != NULL ||
		    (bad = check_children(m, i)) != NULL ||
		    (bad = check_values(&m->parts[i])) != NULL)
			return bad;
	}
	if ((m->text_part == MS_NO_PART) != (m->text.data == NULL))
		return "a text without a part or the other way round";
	if (m->text_part != MS_NO_PART) {
		const struct ms_mime_part *p = &m->parts[m->text_part];
		uint64_t most = p->body_octets + 2;	/* the boundary's line end */

		if (m->text.len > most || (m->text.len < p->body_octets &&
		    m->text.len < MS_MAX_MIME_TEXT) ||
		    memcmp(m->text.data, message.data + p->body_offset, m->text.len) != 0)
			return "the text is not its part's";
	}
	return NULL;
}

static bool
same(struct ms_str a, struct ms_str b)
{
	return (a.data == NULL) == (b.data == NULL) && ms_str_equal(a, b);
}

static bool
same_params(const struct ms_params *a, const struct ms_params *b)
{
	if (!same(a->value, b->value) || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same(a->params[i].name, b->params[i].name) ||
		    !same(a->params[i].value, b->params[i].value))
			return false;
	return true;
}

static const char *
part_differs(const struct ms_mime_part *a, const struct ms_mime_part *b)
{
	if (a->parent != b->parent || a->first_child != b->first_child ||
	    a->next != b->next || a->number != b->number || a->n_children != b->n_children)
		return "the tree";
	if (a->cte != b->cte || a->is_multipart != b->is_multipart ||
	    a->is_message != b->is_message || a->is_truncated != b->is_truncated)
		return "the kind of a part";
	if (a->header_offset != b->header_offset || a->header_octets != b->header_octets ||
	    a->body_offset != b->body_offset || a->body_octets != b->body_octets)
		return "the place of a part";
	if (a->body_lines != b->body_lines || a->header_lines != b->header_lines)
		return "the lines of a part";
	if (!same(a->content_type, b->content_type) ||
	    !same(a->content_disposition, b->content_disposition) ||
	    !same(a->content_id, b->content_id) ||
	    !same(a->content_description, b->content_description) ||
	    !same(a->content_encoding, b->content_encoding) ||
	    !same(a->content_language, b->content_language) ||
	    !same(a->content_location, b->content_location) ||
	    !same(a->content_md5, b->content_md5) || !same(a->header, b->header))
		return "the fields of a part";
	if (!same_params(&a->type, &b->type) || !same_params(&a->disposition, &b->disposition))
		return "the parameters of a part";
	return NULL;
}

const char *
mime_differ(const struct ms_mime *a, const struct ms_mime *b)
{
	if (a->n != b->n)
		return "the number of parts";
	for (uint32_t i = 0; i < a->n; i++) {
		const char *what = part_differs(&a->parts[i], &b->parts[i]);

		if (what != NULL)
			return what;
	}
	if (a->octets != b->octets || a->lines != b->lines ||
	    a->has_8bit != b->has_8bit || a->has_nul != b->has_nul ||
	    a->has_bare_cr != b->has_bare_cr || a->has_bare_lf != b->has_bare_lf ||
	    a->longest_line != b->longest_line)
		return "what the octets are";
	if (a->text_part != b->text_part || !same(a->text, b->text))
		return "the text for a preview";
	return NULL;
}

/* Octets of the string at s, quoted or literal (RFC 9051 9); 0: it is none. */
static size_t
string_octets(struct ms_str s)
{
	size_t i = 1, close;
	uint64_t octets;

	if (s.data[0] == '"') {
		for (; i < s.len && s.data[i] != '"'; i++) {
			if (s.data[i] == '\\' && (++i == s.len ||
			    (s.data[i] != '"' && s.data[i] != '\\')))
				return 0;
			if (s.data[i] == '\r' || s.data[i] == '\n' ||
			    s.data[i] == '\0' || (unsigned char)s.data[i] >= 128)
				return 0;
		}
		return i < s.len ? i + 1 : 0;
	}
	close = ms_str_find(s, ms_str_c("}\r\n"));
	if (s.data[0] != '{' || close == SIZE_MAX ||
	    !ms_str_to_u64(ms_str_sub(s, 1, close - 1), s.len, &octets) ||
	    octets > s.len - close - 3 || memchr(s.data + close + 3, '\0', octets) != NULL)
		return 0;
	return close + 3 + octets;
}

bool
imap_is_list(struct ms_str s, size_t *n_out)
{
	size_t depth = 0, i = 0, octets;
	char last = ' ';	/* kind of what came before: "(", ")", " " or "x" */

	*n_out = 0;
	do {
		char c = i < s.len ? s.data[i] : '\0';

		octets = 1;
		if (c == '(') {
			if (last == 'x')
				return false;
			*n_out += depth == 1;
			depth++;
		} else if (c == ')') {
			if (last == ' ' || last == '(')
				return false;
			depth--;
		} else if (c == ' ') {
			if (last == ' ' || last == '(')
				return false;
		} else {
			if (last != ' ' && last != '(')
				return false;
			if (ms_str_has_prefix(ms_str_from(s, i), ms_str_c("NIL")))
				octets = 3;
			else if (c == '"' || c == '{')
				octets = string_octets(ms_str_from(s, i));
			else
				for (octets = 0; i + octets < s.len && s.data[i + octets] >= '0' &&
				    s.data[i + octets] <= '9'; octets++)
					;
			if (octets == 0)
				return false;
			*n_out += depth == 1;
			c = 'x';
		}
		last = c;
		i += octets;
	} while (depth > 0);
	return i == s.len;
}

const struct ms_mime *
mime_scan_pieces(struct ms_arena *arena, struct ms_str message, uint32_t seed,
    size_t most)
{
	struct ms_mime_scanner *s = ms_mime_new(arena);

	while (message.len > 0) {
		size_t n;
		char *piece;

		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 8) % most;
		if (n > message.len)
			n = message.len;
		/* A block of its own, gone after the call: what the scanner
		   keeps of it, it must have copied. */
		piece = malloc(n);
		if (piece == NULL)
			abort();
		memcpy(piece, message.data, n);
		ms_mime_feed(s, ms_str_of(piece, n));
		free(piece);
		message = ms_str_from(message, n);
	}
	return ms_mime_end(s);
}
