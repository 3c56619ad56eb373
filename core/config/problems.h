/* SPDX-License-Identifier: ISC */
/*
 * problems.h - everything that is wrong with a configuration, in one list
 *
 * Whoever finds something adds it and goes on, so that an admin sees all
 * mistakes in one run.  Texts and file names are copied.  Not locked: the
 * configuration is read by one thread.
 */
#ifndef CORE_CONFIG_PROBLEMS_H
#define CORE_CONFIG_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

#include <mansio/buf.h>
#include <mansio/json.h>

#define PROBLEMS_MAX	200	/* kept; more are counted */

enum { PROBLEM_ERROR = 1, PROBLEM_WARNING };

/* Where something stands.  line and column count from 1 (columns in
   characters); 0: the file as a whole, the line as a whole. */
struct position {
	const char *file;
	uint32_t    line, column;
};

struct problem {
	struct position at;
	uint32_t        severity;	/* PROBLEM_... */
	const char     *text;		/* one line, without position */
};

struct problems;

struct problems *problems_new(void);
void problems_free(struct problems *p);

void problems_error(struct problems *p, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problems_warning(struct problems *p, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All that were found, also those beyond PROBLEMS_MAX. */
size_t problems_errors(const struct problems *p);
size_t problems_warnings(const struct problems *p);

/* Forgets what came after a mark: a pass is repeated. */
struct problems_mark {
	size_t kept, errors, warnings;
};
struct problems_mark problems_mark(const struct problems *p);
void problems_rewind(struct problems *p, struct problems_mark to);

/* Orders by file (in the order of first mention) and line.  The i-th one
   kept, NULL past the last. */
void problems_sort(struct problems *p);
const struct problem *problems_at(const struct problems *p, size_t i);

/* "FILE:LINE:COLUMN: error: TEXT", a line each, and how many were left out. */
void problems_text(const struct problems *p, struct ms_buf *out);
/* An array of objects file, line, column, severity, text. */
void problems_json(const struct problems *p, struct ms_json *out, const char *name);

/* "FILE:LINE", without the line if there is none: for messages. */
void position_text(struct position at, struct ms_buf *out);

#endif
