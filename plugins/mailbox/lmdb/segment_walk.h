/* SPDX-License-Identifier: ISC */
/*
 * segment_walk.h - all records of a segment file, one after the other
 *
 * A stretch that was reserved and never written, or a damaged head, does not
 * end the walk: it goes on at the next head that names its own place.
 */
#ifndef LMDB_SEGMENT_WALK_H
#define LMDB_SEGMENT_WALK_H

#include "segment.h"

#define WALK_WINDOW	65536

struct segment_walk {
	const struct ms_id *store;
	int                 fd;
	uint32_t            number;
	uint64_t            at, end;
	uint64_t            window_at;
	size_t              window_len;
	uint8_t            *window;
};

/* end: where to stop, at most the file's size. */
ms_status segment_walk_begin(struct segment_walk *w, const struct ms_id *store, int fd,
    uint32_t number, uint64_t end, struct ms_error *err);
void segment_walk_end(struct segment_walk *w);
/* MS_NOTFOUND: there is no further one. */
ms_status segment_walk_next(struct segment_walk *w, struct record *out,
    uint64_t *offset_out, struct ms_error *err);

/* Reads as many octets as asked for, or fails. */
ms_status segment_read(int fd, uint64_t offset, void *out, size_t octets,
    struct ms_error *err);

#endif
