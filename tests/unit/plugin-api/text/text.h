/* SPDX-License-Identifier: ISC */
/* text.h - what the tests of libmansio's text half share */
#ifndef TEST_TEXT_H
#define TEST_TEXT_H

#include <criterion/criterion.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/str.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* A literal with its NULs. */
#define LIT(literal) ms_str_of("" literal, sizeof(literal) - 1)

/* Does the text read so?  i: the row of a table. */
#define expect_text(i, actual, wanted) do {				\
	struct ms_str expect_a = (actual), expect_w = (wanted);		\
									\
	cr_expect(ms_str_equal(expect_a, expect_w),			\
	    "row %zu: got \"%.*s\" (%zu), not \"%.*s\" (%zu)", (size_t)(i), \
	    (int)expect_a.len, expect_a.data != NULL ? expect_a.data : "",	\
	    expect_a.len, (int)expect_w.len,				\
	    expect_w.data != NULL ? expect_w.data : "", expect_w.len);	\
} while (0)

#endif
