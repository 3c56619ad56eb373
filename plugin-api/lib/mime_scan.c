/* SPDX-License-Identifier: ISC */
/*
 * mime_scan.c - a message's octets, cut into lines for the tree of parts
 *
 * Each piece is gone over twice while it is in the cache: once for what its
 * octets are (64 at a time, which compilers make vectors of), once from line
 * end to line end.  Between pieces only the first octets of an unfinished
 * line are held, as many as tell whether it is a delimiter line; so how the
 * message was cut makes no difference.  Gathered, within limits, are the
 * header that is being read and the beginning of the text for the preview.
 */
#include "mime_internal.h"

#include <string.h>

#include <mansio/limits.h>
#include <mansio/str.h>

/* A delimiter line is judged by so many of its octets. */
#define SCAN_LINE_HELD	(MS_MAX_BOUNDARY + 64)
#define SCAN_CHUNK	(16 * 1024)
#define SCAN_BLOCK	64

/* Octets that are collected until they are enough. */
struct gathered {
	char  *data;
	size_t len, cap;
	size_t max;
	size_t mark;		/* len where the current line began */
	bool   is_over;		/* there were more */
};

struct ms_mime_scanner {
	struct ms_mime  *mime;
	struct mime_tree tree;
	uint64_t line_start;	/* offset of the current line */
	uint64_t line_octets;	/* of it, in pieces before this one */
	uint64_t lines;		/* line ends before it */
	uint64_t longest_line;
	unsigned eol;		/* octets of the line end before it */
	char     last;		/* the octet before this piece */
	struct gathered header, text;
	struct gathered *gathering;	/* one of the two, or NULL */
	unsigned char high, nul, bare_cr, bare_lf;
	char held[SCAN_LINE_HELD];	/* the beginning of the current line */
};

static void
gather(struct ms_arena *a, struct gathered *g, const char *data, size_t n)
{
	if (n > g->max - g->len) {
		n = g->max - g->len;
		g->is_over = true;
	}
	if (n > g->cap - g->len) {
		size_t cap = g->cap > 0 ? g->cap : 1024;
		char *more;

		while (cap < g->len + n)
			cap *= 2;
		if (cap > g->max)
			cap = g->max;
		more = ms_arena_alloc(a, cap);
		if (g->len > 0)
			memcpy(more, g->data, g->len);
		g->data = more;
		g->cap = cap;
	}
	if (n > 0)
		memcpy(g->data + g->len, data, n);
	g->len += n;
}

static void
gather_start(struct gathered *g)
{
	g->len = g->mark = 0;
	g->is_over = false;
}

/* What is gathered from the next line on: the tree has moved. */
static void
choose_gathering(struct ms_mime_scanner *s)
{
	s->gathering = NULL;
	if (s->tree.in_header) {
		gather_start(&s->header);
		s->gathering = &s->header;
	} else if (s->tree.part == s->tree.text_part && !s->text.is_over) {
		s->gathering = &s->text;
		s->text.mark = s->text.len;
	}
}

/* Of messages that begin inside one another without an octet between them
   all but the first header are empty. */
static void
end_headers(struct ms_mime_scanner *s, uint64_t offset, uint64_t lines)
{
	while (s->tree.in_header) {
		mime_tree_end_header(&s->tree,
		    ms_str_of(s->header.data != NULL ? s->header.data : "",
		    s->header.len), s->header.is_over, offset, lines);
		gather_start(&s->header);
	}
}

/* Is the line, of which head is the beginning, a delimiter?  Then the tree
   follows it. */
static bool
take_delimiter(struct ms_mime_scanner *s, struct ms_str head, uint64_t next,
    unsigned eol)
{
	uint64_t end = s->line_start - s->eol;
	bool is_close;
	uint32_t level = mime_tree_match(&s->tree, head, &is_close);

	if (level == UINT32_MAX)
		return false;
	if (s->gathering != NULL)
		s->gathering->len = s->gathering->mark;
	if (s->tree.in_header) {
		/* A part that ends within its header, which may have opened
		   a multipart whose boundary fits this line better. */
		end_headers(s, s->line_start, s->lines);
		level = mime_tree_match(&s->tree, head, &is_close);
	}
	mime_tree_end_parts(&s->tree, level, end,
	    s->lines - (s->eol > 0 ? 1 : 0));
	mime_tree_next_part(&s->tree, level, is_close, next,
	    s->lines + (eol > 0 ? 1 : 0));
	choose_gathering(s);
	return true;
}

