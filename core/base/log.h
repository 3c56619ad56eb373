/* SPDX-License-Identifier: ISC */
/*
 * log.h - one record, told as text or JSON
 *
 * A record is a level, the scope's id, a sentence and fields.  It is
 * formatted by whoever logs and written by a thread of its own; a full queue
 * drops and counts.  Before log_start() records go to stderr at once.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdbool.h>

#include <mansio/log.h>

struct log_options {
	const char *to;		/* "stderr:", "file:/path", "syslog:" */
	bool        json;
	uint32_t    level;	/* MS_LOG_... */
};

/* MS_INVALID or MS_TEMPFAIL: where it should go cannot be had. */
ms_status log_start(const struct log_options *options, struct ms_error *err);
/* Writes out what waits. */
void log_stop(void);
/* Opens the file anew (after a rotation). */
void log_reopen(void);

bool log_wants(uint32_t level);
/* fields end where n says.  scope NULL: no id. */
void log_write(const struct ms_scope *scope, uint32_t level, const char *text,
    const struct ms_field *fields, size_t n);
/* A sentence made by printf, without fields. */
void log_printf(const struct ms_scope *scope, uint32_t level,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fields on the stack: struct ms_field f[] = { LOG_STR("to", path), ... }; */
#define LOG_STR(n, v) { MS_STR(n), (v) }

/* Service ms.log/1. */
extern const struct ms_log log_service;

#endif
