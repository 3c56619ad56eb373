/* SPDX-License-Identifier: ISC */
/* respond.c - see respond.h */
#include "respond.h"

#include <stdio.h>

#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/mime.h>
#include <mansio/str.h>

/* Pieces that are given to the connection: large enough to be cheap, small
   enough for the first to leave while the rest is made. */
#define PIECE	(32 * 1024)

void
reply(struct command *c, enum reply_kind kind, const char *code,
    const char *format, ...)
{
	char text[256];
	va_list args;

	if (c->reply != 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->reply = kind;
	c->reply_text = code != NULL ?
	    ms_arena_printf(c->arena, "[%s] %s", code, text) :
	    ms_arena_printf(c->arena, "%s", text);
}

void
reply_status(struct command *c, ms_status status, const struct ms_error *err)
{
	static const struct {
		ms_status   status;
		const char *code, *text;
	} table[] = {
		{ MS_NOTFOUND, "NONEXISTENT", "no such mailbox" },
		{ MS_EXISTS, "ALREADYEXISTS", "the mailbox exists" },
		{ MS_DENIED, "NOPERM", "not permitted" },
		{ MS_LIMIT, "LIMIT", "that is more than is allowed" },
		{ MS_OVERQUOTA, "OVERQUOTA", "the quota is exceeded" },
		{ MS_BUSY, "INUSE", "in use; try again" },
		{ MS_UNSUPPORTED, "CANNOT", "that cannot be done" },
		{ MS_INVALID, "CANNOT", "that cannot be done" },
		{ MS_PERMFAIL, "SERVERBUG", "the server failed" },
	};

	if (c->reply != 0)
		return;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].status == status) {
			reply(c, REPLY_NO, table[i].code, "%s", table[i].text);
			return;
		}
	reply(c, REPLY_NO, "UNAVAILABLE", "temporary failure; try again");
	if (err != NULL && err->text[0] != '\0') {
		struct ms_field why = { MS_STR("error"), ms_str_c(err->text) };

		c->session->self->log->write(c->scope, MS_LOG_WARNING,
		    "a command failed", &why, 1);
	}
}

static void
flush(struct command *c, size_t mark)
{
	struct session *s = c->session;
	size_t at = 0;

	if (!ms_buf_ok(&c->out)) {
		/* Half a response went: there is no way back. */
		s->is_over = true;
		ms_buf_reset(&c->out);
		return;
	}
	while (at < c->out.len && c->queued <= mark) {
		size_t n = c->out.len - at < PIECE ? c->out.len - at : PIECE;

		c->queued = s->self->session->write(s->peer,
		    ms_str_of(c->out.data + at, n));
		at += n;
	}
	s->octets_out += at;
	if (at == c->out.len)
		ms_buf_reset(&c->out);
	else
		ms_buf_consume(&c->out, at);
}

void
respond_flush(struct command *c)
{
	flush(c, c->session->self->session->output_mark(c->session->peer));
}

void
respond_flush_all(struct command *c)
{
	flush(c, SIZE_MAX);
}

bool
respond_is_full(struct command *c)
{
	struct session *s = c->session;

	if (c->out.len >= PIECE || !ms_buf_ok(&c->out))
		respond_flush(c);
	return s->is_over || c->out.len >= PIECE ||
	    c->queued > s->self->session->output_mark(s->peer);
}

void
respond_text(struct command *c, const char *text)
{
	ms_buf_add_c(&c->out, text);
}

void
respond_str(struct command *c, struct ms_str text)
{
	ms_buf_add(&c->out, text);
}

void
respond_u64(struct command *c, uint64_t number)
{
	ms_buf_add_u64(&c->out, number);
}

void
respond_number(struct command *c, uint64_t number, const char *word)
{
	ms_buf_add_c(&c->out, "* ");
	ms_buf_add_u64(&c->out, number);
	ms_buf_add_octet(&c->out, ' ');
	ms_buf_add_c(&c->out, word);
	ms_buf_add_c(&c->out, "\r\n");
}

void
respond_string(struct ms_buf *out, struct ms_str s)
{
	bool is_plain = s.len <= 1024;

	for (size_t i = 0; i < s.len && is_plain; i++)
		is_plain = s.data[i] >= 0x20 && s.data[i] < 0x7f;
	if (!is_plain) {
		ms_buf_add_octet(out, '{');
		ms_buf_add_u64(out, s.len);
		ms_buf_add_c(out, "}\r\n");
		ms_buf_add(out, s);
		return;
	}
	ms_buf_add_octet(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '"' || s.data[i] == '\\')
			ms_buf_add_octet(out, '\\');
		ms_buf_add_octet(out, s.data[i]);
	}
	ms_buf_add_octet(out, '"');
}

