/* SPDX-License-Identifier: ISC */
/* fuzz.h - what the fuzz targets of libmansio's text half share */
#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/str.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define must(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);	\
		abort();						\
	}								\
} while (0)

static inline struct ms_str
input_str(const uint8_t *data, size_t size)
{
	return ms_str_of((const char *)data, size);
}

#endif
