/* SPDX-License-Identifier: ISC */
/*
 * subject.c - see header.h: the base subject, RFC 5256 2.1
 *
 * The steps' numbers are the RFC's.  Case is ignored in "Re", "Fwd" and
 * "[fwd:", as ABNF strings are.
 */
#include <mansio/header.h>
#include <mansio/str.h>

#include "ascii.h"

/* Step 1: tabs and continuations to space, runs of space to one. */
static struct ms_str
squeeze(struct ms_arena *a, struct ms_str s)
{
	char *out = ms_arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = ascii_is_blank(s.data[i]) ? ' ' : s.data[i];

		if (c != ' ' || n == 0 || out[n - 1] != ' ')
			out[n++] = c;
	}
	return ms_str_of(out, n);
}

/* Step 2: subj-trailer = "(fwd)" / WSP */
static struct ms_str
cut_trailers(struct ms_str s)
{
	static const struct ms_str fwd = MS_STR("(fwd)");

	for (;;) {
		if (s.len > 0 && ascii_is_wsp(s.data[s.len - 1]))
			s.len--;
		else if (s.len >= fwd.len &&
		    ms_str_equal_ci(ms_str_from(s, s.len - fwd.len), fwd))
			s.len -= fwd.len;
		else
			return s;
	}
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP; its octets, or 0. */
static size_t
blob_octets(struct ms_str s)
{
	size_t n = 1;

	if (s.len == 0 || s.data[0] != '[')
		return 0;
	while (n < s.len && s.data[n] != '[' && s.data[n] != ']')
		n++;
	if (n == s.len || s.data[n] != ']')
		return 0;
	for (n++; n < s.len && ascii_is_wsp(s.data[n]); n++)
		;
	return n;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"; its octets, or 0. */
static size_t
refwd_octets(struct ms_str s)
{
	static const struct ms_str words[] = {
		MS_STR("re"), MS_STR("fwd"), MS_STR("fw"),
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = words[i].len;

		if (!ms_str_has_prefix_ci(s, words[i]))
			continue;
		while (n < s.len && ascii_is_wsp(s.data[n]))
			n++;
		n += blob_octets(ms_str_from(s, n));
		return n < s.len && s.data[n] == ':' ? n + 1 : 0;
	}
	return 0;
}

/* Steps 3 to 5: subj-leader = (*subj-blob subj-refwd) / WSP, and blobs. */
static struct ms_str
cut_leaders(struct ms_str s)
{
	/* A row of blobs that no "Re:" follows is looked through once. */
	const char *no_refwd_before = NULL;

	for (;;) {
		struct ms_str after = s;
		size_t n;

		if (s.len > 0 && ascii_is_wsp(s.data[0])) {
			s = ms_str_from(s, 1);
			continue;
		}
		if (no_refwd_before == NULL || s.data >= no_refwd_before) {
			while ((n = blob_octets(after)) > 0)
				after = ms_str_from(after, n);
			n = refwd_octets(after);
			if (n > 0) {
				s = ms_str_from(after, n);
				continue;
			}
			no_refwd_before = after.data;
		}
		n = blob_octets(s);
		if (n == 0 || n == s.len)
			return s;
		s = ms_str_from(s, n);
	}
}

struct ms_str
ms_base_subject(struct ms_arena *a, struct ms_str decoded)
{
	static const struct ms_str fwd = MS_STR("[fwd:");
	struct ms_str s = squeeze(a, decoded);

	for (;;) {
		s = cut_leaders(cut_trailers(s));
		/* Step 6. */
		if (s.len <= fwd.len || !ms_str_has_prefix_ci(s, fwd) ||
		    s.data[s.len - 1] != ']')
			return s;
		s = ms_str_sub(s, fwd.len, s.len - fwd.len - 1);
	}
}
