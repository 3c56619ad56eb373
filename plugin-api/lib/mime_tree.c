/* SPDX-License-Identifier: ISC */
/*
 * mime_tree.c - the table of a message's parts, while it grows and after
 *
 * The open parts form a chain from the innermost one up to the message; the
 * open multiparts among them, whose boundaries are looked for, are the
 * levels.  A delimiter line of any level ends whatever is open inside it (RFC
 * 2046 5.1.2); a closing one ends the level as well: its boundary means
 * nothing in the epilogue.
 */
#include "mime_internal.h"

#include <string.h>

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"

#define TREE_FIRST_PARTS 4

static bool
has_room(const struct mime_tree *t)
{
	return t->n < MS_MAX_MIME_PARTS && t->kept <= MS_MAX_MIME_KEPT;
}

/* Adds the next part; the caller has checked that there is room. */
static uint32_t
part_begin(struct mime_tree *t, uint32_t parent, uint32_t last_sibling,
    uint64_t offset, uint64_t lines)
{
	struct ms_mime_part *part;
	uint32_t number = t->n++;

	if (number == t->cap) {
		uint32_t cap = t->cap > 0 ? t->cap * 2 : TREE_FIRST_PARTS;
		struct ms_mime_part *parts = ms_arena_array(t->arena, cap,
		    sizeof(*parts));

		if (number > 0)
			memcpy(parts, t->parts, number * sizeof(*parts));
		t->parts = parts;
		t->cap = cap;
	}
	part = &t->parts[number];
	part->parent = parent;
	part->first_child = part->next = MS_NO_PART;
	part->number = 1;
	part->header_offset = offset;
	part->header_lines = lines;	/* where it began, until it ends */
	if (last_sibling != MS_NO_PART) {
		t->parts[last_sibling].next = number;
		part->number = t->parts[last_sibling].number + 1;
	} else if (parent != MS_NO_PART) {
		t->parts[parent].first_child = number;
	}
	if (parent != MS_NO_PART)
		t->parts[parent].n_children++;
	t->part = number;
	t->in_header = true;
	return number;
}

void
mime_tree_init(struct mime_tree *t, struct ms_arena *a)
{
	t->arena = a;
	t->text_part = MS_NO_PART;
	(void)part_begin(t, MS_NO_PART, MS_NO_PART, 0, 0);
}

/* A message's text is its first part of text that is to be shown: none of
   a message inside, no attachment. */
static bool
is_text_to_preview(const struct mime_tree *t, const struct ms_mime_part *part)
{
	if (t->text_part != MS_NO_PART ||
	    (!ms_str_is(part->type.value, "text/plain") &&
	    !ms_str_is(part->type.value, "text/html")) ||
	    ms_str_is(part->disposition.value, "attachment"))
		return false;
	for (uint32_t p = part->parent; p != MS_NO_PART; p = t->parts[p].parent)
		if (t->parts[p].is_message)
			return false;
	return true;
}

/* The last field may be cut as well, in the middle of what it says. */
static struct ms_str
without_last_field(struct ms_str header)
{
	size_t end = header.len;

	while (end > 0) {
		const char *lf = memrchr(header.data, '\n', end);

		if (lf == NULL)
			break;
		end = (size_t)(lf - header.data);
		if (end + 1 < header.len && !ascii_is_wsp(header.data[end + 1]))
			return ms_str_of(header.data, end + 1);
	}
	return ms_str_of(header.data, 0);
}

void
mime_tree_end_header(struct mime_tree *t, struct ms_str header, bool is_cut,
    uint64_t offset, uint64_t lines)
{
	struct ms_mime_part *part = &t->parts[t->part];
	const struct ms_mime_part *parent = part->parent != MS_NO_PART ?
	    &t->parts[part->parent] : NULL;
	size_t used = ms_arena_used(t->arena);
	struct ms_str boundary;

	part->header_octets = offset - part->header_offset;
	part->header_lines = lines - part->header_lines;
	part->body_offset = offset;
	part->body_lines = lines;	/* where it began, until it ends */
	t->in_header = false;

	if (is_cut)
		header = without_last_field(header);
	header = ms_arena_str(t->arena, header);
	if (!is_cut && (parent == NULL || parent->is_message))
		part->header = header;
	mime_part_describe(t->arena, part, header, parent != NULL &&
	    ms_str_is(parent->type.value, "multipart/digest"), &boundary);
	t->kept += ms_arena_used(t->arena) - used;

	if (boundary.data != NULL && t->depth < MS_MAX_MIME_DEPTH) {
		/*
		 * RFC 2045 6.4 forbids a multipart any encoding but the
		 * identity ones.  Where one says base64 or quoted-printable
		 * all the same, it is nearly always the label that is wrong,
		 * so the label is not looked at; and if the body were really
		 * encoded, it would show no delimiter line.
		 */
		t->levels[t->n_levels++] = (struct mime_level){
			.boundary = boundary, .part = t->part,
			.last_child = MS_NO_PART, .depth = t->depth,
		};
		part->is_multipart = part->is_truncated = true;
	} else if (mime_type_is_message(part) && part->cte <= MS_CTE_BINARY &&
	    t->depth < MS_MAX_MIME_DEPTH && has_room(t)) {
		/* RFC 2046 5.2.1: no other encodings.  RFC 6532 3.7 lets
		   message/global have them: then its content is opaque. */
		part->is_message = true;
		t->depth++;
		(void)part_begin(t, t->part, MS_NO_PART, offset, lines);
	} else if (is_text_to_preview(t, part)) {
		t->text_part = t->part;
	}
}

