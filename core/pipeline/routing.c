/* SPDX-License-Identifier: ISC */
/* routing.c - see routing.h */
#include "pipeline/routing.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

/* Addresses still to be asked about, and those that were: one list. */
struct asked {
	struct asked       *next;
	struct ms_recipient recipient;
	uint32_t            depth;
	struct ms_str       reverse_path;
};

struct walk {
	const struct ms_scope *scope;
	struct pipeline  *pipeline;
	struct ms_message *message;
	struct asked     *first, **last;
	struct target   **last_target;
	uint32_t          n;		/* in the list */
	ms_status         refused;	/* of a member of an expansion */
	struct ms_error   refusal;
};

static bool
is_known(const struct walk *w, const struct ms_recipient *r)
{
	for (const struct asked *a = w->first; a != NULL; a = a->next)
		if (a->recipient.flags == r->flags &&
		    ms_str_equal_ci(a->recipient.path, r->path))
			return true;
	return false;
}

static void
add(struct walk *w, const struct ms_recipient *r, uint32_t depth,
    struct ms_str reverse_path)
{
	struct asked *a = ms_arena_alloc(w->scope->arena, sizeof(*a));

	a->recipient = *r;
	a->recipient.size = sizeof(a->recipient);
	a->depth = depth;
	a->reverse_path = reverse_path;
	*w->last = a;
	w->last = &a->next;
	w->n++;
}

static ms_status
expand(struct walk *w, const struct asked *from, const struct ms_route_answer *answer,
    struct ms_error *err)
{
	if (from->depth + 1 > ROUTING_MAX_DEPTH)
		return ms_error_set(err, MS_PERMFAIL, "5.4.6",
		    "aliases of %.*s go deeper than %d", (int)from->recipient.path.len,
		    from->recipient.path.data, ROUTING_MAX_DEPTH);
	for (uint32_t i = 0; i < answer->n; i++) {
		const struct ms_recipient *r = answer->recipients[i];

		if (is_known(w, r))
			continue;
		if (w->n >= ROUTING_MAX_TARGETS)
			return ms_error_set(err, MS_PERMFAIL, "5.2.4",
			    "%.*s stands for more than %d addresses",
			    (int)w->first->recipient.path.len, w->first->recipient.path.data,
			    ROUTING_MAX_TARGETS);
		add(w, r, from->depth + 1,
		    answer->reverse_path.data != NULL ? answer->reverse_path :
		    from->reverse_path);
	}
	return MS_OK;
}

static void
deliver(struct walk *w, const struct asked *a, const struct ms_route_answer *answer)
{
	struct target *t = ms_arena_alloc(w->scope->arena, sizeof(*t));

	t->path = a->recipient.path;
	t->flags = a->recipient.flags;
	t->delivery = answer->delivery;
	t->destination = answer->destination;
	t->account = answer->account;
	t->reverse_path = answer->reverse_path.data != NULL ? answer->reverse_path :
	    a->reverse_path;
	*w->last_target = t;
	w->last_target = &t->next;
}

static ms_status
ask(struct walk *w, const struct asked *a, struct ms_error *err)
{
	for (size_t i = 0; i < w->pipeline->n_routes; i++) {
		struct route_stage *r = &w->pipeline->routes[i];
		struct ms_route_answer answer = { .size = sizeof(answer) };
		ms_status st = r->route->resolve(r->self, w->scope, w->message,
		    &a->recipient, &answer, err);

		if (answer.action == MS_ROUTE_REFUSE)
			return st < 0 ? st : ms_error_set(err, MS_PERMFAIL, "5.1.0",
			    "refused by %s", r->name);
		if (st != MS_OK)
			return st;
		if (answer.action == MS_ROUTE_EXPAND)
			return expand(w, a, &answer, err);
		if (answer.action == MS_ROUTE_DELIVER) {
			deliver(w, a, &answer);
			return MS_OK;
		}
	}
	return ms_error_set(err, MS_DENIED, "5.7.1", "relaying denied");
}

ms_status
routing_resolve(const struct ms_scope *scope, struct pipeline *p,
    struct ms_message *m, const struct ms_recipient *recipient,
    struct target **targets_out, struct ms_error *err)
{
	struct walk w = { .scope = scope, .pipeline = p, .message = m };
	struct target *targets = NULL;

	if (p == NULL || p->n_routes == 0)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.5",
		    "the pipeline has no route");
	w.last = &w.first;
	w.last_target = &targets;
	add(&w, recipient, 0, ms_str_of(NULL, 0));
	for (const struct asked *a = w.first; a != NULL; a = a->next) {
		struct ms_error e = MS_ERROR_INIT;
		ms_status st = ask(&w, a, &e);

		if (st == MS_OK)
			continue;
		/* A dead member of a list does not keep mail from the others; in
		   doubt (temporary) nobody gets it yet, so that nobody gets it
		   twice. */
		if (a == w.first || st == MS_TEMPFAIL || st == MS_BUSY ||
		    st == MS_CANCELLED) {
			*err = e;
			return st;
		}
		w.refused = st;
		w.refusal = e;
	}
	if (targets == NULL) {
		if (w.refused != MS_OK) {
			*err = w.refusal;
			return w.refused;
		}
		return ms_error_set(err, MS_PERMFAIL, "5.4.6",
		    "aliases of %.*s only lead back to themselves",
		    (int)recipient->path.len, recipient->path.data);
	}
	*targets_out = targets;
	return MS_OK;
}
