/* SPDX-License-Identifier: ISC */
/* error.c - see error.h */
#include <mansio/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "utf8_sequence.h"

#define TEXT_OCTETS sizeof(((struct ms_error *)NULL)->text)

/* Cuts after the last whole sequence that fits; makes it one line. */
static void
error_put_text(struct ms_error *err, const char *text)
{
	size_t left = strlen(text), at = 0;

	while (left > 0) {
		size_t n = utf8_sequence(text, left);
		unsigned char c = (unsigned char)text[0];
		bool is_control = c < 0x20 || c == 0x7f ||
		    (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0);

		if (at + (n > 0 ? n : 1) >= TEXT_OCTETS)
			break;
		if (n == 0)
			err->text[at++] = '?';
		else if (is_control)
			err->text[at++] = ' ';
		else
			for (size_t i = 0; i < n; i++)
				err->text[at++] = text[i];
		n = n > 0 ? n : 1;
		text += n;
		left -= n;
	}
	err->text[at] = '\0';
}

static void
error_put_enhanced(struct ms_error *err, const char *enhanced)
{
	size_t n = enhanced != NULL ? strnlen(enhanced, sizeof(err->enhanced) - 1) : 0;

	if (n > 0)
		memcpy(err->enhanced, enhanced, n);
	err->enhanced[n] = '\0';
}

static bool
error_is_wanted(const struct ms_error *err)
{
	return err != NULL && MS_REACHES(err, text);
}

ms_status
ms_error_set(struct ms_error *err, ms_status status, const char *enhanced,
    const char *format, ...)
{
	char text[4 * TEXT_OCTETS];
	va_list args;

	if (!error_is_wanted(err))
		return status;
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	error_put_enhanced(err, enhanced);
	error_put_text(err, text);
	return status;
}

ms_status
ms_error_errno(struct ms_error *err, const char *format, ...)
{
	int number = errno;
	bool is_full = number == ENOSPC || number == EDQUOT;
	ms_status status = number == ENOENT ? MS_NOTFOUND : MS_TEMPFAIL;
	char text[4 * TEXT_OCTETS], why[128];
	va_list args;
	size_t n;

	if (!error_is_wanted(err))
		return status;
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	n = strlen(text);
	(void)snprintf(text + n, sizeof(text) - n, ": %s",
	    strerror_r(number, why, sizeof(why)));
	error_put_enhanced(err, is_full ? "4.3.1" : number == ENOENT ? "" : "4.3.0");
	error_put_text(err, text);
	errno = number;
	return status;
}

ms_status
ms_error_prefix(struct ms_error *err, ms_status status, const char *format, ...)
{
	char text[4 * TEXT_OCTETS];
	va_list args;
	size_t n;

	if (!error_is_wanted(err))
		return status;
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	n = strlen(text);
	(void)snprintf(text + n, sizeof(text) - n, ": %s", err->text);
	error_put_text(err, text);
	return status;
}

const char *
ms_status_name(ms_status status)
{
	static const char *const names[] = {
		"OK", "TEMPFAIL", "PERMFAIL", "NOTFOUND", "INVALID", "UNSUPPORTED",
		"EXISTS", "DENIED", "CONFLICT", "LIMIT", "OVERQUOTA", "BUSY",
		"CANCELLED",
	};

	if (status <= 0 && status > -(ms_status)(sizeof(names) / sizeof(names[0])))
		return names[-status];
	return "TEMPFAIL";	/* base.h: an unknown one is read so */
}
