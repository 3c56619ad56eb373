/* SPDX-License-Identifier: ISC */
/* imap.c - logged-in IMAP connections; see load.h */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
expand(char *out, size_t cap, const char *pattern, long number)
{
	const char *at = strstr(pattern, "%d");

	if (at == NULL)
		snprintf(out, cap, "%s", pattern);
	else
		snprintf(out, cap, "%.*s%ld%s", (int)(at - pattern), pattern, number,
		    at + 2);
}

/* {123} at a line's end: so many octets, then the rest of the line. */
static size_t
literal(const char *line, size_t len)
{
	const char *brace;

	if (len < 3 || line[len - 1] != '}')
		return 0;
	brace = memrchr(line, '{', len);
	return brace != NULL ? (size_t)strtoul(brace + 1, NULL, 10) : 0;
}

void
imap_line(struct link *l, char *line, size_t len)
{
	struct imap *m = (struct imap *)l;
	char *at;

	l->skip = literal(line, len);
	if (line[0] == '+') {
		m->idling++;
		return;
	}
	if (line[0] == 'x' && line[1] == ' ') {
		snprintf(m->last, sizeof(m->last), "%s", line);
		m->tagged++;
		return;
	}
	if (line[0] != '*')
		return;		/* the rest of a line with a literal */
	m->untagged++;
	if ((at = strstr(line, "MESSAGES ")) != NULL && strstr(line, "STATUS") != NULL)
		m->exists = strtol(at + 9, NULL, 10);
	else if (len > 7 && strcmp(line + len - 7, " EXISTS") == 0)
		m->exists = strtol(line + 2, NULL, 10);
}

void
imap_do(struct imap *m, const char *command)
{
	long before = m->tagged;

	link_printf(&m->link, "x %s\r\n", command);
	engine_until(&m->tagged, before + 1, command);
	if (strncmp(m->last, "x OK", 4) != 0)
		fail("%s: %s", command, m->last);
}

void
imap_open(struct imap *m, int port, bool tls, long user)
{
	char name[256], command[600];

	memset(m, 0, sizeof(*m));
	m->link.line = imap_line;
	m->link.number = user;
	link_connect(&m->link, port, tls);
	engine_until(&m->untagged, 1, "greeting");
	expand(name, sizeof(name), options.user, user);
	snprintf(command, sizeof(command), "LOGIN %s %s", name, options.password);
	imap_do(m, command);
}

long
imap_status(struct imap *m, const char *mailbox)
{
	char command[400];

	snprintf(command, sizeof(command), "STATUS %s (MESSAGES)", mailbox);
	m->exists = -1;
	imap_do(m, command);
	return m->exists;
}
