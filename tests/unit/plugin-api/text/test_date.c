/* SPDX-License-Identifier: ISC */
#include <mansio/date.h>

#include "text.h"

#define S INT64_C(1000000)
#define NEW_YEAR_2026 (INT64_C(1767225600) * S)

Test(date, is_parsed_as_rfc5322_and_its_elders_write_it)
{
	static const struct { const char *in; int64_t us; int32_t zone; } rows[] = {
		{ "Thu, 01 Jan 2026 00:00:00 +0000", NEW_YEAR_2026, 0 },
		{ "1 Jan 2026 00:00 +0000", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 01:00:00 +0100", NEW_YEAR_2026, 60 },
		{ "Wed, 31 Dec 2025 19:00:00 EST", NEW_YEAR_2026, -300 },
		{ "Wed, 31 Dec 2025 17:00:00 pdt", NEW_YEAR_2026, -420 },
		{ "Thu, 1 Jan 2026 05:30:00 +0530 (IST)", NEW_YEAR_2026, 330 },
		{ "Thu, 1 Jan 2026 00:00:00 GMT", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00 UT", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00 Z", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00 A", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00 CEST", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00 -0000", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 26 00:00:00 +0000", NEW_YEAR_2026, 0 },
		{ "1 Jan 70 00:00:00 +0000", 0, 0 },
		{ "1 Jan 070 00:00:00 +0000", 0, 0 },
		{ "31 Dec 1969 23:59:59 +0000", -S, 0 },
		{ " (c(o)m)Thu(\\))\r\n ,\t1\r\n Jan (x) 2026 00 : 00 : 00 (y) +0000 ",
		  NEW_YEAR_2026, 0 },
		{ "Sun, 1 Jan 2026 00:00:00 +0000", NEW_YEAR_2026, 0 },	/* a wrong day */
		{ "Thursday, 1 January 2026 00:00:00 +0000", NEW_YEAR_2026, 0 },
		{ "Do, 1 Jan 2026 00:00:00 +0000", NEW_YEAR_2026, 0 },
		{ "Thu Jan  1 00:00:00 2026", NEW_YEAR_2026, 0 },
		{ "Thu Jan  1 00:00:00 EST 2026", NEW_YEAR_2026 + 18000 * S, -300 },
		{ "Thu Jan  1 00:00:00 +0000 2026", NEW_YEAR_2026, 0 },
		{ "Thu, 1-Jan-2026 00:00:00 +0000", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 0:0:0 +00:00", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00.123456 +0000", NEW_YEAR_2026, 0 },
		{ "Thu, 1 Jan 2026 00:00:00 +9959", NEW_YEAR_2026 - INT64_C(5999) * 60 * S, 5999 },
		{ "Thu, 1 Jan 2026 00:00:00 +0060", NEW_YEAR_2026, 0 },	/* no zone */
		{ "29 Feb 2024 12:00:00 +0000", INT64_C(1709208000) * S, 0 },
		{ "29 Feb 2000 00:00:00 +0000", INT64_C(951782400) * S, 0 },
		{ "31 Dec 2016 23:59:60 +0000", INT64_C(1483228800) * S, 0 },
		{ "1 Jan 9999 00:00:00 +0000", INT64_C(253370764800) * S, 0 },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		int64_t us = 1;
		int32_t zone = 1;

		cr_expect(ms_date_parse(ms_str_c(rows[i].in), &us, &zone), "%s", rows[i].in);
		cr_expect_eq(us, rows[i].us, "%s: %lld", rows[i].in, (long long)us);
		cr_expect_eq(zone, rows[i].zone, "%s: %d", rows[i].in, zone);
	}
}

Test(date, that_is_none_is_refused_and_writes_nothing)
{
	static const char *const rows[] = {
		"", " ", "(", "((((", "Thu", "Thu,", "today", "1", "1 Jan", "1 Jan 2026",
		"32 Jan 2026 00:00 +0000", "0 Jan 2026 00:00 +0000", "29 Feb 2025 00:00 +0000",
		"29 Feb 1900 00:00 +0000", "31 Apr 2026 00:00 +0000", "1 Foo 2026 00:00 +0000",
		"1 Ja 2026 00:00 +0000", "1 Jan 20260 00:00 +0000", "1 Jan 6 00:00 +0000",
		"1 Jan 2026 24:00 +0000", "1 Jan 2026 00:60 +0000", "1 Jan 2026 00:00:61 +0000",
		"1 Jan 2026 000:00 +0000", "1 Jan 2026 0000 +0000", "1 Jan 2026 00: +0000",
		"111 Jan 2026 00:00", "-1 Jan 2026 00:00", "2026-01-01T00:00:00Z",
		"99999999999999999999 Jan 2026 00:00", "1 Jan 2026 00:00:", "(1 Jan 2026 00:00",
		"Jan", "Jan 1", "Jan 1 00:00", "(\\",
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		int64_t us = 42;
		int32_t zone = 43;

		cr_expect_not(ms_date_parse(ms_str_c(rows[i]), &us, &zone), "%s", rows[i]);
		cr_expect(us == 42 && zone == 43, "%s", rows[i]);
	}
}

Test(date, is_written_in_each_form)
{
	static const struct { int64_t us; int32_t zone; const char *mail, *imap, *net; } rows[] = {
		{ NEW_YEAR_2026, 0, "Thu, 01 Jan 2026 00:00:00 +0000",
		  " 1-Jan-2026 00:00:00 +0000", "2026-01-01T00:00:00.000000Z" },
		{ NEW_YEAR_2026 + 1, -90, "Wed, 31 Dec 2025 22:30:00 -0130",
		  "31-Dec-2025 22:30:00 -0130", "2026-01-01T00:00:00.000001Z" },
		{ 0, 330, "Thu, 01 Jan 1970 05:30:00 +0530",
		  " 1-Jan-1970 05:30:00 +0530", "1970-01-01T00:00:00.000000Z" },
		{ -1, 0, "Wed, 31 Dec 1969 23:59:59 +0000",
		  "31-Dec-1969 23:59:59 +0000", "1969-12-31T23:59:59.999999Z" },
		{ INT64_C(1709208000) * S, 0, "Thu, 29 Feb 2024 12:00:00 +0000",
		  "29-Feb-2024 12:00:00 +0000", "2024-02-29T12:00:00.000000Z" },
		{ INT64_MAX, INT32_MAX, "Fri, 31 Dec 9999 23:59:59 +0000",
		  "31-Dec-9999 23:59:59 +0000", NULL },
		{ INT64_MIN, INT32_MIN, "Sat, 01 Jan 0000 00:00:00 +0000",
		  " 1-Jan-0000 00:00:00 +0000", NULL },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100);

		ms_date_add(&b, rows[i].us, rows[i].zone);
		expect_text(i, ms_buf_str(&b), ms_str_c(rows[i].mail));
		ms_buf_reset(&b);
		ms_date_add_imap(&b, rows[i].us, rows[i].zone);
		expect_text(i, ms_buf_str(&b), ms_str_c(rows[i].imap));
		ms_buf_reset(&b);
		ms_date_add_3339(&b, rows[i].us);
		if (rows[i].net != NULL)
			expect_text(i, ms_buf_str(&b), ms_str_c(rows[i].net));
	}
}

