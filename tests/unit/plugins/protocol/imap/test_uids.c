/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include "uids.h"

static struct ms_arena *arena;

static void
make_arena(void)
{
	arena = ms_arena_new(0);
}

static void
free_arena(void)
{
	ms_arena_free(arena);
}

TestSuite(uids, .init = make_arena, .fini = free_arena);

#define SET(...) ((struct ms_uids){ (const struct ms_uid_range[]){ __VA_ARGS__ }, \
    sizeof((const struct ms_uid_range[]){ __VA_ARGS__ }) / sizeof(struct ms_uid_range) })
static const struct ms_uids none = { NULL, 0 };

static void
expect(struct ms_uids got, struct ms_uids want)
{
	cr_assert_eq(got.n, want.n, "%zu ranges, not %zu", got.n, want.n);
	for (size_t i = 0; i < want.n; i++) {
		cr_assert_eq(got.ranges[i].first, want.ranges[i].first);
		cr_assert_eq(got.ranges[i].last, want.ranges[i].last);
	}
}

Test(uids, become_ascending_ranges_that_do_not_touch)
{
	static const struct ms_uid_range raw[] = { { 9, 7 }, { 1, 1 },
	    { 2, 3 }, { 8, 12 }, { 20, UINT32_MAX }, { UINT32_MAX, 30 } };

	expect(uids_normal(arena, raw, 6),
	    SET({ 1, 3 }, { 7, 12 }, { 20, UINT32_MAX }));
	expect(uids_normal(arena, raw, 0), none);
}

Test(uids, are_cut_joined_and_taken_away)
{
	struct ms_uids a = SET({ 1, 10 }, { 20, 30 }, { 40, 40 });
	struct ms_uids b = SET({ 5, 25 }, { 40, UINT32_MAX });

	expect(uids_and(arena, a, b), SET({ 5, 10 }, { 20, 25 }, { 40, 40 }));
	expect(uids_or(arena, a, b), SET({ 1, 30 }, { 40, UINT32_MAX }));
	expect(uids_minus(arena, a, b), SET({ 1, 4 }, { 26, 30 }));
	expect(uids_minus(arena, b, a), SET({ 11, 19 }, { 41, UINT32_MAX }));
	expect(uids_minus(arena, a, none), a);
	expect(uids_and(arena, a, none), none);
	expect(uids_or(arena, none, b), b);
}

Test(uids, taken_from_one_range_in_many_pieces)
{
	expect(uids_minus(arena, SET({ 1, 100 }),
	    SET({ 1, 1 }, { 3, 3 }, { 50, 60 }, { 100, 200 })),
	    SET({ 2, 2 }, { 4, 49 }, { 61, 99 }));
}

Test(uids, are_found_and_counted)
{
	struct ms_uids a = SET({ 2, 4 }, { 8, 8 });

	cr_assert(uids_has(a, 2) && uids_has(a, 4) && uids_has(a, 8));
	cr_assert_not(uids_has(a, 1) || uids_has(a, 5) || uids_has(a, 9));
	cr_assert_eq(uids_count(a), 4);
	cr_assert_eq(uids_count(SET({ 1, UINT32_MAX })), UINT32_MAX);
}

Test(uids, are_built_in_any_order)
{
	struct uids_builder b = { .arena = arena };

	for (uint32_t uid = 100; uid > 0; uid -= 2)
		uids_add(&b, uid);
	for (uint32_t uid = 1; uid < 100; uid += 2)
		uids_add(&b, uid);
	expect(uids_built(&b), SET({ 1, 100 }));
}
