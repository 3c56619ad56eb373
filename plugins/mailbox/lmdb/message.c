/* SPDX-License-Identifier: ISC */
/* message.c - see message.h */
#include "message.h"

#include <stdlib.h>

#include <mansio/error.h>
#include <mansio/mailbox.h>

#include "segments.h"

ms_status
mail_find(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid, struct mail *out)
{
	struct key key = key_uid(account, box, uid);
	struct ms_str raw;
	ms_status st = db_get(t, DB_MAIL, key_str(&key), &raw);

	if (st == MS_OK && !mail_decode(raw, out))
		st = db_damaged(t, DB_MAIL, "mail");
	return st;
}

ms_status
mail_put(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    const struct mail *m)
{
	struct key key = key_uid(account, box, uid);
	uint8_t *room;
	ms_status st = db_room(t, DB_MAIL, key_str(&key), mail_octets(m), &room);

	if (st == MS_OK)
		mail_encode(m, room);
	return st;
}

static uint32_t
date_of(int64_t arrived_us)
{
	int64_t seconds = arrived_us / 1000000;

	if (arrived_us < 1000000)
		return 0;
	return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static ms_status
index_email(struct db_txn *t, const struct box *b, uint32_t uid, const struct ms_id *id)
{
	struct ms_id own = email_id_of(t, b->account, b->number, uid);
	struct key key = key_email(b->account, id, b->number, uid);

	if (id_equal(id, &own))
		return MS_OK;
	return db_put(t, DB_EMAIL, key_str(&key), ms_str_of("", 0));
}

static ms_status
unindex_email(struct db_txn *t, const struct box *b, uint32_t uid, const struct ms_id *id)
{
	struct ms_id own = email_id_of(t, b->account, b->number, uid);
	struct key key = key_email(b->account, id, b->number, uid);
	ms_status st;

	if (id_equal(id, &own))
		return MS_OK;
	st = db_delete(t, DB_EMAIL, key_str(&key));
	return st == MS_NOTFOUND ? MS_OK : st;
}

ms_status
message_insert(struct db_txn *t, struct account *a, struct box *b, struct chunk_tail *tail,
    uint32_t uid, uint64_t modseq, const struct flagset *flags, const struct mail *mail,
    uint32_t *uid_out)
{
	struct mail row = *mail;
	struct entry e;
	ms_status st;

	if (uid == 0)
		uid = b->uidnext;
	if (uid > UID_LAST)
		return ms_error_set(t->err, MS_LIMIT, "", "the mailbox has no UID left");
	e = (struct entry){ .uid = uid, .flags = flagset_word(flags), .modseq = modseq,
		.octets = mail->octets < ENTRY_BIG ? (uint32_t)mail->octets : ENTRY_BIG,
		.date = date_of(mail->arrived_us) };
	row.more = flagset_more(flags);
	if (id_is_zero(&row.email_id))
		row.email_id = email_id_of(t, b->account, b->number, uid);
	if ((st = chunk_tail_add(t, tail, b->account, b->number, &e)) != MS_OK ||
	    (st = mail_put(t, b->account, b->number, uid, &row)) != MS_OK ||
	    (st = index_email(t, b, uid, &row.email_id)) != MS_OK)
		return st;
	if (uid >= b->uidnext)
		b->uidnext = uid + 1;
	b->messages++;
	b->octets += mail->octets;
	a->messages++;
	a->octets += mail->octets;
	b->deleted += (e.flags & MS_FLAG_DELETED) != 0;
	if ((e.flags & MS_FLAG_SEEN) == 0) {
		b->unseen++;
		if (b->first_unseen == 0 || uid < b->first_unseen)
			b->first_unseen = uid;
	}
	if (modseq > b->modseq)
		b->modseq = modseq;
	*uid_out = uid;
	return MS_OK;
}

static ms_status
to_trash(struct db_txn *t, const struct box *b, const struct entry *e, uint64_t modseq,
    struct ms_str raw)
{
	struct key key = key_trash(b->account, day_of(t->now_us), b->number, e->uid);
	uint8_t head[TRASH_HEAD];

	trash_encode_head(modseq, e, head);
	ms_buf_reset(&t->scratch);
	ms_buf_add(&t->scratch, ms_str_of((char *)head, sizeof(head)));
	ms_buf_add(&t->scratch, raw);
	if (!ms_buf_ok(&t->scratch))
		return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0", "no memory");
	return db_put(t, DB_TRASH, key_str(&key), ms_buf_str(&t->scratch));
}

static void
subtract(uint64_t *from, uint64_t what)
{
	*from -= what < *from ? what : *from;
}

ms_status
message_remove(struct db_txn *t, struct account *a, struct box *b, const struct entry *e,
    uint64_t modseq, uint32_t how)
{
	struct key key = key_uid(b->account, b->number, e->uid);
	struct ms_str raw;
	struct mail mail;
	uint64_t octets, blob;
	struct ms_id email_id;
	ms_status st = db_get(t, DB_MAIL, key_str(&key), &raw);

	if (st == MS_NOTFOUND || (st == MS_OK && !mail_decode(raw, &mail)))
		return db_damaged(t, DB_MAIL, "mail");
	if (st != MS_OK)
		return st;
	octets = mail.octets;
	blob = mail.blob;
	email_id = mail.email_id;
	if (how == MESSAGE_TO_TRASH)
		st = to_trash(t, b, e, modseq, raw);
	else if (how == MESSAGE_FOR_EVER)
		st = blob_drop(t, blob);
	if (st != MS_OK || (st = db_delete(t, DB_MAIL, key_str(&key))) != MS_OK ||
	    (st = unindex_email(t, b, e->uid, &email_id)) != MS_OK)
		return st;
	b->messages -= b->messages > 0;
	subtract(&b->octets, octets);
	/* A deleted mailbox was taken off the account's counters as a whole. */
	if ((b->flags & MS_BOX_GONE) == 0) {
		subtract(&a->messages, 1);
		subtract(&a->octets, octets);
	}
	if ((e->flags & MS_FLAG_SEEN) == 0)
		b->unseen -= b->unseen > 0;
	if ((e->flags & MS_FLAG_DELETED) != 0)
		b->deleted -= b->deleted > 0;
	return MS_OK;
}

/* ---- expunged messages ---- */

ms_status
trash_find(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    uint32_t *day_out, struct trash *out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_TRASH);
	struct key key = key_trash(account, 0, 0, 0);
	ms_status st = db_seek(&c, key_str(&key));

	/* One look a day, of which the retention time has few. */
	while (st == MS_OK && key_has_head(c.key, key.octets, 4)) {
		uint32_t day = key_u32_at(c.key, 4);
		struct key at = key_trash(account, day, box, uid);

		st = db_seek(&c, key_str(&at));
		if (st == MS_OK && c.key.len == at.len && key_has_head(c.key, at.octets, at.len)) {
			if (!trash_decode(c.value, out))
				return db_damaged(t, DB_TRASH, "mail");
			*day_out = day;
			return MS_OK;
		}
		at = key_trash(account, day + 1, 0, 0);
		if (st == MS_OK)
			st = db_seek(&c, key_str(&at));
	}
	return st == MS_OK ? MS_NOTFOUND : st;
}

