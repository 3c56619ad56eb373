/* SPDX-License-Identifier: ISC */
/*
 * mutf7.c - see encode.h: IMAP's modified UTF-7, RFC 3501 5.1.3
 *
 * One name has one spelling here.  Refused are therefore a shift that encodes
 * what stands for itself, a shift right after a shift, bits left over that
 * are not zero or fill a whole character, and surrogates that do not pair.
 */
#include <mansio/encode.h>
#include <mansio/str.h>

#include "utf8_sequence.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* Stands for itself: printable US-ASCII; & does as "&-". */
static bool
is_direct(uint32_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* One unit of UTF-16; *high: the first half of a pair, or 0. */
static bool
add_unit(struct ms_buf *out, uint32_t unit, uint32_t *high)
{
	char utf8[4];
	uint32_t c = unit;

	if (*high != 0) {
		if (unit < 0xdc00 || unit > 0xdfff)
			return false;
		c = 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00);
		*high = 0;
	} else if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return true;
	} else if (unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff) || is_direct(unit)) {
		return false;
	}
	ms_buf_add(out, ms_str_of(utf8, utf8_put(utf8, c)));
	return true;
}

/* What stands between & and -. */
static bool
decode_shifted(struct ms_buf *out, struct ms_str text)
{
	uint32_t bits = 0, n_bits = 0, high = 0;

	for (size_t i = 0; i < text.len; i++) {
		int v = value_of(text.data[i]);

		if (v < 0)
			return false;
		bits = (bits << 6 | (uint32_t)v) & 0x3fffff;
		n_bits += 6;
		if (n_bits >= 16) {
			n_bits -= 16;
			if (!add_unit(out, bits >> n_bits & 0xffff, &high))
				return false;
		}
	}
	return high == 0 && n_bits < 6 && (bits & ((1u << n_bits) - 1)) == 0;
}

ms_status
ms_mutf7_decode(struct ms_buf *out, struct ms_str text)
{
	bool after_shift = false;
	size_t at = 0;

	while (at < text.len) {
		struct ms_str rest;
		size_t end;

		if (!is_direct((unsigned char)text.data[at]))
			return MS_INVALID;
		if (text.data[at] != '&') {
			ms_buf_add_octet(out, text.data[at++]);
			after_shift = false;
			continue;
		}
		rest = ms_str_from(text, at + 1);
		end = ms_str_find_octet(rest, '-');
		if (end == SIZE_MAX)
			return MS_INVALID;
		if (end == 0) {
			ms_buf_add_octet(out, '&');
			after_shift = false;
		} else {
			if (after_shift || !decode_shifted(out, ms_str_sub(rest, 0, end)))
				return MS_INVALID;
			after_shift = true;
		}
		at += end + 2;
	}
	return ms_buf_ok(out) ? MS_OK : MS_LIMIT;
}

struct shift {
	struct ms_buf *out;
	uint32_t bits, n_bits;
	bool     is_open;
};

static void
shift_unit(struct shift *s, uint32_t unit)
{
	if (!s->is_open)
		ms_buf_add_octet(s->out, '&');
	s->is_open = true;
	s->bits = (s->bits << 16 | unit) & 0x3fffff;
	for (s->n_bits += 16; s->n_bits >= 6; s->n_bits -= 6)
		ms_buf_add_octet(s->out, alphabet[s->bits >> (s->n_bits - 6) & 63]);
}

static void
shift_close(struct shift *s)
{
	if (!s->is_open)
		return;
	if (s->n_bits > 0)
		ms_buf_add_octet(s->out, alphabet[s->bits << (6 - s->n_bits) & 63]);
	ms_buf_add_octet(s->out, '-');
	s->is_open = false;
	s->n_bits = s->bits = 0;
}

ms_status
ms_mutf7_encode(struct ms_buf *out, struct ms_str utf8)
{
	struct shift s = { .out = out };
	size_t at = 0;

	while (at < utf8.len) {
		size_t n = utf8_sequence(utf8.data + at, utf8.len - at);
		uint32_t c;

		if (n == 0 || utf8.data[at] == '\0')
			return MS_INVALID;
		c = utf8_code_point(utf8.data + at, n);
		at += n;
		if (is_direct(c)) {
			shift_close(&s);
			ms_buf_add_octet(out, (char)c);
			if (c == '&')
				ms_buf_add_octet(out, '-');
		} else if (c < 0x10000) {
			shift_unit(&s, c);
		} else {
			shift_unit(&s, 0xd800 + ((c - 0x10000) >> 10));
			shift_unit(&s, 0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
	shift_close(&s);
	return ms_buf_ok(out) ? MS_OK : MS_LIMIT;
}
