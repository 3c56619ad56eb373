/* SPDX-License-Identifier: ISC */
/* overlay.c - see overlay.h */
#include "pipeline/overlay.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "base/blob.h"

ms_status
overlay_read(struct overlay *o, struct ms_arena *arena, struct ms_blob *body,
    struct ms_error *err)
{
	char *octets = NULL;
	size_t want = 4096, n = 0;
	struct ms_header_field field;
	struct ms_str rest;
	ms_status st;

	if (o->is_read)
		return MS_OK;
	if (body == NULL)
		return ms_error_set(err, MS_INVALID, "", "the body has not come yet");
	/* Most headers fit into the first look; the second takes all of a large
	   one, the third what is allowed at most. */
	for (;;) {
		octets = ms_arena_alloc(arena, want);
		st = blob_read(body, 0, octets, want, &n, err);
		if (st != MS_OK)
			return st;
		o->header_octets = ms_header_octets(ms_str_of(octets, n));
		if (o->header_octets < n || n < want || want >= MS_MAX_HEADER_OCTETS)
			break;
		want *= 8;
		if (want > MS_MAX_HEADER_OCTETS)
			want = MS_MAX_HEADER_OCTETS;
	}
	o->header = ms_str_of(octets, (size_t)o->header_octets);
	o->n_fields = 0;
	rest = o->header;
	while (ms_header_next(&rest, &field))
		o->n_fields++;
	o->is_read = true;
	return MS_OK;
}

void
overlay_forget(struct overlay *o)
{
	struct overlay_field *prepended = o->prepended;

	memset(o, 0, sizeof(*o));
	o->prepended = prepended;
}

static ms_status
take_apart(struct overlay *o, struct ms_arena *arena, struct ms_blob *body,
    struct ms_error *err)
{
	struct overlay_field **last = &o->fields;
	struct ms_header_field field;
	struct ms_str rest;
	ms_status st = overlay_read(o, arena, body, err);

	if (st != MS_OK || o->is_apart)
		return st;
	rest = o->header;
	while (ms_header_next(&rest, &field)) {
		struct overlay_field *f = ms_arena_alloc(arena, sizeof(*f));

		f->name = field.name;
		f->whole = field.whole;
		if (!ms_str_has_suffix(f->whole, (struct ms_str)MS_STR("\n")))
			f->whole = ms_arena_printf(arena, "%.*s\r\n",
			    (int)field.whole.len, field.whole.data);
		*last = f;
		last = &f->next;
	}
	o->is_apart = true;
	return MS_OK;
}

/* CR, LF and NUL only where folding has them: CRLF before white space. */
static bool
is_injection(struct ms_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '\0' || c == '\n')
			return true;
		if (c != '\r')
			continue;
		if (i + 2 >= value.len || value.data[i + 1] != '\n' ||
		    (value.data[i + 2] != ' ' && value.data[i + 2] != '\t'))
			return true;
		i += 1;
	}
	return false;
}

static struct overlay_field *
field_new(struct ms_arena *arena, struct ms_str name, struct ms_str value)
{
	struct overlay_field *f = ms_arena_alloc(arena, sizeof(*f));
	struct ms_buf b = MS_BUF_MAX(2 * MS_MAX_FIELD_OCTETS);

	f->name = ms_arena_str(arena, name);
	if (ms_str_find_octet(value, '\r') != SIZE_MAX) {	/* folded already */
		ms_buf_add(&b, name);
		ms_buf_add_c(&b, ": ");
		ms_buf_add(&b, value);
		ms_buf_add_c(&b, "\r\n");
	} else {
		ms_header_add(&b, name, value);
	}
	f->whole = ms_arena_str(arena, ms_buf_str(&b));
	ms_buf_free(&b);
	return f;
}

static struct overlay_field **
find_nth(struct overlay_field **at, struct ms_str name, int32_t nth)
{
	for (; *at != NULL; at = &(*at)->next)
		if ((name.len == 0 || ms_str_equal_ci((*at)->name, name)) && nth-- == 0)
			break;
	return at;
}

