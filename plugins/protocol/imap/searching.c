/* SPDX-License-Identifier: ISC */
/* searching.c - SEARCH, see searching.h */
#include "searching.h"

#include <mansio/str.h>

#include "find.h"
#include "respond.h"

enum {	/* RFC 4731 3.1, RFC 5182 2. */
	RETURN_MIN = 1, RETURN_MAX = 2, RETURN_ALL = 4, RETURN_COUNT = 8,
	RETURN_SAVE = 16
};

struct searching {
	struct find find;
	bool        is_extended;	/* RETURN was there: ESEARCH */
	uint32_t    returns;
};

static bool
parse_return(struct parse *p, struct searching *s)
{
	static const struct {
		const char *word;
		uint32_t    bit;
	} words[] = {
		{ "MIN", RETURN_MIN }, { "MAX", RETURN_MAX },
		{ "ALL", RETURN_ALL }, { "COUNT", RETURN_COUNT },
		{ "SAVE", RETURN_SAVE },
	};

	s->is_extended = true;
	if (!parse_space(p) || !parse_octet(p, '('))
		return false;
	while (parse_peek(p) != ')') {
		size_t i = 0, n = sizeof(words) / sizeof(*words);

		while (i < n && !parse_word(p, words[i].word))
			i++;
		if (i == n)
			return false;
		s->returns |= words[i].bit;
		if (parse_peek(p) != ')' && !parse_space(p))
			return false;
	}
	/* RFC 4731 3.1: nothing named means ALL. */
	if (s->returns == 0)
		s->returns = RETURN_ALL;
	return parse_octet(p, ')') && parse_space(p);
}

bool
search_parse(struct command *c)
{
	struct searching *s = ms_arena_alloc(c->arena, sizeof(*s));
	struct parse *p = &c->parse;

	c->state = s;
	if (!parse_space(p))
		return false;
	if (parse_word(p, "RETURN") && !parse_return(p, s))
		return false;
	if (parse_word(p, "CHARSET")) {
		/* RFC 6855 3.: with UTF8=ACCEPT all is UTF-8 already. */
		if ((c->session->enabled & ENABLED_UTF8) || !parse_space(p) ||
		    !search_parse_charset(c, &s->find.search))
			return false;
		if (!s->find.search.is_bad_charset && !parse_space(p))
			return false;
	}
	if (!search_parse_keys(c, &s->find.search))
		return false;
	/* RFC 5182 2.1: after a NO it is empty. */
	if (s->find.search.is_bad_charset && (s->returns & RETURN_SAVE))
		session_save_result(c->session, (struct ms_uids){ NULL, 0 });
	return true;
}

void
search_release(struct command *c)
{
	struct searching *s = c->state;

	find_done(&s->find);
}

static void
put_list(struct command *c, const struct find *f, struct ms_uids numbers)
{
	respond_text(c, "* SEARCH");
	for (size_t i = 0; i < numbers.n; i++)
		for (uint64_t n = numbers.ranges[i].first;
		    n <= numbers.ranges[i].last; n++) {
			char text[12], *p = text;

			*p++ = ' ';
			p = put_u32(p, (uint32_t)n);
			respond_str(c, ms_str_of(text, (size_t)(p - text)));
		}
	/* RFC 7162 3.1.6 */
	if (f->search.has_modseq && numbers.n > 0) {
		respond_text(c, " (MODSEQ ");
		respond_u64(c, f->modseq);
		respond_text(c, ")");
	}
	respond_text(c, "\r\n");
}

/* RFC 4731 3.2: of what is returned. */
static uint64_t
modseq_of(const struct find *f, uint32_t returns)
{
	uint64_t modseq = 0;

	if (returns & (RETURN_ALL | RETURN_COUNT))
		return f->modseq;
	if (returns & RETURN_MIN)
		modseq = f->first_modseq;
	if ((returns & RETURN_MAX) && f->last_modseq > modseq)
		modseq = f->last_modseq;
	return modseq;
}

static void
put_extended(struct command *c, const struct searching *s,
    struct ms_uids numbers)
{
	respond_text(c, "* ESEARCH (TAG ");
	respond_string(&c->out, c->tag);
	respond_text(c, c->is_uid ? ") UID" : ")");
	if ((s->returns & RETURN_MIN) && numbers.n > 0) {
		respond_text(c, " MIN ");
		respond_u64(c, numbers.ranges[0].first);
	}
	if ((s->returns & RETURN_MAX) && numbers.n > 0) {
		respond_text(c, " MAX ");
		respond_u64(c, numbers.ranges[numbers.n - 1].last);
	}
	if ((s->returns & RETURN_ALL) && numbers.n > 0) {
		respond_text(c, " ALL ");
		respond_uids(&c->out, numbers);
	}
	if (s->returns & RETURN_COUNT) {
		respond_text(c, " COUNT ");
		respond_u64(c, uids_count(numbers));
	}
	if (s->find.search.has_modseq && numbers.n > 0) {
		respond_text(c, " MODSEQ ");
		respond_u64(c, modseq_of(&s->find, s->returns));
	}
	respond_text(c, "\r\n");
}

/* RFC 5182 2.1: all that was found, or only what MIN and MAX name. */
static void
save(struct command *c, const struct searching *s)
{
	struct ms_uids uids = s->find.uids;
	struct ms_uid_range ends[2];
	size_t n = 0;

	if ((s->returns & (RETURN_MIN | RETURN_MAX)) &&
	    !(s->returns & (RETURN_ALL | RETURN_COUNT)) && uids.n > 0) {
		uint32_t first = uids.ranges[0].first;
		uint32_t last = uids.ranges[uids.n - 1].last;

		if (s->returns & RETURN_MIN)
			ends[n++] = (struct ms_uid_range){ first, first };
		if (s->returns & RETURN_MAX)
			ends[n++] = (struct ms_uid_range){ last, last };
		uids = uids_normal(c->arena, ends, n);
	}
	session_save_result(c->session, uids);
}

enum progress
search_run(struct command *c)
{
	struct searching *s = c->state;
	struct ms_uids numbers;

	if (find_run(c, &s->find) == PROGRESS_WAIT)
		return PROGRESS_WAIT;
	if (c->session->is_over)
		return PROGRESS_DONE;
	if (c->reply != 0) {
		if (c->reply == REPLY_NO && (s->returns & RETURN_SAVE))
			session_save_result(c->session,
			    (struct ms_uids){ NULL, 0 });
		return PROGRESS_DONE;
	}
	numbers = c->is_uid ? s->find.uids :
	    view_seqs(c->arena, &s->find.view, s->find.uids);
	if (s->returns & RETURN_SAVE)
		save(c, s);
	if (!s->is_extended)
		put_list(c, &s->find, numbers);
	else if (s->returns != RETURN_SAVE)
		put_extended(c, s, numbers);
	reply(c, REPLY_OK, NULL, "SEARCH completed");
	return PROGRESS_DONE;
}
