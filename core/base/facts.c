/* SPDX-License-Identifier: ISC */
/* facts.c - see facts.h */
#include "base/facts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

struct fact {
	struct fact  *next;
	struct ms_str name, value;
	bool          forgotten;
};

struct ms_facts {
	atomic_uint      holders;
	struct ms_facts *parent;	/* held */
	/* Shared by all facts without a view; a view uses its base's. */
	pthread_mutex_t  lock;
	struct fact     *first;		/* under lock; nodes live with the arena */
	struct ms_arena *arena;		/* NULL until the first set */
	/* A view: */
	struct ms_facts *base;
	const char *const *needs;
	ms_status      (*set)(void *, struct ms_str, struct ms_str,
	    struct ms_error *);
	void            *set_arg;
};

struct ms_facts *
facts_new(struct ms_facts *parent)
{
	struct ms_facts *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	atomic_init(&f->holders, 1);
	f->parent = parent != NULL ? facts_hold(parent) : NULL;
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

struct ms_facts *
facts_hold(struct ms_facts *f)
{
	atomic_fetch_add_explicit(&f->holders, 1, memory_order_relaxed);
	return f;
}

void
facts_free(struct ms_facts *f)
{
	if (f == NULL || atomic_fetch_sub(&f->holders, 1) != 1)
		return;
	facts_free(f->parent);
	pthread_mutex_destroy(&f->lock);
	ms_arena_free(f->arena);
	free(f);
}

static bool
is_needed(const char *const *needs, struct ms_str name)
{
	if (needs == NULL)
		return true;
	for (; *needs != NULL; needs++) {
		struct ms_str need = ms_str_c(*needs);

		/* "spf." is a whole family. */
		if (need.len > 0 && need.data[need.len - 1] == '.' ?
		    ms_str_has_prefix(name, need) : ms_str_equal(name, need))
			return true;
	}
	return false;
}

static struct fact *
find(const struct ms_facts *f, struct ms_str name)	/* with the lock */
{
	struct fact *x = f->first;

	while (x != NULL && !ms_str_equal(x->name, name))
		x = x->next;
	return x;
}

struct ms_str
facts_get(const struct ms_facts *facts, struct ms_str name)
{
	struct ms_facts *f = (struct ms_facts *)(uintptr_t)facts;

	if (f->base != NULL)
		return is_needed(f->needs, name) ? facts_get(f->base, name) :
		    ms_str_of(NULL, 0);
	for (; f != NULL; f = f->parent) {
		struct ms_str value = { NULL, 0 };
		struct fact *x;

		pthread_mutex_lock(&f->lock);
		x = find(f, name);
		if (x != NULL && !x->forgotten)
			value = x->value;
		pthread_mutex_unlock(&f->lock);
		if (value.data != NULL)
			return value;
	}
	return ms_str_of(NULL, 0);
}

struct ms_str
facts_get_c(const struct ms_facts *f, const char *name)
{
	return facts_get(f, ms_str_c(name));
}

void
facts_set(struct ms_facts *f, struct ms_str name, struct ms_str value)
{
	struct fact *x;

	pthread_mutex_lock(&f->lock);
	x = find(f, name);
	if (x == NULL && value.data == NULL) {
		pthread_mutex_unlock(&f->lock);
		return;
	}
	if (f->arena == NULL)
		f->arena = ms_arena_new(0);
	if (x == NULL) {
		struct fact **at = &f->first;

		x = ms_arena_alloc(f->arena, sizeof(*x));
		x->name = ms_arena_str(f->arena, name);
		while (*at != NULL)
			at = &(*at)->next;
		*at = x;
	}
	/* The old value stays where it is: somebody may still look at it. */
	x->forgotten = value.data == NULL;
	if (!x->forgotten)
		x->value = ms_arena_str(f->arena, value);
	pthread_mutex_unlock(&f->lock);
}

void
facts_set_c(struct ms_facts *f, const char *name, const char *value)
{
	facts_set(f, ms_str_c(name), value != NULL ? ms_str_c(value) :
	    ms_str_of(NULL, 0));
}

uint32_t
facts_at(const struct ms_facts *facts, struct ms_str prefix, uint32_t i,
    struct ms_field *field_out)
{
	struct ms_facts *f = (struct ms_facts *)(uintptr_t)facts;
	const char *const *needs = NULL;

	if (f->base != NULL) {
		needs = f->needs;
		f = f->base;
	}
	for (; f != NULL; f = f->parent) {
		uint32_t found = 0;

		pthread_mutex_lock(&f->lock);
		for (struct fact *x = f->first; x != NULL && !found; x = x->next)
			if (!x->forgotten && ms_str_has_prefix(x->name, prefix) &&
			    is_needed(needs, x->name) && i-- == 0) {
				*field_out = (struct ms_field){ x->name, x->value };
				found = 1;
			}
		pthread_mutex_unlock(&f->lock);
		if (found)
			return 1;
	}
	return 0;
}

struct ms_facts *
facts_view(struct ms_arena *arena, struct ms_facts *base,
    const char *const *needs,
    ms_status (*set)(void *, struct ms_str, struct ms_str, struct ms_error *),
    void *arg)
{
	struct ms_facts *f = ms_arena_alloc(arena, sizeof(*f));

	f->base = base;
	f->needs = needs;
	f->set = set;
	f->set_arg = arg;
	return f;
}

static ms_status
service_set(struct ms_facts *f, struct ms_str name, struct ms_str value,
    struct ms_error *err)
{
	if (name.len == 0 || name.len > 100 || value.len > 64 * 1024)
		return ms_error_set(err, MS_INVALID, "",
		    "a fact needs a name of 1 to 100 octets and at most 64 KiB");
	if (f->base != NULL)
		return f->set != NULL ? f->set(f->set_arg, name, value, err) :
		    ms_error_set(err, MS_DENIED, "", "facts cannot be set here");
	facts_set(f, name, value);
	return MS_OK;
}

const struct ms_facts_api facts_service = {
	.size = sizeof(facts_service),
	.get = facts_get,
	.set = service_set,
	.at = facts_at,
};
