/* SPDX-License-Identifier: ISC */
/*
 * digest_format.h - how a digest is laid out on disk (digest.h)
 *
 * Version 1:
 *	octet   version, 1
 *	octet   flags, DIGEST_...
 *	number  octets of the message, octets of its header
 *	number  Date: in seconds since 1970 (zigzag), its zone in minutes (zigzag)
 *	text    Message-ID, base subject, sort keys of From, To and Cc, display
 *	        keys of From and To, subject, preview, thread keys
 *	text    ENVELOPE, BODYSTRUCTURE, BODY: with DIGEST_HAS_IMAP
 *	text    part table: with DIGEST_HAS_PARTS
 * A number is in groups of seven bits, the lowest first, with the high bit
 * set where another follows (LEB128); a zigzag number is 2n, or -2n-1 if it
 * is negative.  A text is its length as a number and its octets.
 *
 * Thread keys are numbers of 64 bits, big-endian, each the SipHash-2-4 of a
 * message id under DIGEST_THREAD_KEY.  The id is as it stands between its
 * brackets, but without the quotes and backslashes of quoted strings, as RFC
 * 5256 2.2 (REFERENCES) compares them.
 *
 * The part table has the parts in the order of mime.h, each of them
 *	octet   the encoding (encode.h), DIGEST_PART_...
 *	octet   how many parts it stands in
 *	number  its offset, counted from where the part before it in the table
 *	        has its body; the message itself has 0
 *	number  octets of its header, octets of its body
 *
 * Private to libmansio.
 */
#ifndef LIB_DIGEST_FORMAT_H
#define LIB_DIGEST_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	DIGEST_HAS_ATTACHMENT = 1,
	DIGEST_HAS_IMAP       = 2,
	DIGEST_HAS_PARTS      = 4,
	DIGEST_FLAGS          = 7
};

enum {
	DIGEST_PART_CTE       = 7,	/* mask */
	DIGEST_PART_MESSAGE   = 8,
	DIGEST_PART_MULTIPART = 16,
	DIGEST_PART_TEXT      = 32
};

#define DIGEST_THREAD_KEY "mansio thread 1"	/* 16 octets with its NUL */

struct digest_reader {
	const unsigned char *at, *end;
	bool bad;
};

static inline uint8_t
digest_octet(struct digest_reader *r)
{
	if (r->at == r->end) {
		r->bad = true;
		return 0;
	}
	return *r->at++;
}

static inline uint64_t
digest_number(struct digest_reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t octet = digest_octet(r);

		if (shift == 63 && octet > 1)
			break;
		v |= (uint64_t)(octet & 127) << shift;
		if (octet < 128)
			return v;
	}
	r->bad = true;
	return 0;
}

static inline int64_t
digest_zigzag(struct digest_reader *r)
{
	uint64_t v = digest_number(r);

	return (v & 1) != 0 ? -(int64_t)(v >> 1) - 1 : (int64_t)(v >> 1);
}

#endif
