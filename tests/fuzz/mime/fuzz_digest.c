/* SPDX-License-Identifier: ISC */
/*
 * fuzz_digest.c - any octets as a message: its digest can be read, says what
 * the scanner says, and finds each part where the scanner does
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/digest.h>
#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "../../unit/plugin-api/mime/mime_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void
check_texts(const struct ms_digest *d)
{
	size_t n, characters = 0;

	must(ms_utf8_is_valid(d->subject, true), "the subject is no UTF-8");
	must(ms_utf8_is_valid(d->base_subject, true), "the base subject is no UTF-8");
	must(ms_utf8_is_valid(d->sort_from, true), "a sort key is no UTF-8");
	must(ms_utf8_is_valid(d->display_from, true), "a display key is no UTF-8");
	must(ms_utf8_is_valid(d->preview, false), "the preview is no UTF-8");
	for (size_t i = 0; i < d->preview.len; i++)
		characters += ((unsigned char)d->preview.data[i] & 0xc0) != 0x80;
	must(characters <= 200, "the preview is too long");
	must(d->thread_keys.len >= 8, "no thread keys");
	if (d->envelope.data == NULL)
		return;
	must(imap_is_list(d->envelope, &n) && n == 10, "the envelope is none");
	must(imap_is_list(d->body_structure, &n), "the structure is no list");
	must(imap_is_list(d->body, &n), "the body is no list");
}

/* Both ways to follow numbers, right and wrong ones. */
static void
check_find(const struct ms_mime *m, const struct ms_digest *d)
{
	uint32_t numbers[4] = { 1, 1, 1, 1 };

	for (unsigned code = 0; code < 256; code++) {
		for (size_t n = 0; n <= 4; n++) {
			struct ms_digest_part part;
			uint32_t at;

			for (size_t i = 0; i < 4; i++)
				numbers[i] = code >> 2 * i & 3;
			at = ms_mime_find(m, numbers, n);
			switch (ms_digest_find(d, numbers, n, &part)) {
			case MS_OK:
				must(at < m->n && part.body_offset == m->parts[at].body_offset &&
				    part.body_octets == m->parts[at].body_octets &&
				    part.header_offset == m->parts[at].header_offset,
				    "another part is found");
				break;
			case MS_NOTFOUND:
				must(at == MS_NO_PART, "a part is not found");
				break;
			default:
				must(d->parts.data == NULL, "the table cannot be read");
			}
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	const struct ms_mime *m = ms_mime_scan(a, ms_str_of((const char *)data, size));
	struct ms_str octets = ms_digest_make(a, m);
	struct ms_digest d;

	must(octets.len <= MS_MAX_DIGEST, "the digest is too long");
	must(ms_digest_read(octets, &d), "the digest cannot be read");
	must(d.octets == size && d.header_octets == m->parts[0].header_octets, "the octets differ");
	check_texts(&d);
	check_find(m, &d);
	ms_arena_free(a);
	return 0;
}
