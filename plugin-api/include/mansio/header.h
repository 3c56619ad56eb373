/* SPDX-License-Identifier: ISC */
/*
 * header.h - header fields: walking, unfolding, parameters, encoded words
 *
 * A header is the octets up to and with the empty line (or all of them).
 * Lines end in CRLF; a lone LF is taken as a line's end too, for stored
 * mail is shown as it is.
 */
#ifndef MANSIO_HEADER_H
#define MANSIO_HEADER_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_header_field {
	struct ms_str name;	/* without the colon and spaces before it */
	struct ms_str value;	/* raw, after the colon, folding included, without
				   the last CRLF */
	struct ms_str whole;	/* name to last CRLF */
};

/* Cuts the next field off *rest; false at the header's end, where *rest is
   then what follows (after the empty line).  A line that is no field ends
   nothing: it is skipped. */
bool ms_header_next(struct ms_str *rest, struct ms_header_field *field_out);
/* Octets of the header, its empty line included; all if there is none. */
size_t ms_header_octets(struct ms_str message);
/* The nth (from 0) field of that name; false: none. */
bool ms_header_find(struct ms_str header, const char *name, uint32_t nth,
    struct ms_header_field *field_out);
/* Is it ftext alone (RFC 5322 3.6.8), 1 to 76 octets? */
bool ms_header_name_is_valid(struct ms_str name);
/* RFC 5322 2.2.3: line breaks before white space are taken out; trimmed. */
struct ms_str ms_header_unfold(struct ms_arena *a, struct ms_str value);
/* Unfolded, comments taken out (RFC 5322 3.2.2), runs of space made one. */
struct ms_str ms_header_uncomment(struct ms_arena *a, struct ms_str value);
/* Adds "Name: value CRLF", folded at white space near 78 columns; CR, LF and
   NUL in value are made spaces. */
void ms_header_add(struct ms_buf *out, struct ms_str name, struct ms_str value);

/* RFC 2047: unfolded, encoded words decoded to UTF-8, adjoining ones joined;
   what can't be decoded stays as it is; stray 8-bit is UTF-8 if it is valid.
   The result is UTF-8 always, with spaces for CR, LF and NUL. */
struct ms_str ms_words_decode(struct ms_arena *a, struct ms_str text);
/* As one or more encoded words (UTF-8, B) if it is not ASCII, else as it is. */
void ms_words_encode(struct ms_buf *out, struct ms_str utf8);

/* "text/plain; charset=utf-8; name*0*=..." (RFC 2045 5.1, 2183, 2231). */
struct ms_param {
	struct ms_str name;	/* lower case, without RFC 2231's marks */
	struct ms_str value;	/* unquoted; RFC 2231 pieces joined, and decoded to
				   UTF-8 where they say a charset; encoded words
				   decoded (not in a boundary) */
};
struct ms_params {
	struct ms_str value;	/* "text/plain", "attachment": lower case, no spaces */
	const struct ms_param *params;	/* in order of first appearance */
	size_t        n;
};
/* Lenient; at most MS_MAX_PARAMS; continuations at most MS_MAX_PARAM_PIECES. */
void ms_params_parse(struct ms_arena *a, struct ms_str value,
    struct ms_params *params_out);
/* data NULL: not there. */
struct ms_str ms_params_get(const struct ms_params *p, const char *name);

/* "<a@b>" ids of Message-ID, In-Reply-To, References: without brackets.
   Cuts the next off *rest; false: no more. */
bool ms_message_id_next(struct ms_str *rest, struct ms_str *id_out);
/* RFC 5256 2.1: the base subject, from the decoded one. */
struct ms_str ms_base_subject(struct ms_arena *a, struct ms_str decoded);

#ifdef __cplusplus
}
#endif
#endif
