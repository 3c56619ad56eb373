/* SPDX-License-Identifier: ISC */
/*
 * overlay.h - header changes over a body that never changes
 *
 * Fields prepended are kept apart, so that the common case (trace fields
 * above an untouched header) copies nothing.  The first other edit takes the
 * body's own header apart into a list of fields.
 */
#ifndef CORE_PIPELINE_OVERLAY_H
#define CORE_PIPELINE_OVERLAY_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/message.h>

struct overlay_field {
	struct overlay_field *next;
	struct ms_str name;
	struct ms_str whole;		/* "Name: value CRLF" */
};

struct overlay {
	struct overlay_field *prepended;	/* topmost first */
	struct overlay_field *fields;	/* the body's header, edited; if is_apart */
	bool     is_apart;
	uint64_t header_octets;		/* of the body, with its empty line */
	bool     is_read;		/* `header` below was read */
	struct ms_str header;		/* the body's, in the arena */
	uint32_t n_fields;		/* in it */
};

/* Reads the body's header (bounded by limits.h) into the arena, once. */
ms_status overlay_read(struct overlay *o, struct ms_arena *arena,
    struct ms_blob *body, struct ms_error *err);
/* The body is another one now, with a header of its own. */
void overlay_forget(struct overlay *o);
ms_status overlay_edit(struct overlay *o, struct ms_arena *arena,
    struct ms_blob *body, uint32_t edit, struct ms_str name, int32_t nth,
    struct ms_str value, struct ms_error *err);
/* The nth field of that name ("" any): as a view; MS_NOTFOUND. */
ms_status overlay_find(struct overlay *o, struct ms_arena *arena,
    struct ms_blob *body, struct ms_str name, uint32_t nth,
    struct ms_field *field_out, struct ms_error *err);
uint32_t overlay_count(struct overlay *o, struct ms_arena *arena,
    struct ms_blob *body);
/* What stands before the rest of the body, and how much of the body it
   replaces. */
void overlay_front(const struct overlay *o, struct ms_buf *front_out,
    uint64_t *skip_out);
bool overlay_is_empty(const struct overlay *o);

#endif
