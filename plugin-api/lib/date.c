/* SPDX-License-Identifier: ISC */
/* date.c - see date.h */
#include <mansio/date.h>
#include <mansio/str.h>

#include "ascii.h"

#define US_PER_SECOND	INT64_C(1000000)
#define SECONDS_PER_DAY	INT64_C(86400)
#define MAX_ZONE	(99 * 60 + 59)	/* what four digits hold */
/* 0000-01-01 and the last second of 9999: what four digits of a year hold. */
#define MIN_SECONDS	INT64_C(-62167219200)
#define MAX_SECONDS	INT64_C(253402300799)

struct moment {
	int64_t  year;
	unsigned month, day;		/* from 1 */
	unsigned hour, minute, second;
	unsigned weekday;		/* 0: Sunday */
};

static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};

/* Days from 1970-01-01.  A year is taken to begin in March, so that the day
   that comes and goes is its last. */
static int64_t
days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    (153 * m + 2) / 5 + day - 1 - 719468;
}

static void
set_date(struct moment *m, int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	m->day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
	m->month = (unsigned)(month < 10 ? month + 3 : month - 9);
	m->year = year + era * 400 + (m->month <= 2);
	m->weekday = (unsigned)(((days + 4) % 7 + 7) % 7);
}

/* Local time in that zone; beyond the years 0 to 9999 the nearest. */
static struct moment
moment_of(int64_t time_us, int32_t zone)
{
	int64_t seconds = time_us / US_PER_SECOND - (time_us % US_PER_SECOND < 0);
	struct moment m;
	int64_t days, rest;

	seconds += (int64_t)zone * 60;
	seconds = seconds < MIN_SECONDS ? MIN_SECONDS :
	    seconds > MAX_SECONDS ? MAX_SECONDS : seconds;
	days = seconds / SECONDS_PER_DAY;
	rest = seconds % SECONDS_PER_DAY;
	if (rest < 0) {
		rest += SECONDS_PER_DAY;
		days--;
	}
	set_date(&m, days);
	m.hour = (unsigned)(rest / 3600);
	m.minute = (unsigned)(rest / 60 % 60);
	m.second = (unsigned)(rest % 60);
	return m;
}

