/* SPDX-License-Identifier: ISC */
/* talk.c - see talk.h */
#include "talk.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/clock.h>

#define MAX_SESSIONS	200

const struct ms_plugin *imap_LTX_ms_plugin_entry(void);

struct ms_mock *talk_mock;
static struct ms_mock_session *sessions[MAX_SESSIONS];
static size_t n_sessions;
static struct ms_arena *texts;	/* answers, until talk_end() */

static int64_t ticks;

static int64_t
now_us(const struct ms_host *host)
{
	(void)host;
	return INT64_C(1767225600000000);
}

static int64_t
steady_us(const struct ms_host *host)
{
	(void)host;
	return ticks += 1000;
}

static const struct ms_clock ticking = { .size = sizeof(ticking),
	.now_us = now_us, .steady_us = steady_us };

static void
start(bool has_tls, const struct ms_clock *clock)
{
	struct ms_mock *store;

	talk_mock = ms_mock_new(imap_LTX_ms_plugin_entry());
	if (clock != NULL)
		ms_mock_service(talk_mock, MS_CLOCK_ID, clock);
	store = ms_mock_beside(talk_mock, &memstore_plugin);
	ms_mock_backend(talk_mock, "mailbox", "mail", (struct ms_backend){
	    &memstore_mailbox, ms_mock_create(store) });
	ms_mock_option(talk_mock, "max-size", "100KiB");
	ms_mock_option(talk_mock, "search-limit", "1s");
	ms_mock_login(talk_mock, "ann", "secret", ANN);
	if (has_tls)
		ms_mock_fact(talk_mock, "tls.version", "1.3");
	(void)ms_mock_create(talk_mock);
	n_sessions = 0;
	texts = ms_arena_new(0);
}

void
talk_start(void)
{
	start(true, NULL);
}

void
talk_start_clear(void)
{
	start(false, NULL);
}

void
talk_start_ticking(void)
{
	start(true, &ticking);
}

void
talk_end(void)
{
	for (size_t i = 0; i < n_sessions; i++)
		if (!ms_mock_is_closed(sessions[i]))
			ms_mock_hang_up(sessions[i]);
	cr_assert_eq(memstore_open_accounts(), 0);
	memstore_reset();
	cr_assert_eq(ms_mock_blobs_held(talk_mock), 0);
	ms_mock_free(talk_mock);
	ms_arena_free(texts);
}

struct ms_mock_session *
talk_connect(void)
{
	struct ms_mock_session *s = ms_mock_connect(talk_mock);

	if (n_sessions == MAX_SESSIONS)
		abort();
	sessions[n_sessions++] = s;
	return s;
}

struct ms_mock_session *
talk_login(void)
{
	struct ms_mock_session *s = talk_connect();

	ms_mock_send_c(s, "l LOGIN ann secret\r\n");
	ms_mock_send_c(s, "l2 STATUS INBOX (MESSAGES)\r\n");
	(void)ms_mock_sent(s);
	return s;
}

struct ms_mock_session *
talk_select(const char *box)
{
	struct ms_mock_session *s = talk_login();

	ms_mock_send_c(s, "l3 SELECT ");
	ms_mock_send_c(s, box);
	ms_mock_send_c(s, "\r\n");
	(void)ms_mock_sent(s);
	return s;
}

static const char *
text_of(struct ms_str s)
{
	return ms_arena_str(texts, s).data;
}

const char *
answer_to(struct ms_mock_session *s, const char *line)
{
	(void)ms_mock_sent(s);
	ms_mock_send_c(s, line);
	ms_mock_send_c(s, "\r\n");
	return text_of(ms_mock_sent(s));
}

void
says(struct ms_mock_session *s, const char *line, const char *answer)
{
	const char *got = answer_to(s, line);

	cr_assert_str_eq(got, answer, "%s\ngave\n%s\nnot\n%s", line, got,
	    answer);
}

void
says_with(struct ms_mock_session *s, const char *line, const char *piece)
{
	const char *got = answer_to(s, line);

	cr_assert_not_null(strstr(got, piece), "%s\ngave\n%s\nwithout\n%s",
	    line, got, piece);
}

void
says_without(struct ms_mock_session *s, const char *line, const char *piece)
{
	const char *got = answer_to(s, line);

	cr_assert_null(strstr(got, piece), "%s\ngave\n%s\nwith\n%s", line,
	    got, piece);
}

void
hears(struct ms_mock_session *s, const char *text)
{
	const char *got = text_of(ms_mock_sent(s));

	cr_assert_str_eq(got, text, "came\n%s\nnot\n%s", got, text);
}

uint32_t
deliver(const char *box, const char *content)
{
	return memstore_deliver(talk_mock, ANN, box, content);
}

void
deliver_many(uint32_t n)
{
	char text[200];

	for (uint32_t i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "From: bob@example.net\r\n"
		    "Subject: m%u\r\n\r\nbody %u\r\n", i, i);
		deliver("INBOX", text);
	}
}
