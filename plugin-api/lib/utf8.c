/* SPDX-License-Identifier: ISC */
/* utf8.c - see encode.h: RFC 3629; normal forms by libunistring */
#include <mansio/encode.h>
#include <mansio/str.h>

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "ascii.h"
#include "utf8_sequence.h"

/* Octets of ASCII at the front. */
static size_t
ascii_octets(struct ms_str s)
{
	size_t n = 0;

	while (s.len - n >= 8) {
		uint64_t eight;

		memcpy(&eight, s.data + n, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
		n += 8;
	}
	while (n < s.len && !ascii_is_high(s.data[n]))
		n++;
	return n;
}

/* Octets of well-formed UTF-8 at the front. */
static size_t
valid_octets(struct ms_str s)
{
	size_t n = 0;

	for (;;) {
		size_t more;

		n += ascii_octets(ms_str_from(s, n));
		if (n == s.len)
			return n;
		more = utf8_sequence(s.data + n, s.len - n);
		if (more == 0)
			return n;
		n += more;
	}
}

bool
ms_utf8_is_valid(struct ms_str s, bool nul_ok)
{
	if (!nul_ok && ms_str_find_octet(s, '\0') != SIZE_MAX)
		return false;
	return valid_octets(s) == s.len;
}

struct ms_str
ms_utf8_repair(struct ms_arena *a, struct ms_str s)
{
	size_t good = valid_octets(s), n = 0, bad = 0;
	struct ms_str rest;
	char *out;

	if (good == s.len)
		return ms_arena_str(a, s);
	for (rest = s; rest.len > 0; bad++) {
		rest = ms_str_from(rest, valid_octets(rest));
		if (rest.len == 0)
			break;
		rest = ms_str_from(rest, 1);
	}
	out = ms_arena_alloc(a, s.len + bad * 2 + 1);
	for (rest = s;; rest = ms_str_from(rest, 1)) {
		good = valid_octets(rest);
		if (good > 0)
			memcpy(out + n, rest.data, good);
		n += good;
		rest = ms_str_from(rest, good);
		if (rest.len == 0)
			return ms_str_of(out, n);
		memcpy(out + n, UTF8_REPLACEMENT, 3);
		n += 3;
	}
}

ms_status
ms_utf8_nfc(struct ms_arena *a, struct ms_str s, struct ms_str *out)
{
	uint8_t *normal;
	size_t len;

	if (ascii_octets(s) == s.len) {
		*out = ms_arena_str(a, s);
		return MS_OK;
	}
	if (valid_octets(s) != s.len)
		return MS_INVALID;
	normal = u8_normalize(UNINORM_NFC, (const uint8_t *)s.data, s.len, NULL, &len);
	if (normal == NULL)
		abort();	/* as an arena without memory does */
	*out = ms_arena_str(a, ms_str_of((const char *)normal, len));
	free(normal);
	return MS_OK;
}

struct ms_str
ms_utf8_fold(struct ms_arena *a, struct ms_str s)
{
	struct ms_str folded;
	uint8_t *normal;
	size_t len;

	if (ascii_octets(s) == s.len)
		return ms_arena_lower(a, s);
	s = ms_utf8_repair(a, s);
	normal = u8_casefold((const uint8_t *)s.data, s.len, NULL, UNINORM_NFKD,
	    NULL, &len);
	if (normal == NULL)
		abort();
	folded = ms_arena_str(a, ms_str_of((const char *)normal, len));
	free(normal);
	return folded;
}
