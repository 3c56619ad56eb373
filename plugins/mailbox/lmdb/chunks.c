/* SPDX-License-Identifier: ISC */
/* chunks.c - see chunks.h */
#include "chunks.h"

#include <mansio/error.h>

void
chunks_begin(struct chunk_walk *w, struct db_txn *t, uint32_t account, uint32_t box)
{
	w->c = db_cursor(t, DB_BOX);
	w->account = account;
	w->box = box;
	w->key = 0;
	w->chunk.n = 0;
}

void
chunks_end(struct chunk_walk *w)
{
	db_cursor_close(&w->c);
}

/* Does the cursor stand on a chunk of the mailbox? */
static bool
is_chunk(struct chunk_walk *w)
{
	uint8_t head[8];

	put_u32(head, w->account);
	put_u32(head + 4, w->box);
	if (w->c.key.len != 12 || !key_has_head(w->c.key, head, sizeof(head)))
		return false;
	w->key = key_u32_at(w->c.key, 8);
	return w->key != UID_RECORD;
}

static ms_status
read_head(struct chunk_walk *w, struct chunk_head *out)
{
	if (!chunk_decode_head(w->c.value, out))
		return db_damaged(w->c.t, DB_BOX, "chunk");
	return MS_OK;
}

ms_status
chunks_decode(struct chunk_walk *w)
{
	if (!chunk_decode(w->c.value, &w->chunk) || w->chunk.entries[0].uid < w->key)
		return db_damaged(w->c.t, DB_BOX, "chunk");
	return MS_OK;
}

ms_status
chunks_seek_head(struct chunk_walk *w, uint32_t uid, struct chunk_head *out)
{
	struct key key = key_uid(w->account, w->box, uid);
	ms_status st = db_seek(&w->c, key_str(&key));

	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (st == MS_OK && is_chunk(w) && w->key == uid)
		return read_head(w, out);
	st = db_prev(&w->c);
	if (st == MS_OK && is_chunk(w)) {
		if ((st = read_head(w, out)) != MS_OK || out->last >= uid)
			return st;
	} else if (st == MS_NOTFOUND) {
		/* There is nothing before: start from the beginning. */
		if ((st = db_seek(&w->c, key_str(&key))) != MS_OK)
			return st;
		return is_chunk(w) ? read_head(w, out) : MS_NOTFOUND;
	} else if (st != MS_OK) {
		return st;
	}
	return chunks_next_head(w, out);
}

ms_status
chunks_next_head(struct chunk_walk *w, struct chunk_head *out)
{
	ms_status st = db_next(&w->c);

	if (st != MS_OK)
		return st;
	return is_chunk(w) ? read_head(w, out) : MS_NOTFOUND;
}

ms_status
chunks_seek(struct chunk_walk *w, uint32_t uid)
{
	struct chunk_head head;
	ms_status st = chunks_seek_head(w, uid, &head);

	return st == MS_OK ? chunks_decode(w) : st;
}

ms_status
chunks_next(struct chunk_walk *w)
{
	ms_status st = db_next(&w->c);

	if (st != MS_OK)
		return st;
	return is_chunk(w) ? chunks_decode(w) : MS_NOTFOUND;
}

/* ---- sets of UIDs ---- */

void
targets_begin(struct target_walk *w, struct db_txn *t, uint32_t account, uint32_t box,
    struct ms_uids uids)
{
	chunks_begin(&w->w, t, account, box);
	w->all = (struct ms_uid_range){ 1, UINT32_MAX - 1 };
	w->uids = uids.n > 0 ? uids : (struct ms_uids){ &w->all, 1 };
	w->at = 0;
	w->from = 1;
	w->is_placed = false;
}

void
targets_end(struct target_walk *w)
{
	chunks_end(&w->w);
}

ms_status
targets_next(struct target_walk *w)
{
	uint32_t wanted;
	ms_status st;

	while (w->at < w->uids.n && w->uids.ranges[w->at].last < w->from)
		w->at++;
	if (w->at == w->uids.n)
		return MS_NOTFOUND;
	wanted = w->uids.ranges[w->at].first;
	if (wanted <= w->from && w->is_placed)
		st = chunks_next(&w->w);
	else
		st = chunks_seek(&w->w, wanted > w->from ? wanted : w->from);
	if (st != MS_OK)
		return st;
	w->is_placed = true;
	w->from = w->w.chunk.entries[w->w.chunk.n - 1].uid + 1;
	return MS_OK;
}

ms_status
chunks_write(struct chunk_walk *w)
{
	uint8_t octets[CHUNK_OCTETS];

	if (w->chunk.n == 0)
		return db_remove(&w->c);
	return db_replace(&w->c, ms_str_of((char *)octets, chunk_encode(&w->chunk, octets)));
}

ms_status
chunk_put(struct db_txn *t, uint32_t account, uint32_t box, uint32_t key_uid_,
    struct chunk *c)
{
	struct key key = key_uid(account, box, key_uid_);
	uint8_t octets[CHUNK_OCTETS];

	return db_put(t, DB_BOX, key_str(&key),
	    ms_str_of((char *)octets, chunk_encode(c, octets)));
}

static ms_status
chunk_delete(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid)
{
	struct key key = key_uid(account, box, uid);

	return db_delete(t, DB_BOX, key_str(&key));
}

