/* SPDX-License-Identifier: ISC */
/* box.c - see box.h */
#include "box.h"

#include <mansio/error.h>
#include <mansio/mailbox.h>
#include <mansio/pack.h>

#include "chunks.h"

ms_status
account_load(struct db_txn *t, uint32_t number, struct account *out)
{
	struct key key = key_uid(number, 0, 0);
	struct ms_str raw;
	ms_status st = db_get(t, DB_BOX, key_str(&key), &raw);

	if (st != MS_OK)
		return st;
	if (!account_decode(ms_arena_str(t->arena, raw), out))
		return db_damaged(t, DB_BOX, "account");
	out->number = number;
	return MS_OK;
}

ms_status
account_find(struct db_txn *t, struct ms_str name, struct account *out)
{
	struct ms_str raw;
	ms_status st;

	if (name.len == 0 || name.len > KEY_MAX_NAME)
		return ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such account");
	st = db_get(t, DB_ACCOUNT, name, &raw);
	if (st == MS_NOTFOUND)
		return ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such account");
	if (st != MS_OK)
		return st;
	if (raw.len != 4)
		return db_damaged(t, DB_ACCOUNT, "number");
	st = account_load(t, get_u32((const uint8_t *)raw.data), out);
	return st == MS_NOTFOUND ? db_damaged(t, DB_ACCOUNT, "number") : st;
}

ms_status
account_save(struct db_txn *t, const struct account *a)
{
	struct key key = key_uid(a->number, 0, 0);

	ms_buf_reset(&t->scratch);
	account_encode(a, &t->scratch);
	if (!ms_buf_ok(&t->scratch))
		return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0", "no memory");
	return db_put(t, DB_BOX, key_str(&key), ms_buf_str(&t->scratch));
}

uint64_t
account_modseq(struct account *a, uint64_t wanted)
{
	uint64_t modseq = wanted != 0 ? wanted : a->modseq + 1;

	if (modseq > a->modseq)
		a->modseq = modseq;
	return modseq;
}

ms_status
box_load(struct db_txn *t, uint32_t account, uint32_t number, struct box *out)
{
	struct key key = key_uid(account, number, UID_RECORD);
	struct ms_str raw;
	ms_status st = db_get(t, DB_BOX, key_str(&key), &raw);

	if (st != MS_OK)
		return st;
	if (!box_decode(ms_arena_str(t->arena, raw), t->arena, out))
		return db_damaged(t, DB_BOX, "mailbox");
	out->account = account;
	out->number = number;
	return MS_OK;
}

ms_status
box_number(struct db_txn *t, uint32_t account, const struct ms_id *id, uint32_t *number_out)
{
	struct key key = key_account_id(account, id);
	struct ms_str raw;
	ms_status st = db_get(t, DB_BOX_ID, key_str(&key), &raw);

	if (st == MS_NOTFOUND)
		return ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such mailbox");
	if (st != MS_OK)
		return st;
	if (raw.len != 4)
		return db_damaged(t, DB_BOX_ID, "number");
	*number_out = get_u32((const uint8_t *)raw.data);
	return MS_OK;
}

ms_status
box_find(struct db_txn *t, uint32_t account, const struct ms_id *id, struct box *out)
{
	uint32_t number = 0;
	ms_status st = box_number(t, account, id, &number);

	if (st != MS_OK)
		return st;
	st = box_load(t, account, number, out);
	return st == MS_NOTFOUND ? db_damaged(t, DB_BOX_ID, "number") : st;
}

ms_status
box_find_living(struct db_txn *t, uint32_t account, const struct ms_id *id,
    struct box *out)
{
	ms_status st = box_find(t, account, id, out);

	if (st == MS_OK && (out->flags & (MS_BOX_GONE | MS_BOX_NOSELECT)) != 0)
		st = ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such mailbox");
	return st;
}

ms_status
box_save(struct db_txn *t, const struct box *b)
{
	struct key key = key_uid(b->account, b->number, UID_RECORD);

	ms_buf_reset(&t->scratch);
	box_encode(b, &t->scratch);
	if (!ms_buf_ok(&t->scratch))
		return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0", "no memory");
	return db_put(t, DB_BOX, key_str(&key), ms_buf_str(&t->scratch));
}

ms_status
box_list(struct db_txn *t, uint32_t account, struct box **boxes_out, size_t *n_out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_BOX);
	struct key head = key_number(account);
	struct box *boxes = NULL;
	size_t n = 0, cap = 0;
	uint32_t m = 1;
	ms_status st;

	for (;;) {
		struct key key = key_uid(account, m, 0);

		/* The next mailbox that has a row, and of that the record. */
		st = db_seek(&c, key_str(&key));
		if (st != MS_OK || !key_has_head(c.key, head.octets, head.len))
			break;
		m = key_u32_at(c.key, 4);
		if (n == cap) {
			struct box *grown;

			cap = cap > 0 ? cap * 2 : 16;
			grown = ms_arena_array(t->arena, cap, sizeof(*grown));
			if (n > 0)
				memcpy(grown, boxes, n * sizeof(*grown));
			boxes = grown;
		}
		st = box_load(t, account, m++, &boxes[n++]);
		if (st != MS_OK)
			return st == MS_NOTFOUND ? db_damaged(t, DB_BOX, "mailbox") : st;
	}
	*boxes_out = boxes;
	*n_out = n;
	return st == MS_OK || st == MS_NOTFOUND ? MS_OK : st;
}

ms_status
box_of_job(struct db_txn *t, struct ms_str account_name, const struct ms_id *id,
    struct account *account_out, struct box *box_out)
{
	ms_status st = account_find(t, account_name, account_out);

	return st == MS_OK ? box_find_living(t, account_out->number, id, box_out) : st;
}

ms_status
box_find_unseen(struct db_txn *t, struct box *b, uint32_t from)
{
	struct chunk_head head;
	ms_status st;

	b->first_unseen = 0;
	if (b->unseen == 0)
		return MS_OK;
	AUTO_CHUNKS struct chunk_walk w;
	chunks_begin(&w, t, b->account, b->number);
	for (st = chunks_seek_head(&w, from, &head); st == MS_OK;
	    st = chunks_next_head(&w, &head)) {
		if (head.unseen == 0)
			continue;
		if ((st = chunks_decode(&w)) != MS_OK)
			return st;
		for (uint32_t i = chunk_find(&w.chunk, from); i < w.chunk.n; i++)
			if ((w.chunk.entries[i].flags & MS_FLAG_SEEN) == 0) {
				b->first_unseen = w.chunk.entries[i].uid;
				return MS_OK;
			}
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* ---- ids of content ---- */

/* Most messages stay where they were delivered.  Their id says where that
   was, so that they need no row in the table that finds a message by its id;
   the hash keeps a foreign id from passing for such a one. */
struct ms_id
email_id_of(const struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid)
{
	struct ms_id id;
	uint8_t place[12];

	put_u32(place, account);
	put_u32(place + 4, box);
	put_u32(place + 8, uid);
	memcpy(id.octets, place + 4, 8);
	put_u64(id.octets + 8, ms_siphash(t->shard->store->id.octets, place, sizeof(place)));
	return id;
}

bool
email_id_place(const struct db_txn *t, uint32_t account, const struct ms_id *id,
    uint32_t *box_out, uint32_t *uid_out)
{
	struct ms_id expected;

	*box_out = get_u32(id->octets);
	*uid_out = get_u32(id->octets + 4);
	expected = email_id_of(t, account, *box_out, *uid_out);
	return id_equal(id, &expected);
}
