/* SPDX-License-Identifier: ISC */
/*
 * date.h - dates as mail writes them
 *
 * Times are microseconds since 1970-01-01 UTC, zones minutes east of UTC.
 */
#ifndef MANSIO_DATE_H
#define MANSIO_DATE_H

#include <stdbool.h>

#include <mansio/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 5322 3.3 and 4.3 (two-digit years, named zones, comments); lenient
   about the day's name, a missing zone, and asctime's order.  What follows
   the date is ignored.  False: no date. */
bool ms_date_parse(struct ms_str text, int64_t *time_us_out,
    int32_t *zone_out);
/* "Thu, 01 Jan 2026 00:00:00 +0000" */
void ms_date_add(struct ms_buf *out, int64_t time_us, int32_t zone);
/* IMAP date-time, RFC 3501 9: " 1-Jan-2026 00:00:00 +0000", without quotes. */
bool ms_date_parse_imap(struct ms_str text, int64_t *time_us_out,
    int32_t *zone_out);
void ms_date_add_imap(struct ms_buf *out, int64_t time_us, int32_t zone);
/* IMAP date: "1-Jan-2026", as the midnight that begins it, in no zone. */
bool ms_date_parse_imap_day(struct ms_str text, int64_t *time_us_out);
/* RFC 3339 with microseconds, UTC. */
void ms_date_add_3339(struct ms_buf *out, int64_t time_us);

#ifdef __cplusplus
}
#endif
#endif
