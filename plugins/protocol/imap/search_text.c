/* SPDX-License-Identifier: ISC */
/*
 * search_text.c - finding words in headers and bodies, see search.h
 *
 * Both sides are decoded to UTF-8 and folded; then it is a search of octets.
 * A part is decoded up to a limit: text that long is searched in its
 * beginning, so that memory stays bounded whatever was mailed.
 */
#include <mansio/encode.h>
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "search.h"

#define MAX_PART	(8 * 1024 * 1024)	/* decoded octets of one part */
#define STRETCH		(256 * 1024)

static bool
holds(struct ms_arena *text, struct ms_str hay, struct ms_str needle)
{
	return needle.len == 0 ||
	    ms_str_find(ms_utf8_fold(text, hay), needle) != SIZE_MAX;
}

static struct ms_str
readable(struct ms_arena *text, struct ms_str value)
{
	return ms_words_decode(text, ms_header_unfold(text, value));
}

static bool
find_in_fields(struct ms_arena *text, struct ms_str header,
    struct ms_str name, struct ms_str needle)
{
	struct ms_header_field field;

	while (ms_header_next(&header, &field)) {
		if (name.len > 0 && !ms_str_equal_ci(field.name, name))
			continue;
		/* RFC 3501 6.4.4: an empty string asks for the field. */
		if (needle.len == 0 ||
		    holds(text, readable(text, field.value), needle))
			return true;
		if (name.len == 0 && holds(text, field.name, needle))
			return true;
	}
	return false;
}

ms_status
search_in_header(struct message *m, struct ms_arena *text,
    struct ms_str name, struct ms_str needle, bool *hit,
    struct ms_error *err)
{
	struct ms_str header;
	ms_status st = message_read(m, 0, m->digest.header_octets,
	    MS_MAX_HEADER_OCTETS, &header, err);

	if (st == MS_OK)
		*hit = find_in_fields(text, header, name, needle);
	return st;
}

/* ---- bodies --------------------------------------------------------------------- */

static bool
is_text(const struct ms_mime_part *p)
{
	return ms_str_has_prefix(p->type.value, ms_str_c("text/"));
}

/* A part without its transfer encoding. */
static ms_status
decode(struct message *m, const struct ms_mime_part *p, struct ms_buf *out,
    struct ms_error *err)
{
	const struct ms_blob_api *blob = m->command->session->self->blob;
	struct ms_decoder decoder = { 0 };
	struct ms_str piece;

	for (uint64_t at = 0; at < p->body_octets && ms_buf_ok(out);
	    at += piece.len) {
		uint64_t left = p->body_octets - at;
		ms_status st = blob->view(&m->scope, m->body,
		    p->body_offset + at,
		    left < STRETCH ? (size_t)left : STRETCH, &piece, err);

		if (st != MS_OK)
			return st;
		if (piece.len == 0)
			break;
		ms_decode_piece(&decoder, p->cte, piece, out);
	}
	ms_decode_end(&decoder, p->cte, out);
	return MS_OK;
}

static bool
is_utf8(struct ms_str charset)
{
	return charset.len == 0 || ms_str_is_ci(charset, "utf-8") ||
	    ms_str_is_ci(charset, "us-ascii");
}

static bool
is_all_hit(const struct search *s)
{
	for (const struct key *k = s->texts; k != NULL; k = k->next_text)
		if (!k->hit)
			return false;
	return true;
}

static ms_status
look_in_part(struct search *s, struct message *m, struct ms_arena *text,
    const struct ms_mime_part *p, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf plain = MS_BUF_MAX(MAX_PART);
	MS_AUTO_BUF struct ms_buf utf8 = MS_BUF_MAX(2 * MAX_PART);
	struct ms_str charset = ms_params_get(&p->type, "charset"), folded;
	ms_status st = MS_OK;

	/* Most text is plain: then nothing is copied but to fold it. */
	if (p->cte == MS_CTE_7BIT || p->cte == MS_CTE_8BIT) {
		struct ms_str raw;

		st = message_read(m, p->body_offset, p->body_octets, MAX_PART,
		    &raw, err);
		if (st == MS_OK && is_utf8(charset)) {
			folded = ms_utf8_fold(text, raw);
			goto look;
		}
		if (st == MS_OK)
			ms_buf_add(&plain, raw);
	} else {
		st = decode(m, p, &plain, err);
	}
	if (st != MS_OK)
		return st;
	if (is_utf8(charset) || ms_charset_decode(&utf8, charset,
	    ms_buf_str(&plain)) == MS_UNSUPPORTED)
		folded = ms_utf8_fold(text, ms_buf_str(&plain));
	else
		folded = ms_utf8_fold(text, ms_buf_str(&utf8));
look:
	for (struct key *k = s->texts; k != NULL; k = k->next_text)
		if (!k->hit)
			k->hit = ms_str_find(folded, k->text) != SIZE_MAX;
	return MS_OK;
}

ms_status
search_in_body(struct search *s, struct message *m, struct ms_arena *text,
    struct ms_error *err)
{
	ms_status st = message_need_scan(m, err);

	for (struct key *k = s->texts; k != NULL; k = k->next_text)
		k->hit = k->text.len == 0;
	for (uint32_t i = 0; st == MS_OK && i < m->mime->n; i++) {
		const struct ms_mime_part *p = &m->mime->parts[i];

		if (is_all_hit(s))
			break;
		/* TEXT is of the message's own header; one inside belongs to
		   the body that holds it. */
		for (struct key *k = s->texts; k != NULL &&
		    p->header.data != NULL; k = k->next_text)
			if (!k->hit && (i > 0 || k->op == KEY_TEXT))
				k->hit = find_in_fields(text, p->header,
				    ms_str_of("", 0), k->text);
		if (!p->is_multipart && !p->is_message && is_text(p))
			st = look_in_part(s, m, text, p, err);
	}
	return st;
}
