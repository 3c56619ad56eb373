/* SPDX-License-Identifier: ISC */
/* line.c - see line.h */
#include "net/line.h"

#include <string.h>

#include <mansio/session.h>

uint32_t
octets_flags(const char *data, size_t n)
{
	uint32_t flags = 0;
	uint64_t seen = 0;
	size_t i = 0;

	/* Four words at a time: the compiler makes vectors of it. */
	for (; i + 32 <= n; i += 32) {
		uint64_t w[4];

		memcpy(w, data + i, 32);
		seen |= (w[0] | w[1]) | (w[2] | w[3]);
	}
	for (; i < n; i++)
		seen |= (unsigned char)data[i];
	if (seen & UINT64_C(0x8080808080808080))
		flags |= MS_CAME_8BIT;
	if (n > 0 && memchr(data, '\0', n) != NULL)
		flags |= MS_CAME_NUL;
	return flags;
}

static uint32_t
line_flags(struct ms_str line)
{
	uint32_t flags = octets_flags(line.data, line.len);

	if (line.len > 0 && memchr(line.data, '\r', line.len) != NULL)
		flags |= MS_CAME_BARE_CR;
	return flags;
}

/* Keeps the first max octets of an endless line. */
static int
eat(const char *data, size_t *n, size_t max, uint32_t *eaten,
    struct ms_str *line_out, size_t *used_out, uint32_t *flags_out)
{
	*eaten += (uint32_t)(*n - max);
	*n = max;
	if (*eaten <= LINE_EATEN_MAX)
		return LINE_MORE;
	*eaten = 0;
	*line_out = ms_str_of(data, max);
	*flags_out = line_flags(*line_out) | MS_CAME_TOO_LONG;
	*used_out = max;
	return LINE_FLOOD;
}

int
line_take(const char *data, size_t *n, size_t max, uint32_t *eaten,
    struct ms_str *line_out, size_t *used_out, uint32_t *flags_out)
{
	size_t from = *eaten > 0 ? max : 0;
	const char *lf = NULL;
	size_t end, len, past;
	uint32_t flags = 0;

	if (*n > from)
		lf = memchr(data + from, '\n', *n - from);
	if (lf == NULL) {
		/* One more octet than allowed may be the CR of the end. */
		if (*eaten == 0 && (*n <= max ||
		    (*n == max + 1 && data[max] == '\r')))
			return LINE_MORE;
		return eat(data, n, max, eaten, line_out, used_out, flags_out);
	}
	end = (size_t)(lf - data);
	len = end;
	if (len > from && data[len - 1] == '\r')
		len--;
	else if (*eaten == 0)
		flags |= MS_CAME_BARE_LF;
	past = *eaten;
	if (end > max)
		past += end - max;
	if (*eaten > 0 || len > max) {
		flags = MS_CAME_TOO_LONG;
		len = max;
	}
	*eaten = 0;
	*line_out = ms_str_of(data, len);
	*flags_out = flags | line_flags(*line_out);
	*used_out = end + 1;
	return past > LINE_EATEN_MAX ? LINE_FLOOD : LINE_CAME;
}
