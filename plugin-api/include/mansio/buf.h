/* SPDX-License-Identifier: ISC */
/*
 * buf.h - octets that grow up to a stated maximum
 *
 * The creator says how large it may become; past that, or without memory,
 * it fails once and for all: later additions change nothing, and whoever
 * made it asks ms_buf_ok() at the end.  So building text needs one check.
 * Not locked; the owner calls ms_buf_free() (also for an unused one).
 */
#ifndef MANSIO_BUF_H
#define MANSIO_BUF_H

#include <stdarg.h>
#include <stdbool.h>

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_buf {
	char  *data;		/* NUL follows the last octet, not counted */
	size_t len, cap;
	size_t max;		/* octets */
	bool   failed;
};

/* struct ms_buf line = MS_BUF_MAX(1000); */
#define MS_BUF_MAX(octets) { NULL, 0, 0, (octets), false }
#define MS_AUTO_BUF __attribute__((cleanup(ms_buf_free)))

void ms_buf_free(struct ms_buf *b);
/* Empties it and forgets a failure; keeps the memory. */
void ms_buf_reset(struct ms_buf *b);
static inline bool
ms_buf_ok(const struct ms_buf *b)
{
	return !b->failed;
}
static inline struct ms_str
ms_buf_str(const struct ms_buf *b)
{
	struct ms_str s = { b->data != NULL ? b->data : "", b->len };

	return s;
}

void ms_buf_add(struct ms_buf *b, struct ms_str octets);
void ms_buf_add_c(struct ms_buf *b, const char *s);
void ms_buf_add_octet(struct ms_buf *b, char c);
/* Decimal, without a printf on the way. */
void ms_buf_add_u64(struct ms_buf *b, uint64_t value);
void ms_buf_addf(struct ms_buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ms_buf_addv(struct ms_buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Room for so many octets at the end, NULL if it can't be; used ones are
   then counted by ms_buf_grown(). */
char *ms_buf_room(struct ms_buf *b, size_t octets);
void ms_buf_grown(struct ms_buf *b, size_t octets);
/* Drops octets from the front. */
void ms_buf_consume(struct ms_buf *b, size_t octets);
/* Gives the memory back if nothing is in it. */
void ms_buf_trim(struct ms_buf *b);

#ifdef __cplusplus
}
#endif
#endif
