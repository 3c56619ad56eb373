/* SPDX-License-Identifier: ISC */
#include "uids.h"

#include <criterion/criterion.h>

static struct ms_arena *arena;

static void
begin(void)
{
	arena = ms_arena_new(0);
}

static void
end(void)
{
	ms_arena_free(arena);
}

TestSuite(uids, .init = begin, .fini = end);

static struct ms_uids
set(struct ms_uid_range *ranges, size_t n)
{
	return (struct ms_uids){ ranges, n };
}

Test(uids, neighbours_become_one_range)
{
	struct uid_list list = uid_list_in(arena);

	for (uint32_t uid = 1; uid <= 1000; uid++)
		if (uid % 10 != 0)
			uid_list_add(&list, uid);
	cr_assert_eq(list.n, 100);
	cr_assert_eq(list.ranges[99].first, 991);
	cr_assert_eq(list.ranges[99].last, 999);
	uid_list_add_range(&list, 1000, 2000);
	cr_assert_eq(list.n, 100);
	cr_assert_eq(list.ranges[99].last, 2000);
}

Test(uids, what_does_not_ascend_is_not_sound)
{
	struct ms_uid_range zero[] = { { 0, 3 } }, turned[] = { { 5, 4 } };
	struct ms_uid_range over[] = { { 1, 5 }, { 5, 8 } }, fine[] = { { 1, 5 }, { 7, 8 } };

	cr_assert(uids_are_sound(set(NULL, 0)));
	cr_assert(uids_are_sound(set(fine, 2)));
	cr_assert_not(uids_are_sound(set(zero, 1)));
	cr_assert_not(uids_are_sound(set(turned, 1)));
	cr_assert_not(uids_are_sound(set(over, 2)));
}

Test(uids, are_found_by_halving)
{
	struct ms_uid_range ranges[] = { { 2, 3 }, { 7, 7 }, { 10, 20 } };

	cr_assert_eq(uids_find(set(ranges, 3), 1), 0);
	cr_assert_eq(uids_find(set(ranges, 3), 4), 1);
	cr_assert_eq(uids_find(set(ranges, 3), 21), 3);
	cr_assert(uids_contain(set(ranges, 3), 7));
	cr_assert(uids_contain(set(ranges, 3), 20));
	cr_assert_not(uids_contain(set(ranges, 3), 8));
	cr_assert_eq(uids_count(set(ranges, 3)), 14);
}

Test(uids, ranges_in_any_order_are_joined)
{
	struct ms_uid_range ranges[] = { { 10, 20 }, { 1, 2 }, { 3, 4 }, { 15, 30 }, { 12, 13 },
		{ UINT32_MAX, UINT32_MAX } };

	cr_assert_eq(uid_ranges_join(ranges, 6), 3);
	cr_assert_eq(ranges[0].first, 1);
	cr_assert_eq(ranges[0].last, 4);
	cr_assert_eq(ranges[1].first, 10);
	cr_assert_eq(ranges[1].last, 30);
	cr_assert_eq(ranges[2].first, UINT32_MAX);
	cr_assert_eq(uid_ranges_join(ranges, 0), 0);
}

Test(uids, of_two_sets_what_is_in_both)
{
	struct ms_uid_range a[] = { { 1, 10 }, { 20, 30 } }, b[] = { { 5, 22 }, { 29, 40 } };
	struct ms_uids both = uids_both(arena, set(a, 2), set(b, 2));

	cr_assert_eq(both.n, 3);
	cr_assert_eq(both.ranges[0].first, 5);
	cr_assert_eq(both.ranges[0].last, 10);
	cr_assert_eq(both.ranges[1].first, 20);
	cr_assert_eq(both.ranges[1].last, 22);
	cr_assert_eq(both.ranges[2].first, 29);
	cr_assert_eq(both.ranges[2].last, 30);
}
