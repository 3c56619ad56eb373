/* SPDX-License-Identifier: ISC */
/* properties_read.c - see read.h: pages of properties */
#include <mansio/error.h>
#include <mansio/str.h>

#include "read.h"

#define MAX_PROPERTIES	500	/* of a page */
#define MAX_OCTETS	((size_t)2 << 20)	/* of values in a page */

struct page {
	struct ms_arena           *arena;
	struct ms_property        *all;
	const struct ms_property **pointers;
	uint32_t                   n, limit;
	size_t                     octets;
};

static void
add(struct page *p, struct ms_str key, const struct property *what)
{
	struct ms_property *out = &p->all[p->n];

	out->size = sizeof(*out);
	out->flags = what->gone;
	memcpy(out->box.octets, key.data + 4, sizeof(out->box.octets));
	out->name = ms_arena_str(p->arena, ms_str_from(key, 20));
	out->value = ms_arena_str(p->arena, what->value);
	out->modseq = what->modseq;
	p->octets += what->value.len;
	p->pointers[p->n++] = out;
}

static bool
is_full(const struct page *p)
{
	return p->n == p->limit || p->octets > MAX_OCTETS;
}

ms_status
read_properties(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, struct ms_str name,
    uint64_t since, const struct ms_property *after, uint32_t limit,
    struct ms_properties *out, struct ms_error *err)
{
	static const struct ms_id none;
	DB_AUTO_READ struct db_txn t = { .t = NULL };
	struct page page = { .arena = scope->arena,
		.limit = limit < MAX_PROPERTIES ? limit : MAX_PROPERTIES };
	struct key head = box != NULL ? key_account_id(account->number, box) :
	    key_number(account->number);
	struct long_key first;
	ms_status st;

	(void)self;
	page.all = ms_arena_array(scope->arena, page.limit, sizeof(*page.all));
	page.pointers = ms_arena_array(scope->arena, page.limit, sizeof(*page.pointers));
	out->n = 0;
	out->properties = page.pointers;
	if (!(after != NULL ? key_prop(&first, account->number, &after->box, after->name) :
	    key_prop(&first, account->number, box != NULL ? box : &none,
	    box != NULL ? name : ms_str_of("", 0))))
		return MS_OK;	/* no stored name is so long */
	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK)
		return st;
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&t, DB_PROP);
	for (st = db_seek(&c, long_key_str(&first));
	    st == MS_OK && !is_full(&page) && key_has_head(c.key, head.octets, head.len);
	    st = db_next(&c)) {
		struct property p;

		if (c.key.len < 20 || !property_decode(c.value, &p))
			return db_damaged(&t, DB_PROP, "property");
		if ((after != NULL && ms_str_equal(c.key, long_key_str(&first))) ||
		    !ms_str_has_prefix(ms_str_from(c.key, 20), name) ||
		    (since > 0 ? p.modseq <= since : p.gone != 0))
			continue;
		add(&page, c.key, &p);
	}
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	out->n = page.n;
	return MS_OK;
}
