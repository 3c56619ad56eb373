/* SPDX-License-Identifier: ISC */
/* fuzz_imap_set.c - sequence sets, and the arithmetic of sets of UIDs */
#include <stdint.h>
#include <stdlib.h>

#include "parse.h"
#include "uids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_a_set(struct ms_uids set)
{
	for (size_t i = 0; i < set.n; i++)
		if (set.ranges[i].first > set.ranges[i].last ||
		    (i > 0 && (uint64_t)set.ranges[i - 1].last + 1 >=
		    set.ranges[i].first))
			abort();
}

static struct ms_uids
take(struct ms_arena *arena, struct parse *p)
{
	struct set set = { 0 };
	struct ms_uid_range *ranges;
	struct ms_uids out;

	if (!parse_set(p, &set))
		return (struct ms_uids){ NULL, 0 };
	ranges = ms_arena_array(arena, set.n + 1, sizeof(*ranges));
	for (size_t i = 0; i < set.n; i++) {
		ranges[i].first = set.ranges[i].first == 0 ? 7 :
		    set.ranges[i].first;
		ranges[i].last = set.ranges[i].last == 0 ? 7 :
		    set.ranges[i].last;
	}
	out = uids_normal(arena, ranges, set.n);
	must_be_a_set(out);
	for (size_t i = 0; i < set.n; i++)
		if (!uids_has(out, ranges[i].first) ||
		    !uids_has(out, ranges[i].last))
			abort();
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct parse p = { .in = ms_str_of((const char *)data, size),
		.arena = arena };
	struct ms_uids a = take(arena, &p), b, both, either, rest;

	(void)parse_space(&p);
	b = take(arena, &p);
	both = uids_and(arena, a, b);
	either = uids_or(arena, a, b);
	rest = uids_minus(arena, a, b);
	must_be_a_set(both);
	must_be_a_set(either);
	must_be_a_set(rest);
	if (uids_count(both) + uids_count(either) !=
	    uids_count(a) + uids_count(b) ||
	    uids_count(rest) + uids_count(both) != uids_count(a))
		abort();
	ms_arena_free(arena);
	return 0;
}
