/* SPDX-License-Identifier: ISC */
/* scope.c - see scope.h */
#include "base/scope.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>

#include "base/clock.h"

void
owner_init(struct owner *o)
{
	pthread_mutex_init(&o->lock, NULL);
	o->first = NULL;
	atomic_init(&o->cancelled, false);
}

static struct owned *
take_first(struct owner *o)
{
	struct owned *x;

	pthread_mutex_lock(&o->lock);
	x = o->first;
	if (x != NULL) {
		o->first = x->next;
		if (x->next != NULL)
			x->next->back = &o->first;
		x->next = NULL;
		x->back = NULL;
	}
	pthread_mutex_unlock(&o->lock);
	return x;
}

void
owner_fini(struct owner *o)
{
	struct owned *x;

	owner_cancel(o);
	while ((x = take_first(o)) != NULL)
		x->give_up(x);
	pthread_mutex_destroy(&o->lock);
}

void
owner_cancel(struct owner *o)
{
	atomic_store(&o->cancelled, true);
}

void
owner_join(struct owner *o, struct owned *x)
{
	if (o == NULL) {
		x->next = NULL;
		x->back = NULL;
		return;
	}
	pthread_mutex_lock(&o->lock);
	x->next = o->first;
	x->back = &o->first;
	if (x->next != NULL)
		x->next->back = &x->next;
	o->first = x;
	pthread_mutex_unlock(&o->lock);
}

bool
owner_leave(struct owner *o, struct owned *x)
{
	bool was_in;

	if (o == NULL)
		return true;
	pthread_mutex_lock(&o->lock);
	was_in = x->back != NULL;
	if (was_in) {
		*x->back = x->next;
		if (x->next != NULL)
			x->next->back = x->back;
		x->next = NULL;
		x->back = NULL;
	}
	pthread_mutex_unlock(&o->lock);
	return was_in;
}

static void *
service_alloc(struct ms_arena *arena, size_t octets)
{
	return ms_arena_alloc(arena, octets);
}

struct owned_arena {
	struct owned     owned;
	struct owner    *owner;
	struct ms_arena *arena;
};

/* Arenas of one's own are few (a command, a job that is parked on): their
   owners are found by a list of the scope's, so that arena_free() can be
   called with the arena alone. */
static pthread_mutex_t arenas_lock = PTHREAD_MUTEX_INITIALIZER;
static struct owned_arena **arenas;	/* under arenas_lock: hash by address */
static size_t n_arenas, cap_arenas;

static size_t
slot_of(const struct ms_arena *arena)
{
	return (size_t)(((uintptr_t)arena >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) %
	    cap_arenas;
}

static void
put_slot(struct owned_arena *x)
{
	size_t i = slot_of(x->arena);

	while (arenas[i] != NULL)
		i = (i + 1) % cap_arenas;
	arenas[i] = x;
}

static void
remember(struct owned_arena *x)
{
	pthread_mutex_lock(&arenas_lock);
	if (2 * (n_arenas + 1) > cap_arenas) {
		size_t old_cap = cap_arenas;
		struct owned_arena **old = arenas;

		cap_arenas = old_cap > 0 ? 2 * old_cap : 64;
		arenas = calloc(cap_arenas, sizeof(struct owned_arena *));
		if (arenas == NULL)
			abort();
		for (size_t i = 0; i < old_cap; i++)
			if (old[i] != NULL)
				put_slot(old[i]);
		free(old);
	}
	put_slot(x);
	n_arenas++;
	pthread_mutex_unlock(&arenas_lock);
}

static struct owned_arena *
forget(const struct ms_arena *arena)
{
	struct owned_arena *x = NULL;

	pthread_mutex_lock(&arenas_lock);
	if (cap_arenas > 0) {
		size_t i = slot_of(arena);

		while (arenas[i] != NULL && arenas[i]->arena != arena)
			i = (i + 1) % cap_arenas;
		x = arenas[i];
		if (x != NULL) {
			arenas[i] = NULL;
			n_arenas--;
			/* Those that were pushed on by it move up. */
			for (i = (i + 1) % cap_arenas; arenas[i] != NULL;
			    i = (i + 1) % cap_arenas) {
				struct owned_arena *again = arenas[i];

				arenas[i] = NULL;
				put_slot(again);
			}
		}
	}
	pthread_mutex_unlock(&arenas_lock);
	return x;
}

static void
give_up_arena(struct owned *owned)
{
	struct owned_arena *x = (struct owned_arena *)owned;

	(void)forget(x->arena);
	ms_arena_free(x->arena);
	free(x);
}

static struct ms_arena *
service_arena_new(const struct ms_scope *scope, size_t budget)
{
	struct owned_arena *x = calloc(1, sizeof(*x));

	if (x == NULL)
		abort();
	x->arena = ms_arena_new(budget);
	x->owner = scope_owner(scope);
	x->owned.give_up = give_up_arena;
	remember(x);
	owner_join(x->owner, &x->owned);
	return x->arena;
}

static void
service_arena_free(struct ms_arena *arena)
{
	struct owned_arena *x;

	if (arena == NULL)
		return;
	x = forget(arena);
	if (x == NULL)
		return;		/* not one of arena_new()'s: it is not the caller's */
	if (owner_leave(x->owner, &x->owned)) {
		ms_arena_free(arena);
		free(x);
	}
}

static uint32_t
service_is_cancelled(const struct ms_scope *scope)
{
	struct owner *o = scope_owner(scope);

	return o != NULL && atomic_load(&o->cancelled);
}

const struct ms_scope_api scope_service = {
	.size = sizeof(scope_service),
	.alloc = service_alloc,
	.arena_new = service_arena_new,
	.arena_reset = ms_arena_reset,
	.arena_free = service_arena_free,
	.is_cancelled = service_is_cancelled,
};

/* Scopes of ours are known by their size: no plugin makes one. */
void
scope_init(struct scope *s, struct owner *owner, struct ms_str id,
    struct ms_arena *arena, const struct ms_host *host, int64_t deadline_us)
{
	s->pub = (struct ms_scope){
		.size = sizeof(struct scope), .id = id,
		.deadline_us = deadline_us, .arena = arena, .host = host,
	};
	s->owner = owner;
}

struct owner *
scope_owner(const struct ms_scope *s)
{
	if (s == NULL || s->size != sizeof(struct scope))
		return NULL;
	return ((const struct scope *)s)->owner;
}

struct ms_str
scope_new_id(char out[16])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	/* Seconds first, so that ids sort roughly by time; then 30 bits of
	   chance: two of the same second agree once in a thousand million. */
	uint64_t v = ((uint64_t)(clock_now_us() / SECOND_US) & 0x3fffffff) << 30 |
	    (random_u64() & 0x3fffffff);

	for (int i = 11; i >= 0; i--, v >>= 5)
		out[i] = digits[v & 31];
	out[12] = '\0';
	return ms_str_of(out, 12);
}
