/* SPDX-License-Identifier: ISC */
/*
 * preview.c - the first words of a message, for a list of messages
 *
 * From the beginning of its text that the scanner kept: transfer encoding and
 * charset are decoded, HTML loses its markup, white space becomes single
 * spaces, quoted lines are passed over if others are there.  What comes out
 * is for people to glance at; it is no HTML parser and needs none, for its
 * output is plain text whatever the input was.
 */
#include "mime_internal.h"

#include <string.h>

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"
#include "utf8_sequence.h"

#define PREVIEW_CHARACTERS	200
/* Nearly always enough of plain text; if it is not, all is taken. */
#define PREVIEW_FIRST		1024

/* Collects characters until there are enough. */
struct glance {
	char   text[PREVIEW_CHARACTERS * 4];
	size_t len;
	unsigned n;		/* characters */
	bool   has_gap;		/* white space came before the next one */
};

static bool
is_full(const struct glance *g)
{
	return g->n >= PREVIEW_CHARACTERS;
}

static void
add_space(struct glance *g)
{
	g->has_gap = g->len > 0;
}

static bool
is_space(uint32_t c)
{
	return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

/* What newsletters fill their hidden first lines with, and marks of
   direction, which would turn what stands after the preview. */
static bool
is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static void
add_character(struct glance *g, uint32_t c)
{
	if (is_invisible(c))
		return;
	if (is_space(c)) {
		add_space(g);
		return;
	}
	if (g->has_gap) {
		g->has_gap = false;
		g->text[g->len++] = ' ';
		if (++g->n == PREVIEW_CHARACTERS) {
			g->len--;	/* not a space as the last one */
			return;
		}
	}
	g->len += utf8_put(g->text + g->len, c);
	g->n++;
}

/* The character at s, which is valid UTF-8; gives its octets. */
static size_t
next_character(struct ms_str s, uint32_t *c_out)
{
	size_t len = utf8_sequence(s.data, s.len);

	if (len == 0)		/* cannot be: it was repaired */
		len = 1;
	*c_out = utf8_code_point(s.data, len);
	return len;
}

static void
glance_at_plain(struct glance *g, struct ms_str s, bool with_quoted)
{
	bool at_start = true;
	uint32_t c;

	while (s.len > 0 && !is_full(g)) {
		if (at_start && s.data[0] == '>' && !with_quoted) {
			size_t lf = ms_str_find_octet(s, '\n');

			s = ms_str_from(s, lf == SIZE_MAX ? s.len : lf + 1);
			continue;
		}
		s = ms_str_from(s, next_character(s, &c));
		at_start = c == '\n';
		add_character(g, c);
	}
}

/* A named or numbered character after its "&"; 0: it is none that we know.
   *used_out: octets with its semicolon. */
static uint32_t
read_entity(struct ms_str s, size_t *used_out)
{
	static const struct {
		struct ms_str name;
		uint32_t      c;
	} entities[] = {
		{ MS_STR("amp"), '&' }, { MS_STR("lt"), '<' },
		{ MS_STR("gt"), '>' }, { MS_STR("quot"), '"' },
		{ MS_STR("apos"), '\'' }, { MS_STR("nbsp"), 0xa0 },
		{ MS_STR("zwnj"), 0x200c }, { MS_STR("zwj"), 0x200d },
		{ MS_STR("shy"), 0xad }, { MS_STR("copy"), 0xa9 },
		{ MS_STR("reg"), 0xae }, { MS_STR("euro"), 0x20ac },
		{ MS_STR("pound"), 0xa3 }, { MS_STR("bull"), 0x2022 },
		{ MS_STR("middot"), 0xb7 }, { MS_STR("hellip"), 0x2026 },
		{ MS_STR("ndash"), 0x2013 }, { MS_STR("mdash"), 0x2014 },
		{ MS_STR("lsquo"), 0x2018 }, { MS_STR("rsquo"), 0x2019 },
		{ MS_STR("ldquo"), 0x201c }, { MS_STR("rdquo"), 0x201d },
		{ MS_STR("laquo"), 0xab }, { MS_STR("raquo"), 0xbb },
		{ MS_STR("auml"), 0xe4 }, { MS_STR("ouml"), 0xf6 },
		{ MS_STR("uuml"), 0xfc }, { MS_STR("Auml"), 0xc4 },
		{ MS_STR("Ouml"), 0xd6 }, { MS_STR("Uuml"), 0xdc },
		{ MS_STR("szlig"), 0xdf }, { MS_STR("eacute"), 0xe9 },
		{ MS_STR("egrave"), 0xe8 }, { MS_STR("agrave"), 0xe0 },
		{ MS_STR("ccedil"), 0xe7 }, { MS_STR("ntilde"), 0xf1 },
	};
	size_t end = ms_str_find_octet(ms_str_sub(s, 0, 12), ';');
	uint64_t c = 0;

	if (end == SIZE_MAX || end == 0)
		return 0;
	*used_out = end + 1;
	s = ms_str_sub(s, 0, end);
	if (s.data[0] != '#') {
		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (ms_str_equal(s, entities[i].name))
				return entities[i].c;
		return 0;
	}
	if (s.len > 2 && ascii_lower(s.data[1]) == 'x') {
		for (size_t i = 2; i < s.len; i++) {
			if (ascii_hex(s.data[i]) < 0)
				return 0;
			c = c << 4 | (uint64_t)ascii_hex(s.data[i]);
		}
	} else if (!ms_str_to_u64(ms_str_from(s, 1), 0x10ffff, &c)) {
		return 0;
	}
	return c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : (uint32_t)c;
}

/* Octets of the tag at s, which begins with "<"; 0: it is none.  Without an
   end it goes to the end. */
static size_t
tag_octets(struct ms_str s)
{
	static const struct ms_str comment_end = MS_STR("-->");
	size_t end;

	if (s.len < 2 || (!ascii_is_alpha(s.data[1]) && s.data[1] != '/' &&
	    s.data[1] != '!' && s.data[1] != '?'))
		return 0;
	if (ms_str_has_prefix(s, ms_str_of("<!--", 4))) {
		end = ms_str_find(ms_str_from(s, 4), comment_end);
		return end == SIZE_MAX ? s.len : 4 + end + comment_end.len;
	}
	end = ms_str_find_octet(s, '>');
	return end == SIZE_MAX ? s.len : end + 1;
}

/* "br" of "<br/>", "</b" gives "b". */
static struct ms_str
tag_name(struct ms_str tag)
{
	size_t from = tag.len > 1 && tag.data[1] == '/' ? 2 : 1, to = from;

	while (to < tag.len && ascii_is_alnum(tag.data[to]))
		to++;
	return ms_str_sub(tag, from, to - from);
}

static bool
is_one_of(struct ms_str name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (ms_str_equal_ci(name, ms_str_c(*names)))
			return true;
	return false;
}

/* Where the element that was just opened has its end tag. */
static size_t
skip_element(struct ms_str s, struct ms_str name)
{
	for (size_t i = 0; i < s.len; i++) {
		const char *lt = memchr(s.data + i, '<', s.len - i);
		struct ms_str rest;

		if (lt == NULL)
			break;
		i = (size_t)(lt - s.data);
		rest = ms_str_from(s, i + 1);
		if (rest.len > 0 && rest.data[0] == '/' &&
		    ms_str_has_prefix_ci(ms_str_from(rest, 1), name))
			return i;
	}
	return s.len;
}

static void
glance_at_html(struct glance *g, struct ms_str s)
{
	/* Their content is not shown; those that break no word. */
	static const char *const hidden[] = { "style", "script", "title", "head",
		"noscript", NULL };
	static const char *const inlines[] = { "a", "abbr", "b", "big", "code",
		"em", "font", "i", "s", "small", "span", "strong", "sub", "sup",
		"tt", "u", "wbr", NULL };
	size_t octets, used;
	uint32_t c;

	while (s.len > 0 && !is_full(g)) {
		octets = s.data[0] == '<' ? tag_octets(s) : 0;
		if (octets > 0) {
			struct ms_str name = tag_name(ms_str_sub(s, 0, octets));

			if (!is_one_of(name, inlines) && s.data[1] != '!')
				add_space(g);
			if (s.data[1] != '/' && is_one_of(name, hidden))
				octets += skip_element(ms_str_from(s, octets),
				    name);
			s = ms_str_from(s, octets);
			continue;
		}
		octets = next_character(s, &c);
		s = ms_str_from(s, octets);
		if (c == '&') {
			uint32_t named = read_entity(s, &used);

			if (named != 0) {
				c = named;
				s = ms_str_from(s, used);
			}
		}
		add_character(g, c);
	}
}

/* So many octets of the sample as UTF-8. */
static struct ms_str
sample_text(struct ms_arena *a, const struct ms_mime *m, size_t octets)
{
	const struct ms_mime_part *part = &m->parts[m->text_part];
	MS_AUTO_BUF struct ms_buf raw = MS_BUF_MAX(2 * MS_MAX_MIME_TEXT);
	MS_AUTO_BUF struct ms_buf utf8 = MS_BUF_MAX(4 * MS_MAX_MIME_TEXT);
	struct ms_str charset = ms_params_get(&part->type, "charset");
	struct ms_str s = ms_str_sub(m->text, 0, octets);
	struct ms_decoder d;

	if (part->cte == MS_CTE_BASE64 || part->cte == MS_CTE_QP) {
		memset(&d, 0, sizeof(d));
		ms_decode_piece(&d, part->cte, s, &raw);
		ms_decode_end(&d, part->cte, &raw);
		s = ms_buf_str(&raw);
	}
	/* Text without a charset, or in one that is not known, may still be
	   UTF-8. */
	if (charset.data != NULL && !ms_str_is_ci(charset, "us-ascii") &&
	    ms_charset_decode(&utf8, charset, s) == MS_OK)
		s = ms_buf_str(&utf8);
	return ms_utf8_repair(a, s);
}

struct ms_str
mime_preview(struct ms_arena *a, const struct ms_mime *m)
{
	struct glance g;
	struct ms_str text;
	size_t octets = m->text.len;
	bool is_html;

	if (m->text_part == MS_NO_PART || octets == 0)
		return ms_str_of("", 0);
	is_html = ms_str_is(m->parts[m->text_part].type.value, "text/html");
	if (!is_html && octets > PREVIEW_FIRST)
		octets = PREVIEW_FIRST;
	for (;;) {
		g.len = g.n = 0;
		g.has_gap = false;
		text = sample_text(a, m, octets);
		if (is_html)
			glance_at_html(&g, text);
		else
			glance_at_plain(&g, text, false);
		if (is_full(&g) || octets == m->text.len)
			break;
		octets = m->text.len;
	}
	if (g.len == 0 && !is_html)
		glance_at_plain(&g, text, true);
	/* The sample may have been cut within a character. */
	while (!is_full(&g) && g.len >= 3 &&
	    memcmp(g.text + g.len - 3, UTF8_REPLACEMENT, 3) == 0)
		g.len -= 3;
	return ms_arena_str(a, ms_str_of(g.text, g.len));
}
