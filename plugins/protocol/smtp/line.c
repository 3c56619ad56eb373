/* SPDX-License-Identifier: ISC */
/* line.c - see line.h */
#include "line.h"

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/message.h>
#include <mansio/str.h>

#define MAX_ORCPT	500	/* RFC 3461 4.2 */

static bool
fail(struct smtp_fault *fault, int code, const char *enhanced, const char *text)
{
	fault->code = code;
	fault->enhanced = enhanced;
	fault->text = text;
	return false;
}

void
smtp_line_split(struct ms_str line, struct ms_str *verb_out,
    struct ms_str *args_out)
{
	size_t len = 0;

	while (line.len > 0 && (line.data[line.len - 1] == ' ' ||
	    line.data[line.len - 1] == '\t'))
		line.len--;
	while (len < line.len && line.data[len] != ' ')
		len++;
	*verb_out = ms_str_sub(line, 0, len);
	while (len < line.len && line.data[len] == ' ')
		len++;
	*args_out = ms_str_from(line, len);
}

bool
smtp_line_is_foreign(struct ms_str line)
{
	static const struct ms_str words[] = {
		MS_STR("GET"), MS_STR("POST"), MS_STR("PUT"), MS_STR("HEAD"),
		MS_STR("DELETE"), MS_STR("OPTIONS"), MS_STR("CONNECT"),
		MS_STR("TRACE"), MS_STR("PATCH"), MS_STR("PRI"),
		MS_STR("Host:"), MS_STR("{"),
	};
	struct ms_str verb, args;

	/* A TLS record: somebody takes the port for one with implicit TLS. */
	if (line.len >= 2 && line.data[0] == 0x16 && line.data[1] == 0x03)
		return true;
	smtp_line_split(line, &verb, &args);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ms_str_equal_ci(verb, words[i]))
			return true;
	return verb.len > 0 && verb.data[0] == '{';
}

/* ---- paths ---------------------------------------------------------------- */

/* RFC 5321 4.1.2 wants angle brackets; people at a keyboard and small programs
   forget them.  A plain word with an @ gets them. */
static bool
add_brackets(struct ms_arena *a, struct ms_str args, struct ms_str *out)
{
	struct ms_str word = ms_str_sub(args, 0, ms_str_find_octet(args, ' '));
	char *text;

	if (word.len == 0 || word.len > MS_MAX_PATH || word.data[0] == '@' ||
	    ms_str_find_octet(word, '@') == SIZE_MAX ||
	    ms_str_find_octet(word, '<') != SIZE_MAX ||
	    ms_str_find_octet(word, '>') != SIZE_MAX ||
	    ms_str_find_octet(word, '"') != SIZE_MAX)
		return false;
	text = ms_arena_alloc(a, word.len + 2);
	text[0] = '<';
	memcpy(text + 1, word.data, word.len);
	text[word.len + 1] = '>';
	*out = ms_str_of(text, word.len + 2);
	return true;
}

/* "FROM:<...>": what stands between, and what follows. */
static bool
parse_path(struct ms_arena *a, struct ms_str args, struct ms_str prefix,
    bool is_sender, struct ms_path *path_out, struct ms_str *rest_out,
    struct smtp_fault *fault)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_str path;
	size_t used = 0, added = 0;
	ms_status st;

	if (!ms_str_has_prefix_ci(args, prefix))
		return fail(fault, 501, "5.5.4", is_sender ?
		    "say MAIL FROM:<address>" : "say RCPT TO:<address>");
	args = ms_str_from(args, prefix.len);
	/* RFC 5321 3.3 allows no blank here; too many clients send one. */
	while (args.len > 0 && args.data[0] == ' ')
		args = ms_str_from(args, 1);
	path = args;
	if (args.len == 0 || args.data[0] != '<') {
		if (!add_brackets(a, args, &path))
			return fail(fault, 501, is_sender ? "5.1.7" : "5.1.3",
			    "the address belongs between < and >");
		added = 2;
	}
	st = ms_path_parse(path, MS_PATH_UTF8 |
	    (is_sender ? MS_PATH_NULL : MS_PATH_LOCAL), path_out, &used, &err);
	if (st != MS_OK)
		return fail(fault, 553, is_sender ? "5.1.7" : "5.1.3",
		    is_sender ? "bad sender address" : "bad recipient address");
	/* RFC 5321 4.1.1.3: of names without a domain Postmaster alone. */
	if (path_out->domain.len == 0 && !(path_out->flags & MS_PATH_IS_NULL) &&
	    !ms_str_is_ci(path_out->local, "postmaster"))
		return fail(fault, 553, "5.1.3", "the address has no domain");
	*rest_out = ms_str_from(args, used - added);
	if (rest_out->len > 0 && rest_out->data[0] != ' ')
		return fail(fault, 501, "5.5.4",
		    "a blank belongs before the parameters");
	return true;
}

