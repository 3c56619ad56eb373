/* SPDX-License-Identifier: ISC */
/*
 * utf8_sequence.h - one sequence of UTF-8 (RFC 3629 4), looked at in place
 *
 * Private to libmansio.
 */
#ifndef LIB_UTF8_SEQUENCE_H
#define LIB_UTF8_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

/* Octets of the well-formed sequence at p, of which n > 0 may be read; 0: it
   is not one. */
static inline size_t
utf8_sequence(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return 0;
	if (u[0] == 0xe0)		/* overlong */
		low = 0xa0;
	else if (u[0] == 0xed)		/* surrogates */
		high = 0x9f;
	else if (u[0] == 0xf0)		/* overlong */
		low = 0x90;
	else if (u[0] == 0xf4)		/* past U+10FFFF */
		high = 0x8f;
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* The code point of a well-formed sequence of that length. */
static inline uint32_t
utf8_code_point(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	uint32_t c = len == 1 ? u[0] : (uint32_t)u[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (u[i] & 0x3fu);
	return c;
}

/* Writes c, which is no surrogate and at most U+10FFFF; returns 1 to 4. */
static inline size_t
utf8_put(char out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

#endif