static unsigned
days_in_month(int64_t year, unsigned month)
{
	static const unsigned char days[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

static bool
time_of(const struct moment *m, int32_t zone, int64_t *time_us_out)
{
	int64_t seconds;

	/* A leap second, 60, is the first of the next minute. */
	if (m->month < 1 || m->month > 12 || m->day < 1 ||
	    m->day > days_in_month(m->year, m->month) || m->hour > 23 ||
	    m->minute > 59 || m->second > 60)
		return false;
	seconds = days_of(m->year, m->month, m->day) * SECONDS_PER_DAY +
	    (int64_t)m->hour * 3600 + m->minute * 60 + m->second - (int64_t)zone * 60;
	*time_us_out = seconds * US_PER_SECOND;
	return true;
}

struct reader {
	struct ms_str text;
	size_t        at;
};

static char
next(const struct reader *r)
{
	return r->at < r->text.len ? r->text.data[r->at] : '\0';
}

/* White space and comments, which nest (RFC 5322 3.2.2). */
static void
skip_gap(struct reader *r)
{
	size_t depth = 0;

	for (; r->at < r->text.len; r->at++) {
		char c = next(r);

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0)
			r->at++;
		else if (depth == 0 && !ascii_is_blank(c))
			return;
	}
}

static struct ms_str
read_word(struct reader *r)
{
	size_t from = r->at;

	while (ascii_is_alpha(next(r)))
		r->at++;
	return ms_str_sub(r->text, from, r->at - from);
}

/* A number of min to max digits, with no digit after it. */
static bool
read_number(struct reader *r, size_t min, size_t max, unsigned *out)
{
	size_t n = 0;
	unsigned value = 0;

	for (; n <= max && ascii_is_digit(next(r)); n++)
		value = value * 10 + (unsigned)(r->text.data[r->at++] - '0');
	*out = value;
	return n >= min && n <= max;
}

static bool
read_octet(struct reader *r, char c)
{
	if (r->at >= r->text.len || r->text.data[r->at] != c)
		return false;
	r->at++;
	return true;
}

/* By its first three letters; 0: none. */
static unsigned
month_of(struct ms_str word)
{
	for (unsigned i = 0; i < 12; i++)
		if (word.len >= 3 &&
		    ms_str_equal_ci(ms_str_sub(word, 0, 3), ms_str_of(months[i], 3)))
			return i + 1;
	return 0;
}

/* RFC 5322 4.3: two and three digits are of another century. */
static bool
read_year(struct reader *r, int64_t *year_out)
{
	size_t from = r->at;
	unsigned year;

	if (!read_number(r, 2, 4, &year))
		return false;
	if (r->at - from == 2)
		year += year < 50 ? 2000 : 1900;
	else if (r->at - from == 3)
		year += 1900;
	*year_out = year;
	return true;
}

static bool
read_time(struct reader *r, struct moment *m)
{
	if (!read_number(r, 1, 2, &m->hour))
		return false;
	skip_gap(r);
	if (!read_octet(r, ':'))
		return false;
	skip_gap(r);
	if (!read_number(r, 1, 2, &m->minute))
		return false;
	skip_gap(r);
	if (!read_octet(r, ':'))
		return true;
	skip_gap(r);
	if (!read_number(r, 1, 2, &m->second))
		return false;
	/* Fractions are not of this format, but are met. */
	if (next(r) == '.')
		for (r->at++; ascii_is_digit(next(r)); r->at++)
			;
	skip_gap(r);
	return true;
}

/* RFC 5322 4.3: names that are not known, also the military ones, are
   "-0000"; so is none. */
static int32_t
read_zone(struct reader *r)
{
	static const struct {
		struct ms_str name;
		int32_t       hours;
	} zones[] = {
		{ MS_STR("EDT"), -4 }, { MS_STR("EST"), -5 }, { MS_STR("CDT"), -5 },
		{ MS_STR("CST"), -6 }, { MS_STR("MDT"), -6 }, { MS_STR("MST"), -7 },
		{ MS_STR("PDT"), -7 }, { MS_STR("PST"), -8 },
	};
	bool is_west = next(r) == '-';
	struct ms_str name;
	unsigned value;

	if (read_octet(r, '+') || read_octet(r, '-')) {
		size_t from = r->at;

		(void)read_number(r, 1, 4, &value);
		if (r->at - from == 2 && read_octet(r, ':')) {
			unsigned hours = value;

			if (!read_number(r, 2, 2, &value))
				return 0;
			value += hours * 100;
		} else if (r->at - from != 4) {
			return 0;
		}
		if (value % 100 > 59)
			return 0;
		value = value / 100 * 60 + value % 100;
		return is_west ? -(int32_t)value : (int32_t)value;
	}
	name = read_word(r);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (ms_str_equal_ci(name, zones[i].name))
			return zones[i].hours * 60;
	return 0;
}

static void
skip_separator(struct reader *r)
{
	skip_gap(r);
	if (next(r) == '-' || next(r) == ',')	/* "1-Jan-26", "Jan 1, 2026" */
		r->at++;
	skip_gap(r);
}

bool
ms_date_parse(struct ms_str text, int64_t *time_us_out, int32_t *zone_out)
{
	struct reader r = { text, 0 };
	struct moment m = { 0 };
	struct ms_str word;
	int64_t time_us;
	int32_t zone;

	skip_gap(&r);
	word = read_word(&r);
	/* The day's name, in whatever language: it says nothing new. */
	if (word.len > 0 && month_of(word) == 0) {
		while (r.at < text.len && !ascii_is_alnum(next(&r)) && next(&r) != '(' &&
		    !ascii_is_blank(next(&r)) && next(&r) != ',')
			r.at++;
		skip_separator(&r);
		word = read_word(&r);
	}
	if (word.len == 0) {
		if (!read_number(&r, 1, 2, &m.day))
			return false;
		skip_separator(&r);
		m.month = month_of(read_word(&r));
		if (next(&r) == '.')
			r.at++;
		skip_separator(&r);
		if (!read_year(&r, &m.year))
			return false;
		skip_separator(&r);
		if (!read_time(&r, &m))
			return false;
		zone = read_zone(&r);
	} else {
		/* "Thu Jan  1 00:00:00 2026", as the C library writes it. */
		m.month = month_of(word);
		skip_separator(&r);
		if (!read_number(&r, 1, 2, &m.day))
			return false;
		skip_separator(&r);
		if (!read_time(&r, &m))
			return false;
		zone = ascii_is_digit(next(&r)) ? 0 : read_zone(&r);
		skip_gap(&r);
		if (!read_year(&r, &m.year))
			return false;
	}
	if (!time_of(&m, zone, &time_us))
		return false;
	*time_us_out = time_us;
	*zone_out = zone;
	return true;
}

static void
add_two(struct ms_buf *out, unsigned value)
{
	ms_buf_add_octet(out, (char)('0' + value / 10 % 10));
	ms_buf_add_octet(out, (char)('0' + value % 10));
}

static void
add_year(struct ms_buf *out, const struct moment *m)
{
	add_two(out, (unsigned)m->year / 100);
	add_two(out, (unsigned)m->year % 100);
}

static void
add_time_and_zone(struct ms_buf *out, const struct moment *m, int32_t zone)
{
	unsigned minutes = (unsigned)(zone < 0 ? -zone : zone);

	add_two(out, m->hour);
	ms_buf_add_octet(out, ':');
	add_two(out, m->minute);
	ms_buf_add_octet(out, ':');
	add_two(out, m->second);
	ms_buf_add_c(out, zone < 0 ? " -" : " +");
	add_two(out, minutes / 60);
	add_two(out, minutes % 60);
}

static int32_t
clean_zone(int32_t zone)
{
	return zone < -MAX_ZONE || zone > MAX_ZONE ? 0 : zone;
}

void
ms_date_add(struct ms_buf *out, int64_t time_us, int32_t zone)
{
	static const char days[7][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
	};
	struct moment m;

	zone = clean_zone(zone);
	m = moment_of(time_us, zone);
	ms_buf_add_c(out, days[m.weekday]);
	ms_buf_add_c(out, ", ");
	add_two(out, m.day);
	ms_buf_add_octet(out, ' ');
	ms_buf_add_c(out, months[m.month - 1]);
	ms_buf_add_octet(out, ' ');
	add_year(out, &m);
	ms_buf_add_octet(out, ' ');
	add_time_and_zone(out, &m, zone);
}

/* date-month "-" date-year, after the day. */
static bool
read_imap_month_year(struct reader *r, struct moment *m)
{
	struct ms_str word;
	unsigned year;

	if (!read_octet(r, '-'))
		return false;
	word = read_word(r);
	m->month = month_of(word);
	if (word.len != 3 || m->month == 0 || !read_octet(r, '-') ||
	    !read_number(r, 4, 4, &year))
		return false;
	m->year = year;
	return true;
}

bool
ms_date_parse_imap(struct ms_str text, int64_t *time_us_out, int32_t *zone_out)
{
	struct reader r = { text, 0 };
	struct moment m = { 0 };
	bool is_one_digit = read_octet(&r, ' '), is_west;
	unsigned digits;
	int64_t time_us;
	int32_t zone;

	if (!read_number(&r, is_one_digit ? 1 : 2, is_one_digit ? 1 : 2, &m.day) ||
	    !read_imap_month_year(&r, &m) || !read_octet(&r, ' ') ||
	    !read_number(&r, 2, 2, &m.hour) || !read_octet(&r, ':') ||
	    !read_number(&r, 2, 2, &m.minute) || !read_octet(&r, ':') ||
	    !read_number(&r, 2, 2, &m.second) || !read_octet(&r, ' '))
		return false;
	is_west = next(&r) == '-';
	if (!(read_octet(&r, '+') || read_octet(&r, '-')) ||
	    !read_number(&r, 4, 4, &digits) || digits % 100 > 59 || r.at != text.len)
		return false;
	zone = (int32_t)(digits / 100 * 60 + digits % 100);
	zone = is_west ? -zone : zone;
	if (!time_of(&m, zone, &time_us))
		return false;
	*time_us_out = time_us;
	*zone_out = zone;
	return true;
}

void
ms_date_add_imap(struct ms_buf *out, int64_t time_us, int32_t zone)
{
	struct moment m;

	zone = clean_zone(zone);
	m = moment_of(time_us, zone);
	if (m.day < 10) {
		ms_buf_add_octet(out, ' ');
		ms_buf_add_octet(out, (char)('0' + m.day));
	} else {
		add_two(out, m.day);
	}
	ms_buf_add_octet(out, '-');
	ms_buf_add_c(out, months[m.month - 1]);
	ms_buf_add_octet(out, '-');
	add_year(out, &m);
	ms_buf_add_octet(out, ' ');
	add_time_and_zone(out, &m, zone);
}

bool
ms_date_parse_imap_day(struct ms_str text, int64_t *time_us_out)
{
	struct reader r = { text, 0 };
	struct moment m = { 0 };

	return read_number(&r, 1, 2, &m.day) && read_imap_month_year(&r, &m) &&
	    r.at == text.len && time_of(&m, 0, time_us_out);
}

void
ms_date_add_3339(struct ms_buf *out, int64_t time_us)
{
	struct moment m = moment_of(time_us, 0);
	int64_t us = time_us % US_PER_SECOND;

	us = us < 0 ? us + US_PER_SECOND : us;
	add_year(out, &m);
	ms_buf_add_octet(out, '-');
	add_two(out, m.month);
	ms_buf_add_octet(out, '-');
	add_two(out, m.day);
	ms_buf_add_octet(out, 'T');
	add_two(out, m.hour);
	ms_buf_add_octet(out, ':');
	add_two(out, m.minute);
	ms_buf_add_octet(out, ':');
	add_two(out, m.second);
	ms_buf_add_octet(out, '.');
	add_two(out, (unsigned)(us / 10000));
	add_two(out, (unsigned)(us / 100 % 100));
	add_two(out, (unsigned)(us % 100));
	ms_buf_add_octet(out, 'Z');
}
