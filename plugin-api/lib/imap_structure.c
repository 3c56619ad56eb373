/* SPDX-License-Identifier: ISC */
/*
 * imap_structure.c - a message's tree of parts as IMAP's BODYSTRUCTURE
 *
 * RFC 9051 7.5.2 and 9 (RFC 3501 7.4.2 differs in message/global, which it
 * does not know).  Words are shown in the case they came in.  The grammar has
 * no place for parts that were not taken apart, so:
 *  - a multipart in which no delimiter line was found has one empty text;
 *  - a multipart that lies too deep is an application/octet-stream;
 *  - a message/rfc822 whose content is encoded, or which lies too deep, has
 *    an envelope of NILs and an empty text.
 */
#include "mime_internal.h"

#include <string.h>

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"

#define EMPTY_BODY	\
	"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0"
#define EMPTY_ENVELOPE	"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

/* Pieces of parameters, as they stand in the field. */
#define MAX_RAW (MS_MAX_PARAMS + MS_MAX_PARAM_PIECES)

struct raw_param {
	struct ms_str name;	/* "filename*0*" */
	struct ms_str value;	/* unquoted */
	struct ms_str base;	/* "filename" */
	uint64_t      section;	/* RFC 2231 3; NO_SECTION: not cut into any */
	bool          is_extended;	/* RFC 2231 4 */
	bool          is_done;	/* written, as a piece of another */
};
#define NO_SECTION	UINT64_MAX

struct raw_field {
	struct ms_str value;	/* "text/plain", without white space and comments */
	struct raw_param *params;
	size_t n, cap;
};

/* Past white space and comments (RFC 5322 3.2.2). */
static size_t
skip_cfws(struct ms_str s, size_t i)
{
	size_t depth = 0;

	for (; i < s.len; i++) {
		if (s.data[i] == '(')
			depth++;
		else if (depth == 0 && !ascii_is_blank(s.data[i]))
			return i;
		else if (s.data[i] == ')')
			depth--;
		else if (s.data[i] == '\\')
			i++;
	}
	return s.len;
}

/* From its opening quote; gives the offset after the closing one. */
static size_t
read_quoted(struct ms_arena *a, struct ms_str s, size_t i,
    struct ms_str *value_out)
{
	size_t from = ++i, len = 0;
	bool escaped = false;
	char *copy;

	for (; i < s.len && s.data[i] != '"'; i++)
		if (s.data[i] == '\\' && i + 1 < s.len) {
			escaped = true;
			i++;
		}
	*value_out = ms_str_of(s.data + from, i - from);
	if (escaped) {
		copy = ms_arena_alloc(a, i - from);
		for (size_t j = from; j < i; j++) {
			if (s.data[j] == '\\' && j + 1 < i)
				j++;
			copy[len++] = s.data[j];
		}
		*value_out = ms_str_of(copy, len);
	}
	return i < s.len ? i + 1 : i;
}

/* Up to the semicolon, as those write who forget the quotes ("my file.txt"),
   but without a comment. */
static size_t
read_unquoted(struct ms_str s, size_t i, struct ms_str *value_out)
{
	size_t from = i;

	while (i < s.len && s.data[i] != ';' &&
	    !(s.data[i] == '(' && (i == from || ascii_is_blank(s.data[i - 1]))))
		i++;
	*value_out = ms_str_trim(ms_str_of(s.data + from, i - from));
	return i;
}

/* "name", "name*", "name*0", "name*0*". */
static void
read_name(struct raw_param *p)
{
	struct ms_str rest;
	size_t star = ms_str_find_octet(p->name, '*');

	p->section = NO_SECTION;
	p->base = p->name;
	if (star == SIZE_MAX || star == 0)
		return;
	rest = ms_str_from(p->name, star + 1);
	if (rest.len > 0 && rest.data[rest.len - 1] == '*') {
		p->is_extended = true;
		rest.len--;
	}
	if (rest.len == 0)
		p->is_extended = true;
	else if (!ms_str_to_u64(rest, MAX_RAW, &p->section)) {
		p->is_extended = false;	/* some other name with a star */
		return;
	}
	p->base = ms_str_of(p->name.data, star);
}

