/* SPDX-License-Identifier: ISC */
/* str.c - see str.h */
#include <mansio/str.h>

#include "ascii.h"

bool
ms_str_equal_ci(struct ms_str a, struct ms_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.data[i] != b.data[i] &&
		    ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	return true;
}

int
ms_str_compare(struct ms_str a, struct ms_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = n > 0 ? memcmp(a.data, b.data, n) : 0;

	if (d != 0)
		return d;
	return (a.len > b.len) - (a.len < b.len);
}

bool
ms_str_has_prefix(struct ms_str s, struct ms_str prefix)
{
	return s.len >= prefix.len &&
	    ms_str_equal(ms_str_of(s.data, prefix.len), prefix);
}

bool
ms_str_has_prefix_ci(struct ms_str s, struct ms_str prefix)
{
	return s.len >= prefix.len &&
	    ms_str_equal_ci(ms_str_of(s.data, prefix.len), prefix);
}

bool
ms_str_has_suffix(struct ms_str s, struct ms_str suffix)
{
	return s.len >= suffix.len &&
	    ms_str_equal(ms_str_from(s, s.len - suffix.len), suffix);
}

size_t
ms_str_find(struct ms_str s, struct ms_str needle)
{
	const char *p;

	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return SIZE_MAX;
	/* The C library's is the two-way algorithm: linear at worst. */
	p = memmem(s.data, s.len, needle.data, needle.len);
	return p != NULL ? (size_t)(p - s.data) : SIZE_MAX;
}

size_t
ms_str_find_octet(struct ms_str s, char c)
{
	const char *p = s.len > 0 ? memchr(s.data, c, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.data) : SIZE_MAX;
}

size_t
ms_str_find_last(struct ms_str s, char c)
{
	const char *p = s.len > 0 ? memrchr(s.data, c, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.data) : SIZE_MAX;
}

struct ms_str
ms_str_from(struct ms_str s, size_t from)
{
	if (from == 0)
		return s;
	if (from > s.len)
		from = s.len;
	if (s.data == NULL)
		return s;
	return ms_str_of(s.data + from, s.len - from);
}

struct ms_str
ms_str_sub(struct ms_str s, size_t from, size_t len)
{
	s = ms_str_from(s, from);
	if (s.len > len)
		s.len = len;
	return s;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ms_str
ms_str_trim(struct ms_str s)
{
	while (s.len > 0 && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool
ms_str_split(struct ms_str *rest, char octet, struct ms_str *word_out)
{
	size_t at;

	if (rest->data == NULL)
		return false;
	at = ms_str_find_octet(*rest, octet);
	if (at == SIZE_MAX) {
		*word_out = *rest;
		*rest = ms_str_of(NULL, 0);
		return true;
	}
	*word_out = ms_str_of(rest->data, at);
	*rest = ms_str_from(*rest, at + 1);
	return true;
}

bool
ms_str_to_u64(struct ms_str s, uint64_t max, uint64_t *value_out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.data[i] - '0';

		if (digit > 9 || v > max / 10)
			return false;
		v *= 10;
		if (digit > max - v)
			return false;
		v += digit;
	}
	*value_out = v;
	return true;
}