ms_status
trash_remove(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid, uint32_t day)
{
	struct key key = key_trash(account, day, box, uid);

	return db_delete(t, DB_TRASH, key_str(&key));
}

static int
compare_places(const void *left, const void *right)
{
	const struct trash_place *a = left, *b = right;

	return a->uid < b->uid ? -1 : a->uid > b->uid;
}

ms_status
trash_list(struct db_txn *t, uint32_t account, uint32_t box, struct ms_uids uids,
    struct trash_place **places_out, size_t *n_out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_TRASH);
	struct key key = key_trash(account, 0, 0, 0);
	struct trash_place *places = NULL;
	size_t n = 0, cap = 0;
	ms_status st = db_seek(&c, key_str(&key));

	while (st == MS_OK && key_has_head(c.key, key.octets, 4)) {
		uint32_t day = key_u32_at(c.key, 4);
		struct key at = key_trash(account, day, box, 0);

		for (st = db_seek(&c, key_str(&at));
		    st == MS_OK && key_has_head(c.key, at.octets, 12); st = db_next(&c)) {
			uint32_t uid = key_u32_at(c.key, 12);

			if (uids.n > 0 && !uids_contain(uids, uid))
				continue;
			if (n == cap) {
				struct trash_place *grown;

				cap = cap > 0 ? cap * 2 : 64;
				grown = ms_arena_array(t->arena, cap, sizeof(*grown));
				if (n > 0)
					memcpy(grown, places, n * sizeof(*grown));
				places = grown;
			}
			places[n++] = (struct trash_place){ uid, day };
		}
		at = key_trash(account, day + 1, 0, 0);
		if (st == MS_OK)
			st = db_seek(&c, key_str(&at));
	}
	if (n > 0)
		qsort(places, n, sizeof(*places), compare_places);
	*places_out = places;
	*n_out = n;
	return st == MS_OK || st == MS_NOTFOUND ? MS_OK : st;
}