static void
add_raw(struct ms_arena *a, struct raw_field *f, const struct raw_param *p)
{
	if (f->n == f->cap) {
		size_t cap = f->cap > 0 ? f->cap * 2 : 4;
		struct raw_param *more = ms_arena_array(a, cap, sizeof(*more));

		if (f->n > 0)
			memcpy(more, f->params, f->n * sizeof(*more));
		f->params = more;
		f->cap = cap;
	}
	f->params[f->n++] = *p;
}

/* RFC 2045 5.1, leniently: a semicolon may be missing or be too many. */
static void
read_params(struct ms_arena *a, struct ms_str s, struct raw_field *f)
{
	size_t i = 0;

	while (f->n < MAX_RAW) {
		struct raw_param p = { .is_done = false };
		size_t from;

		while ((i = skip_cfws(s, i)) < s.len && s.data[i] == ';')
			i++;
		if (i >= s.len)
			return;
		for (from = i; i < s.len && s.data[i] != '=' &&
		    s.data[i] != ';' && s.data[i] != '(' &&
		    !ascii_is_blank(s.data[i]); i++)
			;
		p.name = ms_str_of(s.data + from, i - from);
		i = skip_cfws(s, i);
		if (i >= s.len || s.data[i] != '=')
			continue;	/* a word alone */
		i = skip_cfws(s, i + 1);
		if (i < s.len && s.data[i] == '"')
			i = read_quoted(a, s, i, &p.value);
		else
			i = read_unquoted(s, i, &p.value);
		if (p.name.len == 0)
			continue;
		read_name(&p);
		add_raw(a, f, &p);
	}
}

static void
read_field(struct ms_arena *a, struct ms_str s, struct raw_field *f)
{
	size_t i = skip_cfws(s, 0), len = 0;
	char *value;

	f->params = NULL;
	f->n = f->cap = 0;
	value = ms_arena_alloc(a, s.len + 1);
	/* "text / plain" is one value, "multipart/mixed boundary=" has two. */
	while (i < s.len && s.data[i] != ';' && s.data[i] != '"') {
		size_t next = skip_cfws(s, i);

		if (next > i && len > 0 && next < s.len &&
		    s.data[next] != '/' && value[len - 1] != '/')
			break;
		i = next;
		if (i < s.len && s.data[i] != ';' && s.data[i] != '"')
			value[len++] = s.data[i++];
	}
	f->value = ms_str_of(value, len);
	read_params(a, ms_str_from(s, i), f);
}

/* RFC 2231 7: attribute-char. */
static bool
is_attribute_char(char c)
{
	return c > ' ' && c < 127 && memchr("*'%()<>@,;:\\\"/[]?=", c, 18) == NULL;
}

static void
add_percented(struct ms_buf *out, struct ms_str s)
{
	static const char hex[16] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (is_attribute_char(s.data[i])) {
			ms_buf_add_octet(out, s.data[i]);
			continue;
		}
		ms_buf_add_octet(out, '%');
		ms_buf_add_octet(out, hex[c >> 4]);
		ms_buf_add_octet(out, hex[c & 15]);
	}
}

/* The piece after the one given, of the same parameter. */
static struct raw_param *
next_piece(struct raw_field *f, struct ms_str base, uint64_t section)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->params[i].is_done && f->params[i].section == section &&
		    ms_str_equal_ci(f->params[i].base, base))
			return &f->params[i];
	return NULL;
}

static void
add_pair(struct ms_buf *out, struct ms_str name, struct ms_str value)
{
	ms_imap_nstring(out, name);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, value);
}

/*
 * RFC 9051 7.5.2: continuations are joined, so that "baz*0" and "baz*1" are
 * shown as "baz".  With character sets they are shown as "baz*", in the form
 * that RFC 2231 gives a value in one piece, charset'language'percented: that
 * is what a client can decode which takes the name by its word.
 */