/* A whole line that the tree may care about: one in a header, or one that
   begins with "--".  Octets and head are without the line end, of eol octets. */
static void
take_line(struct ms_mime_scanner *s, struct ms_str head, uint64_t octets,
    unsigned eol)
{
	uint64_t next = s->line_start + octets + eol;

	if (s->tree.n_levels > 0 && head.len >= 2 && head.data[0] == '-' &&
	    head.data[1] == '-' && take_delimiter(s, head, next, eol))
		return;
	if (s->gathering != NULL)
		s->gathering->mark = s->gathering->len;
	if (s->tree.in_header && octets == 0 && eol > 0) {
		uint64_t lines = s->lines + 1;
		struct ms_str header = ms_str_of(s->header.data, s->header.len);

		mime_tree_end_header(&s->tree, header, s->header.is_over, next,
		    lines);
		choose_gathering(s);
	} else if (s->gathering == &s->text && s->text.is_over) {
		s->gathering = NULL;
	}
}

/* The line goes on in the next piece. */
static void
hold_line(struct ms_mime_scanner *s, const char *data, size_t n)
{
	if (s->line_octets < SCAN_LINE_HELD) {
		size_t room = SCAN_LINE_HELD - (size_t)s->line_octets;

		memcpy(s->held + s->line_octets, data, n < room ? n : room);
	}
	s->line_octets += n;
}

/* The end of a line that began in another piece: n octets with its LF, or
   without one at the message's end. */
static void
end_held_line(struct ms_mime_scanner *s, const char *data, size_t n)
{
	uint64_t octets;
	unsigned eol = 0;
	size_t head;

	if (n > 0) {
		char before = n > 1 ? data[n - 2] : s->last;

		hold_line(s, data, n);
		eol = before == '\r' && s->line_octets > 1 ? 2 : 1;
	}
	octets = s->line_octets - eol;
	head = octets < SCAN_LINE_HELD ? (size_t)octets : SCAN_LINE_HELD;
	if (octets > s->longest_line)
		s->longest_line = octets;
	take_line(s, ms_str_of(s->held, head), octets, eol);
	s->line_start += s->line_octets;
	s->line_octets = 0;
	s->lines += eol > 0 ? 1 : 0;
	s->eol = eol;
}

/* The hot loop: over the whole lines of a chunk.  Returns where the last,
   unfinished one begins. */
static const char *
take_lines(struct ms_mime_scanner *s, const char *at, const char *end)
{
	uint64_t longest = s->longest_line, lines = s->lines;
	const char *line = at, *lf;
	unsigned eol = s->eol;
	/* The line where the members of s stand. */
	const char *known = at;

	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		size_t octets = (size_t)(lf - line);

		if (s->gathering != NULL)
			gather(s->tree.arena, s->gathering, line, octets + 1);
		if (octets > 0 && lf[-1] == '\r')
			octets--;
		if (octets > longest)
			longest = octets;
		if (s->gathering != NULL || (s->tree.n_levels > 0 &&
		    octets >= 2 && line[0] == '-' && line[1] == '-')) {
			s->line_start += (uint64_t)(line - known);
			s->lines = lines;
			s->eol = eol;
			known = line;
			take_line(s, ms_str_of(line, octets < SCAN_LINE_HELD ?
			    octets : SCAN_LINE_HELD), octets,
			    (unsigned)((size_t)(lf - line) + 1 - octets));
		}
		eol = (unsigned)((size_t)(lf - line) + 1 - octets);
		lines++;
		line = lf + 1;
	}
	s->line_start += (uint64_t)(line - known);
	s->lines = lines;
	s->eol = eol;
	s->longest_line = longest;
	return line;
}

