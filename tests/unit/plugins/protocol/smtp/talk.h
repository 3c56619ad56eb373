/* SPDX-License-Identifier: ISC */
/*
 * talk.h - conversations with smtp or lmtp on a mock host
 */
#ifndef TEST_SMTP_TALK_H
#define TEST_SMTP_TALK_H

#include <mansio/mock.h>

struct talk {
	struct ms_mock         *mock;
	struct ms_mock_session *session;
	char                    hostname[32];
	char                    seen[65536];	/* by the last say() */
	char                    codes[65536];
};

/* A mock with the plugin that the program is linked with; options follow as
   name, value ... NULL.  Not connected yet. */
struct talk *talk_new(const char *option, ...);
void talk_free(struct talk *t);
/* Connects; gives the greeting as say() does. */
const char *talk_connect(struct talk *t);
/* Connects, and says EHLO (LHLO) client.example. */
void talk_begin(struct talk *t, const char *hello);
/* Sends; gives what came back, one "CODE ENHANCED" for each reply, joined
   by "|": "250 2.1.0|354|closed". */
const char *say(struct talk *t, const char *octets);
const char *say_n(struct talk *t, const char *octets, size_t n);
/* What came back, in full. */
const char *talk_heard(const struct talk *t);
/* After something else than input (timeout, op): what came back. */
const char *talk_listen(struct talk *t);
/* The i-th message submitted, as text. */
const char *talk_submitted(struct talk *t, uint32_t i);

#define EXPECT(t, in, want) do {					\
	const char *got_ = say((t), (in));				\
	cr_assert_str_eq(got_, (want), "after \"%s\" came %s, not %s\n%s",	\
	    (in), got_, (want), talk_heard(t));				\
} while (0)

#endif
