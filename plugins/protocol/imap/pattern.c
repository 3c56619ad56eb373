/* SPDX-License-Identifier: ISC */
/*
 * pattern.c - LIST patterns, see names.h
 *
 * "%" is any octets but "/", "*" is any at all.  A pattern is run as a
 * nondeterministic automaton whose states are bits, all advanced at once for
 * each octet of the name: nothing is tried again, so no pattern is slow.
 */
#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "names.h"

#define MAX_OCTETS	(4 * MS_MAX_MAILBOX_NAME)

struct pattern {
	struct ms_str text;	/* wildcards never stand side by side */
	size_t        n_words;	/* of 64 states; state i: i octets matched */
	uint64_t     *star, *percent;	/* states before a wildcard */
	uint64_t     *octets[256];	/* states before that octet; NULL none */
};

static bool
is_wildcard(char c)
{
	return c == '*' || c == '%';
}

/* "%*" and "**" mean "*", "%%" means "%". */
static struct ms_str
simplify(struct ms_arena *arena, struct ms_str text)
{
	char *out = ms_arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (n > 0 && is_wildcard(text.data[i]) &&
		    is_wildcard(out[n - 1])) {
			if (text.data[i] == '*')
				out[n - 1] = '*';
			continue;
		}
		out[n++] = text.data[i];
	}
	return ms_str_of(out, n);
}

static bool
to_utf8(struct ms_arena *arena, bool is_utf8, struct ms_str wire,
    struct ms_str *out)
{
	MS_AUTO_BUF struct ms_buf plain = MS_BUF_MAX(MAX_OCTETS);
	struct ms_str nfc;

	if (is_utf8)
		ms_buf_add(&plain, wire);
	else if (ms_mutf7_decode(&plain, wire) != MS_OK)
		return false;
	if (!ms_buf_ok(&plain) ||
	    !ms_utf8_is_valid(ms_buf_str(&plain), false) ||
	    ms_utf8_nfc(arena, ms_buf_str(&plain), &nfc) != MS_OK)
		return false;
	*out = ms_arena_str(arena, nfc);
	return true;
}

/* "inbox", "InBox/x": the first level is INBOX if it says so in full. */
static void
fold_inbox(struct ms_str text)
{
	size_t end = ms_str_find_octet(text, '/');
	struct ms_str first = ms_str_of(text.data,
	    end == SIZE_MAX ? text.len : end);

	if (ms_str_is_ci(first, "INBOX"))
		memcpy((char *)(uintptr_t)text.data, "INBOX", 5);
}

static void
set_state(uint64_t *states, size_t i)
{
	states[i / 64] |= UINT64_C(1) << (i % 64);
}

const struct pattern *
pattern_new(struct ms_arena *arena, bool is_utf8, struct ms_str reference,
    struct ms_str text)
{
	struct pattern *p;
	struct ms_str whole, utf8;

	if (reference.len > MAX_OCTETS || text.len > MAX_OCTETS)
		return NULL;
	/* A pattern from the root forgets the reference; all ours are
	   relative, so the two are put together.  A level begins between
	   them only if the reference ends one. */
	whole = ms_arena_printf(arena, "%.*s%.*s", (int)reference.len,
	    reference.data, (int)text.len, text.data);
	if (whole.len != reference.len + text.len ||
	    !to_utf8(arena, is_utf8, whole, &utf8))
		return NULL;
	p = ms_arena_alloc(arena, sizeof(*p));
	p->text = simplify(arena, utf8);
	fold_inbox(p->text);
	p->n_words = p->text.len / 64 + 1;
	p->star = ms_arena_array(arena, p->n_words, sizeof(uint64_t));
	p->percent = ms_arena_array(arena, p->n_words, sizeof(uint64_t));
	for (size_t i = 0; i < p->text.len; i++) {
		unsigned char c = (unsigned char)p->text.data[i];

		if (c == '*') {
			set_state(p->star, i);
		} else if (c == '%') {
			set_state(p->percent, i);
		} else {
			if (p->octets[c] == NULL)
				p->octets[c] = ms_arena_array(arena,
				    p->n_words, sizeof(uint64_t));
			set_state(p->octets[c], i);
		}
	}
	return p;
}

/* A wildcard matches nothing, too: who stands before one also stands behind. */
static void
pass_wildcards(const struct pattern *p, uint64_t *states)
{
	uint64_t carry = 0;

	for (size_t w = 0; w < p->n_words; w++) {
		uint64_t at = states[w] & (p->star[w] | p->percent[w]);

		states[w] |= at << 1 | carry;
		carry = at >> 63;
	}
}

bool
pattern_matches(const struct pattern *p, struct ms_str name)
{
	uint64_t states[MAX_OCTETS / 64 + 1] = { 1 };
	size_t end = p->text.len;

	pass_wildcards(p, states);
	for (size_t i = 0; i < name.len; i++) {
		const uint64_t *same = p->octets[(unsigned char)name.data[i]];
		uint64_t carry = 0, any = 0;

		for (size_t w = 0; w < p->n_words; w++) {
			uint64_t step = same != NULL ? states[w] & same[w] : 0;
			uint64_t stay = states[w] & (name.data[i] == '/' ?
			    p->star[w] : p->star[w] | p->percent[w]);

			states[w] = step << 1 | carry | stay;
			carry = step >> 63;
			any |= states[w];
		}
		if (any == 0)
			return false;
		pass_wildcards(p, states);
	}
	return states[end / 64] >> (end % 64) & 1;
}

struct ms_str
pattern_prefix(const struct pattern *p)
{
	size_t n = 0;

	while (n < p->text.len && !is_wildcard(p->text.data[n]))
		n++;
	return ms_str_of(p->text.data, n);
}
