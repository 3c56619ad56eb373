/* SPDX-License-Identifier: ISC */
/*
 * error.h - filling in a struct ms_error
 *
 * `return ms_error_set(err, MS_TEMPFAIL, "4.3.1", "disk full");`  All accept
 * err NULL and cut what does not fit at a whole UTF-8 sequence; CR, LF and
 * other controls become spaces, so that an error is one line wherever it is
 * shown.
 */
#ifndef MANSIO_ERROR_H
#define MANSIO_ERROR_H

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_ERROR_INIT { .size = sizeof(struct ms_error) }

/* Returns status.  enhanced: RFC 3463, or "". */
ms_status ms_error_set(struct ms_error *err, ms_status status,
    const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The text, ": " and strerror(errno).  ENOSPC and EDQUOT: MS_TEMPFAIL 4.3.1;
   ENOENT: MS_NOTFOUND; all else MS_TEMPFAIL 4.3.0. */
ms_status ms_error_errno(struct ms_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts text and ": " before what is there; returns status. */
ms_status ms_error_prefix(struct ms_error *err, ms_status status,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "TEMPFAIL": for logs. */
const char *ms_status_name(ms_status status);

#ifdef __cplusplus
}
#endif
#endif
