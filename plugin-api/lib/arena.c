/* SPDX-License-Identifier: ISC */
/*
 * arena.c - see arena.h
 *
 * A bump allocator.  Blocks double from ARENA_FIRST to ARENA_MOST octets, so
 * that a short command pays for one small block, and a long one for few.
 * What is large gets a block of its own, put behind the current one, which
 * goes on.  Memory is zeroed as it is handed out: text that is copied in need
 * not be.
 */
#include <mansio/arena.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

#define ARENA_FIRST	512
#define ARENA_MOST	(64 * 1024)
#define ARENA_LARGE	(ARENA_MOST / 4)
#define ARENA_KEPT	4096		/* the largest block that a reset keeps */
#define ARENA_ALIGN	_Alignof(max_align_t)

/* With an address sanitizer each piece is a block, so that it sees an
   overrun from one into the next. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ONE_BY_ONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ONE_BY_ONE 1
#endif
#endif
#ifndef ARENA_ONE_BY_ONE
#define ARENA_ONE_BY_ONE 0
#endif

struct block {
	struct block *next;
	size_t        octets;	/* of data */
	_Alignas(max_align_t) char data[];
};

struct ms_arena {
	struct block *blocks;	/* the first is the current one */
	char   *at, *end;	/* free part of the current one */
	size_t  used, budget;
	bool    is_secret;
};

_Static_assert(sizeof(struct ms_arena) < 64, "an idle arena is tiny");

struct ms_arena *
ms_arena_new(size_t budget_octets)
{
	struct ms_arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->budget = budget_octets;
	return a;
}

static void
block_free(const struct ms_arena *a, struct block *b)
{
	if (a->is_secret)
		explicit_bzero(b->data, b->octets);
	free(b);
}

void
ms_arena_shrink(struct ms_arena *a)
{
	struct block *b, *next;

	if (a == NULL)
		return;
	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		block_free(a, b);
	}
	a->blocks = NULL;
	a->at = a->end = NULL;
	a->used = 0;
}

void
ms_arena_reset(struct ms_arena *a)
{
	struct block *b, *next, *kept = NULL;

	if (a == NULL || (a->used == 0 && a->blocks == NULL))
		return;
	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (kept == NULL && b->octets + sizeof(*b) <= ARENA_KEPT &&
		    b->octets + sizeof(*b) >= ARENA_FIRST && !ARENA_ONE_BY_ONE)
			kept = b;
		else
			block_free(a, b);
	}
	a->blocks = kept;
	a->at = a->end = NULL;
	a->used = 0;
	if (kept == NULL)
		return;
	if (a->is_secret)
		explicit_bzero(kept->data, kept->octets);
	kept->next = NULL;
	a->at = kept->data;
	a->end = kept->data + kept->octets;
}

void
ms_arena_free(struct ms_arena *a)
{
	ms_arena_shrink(a);
	free(a);
}

static struct block *
block_new(size_t octets)
{
	struct block *b;

	if (octets > SIZE_MAX - sizeof(*b))
		abort();
	b = malloc(sizeof(*b) + octets);
	if (b == NULL)
		abort();
	b->octets = octets;
	return b;
}

static char * __attribute__((noinline))
take_from_new_block(struct ms_arena *a, size_t octets)
{
	struct block *cur = a->blocks, *b;
	size_t size = ARENA_FIRST;

	if (octets > ARENA_LARGE || ARENA_ONE_BY_ONE) {
		b = block_new(octets);
		if (cur != NULL) {
			b->next = cur->next;
			cur->next = b;
		} else {
			b->next = NULL;
			a->blocks = b;
			a->at = a->end = b->data + octets;
		}
		return b->data;
	}
	while (size < ARENA_MOST && (size < 2 * octets ||
	    (cur != NULL && size <= cur->octets + sizeof(*b))))
		size *= 2;
	size -= sizeof(*b);
	b = block_new(size);
	b->next = cur;
	a->blocks = b;
	a->at = b->data + octets;
	a->end = b->data + size;
	return b->data;
}

/* align: 1 or ARENA_ALIGN. */
static inline char *
take(struct ms_arena *a, size_t octets, size_t align)
{
	size_t pad = (size_t)-(uintptr_t)a->at & (align - 1);
	size_t left = (size_t)(a->end - a->at);
	char *p;

	a->used += octets;
	if (pad > left || octets > left - pad || ARENA_ONE_BY_ONE)
		return take_from_new_block(a, octets);
	p = a->at + pad;
	a->at = p + octets;
	return p;
}

void *
ms_arena_alloc(struct ms_arena *a, size_t octets)
{
	/* One octet at least: each piece has an address of its own. */
	char *p = take(a, octets > 0 ? octets : 1, ARENA_ALIGN);

	memset(p, 0, octets > 0 ? octets : 1);
	return p;
}

void *
ms_arena_array(struct ms_arena *a, size_t n, size_t each)
{
	size_t octets;

	if (__builtin_mul_overflow(n, each, &octets))
		abort();
	return ms_arena_alloc(a, octets);
}

struct ms_str
ms_arena_str(struct ms_arena *a, struct ms_str s)
{
	char *p;

	if (s.len == SIZE_MAX)
		abort();
	p = take(a, s.len + 1, 1);
	if (s.len > 0)
		memcpy(p, s.data, s.len);
	p[s.len] = '\0';
	return ms_str_of(p, s.len);
}

struct ms_str
ms_arena_printf(struct ms_arena *a, const char *format, ...)
{
	char small[256];
	va_list args;
	size_t len;
	char *p;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n < 0)
		abort();
	len = (size_t)n;
	if (len < sizeof(small))
		return ms_arena_str(a, ms_str_of(small, len));
	p = take(a, len + 1, 1);
	va_start(args, format);
	(void)vsnprintf(p, len + 1, format, args);
	va_end(args);
	return ms_str_of(p, len);
}

struct ms_str
ms_arena_lower(struct ms_arena *a, struct ms_str s)
{
	char *p = take(a, s.len + 1, 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = ascii_lower(s.data[i]);
	p[s.len] = '\0';
	return ms_str_of(p, s.len);
}

size_t
ms_arena_used(const struct ms_arena *a)
{
	return a->used;
}

bool
ms_arena_is_over(const struct ms_arena *a)
{
	return a->budget > 0 && a->used > a->budget;
}

void
ms_arena_mark_secret(struct ms_arena *a)
{
	a->is_secret = true;
}
