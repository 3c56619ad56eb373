/* SPDX-License-Identifier: ISC */
/*
 * talk.h - conversations with the plugin, over memstore
 *
 * talk_start() before each test, talk_end() after it: also looks whether
 * anything was left behind.
 */
#ifndef TEST_IMAP_TALK_H
#define TEST_IMAP_TALK_H

#include <mansio/mock.h>

#include "memstore.h"

#define ANN	"ann@example.org"

extern struct ms_mock *talk_mock;

void talk_start(void);
/* With TLS not on yet. */
void talk_start_clear(void);
/* With a clock that goes on by a millisecond at each look. */
void talk_start_ticking(void);
void talk_end(void);

/* A new connection, and one that logged in and, if box is not NULL, selected
   it; what was said so far is forgotten. */
struct ms_mock_session *talk_connect(void);
struct ms_mock_session *talk_login(void);
struct ms_mock_session *talk_select(const char *box);

/* Sends a line (CRLF is added) and compares all that comes. */
void says(struct ms_mock_session *s, const char *line, const char *answer);
/* The same, looking for a piece of the answer; or for it not to be there. */
void says_with(struct ms_mock_session *s, const char *line,
    const char *piece);
void says_without(struct ms_mock_session *s, const char *line,
    const char *piece);
/* The answer, NUL-terminated, until talk_end(). */
const char *answer_to(struct ms_mock_session *s, const char *line);
/* What came without a question. */
void hears(struct ms_mock_session *s, const char *text);

uint32_t deliver(const char *box, const char *content);
/* n small messages into INBOX, "Subject: m1" and so on. */
void deliver_many(uint32_t n);

#endif
