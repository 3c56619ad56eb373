/* SPDX-License-Identifier: ISC */
/* fuzz_imap_command.c - a command with its literals: name and arguments */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#include "append.h"
#include "session.h"
#include "verbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t
now_us(const struct ms_host *host)
{
	(void)host;
	return INT64_C(1767225600000000);
}

static const struct ms_clock test_clock = { .size = sizeof(test_clock),
	.now_us = now_us };

/* A view into the command or its arena: octets that can be read. */
static void
touch(struct ms_str s)
{
	volatile char sum = 0;

	for (size_t i = 0; i < s.len; i++)
		sum = (char)(sum + s.data[i]);
}

static void
run_with(const uint8_t *data, size_t size, uint32_t enabled)
{
	struct ms_instance self = { .clock = &test_clock, .max_size = 1000 };
	struct session session = { .self = &self, .enabled = enabled,
		.state = STATE_SELECTED };
	struct command c = { .session = &session };
	struct ms_str name;

	c.arena = c.parse.arena = ms_arena_new(0);
	/* LOGIN wipes its line. */
	c.input = (struct ms_buf)MS_BUF_MAX(1 << 20);
	ms_buf_add(&c.input, ms_str_of((const char *)data, size));
	c.parse.in = ms_buf_str(&c.input);
	if (parse_tag(&c.parse, &c.tag) && parse_space(&c.parse) &&
	    parse_atom(&c.parse, &name)) {
		touch(c.tag);
		if (ms_str_is_ci(name, "UID")) {
			c.is_uid = parse_space(&c.parse) &&
			    parse_atom(&c.parse, &name);
		}
		c.verb = verb_find(name, c.is_uid);
		c.args_at = c.parse.at;
	}
	if (c.verb != NULL && parse_literal_at_end(c.parse.in, &c.literal)) {
		if (c.literal.at > size)
			abort();
		c.has_literal = append_is_message(&c);
		c.parse.in = ms_buf_str(&c.input);
		if (c.has_literal)
			c.parse.in.len = c.literal.at;
		c.parse.at = c.args_at;
	}
	if (c.verb != NULL && c.verb->parse != NULL) {
		bool ok = c.verb->parse(&c);

		if (c.parse.at > c.parse.in.len || (ok && c.reply == 0 &&
		    c.parse.at != c.parse.in.len))
			abort();
		touch(c.reply_text);
	}
	session_save_result(&session, (struct ms_uids){ NULL, 0 });
	ms_buf_free(&c.input);
	ms_arena_free(c.arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run_with(data, size, 0);
	run_with(data, size, ENABLED_QRESYNC | ENABLED_CONDSTORE |
	    ENABLED_UTF8);
	return 0;
}
