/* SPDX-License-Identifier: ISC */
/*
 * fuzz_mime_scan.c - any octets as a message: whole and in pieces alike, with
 * all that holds of every message, and a BODYSTRUCTURE that is IMAP
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/mime.h>
#include <mansio/str.h>

#include "../../unit/plugin-api/mime/mime_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_null(const char *bad)
{
	if (bad == NULL)
		return;
	fprintf(stderr, "%s\n", bad);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str message = ms_str_of((const char *)data, size);
	const struct ms_mime *whole = ms_mime_scan(a, message);
	uint32_t seed = (uint32_t)size * 2654435761u;
	size_t n;

	must_be_null(mime_check(whole, message));
	must_be_null(mime_differ(whole, mime_scan_pieces(a, message, seed, 1)));
	must_be_null(mime_differ(whole, mime_scan_pieces(a, message, seed, 7)));
	must_be_null(mime_differ(whole, mime_scan_pieces(a, message, seed, 100)));
	for (int extensible = 0; extensible < 2; extensible++) {
		MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(64 << 20);

		ms_imap_body_structure(a, whole, extensible, &out);
		if (!ms_buf_ok(&out) || !imap_is_list(ms_buf_str(&out), &n))
			must_be_null("the structure is no list");
	}
	ms_arena_free(a);
	return 0;
}
