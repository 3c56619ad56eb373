/* SPDX-License-Identifier: ISC */
/*
 * address_list.c - see address.h: the addresses of a field, RFC 5322 3.4, 4.4
 *
 * One pass, no stack.  Words are collected until a special character says
 * what they were: "<": a display name; "@": a local part; ":": a group's name;
 * "," or the end: a name without an address.  They go to two rows of octets
 * at once, as a name (joined by a space) and as a local part (the last run of
 * words with dots between them); each octet of the value adds at most two to
 * one and one to the other, so that both have their size from the start.
 *
 * What the grammar forbids and senders do: names with dots, "@" or brackets
 * unquoted, an address twice ("a@b <a@b>"), missing commas, semicolons for
 * commas, a comment as the name.
 */
#include <mansio/address.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"

enum last { NOTHING, WORD, DOT };

struct list {
	struct ms_str    text;
	size_t           at;
	struct ms_arena *arena;

	char  *name;		/* the row of names; its end */
	size_t name_end, name_start;
	char  *local;		/* of local parts, domains and routes */
	size_t local_end, local_start;
	size_t name_before_local;	/* name_end before that run of words */
	enum last last;
	bool   has_gap;		/* white space or a comment before the next token */

	bool   is_in_group;
	bool   after_address;	/* no separator since: what follows is junk */

	struct ms_address *found;
	size_t n, cap;
};

static bool
at_end(const struct list *l)
{
	return l->at >= l->text.len || l->n >= MS_MAX_ADDRESSES;
}

static char
next(const struct list *l)
{
	return l->at < l->text.len ? l->text.data[l->at] : '\0';
}

static void
forget_words(struct list *l)
{
	l->name_start = l->name_before_local = l->name_end;
	l->local_start = l->local_end;
	l->last = NOTHING;
	l->has_gap = false;
}

static void
name_put(struct list *l, char c)
{
	l->name[l->name_end++] = c;
}

static void
local_put(struct list *l, char c)
{
	l->local[l->local_end++] = c;
}

/* What was collected; data NULL: nothing. */
static struct ms_str
name_taken(const struct list *l, size_t end)
{
	struct ms_str s = ms_str_trim(ms_str_of(l->name + l->name_start,
	    end - l->name_start));

	return s.len > 0 ? s : ms_str_of(NULL, 0);
}

static struct ms_str
local_taken(struct list *l)
{
	struct ms_str s = ms_str_of(l->local + l->local_start,
	    l->local_end - l->local_start);

	l->local_start = l->local_end;
	return s;
}

static void
emit(struct list *l, uint32_t kind, struct ms_str name, struct ms_str route,
    struct ms_str local, struct ms_str domain)
{
	struct ms_address *more;

	if (l->n >= MS_MAX_ADDRESSES)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 4 : l->cap * 2;
		more = ms_arena_array(l->arena, l->cap, sizeof(*more));
		if (l->n > 0)
			memcpy(more, l->found, l->n * sizeof(*more));
		l->found = more;
	}
	l->found[l->n++] = (struct ms_address){ kind, 0, name, route, local, domain };
}

static void
emit_group_end(struct list *l)
{
	static const struct ms_str none;

	if (l->is_in_group)
		emit(l, MS_ADDRESS_GROUP_END, none, none, none, none);
	l->is_in_group = false;
}

/* At "(".  RFC 5322 3.2.2: comments nest.  keep: also into the name's row,
   for old senders put the name there. */
static void
skip_comment(struct list *l, bool keep)
{
	size_t depth = 0;

	while (l->at < l->text.len) {
		char c = l->text.data[l->at++];

		if (c == '(' && depth++ == 0)
			continue;
		if (c == ')' && --depth == 0)
			break;
		if (c == '\\' && l->at < l->text.len)
			c = l->text.data[l->at++];
		if (keep && c != '\r' && c != '\n')
			name_put(l, c);
	}
	l->has_gap = true;
}

static void
skip_gap(struct list *l)
{
	while (l->at < l->text.len) {
		if (next(l) == '(') {
			skip_comment(l, false);
		} else if (ascii_is_blank(next(l))) {
			l->at++;
			l->has_gap = true;
		} else {
			return;
		}
	}
}

/* Before a word: a space in the name where there was one, or where two words
   met; a new run for the local part if no dot joins it. */
static void
begin_word(struct list *l)
{
	if (l->last == WORD) {
		l->name_before_local = l->name_end;
		l->local_start = l->local_end;
	}
	if ((l->last != NOTHING && l->has_gap) || l->last == WORD)
		name_put(l, ' ');
	l->last = WORD;
	l->has_gap = false;
}

