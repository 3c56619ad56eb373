/* SPDX-License-Identifier: ISC */
/*
 * statements.c - the statements of one file, see normalise.h
 *
 * Braces balance within each file.  If one is missing, the end of the file
 * tells nothing about where: so the sections that are open are looked at by
 * their indentation, or, where there is none, by a keyword that stands at the
 * top level alone; the section that is blamed is taken as closed there, and
 * reading goes on.
 */
#include "config/reader.h"

#include <string.h>

#include <mansio/str.h>

#define SHOWN(s)	(int)((s).len < 60 ? (s).len : 60), (s).data

static const struct token *
peek(const struct walk *w, size_t ahead)
{
	size_t last = w->in.n - 1;	/* the TOKEN_END */

	return &w->in.v[w->at + ahead < last ? w->at + ahead : last];
}

static struct position
at_token(const struct walk *w, const struct token *t)
{
	return (struct position){ w->path, t->line, t->column };
}

static bool
is_assignment(const struct token *t)
{
	return t->kind == TOKEN_EQUALS || t->kind == TOKEN_ADD;
}

/* Does a statement begin with the token that is so far ahead? */
static bool
begins_statement(const struct walk *w, size_t ahead)
{
	const struct token *a = peek(w, ahead), *b = peek(w, ahead + 1);

	if (!token_is_text(a))
		return false;
	if (is_assignment(b) || b->kind == TOKEN_OPEN ||
	    (b->kind == TOKEN_LEFT && a->kind == TOKEN_WORD))
		return true;
	return token_is_text(b) && peek(w, ahead + 2)->kind == TOKEN_OPEN;
}

/* From the "{" of a list, how many tokens to its end; *is_closed_out: its
   brace is there. */
static size_t
list_length(const struct walk *w, size_t ahead, bool *is_closed_out)
{
	size_t n = ahead + 1;

	*is_closed_out = false;
	while (token_is_text(peek(w, n)) || peek(w, n)->kind == TOKEN_COMMA) {
		if (peek(w, n)->is_first && begins_statement(w, n))
			return n - ahead;
		n++;
	}
	/* { a = 1 } is no list, but it ends like one. */
	while (!peek(w, n)->is_first && peek(w, n)->kind != TOKEN_OPEN &&
	    peek(w, n)->kind != TOKEN_CLOSE && peek(w, n)->kind != TOKEN_END)
		n++;
	if (peek(w, n)->kind == TOKEN_CLOSE) {
		*is_closed_out = true;
		n++;
	}
	return n - ahead;
}

/* How many sections are opened and not closed in the file. */
static size_t
count_missing(struct walk *w)
{
	size_t open = 0;
	bool closed;

	for (w->at = 0; w->at < w->in.n; ) {
		const struct token *t = peek(w, 0);

		if (is_assignment(t) && peek(w, 1)->kind == TOKEN_OPEN) {
			w->at += 1 + list_length(w, 1, &closed);
			continue;
		}
		if (t->kind == TOKEN_OPEN)
			open++;
		else if (t->kind == TOKEN_CLOSE && open > 0)
			open--;
		w->at++;
	}
	w->at = 0;
	return open;
}

static uint32_t
parent_of(const struct walk *w)
{
	return w->n_open > 0 ? w->open[w->n_open - 1].node : w->base;
}

/* Past a "{", all that is in it, and its "}". */
static void
skip_block(struct walk *w)
{
	size_t depth = 0;

	do {
		if (peek(w, 0)->kind == TOKEN_OPEN)
			depth++;
		else if (peek(w, 0)->kind == TOKEN_CLOSE)
			depth--;
		w->at++;
	} while (depth > 0 && peek(w, 0)->kind != TOKEN_END);
}

/* What cannot be understood is left out up to the next statement or brace. */
static void
skip(struct walk *w)
{
	if (peek(w, 0)->kind == TOKEN_OPEN)
		skip_block(w);
	else
		w->at++;
	while (peek(w, 0)->kind != TOKEN_END && peek(w, 0)->kind != TOKEN_CLOSE &&
	    !(peek(w, 0)->is_first && token_is_text(peek(w, 0)))) {
		if (peek(w, 0)->kind == TOKEN_OPEN)
			skip_block(w);
		else
			w->at++;
	}
}

static void
close_section(struct walk *w, const struct token *at)
{
	struct token brace = *at;
	uint32_t node = parent_of(w);

	brace.text = "}";
	brace.len = 1;
	brace.kind = TOKEN_CLOSE;
	(void)reader_emit(w->reader, w, &brace, node);
	w->n_open--;
}

