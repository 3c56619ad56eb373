/* SPDX-License-Identifier: ISC */
/* dsn.c - see dsn.h */
#include "pipeline/dsn.h"

#include <stdio.h>
#include <string.h>

#include <mansio/date.h>
#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"

#define DSN_MAX_RETURNED (256 * 1024)	/* a message returned whole, at most */
#define DSN_MAX_WORDS	(64 * 1024)	/* besides recipients and what is returned */
#define DSN_MAX_EACH	(8 * 1024)	/* recipient: its lines are cut (add_line) */

bool
dsn_is_wanted(const struct ms_message_info *info, uint32_t notify, uint32_t action)
{
	if (info->reverse_path.len == 0 || (notify & MS_NOTIFY_NEVER))
		return false;
	if (notify == 0)
		return action == DSN_FAILED || action == DSN_DELAYED;
	switch (action) {
	case DSN_FAILED:
		return notify & MS_NOTIFY_FAILURE;
	case DSN_DELAYED:
		return notify & MS_NOTIFY_DELAY;
	default:
		return notify & MS_NOTIFY_SUCCESS;
	}
}

static const char *
action_name(uint32_t action)
{
	static const char *const names[] = { "", "failed", "delayed", "delivered",
		"relayed", "expanded" };

	return names[action];
}

/* A value on one line: what remote hosts said must not end a field. */
static void
add_line(struct ms_buf *b, struct ms_str s)
{
	for (size_t i = 0; i < s.len && i < 900; i++) {
		char c = s.data[i];

		ms_buf_add_octet(b, (unsigned char)c < ' ' || c == 0x7f ? ' ' : c);
	}
}

/* RFC 3464 2.1.2: "rfc822; a@b"; RFC 6533 where it is not ASCII. */
static void
add_typed(struct ms_buf *b, const char *field, struct ms_str path)
{
	bool ascii = true;

	for (size_t i = 0; i < path.len; i++)
		ascii = ascii && (unsigned char)path.data[i] < 0x80;
	ms_buf_addf(b, "%s: %s; ", field, ascii ? "rfc822" : "utf-8");
	add_line(b, path);
	ms_buf_add_c(b, "\r\n");
}

static void
add_words(struct ms_buf *b, const struct dsn_recipient *recipients, size_t n,
    const char *hostname)
{
	const char *intro;

	switch (recipients[0].action) {
	case DSN_FAILED:
		intro = "Your message could not be delivered to the recipients below.\r\n"
		    "It will not be tried again.\r\n";
		break;
	case DSN_DELAYED:
		intro = "Your message has not been delivered to the recipients below yet.\r\n"
		    "There is nothing to do: it is still being tried.\r\n";
		break;
	default:
		intro = "Your message was delivered to the recipients below.\r\n";
		break;
	}
	ms_buf_addf(b, "This is the mail system at %s.\r\n\r\n%s\r\n", hostname, intro);
	for (size_t i = 0; i < n; i++) {
		ms_buf_add_c(b, "    <");
		add_line(b, recipients[i].path);
		ms_buf_add_c(b, ">: ");
		add_line(b, ms_str_c(recipients[i].text));
		if (recipients[i].enhanced[0] != '\0')
			ms_buf_addf(b, " (%s)", recipients[i].enhanced);
		ms_buf_add_c(b, "\r\n");
	}
}

static void
add_status(struct ms_buf *b, const struct ms_message *about, const char *hostname,
    const struct dsn_recipient *recipients, size_t n)
{
	ms_buf_addf(b, "Reporting-MTA: dns; %s\r\n", hostname);
	if (about->info.envid.len > 0) {
		ms_buf_add_c(b, "Original-Envelope-Id: ");
		ms_xtext_encode(b, about->info.envid);
		ms_buf_add_c(b, "\r\n");
	}
	ms_buf_add_c(b, "Arrival-Date: ");
	ms_date_add(b, about->info.received_us, 0);
	ms_buf_add_c(b, "\r\n");
	for (size_t i = 0; i < n; i++) {
		const struct dsn_recipient *r = &recipients[i];

		ms_buf_add_c(b, "\r\n");
		if (r->original.len > 0) {
			ms_buf_add_c(b, "Original-Recipient: ");
			add_line(b, r->original);
			ms_buf_add_c(b, "\r\n");
		}
		add_typed(b, "Final-Recipient", r->path);
		ms_buf_addf(b, "Action: %s\r\nStatus: %s\r\n", action_name(r->action),
		    r->enhanced[0] != '\0' && (r->action != DSN_FAILED ||
			r->enhanced[0] == '5') ? r->enhanced :
		    r->action == DSN_FAILED ? "5.0.0" :
		    r->action == DSN_DELAYED ? "4.0.0" : "2.0.0");
		if (r->remote.len > 0) {
			ms_buf_add_c(b, "Remote-MTA: dns; ");
			add_line(b, r->remote);
			ms_buf_add_c(b, "\r\n");
		}
		if (r->action == DSN_FAILED || r->action == DSN_DELAYED) {
			ms_buf_add_c(b, r->remote.len > 0 ? "Diagnostic-Code: smtp; " :
			    "Diagnostic-Code: x-mansio; ");
			add_line(b, ms_str_c(r->text));
			ms_buf_add_c(b, "\r\n");
		}
		if (r->will_retry_until_us > 0) {
			ms_buf_add_c(b, "Will-Retry-Until: ");
			ms_date_add(b, r->will_retry_until_us, 0);
			ms_buf_add_c(b, "\r\n");
		}
	}
}

