/* SPDX-License-Identifier: ISC */
/* list.c - see read.h: accounts, mailboxes, usage */
#include <stdlib.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "properties.h"
#include "read.h"

#define LIST_MAX	1000	/* of a page */

ms_status
read_open(struct ms_instance *self, const struct ms_scope *scope, struct ms_str name,
    struct ms_str actor, struct ms_account **account_out, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t;
	struct ms_account *account;
	struct account a;
	ms_status st;

	(void)actor;
	if ((st = db_begin_read(&t, shard_of_key(self, name), scope->arena, err)) != MS_OK ||
	    (st = account_find(&t, name, &a)) != MS_OK)
		return st;
	if ((account = malloc(sizeof(*account))) == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	account->shard = t.shard;
	account->number = a.number;
	*account_out = account;
	return MS_OK;
}

void
read_close(struct ms_instance *self, struct ms_account *account)
{
	(void)self;
	free(account);
}

ms_status
read_usage(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_usage *out, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t;
	struct account a;
	ms_status st;

	(void)self;
	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK ||
	    (st = account_load(&t, account->number, &a)) != MS_OK)
		return st;
	out->flags = 0;
	out->octets = a.octets;
	out->messages = a.messages;
	out->mailboxes = a.mailboxes;
	out->annotation_octets = a.annotation_octets;
	return MS_OK;
}

/* ---- mailboxes ---- */

static void
fill_box(const struct box *b, struct ms_box *out)
{
	*out = (struct ms_box){ .size = sizeof(*out), .flags = b->flags, .id = b->id,
		.name = b->name, .special_use = b->special_use,
		.uidvalidity = b->uidvalidity, .uidnext = b->uidnext, .modseq = b->modseq,
		.box_modseq = b->box_modseq, .octets = b->octets, .messages = b->messages,
		.unseen = b->unseen, .deleted = b->deleted,
		.first_unseen = b->first_unseen, .recent_from = b->recent_from,
		.keywords = b->keywords, .n_keywords = b->n_keywords };
	if ((b->flags & MS_BOX_GONE) != 0)
		out->messages = out->unseen = out->deleted = out->first_unseen = 0;
}

static bool
is_below(struct ms_str name, struct ms_str top)
{
	return top.len == 0 || (ms_str_has_prefix(name, top) &&
	    (name.len == top.len || name.data[top.len] == '/'));
}

static void
give_boxes(struct ms_arena *arena, const struct box *boxes, size_t n, struct ms_boxes *out)
{
	struct ms_box *all = ms_arena_array(arena, n, sizeof(*all));
	const struct ms_box **pointers = ms_arena_array(arena, n, sizeof(*pointers));

	for (size_t i = 0; i < n; i++) {
		fill_box(&boxes[i], &all[i]);
		pointers[i] = &all[i];
	}
	out->n = (uint32_t)n;
	out->boxes = pointers;
}

/* By the table of names: costs what the page has. */
static ms_status
list_living(struct db_txn *t, uint32_t account, struct ms_str top, struct ms_str after,
    uint32_t limit, struct ms_boxes *out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_NAME);
	struct box *boxes = ms_arena_array(t->arena, limit, sizeof(*boxes));
	struct key head = key_number(account);
	struct long_key key;
	size_t n = 0;
	ms_status st;

	if (!key_name(&key, account, ms_str_compare(after, top) > 0 ? after : top)) {
		give_boxes(t->arena, boxes, 0, out);
		return MS_OK;
	}
	for (st = db_seek(&c, long_key_str(&key));
	    st == MS_OK && n < limit && key_has_head(c.key, head.octets, head.len);
	    st = db_next(&c)) {
		struct ms_str name = ms_str_from(c.key, head.len);

		if (!ms_str_has_prefix(name, top))
			break;
		if (!is_below(name, top) || (after.len > 0 && ms_str_compare(name, after) <= 0))
			continue;
		st = box_load(t, account, key_u32_at(c.value, 0), &boxes[n++]);
		if (st != MS_OK)
			return st == MS_NOTFOUND ? db_damaged(t, DB_NAME, "number") : st;
	}
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	give_boxes(t->arena, boxes, n, out);
	return MS_OK;
}

