/* SPDX-License-Identifier: ISC */
/*
 * units.h - durations, sizes and rates as they are written in a config
 *
 * "30s" (ms s m h d w), "50MiB" (B KiB MiB GiB TiB), "200/m" (any duration
 * after the slash, its 1 left out).  A unit is always written, except after
 * 0.  One number, no fractions: 90m, not 1.5h.
 */
#ifndef CORE_CONFIG_UNITS_H
#define CORE_CONFIG_UNITS_H

#include <stdbool.h>

#include <mansio/buf.h>

/* All return NULL on success, else what is wrong, as the end of a sentence
   that begins with the value: "has no unit: write 30s ...".  `why` is used
   for texts that are made up on the spot. */
const char *units_duration(struct ms_str text, int64_t *us_out, struct ms_buf *why);
const char *units_size(struct ms_str text, int64_t *octets_out, struct ms_buf *why);
const char *units_rate(struct ms_str text, int64_t *count_out, int64_t *span_us_out,
    struct ms_buf *why);
/* A count, perhaps negative, no unit. */
const char *units_int(struct ms_str text, int64_t *value_out, struct ms_buf *why);

#endif
