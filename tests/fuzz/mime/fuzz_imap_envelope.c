/* SPDX-License-Identifier: ISC */
/* fuzz_imap_envelope.c - any octets as a header: its ENVELOPE is IMAP */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/mime.h>
#include <mansio/str.h>

#include "../../unit/plugin-api/mime/mime_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(64 << 20);
	size_t n;

	ms_imap_envelope(a, ms_str_of((const char *)data, size), &out);
	if (!ms_buf_ok(&out) || !imap_is_list(ms_buf_str(&out), &n) || n != 10) {
		fprintf(stderr, "no envelope: %s\n", out.data);
		abort();
	}
	ms_arena_free(a);
	return 0;
}
