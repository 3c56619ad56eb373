/* SPDX-License-Identifier: ISC */
/* base64.c - see encode.h: RFC 4648 4 */
#include <mansio/encode.h>
#include <mansio/str.h>

#include "base64_table.h"

const uint8_t base64_value[256] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  62, 255, 255, 255,  63,
	 52,  53,  54,  55,  56,  57,  58,  59,  60,  61, 255, 255, 255, 255, 255, 255,
	255,   0,   1,   2,   3,   4,   5,   6,   7,   8,   9,  10,  11,  12,  13,  14,
	 15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25, 255, 255, 255, 255, 255,
	255,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,  39,  40,
	 41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Four characters for one to three octets. */
static void
encode_group(char out[4], const unsigned char *in, size_t n)
{
	uint32_t bits = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0) |
	    (n > 2 ? in[2] : 0);

	out[0] = alphabet[bits >> 18];
	out[1] = alphabet[bits >> 12 & 63];
	out[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
	out[3] = n > 2 ? alphabet[bits & 63] : '=';
}

void
ms_base64_encode(struct ms_buf *out, struct ms_str octets, unsigned line)
{
	const unsigned char *in = (const unsigned char *)octets.data;
	size_t left = octets.len, groups = line / 4, in_line = 0;

	while (left > 0) {
		size_t n = left < 3 ? left : 3;
		char *room;

		if (groups > 0 && in_line == groups) {
			ms_buf_add(out, ms_str_of("\r\n", 2));
			in_line = 0;
		}
		room = ms_buf_room(out, 4);
		if (room == NULL)
			return;
		encode_group(room, in, n);
		ms_buf_grown(out, 4);
		in += n;
		left -= n;
		in_line++;
	}
}

ms_status
ms_base64_decode(struct ms_buf *out, struct ms_str text)
{
	size_t pad = 0, n;

	if (text.len % 4 != 0)
		return MS_INVALID;
	while (pad < 2 && pad < text.len && text.data[text.len - 1 - pad] == '=')
		pad++;
	n = text.len - pad;
	for (size_t i = 0; i < n; i += 4) {
		size_t have = n - i < 4 ? n - i : 4;
		char three[3];
		uint32_t bits = 0;

		for (size_t k = 0; k < 4; k++) {
			uint8_t v = k < have ?
			    base64_value[(unsigned char)text.data[i + k]] : 0;

			if (v == BASE64_NONE)
				return MS_INVALID;
			bits = bits << 6 | v;
		}
		/* RFC 4648 3.5: one octet string has one encoding. */
		if ((have == 2 && (bits & 0xffff) != 0) ||
		    (have == 3 && (bits & 0xff) != 0))
			return MS_INVALID;
		three[0] = (char)(bits >> 16);
		three[1] = (char)(bits >> 8);
		three[2] = (char)bits;
		ms_buf_add(out, ms_str_of(three, have - 1));
	}
	return ms_buf_ok(out) ? MS_OK : MS_LIMIT;
}