static void
remove_all(struct overlay_field **at, struct ms_str name)
{
	while (*at != NULL)
		if (ms_str_equal_ci((*at)->name, name))
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

static int32_t
count_named(const struct overlay_field *f, struct ms_str name)
{
	int32_t n = 0;

	for (; f != NULL; f = f->next)
		n += name.len == 0 || ms_str_equal_ci(f->name, name);
	return n;
}

/* The nth of that name over both lists. */
static struct overlay_field **
find_in_both(struct overlay *o, struct ms_str name, int32_t nth)
{
	int32_t above = count_named(o->prepended, name);

	return nth < above ? find_nth(&o->prepended, name, nth) :
	    find_nth(&o->fields, name, nth - above);
}

ms_status
overlay_edit(struct overlay *o, struct ms_arena *arena, struct ms_blob *body,
    uint32_t edit, struct ms_str name, int32_t nth, struct ms_str value,
    struct ms_error *err)
{
	struct overlay_field *f, **at;
	ms_status st;

	if (!ms_header_name_is_valid(name) || value.len > MS_MAX_FIELD_OCTETS ||
	    is_injection(value))
		return ms_error_set(err, MS_INVALID, "", "not a header field");
	if (edit == MS_HEADER_PREPEND) {
		f = field_new(arena, name, value);
		f->next = o->prepended;
		o->prepended = f;
		return MS_OK;
	}
	if ((st = take_apart(o, arena, body, err)) != MS_OK)
		return st;
	switch (edit) {
	case MS_HEADER_APPEND:
	case MS_HEADER_INSERT:
		f = field_new(arena, name, value);
		at = edit == MS_HEADER_APPEND ? find_nth(&o->fields, (struct ms_str){ "", 0 }, INT32_MAX) :
		    find_in_both(o, (struct ms_str){ "", 0 }, nth < 0 ? 0 : nth);
		f->next = *at;
		*at = f;
		return MS_OK;
	case MS_HEADER_CHANGE:
		at = find_in_both(o, name, nth < 0 ? 0 : nth);
		if (*at == NULL)
			return ms_error_set(err, MS_NOTFOUND, "", "no such field");
		f = field_new(arena, name, value);
		f->next = (*at)->next;
		*at = f;
		return MS_OK;
	case MS_HEADER_REMOVE:
		if (nth == -1) {
			remove_all(&o->prepended, name);
			remove_all(&o->fields, name);
			return MS_OK;
		}
		at = find_in_both(o, name, nth);
		if (*at == NULL)
			return ms_error_set(err, MS_NOTFOUND, "", "no such field");
		*at = (*at)->next;
		return MS_OK;
	default:
		return ms_error_set(err, MS_INVALID, "", "no such edit");
	}
}

static struct ms_str
value_of(struct ms_str whole)
{
	struct ms_header_field field;

	if (!ms_header_next(&whole, &field))
		return ms_str_of("", 0);
	return field.value;
}

ms_status
overlay_find(struct overlay *o, struct ms_arena *arena, struct ms_blob *body,
    struct ms_str name, uint32_t nth, struct ms_field *field_out,
    struct ms_error *err)
{
	struct overlay_field **at;
	struct ms_header_field field;
	struct ms_str rest;
	int32_t above = count_named(o->prepended, name);
	ms_status st;

	if (nth > INT32_MAX)
		return ms_error_set(err, MS_NOTFOUND, "", "no such field");
	if (o->is_apart || (int32_t)nth < above) {
		at = find_in_both(o, name, (int32_t)nth);
		if (*at == NULL)
			return ms_error_set(err, MS_NOTFOUND, "", "no such field");
		*field_out = (struct ms_field){ (*at)->name, value_of((*at)->whole) };
		return MS_OK;
	}
	if ((st = overlay_read(o, arena, body, err)) != MS_OK)
		return st;
	nth -= (uint32_t)above;
	rest = o->header;
	while (ms_header_next(&rest, &field))
		if ((name.len == 0 || ms_str_equal_ci(field.name, name)) && nth-- == 0) {
			*field_out = (struct ms_field){ field.name, field.value };
			return MS_OK;
		}
	return ms_error_set(err, MS_NOTFOUND, "", "no such field");
}

uint32_t
overlay_count(struct overlay *o, struct ms_arena *arena, struct ms_blob *body)
{
	struct ms_str any = { "", 0 };
	uint32_t n = (uint32_t)count_named(o->prepended, any);

	if (o->is_apart)
		return n + (uint32_t)count_named(o->fields, any);
	if (body == NULL || overlay_read(o, arena, body, NULL) != MS_OK)
		return n;
	return n + o->n_fields;
}

void
overlay_front(const struct overlay *o, struct ms_buf *front, uint64_t *skip_out)
{
	for (const struct overlay_field *f = o->prepended; f != NULL; f = f->next)
		ms_buf_add(front, f->whole);
	*skip_out = 0;
	if (!o->is_apart)
		return;
	for (const struct overlay_field *f = o->fields; f != NULL; f = f->next)
		ms_buf_add(front, f->whole);
	/* The empty line goes with the header that it ended; a header that ran
	   to the end of the message had none, and gets none. */
	if (o->header_octets > 0 && o->header.len >= 2 &&
	    o->header.data[o->header.len - 1] == '\n' &&
	    (o->header.len == 2 || o->header.data[o->header.len - 2] == '\n' ||
		(o->header.len >= 3 && o->header.data[o->header.len - 3] == '\n')))
		ms_buf_add_c(front, "\r\n");
	*skip_out = o->header_octets;
}

bool
overlay_is_empty(const struct overlay *o)
{
	return o->prepended == NULL && !o->is_apart;
}
