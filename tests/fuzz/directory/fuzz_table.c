/* SPDX-License-Identifier: ISC */
/* fuzz_table.c - the text files of directory-file */
#include <stdint.h>
#include <stdlib.h>

#include <mansio/str.h>

#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[16] = { 1, 2, 3 };
	struct ms_str in = { (const char *)data, size };
	struct ms_buf again = MS_BUF_MAX(64 * 1024 * 1024);
	struct table *t, *u;

	if (table_parse(in, "t", key, &t, NULL) != MS_OK)
		return 0;
	for (size_t i = 0; i < t->n; i++) {
		if (table_find(t, key, t->sorted[i]->key) != t->sorted[i] ||
		    table_after(t, t->sorted[i]->key) != i + 1)
			abort();
		table_print(&again, t->sorted[i]->key, t->sorted[i]->fields,
		    t->sorted[i]->n_fields);
	}
	/* What is written is read as the same entries. */
	if (table_parse(ms_buf_str(&again), "t", key, &u, NULL) != MS_OK || u->n != t->n)
		abort();
	for (size_t i = 0; i < t->n; i++) {
		if (!ms_str_equal(t->sorted[i]->key, u->sorted[i]->key) ||
		    t->sorted[i]->n_fields != u->sorted[i]->n_fields)
			abort();
		for (size_t k = 0; k < t->sorted[i]->n_fields; k++)
			if (!ms_str_equal(t->sorted[i]->fields[k].value,
				u->sorted[i]->fields[k].value))
				abort();
	}
	table_free(t);
	table_free(u);
	ms_buf_free(&again);
	return 0;
}
