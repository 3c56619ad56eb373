/* SPDX-License-Identifier: ISC */
/*
 * str.h - looking at lent text: compare, find, cut, read numbers
 *
 * All functions are pure, [any].  ASCII rules everywhere: case folding
 * touches A-Z alone, as protocols want it.
 */
#ifndef MANSIO_STR_H
#define MANSIO_STR_H

#include <stdbool.h>
#include <string.h>

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a C string; NULL gives the empty one. */
static inline struct ms_str
ms_str_c(const char *s)
{
	return ms_str_of(s, s != NULL ? strlen(s) : 0);
}

static inline bool
ms_str_equal(struct ms_str a, struct ms_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Is it this literal?  ms_str_is(word, "NOOP") */
#define ms_str_is(s, literal) ms_str_equal((s), ms_str_of((literal), sizeof(literal) - 1))
#define ms_str_is_ci(s, literal) ms_str_equal_ci((s), ms_str_of((literal), sizeof(literal) - 1))

/* Without regard to the case of A-Z. */
bool ms_str_equal_ci(struct ms_str a, struct ms_str b);
/* <0, 0, >0 as memcmp orders, the shorter first. */
int ms_str_compare(struct ms_str a, struct ms_str b);
bool ms_str_has_prefix(struct ms_str s, struct ms_str prefix);
bool ms_str_has_prefix_ci(struct ms_str s, struct ms_str prefix);
bool ms_str_has_suffix(struct ms_str s, struct ms_str suffix);
/* Is the octet string inside?  Linear or near it, also for hostile input.
   Returns the offset or SIZE_MAX. */
size_t ms_str_find(struct ms_str s, struct ms_str needle);
/* Offset of the first such octet, or SIZE_MAX; the last. */
size_t ms_str_find_octet(struct ms_str s, char c);
size_t ms_str_find_last(struct ms_str s, char c);

/* From that octet to the end (empty past it); at most len from there. */
struct ms_str ms_str_from(struct ms_str s, size_t from);
struct ms_str ms_str_sub(struct ms_str s, size_t from, size_t len);
/* Without spaces, tabs, CR and LF at both ends. */
struct ms_str ms_str_trim(struct ms_str s);
/* Cuts the next word off *rest: up to the octet, which is dropped.  False
   when *rest is spent (data NULL).  "a,,b" has three words. */
bool ms_str_split(struct ms_str *rest, char octet, struct ms_str *word_out);

/* Decimal digits alone, no sign, at most `max`; false else. */
bool ms_str_to_u64(struct ms_str s, uint64_t max, uint64_t *value_out);

#ifdef __cplusplus
}
#endif
#endif
