/* SPDX-License-Identifier: ISC */
/* overlay.c - a header with edits: fields in a list, above them what was
   prepended, which also stays when the body is replaced */
#include "internal.h"

#include <mansio/error.h>
#include <mansio/header.h>
#include <mansio/limits.h>

void
overlay_read(struct overlay *o, struct ms_arena *a, struct ms_str content)
{
	struct overlay_field **last = &o->fields;
	struct ms_header_field field;
	struct ms_str rest;

	if (o->is_apart)
		return;
	o->octets = ms_header_octets(content);
	rest = ms_str_sub(content, 0, o->octets);
	o->has_end = ms_str_is(rest, "\r\n") || ms_str_is(rest, "\n") ||
	    ms_str_has_suffix(rest, (struct ms_str)MS_STR("\n\r\n")) ||
	    ms_str_has_suffix(rest, (struct ms_str)MS_STR("\n\n"));
	while (ms_header_next(&rest, &field)) {
		struct overlay_field *f = ms_arena_alloc(a, sizeof(*f));

		f->name = ms_arena_str(a, field.name);
		f->whole = ms_arena_str(a, field.whole);
		if (!ms_str_has_suffix(f->whole, (struct ms_str)MS_STR("\n")))
			f->whole = ms_arena_printf(a, "%s\r\n", f->whole.data);
		*last = f;
		last = &f->next;
	}
	o->is_apart = true;
}

/* CR, LF and NUL only where folding has them: CRLF before white space. */
static bool
is_injection(struct ms_str v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] == '\0' || v.data[i] == '\n')
			return true;
		if (v.data[i] != '\r')
			continue;
		if (i + 2 >= v.len || v.data[i + 1] != '\n' ||
		    (v.data[i + 2] != ' ' && v.data[i + 2] != '\t'))
			return true;
		i++;
	}
	return false;
}

static struct overlay_field *
field_new(struct ms_arena *a, struct ms_str name, struct ms_str value)
{
	struct overlay_field *f = ms_arena_alloc(a, sizeof(*f));
	struct ms_buf b = MS_BUF_MAX(4 * MS_MAX_FIELD_OCTETS);

	f->name = ms_arena_str(a, name);
	if (ms_str_find_octet(value, '\r') != SIZE_MAX) {	/* folded already */
		ms_buf_add(&b, name);
		ms_buf_add_c(&b, ": ");
		ms_buf_add(&b, value);
		ms_buf_add_c(&b, "\r\n");
	} else {
		ms_header_add(&b, name, value);
	}
	f->whole = ms_arena_str(a, ms_buf_str(&b));
	ms_buf_free(&b);
	return f;
}

static bool
is_named(const struct overlay_field *f, struct ms_str name)
{
	return name.len == 0 || ms_str_equal_ci(f->name, name);
}

/* The nth of that name, first in the one list, then in the other. */
static struct overlay_field **
find(struct overlay *o, struct ms_str name, int32_t nth)
{
	struct overlay_field **at = &o->prepended;

	for (; *at != NULL; at = &(*at)->next)
		if (is_named(*at, name) && nth-- == 0)
			return at;
	for (at = &o->fields; *at != NULL; at = &(*at)->next)
		if (is_named(*at, name) && nth-- == 0)
			return at;
	return at;
}

static void
remove_all(struct overlay_field **at, struct ms_str name)
{
	while (*at != NULL)
		if (is_named(*at, name))
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

ms_status
overlay_edit(struct overlay *o, struct ms_arena *a, uint32_t edit,
    struct ms_str name, int32_t nth, struct ms_str value, struct ms_error *err)
{
	struct overlay_field *f, **at;

	if (!ms_header_name_is_valid(name) || value.len > MS_MAX_FIELD_OCTETS ||
	    is_injection(value))
		return ms_error_set(err, MS_INVALID, "", "not a header field");
	if (edit < MS_HEADER_PREPEND || edit > MS_HEADER_REMOVE)
		mock_die("edit_header() with the unknown edit %u", (unsigned)edit);
	f = field_new(a, name, value);
	switch (edit) {
	case MS_HEADER_PREPEND:
		f->next = o->prepended;
		o->prepended = f;
		return MS_OK;
	case MS_HEADER_APPEND:
	case MS_HEADER_INSERT:
		at = find(o, ms_str_of("", 0), edit == MS_HEADER_APPEND ? INT32_MAX :
		    nth < 0 ? 0 : nth);
		f->next = *at;
		*at = f;
		return MS_OK;
	default:
		break;
	}
	if (edit == MS_HEADER_REMOVE && nth == -1) {
		remove_all(&o->prepended, name);
		remove_all(&o->fields, name);
		return MS_OK;
	}
	at = find(o, name, nth < 0 ? 0 : nth);
	if (*at == NULL)
		return ms_error_set(err, MS_NOTFOUND, "", "no such field");
	f->next = (*at)->next;
	*at = edit == MS_HEADER_CHANGE ? f : (*at)->next;
	return MS_OK;
}

const struct overlay_field *
overlay_find(const struct overlay *o, struct ms_str name, uint32_t nth)
{
	if (nth > INT32_MAX)
		return NULL;
	return *find((struct overlay *)(uintptr_t)o, name, (int32_t)nth);
}

uint32_t
overlay_count(const struct overlay *o)
{
	uint32_t n = 0;

	for (const struct overlay_field *f = o->prepended; f != NULL; f = f->next)
		n++;
	for (const struct overlay_field *f = o->fields; f != NULL; f = f->next)
		n++;
	return n;
}

void
overlay_write(const struct overlay *o, bool with_fields, struct ms_buf *out)
{
	for (const struct overlay_field *f = o->prepended; f != NULL; f = f->next)
		ms_buf_add(out, f->whole);
	if (!with_fields)
		return;
	for (const struct overlay_field *f = o->fields; f != NULL; f = f->next)
		ms_buf_add(out, f->whole);
	if (o->has_end)
		ms_buf_add_c(out, "\r\n");
}