/* The section on top is said to be never closed, and closed. */
static void
blame_top(struct walk *w, const struct token *at)
{
	const struct token *opener = &w->in.v[w->open[w->n_open - 1].opener];
	struct ms_str name = token_str(opener);

	if (at->kind == TOKEN_END)
		problems_error(w->reader->problems, at_token(w, opener),
		    "section \"%.*s\" opened here is never closed", SHOWN(name));
	else
		problems_error(w->reader->problems, at_token(w, opener),
		    "section \"%.*s\" opened here is never closed: a \"}\" is missing "
		    "before line %u", SHOWN(name), at->line);
	close_section(w, at);
	if (w->missing > 0)
		w->missing--;
}

static bool
is_top_keyword(const struct walk *w, const struct token *t)
{
	const char *const *k = w->reader->top_keywords;

	if (k == NULL || !begins_statement(w, 0) || is_assignment(peek(w, 1)))
		return false;
	for (; *k != NULL; k++)
		if (ms_str_equal(token_str(t), ms_str_c(*k)))
			return true;
	return false;
}

/* Should the section on top have been closed before this token, the first on
   its line? */
static bool
is_overdue(struct walk *w, const struct token *t)
{
	const struct token *opener = &w->in.v[w->open[w->n_open - 1].opener];

	if (opener->line == t->line)
		return false;
	if (!w->open[w->n_open - 1].is_judged) {
		w->open[w->n_open - 1].is_judged = true;
		w->open[w->n_open - 1].is_indented = t->indent > opener->indent;
	}
	if (t->kind == TOKEN_CLOSE)
		return opener->is_first && t->indent < opener->indent;
	if (!token_is_text(t))
		return false;
	if (w->open[w->n_open - 1].is_indented && opener->is_first)
		return t->indent <= opener->indent;
	return is_top_keyword(w, t);
}

static void
close_overdue(struct walk *w)
{
	const struct token *t = peek(w, 0);

	if (!t->is_first || t->kind == TOKEN_END)
		return;
	while (w->missing > 0 && w->n_open > 0 && is_overdue(w, t))
		blame_top(w, t);
	if (w->n_open > 0 && !w->open[w->n_open - 1].is_judged)
		(void)is_overdue(w, t);
}

/* ---- assignments ---- */

static void
take_list(struct walk *w, uint32_t node, struct ms_str name)
{
	struct reader *r = w->reader;
	const struct token *opener = peek(w, 0);
	bool is_closed, wants_comma = false;
	size_t end = w->at + list_length(w, 0, &is_closed);
	struct token brace = *opener;

	(void)reader_emit(r, w, opener, node);
	for (w->at++; w->at < end - (is_closed ? 1 : 0); w->at++) {
		const struct token *t = peek(w, 0);

		if (t->kind == TOKEN_COMMA) {
			if (!wants_comma)
				problems_error(r->problems, at_token(w, t),
				    "nothing stands before this comma");
			wants_comma = false;
			continue;
		}
		if (!token_is_text(t) || is_assignment(peek(w, 1))) {
			problems_error(r->problems, at_token(w, t), "a list holds values "
			    "alone: quote what contains a \"=\", or write a section, "
			    "\"%.*s { ... }\", without the \"=\"", SHOWN(name));
			break;
		}
		if (wants_comma)
			problems_error(r->problems, at_token(w, t), "a comma is missing "
			    "before \"%.*s\" in the list \"%.*s\"", SHOWN(token_str(t)),
			    SHOWN(name));
		(void)reader_emit(r, w, t, node);
		wants_comma = true;
		/* The comma is ours, so that there is one between any two. */
		brace.kind = TOKEN_COMMA;
		brace.text = ",";
		(void)reader_emit(r, w, &brace, node);
	}
	brace.kind = TOKEN_CLOSE;
	brace.text = "}";
	(void)reader_emit(r, w, &brace, node);
	if (!is_closed && w->at == end)
		problems_error(r->problems, at_token(w, opener),
		    "list \"%.*s\" opened here is never closed", SHOWN(name));
	w->at = end;
}

static void
take_assignment(struct walk *w)
{
	struct reader *r = w->reader;
	const struct token *name = peek(w, 0), *sign = peek(w, 1), *value = peek(w, 2);
	struct ms_str shown = token_str(name);
	uint32_t node;

	if (value->kind != TOKEN_OPEN && (!token_is_text(value) ||
	    (value->is_first && begins_statement(w, 2)))) {
		problems_error(r->problems, at_token(w, sign), "\"%.*s\" has no value "
		    "after its \"=\"", SHOWN(shown));
		w->at += 2;
		if (!value->is_first && value->kind != TOKEN_CLOSE)
			skip(w);
		return;
	}
	node = reader_add_node(r, sign->kind == TOKEN_ADD ? NODE_ADD : NODE_SET,
	    parent_of(w));
	r->normal->nodes[node].name = reader_emit(r, w, name, node);
	(void)reader_emit(r, w, sign, node);
	w->at += 2;
	if (value->kind == TOKEN_OPEN) {
		take_list(w, node, shown);
		return;
	}
	(void)reader_emit(r, w, value, node);
	w->at++;
	if (peek(w, 0)->kind == TOKEN_COMMA) {
		problems_error(r->problems, at_token(w, value), "a list stands in braces: "
		    "%.*s = { a, b }", SHOWN(shown));
		skip(w);
	} else if (is_assignment(peek(w, 0))) {
		problems_error(r->problems, at_token(w, value), "a value that contains "
		    "\"=\" stands in quotes: %.*s = \"...\"", SHOWN(shown));
		skip(w);
	} else if (token_is_text(peek(w, 0)) && !peek(w, 0)->is_first &&
	    !begins_statement(w, 0)) {
		problems_error(r->problems, at_token(w, peek(w, 0)), "a value of several "
		    "words stands in quotes: %.*s = \"...\"", SHOWN(shown));
		skip(w);
	}
}