/* ---- parameters ----------------------------------------------------------- */

/* RFC 5321 4.1.2: esmtp-param, one a call; false at the end or on a fault.
   value.data NULL: there is no "=". */
static bool
next_param(struct ms_str *rest, struct ms_str *name_out,
    struct ms_str *value_out, struct smtp_fault *fault)
{
	struct ms_str word = { NULL, 0 };
	size_t eq;

	fault->code = 0;
	while (word.len == 0)
		if (!ms_str_split(rest, ' ', &word))
			return false;
	eq = ms_str_find_octet(word, '=');
	*name_out = ms_str_sub(word, 0, eq);
	*value_out = eq == SIZE_MAX ? (struct ms_str){ NULL, 0 } :
	    ms_str_from(word, eq + 1);
	for (size_t i = 0; i < name_out->len; i++) {
		char c = name_out->data[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || (c == '-' && i > 0)))
			return fail(fault, 501, "5.5.4", "bad parameter");
	}
	if (name_out->len == 0 || (value_out->data != NULL && value_out->len == 0))
		return fail(fault, 501, "5.5.4", "bad parameter");
	for (size_t i = 0; i < value_out->len; i++) {
		unsigned char c = (unsigned char)value_out->data[i];

		if (c <= ' ' || c == 0x7f)
			return fail(fault, 501, "5.5.4", "bad parameter");
	}
	return true;
}

/* Each parameter once: RFC 5321 4.1.1.11. */
static bool
first_time(uint32_t *seen, uint32_t bit, struct smtp_fault *fault)
{
	if (*seen & bit)
		return fail(fault, 501, "5.5.4", "a parameter is repeated");
	*seen |= bit;
	return true;
}

static bool
is_printable(struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < ' ' ||
		    (unsigned char)s.data[i] >= 0x7f)
			return false;
	return true;
}

/* xtext to the arena.  What it hides must be text that stays on one line:
   RFC 3461 4.2, 4.4. */
static bool
decode_xtext(struct ms_arena *a, struct ms_str text, size_t max,
    struct ms_str *out)
{
	MS_AUTO_BUF struct ms_buf buf = MS_BUF_MAX(2048);

	if (ms_xtext_decode(&buf, text) != MS_OK || !ms_buf_ok(&buf) ||
	    buf.len > max || !is_printable(ms_buf_str(&buf)))
		return false;
	*out = ms_arena_str(a, ms_buf_str(&buf));
	return true;
}

enum { SEEN_SIZE = 1, SEEN_BODY = 2, SEEN_UTF8 = 4, SEEN_AUTH = 8,
       SEEN_RET = 16, SEEN_ENVID = 32, SEEN_NOTIFY = 64, SEEN_ORCPT = 128 };

/* RFC 1870 6: 1*20DIGIT.  More than 64 bits is too large for anybody. */
static bool
parse_size(struct ms_str v, uint64_t *out)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] < '0' || v.data[i] > '9')
			return false;
	if (v.len == 0 || v.len > 20)
		return false;
	if (!ms_str_to_u64(v, UINT64_MAX, out))
		*out = UINT64_MAX;
	return true;
}

static bool
parse_body(struct ms_str v, enum smtp_body *out)
{
	if (ms_str_is_ci(v, "7BIT"))
		*out = SMTP_BODY_7BIT;
	else if (ms_str_is_ci(v, "8BITMIME"))
		*out = SMTP_BODY_8BITMIME;
	else if (ms_str_is_ci(v, "BINARYMIME"))
		*out = SMTP_BODY_BINARYMIME;
	else
		return false;
	return true;
}

