/* SPDX-License-Identifier: ISC */
/*
 * json.c - see json.h
 *
 * The lower half of `begun` says for each level whether a comma is due, the
 * upper half whether the level is an array.
 */
#include <mansio/json.h>

#include <string.h>

#include "utf8_sequence.h"

#define JSON_MAX_DEPTH 16

static const unsigned char must_escape[256] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	['"'] = 1, ['\\'] = 1,
};

static void
json_escape(struct ms_buf *out, char c)
{
	static const char hex[] = "0123456789abcdef";
	char six[6] = { '\\', 'u', '0', '0', 0, 0 };

	switch (c) {
	case '"':
		ms_buf_add(out, ms_str_of("\\\"", 2));
		return;
	case '\\':
		ms_buf_add(out, ms_str_of("\\\\", 2));
		return;
	case '\n':
		ms_buf_add(out, ms_str_of("\\n", 2));
		return;
	case '\r':
		ms_buf_add(out, ms_str_of("\\r", 2));
		return;
	case '\t':
		ms_buf_add(out, ms_str_of("\\t", 2));
		return;
	default:
		six[4] = hex[(unsigned char)c >> 4];
		six[5] = hex[(unsigned char)c & 15];
		ms_buf_add(out, ms_str_of(six, sizeof(six)));
	}
}

void
ms_json_quote(struct ms_buf *out, struct ms_str value)
{
	size_t at = 0, plain = 0;	/* plain: first octet not yet written */

	ms_buf_add_octet(out, '"');
	while (at < value.len) {
		unsigned char c = (unsigned char)value.data[at];
		size_t n;

		if (c < 0x80 && !must_escape[c]) {
			at++;
			continue;
		}
		n = utf8_sequence(value.data + at, value.len - at);
		if (n > 1) {
			at += n;
			continue;
		}
		ms_buf_add(out, ms_str_of(value.data + plain, at - plain));
		if (n == 0)
			ms_buf_add_c(out, UTF8_REPLACEMENT);
		else
			json_escape(out, (char)c);
		plain = ++at;
	}
	if (at > plain)
		ms_buf_add(out, ms_str_of(value.data + plain, at - plain));
	ms_buf_add_octet(out, '"');
}

/* The comma and the name before a value. */
static void
json_lead(struct ms_json *j, const char *name)
{
	if (j->depth > 0) {
		uint32_t bit = UINT32_C(1) << (j->depth - 1);

		if (j->begun & bit)
			ms_buf_add_octet(j->out, ',');
		j->begun |= bit;
	}
	if (name != NULL) {
		ms_json_quote(j->out, ms_str_of(name, strlen(name)));
		ms_buf_add_octet(j->out, ':');
	}
}

static void
json_open(struct ms_json *j, const char *name, bool is_array)
{
	uint32_t comma, array;

	if (j->depth >= JSON_MAX_DEPTH) {
		j->out->failed = true;
		return;
	}
	json_lead(j, name);
	ms_buf_add_octet(j->out, is_array ? '[' : '{');
	comma = UINT32_C(1) << j->depth;
	array = comma << JSON_MAX_DEPTH;
	j->begun &= ~(comma | array);
	if (is_array)
		j->begun |= array;
	j->depth++;
}

void
ms_json_object(struct ms_json *j, const char *name)
{
	json_open(j, name, false);
}

void
ms_json_array(struct ms_json *j, const char *name)
{
	json_open(j, name, true);
}

void
ms_json_end(struct ms_json *j)
{
	if (j->depth == 0) {
		j->out->failed = true;
		return;
	}
	j->depth--;
	ms_buf_add_octet(j->out,
	    j->begun >> (JSON_MAX_DEPTH + j->depth) & 1 ? ']' : '}');
}

void
ms_json_str(struct ms_json *j, const char *name, struct ms_str value)
{
	json_lead(j, name);
	ms_json_quote(j->out, value);
}

void
ms_json_c(struct ms_json *j, const char *name, const char *value)
{
	if (value == NULL) {
		ms_json_null(j, name);
		return;
	}
	ms_json_str(j, name, ms_str_of(value, strlen(value)));
}

void
ms_json_i64(struct ms_json *j, const char *name, int64_t value)
{
	json_lead(j, name);
	if (value < 0)
		ms_buf_add_octet(j->out, '-');
	ms_buf_add_u64(j->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
ms_json_u64(struct ms_json *j, const char *name, uint64_t value)
{
	json_lead(j, name);
	ms_buf_add_u64(j->out, value);
}

void
ms_json_bool(struct ms_json *j, const char *name, bool value)
{
	json_lead(j, name);
	ms_buf_add_c(j->out, value ? "true" : "false");
}

void
ms_json_null(struct ms_json *j, const char *name)
{
	json_lead(j, name);
	ms_buf_add_c(j->out, "null");
}
