/* SPDX-License-Identifier: ISC */
/*
 * fuzz_scan.c - the walk over a segment that something has been done to
 *
 * The first octet says whether the segment was ended and whether bodies are
 * looked at; the rest is what stands behind the head.  Where a record's magic
 * stands, generation, offset, tag and sum are made right, so that lengths,
 * marks and flags of any kind get past them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mansio/str.h>

#include "scan.h"

#define GENERATION 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[JOURNAL_KEY_OCTETS];

static uint64_t
be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void
mend(uint8_t *octets, size_t n)
{
	for (size_t i = 0; i + JOURNAL_RECORD_HEAD <= n; i += 8) {
		uint8_t *p = octets + i;
		struct journal_record r = { .generation = GENERATION,
			.offset = JOURNAL_HEAD_OCTETS + i, .mark = be(p + 24, 8),
			.envelope_octets = (uint32_t)be(p + 32, 4),
			.flags = (uint32_t)be(p + 36, 4), .body_octets = be(p + 40, 8) };
		size_t left = n - i - JOURNAL_RECORD_HEAD;

		if (memcmp(p, "MsSR", 4) != 0)
			continue;
		if (r.envelope_octets <= left) {
			r.envelope_crc = ms_crc32c(0, p + JOURNAL_RECORD_HEAD,
			    r.envelope_octets);
			left -= r.envelope_octets;
			/* Every other body holds. */
			if (r.body_octets <= left && !(r.flags & 2))
				r.body_crc = ms_crc32c(0, p + JOURNAL_RECORD_HEAD +
				    r.envelope_octets, r.body_octets);
		}
		journal_record_encode(&r, key, p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scanned found;
	uint64_t last = 0;
	struct scan s;
	uint8_t *copy;
	size_t n;
	int fd;

	if (size < 1 || size > (1 << 20))
		return 0;
	n = size - 1;
	copy = malloc(n > 0 ? n : 1);
	fd = memfd_create("segment", MFD_CLOEXEC);
	if (copy == NULL || fd == -1)
		abort();
	memcpy(copy, data + 1, n);
	mend(copy, n);
	if (pwrite(fd, copy, n, JOURNAL_HEAD_OCTETS) != (ssize_t)n)
		abort();
	scan_init(&s, fd, GENERATION, key, 0, JOURNAL_HEAD_OCTETS + n,
	    data[0] & 1, data[0] & 2);
	while (scan_next(&s, &found, NULL) == MS_OK) {
		if (found.offset <= last || found.offset + found.octets > s.end ||
		    s.at != found.offset + found.octets)
			abort();
		last = found.offset;
	}
	if (s.at > s.end)
		abort();
	scan_fini(&s);
	close(fd);
	free(copy);
	return 0;
}