static bool
parse_ret(struct ms_str v, uint32_t *out)
{
	if (ms_str_is_ci(v, "FULL"))
		*out = MS_MESSAGE_RET_FULL;
	else if (ms_str_is_ci(v, "HDRS"))
		*out = MS_MESSAGE_RET_HDRS;
	else
		return false;
	return true;
}

/* "<>" or a mailbox, as xtext. */
static bool
parse_auth(struct ms_arena *a, struct ms_str v, struct ms_str *out)
{
	struct ms_path path;

	if (!decode_xtext(a, v, MS_MAX_PATH, out))
		return false;
	if (ms_str_is(*out, "<>")) {
		*out = ms_str_of("", 0);
		return true;
	}
	return ms_mailbox_parse(*out, MS_PATH_UTF8, &path, NULL) == MS_OK;
}

static bool
mail_param(struct ms_arena *a, struct ms_str name, struct ms_str v,
    uint32_t *seen, struct smtp_mail_args *out, struct smtp_fault *fault)
{
	if (ms_str_is_ci(name, "SIZE")) {
		if (!first_time(seen, SEEN_SIZE, fault))
			return false;
		return parse_size(v, &out->size) ||
		    fail(fault, 501, "5.5.4", "bad SIZE");
	}
	if (ms_str_is_ci(name, "BODY")) {
		if (!first_time(seen, SEEN_BODY, fault))
			return false;
		return parse_body(v, &out->body) ||
		    fail(fault, 501, "5.5.4", "bad BODY");
	}
	if (ms_str_is_ci(name, "SMTPUTF8")) {
		out->utf8 = true;
		if (!first_time(seen, SEEN_UTF8, fault))
			return false;
		return v.data == NULL ||	/* RFC 6531 3.4: no value */
		    fail(fault, 501, "5.5.4", "SMTPUTF8 takes no value");
	}
	if (ms_str_is_ci(name, "AUTH")) {
		out->has_auth = true;
		if (!first_time(seen, SEEN_AUTH, fault))
			return false;
		return parse_auth(a, v, &out->auth) ||
		    fail(fault, 501, "5.5.4", "bad AUTH");
	}
	if (ms_str_is_ci(name, "RET")) {
		if (!first_time(seen, SEEN_RET, fault))
			return false;
		return parse_ret(v, &out->ret) ||
		    fail(fault, 501, "5.5.4", "bad RET");
	}
	if (ms_str_is_ci(name, "ENVID")) {
		if (!first_time(seen, SEEN_ENVID, fault))
			return false;
		return (v.len <= MS_MAX_ENVID &&	/* RFC 3461 5.4 */
		    decode_xtext(a, v, MS_MAX_ENVID, &out->envid)) ||
		    fail(fault, 501, "5.5.4", "bad ENVID");
	}
	return fail(fault, 555, "5.5.4", "unknown parameter");
}

bool
smtp_mail_parse(struct ms_arena *a, struct ms_str args,
    struct smtp_mail_args *out, struct smtp_fault *fault)
{
	struct smtp_mail_args got = { .body = SMTP_BODY_NONE };
	struct ms_str rest, name, value;
	uint32_t seen = 0;

	if (!parse_path(a, args, (struct ms_str)MS_STR("FROM:"), true, &got.path,
	    &rest, fault))
		return false;
	while (next_param(&rest, &name, &value, fault))
		if (!mail_param(a, name, value, &seen, &got, fault))
			return false;
	if (fault->code != 0)
		return false;
	/* RFC 6531 3.5: 550 or 553 where the extension was not asked for. */
	if ((got.path.flags & MS_PATH_HAS_UTF8) && !got.utf8)
		return fail(fault, 553, "5.6.7", "SMTPUTF8 is needed for this");
	*out = got;
	return true;
}

