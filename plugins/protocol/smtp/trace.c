/* SPDX-License-Identifier: ISC */
/* trace.c - see trace.h */
#include "trace.h"

#include <mansio/address.h>
#include <mansio/date.h>
#include <mansio/str.h>

#define MAX_WORD 255

/* Letters, digits and those of `more`; others become "-". */
static void
add_clean(struct ms_buf *out, struct ms_str s, const char *more)
{
	for (size_t i = 0; i < s.len && i < MAX_WORD; i++) {
		char c = s.data[i];
		bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || (c != 0 && strchr(more, c) != NULL);

		ms_buf_add_octet(out, fine ? c : '-');
	}
}

static void
add_from(struct ms_buf *out, const struct smtp_trace *t)
{
	/* Extended-Domain: what the client called itself, then what we know. */
	ms_buf_add_c(out, "from ");
	if (t->helo.len == 0)
		ms_buf_add_c(out, "unknown");
	add_clean(out, t->helo, ".-_:[]");
	if (t->address.len == 0)
		return;
	ms_buf_add_c(out, " (");
	if (t->name.len > 0) {
		add_clean(out, t->name, ".-_");
		ms_buf_add_octet(out, ' ');
	}
	ms_buf_add_octet(out, '[');
	if (ms_str_find_octet(t->address, ':') != SIZE_MAX)
		ms_buf_add_c(out, "IPv6:");
	add_clean(out, t->address, ".:");
	ms_buf_add_c(out, "])");
}

/* A path is as free as quoted strings are: shown only if nothing in it could
   end the field or the clause. */
static bool
can_show(struct ms_str path)
{
	if (path.len == 0 || path.len > MAX_WORD)
		return false;
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == ';')
			return false;
	}
	return true;
}

void
smtp_trace_add(struct ms_buf *out, const struct smtp_trace *t)
{
	add_from(out, t);
	ms_buf_add_c(out, "\r\n\tby ");
	add_clean(out, t->hostname, ".-_:[]");
	ms_buf_add_c(out, " with ");
	add_clean(out, t->with, "");
	if (t->tls_version.len > 0) {
		ms_buf_add_c(out, " (");
		add_clean(out, t->tls_version, ".-_");
		if (t->tls_cipher.len > 0) {
			ms_buf_add_octet(out, ' ');
			add_clean(out, t->tls_cipher, ".-_+:");
		}
		ms_buf_add_octet(out, ')');
	}
	if (t->id.len > 0) {
		ms_buf_add_c(out, "\r\n\tid ");
		add_clean(out, t->id, ".-_");
	}
	if (can_show(t->recipient)) {
		ms_buf_add_c(out, "\r\n\tfor <");
		ms_buf_add(out, t->recipient);
		ms_buf_add_octet(out, '>');
	}
	ms_buf_add_c(out, ";\r\n\t");
	ms_date_add(out, t->now_us, 0);
}

struct ms_str
smtp_trace_with(bool lmtp, bool esmtp, bool tls, bool auth, bool utf8)
{
	static const struct ms_str smtp[] = {
		MS_STR("ESMTP"), MS_STR("ESMTPA"),
		MS_STR("ESMTPS"), MS_STR("ESMTPSA"),
	}, lmtps[] = {
		MS_STR("LMTP"), MS_STR("LMTPA"),
		MS_STR("LMTPS"), MS_STR("LMTPSA"),
	}, utf8_smtp[] = {
		MS_STR("UTF8SMTP"), MS_STR("UTF8SMTPA"),
		MS_STR("UTF8SMTPS"), MS_STR("UTF8SMTPSA"),
	}, utf8_lmtp[] = {
		MS_STR("UTF8LMTP"), MS_STR("UTF8LMTPA"),
		MS_STR("UTF8LMTPS"), MS_STR("UTF8LMTPSA"),
	}, plain = MS_STR("SMTP");
	unsigned i = (tls ? 2u : 0u) + (auth ? 1u : 0u);

	if (lmtp)
		return utf8 ? utf8_lmtp[i] : lmtps[i];
	if (!esmtp)
		return plain;
	return utf8 ? utf8_smtp[i] : smtp[i];
}
