/* SPDX-License-Identifier: ISC */
/* talk.c - see talk.h */
#include "talk.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct talk *
talk_new(const char *option, ...)
{
	struct talk *t = calloc(1, sizeof(*t));
	va_list args;

	t->mock = ms_mock_new(ms_plugin_entry());
	ms_mock_fact(t->mock, "server.hostname", "mx.example.org");
	ms_mock_fact(t->mock, "client.address", "192.0.2.7");
	va_start(args, option);
	for (; option != NULL; option = va_arg(args, const char *))
		ms_mock_option(t->mock, option, va_arg(args, const char *));
	va_end(args);
	(void)ms_mock_create(t->mock);
	return t;
}

void
talk_free(struct talk *t)
{
	ms_mock_free(t->mock);
	free(t);
}

static void
add_word(struct talk *t, const char *word)
{
	size_t at = strlen(t->codes);

	snprintf(t->codes + at, sizeof(t->codes) - at, "%s%s",
	    at > 0 ? "|" : "", word);
}

/* "250-..." goes on, "250 2.1.0 Ok" is a reply: its codes alone. */
static void
add_code(struct talk *t, const char *line, size_t len)
{
	char word[32];
	size_t n = 3;

	if (len > 3 && line[3] == '-')
		return;
	if (len > 8 && isdigit((unsigned char)line[4]) && line[5] == '.') {
		n = 4;
		while (n < len && line[n] != ' ')
			n++;
	}
	snprintf(word, sizeof(word), "%.*s", (int)n, line);
	add_word(t, word);
}

const char *
talk_listen(struct talk *t)
{
	struct ms_str sent = ms_mock_sent(t->session);
	const char *p, *end;

	snprintf(t->seen, sizeof(t->seen), "%.*s", (int)sent.len,
	    sent.data != NULL ? sent.data : "");
	t->codes[0] = '\0';
	for (p = t->seen; (end = strstr(p, "\r\n")) != NULL; p = end + 2)
		add_code(t, p, (size_t)(end - p));
	if (*p != '\0')
		add_word(t, "half a line");
	if (ms_mock_is_closed(t->session))
		add_word(t, "closed");
	return t->codes;
}

const char *
talk_connect(struct talk *t)
{
	t->session = ms_mock_connect(t->mock);
	return talk_listen(t);
}

const char *
say_n(struct talk *t, const char *octets, size_t n)
{
	ms_mock_send(t->session, ms_str_of(octets, n));
	return talk_listen(t);
}

const char *
say(struct talk *t, const char *octets)
{
	return say_n(t, octets, strlen(octets));
}

void
talk_begin(struct talk *t, const char *hello)
{
	char line[300];

	(void)talk_connect(t);
	snprintf(line, sizeof(line), "%s client.example\r\n", hello);
	(void)say(t, line);
}

const char *
talk_heard(const struct talk *t)
{
	return t->seen;
}

const char *
talk_submitted(struct talk *t, uint32_t i)
{
	struct ms_str text = ms_mock_submitted(t->mock, i);

	snprintf(t->seen, sizeof(t->seen), "%.*s", (int)text.len, text.data);
	return t->seen;
}
