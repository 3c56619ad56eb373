/* SPDX-License-Identifier: ISC */
/*
 * digest_make.c - see digest.h and digest_format.h: writing a digest
 *
 * Each text has a limit, so that what is always in a digest stays far below
 * MS_MAX_DIGEST; a longer one is cut at a whole character.
 */
#include <mansio/digest.h>

#include <string.h>

#include <mansio/date.h>
#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/pack.h>
#include <mansio/str.h>

#include "digest_format.h"
#include "mime_internal.h"

#define MAX_SUBJECT	4096
#define MAX_BASE	1024	/* of a base subject */
#define MAX_SORT	320	/* of a sort key: RFC 5321's longest mailbox */
#define MAX_ID		MS_MAX_TEXT_LINE
#define MAX_KEYS	100	/* of a thread, the message's own included */
#define SECOND_US	INT64_C(1000000)

_Static_assert(sizeof(DIGEST_THREAD_KEY) == 16, "SipHash's key");
_Static_assert(MAX_SUBJECT + MAX_BASE + 5 * MAX_SORT + MAX_ID + 4 * 200 +
    8 * MAX_KEYS + 200 < MS_MAX_DIGEST, "what is always in it fits");

static void
add_number(struct ms_buf *b, uint64_t v)
{
	for (; v >= 128; v >>= 7)
		ms_buf_add_octet(b, (char)(v | 128));
	ms_buf_add_octet(b, (char)v);
}

static void
add_zigzag(struct ms_buf *b, int64_t v)
{
	add_number(b, v < 0 ? ((uint64_t)-(v + 1) << 1) | 1 : (uint64_t)v << 1);
}

static void
add_text(struct ms_buf *b, struct ms_str s)
{
	add_number(b, s.len);
	ms_buf_add(b, s);
}

/* Valid UTF-8 of at most that many octets. */
static struct ms_str
fit(struct ms_str s, size_t max)
{
	if (s.len <= max)
		return s;
	for (s.len = max; s.len > 0 &&
	    ((unsigned char)s.data[s.len] & 0xc0) == 0x80; s.len--)
		;
	return s;
}

static struct ms_str
decoded(struct ms_arena *a, struct ms_str text)
{
	return ms_utf8_repair(a, ms_words_decode(a, text));
}

/* RFC 5256 3: addr-mailbox of the first address as ENVELOPE shows it: for a
   group it is the group's name. */
static struct ms_str
mailbox_of_first(const struct mime_addresses *list)
{
	struct ms_str s = ms_str_of("", 0);

	if (list->n > 0)
		s = list->list[0].kind == MS_ADDRESS_GROUP ?
		    list->list[0].name : list->list[0].local;
	return s.data != NULL ? s : ms_str_of("", 0);
}

static struct ms_str
sort_key(struct ms_arena *a, const struct mime_addresses *list)
{
	return fit(ms_utf8_fold(a, mailbox_of_first(list)), MAX_SORT);
}

/* RFC 5957 3. */
static struct ms_str
display_key(struct ms_arena *a, const struct mime_addresses *list)
{
	const struct ms_address *first = list->list;
	struct ms_str s = { "", 0 };

	if (list->n == 0)
		return s;
	if (first->kind == MS_ADDRESS_MAILBOX && first->name.len > 0)
		s = decoded(a, first->name);
	if (s.len == 0) {
		s = mailbox_of_first(list);
		if (first->kind == MS_ADDRESS_MAILBOX &&
		    first->domain.len > 0)
			s = ms_arena_printf(a, "%.*s@%.*s", (int)s.len, s.data,
			    (int)first->domain.len, first->domain.data);
	}
	return fit(ms_utf8_fold(a, s), MAX_SORT);
}

