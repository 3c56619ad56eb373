/* SPDX-License-Identifier: ISC */
/* names.c - see names.h */
#include "names.h"

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "respond.h"

#define INBOX	"INBOX"

/* RFC 6855 3.: no controls (U+0000 to 1F, 7F to 9F), no U+2028 and 2029. */
static bool
has_control(struct ms_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];
		unsigned char next = i + 1 < name.len ?
		    (unsigned char)name.data[i + 1] : 0;

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
			return true;
		if (c == 0xe2 && next == 0x80 && i + 2 < name.len &&
		    ((unsigned char)name.data[i + 2] & 0xfe) == 0xa8)
			return true;
	}
	return false;
}

static ms_status
check_levels(struct ms_str name)
{
	struct ms_str rest = name, level;
	size_t depth = 0;

	if (name.len > MS_MAX_MAILBOX_NAME)
		return MS_LIMIT;
	while (ms_str_split(&rest, '/', &level)) {
		if (level.len == 0)
			return MS_INVALID;
		if (++depth > MS_MAX_MAILBOX_DEPTH)
			return MS_LIMIT;
	}
	if (has_control(name))
		return MS_INVALID;
	return depth > 0 ? MS_OK : MS_INVALID;
}

/* RFC 3501 5.1: INBOX in any case is INBOX; so is the level above what lies
   below it. */
static struct ms_str
fold_inbox(struct ms_arena *arena, struct ms_str name)
{
	struct ms_str first = name;
	char *copy;

	first.len = ms_str_find_octet(name, '/');
	if (first.len == SIZE_MAX)
		first.len = name.len;
	if (!ms_str_is_ci(first, INBOX) || ms_str_is(first, INBOX))
		return name;
	copy = ms_arena_alloc(arena, name.len);
	memcpy(copy, name.data, name.len);
	memcpy(copy, INBOX, sizeof(INBOX) - 1);
	return ms_str_of(copy, name.len);
}

ms_status
name_decode(struct ms_arena *arena, bool is_utf8, struct ms_str wire,
    struct ms_str *out)
{
	MS_AUTO_BUF struct ms_buf plain =
	    MS_BUF_MAX(4 * MS_MAX_MAILBOX_NAME);
	struct ms_str name;
	ms_status st;

	/* The longest name in its longest spelling. */
	if (wire.len > 4 * MS_MAX_MAILBOX_NAME)
		return MS_LIMIT;
	if (wire.len > 0 && wire.data[wire.len - 1] == '/')
		wire.len--;
	if (is_utf8)
		ms_buf_add(&plain, wire);
	else if ((st = ms_mutf7_decode(&plain, wire)) != MS_OK)
		return st;
	if (!ms_buf_ok(&plain))
		return MS_LIMIT;
	if (!ms_utf8_is_valid(ms_buf_str(&plain), false) ||
	    (st = ms_utf8_nfc(arena, ms_buf_str(&plain), &name)) != MS_OK)
		return MS_INVALID;
	if ((st = check_levels(name)) != MS_OK)
		return st;
	name = ms_arena_str(arena, name);
	*out = fold_inbox(arena, name);
	return MS_OK;
}

bool
name_parse(struct command *c, struct ms_str wire, struct ms_str *out)
{
	switch (name_decode(c->arena, c->session->enabled & ENABLED_UTF8,
	    wire, out)) {
	case MS_OK:
		return true;
	case MS_LIMIT:
		reply(c, REPLY_NO, "LIMIT", "The mailbox name is too long");
		return false;
	default:
		reply(c, REPLY_NO, "CANNOT", "That is no mailbox name");
		return false;
	}
}

bool
name_is_new(struct command *c, struct ms_str name)
{
	struct ms_str rest = name, level;
	bool is_good = true;

	while (is_good && ms_str_split(&rest, '/', &level))
		is_good = !ms_str_is(level, ".") && !ms_str_is(level, "..");
	if (!is_good)
		reply(c, REPLY_NO, "CANNOT", "That name cannot be used");
	return is_good;
}

bool
name_is_inbox(struct ms_str name)
{
	return ms_str_is(name, INBOX);
}

bool
name_parent(struct ms_str name, struct ms_str *parent)
{
	size_t at = ms_str_find_last(name, '/');

	if (at == SIZE_MAX)
		return false;
	*parent = ms_str_of(name.data, at);
	return true;
}

bool
name_is_within(struct ms_str name, struct ms_str parent)
{
	return ms_str_has_prefix(name, parent) &&
	    (name.len == parent.len || name.data[parent.len] == '/');
}