ms_status
chunks_join(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid)
{
	AUTO_CHUNKS struct chunk_walk w;
	struct chunk mine, other;
	uint32_t key, other_key;
	ms_status st;

	chunks_begin(&w, t, account, box);
	if ((st = chunks_seek(&w, uid)) != MS_OK)
		return st == MS_NOTFOUND ? MS_OK : st;
	mine = w.chunk;
	key = w.key;
	if (mine.n >= CHUNK_MERGE)
		return MS_OK;
	st = chunks_next(&w);
	other = w.chunk;
	other_key = w.key;
	if (st == MS_OK && chunk_merge(&mine, &other)) {
		if ((st = chunk_delete(t, account, box, other_key)) != MS_OK ||
		    (st = chunk_put(t, account, box, key, &mine)) != MS_OK)
			return st;
	} else if (st != MS_OK && st != MS_NOTFOUND) {
		return st;
	}
	if ((st = chunks_seek(&w, mine.entries[0].uid)) != MS_OK ||
	    (st = db_prev(&w.c)) != MS_OK || !is_chunk(&w))
		return st == MS_NOTFOUND ? MS_OK : st;
	if ((st = chunks_decode(&w)) != MS_OK || !chunk_merge(&w.chunk, &mine))
		return st;
	if ((st = chunk_put(t, account, box, w.key, &w.chunk)) != MS_OK)
		return st;
	return chunk_delete(t, account, box, key);
}

ms_status
entry_find(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    struct entry *out)
{
	AUTO_CHUNKS struct chunk_walk w;
	ms_status st;
	uint32_t i;

	chunks_begin(&w, t, account, box);
	if ((st = chunks_seek(&w, uid)) != MS_OK)
		return st;
	i = chunk_find(&w.chunk, uid);
	if (i == w.chunk.n || w.chunk.entries[i].uid != uid)
		return MS_NOTFOUND;
	*out = w.chunk.entries[i];
	return MS_OK;
}

/* ---- appending ---- */

static ms_status
load_tail(struct db_txn *t, struct chunk_tail *tail, uint32_t account, uint32_t box)
{
	AUTO_CHUNKS struct chunk_walk w;
	struct key key = key_uid(account, box, UID_RECORD);
	ms_status st;

	chunks_begin(&w, t, account, box);
	st = db_seek(&w.c, key_str(&key));
	if (st == MS_OK || st == MS_NOTFOUND)
		st = db_prev(&w.c);
	tail->chunk.n = 0;
	if (st == MS_OK && is_chunk(&w)) {
		if ((st = chunks_decode(&w)) != MS_OK)
			return st;
		tail->chunk = w.chunk;
		tail->key = w.key;
	} else if (st != MS_OK && st != MS_NOTFOUND) {
		return st;
	}
	tail->is_loaded = true;
	tail->is_dirty = false;
	return MS_OK;
}

ms_status
chunk_tail_flush(struct db_txn *t, struct chunk_tail *tail, uint32_t account, uint32_t box)
{
	ms_status st = MS_OK;

	if (tail->is_dirty)
		st = chunk_put(t, account, box, tail->key, &tail->chunk);
	tail->is_dirty = false;
	return st;
}

/* Between others, as only a migration asks for. */
static ms_status
insert(struct db_txn *t, uint32_t account, uint32_t box, const struct entry *e)
{
	AUTO_CHUNKS struct chunk_walk w;
	struct chunk upper;
	ms_status st;

	chunks_begin(&w, t, account, box);
	if ((st = chunks_seek(&w, e->uid)) != MS_OK)
		return st == MS_NOTFOUND ? MS_TEMPFAIL : st;
	if (e->uid < w.key) {
		/* Before the chunk's key: the chunk gets another one, or, if it is
		   full, the message one of its own. */
		if (!chunk_insert(&w.chunk, e)) {
			w.chunk.n = 1;
			w.chunk.entries[0] = *e;
		} else if ((st = db_remove(&w.c)) != MS_OK) {
			return st;
		}
		return chunk_put(t, account, box, e->uid, &w.chunk);
	}
	if (chunk_insert(&w.chunk, e))
		return chunks_write(&w);
	chunk_split(&w.chunk, &upper);
	if (!chunk_insert(e->uid < upper.entries[0].uid ? &w.chunk : &upper, e))
		return ms_error_set(t->err, MS_EXISTS, "", "UID %u is taken", e->uid);
	if ((st = chunks_write(&w)) != MS_OK)
		return st;
	return chunk_put(t, account, box, upper.entries[0].uid, &upper);
}

ms_status
chunk_tail_add(struct db_txn *t, struct chunk_tail *tail, uint32_t account, uint32_t box,
    const struct entry *e)
{
	ms_status st;

	if (!tail->is_loaded && (st = load_tail(t, tail, account, box)) != MS_OK)
		return st;
	if (tail->chunk.n > 0 && e->uid <= tail->chunk.entries[tail->chunk.n - 1].uid) {
		if ((st = chunk_tail_flush(t, tail, account, box)) != MS_OK)
			return st;
		tail->is_loaded = false;
		return insert(t, account, box, e);
	}
	if (tail->chunk.n == CHUNK_MAX) {
		if ((st = chunk_tail_flush(t, tail, account, box)) != MS_OK)
			return st;
		tail->chunk.n = 0;
	}
	if (tail->chunk.n == 0)
		tail->key = e->uid;
	tail->chunk.entries[tail->chunk.n++] = *e;
	tail->is_dirty = true;
	return MS_OK;
}
