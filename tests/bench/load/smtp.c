/* SPDX-License-Identifier: ISC */
/*
 * smtp.c - mail in over SMTP, and when it is in the mailboxes
 *
 * Message i goes to account 1 + i % users.  With --watch-port, a connection for
 * each account is logged in beforehand; once all is accepted, one mailbox after
 * the other is asked until it has what was sent to it.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum step { GREETING, EHLO, MAIL, RCPT, DATA, BODY, RSET_OR_QUIT };

struct sender {
	struct link link;	/* first */
	enum step   step;
	long        message;
	double      began, sent;
};

static long next_message, accepted, finished, refused;
static struct times whole, wait_250;
static double last_250;
static char *text;

static void
begin_message(struct sender *s)
{
	if (next_message >= options.count) {
		s->step = RSET_OR_QUIT;
		link_send(&s->link, "QUIT\r\n", 6);
		return;
	}
	s->message = next_message++;
	s->step = MAIL;
	s->began = now();
	link_printf(&s->link, "MAIL FROM:<sender%ld@example.org>\r\n",
	    s->message % 89);
}

static void
account(char *out, size_t cap, long message)
{
	expand(out, cap, options.to, 1 + message % options.users);
}

static void
send_body(struct sender *s)
{
	char to[256];
	size_t n;

	account(to, sizeof(to), s->message);
	n = mail_make(text, s->message, to);
	memcpy(text + n, ".\r\n", 3);
	link_send(&s->link, text, n + 3);
	s->sent = now();
	s->step = BODY;
}

static void
got_250(struct sender *s, bool is_ok)
{
	double t = now();

	if (is_ok) {
		accepted++;
		last_250 = t;
		times_add(&whole, t - s->began);
		times_add(&wait_250, t - s->sent);
	} else {
		refused++;
	}
	if (options.keep) {
		begin_message(s);
	} else {
		s->step = RSET_OR_QUIT;
		link_send(&s->link, "QUIT\r\n", 6);
	}
}

static void connect_sender(struct sender *s);

static void
smtp_line(struct link *l, char *line, size_t len)
{
	struct sender *s = (struct sender *)l;
	char to[256];

	if (len < 3 || (len > 3 && line[3] == '-'))
		return;
	if (line[0] != '2' && line[0] != '3' && s->step != BODY)
		fail("after step %d: %s", (int)s->step, line);
	switch (s->step) {
	case GREETING:
		link_send(l, "EHLO load.example.org\r\n", 23);
		s->step = EHLO;
		break;
	case EHLO:
		begin_message(s);
		break;
	case MAIL:
		account(to, sizeof(to), s->message);
		link_printf(l, "RCPT TO:<%s>\r\n", to);
		s->step = RCPT;
		break;
	case RCPT:
		link_send(l, "DATA\r\n", 6);
		s->step = DATA;
		break;
	case DATA:
		send_body(s);
		break;
	case BODY:
		got_250(s, line[0] == '2');
		break;
	case RSET_OR_QUIT:
		link_close(l);
		if (!options.keep && next_message < options.count)
			connect_sender(s);
		else
			finished++;
		break;
	}
}

static void
connect_sender(struct sender *s)
{
	s->step = GREETING;
	s->link.line = smtp_line;
	link_connect(&s->link, options.port, options.tls);
}

static struct imap *
open_watchers(long *base)
{
	struct imap *w = calloc((size_t)options.users, sizeof(*w));

	for (long i = 0; i < options.users; i++) {
		imap_open(&w[i], options.watch_port, false, i + 1);
		base[i] = imap_status(&w[i], options.mailbox);
	}
	return w;
}

/* When the last mailbox has all; polls no faster than each 4 ms. */
static double
wait_delivered(struct imap *w, const long *base)
{
	for (long i = 0; i < options.users; i++) {
		long goal = base[i] + options.count / options.users +
		    (i < options.count % options.users ? 1 : 0);
		double began = now();

		while (imap_status(&w[i], options.mailbox) < goal) {
			if (now() - began > options.limit)
				fail("not all was delivered");
			engine_turn(4);
		}
	}
	return now();
}

void
test_smtp(void)
{
	struct sender *senders = calloc((size_t)options.sessions, sizeof(*senders));
	long *base = calloc((size_t)options.users, sizeof(*base));
	struct imap *watchers = NULL;
	double began, delivered = 0;

	text = malloc(mail_cap());
	if (senders == NULL || base == NULL || text == NULL)
		fail("no memory");
	if (options.watch_port != 0)
		watchers = open_watchers(base);
	ready();
	began = now();
	for (long i = 0; i < options.sessions; i++) {
		senders[i].link.number = i;
		connect_sender(&senders[i]);
	}
	engine_until(&finished, options.sessions, "sending");
	if (watchers != NULL)
		delivered = wait_delivered(watchers, base);
	printf("{\"accepted\":%ld,\"refused\":%ld,\"seconds\":%.4f,\"accepted_per_s\":%.1f,"
	    "\"whole_p50_ms\":%.3f,\"whole_p99_ms\":%.3f,"
	    "\"wait_p50_ms\":%.3f,\"wait_p99_ms\":%.3f", accepted, refused,
	    last_250 - began, (double)accepted / (last_250 - began),
	    times_at(&whole, 0.5), times_at(&whole, 0.99), times_at(&wait_250, 0.5),
	    times_at(&wait_250, 0.99));
	if (watchers != NULL)
		printf(",\"delivered_per_s\":%.1f,\"delivered_seconds\":%.4f",
		    (double)accepted / (delivered - began), delivered - began);
	printf("}\n");
}
