/* SPDX-License-Identifier: ISC */
/* units.c - numbers as a config spells them: "50MiB", "30s", "200/m", "yes" */
#include "internal.h"

struct unit {
	const char *name;
	int64_t     factor;
};

static const struct unit durations[] = {
	{ "ms", 1000 }, { "s", 1000000 }, { "m", INT64_C(60000000) },
	{ "h", INT64_C(3600000000) }, { "d", INT64_C(86400000000) },
	{ "w", INT64_C(604800000000) }, { NULL, 0 },
};

static const struct unit sizes[] = {
	{ "B", 1 }, { "KiB", INT64_C(1) << 10 }, { "MiB", INT64_C(1) << 20 },
	{ "GiB", INT64_C(1) << 30 }, { "TiB", INT64_C(1) << 40 }, { NULL, 0 },
};

static const char *
parse_with(const struct unit *units, struct ms_str text, int64_t *out)
{
	struct ms_str unit;
	uint64_t number;
	size_t n = 0;

	while (n < text.len && text.data[n] >= '0' && text.data[n] <= '9')
		n++;
	if (!ms_str_to_u64(ms_str_sub(text, 0, n), INT64_MAX, &number))
		return "does not begin with a number that fits";
	unit = ms_str_from(text, n);
	if (unit.len == 0 && number == 0) {
		*out = 0;
		return NULL;
	}
	for (const struct unit *u = units; u->name != NULL; u++)
		if (ms_str_equal(unit, ms_str_c(u->name)))
			return __builtin_mul_overflow((int64_t)number, u->factor, out) ?
			    "is too large" : NULL;
	return "has no unit, or an unknown one";
}

static const char *
parse_rate(struct ms_str text, int64_t *count_out, int64_t *span_out)
{
	size_t slash = ms_str_find_octet(text, '/');
	struct ms_str span;
	uint64_t count;

	if (slash == SIZE_MAX ||
	    !ms_str_to_u64(ms_str_sub(text, 0, slash), INT64_MAX, &count))
		return "is no rate: write it as 200/m or 5/10m";
	*count_out = (int64_t)count;
	span = ms_str_from(text, slash + 1);
	for (const struct unit *u = durations; u->name != NULL; u++)
		if (ms_str_equal(span, ms_str_c(u->name))) {
			*span_out = u->factor;
			return NULL;
		}
	if (parse_with(durations, span, span_out) != NULL || *span_out <= 0)
		return "is no rate: a time stands after the slash";
	return NULL;
}

static const char *
parse_int(struct ms_str text, int64_t *out)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	uint64_t number;

	if (!ms_str_to_u64(ms_str_from(text, negative), INT64_MAX, &number))
		return "is no whole number";
	*out = negative ? -(int64_t)number : (int64_t)number;
	return NULL;
}

const char *
units_parse(uint32_t type, struct ms_str text, int64_t *number_out,
    int64_t *span_out)
{
	*span_out = 0;
	switch (type) {
	case MS_OPT_BOOL:
		*number_out = ms_str_is(text, "yes");
		return ms_str_is(text, "yes") || ms_str_is(text, "no") ? NULL :
		    "is neither yes nor no";
	case MS_OPT_SIZE:
		return parse_with(sizes, text, number_out);
	case MS_OPT_DURATION:
		return parse_with(durations, text, number_out);
	case MS_OPT_RATE:
		return parse_rate(text, number_out, span_out);
	default:
		return parse_int(text, number_out);
	}
}
