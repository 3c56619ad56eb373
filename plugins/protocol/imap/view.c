/* SPDX-License-Identifier: ISC */
/* view.c - see view.h */
#include "view.h"

#include <mansio/str.h>

#include "respond.h"
#include "uids.h"

/* The UIDs that are there now, and the modseq of that state. */
static ms_status
read_alive(struct command *c, struct ms_uids *uids, uint64_t *modseq,
    struct ms_error *err)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_scope(c);
	struct ms_found found = { .size = sizeof(found) };
	ms_status st = self->mailbox->search(self->backend.self, &scope,
	    c->session->account, &c->session->selected.box, NULL, 0, &found,
	    err);

	if (st == MS_OK) {
		*uids = found.sure;
		*modseq = found.modseq;
	}
	return st;
}

static void
number(struct ms_arena *arena, struct ms_uids uids, struct view *v)
{
	struct view_range *ranges = ms_arena_array(arena, uids.n + 1,
	    sizeof(*ranges));
	uint32_t before = 0;

	for (size_t i = 0; i < uids.n; i++) {
		ranges[i] = (struct view_range){ uids.ranges[i].first,
		    uids.ranges[i].last, before };
		before += uids.ranges[i].last - uids.ranges[i].first + 1;
	}
	v->ranges = ranges;
	v->n = uids.n;
	v->count = before;
	v->max_uid = uids.n > 0 ? uids.ranges[uids.n - 1].last : 0;
	v->uids = uids;
}

ms_status
view_make(struct command *c, struct view *v, struct ms_error *err)
{
	struct selected *sel = &c->session->selected;
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_scope(c);
	struct ms_vanished vanished = { .size = sizeof(vanished) };
	struct ms_uid_range told = { 1, sel->told_uid };
	struct ms_uids below = { &told, sel->told_uid > 0 };
	struct ms_uids here;
	ms_status st;

	*v = (struct view){ 0 };
	/* In this order: what goes between the two calls is then in both. */
	st = read_alive(c, &v->alive, &v->modseq, err);
	if (st != MS_OK)
		return st;
	here = uids_and(c->arena, v->alive, below);
	if (v->modseq != sel->told_gone) {
		st = self->mailbox->vanished(self->backend.self, &scope,
		    c->session->account, &sel->box, sel->told_gone,
		    (struct ms_uids){ NULL, 0 }, &vanished, err);
		if (st != MS_OK)
			return st;
		if (!vanished.complete)
			return MS_CONFLICT;
		v->gone = uids_minus(c->arena,
		    uids_and(c->arena, vanished.uids, below), here);
	}
	number(c->arena, uids_or(c->arena, here, v->gone), v);
	return MS_OK;
}

void
view_failed(struct command *c, ms_status status, const struct ms_error *err)
{
	if (status == MS_NOTFOUND)
		session_bye(c, "The selected mailbox was deleted");
	else if (status == MS_CONFLICT)
		session_bye(c, "Too much changed; connect again");
	else
		reply_status(c, status, err);
}

bool
view_need(struct command *c, struct view *v)
{
	struct ms_error err = { .size = sizeof(err) };
	ms_status st = view_make(c, v, &err);

	if (st != MS_OK)
		view_failed(c, st, &err);
	return st == MS_OK;
}

uint32_t
view_seq(const struct view *v, uint32_t uid)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->ranges[mid].last < uid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == v->n || v->ranges[low].first > uid)
		return 0;
	return v->ranges[low].before + uid - v->ranges[low].first + 1;
}

uint32_t
view_uid(const struct view *v, uint32_t seq)
{
	size_t low = 0, high = v->n;

	if (seq == 0 || seq > v->count)
		return 0;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (v->ranges[mid].before < seq)
			low = mid;
		else
			high = mid;
	}
	return v->ranges[low].first + (seq - v->ranges[low].before) - 1;
}

/* "*" is the last; then in order. */
static struct ms_uids
resolve(struct ms_arena *arena, const struct set *set, uint32_t last)
{
	struct ms_uid_range *ranges = ms_arena_array(arena, set->n + 1,
	    sizeof(*ranges));

	for (size_t i = 0; i < set->n; i++) {
		ranges[i] = set->ranges[i];
		if (ranges[i].first == 0)
			ranges[i].first = last;
		if (ranges[i].last == 0)
			ranges[i].last = last;
	}
	return uids_normal(arena, ranges, set->n);
}

/* Numbers first..last as the UIDs they are. */
static void
add_seqs(struct uids_builder *b, const struct view *v, uint32_t first,
    uint32_t last)
{
	size_t low = 0, high = v->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (v->ranges[mid].before < first)
			low = mid;
		else
			high = mid;
	}
	for (; low < v->n && v->ranges[low].before < last; low++) {
		const struct view_range *r = &v->ranges[low];
		uint32_t length = r->last - r->first + 1;
		uint32_t from = first > r->before ? first - r->before - 1 : 0;
		uint32_t to = last - r->before < length ?
		    last - r->before - 1 : length - 1;

		uids_add_range(b, r->first + from, r->first + to);
	}
}

/* "1:*" or "*": in an empty mailbox clients ask for it all the same, and it
   names nothing. */
static bool
is_first_to_last(const struct set *set)
{
	return set->n == 1 &&
	    (set->ranges[0].first == 0 || set->ranges[0].last == 0) &&
	    set->ranges[0].first <= 1 && set->ranges[0].last <= 1;
}

bool
view_uids(struct command *c, const struct view *v, const struct set *set,
    bool is_uid, struct ms_uids *out)
{
	struct session *s = c->session;
	struct uids_builder b = { .arena = c->arena };
	struct ms_uids seqs;

	if (set->has_saved) {
		struct ms_uids saved = { s->saved, s->n_saved };

		*out = uids_and(c->arena, saved, v->uids);
		return true;
	}
	if (is_uid) {
		/* RFC 3501 6.4.8: "*" is the last also if that is below. */
		*out = uids_and(c->arena,
		    resolve(c->arena, set, v->max_uid), v->uids);
		return true;
	}
	if (v->count == 0 && is_first_to_last(set)) {
		*out = (struct ms_uids){ NULL, 0 };
		return true;
	}
	seqs = resolve(c->arena, set, v->count);
	for (size_t i = 0; i < seqs.n; i++) {
		if (seqs.ranges[i].first == 0 ||
		    seqs.ranges[i].last > v->count) {
			reply(c, REPLY_BAD, NULL,
			    "There is no message of that number");
			return false;
		}
		add_seqs(&b, v, seqs.ranges[i].first, seqs.ranges[i].last);
	}
	*out = uids_built(&b);
	return true;
}

struct ms_uids
view_asked(struct command *c, const struct view *v, const struct set *set)
{
	struct session *s = c->session;

	if (set->has_saved)
		return uids_copy(c->arena,
		    (struct ms_uids){ s->saved, s->n_saved });
	/* "*" is then the highest that ever was: what went may lie above what
	   is left. */
	return resolve(c->arena, set, s->selected.told_uid > v->max_uid ?
	    s->selected.told_uid : v->max_uid);
}

struct ms_uids
view_seqs(struct ms_arena *arena, const struct view *v, struct ms_uids uids)
{
	struct uids_builder b = { .arena = arena };
	/* Each range of both lies in one range of the view. */
	struct ms_uids parts = uids_and(arena, uids, v->uids);

	for (size_t i = 0; i < parts.n; i++)
		uids_add_range(&b, view_seq(v, parts.ranges[i].first),
		    view_seq(v, parts.ranges[i].last));
	return uids_built(&b);
}
