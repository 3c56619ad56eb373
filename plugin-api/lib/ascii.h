/* SPDX-License-Identifier: ISC */
/*
 * ascii.h - what kind of octet is this: the classes that mail's grammars use
 *
 * Private to libmansio.  Octets above 126 belong to none of them.
 */
#ifndef LIB_ASCII_H
#define LIB_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_alpha(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

static inline bool
ascii_is_alnum(char c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c);
}

static inline bool
ascii_is_high(char c)
{
	return (unsigned char)c >= 128;
}

static inline bool
ascii_has_high(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_is_high(s[i]))
			return true;
	return false;
}

/* Space or tab: RFC 5234's WSP. */
static inline bool
ascii_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* WSP and what folding leaves in a raw value. */
static inline bool
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 5322 3.2.3. */
static inline bool
ascii_is_atext(char c)
{
	/* Octets 32..126: one bit each, in two words of 64. */
	static const uint64_t bits[2] = {
		UINT64_C(0xa3ffacfa00000000),	/* !#$%&'*+-/ 0-9 =? */
		UINT64_C(0x7fffffffc7fffffe),	/* A-Z ^_` a-z {|}~ */
	};
	unsigned char u = (unsigned char)c;

	return u < 128 && (bits[u >> 6] >> (u & 63) & 1) != 0;
}

/* -1: no hexadecimal digit. */
static inline int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
