/* SPDX-License-Identifier: ISC */
/*
 * arena.h - memory that ends all at once
 *
 * The implementation of the contract's struct ms_arena.  Blocks are zeroed
 * and never NULL: without memory the process ends (abort), as sizes that a
 * peer controls were checked against their limits before.  Past its budget
 * an arena still serves and says so; whoever owns it then ends what it was
 * for.  One thread at a time.  A new arena has no block: an idle one costs
 * its head alone.
 */
#ifndef MANSIO_ARENA_H
#define MANSIO_ARENA_H

#include <stdbool.h>

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* budget in octets; 0: none. */
struct ms_arena *ms_arena_new(size_t budget_octets);
/* Empties it; keeps at most one small block.  Accepts NULL. */
void ms_arena_reset(struct ms_arena *a);
/* Like reset, but gives every block back: for what is about to be idle. */
void ms_arena_shrink(struct ms_arena *a);
void ms_arena_free(struct ms_arena *a);
/* Aligned for any type, zeroed. */
void *ms_arena_alloc(struct ms_arena *a, size_t octets)
    __attribute__((returns_nonnull, malloc));
/* n * each, checked. */
void *ms_arena_array(struct ms_arena *a, size_t n, size_t each);
/* A copy; a NUL follows it. */
struct ms_str ms_arena_str(struct ms_arena *a, struct ms_str s);
struct ms_str ms_arena_printf(struct ms_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A-Z made small. */
struct ms_str ms_arena_lower(struct ms_arena *a, struct ms_str s);
size_t ms_arena_used(const struct ms_arena *a);
bool ms_arena_is_over(const struct ms_arena *a);
/* Wipes all it held when it is reset or freed: for secrets. */
void ms_arena_mark_secret(struct ms_arena *a);

#ifdef __cplusplus
}
#endif
#endif