/* ---- sections and includes ---- */

static void
take_section(struct walk *w, bool has_title)
{
	struct reader *r = w->reader;
	const struct token *name = peek(w, 0);
	uint32_t node, depth = w->base_depth + w->n_open;

	if (depth == NORMAL_MAX_DEPTH) {
		problems_error(r->problems, at_token(w, name),
		    "sections stand more than %d deep", NORMAL_MAX_DEPTH);
		r->is_over = true;
		return;
	}
	if (r->sections == NORMAL_MAX_SECTIONS) {
		problems_error(r->problems, at_token(w, name), "more than %d sections",
		    NORMAL_MAX_SECTIONS);
		r->is_over = true;
		return;
	}
	r->sections++;
	node = reader_add_node(r, NODE_SECTION, parent_of(w));
	r->normal->nodes[node].name = reader_emit(r, w, name, node);
	if (has_title)
		r->normal->nodes[node].title = reader_emit(r, w, peek(w, 1), node);
	(void)reader_emit(r, w, peek(w, has_title ? 2 : 1), node);
	w->open[w->n_open].node = node;
	w->open[w->n_open].opener = w->at;
	w->open[w->n_open].is_judged = false;
	w->n_open++;
	w->at += has_title ? 3 : 2;
}

static void
take_include(struct walk *w)
{
	const struct token *name = peek(w, 0), *pattern = peek(w, 2);

	if (!ms_str_is(token_str(name), "include")) {
		problems_error(w->reader->problems, at_token(w, name), "\"%.*s(\": only "
		    "include(\"FILE\") has parentheses", SHOWN(token_str(name)));
		skip(w);
		return;
	}
	if (!token_is_text(pattern) || peek(w, 3)->kind != TOKEN_RIGHT) {
		problems_error(w->reader->problems, at_token(w, name),
		    "write include(\"FILE\") or include(\"DIRECTORY/*.conf\")");
		skip(w);
		return;
	}
	w->at += 4;
	reader_include(w->reader, w, pattern, parent_of(w), w->base_depth + w->n_open);
}

static void
take_lonely(struct walk *w)
{
	const struct token *t = peek(w, 0), *next = peek(w, 1);
	struct ms_str name = token_str(t);

	if (token_is_text(next) && !next->is_first)
		problems_error(w->reader->problems, at_token(w, t), "an \"=\" is missing "
		    "after \"%.*s\": write %.*s = %.*s", SHOWN(name), SHOWN(name),
		    SHOWN(token_str(next)));
	else
		problems_error(w->reader->problems, at_token(w, t), "\"%.*s\" stands alone: "
		    "write %.*s = VALUE or %.*s { ... }", SHOWN(name), SHOWN(name),
		    SHOWN(name));
	skip(w);
}

static void
take_statement(struct walk *w)
{
	const struct token *t = peek(w, 0), *next = peek(w, 1);

	if (t->kind == TOKEN_CLOSE) {
		if (w->n_open == 0)
			problems_error(w->reader->problems, at_token(w, t), "there is no "
			    "open section that this \"}\" could close%s",
			    w->base_depth > 0 ? " in this file" : "");
		else
			close_section(w, t);
		w->at++;
	} else if (!token_is_text(t)) {
		problems_error(w->reader->problems, at_token(w, t),
		    "unexpected \"%.*s\"", (int)t->len, t->text);
		skip(w);
	} else if (is_assignment(next))
		take_assignment(w);
	else if (next->kind == TOKEN_OPEN)
		take_section(w, false);
	else if (token_is_text(next) && peek(w, 2)->kind == TOKEN_OPEN)
		take_section(w, true);
	else if (next->kind == TOKEN_LEFT)
		take_include(w);
	else
		take_lonely(w);
}

void
walk_run(struct walk *w)
{
	w->missing = count_missing(w);
	while (peek(w, 0)->kind != TOKEN_END && !w->reader->is_over) {
		close_overdue(w);
		take_statement(w);
	}
	/* Also after a bound was passed, so that what is there balances. */
	while (w->n_open > 0) {
		if (w->reader->is_over)
			close_section(w, peek(w, 0));
		else
			blame_top(w, peek(w, 0));
	}
}
