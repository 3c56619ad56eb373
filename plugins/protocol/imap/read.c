/* SPDX-License-Identifier: ISC */
/*
 * read.c - from lines and literals to a command that can run
 *
 * A line that ends in a literal's announcement is answered with "+" (unless
 * the client doesn't wait for it, RFC 7888), the literal is read, then the
 * next line, until one ends without.  What is announced is only counted: a
 * size is compared with what is allowed here, never given to an allocator
 * before the octets came.  The message of an APPEND is not read here; the
 * verb runs as soon as its literal is announced.
 */
#include <mansio/str.h>

#include "append.h"
#include "respond.h"
#include "session.h"
#include "verbs.h"

/* Words that begin a request of HTTP, and a header of it: a browser was sent
   here to speak in somebody's name. */
static bool
is_other_protocol(struct ms_str line)
{
	static const char *const words[] = { "GET ", "POST ", "PUT ", "HEAD ",
	    "OPTIONS ", "CONNECT ", "DELETE ", "PATCH ", "Host:", "EHLO ",
	    "HELO " };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ms_str_has_prefix(line, ms_str_c(words[i])))
			return true;
	return line.len > 0 && (line.data[0] == '{' || line.data[0] == '\x16');
}

/* Tag and name; the cursor is then behind the name.  False: the reply is
   set. */
static bool
take_verb(struct command *c)
{
	struct session *s = c->session;
	struct ms_str tag, name;
	bool is_uid = false;

	c->parse.in = ms_buf_str(&c->input);
	c->parse.at = 0;
	if (!parse_tag(&c->parse, &tag) || !parse_space(&c->parse)) {
		reply(c, REPLY_BAD, NULL, "A command begins with a tag");
		return false;
	}
	c->tag = ms_arena_str(c->arena, tag);
	if (!parse_atom(&c->parse, &name)) {
		reply(c, REPLY_BAD, NULL, "A command is missing");
		return false;
	}
	if (ms_str_is_ci(name, "UID")) {
		is_uid = true;
		if (!parse_space(&c->parse) || !parse_atom(&c->parse, &name)) {
			reply(c, REPLY_BAD, NULL, "UID of which command?");
			return false;
		}
	}
	c->verb = verb_find(name, is_uid);
	c->is_uid = is_uid;
	c->args_at = c->parse.at;
	if (c->verb == NULL) {
		reply(c, REPLY_BAD, NULL, "Unknown command");
		return false;
	}
	if (!(c->verb->states & s->state)) {
		c->verb = NULL;
		reply(c, REPLY_BAD, NULL, "Not now: %s",
		    s->state == STATE_FRESH ? "log in first" :
		    s->state == STATE_AUTH ? "select a mailbox first" :
		    "you are logged in");
		return false;
	}
	return true;
}

/* All lines and literals are there. */
static enum read_result
take_arguments(struct command *c)
{
	c->parse.in = ms_buf_str(&c->input);
	c->parse.at = c->args_at;
	if (c->has_literal)
		c->parse.in.len = c->literal.at;
	else
		c->parse.in.len -= 2;	/* the last CRLF */
	/* Spaces at the end mean nothing, unless they are a literal's. */
	while (!c->has_literal && c->parse.in.len > c->line_at &&
	    c->parse.in.data[c->parse.in.len - 1] == ' ')
		c->parse.in.len--;
	if (c->verb->parse != NULL ? c->verb->parse(c) :
	    parse_is_end(&c->parse))
		return READ_RUN;
	reply(c, REPLY_BAD, NULL, "Bad arguments to %s", c->verb->name);
	return READ_REPLY;
}

static enum read_result
refuse_literal(struct command *c, const struct literal *l)
{
	/* RFC 7888 4.: what the client sends on its own can't be refused but
	   by reading it all, or by closing. */
	if (!l->is_sync) {
		session_bye(c, "[TOOBIG] The literal is too large");
		reply(c, REPLY_BAD, "TOOBIG", "The literal is too large");
		return READ_REPLY;
	}
	reply(c, REPLY_BAD, "TOOBIG", "The literal is too large");
	return READ_REPLY;
}

static enum read_result
wait_line(struct command *c)
{
	(void)command_wait_line(c, c->session->in_second_life ?
	    IMAP_MAX_LINE : IMAP_MAX_LINE_FRESH);
	return READ_MORE;
}

static enum read_result
want_literal(struct command *c, const struct literal *l)
{
	bool late = c->session->in_second_life;

	c->literal = *l;
	if (append_is_message(c)) {
		c->has_literal = true;
		return take_arguments(c);
	}
	if (l->is_too_large ||
	    l->octets > (late ? IMAP_MAX_LITERAL : IMAP_MAX_LITERAL_FRESH) ||
	    l->octets > c->input.max - c->input.len)
		return refuse_literal(c, l);
	if (l->is_sync)
		respond_text(c, "+ Ready for the literal\r\n");
	if (l->octets == 0)
		return wait_line(c);
	c->wait->what = MS_WAIT_BYTES;
	c->wait->count = l->octets;
	c->wait->timeout_us = late ? c->session->self->idle_timeout_us :
	    c->session->self->login_timeout_us;
	return READ_MORE;
}

enum read_result
read_line(struct command *c)
{
	struct ms_str line = c->came->input;
	bool is_first = c->input.len == 0;
	struct literal l;

	if (is_first && !c->session->in_second_life &&
	    is_other_protocol(line)) {
		c->session->self->log->write(c->scope, MS_LOG_INFO,
		    "refused: another protocol on an IMAP port", NULL, 0);
		return READ_CLOSE;
	}
	c->line_at = c->input.len;
	ms_buf_add(&c->input, line);
	ms_buf_add_c(&c->input, "\r\n");
	if (!ms_buf_ok(&c->input) || (c->came->flags & MS_CAME_TOO_LONG)) {
		/* What was kept of it may still name the tag. */
		if (is_first && ms_buf_ok(&c->input))
			(void)take_verb(c);
		c->reply = 0;
		c->verb = NULL;
		reply(c, REPLY_BAD, "TOOBIG", "The command is too long");
		return READ_REPLY;
	}
	if (is_first && !take_verb(c)) {
		/* The literals of a command that is none: RFC 7888 4. */
		if (parse_literal_at_end(line, &l) && !l.is_sync)
			session_bye(c, "[TOOBIG] A literal to no command");
		return READ_REPLY;
	}
	if (parse_literal_at_end(line, &l)) {
		l.at += c->input.len - line.len - 2;
		return want_literal(c, &l);
	}
	return take_arguments(c);
}

enum read_result
read_literal(struct command *c)
{
	ms_buf_add(&c->input, c->came->input);
	return wait_line(c);
}
