/* SPDX-License-Identifier: ISC */
/*
 * json.h - writing JSON (RFC 8259), one object after the other, into a buf
 *
 * A writer only: log records, command output.  Text that is not UTF-8 is
 * shown with U+FFFD for each bad octet.
 */
#ifndef MANSIO_JSON_H
#define MANSIO_JSON_H

#include <stdbool.h>

#include <mansio/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_json {
	struct ms_buf *out;
	uint32_t depth;		/* at most 16 */
	uint32_t begun;		/* bit a level: a comma is due */
};

static inline struct ms_json
ms_json_to(struct ms_buf *out)
{
	struct ms_json j = { out, 0, 0 };

	return j;
}
/* name NULL: within an array or at the top. */
void ms_json_object(struct ms_json *j, const char *name);
void ms_json_array(struct ms_json *j, const char *name);
void ms_json_end(struct ms_json *j);		/* of either */
void ms_json_str(struct ms_json *j, const char *name, struct ms_str value);
void ms_json_c(struct ms_json *j, const char *name, const char *value);
void ms_json_i64(struct ms_json *j, const char *name, int64_t value);
void ms_json_u64(struct ms_json *j, const char *name, uint64_t value);
void ms_json_bool(struct ms_json *j, const char *name, bool value);
void ms_json_null(struct ms_json *j, const char *name);
/* The quoted string alone. */
void ms_json_quote(struct ms_buf *out, struct ms_str value);

#ifdef __cplusplus
}
#endif
#endif
