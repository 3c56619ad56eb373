/* SPDX-License-Identifier: ISC */
/*
 * search.c - see read.h: UIDs of a mailbox, all or by what the rows tell
 *
 * Terms are decided per message as no, maybe or yes; text that only the body
 * can tell is a maybe, so that "UNSEEN TEXT x" leaves the caller the unseen
 * ones to look at.
 */
#include <mansio/error.h>
#include <mansio/str.h>

#include "read.h"

#define MAX_DEPTH	64	/* of the stack that a postfix query needs */
#define MAX_TERMS	4096

enum { NO = 0, MAYBE = 1, YES = 2 };	/* AND is the minimum, OR the maximum */

struct search {
	struct db_txn        *t;
	const struct box     *b;
	const struct ms_term *terms;
	size_t                n;
	struct flagset       *keywords;	/* of each KEYWORD term */
	bool                 *is_known;	/* the mailbox has that keyword */
	struct mail           mail;	/* of the message that is looked at */
	bool                  has_mail;
};

/* Is it a sound postfix expression that leaves one value? */
static bool
is_sound(const struct ms_term *terms, size_t n)
{
	size_t depth = 0;

	if (n > MAX_TERMS)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t taken = 0;

		if (terms[i].op == MS_TERM_AND || terms[i].op == MS_TERM_OR)
			taken = terms[i].arity;
		else if (terms[i].op == MS_TERM_NOT || terms[i].op == MS_TERM_FUZZY)
			taken = 1;
		if (taken > depth || (taken == 0 && terms[i].op <= MS_TERM_NOT) ||
		    depth - taken + 1 > MAX_DEPTH ||
		    (terms[i].op == MS_TERM_UIDS && !uids_are_sound(terms[i].uids)))
			return false;
		depth = depth - taken + 1;
	}
	return depth == 1;
}

static ms_status
load_mail(struct search *s, uint32_t uid)
{
	ms_status st;

	if (s->has_mail)
		return MS_OK;
	st = mail_find(s->t, s->b->account, s->b->number, uid, &s->mail);
	s->has_mail = st == MS_OK;
	return st == MS_NOTFOUND ? db_damaged(s->t, DB_MAIL, "mail") : st;
}

static bool
needs_mail(const struct search *s, size_t i, const struct entry *e)
{
	const struct ms_term *term = &s->terms[i];

	switch (term->op) {
	case MS_TERM_KEYWORD:
		return (e->flags & ENTRY_MORE) != 0 && s->keywords[i].has_more;
	case MS_TERM_LARGER:
	case MS_TERM_SMALLER:
		return e->octets == ENTRY_BIG;
	case MS_TERM_ARRIVED_FROM:
	case MS_TERM_ARRIVED_BEFORE:
		return e->date == 0 || e->date == UINT32_MAX || term->number % 1000000 != 0;
	case MS_TERM_SAVED_FROM:
	case MS_TERM_SAVED_BEFORE:
	case MS_TERM_EMAIL_ID:
	case MS_TERM_THREAD_ID:
		return true;
	default:
		return false;
	}
}

static bool
has_keyword(const struct search *s, size_t i, const struct entry *e)
{
	const struct flagset *wanted = &s->keywords[i];

	if (!s->is_known[i])
		return false;
	if (!wanted->has_more)
		return (e->flags & wanted->word) == wanted->word;
	for (size_t k = 0; s->has_mail && k < s->mail.more.len && k < MAIL_MORE; k++)
		if ((wanted->more[k] & (uint8_t)s->mail.more.data[k]) != 0)
			return true;
	return false;
}

static bool
is_id(const struct ms_id *id, struct ms_str text)
{
	return text.len == sizeof(*id) && memcmp(id, text.data, sizeof(*id)) == 0;
}

