/* SPDX-License-Identifier: ISC */
/*
 * query.h - a search, as mailbox and index understand it
 *
 * An IMAP SEARCH or JMAP filter as an array of terms in postfix order: no
 * pointers between terms, no recursion, bounded.  Who is asked may know part
 * of the answer: it returns which messages match for sure and which may; the
 * caller tests the rest by reading them.  A term that it cannot decide
 * makes "may" of what it touches.
 */
#ifndef MANSIO_QUERY_H
#define MANSIO_QUERY_H

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* UIDs first..last, both included.  Closed.  Arrays of them ascend, do not
   overlap, do not touch: 100,000 messages without gaps are one range. */
struct ms_uid_range {
	uint32_t first, last;
};

struct ms_uids {
	const struct ms_uid_range *ranges;
	size_t                     n;
};

enum {
	MS_TERM_AND = 1, MS_TERM_OR, MS_TERM_NOT,	/* take `arity` terms before */
	MS_TERM_UIDS,
	MS_TERM_FLAGS,		/* number: all these MS_FLAG_... */
	MS_TERM_KEYWORD,	/* text */
	MS_TERM_LARGER, MS_TERM_SMALLER,	/* number: octets */
	MS_TERM_MODSEQ,		/* number: at least, RFC 7162 3.1.5 */
	MS_TERM_ARRIVED_FROM, MS_TERM_ARRIVED_BEFORE,	/* number: time in us */
	MS_TERM_SENT_FROM, MS_TERM_SENT_BEFORE,		/* Date:, RFC 9051 6.4.4 */
	MS_TERM_SAVED_FROM, MS_TERM_SAVED_BEFORE,	/* RFC 8514 */
	MS_TERM_EMAIL_ID, MS_TERM_THREAD_ID,		/* text: 16 octets, RFC 8474 */
	MS_TERM_HEADER,		/* name, text; text "": the field is there */
	MS_TERM_BODY, MS_TERM_TEXT,
	MS_TERM_FUZZY		/* RFC 6203: the one term before, by likeness */
};

/* Closed.  Text is UTF-8, casefolded and normalised (RFC 5051). */
struct ms_term {
	uint32_t       op;
	uint32_t       arity;
	uint64_t       number;
	struct ms_str  name;
	struct ms_str  text;
	struct ms_uids uids;
};

struct ms_found {
	uint32_t        size;
	uint32_t        flags;		/* 0 */
	struct ms_uids  sure;
	struct ms_uids  maybe;
	const uint16_t *scores;		/* RFC 6203: for `sure` in order; or NULL */
	uint64_t        modseq;		/* the mailbox's when it was looked at */
};

#ifdef __cplusplus
}
#endif
#endif
