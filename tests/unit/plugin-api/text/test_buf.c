/* SPDX-License-Identifier: ISC */
#include <mansio/buf.h>

#include "text.h"

Test(buf, grows_and_keeps_a_nul_after_the_last_octet)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100000);

	expect_text(0, ms_buf_str(&b), LIT(""));
	for (size_t i = 0; i < 1000; i++) {
		ms_buf_add(&b, LIT("0123456789"));
		cr_assert_eq(b.data[b.len], '\0');
		cr_assert_lt(b.len, b.cap);
	}
	cr_expect(ms_buf_ok(&b));
	cr_expect_eq(b.len, 10000);
	cr_expect_eq(strlen(b.data), 10000);
}

Test(buf, fails_for_good_past_its_maximum)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(5);

	ms_buf_add(&b, LIT("12345"));
	cr_expect(ms_buf_ok(&b));
	ms_buf_add_octet(&b, '6');
	cr_expect_not(ms_buf_ok(&b));
	expect_text(0, ms_buf_str(&b), LIT("12345"));
	ms_buf_consume(&b, 5);
	ms_buf_add_octet(&b, '7');
	cr_expect_not(ms_buf_ok(&b));
	cr_expect_null(ms_buf_room(&b, 1));
	expect_text(1, ms_buf_str(&b), LIT(""));
	ms_buf_reset(&b);
	ms_buf_add_octet(&b, '8');
	cr_expect(ms_buf_ok(&b));
	expect_text(2, ms_buf_str(&b), LIT("8"));
}

Test(buf, never_holds_more_memory_than_its_maximum_and_a_nul)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100);

	for (int i = 0; i < 100; i++)
		ms_buf_add_octet(&b, 'x');
	cr_expect(ms_buf_ok(&b));
	cr_expect_leq(b.cap, 101);
}

Test(buf, has_no_overflow_with_huge_sizes)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(SIZE_MAX);

	ms_buf_add_octet(&b, 'x');
	cr_expect(ms_buf_ok(&b));
	cr_expect_null(ms_buf_room(&b, SIZE_MAX));
	cr_expect_not(ms_buf_ok(&b));
}

Test(buf, writes_numbers)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100);

	ms_buf_add_u64(&b, 0);
	ms_buf_add_octet(&b, ' ');
	ms_buf_add_u64(&b, UINT64_MAX);
	ms_buf_add_octet(&b, ' ');
	ms_buf_add_u64(&b, 1234567890);
	expect_text(0, ms_buf_str(&b), LIT("0 18446744073709551615 1234567890"));
}

Test(buf, formats_into_what_room_there_is)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(300);
	MS_AUTO_BUF struct ms_buf small = MS_BUF_MAX(4);

	ms_buf_addf(&b, "%s-%d", "a", 7);
	expect_text(0, ms_buf_str(&b), LIT("a-7"));
	ms_buf_addf(&b, "%0200d", 1);
	cr_expect_eq(b.len, 203);
	cr_expect_eq(b.data[203], '\0');
	ms_buf_addf(&b, "%0200d", 1);
	cr_expect_not(ms_buf_ok(&b));
	cr_expect_eq(b.len, 203);
	cr_expect_eq(b.data[203], '\0');
	ms_buf_addf(&small, "%s", "12345");
	cr_expect_not(ms_buf_ok(&small));
	cr_expect_eq(small.len, 0);
}

Test(buf, gives_room_that_is_counted_afterwards)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1000);
	char *room = ms_buf_room(&b, 500);

	cr_assert_not_null(room);
	memset(room, 'y', 500);
	ms_buf_grown(&b, 3);
	expect_text(0, ms_buf_str(&b), LIT("yyy"));
}

Test(buf, consumes_from_the_front_and_trims_when_empty)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100);

	ms_buf_consume(&b, 3);
	ms_buf_add_c(&b, "hello world");
	ms_buf_add_c(&b, NULL);
	ms_buf_consume(&b, 6);
	expect_text(0, ms_buf_str(&b), LIT("world"));
	ms_buf_trim(&b);
	cr_expect_not_null(b.data);
	ms_buf_consume(&b, 100);
	cr_expect_eq(b.len, 0);
	ms_buf_trim(&b);
	cr_expect_null(b.data);
	cr_expect_eq(b.cap, 0);
}
