/* SPDX-License-Identifier: ISC */
/*
 * fuzz_lmdb_segment.c - walking a segment file of any octets
 *
 * The first 8 octets choose what is written properly in between: so that the
 * walk meets records, gaps and damage.  What it gives must lie within the
 * file and ascend.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "segment_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ms_id store = { { 1, 2, 3, 4 } };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_walk w;
	struct record r;
	uint64_t offset, before = 0;
	uint8_t head[RECORD_HEAD];
	int fd;

	if (size < 8 || size > 1 << 20 || (fd = memfd_create("segment", MFD_CLOEXEC)) == -1)
		return 0;
	if (write(fd, data + 8, size - 8) != (ssize_t)(size - 8))
		abort();
	for (size_t i = 0; i < 4; i++) {
		struct record put = { .blob = i, .stored = data[i], .length = data[i] };
		uint64_t at = (uint64_t)data[4 + i] * 8;

		if (at + RECORD_HEAD > size - 8)
			continue;
		record_encode(&store, &put, 1, at, head);
		if (pwrite(fd, head, sizeof(head), (off_t)at) != sizeof(head))
			abort();
	}
	if (segment_walk_begin(&w, &store, fd, 1, size - 8, NULL) != MS_OK)
		abort();
	while (segment_walk_next(&w, &r, &offset, NULL) == MS_OK) {
		if (offset < before || offset + record_octets(r.stored) > size - 8)
			abort();
		before = offset + record_octets(r.stored);
	}
	segment_walk_end(&w);
	close(fd);
	return 0;
}
