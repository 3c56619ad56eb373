/* SPDX-License-Identifier: ISC */
/* quoted.c - see encode.h: writing quoted-printable, RFC 2045 6.7 */
#include <mansio/encode.h>
#include <mansio/str.h>

#define QP_MAX_LINE 76

/* Is there a CRLF, or the end? */
static bool
is_line_end(struct ms_str s, size_t at)
{
	return at == s.len ||
	    (s.data[at] == '\r' && at + 1 < s.len && s.data[at + 1] == '\n');
}

void
ms_qp_encode(struct ms_buf *out, struct ms_str octets)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < octets.len; i++) {
		unsigned char c = (unsigned char)octets.data[i];
		bool is_last;
		size_t n;

		if (c == '\r' && is_line_end(octets, i)) {
			ms_buf_add(out, ms_str_of("\r\n", 2));
			column = 0;
			i++;
			continue;
		}
		is_last = is_line_end(octets, i + 1);
		/* Rules 1 to 3; besides, a dot or "From " at a line's start
		   would not survive some gateways. */
		n = (c > ' ' && c < 127 && c != '=') ||
		    ((c == ' ' || c == '\t') && !is_last) ? 1 : 3;
		if (column == 0 && (c == '.' || c == 'F'))
			n = 3;
		if (column + n > QP_MAX_LINE - (is_last ? 0 : 1)) {
			ms_buf_add(out, ms_str_of("=\r\n", 3));
			column = 0;
		}
		if (n == 1) {
			ms_buf_add_octet(out, (char)c);
		} else {
			char three[3] = { '=', hex[c >> 4], hex[c & 15] };

			ms_buf_add(out, ms_str_of(three, sizeof(three)));
		}
		column += n;
	}
}
