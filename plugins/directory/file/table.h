/* SPDX-License-Identifier: ISC */
/*
 * table.h - one text file of entries, in memory
 *
 * A line an entry: "key: name=value; name=value".  '#' begins a comment line;
 * ';', '%' and controls within a value stand as %3B, %25, %0A ...  Keys are
 * hashed under a key of chance.  A table does not change: an edit makes the
 * text anew, the file is replaced as a whole, and read again.
 */
#ifndef FILE_TABLE_H
#define FILE_TABLE_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/directory.h>

#define TABLE_MAX_OCTETS	(256 * 1024 * 1024)
#define TABLE_MAX_LINE		(64 * 1024)

struct table_entry {
	struct table_entry *next;	/* in its bucket */
	struct ms_str       key;
	const struct ms_field *fields;
	size_t              n_fields;
};

struct table {
	struct ms_arena     *arena;	/* all below */
	struct table_entry **buckets;
	size_t               n_buckets, n;
	struct table_entry **sorted;	/* by key */
};

/* name is for messages ("users"); an error names the line. */
ms_status table_parse(struct ms_str text, const char *name, const uint8_t hash_key[16],
    struct table **table_out, struct ms_error *err);
void table_free(struct table *t);		/* accepts NULL */
const struct table_entry *table_find(const struct table *t, const uint8_t hash_key[16],
    struct ms_str key);
/* The index in `sorted` of the first key above `after`. */
size_t table_after(const struct table *t, struct ms_str after);
struct ms_str table_field(const struct table_entry *e, const char *name);

/* The text without the entry of that key, and with this line ("": none) in its
   place, else at the end. */
void table_replace(struct ms_str text, struct ms_str key, struct ms_str line,
    struct ms_buf *out);

/* One entry as its line. */
void table_print(struct ms_buf *out, struct ms_str key, const struct ms_field *fields,
    size_t n);

#endif