static int
compare_boxes(const void *left, const void *right)
{
	const struct box *a = left, *b = right;
	int order = ms_str_compare(a->name, b->name);

	if (order != 0)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Does its id belong to a later mailbox by now?  A migration may bring a
   deleted one back under the same id. */
static bool
is_replaced(const struct box *boxes, size_t n, const struct box *b)
{
	for (size_t i = 0; i < n; i++)
		if (boxes[i].number > b->number && id_equal(&boxes[i].id, &b->id))
			return true;
	return false;
}

/* What changed, with the deleted ones, which have no name in the table. */
static ms_status
list_changed(struct db_txn *t, uint32_t account, struct ms_str top, uint64_t since,
    struct ms_str after, uint32_t limit, struct ms_boxes *out)
{
	struct box *all, *kept;
	size_t n_all, n = 0;
	ms_status st = box_list(t, account, &all, &n_all);

	if (st != MS_OK)
		return st;
	kept = ms_arena_array(t->arena, n_all, sizeof(*kept));
	for (size_t i = 0; i < n_all; i++)
		if (all[i].box_modseq > since && is_below(all[i].name, top) &&
		    (after.len == 0 || ms_str_compare(all[i].name, after) > 0) &&
		    ((all[i].flags & MS_BOX_GONE) == 0 || !is_replaced(all, n_all, &all[i])))
			kept[n++] = all[i];
	if (n > 0)
		qsort(kept, n, sizeof(*kept), compare_boxes);
	/* Those of one name stay on one page, as the key is the name. */
	if (n > limit) {
		while (limit > 0 && limit < n &&
		    ms_str_equal(kept[limit - 1].name, kept[limit].name))
			limit++;
		n = limit;
	}
	give_boxes(t->arena, kept, n, out);
	return MS_OK;
}

ms_status
read_list(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_str name, uint32_t counters, uint64_t since,
    struct ms_str after, uint32_t limit, struct ms_boxes *out, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t;
	struct account a;
	ms_status st;

	(void)self, (void)counters;
	if (limit > LIST_MAX)
		limit = LIST_MAX;
	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK ||
	    (st = account_load(&t, account->number, &a)) != MS_OK)
		return st;
	out->modseq = a.list_modseq;
	return since > 0 ? list_changed(&t, account->number, name, since, after, limit, out) :
	    list_living(&t, account->number, name, after, limit, out);
}

/* ---- accounts ---- */

struct names {
	struct ms_arena *arena;
	struct ms_str   *names;
	size_t           n, cap;
};

static void
add_name(struct names *list, struct ms_str name)
{
	if (list->n == list->cap) {
		size_t cap = list->cap > 0 ? list->cap * 2 : 64;
		struct ms_str *grown = ms_arena_array(list->arena, cap, sizeof(*grown));

		if (list->n > 0)
			memcpy(grown, list->names, list->n * sizeof(*grown));
		list->names = grown;
		list->cap = cap;
	}
	list->names[list->n++] = ms_arena_str(list->arena, name);
}

static ms_status
add_accounts(struct db_txn *t, struct ms_str after, uint32_t limit, struct names *list)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_ACCOUNT);
	uint32_t n = 0;
	ms_status st = after.len > 0 ? db_seek(&c, after) : db_next(&c);

	for (; st == MS_OK && n < limit; st = db_next(&c))
		if (!ms_str_equal(c.key, after)) {
			add_name(list, c.key);
			n++;
		}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* By the index of property names; a hash may be that of another name. */
static ms_status
add_having(struct db_txn *t, struct ms_str having, struct ms_str after, struct names *list)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_PROP_IX);
	struct key head = key_u64(property_hash(t, having));
	uint32_t last = 0;
	ms_status st;

	for (st = db_seek(&c, key_str(&head));
	    st == MS_OK && key_has_head(c.key, head.octets, head.len); st = db_next(&c)) {
		uint32_t number = key_u32_at(c.key, 8);
		struct long_key key;
		struct account a;
		struct ms_str raw;
		struct ms_id box;
		ms_status there;

		if (number == last || c.key.len != 28)
			continue;
		memcpy(box.octets, c.key.data + 12, 16);
		if (!key_prop(&key, number, &box, having))
			break;
		there = db_get(t, DB_PROP, long_key_str(&key), &raw);
		if (there == MS_OK)
			there = account_load(t, number, &a);
		if (there == MS_NOTFOUND)
			continue;
		if (there != MS_OK)
			return there;
		last = number;
		if (after.len == 0 || ms_str_compare(a.name, after) > 0)
			add_name(list, a.name);
	}
	return st == MS_OK || st == MS_NOTFOUND ? MS_OK : st;
}

static int
compare_names(const void *a, const void *b)
{
	return ms_str_compare(*(const struct ms_str *)a, *(const struct ms_str *)b);
}

ms_status
read_accounts(struct ms_instance *self, const struct ms_scope *scope, struct ms_str having,
    struct ms_str after, uint32_t limit, struct ms_accounts *out, struct ms_error *err)
{
	struct names list = { .arena = scope->arena };
	ms_status st = MS_OK;

	if (limit > LIST_MAX)
		limit = LIST_MAX;
	for (uint32_t i = 0; i < self->n_shards && st == MS_OK; i++) {
		DB_AUTO_READ struct db_txn t;

		st = db_begin_read(&t, &self->shards[i], scope->arena, err);
		if (st == MS_OK)
			st = having.len > 0 ? add_having(&t, having, after, &list) :
			    add_accounts(&t, after, limit, &list);
	}
	if (st != MS_OK)
		return st;
	if (list.n > 0)
		qsort(list.names, list.n, sizeof(*list.names), compare_names);
	out->n = list.n < limit ? (uint32_t)list.n : limit;
	out->names = list.names;
	return MS_OK;
}
