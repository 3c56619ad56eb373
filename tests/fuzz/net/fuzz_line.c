/* SPDX-License-Identifier: ISC */
/* Lines out of a stream that comes whole or in pieces are the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/session.h>

#include "net/line.h"

#define MAX_LINES 64

struct found {
	uint32_t hash, flags;
	size_t   len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
hash_of(struct ms_str s)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < s.len; i++)
		h = h * 33 ^ (unsigned char)s.data[i];
	return h;
}

static unsigned
cut_lines(const char *in, size_t n, size_t step, size_t max,
    struct found found[MAX_LINES])
{
	char *buffer = malloc(n + 1);
	size_t has = 0, at = 0;
	uint32_t eaten = 0;
	unsigned lines = 0;

	if (buffer == NULL)
		abort();
	while (lines < MAX_LINES) {
		struct ms_str line;
		uint32_t flags;
		size_t used;
		int how = line_take(buffer, &has, max, &eaten, &line, &used,
		    &flags);

		if (how == LINE_MORE) {
			size_t more = n - at < step ? n - at : step;

			if (more == 0)
				break;
			memcpy(buffer + has, in + at, more);
			has += more;
			at += more;
			continue;
		}
		if (line.len > max || used > has)
			abort();
		found[lines++] = (struct found){ hash_of(line), flags, line.len };
		if (how == LINE_FLOOD)
			break;
		memmove(buffer, buffer + used, has - used);
		has -= used;
	}
	free(buffer);
	return lines;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 2, 3, 7, 64 };
	struct found whole[MAX_LINES], pieces[MAX_LINES];
	size_t max = size > 0 ? 1 + data[0] % 40u : 1;
	unsigned n = cut_lines((const char *)data, size, size + 1, max, whole);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (cut_lines((const char *)data, size, steps[i], max, pieces) != n)
			abort();
		for (unsigned k = 0; k < n; k++)
			if (whole[k].hash != pieces[k].hash ||
			    whole[k].flags != pieces[k].flags ||
			    whole[k].len != pieces[k].len)
				abort();
	}
	return 0;
}
