/* SPDX-License-Identifier: ISC */
/* digest_read.c - see digest.h: reading what digest_make.c wrote */
#include <mansio/digest.h>

#include <string.h>

#include <mansio/limits.h>
#include <mansio/str.h>

#include "digest_format.h"

#define SECOND_US	INT64_C(1000000)
#define MAX_ZONE	(100 * 60)	/* minutes; "+9959" is the most one can write */

static struct ms_str
read_text(struct digest_reader *r)
{
	uint64_t len = digest_number(r);
	struct ms_str s = { (const char *)r->at, 0 };

	if (len > (uint64_t)(r->end - r->at)) {
		r->bad = true;
		return s;
	}
	s.len = (size_t)len;
	r->at += len;
	return s;
}

bool
ms_digest_read(struct ms_str octets, struct ms_digest *out)
{
	const unsigned char *start = (const unsigned char *)octets.data;
	struct digest_reader r = { start, start + octets.len, false };
	uint8_t flags;
	int64_t sent, zone;

	if (octets.len > MS_MAX_DIGEST ||
	    digest_octet(&r) != MS_DIGEST_VERSION)
		return false;
	memset(out, 0, sizeof(*out));
	flags = digest_octet(&r);
	out->octets = digest_number(&r);
	out->header_octets = digest_number(&r);
	sent = digest_zigzag(&r);
	zone = digest_zigzag(&r);
	out->message_id = read_text(&r);
	out->base_subject = read_text(&r);
	out->sort_from = read_text(&r);
	out->sort_to = read_text(&r);
	out->sort_cc = read_text(&r);
	out->display_from = read_text(&r);
	out->display_to = read_text(&r);
	out->subject = read_text(&r);
	out->preview = read_text(&r);
	out->thread_keys = read_text(&r);
	if ((flags & DIGEST_HAS_IMAP) != 0) {
		out->envelope = read_text(&r);
		out->body_structure = read_text(&r);
		out->body = read_text(&r);
	}
	if ((flags & DIGEST_HAS_PARTS) != 0)
		out->parts = read_text(&r);
	if (r.bad || r.at != r.end || (flags & ~DIGEST_FLAGS) != 0 ||
	    out->header_octets > out->octets ||
	    out->thread_keys.len % 8 != 0 || sent > INT64_MAX / SECOND_US ||
	    sent < INT64_MIN / SECOND_US || zone > MAX_ZONE ||
	    zone < -MAX_ZONE)
		return false;
	out->sent_us = sent * SECOND_US;
	out->sent_zone = (int32_t)zone;
	out->has_attachment = (flags & DIGEST_HAS_ATTACHMENT) != 0;
	return true;
}

/* One line of the part table. */
struct entry {
	uint8_t  flags, depth;
	uint64_t header_offset, header_octets, body_offset, body_octets;
};

/* The entry after the one that is in *e.  False: no more, or, r->bad, one
   that cannot be. */
static bool
next_entry(struct digest_reader *r, uint64_t octets, struct entry *e)
{
	uint64_t gap;

	if (r->at == r->end)
		return false;
	e->flags = digest_octet(r);
	e->depth = digest_octet(r);
	gap = digest_number(r);
	e->header_octets = digest_number(r);
	e->body_octets = digest_number(r);
	/* body_offset is still that of the entry before. */
	if (r->bad || __builtin_add_overflow(e->body_offset, gap,
	    &e->header_offset) || __builtin_add_overflow(e->header_offset,
	    e->header_octets, &e->body_offset) || e->body_offset > octets ||
	    e->body_octets > octets - e->body_offset) {
		r->bad = true;
		return false;
	}
	return true;
}

/* From a multipart to its child of that number. */
static bool
find_child(struct digest_reader *r, uint64_t octets, uint32_t number,
    struct entry *e)
{
	unsigned depth = e->depth + 1u;

	while (next_entry(r, octets, e) && e->depth >= depth)
		if (e->depth == depth && --number == 0)
			return true;
	return false;
}

/* Follows the numbers as ms_mime_find() does. */
static bool
find(struct digest_reader *r, uint64_t octets, const uint32_t *numbers,
    size_t n, struct entry *e)
{
	if (!next_entry(r, octets, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (e->flags & DIGEST_PART_MESSAGE) != 0) {
			if (!next_entry(r, octets, e))
				return false;
		} else if (i > 0 && (e->flags & DIGEST_PART_MULTIPART) == 0) {
			return false;
		}
		if ((e->flags & DIGEST_PART_MULTIPART) == 0) {
			if (numbers[i] != 1)
				return false;
		} else if (numbers[i] == 0 ||
		    !find_child(r, octets, numbers[i], e)) {
			return false;
		}
	}
	return true;
}

ms_status
ms_digest_find(const struct ms_digest *d, const uint32_t *numbers, size_t n,
    struct ms_digest_part *part_out)
{
	const unsigned char *start = (const unsigned char *)d->parts.data;
	struct digest_reader r = { start, start, false };
	struct entry e = { .flags = 0 }, inner;
	struct ms_digest_part part = { .cte = 0 };

	if (start == NULL)
		return MS_UNSUPPORTED;
	r.end += d->parts.len;
	if (!find(&r, d->octets, numbers, n, &e))
		return r.bad ? MS_UNSUPPORTED : MS_NOTFOUND;
	part.header_offset = e.header_offset;
	part.header_octets = e.header_octets;
	part.body_offset = e.body_offset;
	part.body_octets = e.body_octets;
	part.cte = e.flags & DIGEST_PART_CTE;
	part.is_message = (e.flags & DIGEST_PART_MESSAGE) != 0;
	part.is_multipart = (e.flags & DIGEST_PART_MULTIPART) != 0;
	part.is_text = (e.flags & DIGEST_PART_TEXT) != 0;
	if (part.is_message) {
		inner = e;
		if (!next_entry(&r, d->octets, &inner))
			return MS_UNSUPPORTED;	/* damaged: there must be one */
		part.inner_header_offset = inner.header_offset;
		part.inner_header_octets = inner.header_octets;
		part.inner_body_offset = inner.body_offset;
		part.inner_body_octets = inner.body_octets;
	}
	*part_out = part;
	return MS_OK;
}

bool
ms_digest_thread_key(const struct ms_digest *d, uint32_t i, uint64_t *key_out)
{
	const unsigned char *at = (const unsigned char *)d->thread_keys.data;
	uint64_t key = 0;

	if (i >= d->thread_keys.len / 8)
		return false;
	at += (size_t)i * 8;
	for (unsigned j = 0; j < 8; j++)
		key = key << 8 | at[j];
	*key_out = key;
	return true;
}
