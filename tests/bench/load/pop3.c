/* SPDX-License-Identifier: ISC */
/* pop3.c - RETR of a whole maildrop, `window` commands ahead; see load.h */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drop {
	struct link link;	/* first */
	int         step;	/* greeting, USER, PASS, STAT, then RETR */
	bool        in_text;
	long        messages, asked, got, done;
};

static void
ask(struct drop *d)
{
	while (d->asked < d->messages && d->asked < d->got + options.window)
		link_printf(&d->link, "RETR %ld\r\n", ++d->asked);
}

static void
pop3_line(struct link *l, char *line, size_t len)
{
	struct drop *d = (struct drop *)l;
	char name[256];

	if (d->in_text) {
		if (len == 1 && line[0] == '.') {
			d->in_text = false;
			d->got++;
			ask(d);
		}
		return;
	}
	if (line[0] != '+')
		fail("%s", line);
	switch (d->step) {
	case 0:
		expand(name, sizeof(name), options.user, 1);
		link_printf(l, "USER %s\r\n", name);
		break;
	case 1:
		link_printf(l, "PASS %s\r\n", options.password);
		break;
	case 2:
		link_send(l, "STAT\r\n", 6);
		break;
	case 3:
		d->messages = strtol(line + 4, NULL, 10);
		d->done = 1;
		break;
	default:
		d->in_text = true;
		return;
	}
	d->step++;
}

void
test_pop3(void)
{
	struct drop d = { .link.line = pop3_line };
	double began, seconds;

	link_connect(&d.link, options.port, options.tls);
	engine_until(&d.done, 1, "logging in");
	if (d.messages == 0)
		fail("the maildrop is empty");
	ready();
	began = now();
	ask(&d);
	engine_until(&d.got, d.messages, "RETR");
	seconds = now() - began;
	printf("{\"messages\":%ld,\"per_s\":%.1f,\"octets\":%llu,\"mb_per_s\":%.1f}\n",
	    d.got, (double)d.got / seconds, (unsigned long long)d.link.received,
	    (double)d.link.received / 1e6 / seconds);
}
