/* SPDX-License-Identifier: ISC */
/* uids.c - see uids.h */
#include "uids.h"

#include <stdlib.h>
#include <string.h>

static int
compare_ranges(const void *a, const void *b)
{
	const struct ms_uid_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

struct ms_uids
uids_normal(struct ms_arena *arena, const struct ms_uid_range *ranges,
    size_t n)
{
	struct ms_uid_range *out = ms_arena_array(arena, n + 1, sizeof(*out));
	bool is_sorted = true;
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_back = ranges[i].first > ranges[i].last;

		out[i].first = is_back ? ranges[i].last : ranges[i].first;
		out[i].last = is_back ? ranges[i].first : ranges[i].last;
		is_sorted = is_sorted &&
		    (i == 0 || out[i - 1].first <= out[i].first);
	}
	if (!is_sorted)
		qsort(out, n, sizeof(*out), compare_ranges);
	for (size_t i = 0; i < n; i++)
		if (m > 0 && (out[m - 1].last == UINT32_MAX ||
		    out[i].first <= out[m - 1].last + 1)) {
			if (out[i].last > out[m - 1].last)
				out[m - 1].last = out[i].last;
		} else {
			out[m++] = out[i];
		}
	return (struct ms_uids){ out, m };
}

struct ms_uids
uids_and(struct ms_arena *arena, struct ms_uids a, struct ms_uids b)
{
	struct ms_uid_range *out = ms_arena_array(arena, a.n + b.n + 1,
	    sizeof(*out));
	size_t i = 0, j = 0, n = 0;

	while (i < a.n && j < b.n) {
		uint32_t first = a.ranges[i].first > b.ranges[j].first ?
		    a.ranges[i].first : b.ranges[j].first;
		uint32_t last = a.ranges[i].last < b.ranges[j].last ?
		    a.ranges[i].last : b.ranges[j].last;

		if (first <= last)
			out[n++] = (struct ms_uid_range){ first, last };
		if (a.ranges[i].last < b.ranges[j].last)
			i++;
		else
			j++;
	}
	return (struct ms_uids){ out, n };
}

struct ms_uids
uids_or(struct ms_arena *arena, struct ms_uids a, struct ms_uids b)
{
	struct uids_builder out = { .arena = arena };
	size_t i = 0, j = 0;

	if (a.n == 0 || b.n == 0)
		return a.n == 0 ? b : a;
	while (i < a.n || j < b.n) {
		const struct ms_uid_range *r = j == b.n ||
		    (i < a.n && a.ranges[i].first <= b.ranges[j].first) ?
		    &a.ranges[i++] : &b.ranges[j++];

		uids_add_range(&out, r->first, r->last);
	}
	return uids_built(&out);
}

struct ms_uids
uids_minus(struct ms_arena *arena, struct ms_uids a, struct ms_uids b)
{
	struct ms_uid_range *out = ms_arena_array(arena, a.n + b.n + 1,
	    sizeof(*out));
	size_t j = 0, n = 0;

	for (size_t i = 0; i < a.n; i++) {
		uint64_t from = a.ranges[i].first;

		while (j < b.n && b.ranges[j].last < from)
			j++;
		for (size_t k = j; k < b.n &&
		    b.ranges[k].first <= a.ranges[i].last; k++) {
			if (b.ranges[k].first > from)
				out[n++] = (struct ms_uid_range){
				    (uint32_t)from, b.ranges[k].first - 1 };
			from = (uint64_t)b.ranges[k].last + 1;
		}
		if (from <= a.ranges[i].last)
			out[n++] = (struct ms_uid_range){ (uint32_t)from,
			    a.ranges[i].last };
	}
	return (struct ms_uids){ out, n };
}

bool
uids_has(struct ms_uids set, uint32_t uid)
{
	size_t low = 0, high = set.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set.ranges[mid].last < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < set.n && set.ranges[low].first <= uid;
}

uint64_t
uids_count(struct ms_uids set)
{
	uint64_t n = 0;

	for (size_t i = 0; i < set.n; i++)
		n += (uint64_t)set.ranges[i].last - set.ranges[i].first + 1;
	return n;
}

struct ms_uids
uids_copy(struct ms_arena *arena, struct ms_uids set)
{
	struct ms_uid_range *out = ms_arena_array(arena, set.n + 1,
	    sizeof(*out));

	if (set.n > 0)
		memcpy(out, set.ranges, set.n * sizeof(*out));
	return (struct ms_uids){ out, set.n };
}

void
uids_add_range(struct uids_builder *b, uint32_t first, uint32_t last)
{
	struct ms_uid_range *at = b->n > 0 ? &b->ranges[b->n - 1] : NULL;

	if (at != NULL && first >= at->first &&
	    (uint64_t)first <= (uint64_t)at->last + 1) {
		if (last > at->last)
			at->last = last;
		return;
	}
	if (at != NULL && first < at->first)
		b->is_unordered = true;
	if (b->n == b->room) {
		size_t room = b->room == 0 ? 16 : b->room * 2;
		struct ms_uid_range *grown = ms_arena_array(b->arena, room,
		    sizeof(*grown));

		if (b->n > 0)
			memcpy(grown, b->ranges, b->n * sizeof(*grown));
		b->ranges = grown;
		b->room = room;
	}
	b->ranges[b->n++] = (struct ms_uid_range){ first, last };
}

void
uids_add(struct uids_builder *b, uint32_t uid)
{
	uids_add_range(b, uid, uid);
}

struct ms_uids
uids_built(struct uids_builder *b)
{
	if (b->is_unordered)
		return uids_normal(b->arena, b->ranges, b->n);
	return (struct ms_uids){ b->ranges, b->n };
}
