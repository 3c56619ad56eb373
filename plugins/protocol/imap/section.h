/* SPDX-License-Identifier: ISC */
/*
 * section.h - the section of BODY[...] and BINARY[...]: which octets of a
 * message it names (RFC 3501 6.4.5, RFC 3516)
 */
#ifndef IMAP_SECTION_H
#define IMAP_SECTION_H

#include "message.h"
#include "session.h"

enum {
	SECTION_ALL = 1, SECTION_HEADER, SECTION_FIELDS, SECTION_FIELDS_NOT,
	SECTION_TEXT, SECTION_MIME,
	SECTION_BINARY, SECTION_BINARY_SIZE
};

#define SECTION_MAX_NUMBERS	(MS_MAX_MIME_DEPTH + 1)
#define SECTION_MAX_FIELDS	200

struct section {
	uint32_t             kind;
	uint32_t             n_numbers;
	const uint32_t      *numbers;
	const struct ms_str *fields;
	size_t               n_fields;
	bool                 has_partial;
	bool                 is_peek;
	uint32_t             offset, octets;	/* of the partial */
	struct ms_str        label;	/* "BODY[1.2.MIME]<0>", for the response */
};

/* From the "[" on, with the partial after it.  name: "BODY", "BINARY" or
   "BINARY.SIZE". */
bool section_parse(struct parse *p, const char *name, struct section *s_out);

/* Everything that can fail before the response begins. */
ms_status section_prepare(struct message *m, const struct section *s,
    struct ms_error *err);
/* The value: an nstring, a number for BINARY.SIZE.  MS_UNSUPPORTED: an
   encoding that is not known (RFC 3516, UNKNOWN-CTE). */
ms_status section_put(struct message *m, const struct section *s,
    struct ms_error *err);

/* The header's fields that are named (or are not), with the empty line. */
struct ms_str section_pick_fields(struct ms_arena *arena, struct ms_str header,
    const struct ms_str *fields, size_t n, bool is_not);

#endif