static uint64_t
thread_key(struct ms_str id)
{
	char plain[MS_MAX_TEXT_LINE];
	bool is_quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < id.len && n < sizeof(plain); i++) {
		if (id.data[i] == '"')
			is_quoted = !is_quoted;
		else if (id.data[i] != '\\' || !is_quoted)
			plain[n++] = id.data[i];
		else if (i + 1 < id.len)
			plain[n++] = id.data[++i];
	}
	return ms_siphash((const uint8_t *)DIGEST_THREAD_KEY, plain, n);
}

/* The message's own id, or 0; then the ids of References, or, RFC 5256 2.2,
   if it has none the first one of In-Reply-To.  Of too many the first and the
   last ones: the thread's beginning and the nearest. */
static void
add_thread_keys(struct ms_buf *b, struct ms_str own,
    const struct mime_envelope *e)
{
	MS_AUTO_BUF struct ms_buf keys = MS_BUF_MAX(8 * MAX_KEYS);
	struct ms_str rest = e->references, id;
	size_t n = 0, i = 0;

	ms_pack_u64(&keys, own.len > 0 ? thread_key(own) : 0);
	while (rest.data != NULL && ms_message_id_next(&rest, &id))
		n++;
	rest = e->references;
	while (n > 0 && ms_message_id_next(&rest, &id)) {
		if (i == 0 || n - i < MAX_KEYS - 1)
			ms_pack_u64(&keys, thread_key(id));
		i++;
	}
	rest = e->in_reply_to;
	if (n == 0 && rest.data != NULL && ms_message_id_next(&rest, &id))
		ms_pack_u64(&keys, thread_key(id));
	add_text(b, ms_buf_str(&keys));
}

/* Signatures are for programs, not to be saved. */
static bool
is_signature(struct ms_str type)
{
	return ms_str_is(type, "application/pgp-signature") ||
	    ms_str_is(type, "application/pkcs7-signature") ||
	    ms_str_is(type, "application/x-pkcs7-signature");
}

/* RFC 8621 4.1.4, attachments and hasAttachment: not inline, and not what is
   shown as the message's text or within it. */
static bool
is_attachment(const struct ms_mime *m, const struct ms_mime_part *part)
{
	const struct ms_mime_part *parent = part->parent != MS_NO_PART ?
	    &m->parts[part->parent] : NULL;
	struct ms_str type = part->type.value;
	bool is_first = part->number == 1, is_related, has_name, is_media;

	if (part->is_multipart || ms_str_is(part->disposition.value, "inline") ||
	    is_signature(type))
		return false;
	if (ms_str_is(part->disposition.value, "attachment"))
		return true;
	is_related = parent != NULL &&
	    ms_str_is(parent->type.value, "multipart/related");
	if (is_related && !is_first && part->content_id.data != NULL)
		return false;	/* embedded */
	has_name = ms_params_get(&part->disposition, "filename").data != NULL ||
	    ms_params_get(&part->type, "name").data != NULL;
	is_media = mime_type_is(part, "image/") ||
	    mime_type_is(part, "audio/") || mime_type_is(part, "video/");
	if (is_media)
		return has_name;	/* else it is shown in place */
	if (ms_str_is(type, "text/plain") || ms_str_is(type, "text/html"))
		return has_name && !is_first;
	return true;
}

static bool
has_attachment(const struct ms_mime *m)
{
	uint32_t at = 0;

	/* Over the parts in order, but not into the messages inside. */
	while (at < m->n) {
		const struct ms_mime_part *part = &m->parts[at];

		if (is_attachment(m, part))
			return true;
		if (part->is_message) {
			while (part->next == MS_NO_PART &&
			    part->parent != MS_NO_PART)
				part = &m->parts[part->parent];
			at = part->next;
		} else {
			at++;
		}
	}
	return false;
}

static void
add_part(struct ms_buf *b, const struct ms_mime_part *part, uint64_t from,
    uint8_t depth)
{
	unsigned flags = part->cte & DIGEST_PART_CTE;

	if (part->is_message)
		flags |= DIGEST_PART_MESSAGE;
	if (part->is_multipart)
		flags |= DIGEST_PART_MULTIPART;
	if (mime_type_is(part, "text/"))
		flags |= DIGEST_PART_TEXT;
	ms_buf_add_octet(b, (char)flags);
	ms_buf_add_octet(b, (char)depth);
	add_number(b, part->header_offset - from);
	add_number(b, part->header_octets);
	add_number(b, part->body_octets);
}

