/* SPDX-License-Identifier: ISC */
/*
 * search_terms.c - asking the store, which may have an index, see search.h
 *
 * The tree goes to it as terms in postfix order (query.h).  A store that knows
 * nothing says so, and the messages are read.
 */
#include <mansio/str.h>

#include "search.h"

struct postfix {
	struct command *c;
	struct ms_term *terms;
	size_t          n, room;
};

static void
put(struct postfix *p, struct ms_term term)
{
	if (p->n == p->room) {
		size_t room = p->room == 0 ? 16 : p->room * 2;
		struct ms_term *grown = ms_arena_array(p->c->arena, room,
		    sizeof(*grown));

		if (p->n > 0)
			memcpy(grown, p->terms, p->n * sizeof(*grown));
		p->terms = grown;
		p->room = room;
	}
	p->terms[p->n++] = term;
}

static void
put_many(struct postfix *p, uint32_t op, uint32_t n)
{
	if (n != 1 || op == MS_TERM_NOT)
		put(p, (struct ms_term){ .op = op, .arity = n });
}

static void
put_time(struct postfix *p, const struct key *k, uint32_t from,
    uint32_t before)
{
	uint32_t n = 0;

	if (k->from > 0) {
		put(p, (struct ms_term){ .op = from,
		    .number = (uint64_t)k->from });
		n++;
	}
	if (k->to < INT64_MAX || n == 0) {
		put(p, (struct ms_term){ .op = before,
		    .number = k->to > 0 ? (uint64_t)k->to : 0 });
		n++;
	}
	put_many(p, MS_TERM_AND, n);
}

static void
put_uids(struct postfix *p, struct ms_uids uids)
{
	put(p, (struct ms_term){ .op = MS_TERM_UIDS, .uids = uids });
}

static void
put_flags(struct postfix *p, const struct key *k)
{
	put(p, (struct ms_term){ .op = MS_TERM_FLAGS, .number = k->mask });
	/* All keys of one flag: it is set, or it is not. */
	if (k->flags == 0)
		put_many(p, MS_TERM_NOT, 1);
}

static void
put_recent(struct postfix *p)
{
	const struct selected *sel = &p->c->session->selected;
	struct ms_uid_range *r = ms_arena_alloc(p->c->arena, sizeof(*r));

	*r = (struct ms_uid_range){ sel->recent_first, sel->recent_last };
	put_uids(p, (struct ms_uids){ r, sel->recent_first != 0 });
}

static void
put_id(struct postfix *p, uint32_t op, const struct key *k)
{
	put(p, (struct ms_term){ .op = op, .text = ms_str_of(
	    (const char *)k->id.octets, sizeof(k->id.octets)) });
}

/* As deep as the parser let the tree be: IMAP_MAX_DEPTH. */
static void
put_key(struct postfix *p, const struct key *key, const struct view *v)
{
	uint32_t n = 0;

	for (const struct key *k = key->children; k != NULL; k = k->next, n++)
		put_key(p, k, v);
	switch (key->op) {
	case KEY_AND:
		put_many(p, MS_TERM_AND, n);
		break;
	case KEY_OR:
		put_many(p, MS_TERM_OR, n);
		break;
	case KEY_NOT:
		put_many(p, MS_TERM_NOT, 1);
		break;
	case KEY_ALL:
		put_uids(p, v->uids);
		break;
	case KEY_SET:
		put_uids(p, key->uids);
		break;
	case KEY_FLAGS:
		put_flags(p, key);
		break;
	case KEY_RECENT:
		put_recent(p);
		break;
	case KEY_KEYWORD:
		put(p, (struct ms_term){ .op = MS_TERM_KEYWORD,
		    .text = key->text });
		break;
	case KEY_LARGER:
	case KEY_SMALLER:
		put(p, (struct ms_term){ .op = key->op == KEY_LARGER ?
		    MS_TERM_LARGER : MS_TERM_SMALLER, .number = key->number });
		break;
	case KEY_ARRIVED:
		put_time(p, key, MS_TERM_ARRIVED_FROM,
		    MS_TERM_ARRIVED_BEFORE);
		break;
	case KEY_SAVED:
		put_time(p, key, MS_TERM_SAVED_FROM, MS_TERM_SAVED_BEFORE);
		break;
	case KEY_SENT:
		put_time(p, key, MS_TERM_SENT_FROM, MS_TERM_SENT_BEFORE);
		break;
	case KEY_EMAILID:
		put_id(p, MS_TERM_EMAIL_ID, key);
		break;
	case KEY_THREADID:
		put_id(p, MS_TERM_THREAD_ID, key);
		break;
	case KEY_SUBJECT:
		put(p, (struct ms_term){ .op = MS_TERM_HEADER,
		    .name = MS_STR("Subject"), .text = key->text });
		break;
	case KEY_HEADER:
		put(p, (struct ms_term){ .op = MS_TERM_HEADER,
		    .name = key->name, .text = key->text });
		break;
	case KEY_MODSEQ:
		put(p, (struct ms_term){ .op = MS_TERM_MODSEQ,
		    .number = key->number });
		break;
	default:
		put(p, (struct ms_term){ .op = key->op == KEY_BODY ?
		    MS_TERM_BODY : MS_TERM_TEXT, .text = key->text });
		break;
	}
}

ms_status
search_ask(struct command *c, const struct search *s, const struct view *v,
    struct ms_found *found, struct ms_error *err)
{
	struct session *session = c->session;
	struct ms_instance *self = session->self;
	struct ms_scope scope = command_scope(c);
	struct postfix p = { .c = c };

	put_key(&p, s->root, v);
	return self->mailbox->search(self->backend.self, &scope,
	    session->account, &session->selected.box, p.terms, p.n, found,
	    err);
}