static void
add_joined(struct raw_field *f, struct raw_param *first, struct ms_buf *out)
{
	MS_AUTO_BUF struct ms_buf name = MS_BUF_MAX(MS_MAX_FIELD_OCTETS);
	MS_AUTO_BUF struct ms_buf value = MS_BUF_MAX(3 * MS_MAX_FIELD_OCTETS);
	struct raw_param *pieces[MAX_RAW], *p = first;
	bool is_extended = false;
	size_t n = 0;

	for (; p != NULL && n < MAX_RAW; p = next_piece(f, first->base, n)) {
		pieces[n++] = p;
		p->is_done = true;
		is_extended = is_extended || p->is_extended;
	}
	if (is_extended && !pieces[0]->is_extended)
		ms_buf_add_c(&value, "''");	/* no charset was told */
	for (size_t i = 0; i < n; i++) {
		if (is_extended && !pieces[i]->is_extended)
			add_percented(&value, pieces[i]->value);
		else
			ms_buf_add(&value, pieces[i]->value);
	}
	ms_buf_add(&name, first->base);
	if (is_extended)
		ms_buf_add_octet(&name, '*');
	add_pair(out, ms_buf_str(&name), ms_buf_str(&value));
}

/* body-fld-param.  is_text: with the default charset, RFC 2045 5.2. */
static void
add_params(struct raw_field *f, bool is_text, struct ms_buf *out)
{
	bool has_charset = false;
	size_t n = 0;

	ms_buf_add_octet(out, ' ');
	for (size_t i = 0; i < f->n; i++) {
		struct raw_param *p = &f->params[i];

		/* A piece without the ones before it is shown as it came. */
		if (p->is_done || (p->section != NO_SECTION &&
		    p->section != 0 &&
		    next_piece(f, p->base, 0) != NULL))
			continue;
		ms_buf_add_octet(out, n++ == 0 ? '(' : ' ');
		if (p->section == 0)
			add_joined(f, p, out);
		else
			add_pair(out, p->name, p->value);
		p->is_done = true;
		has_charset = has_charset || ms_str_is_ci(p->base, "charset");
	}
	if (is_text && !has_charset) {
		ms_buf_add_octet(out, n++ == 0 ? '(' : ' ');
		ms_buf_add_c(out, "\"charset\" \"us-ascii\"");
	}
	ms_buf_add_c(out, n > 0 ? ")" : "NIL");
}

/* body-fld-dsp. */
static void
add_disposition(struct ms_arena *a, const struct ms_mime_part *part,
    struct ms_buf *out)
{
	struct raw_field f;

	ms_buf_add_octet(out, ' ');
	if (part->content_disposition.data == NULL) {
		ms_buf_add_c(out, "NIL");
		return;
	}
	read_field(a, part->content_disposition, &f);
	/* RFC 2183 2.8: a disposition that is not known is an attachment. */
	if (f.value.len == 0)
		f.value = ms_str_c("attachment");
	ms_buf_add_octet(out, '(');
	ms_imap_nstring(out, f.value);
	add_params(&f, false, out);
	ms_buf_add_octet(out, ')');
}

/* body-fld-lang, from RFC 3282's list. */
static void
add_language(struct ms_arena *a, const struct ms_mime_part *part,
    struct ms_buf *out)
{
	struct ms_str rest, word;
	size_t n = 0;

	ms_buf_add_octet(out, ' ');
	if (part->content_language.data != NULL) {
		rest = ms_header_uncomment(a, part->content_language);
		while (ms_str_split(&rest, ',', &word)) {
			word = ms_str_trim(word);
			if (word.len == 0)
				continue;
			ms_buf_add_octet(out, n++ == 0 ? '(' : ' ');
			ms_imap_nstring(out, word);
		}
	}
	ms_buf_add_c(out, n > 0 ? ")" : "NIL");
}

/* What extension data all parts have, body-ext-... after its first member. */
static void
add_extension(struct ms_arena *a, const struct ms_mime_part *part,
    struct ms_buf *out)
{
	add_disposition(a, part, out);
	add_language(a, part, out);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, part->content_location);
}

/* Reads the type's field; gives type and subtype as they came.  What was put
   in its place (mime_part.c) has no parameters. */