Test(date, survives_being_written_and_read)
{
	for (int64_t day = -719000; day < 2900000; day += 97) {
		int64_t us = (day * 86400 + day % 86400) * S, mail, imap;
		int32_t zone = (int32_t)(day % 5999), mail_zone, imap_zone;
		MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(100), c = MS_BUF_MAX(100);

		ms_date_add(&b, us, zone);
		cr_assert(ms_date_parse(ms_buf_str(&b), &mail, &mail_zone), "%s", b.data);
		cr_assert(mail == us && mail_zone == zone, "%s", b.data);
		ms_date_add_imap(&c, us, zone);
		cr_assert(ms_date_parse_imap(ms_buf_str(&c), &imap, &imap_zone), "%s", c.data);
		cr_assert(imap == us && imap_zone == zone, "%s", c.data);
	}
}

Test(date, of_imap_is_strict)
{
	static const char *const bad[] = {
		"1-Jan-2026 00:00:00 +0000", "001-Jan-2026 00:00:00 +0000",
		" 1-Jan-26 00:00:00 +0000", " 1-January-2026 00:00:00 +0000",
		" 1-Jan-2026 0:00:00 +0000", " 1-Jan-2026 00:00 +0000",
		" 1-Jan-2026 00:00:00", " 1-Jan-2026 00:00:00 0000",
		" 1-Jan-2026 00:00:00 +000", " 1-Jan-2026 00:00:00 +00000",
		" 1-Jan-2026 00:00:00 +0000 ", " 1-Jan-2026 00:00:00 GMT",
		" 1-Jan-2026  00:00:00 +0000", "  1-Jan-2026 00:00:00 +0000",
		"32-Jan-2026 00:00:00 +0000", "29-Feb-2025 00:00:00 +0000",
		"\" 1-Jan-2026 00:00:00 +0000\"", "", " 1-Jan-2026 00:00:00 +0060",
	};
	int64_t us;
	int32_t zone;

	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		cr_expect_not(ms_date_parse_imap(ms_str_c(bad[i]), &us, &zone), "%s", bad[i]);
	cr_expect(ms_date_parse_imap(LIT("01-JAN-2026 00:00:00 +0000"), &us, &zone));
	cr_expect_eq(us, NEW_YEAR_2026);
	cr_expect(ms_date_parse_imap_day(LIT("1-Jan-2026"), &us));
	cr_expect_eq(us, NEW_YEAR_2026);
	cr_expect(ms_date_parse_imap_day(LIT("01-jan-2026"), &us));
	cr_expect_not(ms_date_parse_imap_day(LIT("1-Jan-2026 "), &us));
	cr_expect_not(ms_date_parse_imap_day(LIT("30-Feb-2026"), &us));
	cr_expect_not(ms_date_parse_imap_day(LIT("1-Jan-26"), &us));
}