static void
word_put(struct list *l, char c)
{
	name_put(l, c);
	local_put(l, c);
}

static void
read_quoted(struct list *l)
{
	begin_word(l);
	for (l->at++; l->at < l->text.len; l->at++) {
		char c = l->text.data[l->at];

		if (c == '"') {
			l->at++;
			return;
		}
		if (c == '\\' && l->at + 1 < l->text.len)
			c = l->text.data[++l->at];
		else if (c == '\r' || c == '\n')	/* folding */
			continue;
		word_put(l, c);
	}
}

/* Octets of an encoded word here (RFC 2047), which may hold specials that
   belong to it; 0: none. */
static size_t
encoded_word_octets(struct ms_str s)
{
	unsigned marks = 0;

	if (!ms_str_has_prefix(s, ms_str_of("=?", 2)))
		return 0;
	for (size_t i = 2; i < s.len && !ascii_is_blank(s.data[i]); i++) {
		if (s.data[i] != '?')
			continue;
		if (++marks == 3)
			return i + 1 < s.len && s.data[i + 1] == '=' ? i + 2 : 0;
	}
	return 0;
}

static bool
is_special(char c)
{
	return c == '(' || c == '<' || c == '>' || c == '@' || c == ',' || c == ';' ||
	    c == ':' || c == '"' || c == '.' || ascii_is_blank(c);
}

static void
read_atom(struct list *l)
{
	size_t encoded = encoded_word_octets(ms_str_from(l->text, l->at));

	begin_word(l);
	if (encoded > 0) {
		while (encoded-- > 0)
			word_put(l, l->text.data[l->at++]);
		return;
	}
	while (l->at < l->text.len && !is_special(next(l))) {
		if (next(l) == '\\' && l->at + 1 < l->text.len)
			l->at++;	/* RFC 822's quoted-pair in a word */
		word_put(l, l->text.data[l->at++]);
	}
}

static void
read_dot(struct list *l)
{
	if (l->has_gap && l->last == WORD)
		name_put(l, ' ');
	word_put(l, '.');
	l->last = DOT;
	l->has_gap = false;
	l->at++;
}

/* At "[": the literal with its brackets, white space taken out. */
static void
read_literal(struct list *l)
{
	while (l->at < l->text.len) {
		char c = l->text.data[l->at++];

		if (ascii_is_blank(c))
			continue;
		word_put(l, c);
		if (c == ']')
			return;
		if (c == '\\' && l->at < l->text.len)
			word_put(l, l->text.data[l->at++]);
	}
}

/* Does a dot come after white space and comments?  Then goes there. */
static bool
skip_gap_to_dot(struct list *l)
{
	size_t at = l->at;

	skip_gap(l);
	if (next(l) == '.')
		return true;
	l->at = at;
	return false;
}

/* After "@".  Atoms with dots between, and white space and comments around
   those (RFC 5322 4.4, obs-domain); it ends where two atoms meet. */
static struct ms_str
read_domain(struct list *l)
{
	bool after_atom = false;

	(void)local_taken(l);
	skip_gap(l);
	if (next(l) == '[') {
		read_literal(l);
		return local_taken(l);
	}
	while (l->at < l->text.len) {
		char c = next(l);

		if (c == '.') {
			word_put(l, c);
			l->at++;
			after_atom = false;
		} else if (!is_special(c) && !after_atom) {
			while (l->at < l->text.len && !is_special(next(l)))
				word_put(l, l->text.data[l->at++]);
			after_atom = true;
		} else if (c != '(' && !ascii_is_blank(c)) {
			break;
		} else if (!after_atom) {
			skip_gap(l);
		} else if (!skip_gap_to_dot(l)) {
			break;
		}
	}
	return local_taken(l);
}

/* Collects words and dots; the special after them, '\0' at the end. */
static char
read_words(struct list *l)
{
	for (;;) {
		skip_gap(l);
		if (l->at >= l->text.len)
			return '\0';
		if (next(l) == '"')
			read_quoted(l);
		else if (next(l) == '.')
			read_dot(l);
		else if (!is_special(next(l)))
			read_atom(l);
		else
			return next(l);
	}
}

/* At "@" right after "<": obs-route up to its colon.  Without one it was a
   domain whose local part is missing. */
