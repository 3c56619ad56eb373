/* SPDX-License-Identifier: ISC */
/* vanished.c - see read.h: UIDs that were expunged since a modseq */
#include <mansio/error.h>

#include "read.h"

struct ranges {
	struct ms_uid_range *all;
	size_t               n, cap;
};

static void
add_ranges(struct ms_arena *arena, struct ranges *to, const struct ms_uid_range *more,
    size_t n)
{
	if (to->n + n > to->cap) {
		size_t cap = (to->cap + n) * 2;
		struct ms_uid_range *grown = ms_arena_array(arena, cap, sizeof(*grown));

		if (to->n > 0)
			memcpy(grown, to->all, to->n * sizeof(*grown));
		to->all = grown;
		to->cap = cap;
	}
	memcpy(to->all + to->n, more, n * sizeof(*more));
	to->n += n;
}

ms_status
read_vanished(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *id, uint64_t since,
    struct ms_uids within, struct ms_vanished *out, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t = { .t = NULL };
	struct ranges found = { NULL, 0, 0 };
	struct box b;
	ms_status st;

	(void)self;
	if (!uids_are_sound(within))
		return ms_error_set(err, MS_INVALID, "", "UIDs that make no sense");
	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK ||
	    (st = box_find_living(&t, account->number, id, &b)) != MS_OK)
		return st;
	if (since < b.modseq) {
		DB_AUTO_CURSOR struct db_cursor c = db_cursor(&t, DB_GONE);
		struct key key = key_gone(b.account, b.number, since + 1, 0);

		for (st = db_seek(&c, key_str(&key));
		    st == MS_OK && key_has_head(c.key, key.octets, 8); st = db_next(&c)) {
			struct ms_uid_range *ranges;
			uint32_t time;
			size_t n;

			if (!gone_decode(c.value, scope->arena, &time, &ranges, &n))
				return db_damaged(&t, DB_GONE, "ranges");
			add_ranges(scope->arena, &found, ranges, n);
		}
		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
	}
	out->complete = since >= b.floor;
	out->uids = (struct ms_uids){ found.all, uid_ranges_join(found.all, found.n) };
	if (within.n > 0)
		out->uids = uids_both(scope->arena, out->uids, within);
	out->modseq = b.modseq;
	return MS_OK;
}
