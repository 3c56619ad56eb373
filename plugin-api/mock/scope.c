/* SPDX-License-Identifier: ISC */
/* scope.c - scopes, arenas of one's own, and what ends with them */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
mock_die(const char *format, ...)
{
	va_list args;

	fputs("mock: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

void
owner_join(struct owner *o, struct owned *x)
{
	if (o == NULL) {
		x->next = NULL;
		x->back = NULL;
		return;
	}
	x->next = o->first;
	x->back = &o->first;
	if (x->next != NULL)
		x->next->back = &x->next;
	o->first = x;
}

void
owner_leave(struct owned *x)
{
	if (x->back == NULL)
		return;
	*x->back = x->next;
	if (x->next != NULL)
		x->next->back = x->back;
	x->next = NULL;
	x->back = NULL;
}

void
owner_end(struct owner *o)
{
	o->cancelled = true;
	while (o->first != NULL) {
		struct owned *x = o->first;

		owner_leave(x);
		x->give_up(x);
	}
}

struct ms_mock *
scope_mock(const struct ms_scope *scope)
{
	if (scope == NULL)
		mock_die("a service was called without a scope");
	if (scope->host == NULL)
		mock_die("a scope has no host: make it by ms_mock_scope()");
	return (struct ms_mock *)(uintptr_t)scope->host;
}

/* Scopes of ours are known by their size; a test may make its own. */
struct owner *
scope_owner(const struct ms_scope *scope)
{
	if (scope != NULL && scope->size == sizeof(struct mock_scope))
		return ((const struct mock_scope *)scope)->owner;
	return &scope_mock(scope)->world->owner;
}

void
scope_init(struct mock_scope *s, struct ms_mock *m, struct owner *owner,
    struct ms_arena *arena)
{
	s->pub = (struct ms_scope){ .size = sizeof(*s), .id = MS_STR("mock"),
		.arena = arena, .host = &m->host };
	s->owner = owner;
}

/* ---- ms.scope/1 ---- */

/* Lies at the beginning of the arena that it speaks of, so that the arena
   alone need not tell: arenas are found by a list of their owner's. */
struct sub_arena {
	struct owned      owned;	/* first */
	struct sub_arena *next;
	struct ms_arena  *arena;
};

static struct sub_arena *sub_arenas;

static void
forget(struct sub_arena *x)
{
	struct sub_arena **at = &sub_arenas;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	ms_arena_free(x->arena);
	free(x);
}

static void
give_up_arena(struct owned *owned)
{
	forget((struct sub_arena *)owned);
}

static struct ms_arena *
service_arena_new(const struct ms_scope *scope, size_t budget)
{
	struct sub_arena *x = calloc(1, sizeof(*x));

	if (x == NULL)
		abort();
	x->arena = ms_arena_new(budget);
	x->owned.give_up = give_up_arena;
	x->next = sub_arenas;
	sub_arenas = x;
	owner_join(scope_owner(scope), &x->owned);
	return x->arena;
}

static void
service_arena_free(struct ms_arena *arena)
{
	struct sub_arena *x = sub_arenas;

	if (arena == NULL)
		return;
	while (x != NULL && x->arena != arena)
		x = x->next;
	if (x == NULL)
		mock_die("arena_free() of an arena that is none of arena_new()'s, or twice");
	owner_leave(&x->owned);
	forget(x);
}

static void *
service_alloc(struct ms_arena *arena, size_t octets)
{
	return ms_arena_alloc(arena, octets);
}

static uint32_t
service_is_cancelled(const struct ms_scope *scope)
{
	return scope_owner(scope)->cancelled;
}

const struct ms_scope_api mock_scope_service = {
	.size = sizeof(mock_scope_service),
	.alloc = service_alloc,
	.arena_new = service_arena_new,
	.arena_reset = ms_arena_reset,
	.arena_free = service_arena_free,
	.is_cancelled = service_is_cancelled,
};
