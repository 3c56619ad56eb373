/* SPDX-License-Identifier: ISC */
/* threading.c - THREAD (RFC 5256), see searching.h */
#include <mansio/str.h>

#include "collect.h"
#include "respond.h"
#include "searching.h"
#include "thread.h"

struct threads {
	struct collect all;
	bool           by_references;
};

bool
thread_parse(struct command *c)
{
	struct threads *s = ms_arena_alloc(c->arena, sizeof(*s));
	struct parse *p = &c->parse;

	c->state = s;
	if (!parse_space(p))
		return false;
	s->by_references = parse_word(p, "REFERENCES");
	if (!s->by_references && !parse_word(p, "ORDEREDSUBJECT"))
		return false;
	s->all.want = COLLECT_SENT | COLLECT_SUBJECT |
	    (s->by_references ? COLLECT_KEYS : 0);
	return searching_parse_rest(c, &s->all.find.search);
}

void
thread_release(struct command *c)
{
	struct threads *s = c->state;

	find_done(&s->all.find);
}

enum progress
thread_run(struct command *c)
{
	struct threads *s = c->state;
	struct forest f;
	uint32_t n;

	if (collect_run(c, &s->all) == PROGRESS_WAIT)
		return PROGRESS_WAIT;
	if (c->reply != 0 || c->session->is_over)
		return PROGRESS_DONE;
	n = (uint32_t)s->all.n;
	if (!s->by_references) {
		thread_ordered_subject(&f, c->arena, s->all.entries, n);
	} else if (!thread_references(&f, c->arena, s->all.entries, n)) {
		reply(c, REPLY_NO, "LIMIT", "Too many references for that");
		return PROGRESS_DONE;
	}
	respond_text(c, f.n_roots > 0 ? "* THREAD " : "* THREAD");
	thread_put(&f, &c->out);
	respond_text(c, "\r\n");
	reply(c, REPLY_OK, NULL, "THREAD completed");
	return PROGRESS_DONE;
}
