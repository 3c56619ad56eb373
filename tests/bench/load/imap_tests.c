/* SPDX-License-Identifier: ISC */
/* imap_tests.c - LOGIN, APPEND and whole commands; see load.h */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- LOGIN and LOGOUT, a connection each ---- */

struct visitor {
	struct link link;	/* first */
	int         step;
	double      began;
};

static long visits, visits_begun, visitors_done;
static struct times visit_times;

static void
visit(struct visitor *v)
{
	v->step = 0;
	v->began = now();
	link_connect(&v->link, options.port, options.tls);
}

static void
visit_line(struct link *l, char *line, size_t len)
{
	struct visitor *v = (struct visitor *)l;
	char name[256];

	(void)len;
	if (v->step == 0 && line[0] == '*') {
		expand(name, sizeof(name), options.user, 1 + visits_begun % options.users);
		link_printf(l, "x LOGIN %s %s\r\n", name, options.password);
		v->step = 1;
		return;
	}
	if (line[0] != 'x')
		return;
	if (strncmp(line, "x OK", 4) != 0)
		fail("%s", line);
	if (v->step == 1) {
		link_send(l, "x LOGOUT\r\n", 10);
		v->step = 2;
		return;
	}
	link_close(l);
	visits++;
	times_add(&visit_times, now() - v->began);
	if (visits_begun < options.count) {
		visits_begun++;
		visit(v);
	} else {
		visitors_done++;
	}
}

void
test_imap_login(void)
{
	struct visitor *all = calloc((size_t)options.sessions, sizeof(*all));
	double began;

	if (all == NULL)
		fail("no memory");
	ready();
	began = now();
	for (long i = 0; i < options.sessions; i++) {
		all[i].link.line = visit_line;
		visits_begun++;
		visit(&all[i]);
	}
	engine_until(&visitors_done, options.sessions, "logging in");
	printf("{\"logins\":%ld,\"per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", visits,
	    (double)visits / (now() - began), times_at(&visit_times, 0.5),
	    times_at(&visit_times, 0.99));
}

/* ---- APPEND ---- */

struct author {
	struct imap imap;	/* first */
	double      began;
	long        outstanding;
};

static long appended, append_begun, authors_done;
static struct times append_times;
static char *append_text;

/* With LITERAL+, and `batch` commands in one go. */
static void
append_some(struct author *a)
{
	char to[] = "someone@bench.test";

	if (append_begun >= options.count) {
		authors_done++;
		return;
	}
	a->began = now();
	for (long k = 0; k < options.batch && append_begun < options.count; k++) {
		size_t n = mail_make(append_text, append_begun++, to);

		link_printf(&a->imap.link, "x APPEND %s {%zu+}\r\n", options.mailbox, n);
		memcpy(append_text + n, "\r\n", 2);
		link_send(&a->imap.link, append_text, n + 2);
		a->outstanding++;
	}
}

static void
append_line(struct link *l, char *line, size_t len)
{
	struct author *a = (struct author *)l;
	long before = a->imap.tagged;

	imap_line(l, line, len);
	if (a->imap.tagged == before)
		return;
	if (strncmp(line, "x OK", 4) != 0)
		fail("%s", line);
	appended++;
	if (--a->outstanding == 0) {
		times_add(&append_times, now() - a->began);
		append_some(a);
	}
}

void
test_imap_append(void)
{
	struct author *all = calloc((size_t)options.sessions, sizeof(*all));
	char command[400];
	double began;

	append_text = malloc(mail_cap());
	if (all == NULL || append_text == NULL)
		fail("no memory");
	for (long i = 0; i < options.sessions; i++) {
		imap_open(&all[i].imap, options.port, options.tls, 1 + i % options.users);
		if (options.create) {
			snprintf(command, sizeof(command), "LIST \"\" %s", options.mailbox);
			all[i].imap.untagged = 0;
			imap_do(&all[i].imap, command);
			snprintf(command, sizeof(command), "CREATE %s", options.mailbox);
			if (all[i].imap.untagged == 0)
				imap_do(&all[i].imap, command);
		}
		all[i].imap.link.line = append_line;
	}
	ready();
	began = now();
	for (long i = 0; i < options.sessions; i++)
		append_some(&all[i]);
	engine_until(&authors_done, options.sessions, "appending");
	printf("{\"appended\":%ld,\"per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
	    appended, (double)appended / (now() - began), times_at(&append_times, 0.5),
	    times_at(&append_times, 0.99));
}

/* ---- commands on one mailbox ---- */

void
test_imap_command(void)
{
	char *all = strdup(options.command), *rest = all, *commands[8];
	struct times times[8] = { 0 };
	struct imap m;
	long fetched = 0, n = 0;
	uint64_t before;

	while (rest != NULL && n < 8) {
		commands[n++] = rest;
		rest = strstr(rest, ";;");
		if (rest != NULL) {
			*rest = '\0';
			rest += 2;
		}
	}
	imap_open(&m, options.port, options.tls, 1);
	if (strcmp(options.mailbox, "-") != 0) {
		char select[400];

		snprintf(select, sizeof(select), "SELECT %s", options.mailbox);
		imap_do(&m, select);
	}
	ready();
	before = m.link.received;
	for (long r = 0; r < options.repeat; r++) {
		for (long i = 0; i < n; i++) {
			double began = now();

			m.untagged = 0;
			imap_do(&m, commands[i]);
			times_add(&times[i], now() - began);
			fetched += m.untagged;
		}
	}
	printf("{\"octets\":%llu,\"untagged\":%ld,\"p50_ms\":[",
	    (unsigned long long)(m.link.received - before) /
	    (unsigned long long)options.repeat, fetched / options.repeat);
	for (long i = 0; i < n; i++)
		printf("%s%.4f", i > 0 ? "," : "", times_at(&times[i], 0.5));
	printf("],\"best_ms\":[");
	for (long i = 0; i < n; i++)
		printf("%s%.4f", i > 0 ? "," : "", times_at(&times[i], 0));
	printf("]}\n");
	free(all);
}