static bool
read_route(struct list *l, struct ms_str *route_out, struct ms_str *domain_out)
{
	size_t start = l->local_end, domain_end;

	for (;;) {
		local_put(l, '@');
		l->at++;
		(void)read_domain(l);
		skip_gap(l);
		domain_end = l->at;
		for (; next(l) == ','; skip_gap(l))
			l->at++;
		if (l->at == domain_end || next(l) != '@')
			break;
		local_put(l, ',');
	}
	*route_out = ms_str_of(l->local + start, l->local_end - start);
	forget_words(l);
	if (next(l) == ':') {
		l->at++;
		return true;
	}
	*domain_out = ms_str_from(*route_out, 1);
	*route_out = ms_str_of(NULL, 0);
	return false;
}

/* At "<".  To ">", or to what cannot be inside. */
static void
read_angle(struct list *l, struct ms_str name)
{
	struct ms_str route = { NULL, 0 }, local = { NULL, 0 }, domain = { NULL, 0 };
	char c;

	l->at++;
	forget_words(l);
	c = read_words(l);
	if (c == '@' && l->last == NOTHING)
		c = read_route(l, &route, &domain) ? read_words(l) : '\0';
	while (c == ':') {	/* "<mailto:ann@example.org>" */
		l->at++;
		forget_words(l);
		c = read_words(l);
	}
	if (c == '@') {
		if (l->last != NOTHING)
			local = local_taken(l);
		l->at++;
		domain = read_domain(l);
	} else if (l->last != NOTHING) {
		local = name_taken(l, l->name_end);
	}
	emit(l, MS_ADDRESS_MAILBOX, name, route, local, domain);
	for (; l->at < l->text.len && next(l) != ',' && next(l) != ';' &&
	    next(l) != '<'; l->at++)
		if (next(l) == '>') {
			l->at++;
			break;
		}
	forget_words(l);
	l->after_address = true;
}

/* At "@" outside of angle brackets. */
static void
read_bare(struct list *l)
{
	struct ms_str local = { NULL, 0 }, none = { NULL, 0 }, domain, name, comment;
	size_t words_end = l->name_before_local, all_end;

	if (l->last != NOTHING)
		local = local_taken(l);
	name_put(l, '@');
	l->at++;
	domain = read_domain(l);
	all_end = l->name_end;
	while (l->at < l->text.len && ascii_is_blank(next(l)))
		l->at++;
	if (next(l) == '(')
		skip_comment(l, true);
	comment = ms_str_trim(ms_str_of(l->name + all_end, l->name_end - all_end));
	skip_gap(l);
	if (next(l) == '<') {
		/* "ann@example.org <ann@example.org>": it was the name. */
		read_angle(l, name_taken(l, all_end));
		return;
	}
	name = name_taken(l, words_end);
	if (name.data == NULL && comment.len > 0)
		name = comment;
	emit(l, MS_ADDRESS_MAILBOX, name, none, local, domain);
	forget_words(l);
	l->after_address = true;
}

/* At a separator or the end: words that were no address. */
static void
end_words(struct list *l)
{
	struct ms_str none = { NULL, 0 }, words = name_taken(l, l->name_end);

	if (words.data != NULL && !l->after_address)
		emit(l, MS_ADDRESS_MAILBOX, none, none, words, none);
	forget_words(l);
	l->after_address = false;
}

static void
begin_group(struct list *l)
{
	struct ms_str none = { NULL, 0 }, name = name_taken(l, l->name_end);

	emit_group_end(l);	/* RFC 5322 3.4: groups do not nest */
	emit(l, MS_ADDRESS_GROUP, name.data != NULL ? name : ms_str_of("", 0), none,
	    none, none);
	l->is_in_group = true;
	forget_words(l);
	l->after_address = false;
}

void
ms_addresses_parse(struct ms_arena *a, struct ms_str value,
    const struct ms_address **addresses_out, size_t *n_out)
{
	struct list l = { .text = value, .arena = a };

	l.name = ms_arena_alloc(a, 2 * value.len + 2);
	l.local = ms_arena_alloc(a, value.len + 2);
	while (!at_end(&l)) {
		char c = read_words(&l);

		if (l.at >= l.text.len) {
			break;
		} else if (c == '<') {
			read_angle(&l, name_taken(&l, l.name_end));
			continue;
		} else if (c == '@' && l.after_address && l.last == NOTHING) {
			/* "a@b@c": nobody's domain */
			l.at++;
			(void)read_domain(&l);
			forget_words(&l);
			continue;
		} else if (c == '@') {
			read_bare(&l);
			continue;
		} else if (c == ':') {
			begin_group(&l);
		} else if (c != '>') {
			end_words(&l);
			if (c == ';')
				emit_group_end(&l);
		}
		l.at++;
	}
	end_words(&l);
	emit_group_end(&l);
	*addresses_out = l.found;
	*n_out = l.n;
}
