/* SPDX-License-Identifier: ISC */
/*
 * log.h - telling people and programs what happened
 *
 * Code that decides logs, once; code that detects returns an error.  The
 * scope's id stands on each record by itself.  A record is a sentence and
 * named fields; text and JSON are made from the same record.
 */
#ifndef MANSIO_LOG_H
#define MANSIO_LOG_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MS_LOG_TRACE = 0,	/* kept with the message's story, not in the log:
				   DNS answers used, rules that matched */
	MS_LOG_DEBUG,
	MS_LOG_INFO,
	MS_LOG_WARNING,
	MS_LOG_ERROR
};

#define MS_LOG_ID "ms.log/1"
struct ms_log {
	uint32_t size;
	/* [any] Copies everything; drops and counts when the log is full.
	   Never a secret, never a body. */
	void (*write)(const struct ms_scope *, uint32_t level, const char *text,
	    const struct ms_field *fields, size_t n);
	/* [any] 1 if a record of that level would be kept: ask before costly
	   formatting. */
	uint32_t (*wants)(const struct ms_scope *, uint32_t level);
};

#ifdef __cplusplus
}
#endif
#endif