static uint8_t
decide(const struct search *s, size_t i, const struct entry *e)
{
	const struct ms_term *term = &s->terms[i];
	uint64_t octets = s->has_mail ? s->mail.octets : e->octets;
	int64_t arrived = s->has_mail ? s->mail.arrived_us : (int64_t)e->date * 1000000;
	int64_t number = (int64_t)term->number;
	bool is_so;

	switch (term->op) {
	case MS_TERM_UIDS:
		is_so = uids_contain(term->uids, e->uid);
		break;
	case MS_TERM_FLAGS:
		is_so = (e->flags & term->number) == term->number;
		break;
	case MS_TERM_KEYWORD:
		is_so = has_keyword(s, i, e);
		break;
	case MS_TERM_LARGER:
		is_so = octets > term->number;
		break;
	case MS_TERM_SMALLER:
		is_so = octets < term->number;
		break;
	case MS_TERM_MODSEQ:
		is_so = e->modseq >= term->number;
		break;
	case MS_TERM_ARRIVED_FROM:
		is_so = arrived >= number;
		break;
	case MS_TERM_ARRIVED_BEFORE:
		is_so = arrived < number;
		break;
	case MS_TERM_SAVED_FROM:
		is_so = s->mail.saved_us >= number;
		break;
	case MS_TERM_SAVED_BEFORE:
		is_so = s->mail.saved_us < number;
		break;
	case MS_TERM_EMAIL_ID:
		is_so = is_id(&s->mail.email_id, term->text);
		break;
	case MS_TERM_THREAD_ID:
		is_so = is_id(&s->mail.thread_id, term->text);
		break;
	default:
		return MAYBE;
	}
	return is_so ? YES : NO;
}

static ms_status
evaluate(struct search *s, const struct entry *e, uint8_t *out)
{
	uint8_t stack[MAX_DEPTH];
	size_t depth = 0;
	ms_status st;

	s->has_mail = false;
	for (size_t i = 0; i < s->n; i++) {
		const struct ms_term *term = &s->terms[i];
		uint32_t left = term->arity;

		switch (term->op) {
		case MS_TERM_AND:
			for (; left > 1; left--, depth--)
				if (stack[depth - 1] < stack[depth - 2])
					stack[depth - 2] = stack[depth - 1];
			break;
		case MS_TERM_OR:
			for (; left > 1; left--, depth--)
				if (stack[depth - 1] > stack[depth - 2])
					stack[depth - 2] = stack[depth - 1];
			break;
		case MS_TERM_NOT:
			stack[depth - 1] = (uint8_t)(YES - stack[depth - 1]);
			break;
		case MS_TERM_FUZZY:
			break;	/* what the rows tell is exact */
		default:
			if (needs_mail(s, i, e) && (st = load_mail(s, e->uid)) != MS_OK)
				return st;
			stack[depth++] = decide(s, i, e);
		}
	}
	*out = stack[0];
	return MS_OK;
}

static ms_status
resolve_keywords(struct search *s)
{
	struct box copy = *s->b;
	bool added;

	s->keywords = ms_arena_array(s->t->arena, s->n, sizeof(*s->keywords));
	s->is_known = ms_arena_array(s->t->arena, s->n, sizeof(*s->is_known));
	for (size_t i = 0; i < s->n; i++) {
		const struct ms_term *term = &s->terms[i];
		ms_status st;

		if (term->op != MS_TERM_KEYWORD)
			continue;
		st = flagset_make(s->t, &copy, 0, &term->text, 1, false, &s->keywords[i], &added);
		if (st != MS_OK && st != MS_LIMIT)
			return st;
		s->is_known[i] = st == MS_OK &&
		    (s->keywords[i].word != 0 || s->keywords[i].has_more);
	}
	return MS_OK;
}

ms_status
read_search(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *id, const struct ms_term *terms,
    size_t n, struct ms_found *out, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t = { .t = NULL };
	struct uid_list sure = uid_list_in(scope->arena), maybe = sure;
	struct search s = { .t = &t, .terms = terms, .n = n };
	struct box b;
	ms_status st;

	(void)self;
	if (n > 0 && !is_sound(terms, n))
		return ms_error_set(err, MS_INVALID, "", "a query that makes no sense");
	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK ||
	    (st = box_find_living(&t, account->number, id, &b)) != MS_OK)
		return st;
	s.b = &b;
	if (n > 0 && (st = resolve_keywords(&s)) != MS_OK)
		return st;
	AUTO_CHUNKS struct chunk_walk w;
	chunks_begin(&w, &t, b.account, b.number);
	for (st = chunks_seek(&w, 1); st == MS_OK; st = chunks_next(&w))
		for (uint32_t i = 0; i < w.chunk.n; i++) {
			uint8_t answer = YES;

			if (n > 0 && (st = evaluate(&s, &w.chunk.entries[i], &answer)) != MS_OK)
				return st;
			if (answer == YES)
				uid_list_add(&sure, w.chunk.entries[i].uid);
			else if (answer == MAYBE)
				uid_list_add(&maybe, w.chunk.entries[i].uid);
		}
	if (st != MS_NOTFOUND)
		return st;
	out->flags = 0;
	out->sure = uid_list_uids(&sure);
	out->maybe = uid_list_uids(&maybe);
	out->scores = NULL;
	out->modseq = b.modseq;
	return MS_OK;
}
