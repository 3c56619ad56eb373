/* SPDX-License-Identifier: ISC */
/* units.c - see units.h */
#include "config/units.h"

#include <inttypes.h>

#include <mansio/str.h>

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

struct unit {
	struct ms_str name;
	int64_t       factor;
};

static const struct unit durations[] = {
	{ MS_STR("ms"), 1000 },
	{ MS_STR("s"), 1000000 },
	{ MS_STR("m"), INT64_C(60) * 1000000 },
	{ MS_STR("h"), INT64_C(3600) * 1000000 },
	{ MS_STR("d"), INT64_C(86400) * 1000000 },
	{ MS_STR("w"), INT64_C(604800) * 1000000 },
};

static const struct unit sizes[] = {
	{ MS_STR("B"), 1 },
	{ MS_STR("KiB"), INT64_C(1) << 10 },
	{ MS_STR("MiB"), INT64_C(1) << 20 },
	{ MS_STR("GiB"), INT64_C(1) << 30 },
	{ MS_STR("TiB"), INT64_C(1) << 40 },
};

/* What people write instead. */
static const struct {
	struct ms_str wrong;
	const char   *right;
} near_sizes[] = {
	{ MS_STR("K"), "KiB" }, { MS_STR("k"), "KiB" }, { MS_STR("KB"), "KiB" },
	{ MS_STR("kB"), "KiB" }, { MS_STR("kb"), "KiB" }, { MS_STR("kib"), "KiB" },
	{ MS_STR("M"), "MiB" }, { MS_STR("m"), "MiB" }, { MS_STR("MB"), "MiB" },
	{ MS_STR("mb"), "MiB" }, { MS_STR("mib"), "MiB" }, { MS_STR("G"), "GiB" },
	{ MS_STR("g"), "GiB" }, { MS_STR("GB"), "GiB" }, { MS_STR("gb"), "GiB" },
	{ MS_STR("gib"), "GiB" }, { MS_STR("T"), "TiB" }, { MS_STR("t"), "TiB" },
	{ MS_STR("TB"), "TiB" }, { MS_STR("tib"), "TiB" }, { MS_STR("b"), "B" },
};

/* Splits "50MiB" after its digits. */
static const char *
split(struct ms_str text, int64_t *number_out, struct ms_str *unit_out)
{
	uint64_t number;
	size_t n = 0;

	while (n < text.len && text.data[n] >= '0' && text.data[n] <= '9')
		n++;
	if (n == 0)
		return text.len > 0 && text.data[0] == '-' ? "must not be negative" :
		    "does not begin with a number";
	if (!ms_str_to_u64(ms_str_sub(text, 0, n), INT64_MAX, &number))
		return "is too large";
	if (n < text.len && (text.data[n] == '.' || text.data[n] == ','))
		return "has a fraction: write a whole number with a smaller unit";
	*number_out = (int64_t)number;
	*unit_out = ms_str_from(text, n);
	return NULL;
}

static const char *
scale(int64_t number, int64_t factor, int64_t *value_out)
{
	if (__builtin_mul_overflow(number, factor, value_out))
		return "is too large";
	return NULL;
}

static const char *
made_up(struct ms_buf *why)
{
	return ms_buf_ok(why) ? why->data : "is not valid";
}

const char *
units_duration(struct ms_str text, int64_t *us_out, struct ms_buf *why)
{
	struct ms_str unit;
	int64_t number;
	const char *wrong = split(text, &number, &unit);

	if (wrong != NULL)
		return wrong;
	for (size_t i = 0; i < N_ELEMENTS(durations); i++)
		if (ms_str_equal(unit, durations[i].name))
			return scale(number, durations[i].factor, us_out);
	if (unit.len == 0 && number == 0) {
		*us_out = 0;
		return NULL;
	}
	if (unit.len == 0)
		ms_buf_addf(why, "has no unit: write %" PRId64 "s for seconds "
		    "(units: ms s m h d w)", number);
	else
		ms_buf_addf(why, "has the unknown unit \"%.*s\" (units: ms s m h d w)",
		    (int)unit.len, unit.data);
	return made_up(why);
}

const char *
units_size(struct ms_str text, int64_t *octets_out, struct ms_buf *why)
{
	struct ms_str unit;
	int64_t number;
	const char *wrong = split(text, &number, &unit);

	if (wrong != NULL)
		return wrong;
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
		if (ms_str_equal(unit, sizes[i].name))
			return scale(number, sizes[i].factor, octets_out);
	if (unit.len == 0 && number == 0) {
		*octets_out = 0;
		return NULL;
	}
	if (unit.len == 0) {
		ms_buf_addf(why, "has no unit: write %" PRId64 "B for octets "
		    "(units: B KiB MiB GiB TiB)", number);
		return made_up(why);
	}
	for (size_t i = 0; i < N_ELEMENTS(near_sizes); i++)
		if (ms_str_equal(unit, near_sizes[i].wrong)) {
			ms_buf_addf(why, "has the unknown unit \"%.*s\": write %" PRId64
			    "%s (units: B KiB MiB GiB TiB)", (int)unit.len, unit.data,
			    number, near_sizes[i].right);
			return made_up(why);
		}
	ms_buf_addf(why, "has the unknown unit \"%.*s\" (units: B KiB MiB GiB TiB)",
	    (int)unit.len, unit.data);
	return made_up(why);
}

const char *
units_rate(struct ms_str text, int64_t *count_out, int64_t *span_us_out,
    struct ms_buf *why)
{
	size_t slash = ms_str_find_octet(text, '/');
	struct ms_str span;
	uint64_t count;

	if (slash == SIZE_MAX)
		return "is no rate: write COUNT/TIME as in 200/m (s m h d w)";
	if (!ms_str_to_u64(ms_str_sub(text, 0, slash), INT64_MAX, &count))
		return "is no rate: a whole number stands before the slash";
	span = ms_str_from(text, slash + 1);
	for (size_t i = 0; i < N_ELEMENTS(durations); i++)
		if (ms_str_equal(span, durations[i].name)) {
			*count_out = (int64_t)count;
			*span_us_out = durations[i].factor;
			return NULL;
		}
	if (units_duration(span, span_us_out, why) != NULL || *span_us_out <= 0)
		return "is no rate: a time stands after the slash, as in 200/m or 5/10m";
	*count_out = (int64_t)count;
	return NULL;
}

const char *
units_int(struct ms_str text, int64_t *value_out, struct ms_buf *why)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	struct ms_str unit;
	int64_t number;
	const char *wrong;

	if (negative)
		text = ms_str_from(text, 1);
	wrong = split(text, &number, &unit);
	if (wrong != NULL)
		return negative ? "is not a number" : wrong;
	if (unit.len > 0) {
		ms_buf_addf(why, "is a count and takes no unit: remove \"%.*s\"",
		    (int)unit.len, unit.data);
		return made_up(why);
	}
	*value_out = negative ? -number : number;
	return NULL;
}
