/* SPDX-License-Identifier: ISC */
/*
 * search_match.c - whether a message is what is looked for, see search.h
 *
 * Three answers: yes, no, and "not known with what has been read so far".
 * Each level reads more and asks again.
 */
#include <mansio/encode.h>
#include <mansio/str.h>

#include "notices.h"
#include "search.h"
#include "uids.h"

#define MINUTE_US	(60 * INT64_C(1000000))

enum answer { NO, YES, OPEN };
enum level { ROW, DIGEST, HEADER, BODY };

bool
search_resolve(struct command *c, const struct view *v, struct key *key)
{
	if (key->op == KEY_SET &&
	    !view_uids(c, v, &key->set, key->is_uid, &key->uids))
		return false;
	for (struct key *k = key->children; k != NULL; k = k->next)
		if (!search_resolve(c, v, k))
			return false;
	return true;
}

struct ms_uids
search_candidates(struct ms_arena *arena, const struct key *key,
    struct ms_uids all, bool *is_exact)
{
	struct ms_uids out = all, part;
	bool exact;

	*is_exact = true;
	switch (key->op) {
	case KEY_ALL:
		return all;
	case KEY_SET:
		return uids_and(arena, all, key->uids);
	case KEY_AND:
		for (const struct key *k = key->children; k != NULL;
		    k = k->next) {
			part = search_candidates(arena, k, all, &exact);
			out = uids_and(arena, out, part);
			*is_exact = *is_exact && exact;
		}
		return out;
	case KEY_OR:
		out = (struct ms_uids){ NULL, 0 };
		for (const struct key *k = key->children; k != NULL;
		    k = k->next) {
			part = search_candidates(arena, k, all, &exact);
			out = uids_or(arena, out, part);
			*is_exact = *is_exact && exact;
		}
		return out;
	case KEY_NOT:
		part = search_candidates(arena, key->children, all, &exact);
		*is_exact = exact;
		return exact ? uids_minus(arena, all, part) : all;
	default:
		*is_exact = false;
		return all;
	}
}

struct test {
	struct search   *search;
	struct message  *m;
	struct ms_arena *text;
	enum level       level;
	ms_status        status;
	struct ms_error *err;
};

static enum answer
within(const struct key *k, int64_t time)
{
	return time >= k->from && time < k->to ? YES : NO;
}

static bool
has_keyword(const struct ms_row *row, struct ms_str keyword)
{
	for (uint32_t i = 0; i < row->n_keywords; i++)
		if (ms_str_equal_ci(row->keywords[i], keyword))
			return true;
	return false;
}

static enum answer
test_row(const struct test *t, const struct key *k)
{
	const struct ms_row *row = t->m->row;

	switch (k->op) {
	case KEY_ALL:
		return YES;
	case KEY_SET:
		return uids_has(k->uids, row->uid) ? YES : NO;
	case KEY_FLAGS:
		return (row->flags & k->mask) == k->flags ? YES : NO;
	case KEY_KEYWORD:
		return has_keyword(row, k->text) ? YES : NO;
	case KEY_RECENT:
		return selected_is_recent(&t->m->command->session->selected,
		    row->uid) ? YES : NO;
	case KEY_LARGER:
		return row->octets > k->number ? YES : NO;
	case KEY_SMALLER:
		return row->octets < k->number ? YES : NO;
	case KEY_MODSEQ:
		return row->modseq >= k->number ? YES : NO;
	case KEY_ARRIVED:
		return within(k, row->arrived_us);
	case KEY_SAVED:
		return row->saved_us != 0 ? within(k, row->saved_us) : NO;
	case KEY_EMAILID:
		return memcmp(&row->email_id, &k->id, sizeof(k->id)) == 0 ?
		    YES : NO;
	case KEY_THREADID:
		return memcmp(&row->thread_id, &k->id, sizeof(k->id)) == 0 ?
		    YES : NO;
	default:
		return OPEN;
	}
}

static enum answer
test_digest(struct test *t, const struct key *k)
{
	const struct ms_digest *d = &t->m->digest;

	if (t->level < DIGEST)
		return OPEN;
	if (k->op == KEY_SENT)
		/* As the sender's calendar had it: RFC 3501 6.4.4. */
		return d->sent_us == 0 ? NO : within(k, d->sent_us +
		    d->sent_zone * MINUTE_US);
	return ms_str_find(ms_utf8_fold(t->text, d->subject), k->text) !=
	    SIZE_MAX ? YES : NO;
}

static enum answer
test_header(struct test *t, const struct key *k, struct ms_str name)
{
	bool hit = false;

	if (t->level < HEADER)
		return OPEN;
	if (t->status == MS_OK)
		t->status = search_in_header(t->m, t->text, name, k->text,
		    &hit, t->err);
	return hit ? YES : NO;
}

static enum answer
test(struct test *t, const struct key *key)
{
	enum answer a, out;

	switch (key->op) {
	case KEY_AND:
	case KEY_OR:
		/* AND is over at the first no, OR at the first yes. */
		out = key->op == KEY_AND ? YES : NO;
		for (const struct key *k = key->children; k != NULL;
		    k = k->next) {
			a = test(t, k);
			if (a == (key->op == KEY_AND ? NO : YES))
				return a;
			if (a == OPEN)
				out = OPEN;
		}
		return out;
	case KEY_NOT:
		a = test(t, key->children);
		return a == OPEN ? OPEN : a == YES ? NO : YES;
	case KEY_SENT:
	case KEY_SUBJECT:
		return test_digest(t, key);
	case KEY_HEADER:
		return test_header(t, key, key->name);
	case KEY_BODY:
	case KEY_TEXT:
		if (t->level == BODY)
			return key->hit ? YES : NO;
		return OPEN;
	default:
		return test_row(t, key);
	}
}

ms_status
search_match(struct search *s, struct message *m, struct ms_arena *text,
    bool *matches, struct ms_error *err)
{
	struct test t = { .search = s, .m = m, .text = text, .level = ROW,
		.status = MS_OK, .err = err };
	enum answer a = test(&t, s->root);

	while (a == OPEN && t.status == MS_OK && t.level < BODY) {
		t.level++;
		if (t.level == DIGEST)
			t.status = message_need_digest(m, err);
		else if (t.level == BODY)
			t.status = search_in_body(s, m, text, err);
		if (t.status == MS_OK)
			a = test(&t, s->root);
	}
	*matches = a == YES;
	return t.status;
}