static void
read_type(struct ms_arena *a, const struct ms_mime_part *part,
    struct raw_field *f, struct ms_str *major_out, struct ms_str *minor_out)
{
	struct ms_str value = part->type.value;
	size_t slash;

	f->n = 0;
	if (part->content_type.data != NULL) {
		read_field(a, part->content_type, f);
		if (ms_str_equal_ci(f->value, value))
			value = f->value;
		else
			f->n = 0;
	}
	if (mime_type_is(part, "multipart/") && !part->is_multipart) {
		value = ms_str_c("application/octet-stream");
		f->n = 0;
	}
	slash = ms_str_find_octet(value, '/');	/* there is one: mime_part.c */
	*major_out = ms_str_sub(value, 0, slash);
	*minor_out = ms_str_from(value, slash + 1);
}

/* body-fields and what follows them, up to the extension data; a message that
   was taken apart up to the structure of the one inside. */
static void
begin_leaf(struct ms_arena *a, const struct ms_mime *m,
    const struct ms_mime_part *part, bool extensible, struct ms_buf *out)
{
	struct raw_field f;
	struct ms_str major, minor, encoding = { NULL, 0 };

	read_type(a, part, &f, &major, &minor);
	ms_imap_nstring(out, major);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, minor);
	add_params(&f, mime_type_is(part, "text/"), out);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, part->content_id);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, part->content_description);
	ms_buf_add_octet(out, ' ');
	if (part->content_encoding.data != NULL)
		encoding = mime_encoding_token(a, part->content_encoding);
	ms_imap_nstring(out, encoding.len > 0 ? encoding : ms_str_c("7bit"));
	ms_buf_add_octet(out, ' ');
	ms_buf_add_u64(out, part->body_octets);
	if (part->is_message) {
		ms_buf_add_octet(out, ' ');
		ms_imap_envelope(a, m->parts[part->first_child].header, out);
		ms_buf_add_octet(out, ' ');
	} else if (mime_type_is_message(part)) {
		ms_buf_add_c(out, " " EMPTY_ENVELOPE " " EMPTY_BODY);
		ms_buf_add_c(out, extensible ? " NIL NIL NIL NIL)" : ")");
	}
}

static void
end_leaf(struct ms_arena *a, const struct ms_mime_part *part, bool extensible,
    struct ms_buf *out)
{
	if (mime_type_is_message(part) || mime_type_is(part, "text/")) {
		ms_buf_add_octet(out, ' ');
		ms_buf_add_u64(out, part->body_lines);
	}
	if (extensible) {
		ms_buf_add_octet(out, ' ');
		ms_imap_nstring(out, part->content_md5);
		add_extension(a, part, out);
	}
}

static void
end_multipart(struct ms_arena *a, const struct ms_mime_part *part,
    bool extensible, struct ms_buf *out)
{
	struct raw_field f;
	struct ms_str major, minor;

	if (part->n_children == 0) {
		ms_buf_add_c(out, EMPTY_BODY);
		ms_buf_add_c(out, extensible ? " NIL NIL NIL NIL)" : ")");
	}
	read_type(a, part, &f, &major, &minor);
	ms_buf_add_octet(out, ' ');
	ms_imap_nstring(out, minor);
	if (extensible) {
		add_params(&f, false, out);
		add_extension(a, part, out);
	}
}

void
ms_imap_body_structure(struct ms_arena *a, const struct ms_mime *m,
    bool extensible, struct ms_buf *out)
{
	uint32_t at = 0;

	for (;;) {
		const struct ms_mime_part *part = &m->parts[at];

		ms_buf_add_octet(out, '(');
		if (!part->is_multipart)
			begin_leaf(a, m, part, extensible, out);
		if (part->first_child != MS_NO_PART) {
			at = part->first_child;
			continue;
		}
		for (;;) {
			if (part->is_multipart)
				end_multipart(a, part, extensible, out);
			else
				end_leaf(a, part, extensible, out);
			ms_buf_add_octet(out, ')');
			if (part->next != MS_NO_PART)
				break;
			if (part->parent == MS_NO_PART)
				return;
			part = &m->parts[part->parent];
		}
		at = part->next;
	}
}
