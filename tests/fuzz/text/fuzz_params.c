/* SPDX-License-Identifier: ISC */
#include <mansio/header.h>
#include <mansio/limits.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_params p;

	ms_params_parse(a, input_str(data, size), &p);
	must(p.value.data != NULL && p.value.len <= size);
	must(p.n <= MS_MAX_PARAMS);
	for (size_t i = 0; i < p.n; i++) {
		char name[16];

		must(p.params[i].name.len > 0 && p.params[i].value.data != NULL);
		must(p.params[i].value.len <= 4 * size);
		snprintf(name, sizeof(name), "%.*s", (int)p.params[i].name.len,
		    p.params[i].name.data);
		(void)ms_params_get(&p, name);
	}
	ms_arena_free(a);
	return 0;
}
