/* SPDX-License-Identifier: ISC */
/*
 * decoder.c - see encode.h: bodies piece by piece, leniently
 *
 * Octets are decoded into a small block on the stack and go to the buffer
 * from there: a buffer is asked once for many octets.
 */
#include <mansio/encode.h>
#include <mansio/str.h>

#include <string.h>

#include "ascii.h"
#include "base64_table.h"

#define BLOCK 1024

struct sink {
	struct ms_buf *out;
	size_t n;
	char   block[BLOCK];
};

static void
sink_flush(struct sink *s)
{
	ms_buf_add(s->out, ms_str_of(s->block, s->n));
	s->n = 0;
}

static inline void
sink_put(struct sink *s, char c)
{
	if (s->n == BLOCK)
		sink_flush(s);
	s->block[s->n++] = c;
}

static void
sink_put_all(struct sink *s, const char *data, size_t n)
{
	if (n > BLOCK - s->n)
		sink_flush(s);
	if (n > BLOCK) {
		ms_buf_add(s->out, ms_str_of(data, n));
		return;
	}
	memcpy(s->block + s->n, data, n);
	s->n += n;
}

uint32_t
ms_cte_of(struct ms_str name)
{
	static const struct {
		struct ms_str name;
		uint32_t      cte;
	} known[] = {
		{ MS_STR("7bit"), MS_CTE_7BIT }, { MS_STR("8bit"), MS_CTE_8BIT },
		{ MS_STR("base64"), MS_CTE_BASE64 },
		{ MS_STR("quoted-printable"), MS_CTE_QP },
		{ MS_STR("binary"), MS_CTE_BINARY },
	};
	size_t n = 0;

	name = ms_str_trim(name);
	/* Comments and stray parameters are seen behind it. */
	while (n < name.len && (ascii_is_alnum(name.data[n]) || name.data[n] == '-'))
		n++;
	if (name.len == 0)
		return MS_CTE_7BIT;	/* RFC 2045 6.1: where there is no field */
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (ms_str_equal_ci(ms_str_of(name.data, n), known[i].name))
			return known[i].cte;
	return MS_CTE_UNKNOWN;
}

static void
base64_piece(struct ms_decoder *d, struct ms_str piece, struct sink *s)
{
	const unsigned char *p = (const unsigned char *)piece.data;
	const unsigned char *end = p + piece.len;

	while (p < end) {
		uint8_t v;

		/* Whole groups, which is nearly always. */
		while (d->n_bits == 0 && end - p >= 4) {
			uint32_t a = base64_value[p[0]], b = base64_value[p[1]];
			uint32_t c = base64_value[p[2]], e = base64_value[p[3]];
			uint32_t bits = a << 18 | b << 12 | c << 6 | e;

			if ((a | b | c | e) > 63)
				break;
			if (s->n > BLOCK - 3)
				sink_flush(s);
			s->block[s->n++] = (char)(bits >> 16);
			s->block[s->n++] = (char)(bits >> 8);
			s->block[s->n++] = (char)bits;
			p += 4;
		}
		if (p == end)
			break;
		v = base64_value[*p];
		if (v != BASE64_NONE) {
			d->bits = (d->bits << 6 | v) & 0xffff;
			d->n_bits += 6;
			if (d->n_bits >= 8) {
				d->n_bits -= 8;
				sink_put(s, (char)(d->bits >> d->n_bits));
			}
		} else if (*p == '=') {
			/* Padding ends a text; another may follow. */
			if (d->n_bits == 6)
				d->damaged = 1;
			d->n_bits = 0;
		} else if (!ascii_is_blank((char)*p)) {
			d->damaged = 1;
		}
		p++;
	}
}

/* Takes one octet while something is held.  True: it was used up. */
static bool
qp_held_octet(struct ms_decoder *d, char c, struct sink *s)
{
	bool is_escape = d->hold[0] == '=';
	char last = d->hold[d->held - 1];

	/* White space before a line's end is dropped, and a soft break whole:
	   RFC 2045 6.7, rules 3 and 5. */
	if (c == '\n') {
		if (!is_escape) {
			if (last == '\r')
				sink_put(s, '\r');
			sink_put(s, '\n');
		}
		d->held = 0;
		return true;
	}
	if (is_escape && d->held == 1 && ascii_hex(c) >= 0) {
		d->hold[d->held++] = c;
		return true;
	}
	if (is_escape && d->held == 2 && ascii_hex(last) >= 0) {
		int high = ascii_hex(last), low = ascii_hex(c);

		if (low >= 0) {
			sink_put(s, (char)(high << 4 | low));
			d->held = 0;
			return true;
		}
	} else if (last != '\r' && d->held < sizeof(d->hold) &&
	    (ascii_is_wsp(c) || c == '\r')) {
		d->hold[d->held++] = c;
		return true;
	}
	/* It was no line's end and no escape: it stands for itself. */
	if (is_escape)
		d->damaged = 1;
	sink_put_all(s, d->hold, d->held);
	d->held = 0;
	return false;
}

static void
qp_piece(struct ms_decoder *d, struct ms_str piece, struct sink *s)
{
	size_t at = 0;

	while (at < piece.len) {
		const char *p = piece.data + at;
		size_t left = piece.len - at, n = 0;

		if (d->held > 0) {
			at += qp_held_octet(d, *p, s);
			continue;
		}
		while (n < left && p[n] != '=' && !ascii_is_wsp(p[n]))
			n++;
		if (n > 0) {
			sink_put_all(s, p, n);
			at += n;
			continue;
		}
		if (*p == '=' && left >= 3 && ascii_hex(p[1]) >= 0 &&
		    ascii_hex(p[2]) >= 0) {
			sink_put(s, (char)(ascii_hex(p[1]) << 4 | ascii_hex(p[2])));
			at += 3;
			continue;
		}
		if (*p != '=' && left >= 2 && !ascii_is_blank(p[1])) {
			sink_put(s, *p);
			at++;
			continue;
		}
		d->hold[d->held++] = *p;
		at++;
	}
}

void
ms_decode_piece(struct ms_decoder *d, uint32_t cte, struct ms_str piece,
    struct ms_buf *out)
{
	struct sink s;

	if (piece.len == 0)
		return;
	if (cte != MS_CTE_BASE64 && cte != MS_CTE_QP) {
		ms_buf_add(out, piece);
		return;
	}
	s.out = out;
	s.n = 0;
	if (cte == MS_CTE_BASE64)
		base64_piece(d, piece, &s);
	else
		qp_piece(d, piece, &s);
	sink_flush(&s);
}

void
ms_decode_end(struct ms_decoder *d, uint32_t cte, struct ms_buf *out)
{
	if (cte == MS_CTE_BASE64 && d->n_bits == 6)
		d->damaged = 1;		/* six bits are no octet */
	if (cte == MS_CTE_QP && d->held > 0) {
		bool has_cr = d->hold[d->held - 1] == '\r';

		/* White space goes, a lone CR stays, a broken escape goes. */
		if (d->hold[0] == '=')
			d->damaged |= d->held == 2 && ascii_hex(d->hold[1]) >= 0;
		else if (has_cr)
			ms_buf_add_octet(out, '\r');
	}
	d->n_bits = d->bits = d->held = 0;
}
