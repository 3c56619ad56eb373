/* SPDX-License-Identifier: ISC */
/*
 * frame.c - lines and bodies cut out of what the test sends
 *
 * The same rules as the core's, octet by octet: a line ends in CRLF, one that
 * ends in LF alone is marked; text ends with CRLF.CRLF and nothing else (RFC
 * 5321 4.1.1.4).
 */
#include "internal.h"

#include <mansio/limits.h>

#define MAX_EATEN	(64 * 1024)	/* of a line, past its maximum */

uint32_t
octets_flags(struct ms_str s)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\0')
			flags |= MS_CAME_NUL;
		if ((unsigned char)s.data[i] >= 0x80)
			flags |= MS_CAME_8BIT;
	}
	return flags;
}

bool
line_take(struct ms_str in, size_t max, struct ms_str *line_out,
    size_t *used_out, uint32_t *flags_out, bool *is_flood)
{
	size_t lf = ms_str_find_octet(in, '\n');
	size_t end = lf != SIZE_MAX ? lf : in.len, len = end;
	uint32_t flags = 0;

	*is_flood = end > max && end - max > MAX_EATEN;
	if (lf == SIZE_MAX && !*is_flood)
		return false;
	if (len > 0 && in.data[len - 1] == '\r')
		len--;
	else
		flags |= MS_CAME_BARE_LF;
	if (len > max) {
		flags = MS_CAME_TOO_LONG;
		len = max;
	}
	*line_out = ms_str_sub(in, 0, len);
	if (ms_str_find_octet(*line_out, '\r') != SIZE_MAX)
		flags |= MS_CAME_BARE_CR;
	*flags_out = flags | octets_flags(*line_out);
	*used_out = lf != SIZE_MAX ? lf + 1 : in.len;
	return true;
}

/* ---- bodies ---- */

void
frame_begin(struct frame *f, bool is_new, const struct ms_wait *wait)
{
	bool stop = (wait->flags & 1) != 0;

	if (!is_new && !f->done) {
		/* An event or the header's end came between. */
		f->paused = false;
		f->in_header = f->in_header && stop;
	} else if (!is_new && f->framing == MS_BODY_COUNT && f->into != NULL &&
	    wait->framing == MS_BODY_COUNT && wait->into == f->into &&
	    writer_octets(f->into).len > 0) {
		/* RFC 3030: a message is what all chunks give together, a CRLF
		   may lie across the border. */
		f->left = wait->count;
		f->in_header = f->in_header && stop;
		f->count = 0;
		f->flags = 0;
		f->done = false;
	} else {
		*f = (struct frame){ .framing = wait->framing, .left = wait->count,
			.at_start = true, .in_header = stop,
			.error = { .size = sizeof(f->error) } };
	}
	f->into = wait->into;
	f->max = wait->body_max;
}

/* One octet of the body.  True: it ended an empty line. */
static bool
scan(struct frame *f, char c)
{
	bool is_empty = false;

	if (c == '\n') {
		if (!f->after_cr)
			f->flags |= MS_CAME_BARE_LF;
		is_empty = f->after_cr && f->line == 1;
		f->at_start = f->after_cr;
		f->after_cr = false;
		f->line = 0;
		return is_empty;
	}
	if (f->after_cr)
		f->flags |= MS_CAME_BARE_CR;
	f->after_cr = c == '\r';
	f->at_start = false;
	f->line++;
	if (f->line - f->after_cr > MS_MAX_TEXT_LINE)
		f->flags |= MS_CAME_LONG_TEXT;
	return false;
}

static void
keep(struct frame *f, struct ms_str octets)
{
	f->count += octets.len;
	f->flags |= octets_flags(octets);
	if (f->max > 0 && f->count > f->max && f->status == MS_OK)
		f->status = MS_LIMIT;
	if (f->into != NULL && f->status == MS_OK && octets.len > 0)
		f->status = writer_write(f->into, octets, &f->error);
}

/* What may be the end is looked at once it is whole: 1 it is, 0 more octets
   are needed, -1 it is a stuffed line. */
static int
look_at_dot(struct ms_str rest)
{
	if (rest.len < 2 || (rest.data[1] == '\r' && rest.len < 3))
		return 0;
	return rest.data[1] == '\r' && rest.data[2] == '\n' ? 1 : -1;
}

int
frame_take(struct frame *f, struct ms_str in, size_t *used_out)
{
	struct ms_buf kept = MS_BUF_MAX(MOCK_MAX_BUF);
	size_t i = 0, n = in.len;
	int how = FRAME_MORE;

	if (f->framing == MS_BODY_COUNT && n > f->left)
		n = (size_t)f->left;
	while (i < n && how == FRAME_MORE) {
		if (f->framing == MS_BODY_DOT && f->at_start && in.data[i] == '.') {
			int end = look_at_dot(ms_str_from(in, i));

			if (end == 0)
				break;
			i += end > 0 ? 3 : 1;
			f->at_start = false;
			if (end > 0)
				how = FRAME_END;
			continue;
		}
		ms_buf_add_octet(&kept, in.data[i]);
		if (scan(f, in.data[i++]) && f->in_header) {
			f->in_header = false;
			how = FRAME_HEADER;
		}
	}
	if (f->framing == MS_BODY_COUNT) {
		f->left -= i;
		if (f->left == 0 && how == FRAME_MORE)
			how = FRAME_END;
	}
	keep(f, ms_buf_str(&kept));
	ms_buf_free(&kept);
	f->paused = how == FRAME_HEADER;
	f->done = how == FRAME_END;
	*used_out = i;
	return how;
}

void
frame_came(const struct frame *f, int how, struct ms_came *came)
{
	came->what = MS_CAME_BODY;
	came->flags |= f->flags;
	if (how == FRAME_HEADER)
		came->flags |= MS_CAME_HEADER;
	if (f->max > 0 && f->count > f->max)
		came->flags |= MS_CAME_TOO_LONG;
	came->status = f->status;
	came->count = f->count;
	came->error = f->status != MS_OK ? &f->error : NULL;
}
