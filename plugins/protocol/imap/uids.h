/* SPDX-License-Identifier: ISC */
/*
 * uids.h - sets of UIDs as ascending ranges (query.h), and what is done with
 * them
 *
 * Pure.  Results lie in the arena.
 */
#ifndef IMAP_UIDS_H
#define IMAP_UIDS_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/query.h>

/* Ranges in any order, overlapping, backwards: made a set. */
struct ms_uids uids_normal(struct ms_arena *arena,
    const struct ms_uid_range *ranges, size_t n);

struct ms_uids uids_and(struct ms_arena *arena, struct ms_uids a,
    struct ms_uids b);
struct ms_uids uids_or(struct ms_arena *arena, struct ms_uids a,
    struct ms_uids b);
/* a without b */
struct ms_uids uids_minus(struct ms_arena *arena, struct ms_uids a,
    struct ms_uids b);
bool uids_has(struct ms_uids set, uint32_t uid);
uint64_t uids_count(struct ms_uids set);
struct ms_uids uids_copy(struct ms_arena *arena, struct ms_uids set);

/* A set that is filled in any order; ascending is fastest. */
struct uids_builder {
	struct ms_arena     *arena;
	struct ms_uid_range *ranges;
	size_t               n, room;
	bool                 is_unordered;
};

void uids_add(struct uids_builder *b, uint32_t uid);
void uids_add_range(struct uids_builder *b, uint32_t first, uint32_t last);
struct ms_uids uids_built(struct uids_builder *b);

#endif
