/* SPDX-License-Identifier: ISC */
/* sort.c - SORT (RFC 5256, RFC 5957), see searching.h */
#include <stdlib.h>

#include <mansio/str.h>

#include "collect.h"
#include "respond.h"
#include "searching.h"

enum { BY_ARRIVAL = 1, BY_CC, BY_DATE, BY_FROM, BY_SIZE, BY_SUBJECT, BY_TO,
       BY_DISPLAY_FROM, BY_DISPLAY_TO };

#define MAX_KEYS	16

struct by {
	uint32_t key;
	bool     is_reverse;
};

struct sort {
	struct collect all;
	struct by      by[MAX_KEYS + 1];	/* ends with key 0 */
};

static const struct {
	const char *word;
	uint32_t    key, want;
} words[] = {
	{ "ARRIVAL", BY_ARRIVAL, 0 }, { "CC", BY_CC, COLLECT_CC },
	{ "DATE", BY_DATE, COLLECT_SENT }, { "FROM", BY_FROM, COLLECT_FROM },
	{ "SIZE", BY_SIZE, 0 }, { "SUBJECT", BY_SUBJECT, COLLECT_SUBJECT },
	{ "TO", BY_TO, COLLECT_TO },
	{ "DISPLAYFROM", BY_DISPLAY_FROM, COLLECT_DISPLAY },
	{ "DISPLAYTO", BY_DISPLAY_TO, COLLECT_DISPLAY },
};

static bool
parse_criteria(struct parse *p, struct sort *s)
{
	size_t n = 0;

	if (!parse_octet(p, '('))
		return false;
	do {
		size_t i = 0, n_words = sizeof(words) / sizeof(*words);

		if (n == MAX_KEYS)
			return false;
		if (parse_word(p, "REVERSE")) {
			s->by[n].is_reverse = true;
			if (!parse_space(p))
				return false;
		}
		while (i < n_words && !parse_word(p, words[i].word))
			i++;
		if (i == n_words)
			return false;
		s->by[n++].key = words[i].key;
		s->all.want |= words[i].want;
	} while (parse_space(p));
	return parse_octet(p, ')');
}

/* SORT and THREAD: the charset is always there. */
bool
searching_parse_rest(struct command *c, struct search *s)
{
	struct parse *p = &c->parse;

	return parse_space(p) && search_parse_charset(c, s) &&
	    (s->is_bad_charset || parse_space(p)) && search_parse_keys(c, s);
}

bool
sort_parse(struct command *c)
{
	struct sort *s = ms_arena_alloc(c->arena, sizeof(*s));

	c->state = s;
	return parse_space(&c->parse) && parse_criteria(&c->parse, s) &&
	    searching_parse_rest(c, &s->all.find.search);
}

void
sort_release(struct command *c)
{
	struct sort *s = c->state;

	find_done(&s->all.find);
}

static int
compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Folded texts in the order of i;unicode-casemap (RFC 5051), which raises
   letters where our folding lowers them: what ASCII has between its two cases
   comes after the letters. */
static int
compare_texts(struct ms_str a, struct ms_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		int x = (unsigned char)a.data[i], y = (unsigned char)b.data[i];

		if (x == y)
			continue;
		if (x >= 'a' && x <= 'z')
			x -= 'a' - 'A';
		if (y >= 'a' && y <= 'z')
			y -= 'a' - 'A';
		return x - y;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int
compare_by(uint32_t key, const struct entry *a, const struct entry *b)
{
	switch (key) {
	case BY_ARRIVAL:
		return compare_numbers(a->arrived_us, b->arrived_us);
	case BY_DATE:
		return compare_numbers(a->sent_us, b->sent_us);
	case BY_SIZE:
		return compare_numbers((int64_t)a->octets,
		    (int64_t)b->octets);
	case BY_CC:
		return compare_texts(a->cc, b->cc);
	case BY_FROM:
		return compare_texts(a->from, b->from);
	case BY_TO:
		return compare_texts(a->to, b->to);
	case BY_SUBJECT:
		return compare_texts(a->subject, b->subject);
	case BY_DISPLAY_FROM:
		return compare_texts(a->display_from, b->display_from);
	default:
		return compare_texts(a->display_to, b->display_to);
	}
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct entry *x = a, *y = b;

	for (const struct by *by = arg; by->key != 0; by++) {
		int order = compare_by(by->key, x, y);

		if (order != 0)
			return by->is_reverse ? -order : order;
	}
	/* RFC 5256 3.: then by sequence number. */
	return compare_numbers(x->uid, y->uid);
}

enum progress
sort_run(struct command *c)
{
	struct sort *s = c->state;

	if (collect_run(c, &s->all) == PROGRESS_WAIT)
		return PROGRESS_WAIT;
	if (c->reply != 0 || c->session->is_over)
		return PROGRESS_DONE;
	if (s->all.n > 0)
		qsort_r(s->all.entries, s->all.n, sizeof(*s->all.entries),
		    compare, s->by);
	respond_text(c, "* SORT");
	for (size_t i = 0; i < s->all.n; i++) {
		respond_text(c, " ");
		respond_u64(c, s->all.entries[i].number);
	}
	/* RFC 7162 3.1.9 */
	if (s->all.find.search.has_modseq && s->all.n > 0) {
		respond_text(c, " (MODSEQ ");
		respond_u64(c, s->all.find.modseq);
		respond_text(c, ")");
	}
	respond_text(c, "\r\n");
	reply(c, REPLY_OK, NULL, "SORT completed");
	return PROGRESS_DONE;
}
