/* SPDX-License-Identifier: ISC */
/*
 * line.h - cutting lines out of a stream
 *
 * A line ends in CRLF.  One that ends in LF alone is delivered with a flag,
 * so that the protocol decides (RFC 5321 2.3.8 forbids it).  Of a line over
 * the maximum the beginning is kept and the rest eaten as it comes, up to
 * LINE_EATEN_MAX octets.  Pure: no I/O, no memory.
 */
#ifndef CORE_NET_LINE_H
#define CORE_NET_LINE_H

#include <mansio/base.h>

#define LINE_EATEN_MAX	(64 * 1024)

enum {
	LINE_MORE,	/* more octets are needed */
	LINE_CAME,
	LINE_FLOOD	/* far too long and no end of it: as CAME, then close */
};

/* Looks for a line at the start of data.  *eaten is 0 at a line's start and
   then belongs to this function; so is *n, which shrinks when octets are
   eaten.  On CAME: *line_out is a view, *used_out octets are done with,
   *flags_out are MS_CAME_...; *eaten is 0 again. */
int line_take(const char *data, size_t *n, size_t max, uint32_t *eaten,
    struct ms_str *line_out, size_t *used_out, uint32_t *flags_out);

/* MS_CAME_NUL and MS_CAME_8BIT as they stand in the octets. */
uint32_t octets_flags(const char *data, size_t n);

#endif
