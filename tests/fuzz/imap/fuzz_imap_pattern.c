/* SPDX-License-Identifier: ISC */
/* fuzz_imap_pattern.c - names of mailboxes and LIST patterns: a pattern, a
   NUL, a name */
#include <stdint.h>
#include <stdlib.h>

#include <mansio/limits.h>
#include <mansio/str.h>

#include "names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By a table of what matches what: slow, and plainly right. */
static bool
reference(struct ms_arena *arena, struct ms_str p, struct ms_str s)
{
	bool *before = ms_arena_array(arena, s.len + 1, sizeof(bool));

	before[0] = true;
	for (size_t i = 0; i < p.len; i++) {
		bool *now = ms_arena_array(arena, s.len + 1, sizeof(bool));
		bool is_wild = p.data[i] == '*' || p.data[i] == '%';

		for (size_t j = 0; j <= s.len; j++)
			now[j] = is_wild ? before[j] || (j > 0 && now[j - 1] &&
			    (p.data[i] == '*' || s.data[j - 1] != '/')) :
			    j > 0 && before[j - 1] &&
			    p.data[i] == s.data[j - 1];
		before = now;
	}
	return before[s.len];
}

static bool
is_ascii(struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0x80)
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_str all = ms_str_of((const char *)data, size), pattern, name,
	              decoded, again;
	size_t at = ms_str_find_octet(all, '\0');
	const struct pattern *p;

	pattern = ms_str_sub(all, 0, at == SIZE_MAX ? size : at);
	name = at == SIZE_MAX ? all : ms_str_from(all, at + 1);
	for (int is_utf8 = 0; is_utf8 < 2; is_utf8++) {
		if (name_decode(arena, is_utf8, name, &decoded) != MS_OK)
			continue;
		if (decoded.len == 0 || decoded.len > MS_MAX_MAILBOX_NAME ||
		    decoded.data[0] == '/' ||
		    name_decode(arena, true, decoded, &again) != MS_OK ||
		    !ms_str_equal(decoded, again))
			abort();
	}
	p = pattern_new(arena, true, ms_str_of("", 0), pattern);
	if (p != NULL && size < 2000 && is_ascii(pattern) &&
	    !ms_str_has_prefix_ci(pattern, ms_str_c("inbox")) &&
	    pattern_matches(p, name) != reference(arena, pattern, name))
		abort();
	(void)pattern_new(arena, false, name, pattern);
	ms_arena_free(arena);
	return 0;
}
