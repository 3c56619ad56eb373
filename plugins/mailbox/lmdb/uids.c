/* SPDX-License-Identifier: ISC */
/* uids.c - see uids.h */
#include "uids.h"

#include <stdlib.h>
#include <string.h>

void
uid_list_add_range(struct uid_list *list, uint32_t first, uint32_t last)
{
	if (list->n > 0 && list->ranges[list->n - 1].last + 1 == first) {
		list->ranges[list->n - 1].last = last;
		return;
	}
	if (list->n == list->cap) {
		size_t cap = list->cap > 0 ? list->cap * 2 : 4;
		struct ms_uid_range *grown = ms_arena_array(list->arena, cap, sizeof(*grown));

		if (list->n > 0)
			memcpy(grown, list->ranges, list->n * sizeof(*grown));
		list->ranges = grown;
		list->cap = cap;
	}
	list->ranges[list->n++] = (struct ms_uid_range){ first, last };
}

bool
uids_are_sound(struct ms_uids uids)
{
	uint32_t before = 0;

	for (size_t i = 0; i < uids.n; i++) {
		const struct ms_uid_range *r = &uids.ranges[i];

		if (r->first <= before || r->last < r->first)
			return false;
		before = r->last;
	}
	return true;
}

size_t
uids_find(struct ms_uids uids, uint32_t uid)
{
	size_t low = 0, high = uids.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (uids.ranges[mid].last < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
uids_contain(struct ms_uids uids, uint32_t uid)
{
	size_t i = uids_find(uids, uid);

	return i < uids.n && uids.ranges[i].first <= uid;
}

uint64_t
uids_count(struct ms_uids uids)
{
	uint64_t count = 0;

	for (size_t i = 0; i < uids.n; i++)
		count += (uint64_t)uids.ranges[i].last - uids.ranges[i].first + 1;
	return count;
}

static int
compare_ranges(const void *left, const void *right)
{
	const struct ms_uid_range *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

size_t
uid_ranges_join(struct ms_uid_range *ranges, size_t n)
{
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(ranges, n, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < n; i++) {
		struct ms_uid_range *last = &ranges[kept];

		if ((uint64_t)last->last + 1 < ranges[i].first)
			ranges[++kept] = ranges[i];
		else if (ranges[i].last > last->last)
			last->last = ranges[i].last;
	}
	return kept + 1;
}

struct ms_uids
uids_both(struct ms_arena *arena, struct ms_uids a, struct ms_uids b)
{
	struct uid_list both = uid_list_in(arena);
	size_t i = 0, k = 0;

	while (i < a.n && k < b.n) {
		struct ms_uid_range x = a.ranges[i], y = b.ranges[k];
		uint32_t first = x.first > y.first ? x.first : y.first;
		uint32_t last = x.last < y.last ? x.last : y.last;

		if (first <= last)
			uid_list_add_range(&both, first, last);
		if (x.last < y.last)
			i++;
		else
			k++;
	}
	return uid_list_uids(&both);
}
