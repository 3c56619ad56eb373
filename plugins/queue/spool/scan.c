/* SPDX-License-Identifier: ISC */
/* scan.c - see scan.h */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>

#include "io.h"

#define PIECE		(256u * 1024)
/* A damaged head hides its length.  The next one lies within the largest
   record that is written in one piece: bodies beyond 4 MiB have their own
   file.  So a search need not go further. */
#define SEARCH_OCTETS	(8u * 1024 * 1024)

void
scan_init(struct scan *s, int fd, uint64_t generation,
    const uint8_t key[JOURNAL_KEY_OCTETS], uint64_t at, uint64_t end,
    bool ended, bool deep)
{
	*s = (struct scan){ .fd = fd, .generation = generation, .at = at,
		.end = end, .ended = ended, .deep = deep };
	memcpy(s->key, key, JOURNAL_KEY_OCTETS);
	if (s->at < JOURNAL_HEAD_OCTETS)
		s->at = JOURNAL_HEAD_OCTETS;
}

void
scan_fini(struct scan *s)
{
	free(s->buffer);
	s->buffer = NULL;
}

static ms_status
need(struct scan *s, size_t octets, struct ms_error *err)
{
	char *p;

	if (octets <= s->capacity)
		return MS_OK;
	p = realloc(s->buffer, octets);
	if (p == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	s->buffer = p;
	s->capacity = octets;
	return MS_OK;
}

static ms_status
read_head(struct scan *s, uint64_t at, struct journal_record *out,
    struct ms_error *err)
{
	char octets[JOURNAL_RECORD_HEAD];
	size_t n;
	ms_status st;

	if (at > s->end || s->end - at < sizeof(octets))
		return MS_NOTFOUND;
	st = io_read(s->fd, octets, sizeof(octets), at, &n, err);
	if (st != MS_OK)
		return st;
	if (!journal_record_decode(ms_str_of(octets, n), s->generation, at,
	    s->key, out) || journal_record_octets(out) > s->end - at)
		return MS_NOTFOUND;
	return MS_OK;
}

static ms_status
body_holds(struct scan *s, uint64_t at, uint64_t octets, uint32_t crc,
    bool *holds_out, struct ms_error *err)
{
	uint32_t sum = 0;
	ms_status st = need(s, PIECE, err);

	while (st == MS_OK && octets > 0) {
		size_t n, want = octets < PIECE ? (size_t)octets : PIECE;

		st = io_read(s->fd, s->buffer, want, at, &n, err);
		if (st != MS_OK)
			return st;
		if (n < want)
			break;
		sum = ms_crc32c(sum, s->buffer, n);
		at += n;
		octets -= n;
	}
	*holds_out = octets == 0 && sum == crc;
	return st;
}

/* Is there, from `from` on, a record that may follow what is damaged at
   s->at?  In an ended segment any one; else one that was written when the
   damaged one was on stable storage already. */
static ms_status
find_proof(struct scan *s, uint64_t from, uint64_t *at_out, struct ms_error *err)
{
	uint64_t stop = s->end;
	struct journal_record r;
	ms_status st = need(s, PIECE, err);

	if (from > s->end)
		return MS_NOTFOUND;
	if (s->end - from > SEARCH_OCTETS)
		stop = from + SEARCH_OCTETS;

	while (st == MS_OK && from + JOURNAL_RECORD_HEAD <= stop) {
		uint64_t left = s->end - from;
		size_t n, i;

		st = io_read(s->fd, s->buffer, left < PIECE ? (size_t)left : PIECE,
		    from, &n, err);
		if (st != MS_OK)
			return st;
		for (i = 0; i + JOURNAL_RECORD_HEAD <= n; i += 8) {
			if (!journal_record_decode(ms_str_of(s->buffer + i, n - i),
			    s->generation, from + i, s->key, &r))
				continue;
			if (journal_record_octets(&r) <= s->end - (from + i) &&
			    (s->ended || r.mark > s->at)) {
				*at_out = from + i;
				return MS_OK;
			}
		}
		if (i == 0)
			break;
		from += i;
	}
	return st == MS_OK ? MS_NOTFOUND : st;
}

/* The record at s->at is invalid; `past` is where it would end if its head
   is right, else the next place where a head can be. */
static ms_status
step_over(struct scan *s, uint64_t past, struct ms_error *err)
{
	uint64_t next;
	ms_status st;

	if (past >= s->end) {
		/* Below a committed end something was written once. */
		if (s->ended && s->at < s->end) {
			s->damaged++;
			s->at = s->end;
		}
		return MS_NOTFOUND;
	}
	st = find_proof(s, past, &next, err);
	if (st == MS_OK) {
		s->damaged++;
		s->at = next;
	} else if (st == MS_NOTFOUND && s->ended) {
		s->damaged++;
		s->at = s->end;
	}
	return st;
}

ms_status
scan_next(struct scan *s, struct scanned *out, struct ms_error *err)
{
	for (;;) {
		struct journal_record r;
		uint64_t body_at, octets, next;
		bool holds = true;
		ms_status st;
		size_t n;

		if (s->at >= s->end)
			return MS_NOTFOUND;
		st = read_head(s, s->at, &r, err);
		if (st == MS_NOTFOUND) {
			if ((st = step_over(s, s->at + 8, err)) != MS_OK)
				return st;
			continue;
		}
		if (st != MS_OK)
			return st;
		octets = journal_record_octets(&r);
		body_at = s->at + JOURNAL_RECORD_HEAD + r.envelope_octets;
		if (s->deep && !(r.flags & JOURNAL_OWN_FILE)) {
			st = body_holds(s, body_at, r.body_octets, r.body_crc, &holds,
			    err);
			if (st != MS_OK)
				return st;
		}
		/* The end of what a dead writer wrote, unless proved otherwise: then
		   its envelope may still be good. */
		if (!holds && !s->ended) {
			st = find_proof(s, s->at + octets, &next, err);
			if (st != MS_OK)
				return st;
		}
		if ((st = need(s, r.envelope_octets, err)) != MS_OK)
			return st;
		st = io_read(s->fd, s->buffer, r.envelope_octets,
		    s->at + JOURNAL_RECORD_HEAD, &n, err);
		if (st != MS_OK)
			return st;
		if (n < r.envelope_octets ||
		    ms_crc32c(0, s->buffer, n) != r.envelope_crc) {
			if ((st = step_over(s, s->at + octets, err)) != MS_OK)
				return st;
			continue;
		}
		if (!holds)
			s->damaged++;
		*out = (struct scanned){ .head = r, .offset = s->at,
			.octets = octets, .bad_body = !holds,
			.envelope = ms_str_of(s->buffer, n) };
		s->at += octets;
		return MS_OK;
	}
}
