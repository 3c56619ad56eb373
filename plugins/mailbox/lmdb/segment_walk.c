/* SPDX-License-Identifier: ISC */
/* segment_walk.c - see segment_walk.h */
#include "segment_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/error.h>

ms_status
segment_read(int fd, uint64_t offset, void *out, size_t octets, struct ms_error *err)
{
	size_t done = 0;

	while (done < octets) {
		ssize_t n = pread(fd, (char *)out + done, octets - done,
		    (off_t)(offset + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return ms_error_errno(err, "read a segment");
		if (n == 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a segment is too short");
		done += (size_t)n;
	}
	return MS_OK;
}

ms_status
segment_walk_begin(struct segment_walk *w, const struct ms_id *store, int fd,
    uint32_t number, uint64_t end, struct ms_error *err)
{
	*w = (struct segment_walk){ .store = store, .fd = fd, .number = number, .end = end };
	w->window = malloc(WALK_WINDOW);
	if (w->window == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	return MS_OK;
}

void
segment_walk_end(struct segment_walk *w)
{
	free(w->window);
	w->window = NULL;
}

/* The head at w->at, from the window; NULL past the end. */
static ms_status
look(struct segment_walk *w, const uint8_t **head_out, struct ms_error *err)
{
	if (w->at < w->window_at || w->at + RECORD_HEAD > w->window_at + w->window_len) {
		uint64_t left = w->end - w->at;
		size_t octets = left < WALK_WINDOW ? (size_t)left : WALK_WINDOW;
		ms_status st;

		w->window_len = 0;
		if ((st = segment_read(w->fd, w->at, w->window, octets, err)) != MS_OK)
			return st;
		w->window_at = w->at;
		w->window_len = octets;
	}
	*head_out = w->window + (w->at - w->window_at);
	return MS_OK;
}

ms_status
segment_walk_next(struct segment_walk *w, struct record *out, uint64_t *offset_out,
    struct ms_error *err)
{
	while (w->at + RECORD_HEAD <= w->end) {
		const uint8_t *head;
		ms_status st = look(w, &head, err);

		if (st != MS_OK)
			return st;
		if (record_decode(w->store, head, w->number, w->at, out) &&
		    record_octets(out->stored) <= w->end - w->at) {
			*offset_out = w->at;
			w->at += record_octets(out->stored);
			return MS_OK;
		}
		w->at += 8;
	}
	return MS_NOTFOUND;
}
