/* SPDX-License-Identifier: ISC */
/* fuzz_digest_read.c - any octets as a digest: views inside it, or refused */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/digest.h>
#include <mansio/str.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_inside(struct ms_str s, const uint8_t *data, size_t size)
{
	const uint8_t *from = (const uint8_t *)s.data;

	if (from == NULL && s.len == 0)
		return;
	if (from < data || from > data + size || s.len > (size_t)(data + size - from))
		abort();
}

static void
check_part(const struct ms_digest *d, const uint32_t *numbers, size_t n)
{
	struct ms_digest_part p;

	if (ms_digest_find(d, numbers, n, &p) != MS_OK)
		return;
	if (p.header_offset > d->octets || p.header_octets > d->octets - p.header_offset ||
	    p.body_offset > d->octets || p.body_octets > d->octets - p.body_offset ||
	    p.inner_header_offset > d->octets ||
	    p.inner_header_octets > d->octets - p.inner_header_offset ||
	    p.inner_body_offset > d->octets ||
	    p.inner_body_octets > d->octets - p.inner_body_offset)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_digest d;
	uint64_t key;
	uint32_t i = 0;

	if (!ms_digest_read(ms_str_of((const char *)data, size), &d))
		return 0;
	must_be_inside(d.envelope, data, size);
	must_be_inside(d.body_structure, data, size);
	must_be_inside(d.body, data, size);
	must_be_inside(d.base_subject, data, size);
	must_be_inside(d.sort_from, data, size);
	must_be_inside(d.sort_to, data, size);
	must_be_inside(d.sort_cc, data, size);
	must_be_inside(d.display_from, data, size);
	must_be_inside(d.display_to, data, size);
	must_be_inside(d.subject, data, size);
	must_be_inside(d.message_id, data, size);
	must_be_inside(d.preview, data, size);
	must_be_inside(d.thread_keys, data, size);
	must_be_inside(d.parts, data, size);
	while (ms_digest_thread_key(&d, i, &key))
		i++;
	if (i != d.thread_keys.len / 8)
		abort();
	for (unsigned code = 0; code < 64; code++) {
		uint32_t numbers[3] = { code & 3, code >> 2 & 3, code >> 4 };

		for (size_t n = 0; n <= 3; n++)
			check_part(&d, numbers, n);
	}
	return 0;
}
