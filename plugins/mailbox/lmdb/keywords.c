/* SPDX-License-Identifier: ISC */
/* keywords.c - see keywords.h */
#include "keywords.h"

#include <mansio/error.h>
#include <mansio/limits.h>
#include <mansio/mailbox.h>
#include <mansio/str.h>

static void
set(struct flagset *f, uint32_t keyword)
{
	if (keyword < ENTRY_KEYWORDS) {
		f->word |= UINT32_C(1) << (ENTRY_KEYWORD + keyword);
		return;
	}
	keyword -= ENTRY_KEYWORDS;
	f->more[keyword / 8] = (uint8_t)(f->more[keyword / 8] | 1u << (keyword % 8));
	f->has_more = true;
}

static bool
is_set(const struct flagset *f, uint32_t keyword)
{
	if (keyword < ENTRY_KEYWORDS)
		return (f->word >> (ENTRY_KEYWORD + keyword) & 1) != 0;
	keyword -= ENTRY_KEYWORDS;
	return (f->more[keyword / 8] >> (keyword % 8) & 1) != 0;
}

/* RFC 9051 2.3.2: keywords are compared without regard to case. */
static uint32_t
find(const struct box *b, struct ms_str name)
{
	uint32_t i = 0;

	while (i < b->n_keywords && !ms_str_equal_ci(b->keywords[i], name))
		i++;
	return i;
}

static void
add_name(struct db_txn *t, struct box *b, struct ms_str name)
{
	struct ms_str *names = ms_arena_array(t->arena, b->n_keywords + 1, sizeof(*names));

	if (b->n_keywords > 0)
		memcpy(names, b->keywords, b->n_keywords * sizeof(*names));
	names[b->n_keywords++] = ms_arena_str(t->arena, name);
	b->keywords = names;
}

ms_status
flagset_make(struct db_txn *t, struct box *b, uint32_t flags, const struct ms_str *keywords,
    size_t n, bool add, struct flagset *out, bool *added_out)
{
	*added_out = false;
	memset(out, 0, sizeof(*out));
	out->word = flags & ENTRY_SYSTEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t k;

		if (keywords[i].len == 0 || keywords[i].len > MS_MAX_KEYWORD)
			return ms_error_set(t->err, MS_LIMIT, "", "a keyword has 1 to %d octets",
			    MS_MAX_KEYWORD);
		k = find(b, keywords[i]);
		if (k == b->n_keywords) {
			if (!add)
				continue;
			if (k == BOX_MAX_KEYWORDS)
				return ms_error_set(t->err, MS_LIMIT, "",
				    "the mailbox has %d keywords already", BOX_MAX_KEYWORDS);
			add_name(t, b, keywords[i]);
			*added_out = true;
		}
		set(out, k);
	}
	return MS_OK;
}

void
flagset_of(uint32_t word, struct ms_str more, struct flagset *out)
{
	memset(out, 0, sizeof(*out));
	out->word = word & ~ENTRY_MORE;
	out->has_more = (word & ENTRY_MORE) != 0;
	if (out->has_more && more.len > 0)
		memcpy(out->more, more.data, more.len);
}

struct ms_str
flagset_more(const struct flagset *f)
{
	size_t len = MAIL_MORE;

	if (!f->has_more)
		return ms_str_of("", 0);
	while (len > 0 && f->more[len - 1] == 0)
		len--;
	return ms_str_of((const char *)f->more, len);
}

bool
flagset_equal(const struct flagset *a, const struct flagset *b)
{
	return a->word == b->word && memcmp(a->more, b->more, sizeof(a->more)) == 0;
}

void
flagset_apply(struct flagset *f, uint32_t how, const struct flagset *change)
{
	if (how == MS_STORE_REPLACE) {
		*f = *change;
		return;
	}
	f->word = how == MS_STORE_ADD ? f->word | change->word : f->word & ~change->word;
	f->has_more = false;
	for (size_t i = 0; i < MAIL_MORE; i++) {
		f->more[i] = (uint8_t)(how == MS_STORE_ADD ? f->more[i] | change->more[i] :
		    f->more[i] & ~change->more[i]);
		if (f->more[i] != 0)
			f->has_more = true;
	}
}

const struct ms_str *
flagset_names(const struct box *b, const struct flagset *f, struct ms_arena *arena,
    uint32_t *n_out)
{
	struct ms_str *names;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n_keywords; i++)
		n += is_set(f, i);
	*n_out = n;
	if (n == 0)
		return NULL;
	names = ms_arena_array(arena, n, sizeof(*names));
	n = 0;
	for (uint32_t i = 0; i < b->n_keywords; i++)
		if (is_set(f, i))
			names[n++] = b->keywords[i];
	return names;
}