/* At n octets, of which each is seen with the one before it: n + 1 are read. */
static inline void
look_at(struct ms_mime_scanner *s, const unsigned char *before, size_t n)
{
	unsigned char high = 0, nul = 0, cr = 0, lf = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char was = before[i], c = before[i + 1];

		high |= c;
		nul |= c == 0;
		cr |= (was == '\r') & (c != '\n');
		lf |= (was != '\r') & (c == '\n');
	}
	s->high |= high;
	s->nul |= nul;
	s->bare_cr |= cr;
	s->bare_lf |= lf;
}

static void
look_at_octets(struct ms_mime_scanner *s, const char *data, size_t n)
{
	const unsigned char *p = (const unsigned char *)data;
	unsigned char first[2] = { (unsigned char)s->last, p[0] };

	look_at(s, first, 1);
	for (n--; n >= SCAN_BLOCK; p += SCAN_BLOCK, n -= SCAN_BLOCK)
		look_at(s, p, SCAN_BLOCK);
	look_at(s, p, n);
}

static void
feed_chunk(struct ms_mime_scanner *s, const char *data, size_t n)
{
	const char *at = data, *end = data + n;

	look_at_octets(s, data, n);
	if (s->line_octets > 0) {
		const char *lf = memchr(at, '\n', n);
		size_t rest = lf != NULL ? (size_t)(lf - at) + 1 : n;

		if (s->gathering != NULL)
			gather(s->tree.arena, s->gathering, at, rest);
		if (lf != NULL)
			end_held_line(s, at, rest);
		else
			hold_line(s, at, rest);
		at += rest;
	}
	at = take_lines(s, at, end);
	if (at < end) {
		if (s->gathering != NULL)
			gather(s->tree.arena, s->gathering, at,
			    (size_t)(end - at));
		hold_line(s, at, (size_t)(end - at));
	}
	s->last = end[-1];
	s->mime->octets += n;
}

struct ms_mime_scanner *
ms_mime_new(struct ms_arena *a)
{
	struct ms_mime_scanner *s = ms_arena_alloc(a, sizeof(*s));

	s->mime = ms_arena_alloc(a, sizeof(*s->mime));
	s->header.max = MS_MAX_HEADER_OCTETS;
	s->text.max = MS_MAX_MIME_TEXT;
	mime_tree_init(&s->tree, a);
	choose_gathering(s);
	return s;
}

void
ms_mime_feed(struct ms_mime_scanner *s, struct ms_str octets)
{
	while (octets.len > 0) {
		size_t n = octets.len < SCAN_CHUNK ? octets.len : SCAN_CHUNK;

		feed_chunk(s, octets.data, n);
		octets = ms_str_from(octets, n);
	}
}

const struct ms_mime *
ms_mime_end(struct ms_mime_scanner *s)
{
	struct ms_mime *m = s->mime;

	if (s->line_octets > 0)
		end_held_line(s, NULL, 0);
	mime_tree_drop_empty(&s->tree, m->octets);
	end_headers(s, m->octets, s->lines);
	mime_tree_end(&s->tree, m->octets, s->lines);
	m->parts = s->tree.parts;
	m->n = s->tree.n;
	m->lines = s->lines;
	m->has_8bit = s->high >= 128;
	m->has_nul = s->nul != 0;
	m->has_bare_cr = s->bare_cr != 0 || s->last == '\r';
	m->has_bare_lf = s->bare_lf != 0;
	m->longest_line = s->longest_line < UINT32_MAX ?
	    (uint32_t)s->longest_line : UINT32_MAX;
	m->text_part = s->tree.text_part;
	if (m->text_part != MS_NO_PART)
		m->text = ms_str_of(s->text.data != NULL ? s->text.data : "",
		    s->text.len);
	return m;
}

const struct ms_mime *
ms_mime_scan(struct ms_arena *a, struct ms_str message)
{
	struct ms_mime_scanner *s = ms_mime_new(a);

	ms_mime_feed(s, message);
	return ms_mime_end(s);
}