static void
add_parts(struct ms_buf *b, const struct ms_mime *m)
{
	uint8_t depth = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct ms_mime_part *part = &m->parts[i];

		/* After a leaf come its sibling, or one of the chain's. */
		if (i > 0 && part->parent == i - 1) {
			depth++;
		} else if (i > 0) {
			for (uint32_t p = i - 1; m->parts[p].parent !=
			    part->parent; p = m->parts[p].parent)
				depth--;
		}
		add_part(b, part, i > 0 ? m->parts[i - 1].body_offset : 0,
		    depth);
	}
}

static void
add_always(struct ms_arena *a, const struct ms_mime *m,
    const struct mime_envelope *e, struct ms_buf *b)
{
	struct ms_str subject = { "", 0 }, own = { "", 0 }, rest = e->message_id;
	int64_t sent_us = 0;
	int32_t zone = 0;

	add_number(b, m->octets);
	add_number(b, m->parts[0].header_octets);
	if (e->date.data == NULL || !ms_date_parse(e->date, &sent_us, &zone))
		sent_us = zone = 0;
	add_zigzag(b, sent_us / SECOND_US);
	add_zigzag(b, zone);

	if (rest.data == NULL || !ms_message_id_next(&rest, &own))
		own.len = 0;
	if (e->subject.data != NULL)
		subject = decoded(a, e->subject);
	/* What does not fit is rather left out than cut: half an id is the
	   id of something else. */
	add_text(b, own.len <= MAX_ID ? own : ms_str_of("", 0));
	add_text(b, fit(ms_utf8_fold(a, ms_base_subject(a, subject)), MAX_BASE));
	add_text(b, sort_key(a, &e->from));
	add_text(b, sort_key(a, &e->to));
	add_text(b, sort_key(a, &e->cc));
	add_text(b, display_key(a, &e->from));
	add_text(b, display_key(a, &e->to));
	add_text(b, fit(subject, MAX_SUBJECT));
	add_text(b, mime_preview(a, m));
	add_thread_keys(b, own, e);
}

struct ms_str
ms_digest_make(struct ms_arena *a, const struct ms_mime *m)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(MS_MAX_DIGEST);
	MS_AUTO_BUF struct ms_buf text = MS_BUF_MAX(MS_MAX_DIGEST);
	struct mime_envelope e;
	size_t always, with_imap;
	unsigned flags = has_attachment(m) ? DIGEST_HAS_ATTACHMENT : 0;

	mime_envelope_read(a, m->parts[0].header, &e);
	ms_buf_add_octet(&out, MS_DIGEST_VERSION);
	ms_buf_add_octet(&out, 0);
	add_always(a, m, &e, &out);

	always = out.len;
	mime_envelope_write(&e, &text);
	add_text(&out, ms_buf_str(&text));
	for (int extensible = 1; extensible >= 0 && ms_buf_ok(&text) &&
	    ms_buf_ok(&out); extensible--) {
		ms_buf_reset(&text);
		ms_imap_body_structure(a, m, extensible != 0, &text);
		add_text(&out, ms_buf_str(&text));
	}
	if (ms_buf_ok(&text) && ms_buf_ok(&out)) {
		flags |= DIGEST_HAS_IMAP;
		with_imap = out.len;
		ms_buf_reset(&text);
		add_parts(&text, m);
		add_text(&out, ms_buf_str(&text));
		if (ms_buf_ok(&text) && ms_buf_ok(&out))
			flags |= DIGEST_HAS_PARTS;
		else
			out.len = with_imap;
	} else {
		out.len = always;
	}
	out.data[1] = (char)flags;
	return ms_arena_str(a, ms_buf_str(&out));
}
