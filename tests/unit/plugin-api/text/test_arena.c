/* SPDX-License-Identifier: ISC */
#include <mansio/arena.h>

#include <malloc.h>
#include <signal.h>

#include "text.h"

static bool
is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

Test(arena, gives_zeroed_aligned_memory_also_after_a_reset)
{
	struct ms_arena *a = ms_arena_new(0);

	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 3000; n += 7) {
			unsigned char *p = ms_arena_alloc(a, n);

			cr_assert_eq((uintptr_t)p % _Alignof(max_align_t), 0);
			cr_assert(is_zero(p, n), "%zu octets", n);
			memset(p, 0xa5, n);
			(void)ms_arena_str(a, LIT("x"));	/* breaks the alignment */
		}
		ms_arena_reset(a);
		cr_expect_eq(ms_arena_used(a), 0);
	}
	ms_arena_free(a);
}

Test(arena, keeps_what_it_gave_until_its_end)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str kept[2000];

	for (size_t i = 0; i < N_ELEMENTS(kept); i++)
		kept[i] = ms_arena_printf(a, "%zu %0*d", i, (int)(i % 400), 1);
	for (size_t i = 0; i < N_ELEMENTS(kept); i++) {
		char want[500];

		snprintf(want, sizeof(want), "%zu %0*d", i, (int)(i % 400), 1);
		cr_assert_str_eq(kept[i].data, want);
	}
	ms_arena_free(a);
}

Test(arena, says_when_it_is_over_its_budget_and_goes_on)
{
	struct ms_arena *a = ms_arena_new(1000);

	(void)ms_arena_alloc(a, 900);
	cr_expect_not(ms_arena_is_over(a));
	(void)ms_arena_alloc(a, 200);
	cr_expect(ms_arena_is_over(a));
	cr_expect_not_null(ms_arena_alloc(a, 200));
	ms_arena_reset(a);
	cr_expect_not(ms_arena_is_over(a));
	ms_arena_free(a);
	a = ms_arena_new(0);
	(void)ms_arena_alloc(a, 1000000);
	cr_expect_not(ms_arena_is_over(a));
	ms_arena_free(a);
}

Test(arena, copies_text_with_a_nul_behind_it)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str s = ms_arena_str(a, LIT("a\0b"));

	expect_text(0, s, LIT("a\0b"));
	cr_expect_eq(s.data[3], '\0');
	s = ms_arena_str(a, ms_str_of(NULL, 0));
	cr_expect_not_null(s.data);
	cr_expect_eq(s.len, 0);
	expect_text(1, ms_arena_lower(a, LIT("ABCxyz[\xc4")), LIT("abcxyz[\xc4"));
	ms_arena_free(a);
	ms_arena_free(NULL);
	ms_arena_reset(NULL);
}

Test(arena, holds_nothing_but_its_head_when_idle)
{
	struct ms_arena *a = ms_arena_new(0);

	cr_expect_leq(malloc_usable_size(a), 64);
	for (int i = 0; i < 1000; i++)
		(void)ms_arena_alloc(a, 1000);
	ms_arena_shrink(a);
	cr_expect_eq(ms_arena_used(a), 0);
	(void)ms_arena_alloc(a, 10);
	ms_arena_shrink(a);
	ms_arena_shrink(a);
	ms_arena_free(a);
}

Test(arena, aborts_rather_than_overflow, .signal = SIGABRT)
{
	struct ms_arena *a = ms_arena_new(0);

	(void)ms_arena_array(a, SIZE_MAX / 2, 3);
}
