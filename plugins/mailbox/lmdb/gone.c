/* SPDX-License-Identifier: ISC */
/* gone.c - see message.h: what is remembered of expunged UIDs */
#include <mansio/error.h>

#include "message.h"

/* RFC 7162 lets a server forget; a client then compares all UIDs. */
#define GONE_SECONDS	(30 * 24 * 3600)
#define GONE_MAX_ROWS	20000	/* each of up to GONE_MAX_RANGES */
#define GONE_TRIM	64	/* rows forgotten by one expunge, at most */

/* The oldest go first, a modseq as a whole: what the floor names is gone. */
static ms_status
trim(struct db_txn *t, struct box *b, uint32_t now)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_GONE);
	struct key key = key_gone(b->account, b->number, 0, 0);
	ms_status st = db_seek(&c, key_str(&key));

	for (uint32_t n = 0; st == MS_OK && n < GONE_TRIM &&
	    key_has_head(c.key, key.octets, 8); n++) {
		uint32_t time = key_u32_at(c.value, 4);
		uint64_t modseq = key_u64_at(c.key, 8);

		if (modseq > b->floor && b->gone_rows <= GONE_MAX_ROWS &&
		    (time > now || now - time < GONE_SECONDS))
			return MS_OK;
		if ((st = db_remove(&c)) != MS_OK)
			return st;
		b->gone_rows -= b->gone_rows > 0;
		if (modseq > b->floor)
			b->floor = modseq;
		st = db_next(&c);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* What is there under that key, which only a migration meets again, is taken
   out and put in anew together with the rest. */
static ms_status
take_out(struct db_txn *t, struct box *b, const struct key *key, struct ms_uids *uids)
{
	struct ms_uid_range *there, *all;
	struct ms_str raw;
	uint32_t time;
	size_t n;
	ms_status st = db_get(t, DB_GONE, key_str(key), &raw);

	if (st != MS_OK)
		return st == MS_NOTFOUND ? MS_OK : st;
	if (!gone_decode(raw, t->arena, &time, &there, &n))
		return db_damaged(t, DB_GONE, "ranges");
	all = ms_arena_array(t->arena, n + uids->n, sizeof(*all));
	memcpy(all, there, n * sizeof(*all));
	memcpy(all + n, uids->ranges, uids->n * sizeof(*all));
	*uids = (struct ms_uids){ all, uid_ranges_join(all, n + uids->n) };
	b->gone_rows -= b->gone_rows > 0;
	return db_delete(t, DB_GONE, key_str(key));
}

ms_status
gone_add(struct db_txn *t, struct box *b, uint64_t modseq, struct ms_uids uids)
{
	uint32_t now = t->now_us > 0 ? (uint32_t)(t->now_us / 1000000) : 0;

	while (uids.n > 0) {
		struct key key = key_gone(b->account, b->number, modseq, uids.ranges[0].first);
		ms_status st = take_out(t, b, &key, &uids);
		size_t n = uids.n < GONE_MAX_RANGES ? uids.n : GONE_MAX_RANGES;

		if (st != MS_OK)
			return st;
		ms_buf_reset(&t->scratch);
		gone_encode(now, uids.ranges, n, &t->scratch);
		if (!ms_buf_ok(&t->scratch))
			return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0", "no memory");
		if ((st = db_put(t, DB_GONE, key_str(&key), ms_buf_str(&t->scratch))) != MS_OK)
			return st;
		b->gone_rows++;
		uids = (struct ms_uids){ uids.ranges + n, uids.n - n };
	}
	return trim(t, b, now);
}

ms_status
gone_has(struct db_txn *t, const struct box *b, uint32_t uid, bool *out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_GONE);
	struct key key = key_gone(b->account, b->number, 0, 0);
	ms_status st;

	*out = false;
	if (b->gone_rows == 0)
		return MS_OK;
	for (st = db_seek(&c, key_str(&key));
	    st == MS_OK && key_has_head(c.key, key.octets, 8); st = db_next(&c)) {
		struct ms_uid_range *ranges;
		uint32_t time;
		size_t n;

		if (!gone_decode(c.value, t->arena, &time, &ranges, &n))
			return db_damaged(t, DB_GONE, "ranges");
		if (uids_contain((struct ms_uids){ ranges, n }, uid)) {
			*out = true;
			return MS_OK;
		}
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}
