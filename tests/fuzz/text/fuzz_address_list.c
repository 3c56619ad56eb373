/* SPDX-License-Identifier: ISC */
#include <mansio/address.h>
#include <mansio/limits.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	const struct ms_address *list;
	size_t n, octets = 0;
	int depth = 0;

	ms_addresses_parse(a, input_str(data, size), &list, &n);
	must(n <= MS_MAX_ADDRESSES);
	for (size_t i = 0; i < n; i++) {
		octets += list[i].name.len + list[i].route.len + list[i].local.len +
		    list[i].domain.len;
		if (list[i].kind == MS_ADDRESS_GROUP)
			depth++;
		else if (list[i].kind == MS_ADDRESS_GROUP_END)
			depth--;
		else
			must(list[i].kind == MS_ADDRESS_MAILBOX);
		must(depth == 0 || depth == 1);
	}
	must(octets <= 3 * size + 2);
	must(depth == 0 || n == MS_MAX_ADDRESSES);
	ms_arena_free(a);
	return 0;
}
