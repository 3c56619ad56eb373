/* SPDX-License-Identifier: ISC */
/* A body that comes whole or in pieces is the same, and a plain reading of
   RFC 5321 4.5.2 gives the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/body.h"

struct result {
	char    *body;
	size_t   n, used;
	uint32_t flags;
	int      how;
	size_t   header;	/* octets of it, if it stopped there */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
scan(const char *in, size_t n, size_t step, const struct body_scan *like,
    struct result *r)
{
	struct body_scan b = *like;
	char *buffer = malloc(n + 1);
	size_t has = 0, at = 0;

	memset(r, 0, sizeof(*r));
	r->body = malloc(n + 1);
	if (buffer == NULL || r->body == NULL)
		abort();
	for (;;) {
		size_t kept, used, more;

		r->how = body_scan(&b, buffer, has, &kept, &used);
		if (kept > used || used > has)
			abort();
		memcpy(r->body + r->n, buffer, kept);
		r->n += kept;
		r->used += used;
		memmove(buffer, buffer + used, has - used);
		has -= used;
		if (r->how == BODY_HEADER) {
			r->header = r->n;
			continue;
		}
		if (r->how == BODY_END)
			break;
		if (has > 2)
			abort();
		more = n - at < step ? n - at : step;
		if (more == 0)
			break;
		memcpy(buffer + has, in + at, more);
		has += more;
		at += more;
	}
	r->flags = b.flags;
	free(buffer);
}

/* Octet by octet, as the text has it. */
static void
check_dots(const char *in, size_t n, const struct result *r)
{
	size_t start = 0, made = 0;

	while (start < n) {
		size_t end = start;

		while (end + 1 < n && !(in[end] == '\r' && in[end + 1] == '\n'))
			end++;
		if (end + 1 >= n)
			return;		/* the last line is not whole */
		if (end == start + 1 && in[start] == '.') {
			if (r->how != BODY_END || r->used != end + 2 ||
			    r->n != made)
				abort();
			return;
		}
		if (in[start] == '.')
			start++;
		if (r->n < made + end + 2 - start ||
		    memcmp(r->body + made, in + start, end + 2 - start) != 0)
			abort();
		made += end + 2 - start;
		start = end + 2;
	}
	if (r->how == BODY_END)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 2, 3, 5, 64 };
	const char *in = (const char *)data;
	struct body_scan like;
	struct result whole, pieces;
	uint32_t framing = MS_BODY_DOT;

	if (size > 0 && data[0] == 'C')
		framing = MS_BODY_COUNT;
	body_scan_init(&like, framing, size / 2, size > 1 && data[1] == 'H');
	scan(in, size, size + 1, &like, &whole);
	if (framing == MS_BODY_DOT)
		check_dots(in, size, &whole);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		scan(in, size, steps[i], &like, &pieces);
		if (pieces.n != whole.n || pieces.how != whole.how ||
		    pieces.used != whole.used || pieces.flags != whole.flags ||
		    pieces.header != whole.header ||
		    memcmp(pieces.body, whole.body, whole.n) != 0)
			abort();
		free(pieces.body);
	}
	free(whole.body);
	return 0;
}
