/* SPDX-License-Identifier: ISC */
/* message.c - see message.h */
#include "message.h"

#include <mansio/error.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#define STRETCH	(1024 * 1024)	/* what blob->view() lends at most */

void
message_init(struct message *m, struct command *c,
    const struct ms_scope *page, const struct ms_row *row, uint32_t seq)
{
	*m = (struct message){ .command = c, .scope = *page, .row = row,
		.seq = seq };
}

void
message_done(struct message *m)
{
	if (m->body != NULL)
		m->command->session->self->blob->release(m->body);
	m->body = NULL;
}

ms_status
message_open_body(struct message *m, struct ms_error *err)
{
	struct session *s = m->command->session;

	if (m->body != NULL)
		return MS_OK;
	return s->self->mailbox->body(s->self->backend.self, &m->scope,
	    s->account, &s->selected.box, m->row->uid, &m->body, err);
}

ms_status
message_read(struct message *m, uint64_t offset, uint64_t octets,
    size_t limit, struct ms_str *out, struct ms_error *err)
{
	const struct ms_blob_api *blob = m->command->session->self->blob;
	ms_status st = message_open_body(m, err);
	size_t got = 0, n;
	char *copy;

	if (st != MS_OK)
		return st;
	if (octets > limit)
		octets = limit;
	if (octets <= STRETCH)
		return blob->view(&m->scope, m->body, offset, (size_t)octets,
		    out, err);
	copy = ms_arena_alloc(m->scope.arena, (size_t)octets);
	while (got < octets) {
		st = blob->read(&m->scope, m->body, offset + got, copy + got,
		    (size_t)octets - got, &n, err);
		if (st != MS_OK)
			return st;
		if (n == 0)
			break;
		got += n;
	}
	*out = ms_str_of(copy, got);
	return MS_OK;
}

ms_status
message_need_scan(struct message *m, struct ms_error *err)
{
	const struct ms_blob_api *blob = m->command->session->self->blob;
	ms_status st = message_open_body(m, err);
	struct ms_mime_scanner *scanner;
	struct ms_str piece;
	uint64_t at, octets;

	if (m->mime != NULL || st != MS_OK)
		return st;
	scanner = ms_mime_new(m->scope.arena);
	octets = blob->octets(m->body);
	for (at = 0; at < octets; at += piece.len) {
		st = blob->view(&m->scope, m->body, at,
		    octets - at < STRETCH ? (size_t)(octets - at) : STRETCH,
		    &piece, err);
		if (st != MS_OK)
			return st;
		if (piece.len == 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "a body ends before its length");
		ms_mime_feed(scanner, piece);
	}
	m->mime = ms_mime_end(scanner);
	return MS_OK;
}

ms_status
message_need_digest(struct message *m, struct ms_error *err)
{
	ms_status st;

	if (!m->looked_at_digest) {
		m->looked_at_digest = true;
		m->has_digest = m->row->digest.len > 0 &&
		    ms_digest_read(m->row->digest, &m->digest);
	}
	if (m->has_digest)
		return MS_OK;
	st = message_need_scan(m, err);
	if (st != MS_OK)
		return st;
	if (!ms_digest_read(ms_digest_make(m->scope.arena, m->mime),
	    &m->digest))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "a digest cannot be read");
	m->has_digest = true;
	return MS_OK;
}

ms_status
message_add_envelope(struct message *m, struct ms_buf *out,
    struct ms_error *err)
{
	ms_status st = message_need_digest(m, err);

	if (st != MS_OK)
		return st;
	if (m->digest.envelope.data != NULL) {
		ms_buf_add(out, m->digest.envelope);
		return MS_OK;
	}
	st = message_need_scan(m, err);
	if (st == MS_OK)
		ms_imap_envelope(m->scope.arena, m->mime->parts[0].header,
		    out);
	return st;
}

ms_status
message_add_structure(struct message *m, bool extensible, struct ms_buf *out,
    struct ms_error *err)
{
	ms_status st = message_need_digest(m, err);
	struct ms_str ready;

	if (st != MS_OK)
		return st;
	ready = extensible ? m->digest.body_structure : m->digest.body;
	if (ready.data != NULL) {
		ms_buf_add(out, ready);
		return MS_OK;
	}
	st = message_need_scan(m, err);
	if (st == MS_OK)
		ms_imap_body_structure(m->scope.arena, m->mime, extensible,
		    out);
	return st;
}

static struct ms_digest_part
part_of_scan(const struct ms_mime *mime, uint32_t index)
{
	const struct ms_mime_part *p = &mime->parts[index];
	struct ms_digest_part out = {
		.header_offset = p->header_offset,
		.header_octets = p->header_octets,
		.body_offset = p->body_offset, .body_octets = p->body_octets,
		.cte = p->cte, .is_message = p->is_message,
		.is_multipart = p->is_multipart,
		.is_text = ms_str_has_prefix(p->type.value,
		    ms_str_c("text/")),
	};

	if (p->is_message && p->first_child != MS_NO_PART) {
		const struct ms_mime_part *in = &mime->parts[p->first_child];

		out.inner_header_offset = in->header_offset;
		out.inner_header_octets = in->header_octets;
		out.inner_body_offset = in->body_offset;
		out.inner_body_octets = in->body_octets;
	}
	return out;
}

ms_status
message_find_part(struct message *m, const uint32_t *numbers, size_t n,
    struct ms_digest_part *out, struct ms_error *err)
{
	ms_status st = message_need_digest(m, err);
	uint32_t index = 0;

	if (st != MS_OK)
		return st;
	st = ms_digest_find(&m->digest, numbers, n, out);
	if (st != MS_UNSUPPORTED)
		return st;
	st = message_need_scan(m, err);
	if (st != MS_OK)
		return st;
	if (n > 0 && (index = ms_mime_find(m->mime, numbers, n)) == MS_NO_PART)
		return MS_NOTFOUND;
	*out = part_of_scan(m->mime, index);
	return MS_OK;
}