/* Nothing but white space follows the boundary, or its closing "--". */
static bool
is_exact(struct ms_str tail)
{
	size_t i = tail.len >= 2 && memcmp(tail.data, "--", 2) == 0 ? 2 : 0;

	while (i < tail.len && ascii_is_blank(tail.data[i]))
		i++;
	return i == tail.len;
}

uint32_t
mime_tree_match(const struct mime_tree *t, struct ms_str line,
    bool *is_close_out)
{
	struct ms_str rest = ms_str_from(line, 2);
	uint32_t best = UINT32_MAX;
	size_t best_len = 0;

	/* RFC 2046 5.1.1: a line that begins with the boundary is enough.  Of
	   several that fit (of "a" and "ab"), one that is all of the line is
	   meant, or else the longest; of equal ones the innermost. */
	for (uint32_t i = t->n_levels; i-- > 0; ) {
		struct ms_str b = t->levels[i].boundary, tail;
		bool exact;

		if (b.len <= best_len || !ms_str_has_prefix(rest, b))
			continue;
		tail = ms_str_from(rest, b.len);
		exact = is_exact(tail);
		best = i;
		best_len = b.len;
		*is_close_out = tail.len >= 2 && memcmp(tail.data, "--", 2) == 0;
		if (exact)
			break;
	}
	return best;
}

static void
part_end(struct ms_mime_part *part, uint64_t offset, uint64_t lines)
{
	part->body_octets = offset - part->body_offset;
	part->body_lines = lines - part->body_lines;
}

void
mime_tree_end_parts(struct mime_tree *t, uint32_t level, uint64_t offset,
    uint64_t lines)
{
	uint32_t stop = t->levels[level].part;
	const struct ms_mime_part *part = &t->parts[t->part];

	/* Where a body is empty the line end before the boundary is its
	   header's, and stays that. */
	if (part->body_offset > offset) {
		offset = part->body_offset;
		lines = part->body_lines;
	}
	for (uint32_t p = t->part; p != stop; p = t->parts[p].parent)
		part_end(&t->parts[p], offset, lines);
	t->part = stop;
	t->depth = t->levels[level].depth;
	t->n_levels = level + 1;
}

void
mime_tree_next_part(struct mime_tree *t, uint32_t level, bool is_close,
    uint64_t offset, uint64_t lines)
{
	struct mime_level *l = &t->levels[level];

	if (is_close) {
		t->parts[l->part].is_truncated = false;
		t->n_levels = level;
	} else if (has_room(t)) {
		t->depth = l->depth + 1;
		l->last_child = part_begin(t, l->part, l->last_child, offset,
		    lines);
	}
}

/* A message that was cut off behind a delimiter line has no part there: not
   even the line end is there that RFC 2046 5.1.1 wants of an empty one. */
void
mime_tree_drop_empty(struct mime_tree *t, uint64_t offset)
{
	struct ms_mime_part *part = &t->parts[t->part], *parent;

	if (!t->in_header || part->header_offset < offset ||
	    part->parent == MS_NO_PART || t->parts[part->parent].is_message)
		return;
	parent = &t->parts[part->parent];
	if (parent->first_child == t->part)
		parent->first_child = MS_NO_PART;
	for (uint32_t p = parent->first_child; p != MS_NO_PART;
	    p = t->parts[p].next)
		if (t->parts[p].next == t->part)
			t->parts[p].next = MS_NO_PART;
	parent->n_children--;
	t->part = part->parent;
	t->in_header = false;
	t->n--;
}

void
mime_tree_end(struct mime_tree *t, uint64_t offset, uint64_t lines)
{
	for (uint32_t p = t->part; p != MS_NO_PART; p = t->parts[p].parent)
		part_end(&t->parts[p], offset, lines);
}

uint32_t
ms_mime_find(const struct ms_mime *m, const uint32_t *numbers, size_t n)
{
	uint32_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ms_mime_part *part = &m->parts[at];

		/* The first number, and those after a message's, are looked
		   up in a message: without a multipart it is its own part 1. */
		if (i > 0 && part->is_message) {
			at = part->first_child;
			part = &m->parts[at];
		} else if (i > 0 && !part->is_multipart) {
			return MS_NO_PART;
		}
		if (!part->is_multipart) {
			if (numbers[i] != 1)
				return MS_NO_PART;
			continue;
		}
		for (at = part->first_child; at != MS_NO_PART &&
		    m->parts[at].number != numbers[i]; )
			at = m->parts[at].next;
		if (at == MS_NO_PART)
			return MS_NO_PART;
	}
	return at;
}