void
respond_nstring(struct ms_buf *out, struct ms_str s)
{
	if (s.data == NULL)
		ms_buf_add_c(out, "NIL");
	else
		respond_string(out, s);
}

void
respond_mailbox(struct command *c, struct ms_str name)
{
	MS_AUTO_BUF struct ms_buf coded = MS_BUF_MAX(16 * 1024);

	if (c->session->enabled & ENABLED_UTF8) {
		/* RFC 6855 3.: quoted, in UTF-8. */
		ms_buf_add_octet(&c->out, '"');
		for (size_t i = 0; i < name.len; i++) {
			if (name.data[i] == '"' || name.data[i] == '\\')
				ms_buf_add_octet(&c->out, '\\');
			ms_buf_add_octet(&c->out, name.data[i]);
		}
		ms_buf_add_octet(&c->out, '"');
		return;
	}
	(void)ms_mutf7_encode(&coded, name);
	if (ms_str_is(name, "INBOX"))
		ms_buf_add_c(&c->out, "INBOX");
	else
		respond_string(&c->out, ms_buf_str(&coded));
}

char *
put_u32(char *p, uint32_t v)
{
	char digits[10];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

char *
put_u64(char *p, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	if (v <= UINT32_MAX)
		return put_u32(p, (uint32_t)v);
	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

void
respond_uids(struct ms_buf *out, struct ms_uids uids)
{
	for (size_t i = 0; i < uids.n; i++) {
		char text[24], *p = text;

		if (i > 0)
			*p++ = ',';
		p = put_u32(p, uids.ranges[i].first);
		if (uids.ranges[i].last != uids.ranges[i].first) {
			*p++ = ':';
			p = put_u32(p, uids.ranges[i].last);
		}
		ms_buf_add(out, ms_str_of(text, (size_t)(p - text)));
	}
}

void
respond_id(struct ms_buf *out, char letter, const struct ms_id *id)
{
	static const char hex[] = "0123456789abcdef";
	char text[33], *p = text;

	*p++ = letter;
	for (size_t i = 0; i < sizeof(id->octets); i++) {
		*p++ = hex[id->octets[i] >> 4];
		*p++ = hex[id->octets[i] & 15];
	}
	ms_buf_add(out, ms_str_of(text, sizeof(text)));
}

/* All system flags and \Recent with the spaces between them: 48 octets. */
#define FLAGS_ROOM	64

#define F_SEEN		"\\Seen"
#define F_ANSWERED	"\\Answered"
#define F_FLAGGED	"\\Flagged"
#define F_DELETED	"\\Deleted"
#define F_DRAFT		"\\Draft"
#define F_RECENT	"\\Recent"

static size_t
put_flags(char *p, uint32_t flags, bool is_recent)
{
	static const struct {
		uint32_t flag;
		uint32_t len;
		const char *text;
	} names[] = {
		{ MS_FLAG_SEEN, sizeof(F_SEEN) - 1, F_SEEN },
		{ MS_FLAG_ANSWERED, sizeof(F_ANSWERED) - 1, F_ANSWERED },
		{ MS_FLAG_FLAGGED, sizeof(F_FLAGGED) - 1, F_FLAGGED },
		{ MS_FLAG_DELETED, sizeof(F_DELETED) - 1, F_DELETED },
		{ MS_FLAG_DRAFT, sizeof(F_DRAFT) - 1, F_DRAFT },
	};
	char *at = p;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(flags & names[i].flag))
			continue;
		if (at > p)
			*at++ = ' ';
		memcpy(at, names[i].text, names[i].len);
		at += names[i].len;
	}
	if (is_recent) {
		if (at > p)
			*at++ = ' ';
		memcpy(at, F_RECENT, sizeof(F_RECENT) - 1);
		at += sizeof(F_RECENT) - 1;
	}
	return (size_t)(at - p);
}

void
respond_flags(struct ms_buf *out, uint32_t flags, bool is_recent,
    const struct ms_str *keywords, uint32_t n_keywords)
{
	char *p = ms_buf_room(out, FLAGS_ROOM);
	size_t n;

	if (p == NULL)
		return;
	n = put_flags(p, flags, is_recent);
	ms_buf_grown(out, n);
	for (uint32_t i = 0; i < n_keywords; i++) {
		if (n++ > 0)
			ms_buf_add_octet(out, ' ');
		ms_buf_add(out, keywords[i]);
	}
}
