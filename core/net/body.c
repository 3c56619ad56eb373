/* SPDX-License-Identifier: ISC */
/* body.c - see body.h */
#include "net/body.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/limits.h>

#include "base/blob.h"
#include "net/line.h"

/* So much more than its maximum is read and dropped of a body, that the peer
   gets its reply; then the connection is cut. */
#define BODY_FLOOD_OCTETS	(UINT64_C(64) * 1024 * 1024)
#define BODY_FLOOD_TIMES	8

void
body_scan_init(struct body_scan *b, uint32_t framing, uint64_t count,
    bool stop_at_header)
{
	*b = (struct body_scan){
		.framing = framing, .left = count, .at_start = true,
		.in_header = stop_at_header,
	};
}

struct stretch {
	char *out;		/* where kept octets end */
	char *from;		/* those of [from, here) are kept, too */
};

static void
keep_to(struct stretch *s, char *here)
{
	size_t n = (size_t)(here - s->from);

	if (s->out != s->from && n > 0)
		memmove(s->out, s->from, n);
	s->out += n;
	s->from = here;
}

/* The part of a line in [p, end): notes what is wrong in it.  Returns where
   the next begins, and whether this one was an empty one. */
static char *
scan_line(struct body_scan *b, char *p, char *end, bool *empty_out)
{
	char *lf = memchr(p, '\n', (size_t)(end - p));
	char *stop = lf != NULL ? lf : end;
	size_t len = (size_t)(stop - p);
	bool cr_last = b->after_cr;
	uint64_t text;

	*empty_out = false;
	if (len > 0) {
		char *cr = memchr(p, '\r', len);

		if (b->after_cr || (cr != NULL && cr < stop - 1))
			b->flags |= MS_CAME_BARE_CR;
		cr_last = stop[-1] == '\r';
		b->at_start = false;
	}
	b->line += len;
	text = b->line - (cr_last ? 1 : 0);
	if (text > MS_MAX_TEXT_LINE)
		b->flags |= MS_CAME_LONG_TEXT;
	b->after_cr = cr_last;
	if (lf == NULL)
		return end;
	if (!cr_last)
		b->flags |= MS_CAME_BARE_LF;
	*empty_out = cr_last && text == 0;
	b->at_start = cr_last;
	b->after_cr = false;
	b->line = 0;
	return lf + 1;
}

int
body_scan(struct body_scan *b, char *data, size_t n, size_t *kept_out,
    size_t *used_out)
{
	char *p = data, *end = data + n;
	struct stretch kept = { data, data };
	int how = BODY_MORE;

	if (b->framing == MS_BODY_COUNT && n > b->left)
		end = data + b->left;
	while (p < end) {
		bool empty;

		if (b->framing == MS_BODY_DOT && b->at_start && *p == '.') {
			/* RFC 5321 4.5.2.  What may be the end is looked at
			   once it is whole. */
			if (end - p < 2 || (p[1] == '\r' && end - p < 3))
				break;
			keep_to(&kept, p);
			if (p[1] == '\r' && p[2] == '\n') {
				p += 3;
				kept.from = p;
				how = BODY_END;
				break;
			}
			p++;
			kept.from = p;
			b->at_start = false;
		}
		p = scan_line(b, p, end, &empty);
		if (b->in_header && empty) {
			b->in_header = false;
			how = BODY_HEADER;
			break;
		}
	}
	keep_to(&kept, p);
	*used_out = (size_t)(p - data);
	*kept_out = (size_t)(kept.out - data);
	if ((b->flags & (MS_CAME_8BIT | MS_CAME_NUL)) !=
	    (MS_CAME_8BIT | MS_CAME_NUL))
		b->flags |= octets_flags(data, *kept_out);
	if (b->framing == MS_BODY_COUNT) {
		b->left -= *used_out;
		if (b->left == 0 && how == BODY_MORE)
			how = BODY_END;
	}
	return how;
}

void
body_scan_end(struct body_scan *b)
{
	if (b->after_cr)
		b->flags |= MS_CAME_BARE_CR;
	b->after_cr = false;
}

struct body *
body_begin(struct body *old, const struct ms_wait *wait)
{
	struct body *b = old;
	bool stop = (wait->flags & 1) != 0;

	if (b != NULL && !b->done) {
		b->paused = false;
		b->into = wait->into;
		b->max = wait->body_max;
		b->scan.in_header = b->scan.in_header && stop;
		return b;
	}
	if (b != NULL && b->done && b->scan.framing == MS_BODY_COUNT &&
	    wait->framing == MS_BODY_COUNT && b->into != NULL &&
	    wait->into == b->into && writer_octets(wait->into) > 0) {
		/* The next chunk: a CRLF may lie across the border. */
		b->scan.left = wait->count;
		b->scan.in_header = b->scan.in_header && stop;
		b->max = wait->body_max;
		b->done = false;
		b->count = 0;
		b->scan.flags = 0;
		return b;
	}
	body_free(b);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		abort();
	body_scan_init(&b->scan, wait->framing, wait->count, stop);
	b->into = wait->into;
	b->max = wait->body_max;
	return b;
}

void
body_free(struct body *b)
{
	if (b == NULL)
		return;
	free(b->error);
	free(b);
}

static void
keep(struct body *b, const char *data, size_t n)
{
	struct ms_error err = MS_ERROR_INIT;

	if (b->max > 0 && b->count > b->max && b->status == MS_OK)
		b->status = MS_LIMIT;
	if (b->into == NULL || b->status != MS_OK || n == 0)
		return;
	b->status = writer_write(b->into, ms_str_of(data, n), &err);
	if (b->status == MS_OK)
		return;
	b->error = malloc(sizeof(*b->error));
	if (b->error != NULL)
		*b->error = err;
}

int
body_take(struct body *b, char *data, size_t n, size_t *used_out)
{
	size_t kept;
	int how = body_scan(&b->scan, data, n, &kept, used_out);

	b->count += kept;
	keep(b, data, kept);
	b->paused = how == BODY_HEADER;
	b->done = how == BODY_END;
	return how;
}

bool
body_is_flood(const struct body *b)
{
	return b->max > 0 && b->count / BODY_FLOOD_TIMES > b->max &&
	    b->count > b->max + BODY_FLOOD_OCTETS;
}

void
body_came(const struct body *b, int how, struct ms_came *came)
{
	came->what = MS_CAME_BODY;
	came->flags |= b->scan.flags;
	if (how == BODY_HEADER)
		came->flags |= MS_CAME_HEADER;
	if (b->max > 0 && b->count > b->max)
		came->flags |= MS_CAME_TOO_LONG;
	came->status = b->status;
	came->count = b->count;
	came->error = b->error;
}
