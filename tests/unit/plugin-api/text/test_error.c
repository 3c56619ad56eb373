/* SPDX-License-Identifier: ISC */
#include <mansio/error.h>

#include <errno.h>

#include "text.h"

Test(error, takes_a_text_and_returns_the_status)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_expect_eq(ms_error_set(&err, MS_TEMPFAIL, "4.3.1", "disk %s", "full"),
	    MS_TEMPFAIL);
	cr_expect_str_eq(err.enhanced, "4.3.1");
	cr_expect_str_eq(err.text, "disk full");
	cr_expect_eq(ms_error_set(NULL, MS_PERMFAIL, "", "x"), MS_PERMFAIL);
}

Test(error, stays_one_line_of_utf8)
{
	struct ms_error err = MS_ERROR_INIT;

	(void)ms_error_set(&err, MS_INVALID, NULL, "a\r\nb\tc\x7f" "d\xff" "e\xc2\x85" "f\xc3\xa4");
	cr_expect_str_eq(err.text, "a  b c d?e f\xc3\xa4");
	cr_expect_str_eq(err.enhanced, "");
}

Test(error, is_cut_at_a_whole_character)
{
	struct ms_error err = MS_ERROR_INIT;
	char text[400];

	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 4);
	(void)ms_error_set(&err, MS_INVALID, "5.0.0", "%s", text);
	cr_expect_eq(strlen(err.text), 237);
	(void)ms_error_set(&err, MS_INVALID, "5.0.0", "xx%s", text);
	cr_expect_eq(strlen(err.text), 239);
	(void)ms_error_set(&err, MS_INVALID, "5.999.999.999.999", "x");
	cr_expect_eq(strlen(err.enhanced), sizeof(err.enhanced) - 1);
}

Test(error, does_not_write_past_a_shorter_struct)
{
	struct ms_error err = { .size = 16, .text = "kept" };

	cr_expect_eq(ms_error_set(&err, MS_INVALID, "5.0.0", "x"), MS_INVALID);
	cr_expect_str_eq(err.text, "kept");
	cr_expect_str_eq(err.enhanced, "");
}

Test(error, explains_errno)
{
	struct ms_error err = MS_ERROR_INIT;

	errno = ENOSPC;
	cr_expect_eq(ms_error_errno(&err, "write %s", "f"), MS_TEMPFAIL);
	cr_expect_str_eq(err.enhanced, "4.3.1");
	cr_expect_str_eq(err.text, "write f: No space left on device");
	errno = ENOENT;
	cr_expect_eq(ms_error_errno(&err, "open"), MS_NOTFOUND);
	errno = EIO;
	cr_expect_eq(ms_error_errno(&err, "read"), MS_TEMPFAIL);
	cr_expect_str_eq(err.enhanced, "4.3.0");
}

Test(error, is_prefixed)
{
	struct ms_error err = MS_ERROR_INIT;

	(void)ms_error_set(&err, MS_INVALID, "5.1.3", "bad");
	cr_expect_eq(ms_error_prefix(&err, MS_INVALID, "line %d", 7), MS_INVALID);
	cr_expect_str_eq(err.text, "line 7: bad");
	cr_expect_str_eq(err.enhanced, "5.1.3");
}

Test(error, names_each_status)
{
	cr_expect_str_eq(ms_status_name(MS_OK), "OK");
	cr_expect_str_eq(ms_status_name(MS_LIMIT), "LIMIT");
	cr_expect_str_eq(ms_status_name(MS_CANCELLED), "CANCELLED");
	cr_expect_str_eq(ms_status_name(-100), "TEMPFAIL");
	cr_expect_str_eq(ms_status_name(INT32_MIN), "TEMPFAIL");
	cr_expect_str_eq(ms_status_name(5), "TEMPFAIL");
}
