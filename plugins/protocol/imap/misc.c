/* SPDX-License-Identifier: ISC */
/*
 * misc.c - NOOP, CHECK, LOGOUT, ID (RFC 2971), NAMESPACE (RFC 2342), IDLE
 * (RFC 2177)
 */
#include "misc.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#include "respond.h"
#include "select.h"

/* RFC 2971 3.3 */
#define ID_MAX_FIELDS	30

enum progress
noop_run(struct command *c)
{
	/* What is new follows from notices.c. */
	reply(c, REPLY_OK, NULL, "%s completed", c->verb->name);
	return PROGRESS_DONE;
}

enum progress
logout_run(struct command *c)
{
	if (selected_leave(c) == PROGRESS_WAIT)
		return PROGRESS_WAIT;
	session_bye(c, "Logging out");
	reply(c, REPLY_OK, NULL, "LOGOUT completed");
	return PROGRESS_DONE;
}

bool
id_parse(struct command *c)
{
	struct parse *p = &c->parse;
	struct ms_str field, value;
	size_t n = 0;

	if (!parse_space(p))
		return false;
	if (parse_word(p, "NIL"))
		return parse_is_end(p);
	if (!parse_octet(p, '('))
		return false;
	while (parse_peek(p) != ')') {
		if (n++ == ID_MAX_FIELDS || (n > 1 && !parse_space(p)) ||
		    !parse_string(p, &field) || !parse_space(p) ||
		    !parse_nstring(p, &value))
			return false;
	}
	return parse_octet(p, ')') && parse_is_end(p);
}

enum progress
id_run(struct command *c)
{
	/* No version: it would tell more to those who try holes than to those
	   who mend them. */
	respond_text(c, "* ID (\"name\" \"Mansio\")\r\n");
	reply(c, REPLY_OK, NULL, "ID completed");
	return PROGRESS_DONE;
}

enum progress
namespace_run(struct command *c)
{
	respond_text(c, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
	reply(c, REPLY_OK, NULL, "NAMESPACE completed");
	return PROGRESS_DONE;
}

enum progress
idle_run(struct command *c)
{
	struct session *s = c->session;
	struct ms_error err = { .size = sizeof(err) };

	/* First the watch, then the look: nothing falls between. */
	if (s->state == STATE_SELECTED &&
	    selected_watch(s, true, &err) != MS_OK) {
		reply(c, REPLY_NO, "LIMIT", "Too much is watched already");
		return PROGRESS_DONE;
	}
	s->idle_tag = strndup(c->tag.data, c->tag.len);
	if (s->idle_tag == NULL) {
		reply(c, REPLY_NO, "UNAVAILABLE", "no memory");
		return PROGRESS_DONE;
	}
	s->idle_since_us = s->self->clock->steady_us(s->self->host);
	respond_text(c, "+ idling\r\n");
	/* From here on there is no command, but for a moment at each event:
	   an idle session costs its struct alone. */
	c->is_answered = true;
	return PROGRESS_DONE;
}
