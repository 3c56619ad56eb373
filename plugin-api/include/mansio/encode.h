/* SPDX-License-Identifier: ISC */
/*
 * encode.h - base64, quoted-printable, modified UTF-7, xtext, UTF-8, charsets
 *
 * Pure functions, [any].  Decoders say MS_INVALID for what is not in the
 * encoding, unless they are marked as lenient (mail in the wild).
 */
#ifndef MANSIO_ENCODE_H
#define MANSIO_ENCODE_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 4648 4, padded, on one line; line 76: broken by CRLF (RFC 2045 6.8),
   none after the last line. */
void ms_base64_encode(struct ms_buf *out, struct ms_str octets, unsigned line);
/* Strict: padding right, no stray octet, bits left over are zero. */
ms_status ms_base64_decode(struct ms_buf *out, struct ms_str text);

/* Decoding a body piece by piece, lenient: foreign octets are skipped (RFC
   2045 6.8), a broken end is cut.  One for base64 and quoted-printable. */
struct ms_decoder {
	uint32_t bits, n_bits;	/* base64: held back */
	uint32_t held;		/* quoted-printable: octets of `hold` in use */
	uint32_t damaged;	/* out: 1 if anything was skipped or cut */
	char     hold[80];	/* spaces and a soft break that may follow */
};
enum { MS_CTE_7BIT = 1, MS_CTE_8BIT, MS_CTE_BINARY, MS_CTE_BASE64,
       MS_CTE_QP, MS_CTE_UNKNOWN };	/* RFC 2045 6. */
/* No name is 7bit. */
uint32_t ms_cte_of(struct ms_str name);
void ms_decode_piece(struct ms_decoder *d, uint32_t cte, struct ms_str piece,
    struct ms_buf *out);
void ms_decode_end(struct ms_decoder *d, uint32_t cte, struct ms_buf *out);
/* RFC 2045 6.7, lines of at most 76. */
void ms_qp_encode(struct ms_buf *out, struct ms_str octets);

/* RFC 3501 5.1.3.  decode: MS_INVALID also for what encode would not have
   written, so that each name has one spelling. */
ms_status ms_mutf7_decode(struct ms_buf *out, struct ms_str text);
ms_status ms_mutf7_encode(struct ms_buf *out, struct ms_str utf8);

/* RFC 3461 4. */
ms_status ms_xtext_decode(struct ms_buf *out, struct ms_str text);
void ms_xtext_encode(struct ms_buf *out, struct ms_str octets);

/* RFC 3629: no surrogates, no overlong forms, no NUL unless nul_ok. */
bool ms_utf8_is_valid(struct ms_str s, bool nul_ok);
/* Bad octets become U+FFFD. */
struct ms_str ms_utf8_repair(struct ms_arena *a, struct ms_str s);
/* Unicode NFC; MS_INVALID if it is no UTF-8. */
ms_status ms_utf8_nfc(struct ms_arena *a, struct ms_str s,
    struct ms_str *out);
/* For searching: casefolded and decomposed (RFC 5051 in spirit). */
struct ms_str ms_utf8_fold(struct ms_arena *a, struct ms_str s);

/* To UTF-8.  Charsets of an allow list only, each by its MIME name and the
   usual aliases, each read as the superset that senders mean by it
   (ISO-8859-1 as Windows-1252, GB2312 as GB18030); unknown_8bit and unknown
   ones: MS_UNSUPPORTED.  Bad octets become U+FFFD.  Stops at out's maximum,
   after a whole character, which is no failure. */
ms_status ms_charset_decode(struct ms_buf *out, struct ms_str charset,
    struct ms_str octets);
bool ms_charset_is_known(struct ms_str charset);
/* Loads all converters, once: for a process that is about to lose the right
   to open files.  Without it a charset met for the first time afterwards is
   MS_UNSUPPORTED there. */
void ms_charset_prepare(void);

#ifdef __cplusplus
}
#endif
#endif
