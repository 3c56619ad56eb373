/* SPDX-License-Identifier: ISC */
/*
 * uids.h - sets of UIDs as ranges: building, asking, joining
 */
#ifndef LMDB_UIDS_H
#define LMDB_UIDS_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/query.h>

/* Grows in its arena; what is added must ascend, neighbours become one. */
struct uid_list {
	struct ms_arena     *arena;
	struct ms_uid_range *ranges;
	size_t               n, cap;
};

static inline struct uid_list
uid_list_in(struct ms_arena *arena)
{
	struct uid_list list = { arena, NULL, 0, 0 };

	return list;
}

void uid_list_add_range(struct uid_list *list, uint32_t first, uint32_t last);

static inline void
uid_list_add(struct uid_list *list, uint32_t uid)
{
	if (list->n > 0 && list->ranges[list->n - 1].last + 1 == uid)
		list->ranges[list->n - 1].last = uid;
	else
		uid_list_add_range(list, uid, uid);
}

static inline struct ms_uids
uid_list_uids(const struct uid_list *list)
{
	struct ms_uids uids = { list->ranges, list->n };

	return uids;
}

/* Do the ranges ascend, apart from each other, without UID 0?  What a caller
   hands in is looked at before it is trusted. */
bool uids_are_sound(struct ms_uids uids);
/* Index of the first range that ends at this UID or later; n if none. */
size_t uids_find(struct ms_uids uids, uint32_t uid);
bool uids_contain(struct ms_uids uids, uint32_t uid);
uint64_t uids_count(struct ms_uids uids);

/* Sorts ranges that lie in any order and joins what overlaps or touches;
   returns how many are left. */
size_t uid_ranges_join(struct ms_uid_range *ranges, size_t n);
/* What is in both. */
struct ms_uids uids_both(struct ms_arena *arena, struct ms_uids a, struct ms_uids b);

#endif
