/* SPDX-License-Identifier: ISC */
/*
 * idle.c - connections that idle, and whether a message wakes them
 *
 * Opens `count` connections over `users` accounts, each with the mailbox
 * selected and in IDLE; says "ready" so that memory can be measured; then sends
 * one message to all accounts and counts who was told of it.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELLO, LOGIN, SELECTED, IDLING, WOKEN };

struct idler {
	struct link link;	/* first */
	int         step;
};

static long idling, woken, sent, ended;
static struct times wake_times;
static double sent_at;

static void
idler_line(struct link *l, char *line, size_t len)
{
	struct idler *i = (struct idler *)l;
	char name[256];

	switch (i->step) {
	case HELLO:
		expand(name, sizeof(name), options.user, 1 + l->number % options.users);
		link_printf(l, "x LOGIN %s %s\r\n", name, options.password);
		i->step = LOGIN;
		return;
	case LOGIN:
	case SELECTED:
		if (line[0] == '+') {
			i->step = IDLING;
			idling++;
			return;
		}
		if (line[0] != 'x')
			return;
		if (strncmp(line, "x OK", 4) != 0)
			fail("%s", line);
		if (i->step == LOGIN)
			link_printf(l, "x SELECT %s\r\n", options.mailbox);
		else
			link_send(l, "x IDLE\r\n", 8);
		i->step = SELECTED;
		return;
	case IDLING:
		if (sent_at > 0 && len > 7 && strcmp(line + len - 7, " EXISTS") == 0) {
			i->step = WOKEN;
			woken++;
			times_add(&wake_times, now() - sent_at);
		}
		return;
	default:
		return;
	}
}

static void
idler_ended(struct link *l)
{
	(void)l;
	ended++;
}

static int smtp_step;
static long rcpt;

static void
smtp_line(struct link *l, char *line, size_t len)
{
	static char *text;
	char to[256];
	size_t n;

	if (len > 3 && line[3] == '-')
		return;
	if (line[0] != '2' && line[0] != '3')
		fail("%s", line);
	switch (smtp_step) {
	case 0:
		link_send(l, "EHLO load.example.org\r\n", 23);
		break;
	case 1:
		link_send(l, "MAIL FROM:<waker@example.org>\r\n", 31);
		break;
	case 2:
		if (rcpt < options.users) {
			expand(to, sizeof(to), options.to, ++rcpt);
			link_printf(l, "RCPT TO:<%s>\r\n", to);
			return;
		}
		link_send(l, "DATA\r\n", 6);
		break;
	case 3:
		text = malloc(mail_cap());
		n = mail_make(text, 1, "all@bench.test");
		memcpy(text + n, ".\r\n", 3);
		sent_at = now();
		link_send(l, text, n + 3);
		free(text);
		break;
	default:
		sent++;
		return;
	}
	smtp_step++;
}

static void
wake_all(long goal)
{
	struct link smtp = { .line = smtp_line };

	link_connect(&smtp, options.smtp_port, false);
	engine_until(&sent, 1, "the message to all");
	engine_until(&woken, goal, "waking");
	link_close(&smtp);
}

void
test_imap_idle(void)
{
	struct idler *all = calloc((size_t)options.count, sizeof(*all));
	double began = now(), opened;

	if (all == NULL)
		fail("no memory");
	for (long i = 0; i < options.count; i++) {
		all[i].link.line = idler_line;
		all[i].link.ended = idler_ended;
		all[i].link.number = i;
		link_connect(&all[i].link, options.port, options.tls);
		engine_until(&idling, i + 1 - options.opening, "opening");
	}
	engine_until(&idling, options.count, "opening");
	opened = now() - began;
	ready();
	if (options.smtp_port != 0)
		wake_all(options.count - ended);
	printf("{\"idle\":%ld,\"open_per_s\":%.1f,\"closed_by_server\":%ld,\"woken\":%ld,"
	    "\"wake_p50_ms\":%.3f,\"wake_last_ms\":%.3f}\n", idling,
	    (double)idling / opened, ended, woken, times_at(&wake_times, 0.5),
	    times_at(&wake_times, 1));
}