/* RFC 3461 6.2: the header; the whole where RET=FULL asked for it and it is
   a failure (5.2: never with other reports), and it is not too large.  What
   cannot be read cannot be returned, and is no reason to say nothing: RFC 6522
   does without this part. */
static void
add_returned(struct ms_buf *b, struct ms_message *about, bool failed,
    const char *boundary)
{
	struct ms_blob *content;
	uint64_t want;
	size_t n = 0;
	char *room;
	bool whole;
	ms_status st;

	if (message_content(about, &content, NULL) != MS_OK)
		return;
	want = blob_octets(content);
	whole = failed && (about->info.flags & MS_MESSAGE_RET_FULL) &&
	    want <= DSN_MAX_RETURNED;
	if (want > MS_MAX_HEADER_OCTETS && !whole)
		want = MS_MAX_HEADER_OCTETS;
	room = ms_arena_alloc(about->arena, (size_t)want);
	st = blob_read(content, 0, room, (size_t)want, &n, NULL);
	blob_release(content);
	if (st != MS_OK)
		return;
	if (!whole)
		n = ms_header_octets(ms_str_of(room, n));
	ms_buf_addf(b, "\r\n--%s\r\nContent-Type: %s\r\n\r\n", boundary,
	    whole ? "message/rfc822" : "text/rfc822-headers");
	ms_buf_add(b, ms_str_of(room, n));
}

ms_status
dsn_make(const struct ms_scope *scope, struct ms_message *about,
    const char *hostname, const struct dsn_recipient *recipients, size_t n,
    struct ms_message **message_out, struct ms_error *err)
{
	static const char *const subjects[] = { "", "Undelivered mail returned to sender",
		"Delayed mail (still being tried)", "Delivery report", "Delivery report",
		"Delivery report" };
	struct ms_buf b = MS_BUF_MAX(DSN_MAX_WORDS + DSN_MAX_RETURNED +
	    MS_MAX_HEADER_OCTETS + n * DSN_MAX_EACH);
	struct ms_recipient to = { .size = sizeof(to), .notify = MS_NOTIFY_NEVER,
		.path = about->info.reverse_path, .original = ms_str_of("", 0) };
	uint64_t chance = random_u64();
	struct ms_message *m;
	struct ms_blob *body;
	char boundary[40];

	snprintf(boundary, sizeof(boundary), "=_%016llx",
	    (unsigned long long)random_u64());
	ms_buf_add_c(&b, "Date: ");
	ms_date_add(&b, clock_now_us(), 0);
	ms_buf_addf(&b, "\r\nFrom: Mail Delivery System <MAILER-DAEMON@%s>\r\nTo: <",
	    hostname);
	add_line(&b, about->info.reverse_path);
	ms_buf_addf(&b, ">\r\nSubject: %s\r\nMessage-ID: <%016llx.%.*s@%s>\r\n"
	    "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"%s\"\r\n\r\n"
	    "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\n",
	    subjects[recipients[0].action], (unsigned long long)chance,
	    (int)about->info.id.len, about->info.id.data, hostname, boundary, boundary);
	add_words(&b, recipients, n, hostname);
	ms_buf_addf(&b, "\r\n--%s\r\nContent-Type: message/delivery-status\r\n\r\n",
	    boundary);
	add_status(&b, about, hostname, recipients, n);
	add_returned(&b, about, recipients[0].action == DSN_FAILED, boundary);
	ms_buf_addf(&b, "\r\n--%s--\r\n", boundary);
	if (!ms_buf_ok(&b)) {
		ms_buf_free(&b);
		return ms_error_set(err, MS_LIMIT, "", "the notification is too large");
	}
	m = message_new(scope, NULL);
	{
		char id[16];

		message_set_id(m, scope_new_id(id));
	}
	m->info.flags = MS_MESSAGE_BOUNCE | MS_MESSAGE_8BIT |
	    (about->info.flags & MS_MESSAGE_SMTPUTF8);
	(void)message_add_recipient(m, &to);
	body = blob_of_memory(b.data, b.len);	/* the buffer's memory goes along */
	message_set_body(m, body);
	blob_release(body);
	facts_set(m->facts, (struct ms_str)MS_STR("pipeline"),
	    facts_get_c(about->facts, "pipeline"));
	*message_out = m;
	return MS_OK;
}
