/* SPDX-License-Identifier: ISC */
/* fuzz_pop3_line.c - command lines of POP3, and TOP over any octets */
#include <stdint.h>
#include <stdlib.h>

#include <mansio/str.h>

#include "line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_str line = ms_str_of((const char *)data, size), verb, rest;
	uint64_t n = 0;

	(void)pop3_line_is_foreign(line);
	pop3_line_split(line, &verb, &rest);
	while (pop3_number(&rest, &n))
		if (n > UINT32_MAX)
			abort();
	for (uint64_t lines = 0; lines < 3; lines++) {
		struct pop3_top whole = { .lines = lines }, cut = { .lines = lines };
		size_t at = pop3_top_piece(&whole, line), here;

		here = pop3_top_piece(&cut, ms_str_sub(line, 0, size / 2));
		if (!cut.done)
			here += pop3_top_piece(&cut, ms_str_from(line, size / 2));
		if (at > size || at != here)
			abort();
	}
	return 0;
}
