/* SPDX-License-Identifier: ISC */
/* xtext.c - see encode.h: RFC 3461 4 */
#include <mansio/encode.h>

#include "ascii.h"

/* The digits ought to be capitals; small ones mean nothing else. */
ms_status
ms_xtext_decode(struct ms_buf *out, struct ms_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '+') {
			int high = i + 2 < text.len ? ascii_hex(text.data[i + 1]) : -1;
			int low = i + 2 < text.len ? ascii_hex(text.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return MS_INVALID;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c < '!' || c > '~' || c == '=') {
			return MS_INVALID;
		}
		ms_buf_add_octet(out, c);
	}
	return ms_buf_ok(out) ? MS_OK : MS_LIMIT;
}

void
ms_xtext_encode(struct ms_buf *out, struct ms_str octets)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < octets.len; i++) {
		unsigned char c = (unsigned char)octets.data[i];

		if (c >= '!' && c <= '~' && c != '+' && c != '=') {
			ms_buf_add_octet(out, (char)c);
		} else {
			char three[3] = { '+', hex[c >> 4], hex[c & 15] };

			ms_buf_add(out, ms_str_of(three, sizeof(three)));
		}
	}
}
