/* SPDX-License-Identifier: ISC */
#include <mansio/address.h>
#include <mansio/error.h>
#include <mansio/limits.h>

#include "fuzz.h"

/* The key of a key is the key. */
static void
check_key(struct ms_arena *a, const struct ms_path *p)
{
	struct ms_str key, again;
	struct ms_path q;

	if (p->flags & MS_PATH_IS_NULL)
		return;
	must(ms_address_key(a, p, &key, NULL) == MS_OK);
	if (ms_mailbox_parse(key, MS_PATH_UTF8 | MS_PATH_LOCAL, &q, NULL) != MS_OK)
		return;		/* A-labels and NFC may have made it too long */
	must(ms_address_key(a, &q, &again, NULL) == MS_OK);
	must(ms_str_equal(key, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str s, key;
	struct ms_path p;
	uint32_t accept;
	size_t used;

	if (size == 0) {
		ms_arena_free(a);
		return 0;
	}
	accept = data[0] & 7;
	s = input_str(data + 1, size - 1);
	if (ms_path_parse(s, accept, &p, &used, &err) == MS_OK) {
		must(used >= 2 && used <= s.len && s.data[used - 1] == '>');
		must(p.address.len <= MS_MAX_PATH - 2 && p.local.len <= MS_MAX_LOCAL_PART);
		must((accept & MS_PATH_UTF8) || !(p.flags & MS_PATH_HAS_UTF8));
		check_key(a, &p);
	}
	if (ms_mailbox_parse(s, accept, &p, &err) == MS_OK) {
		must(ms_str_equal(p.address, s));
		check_key(a, &p);
	}
	if (ms_domain_is_valid(s, accept))
		must(ms_domain_key(a, s, &key, NULL) == MS_OK);
	else
		(void)ms_domain_key(a, s, &key, &err);
	(void)ms_address_literal_is_valid(s);
	ms_arena_free(a);
	return 0;
}