/* RFC 3461 4.1: NEVER alone, or a list of the others. */
static bool
parse_notify(struct ms_str v, uint32_t *out)
{
	struct ms_str word;
	uint32_t notify = 0;

	if (v.len == 0)
		return false;
	while (ms_str_split(&v, ',', &word)) {
		uint32_t bit = ms_str_is_ci(word, "NEVER") ? MS_NOTIFY_NEVER :
		    ms_str_is_ci(word, "SUCCESS") ? MS_NOTIFY_SUCCESS :
		    ms_str_is_ci(word, "FAILURE") ? MS_NOTIFY_FAILURE :
		    ms_str_is_ci(word, "DELAY") ? MS_NOTIFY_DELAY : 0;

		if (bit == 0 || (notify & bit))
			return false;
		notify |= bit;
	}
	if ((notify & MS_NOTIFY_NEVER) && notify != MS_NOTIFY_NEVER)
		return false;
	*out = notify;
	return true;
}

/* RFC 6533 3: \x{HEX} in a utf-8-addr-xtext, raw UTF-8 in utf-8-addr-unitext.
   Both are kept as they came; only what could leave its line is refused. */
static bool
parse_utf8_original(struct ms_arena *a, struct ms_str v, bool utf8,
    struct ms_str *out)
{
	if (!ms_utf8_is_valid(v, false) || (!utf8 && !is_printable(v)))
		return false;
	*out = ms_arena_str(a, v);
	return true;
}

static bool
parse_original(struct ms_arena *a, struct ms_str v, bool utf8,
    struct ms_str *out)
{
	size_t semicolon = ms_str_find_octet(v, ';');
	struct ms_str type, address;

	if (semicolon == SIZE_MAX || semicolon == 0 || v.len > MAX_ORCPT)
		return false;
	type = ms_str_sub(v, 0, semicolon);
	for (size_t i = 0; i < type.len; i++) {	/* an atom: RFC 3461 4.2 */
		char c = type.data[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	if (ms_str_is_ci(type, "utf-8"))
		return parse_utf8_original(a, v, utf8, out);
	if (!decode_xtext(a, ms_str_from(v, semicolon + 1), MAX_ORCPT, &address) ||
	    address.len == 0)
		return false;
	*out = ms_arena_printf(a, "%.*s;%.*s", (int)type.len, type.data,
	    (int)address.len, address.data);
	return true;
}

bool
smtp_rcpt_parse(struct ms_arena *a, struct ms_str args, bool utf8,
    struct smtp_rcpt_args *out, struct smtp_fault *fault)
{
	struct smtp_rcpt_args got = { .notify = 0 };
	struct ms_str rest, name, value;
	uint32_t seen = 0;

	if (!parse_path(a, args, (struct ms_str)MS_STR("TO:"), false, &got.path,
	    &rest, fault))
		return false;
	while (next_param(&rest, &name, &value, fault)) {
		if (ms_str_is_ci(name, "NOTIFY")) {
			if (!first_time(&seen, SEEN_NOTIFY, fault))
				return false;
			if (!parse_notify(value, &got.notify))
				return fail(fault, 501, "5.5.4", "bad NOTIFY");
		} else if (ms_str_is_ci(name, "ORCPT")) {
			if (!first_time(&seen, SEEN_ORCPT, fault))
				return false;
			if (!parse_original(a, value, utf8, &got.original))
				return fail(fault, 501, "5.5.4", "bad ORCPT");
		} else
			return fail(fault, 555, "5.5.4", "unknown parameter");
	}
	if (fault->code != 0)
		return false;
	if ((got.path.flags & MS_PATH_HAS_UTF8) && !utf8)
		return fail(fault, 553, "5.6.7", "SMTPUTF8 is needed for this");
	*out = got;
	return true;
}

bool
smtp_bdat_parse(struct ms_str args, uint64_t *octets_out, bool *last_out)
{
	size_t blank = ms_str_find_octet(args, ' ');
	struct ms_str size = ms_str_sub(args, 0, blank), rest;

	rest = blank == SIZE_MAX ? ms_str_of("", 0) :
	    ms_str_trim(ms_str_from(args, blank));
	if (rest.len > 0 && !ms_str_is_ci(rest, "LAST"))
		return false;
	if (size.len > 19 || !ms_str_to_u64(size, INT64_MAX, octets_out))
		return false;
	*last_out = rest.len > 0;
	return true;
}
