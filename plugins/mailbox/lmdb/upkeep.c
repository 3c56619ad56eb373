/* SPDX-License-Identifier: ISC */
/* upkeep.c - see upkeep.h */
#include "upkeep.h"

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/mailbox.h>

#include "message.h"
#include "segments.h"

#define SLICE		2000	/* rows a transaction; rule 3 allows 5,000 */

struct slice {
	uint32_t account;	/* where the next slice begins */
	uint32_t before_day;
	bool     is_done;
};

static bool
is_cancelled(struct shard *s, const struct ms_scope *scope)
{
	return s->store->scope != NULL && s->store->scope->is_cancelled(scope) != 0;
}

static ms_status
expire_row(struct db_txn *t, struct db_cursor *c)
{
	struct trash trash;
	ms_status st;

	if (!trash_decode(c->value, &trash))
		return db_damaged(t, DB_TRASH, "mail");
	if ((st = db_remove(c)) != MS_OK)
		return st;
	return blob_drop(t, trash.mail.blob);
}

/* The days of an account lie one after the other, oldest first. */
static ms_status
expire_some(struct db_txn *t, void *data)
{
	struct slice *slice = data;
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_TRASH);
	struct key key = key_trash(slice->account, 0, 0, 0);
	ms_status st = db_seek(&c, key_str(&key));

	for (uint32_t n = 0; st == MS_OK && n < SLICE; ) {
		uint32_t account = key_u32_at(c.key, 0);

		slice->account = account;
		if (key_u32_at(c.key, 4) < slice->before_day) {
			if ((st = expire_row(t, &c)) != MS_OK)
				return st;
			n++;
			st = db_next(&c);
			continue;
		}
		key = key_trash(account + 1, 0, 0, 0);
		st = db_seek(&c, key_str(&key));
	}
	slice->is_done = st == MS_NOTFOUND;
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* ---- deleted mailboxes ---- */

static ms_status
purge_gone_rows(struct db_txn *t, const struct box *b, uint32_t limit, bool *left_out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_GONE);
	struct key head = key_gone(b->account, b->number, 0, 0);
	ms_status st = db_seek(&c, key_str(&head));

	for (uint32_t n = 0; st == MS_OK && key_has_head(c.key, head.octets, 8); n++) {
		if (n == limit) {
			*left_out = true;
			return MS_OK;
		}
		if ((st = db_remove(&c)) != MS_OK)
			return st;
		st = db_next(&c);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* The first messages of the mailbox, for ever. */
static ms_status
purge_messages(struct db_txn *t, struct box *b, bool *left_out)
{
	struct account nobody = { .number = b->account };
	struct uid_list gone = uid_list_in(t->arena);
	struct ms_uid_range range = { 1, 0 };
	uint64_t modseq = b->box_modseq;
	uint32_t n = 0;
	ms_status st;

	{
		AUTO_CHUNKS struct chunk_walk w;
		struct chunk_head head;

		chunks_begin(&w, t, b->account, b->number);
		for (st = chunks_seek_head(&w, 1, &head); st == MS_OK && n < SLICE / 2;
		    st = chunks_next_head(&w, &head)) {
			range.last = head.last;
			n += head.n;
		}
	}
	*left_out = st == MS_OK;
	if (n == 0)
		return MS_OK;
	return messages_expunge(t, &nobody, b, (struct ms_uids){ &range, 1 }, false,
	    MESSAGE_FOR_EVER, &modseq, &gone);
}

/* Of the mailbox that is due first.  Its record stays without its keywords:
   it tells sessions that look for changes that the mailbox is gone. */
static ms_status
purge_some(struct db_txn *t, void *data)
{
	struct slice *slice = data;
	bool is_left = false;
	struct box b;
	struct key due;
	ms_status st;

	{
		DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_DUE);

		st = db_next(&c);
		if (st == MS_NOTFOUND || (st == MS_OK &&
		    (int64_t)key_u64_at(c.key, 0) > t->now_us)) {
			slice->is_done = true;
			return MS_OK;
		}
		if (st != MS_OK)
			return st;
		due = key_due(key_u64_at(c.key, 0), key_u32_at(c.key, 8), key_u32_at(c.key, 12));
	}
	st = box_load(t, get_u32(due.octets + 8), get_u32(due.octets + 12), &b);
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (st == MS_OK && (b.flags & MS_BOX_GONE) != 0) {
		if ((st = purge_messages(t, &b, &is_left)) != MS_OK ||
		    (st = purge_gone_rows(t, &b, SLICE, &is_left)) != MS_OK)
			return st;
		if (!is_left)
			b.n_keywords = b.gone_rows = 0;
		if ((st = box_save(t, &b)) != MS_OK)
			return st;
	}
	return is_left ? MS_OK : db_delete(t, DB_DUE, key_str(&due));
}

ms_status
upkeep_expire(struct shard *s, const struct ms_scope *scope, struct ms_error *err)
{
	int64_t now = s->store->clock->now_us(s->store->host);
	struct slice slice = { .before_day = day_of(now - s->store->retention_us) };
	ms_status st = MS_OK;

	while (!slice.is_done && st == MS_OK && !is_cancelled(s, scope)) {
		st = db_change(s, err, expire_some, &slice);
		MS_CRASH("lmdb.expire.slice");
	}
	slice.is_done = false;
	while (!slice.is_done && st == MS_OK && !is_cancelled(s, scope)) {
		st = db_change(s, err, purge_some, &slice);
		MS_CRASH("lmdb.purge.slice");
	}
	return st;
}
