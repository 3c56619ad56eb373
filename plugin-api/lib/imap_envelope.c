/* SPDX-License-Identifier: ISC */
/*
 * imap_envelope.c - a message's header as IMAP's ENVELOPE
 *
 * RFC 9051 7.5.2 (and RFC 3501 7.4.2, which says the same).  Text stands as
 * it does in the header, unfolded, with its encoded words undecoded.
 */
#include "mime_internal.h"

#include <string.h>

#include <mansio/limits.h>
#include <mansio/str.h>

/* Where several fields of one name stand, RFC 5322 4.5.3 combines their
   addresses; so a reader sees all that another one may have believed. */
static void
add_addresses(struct ms_arena *a, struct mime_addresses *to,
    struct ms_str value)
{
	const struct ms_address *list;
	struct ms_address *more;
	size_t n;

	ms_addresses_parse(a, value, &list, &n);
	if (n > MS_MAX_ADDRESSES - to->n)
		n = MS_MAX_ADDRESSES - to->n;
	if (n == 0)
		return;
	if (to->n == 0) {	/* nearly always: the list as it is */
		to->list = list;
		to->n = n;
		return;
	}
	if (n > to->cap - to->n || to->cap == 0) {
		to->cap = 2 * (to->n + n);
		more = ms_arena_array(a, to->cap, sizeof(*more));
		memcpy(more, to->list, to->n * sizeof(*more));
		to->list = more;
	}
	more = (struct ms_address *)(uintptr_t)to->list;
	memcpy(more + to->n, list, n * sizeof(*more));
	to->n += n;
}

static void
set_text(struct ms_arena *a, struct ms_str *to, struct ms_str value)
{
	if (to->data != NULL)
		return;
	*to = ms_header_unfold(a, value);
	if (to->data == NULL)	/* there, though empty */
		*to = ms_str_of("", 0);
}

static void
read_field(struct ms_arena *a, struct mime_envelope *e,
    const struct ms_header_field *field)
{
	const struct {
		const char            *name;
		struct ms_str         *text;
		struct mime_addresses *addresses;
	} members[] = {
		{ "date", &e->date, NULL },
		{ "subject", &e->subject, NULL },
		{ "in-reply-to", &e->in_reply_to, NULL },
		{ "message-id", &e->message_id, NULL },
		{ "references", &e->references, NULL },
		{ "from", NULL, &e->from },
		{ "sender", NULL, &e->sender },
		{ "reply-to", NULL, &e->reply_to },
		{ "to", NULL, &e->to },
		{ "cc", NULL, &e->cc },
		{ "bcc", NULL, &e->bcc },
	};

	if (field->name.len > sizeof("in-reply-to") - 1 ||
	    field->value.len > MS_MAX_FIELD_OCTETS)
		return;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!ms_str_equal_ci(field->name, ms_str_c(members[i].name)))
			continue;
		if (members[i].text != NULL)
			set_text(a, members[i].text, field->value);
		else
			add_addresses(a, members[i].addresses, field->value);
		return;
	}
}

void
mime_envelope_read(struct ms_arena *a, struct ms_str header,
    struct mime_envelope *envelope_out)
{
	struct ms_header_field field;

	memset(envelope_out, 0, sizeof(*envelope_out));
	for (uint32_t n = 0; n < MS_MAX_FIELDS &&
	    ms_header_next(&header, &field); n++)
		read_field(a, envelope_out, &field);
}

/* May it stand between quotes?  RFC 3501 9: TEXT-CHAR is 7-bit and no CR, LF. */
static bool
can_be_quoted(struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c >= 128 || c == '\0' || c == '\r' || c == '\n')
			return false;
	}
	return true;
}

static void
add_quoted(struct ms_buf *out, struct ms_str s)
{
	size_t from = 0;

	ms_buf_add_octet(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] != '"' && s.data[i] != '\\')
			continue;
		ms_buf_add(out, ms_str_of(s.data + from, i - from));
		ms_buf_add_octet(out, '\\');
		from = i;
	}
	ms_buf_add(out, ms_str_of(s.data + from, s.len - from));
	ms_buf_add_octet(out, '"');
}

static void
add_literal(struct ms_buf *out, struct ms_str s)
{
	size_t octets = s.len, nul;

	for (size_t i = 0; i < s.len; i++)
		octets -= s.data[i] == '\0';
	ms_buf_add_octet(out, '{');
	ms_buf_add_u64(out, octets);
	ms_buf_add_c(out, "}\r\n");
	while ((nul = ms_str_find_octet(s, '\0')) != SIZE_MAX) {
		ms_buf_add(out, ms_str_of(s.data, nul));
		s = ms_str_from(s, nul + 1);
	}
	ms_buf_add(out, s);
}

void
ms_imap_nstring(struct ms_buf *out, struct ms_str s)
{
	if (s.data == NULL)
		ms_buf_add_c(out, "NIL");
	else if (can_be_quoted(s))
		add_quoted(out, s);
	else
		add_literal(out, s);
}

/* A host of NIL would make a group of it, RFC 9051 7.5.2: what a mailbox
   lacks is therefore empty. */
static struct ms_str
not_null(struct ms_str s)
{
	return s.data != NULL ? s : ms_str_of("", 0);
}

static void
add_address(struct ms_buf *out, const struct ms_address *address)
{
	switch (address->kind) {
	case MS_ADDRESS_GROUP:
		ms_buf_add_c(out, "(NIL NIL ");
		ms_imap_nstring(out, not_null(address->name));
		ms_buf_add_c(out, " NIL)");
		return;
	case MS_ADDRESS_GROUP_END:
		ms_buf_add_c(out, "(NIL NIL NIL NIL)");
		return;
	}
	ms_buf_add_octet(out, '(');
	ms_imap_nstring(out, address->name);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, address->route);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, not_null(address->local));
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, not_null(address->domain));
	ms_buf_add_octet(out, ')');
}

static void
write_addresses(const struct mime_addresses *list, struct ms_buf *out)
{
	ms_buf_add_octet(out, ' ');
	if (list->n == 0) {
		ms_buf_add_c(out, "NIL");
		return;
	}
	ms_buf_add_octet(out, '(');
	for (size_t i = 0; i < list->n; i++)
		add_address(out, &list->list[i]);
	ms_buf_add_octet(out, ')');
}

void
mime_envelope_write(const struct mime_envelope *e, struct ms_buf *out)
{
	ms_buf_add_octet(out, '(');
	ms_imap_nstring(out, e->date);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, e->subject);
	write_addresses(&e->from, out);
	/* RFC 9051 7.5.2: absent or empty, they are what From is. */
	write_addresses(e->sender.n > 0 ? &e->sender : &e->from, out);
	write_addresses(e->reply_to.n > 0 ? &e->reply_to : &e->from, out);
	write_addresses(&e->to, out);
	write_addresses(&e->cc, out);
	write_addresses(&e->bcc, out);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, e->in_reply_to);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, e->message_id);
	ms_buf_add_octet(out, ')');
}

void
ms_imap_envelope(struct ms_arena *a, struct ms_str header, struct ms_buf *out)
{
	struct mime_envelope e;

	mime_envelope_read(a, header, &e);
	mime_envelope_write(&e, out);
}
