/* SPDX-License-Identifier: ISC */
/*
 * verify_boxes.c - see verify.h: accounts, mailboxes, messages
 *
 * Rows of the table "box" come in the order account, chunks of a mailbox, its
 * record.  A second cursor walks the mail rows beside the entries: both must
 * name the same messages.
 */
#include "verify.h"

#include <mansio/mailbox.h>

#include "box.h"
#include "message.h"

struct walk {
	struct verify   *v;
	struct db_cursor mail;
	ms_status        at_mail;	/* MS_OK: the cursor stands on a row */
	struct ms_arena *arena;		/* emptied after each mailbox */
	struct box       box;		/* of the chunks that are walked */
	struct box       sum;		/* counted from them */
	uint32_t         last_uid;
	struct uid_list  uids;
};

static ms_status
next_mail(struct walk *w)
{
	w->at_mail = db_next(&w->mail);
	return w->at_mail == MS_NOTFOUND ? MS_OK : w->at_mail;
}

/* Mail rows before that key belong to nothing. */
static ms_status
pass_strays(struct walk *w, const struct key *key)
{
	ms_status st;

	while (w->at_mail == MS_OK && (w->mail.key.len != key->len ||
	    memcmp(w->mail.key.data, key->octets, key->len) < 0)) {
		verify_report(w->v, "a mail row without a message", NULL,
		    key_u32_at(w->mail.key, 8), key_u32_at(w->mail.key, 4));
		if ((st = next_mail(w)) != MS_OK)
			return st;
	}
	return MS_OK;
}

static ms_status
check_email_id(struct walk *w, uint32_t uid, const struct ms_id *id)
{
	struct db_txn *t = &w->v->t;
	struct ms_id own = email_id_of(t, w->box.account, w->box.number, uid);
	struct key key = key_email(w->box.account, id, w->box.number, uid);
	struct ms_str there;
	ms_status st;

	if (id_equal(&own, id))
		return MS_OK;
	st = db_get(t, DB_EMAIL, key_str(&key), &there);
	if (st == MS_NOTFOUND)
		verify_report(w->v, "an email id that is not found", &w->box, uid, 0);
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
check_message(struct walk *w, const struct entry *e)
{
	struct key key = key_uid(w->box.account, w->box.number, e->uid);
	struct verify *v = w->v;
	struct mail mail;
	ms_status st = pass_strays(w, &key);

	if (st != MS_OK)
		return st;
	v->messages++;
	if (w->at_mail != MS_OK || memcmp(w->mail.key.data, key.octets, key.len) != 0) {
		verify_report(v, "a message without a mail row", &w->box, e->uid, 0);
		return MS_OK;
	}
	if (!mail_decode(w->mail.value, &mail)) {
		verify_report(v, "a damaged mail row", &w->box, e->uid, 0);
		return next_mail(w);
	}
	if (mail.octets != e->octets && e->octets != ENTRY_BIG)
		verify_report(v, "a size that differs", &w->box, e->uid, 0);
	if (((e->flags & ENTRY_MORE) != 0) != (mail.more.len > 0))
		verify_report(v, "a map of keywords that differs", &w->box, e->uid, 0);
	tally_add(&v->references, mail.blob, 1);
	w->sum.octets += mail.octets;
	if ((st = check_email_id(w, e->uid, &mail.email_id)) != MS_OK)
		return st;
	return next_mail(w);
}

static ms_status
check_chunk(struct walk *w, struct ms_str raw, uint32_t key)
{
	uint8_t again[CHUNK_OCTETS];
	struct verify *v = w->v;
	struct chunk c;
	ms_status st;

	if (!chunk_decode(raw, &c)) {
		verify_report(v, "a damaged chunk", &w->box, key, 0);
		return MS_OK;
	}
	if (chunk_encode(&c, again) != raw.len || memcmp(again, raw.data, raw.len) != 0)
		verify_report(v, "a chunk whose head differs", &w->box, key, 0);
	if (key > c.entries[0].uid || key <= w->last_uid)
		verify_report(v, "a chunk in the wrong place", &w->box, key, 0);
	for (uint32_t i = 0; i < c.n; i++) {
		const struct entry *e = &c.entries[i];

		if (e->uid <= w->last_uid || e->uid >= w->box.uidnext)
			verify_report(v, "a UID out of order", &w->box, e->uid, 0);
		if (e->modseq > w->box.modseq)
			verify_report(v, "a modseq above the mailbox's", &w->box, e->uid,
			    e->modseq);
		w->sum.messages++;
		w->sum.unseen += (e->flags & MS_FLAG_SEEN) == 0;
		w->sum.deleted += (e->flags & MS_FLAG_DELETED) != 0;
		if ((e->flags & MS_FLAG_SEEN) == 0 && w->sum.first_unseen == 0)
			w->sum.first_unseen = e->uid;
		if (e->uid > w->last_uid)
			uid_list_add(&w->uids, e->uid);
		w->last_uid = e->uid;
		if ((st = check_message(w, e)) != MS_OK)
			return st;
	}
	return MS_OK;
}

/* No UID is both there and remembered as vanished. */
static ms_status
check_gone(struct walk *w)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&w->v->t, DB_GONE);
	struct key key = key_gone(w->box.account, w->box.number, 0, 0);
	ms_status st;

	for (st = db_seek(&c, key_str(&key));
	    st == MS_OK && key_has_head(c.key, key.octets, 8); st = db_next(&c)) {
		struct ms_uid_range *ranges;
		struct ms_uids both;
		uint32_t time;
		size_t n;

		w->sum.gone_rows++;
		if (!gone_decode(c.value, w->arena, &time, &ranges, &n)) {
			verify_report(w->v, "a damaged row of vanished UIDs", &w->box, 0,
			    key_u64_at(c.key, 8));
			continue;
		}
		if (key_u64_at(c.key, 8) > w->box.modseq)
			verify_report(w->v, "an expunge above the mailbox's modseq", &w->box, 0,
			    key_u64_at(c.key, 8));
		both = uids_both(w->arena, uid_list_uids(&w->uids),
		    (struct ms_uids){ ranges, n });
		if (both.n > 0)
			verify_report(w->v, "a UID both there and vanished", &w->box,
			    both.ranges[0].first, 0);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
end_box(struct walk *w)
{
	struct verify *v = w->v;
	struct box *b = &w->box, *sum = &w->sum;
	struct ms_buf row = MS_BUF_MAX(256 * 1024);
	struct key key = key_uid(b->account, b->number, UID_RECORD);
	bool is_gone = (b->flags & MS_BOX_GONE) != 0, fix = false;
	ms_status st = check_gone(w);

	if (st != MS_OK)
		return st;
	v->mailboxes++;
	fix |= verify_counter(v, "messages", b, 0, b->messages, sum->messages);
	fix |= verify_counter(v, "unseen", b, 0, b->unseen, sum->unseen);
	fix |= verify_counter(v, "deleted", b, 0, b->deleted, sum->deleted);
	fix |= verify_counter(v, "octets", b, 0, b->octets, sum->octets);
	fix |= !is_gone &&
	    verify_counter(v, "first unseen", b, 0, b->first_unseen, sum->first_unseen);
	fix |= !is_gone &&
	    verify_counter(v, "rows of vanished UIDs", b, 0, b->gone_rows, sum->gone_rows);
	if (b->modseq > v->account.modseq)
		verify_report(v, "a modseq above the account's", b, 0, b->modseq);
	if (b->uidvalidity > v->account.uidvalidity)
		verify_report(v, "a UIDVALIDITY above the account's", b, 0, b->uidvalidity);
	if (fix) {
		b->messages = sum->messages;
		b->unseen = sum->unseen;
		b->deleted = sum->deleted;
		b->octets = sum->octets;
		if (!is_gone) {
			b->first_unseen = sum->first_unseen;
			b->gone_rows = sum->gone_rows;
		}
		box_encode(b, &row);
		verify_fix(v, DB_BOX, key_str(&key), ms_buf_str(&row));
		ms_buf_free(&row);
	}
	if (!is_gone) {
		v->counted.messages += sum->messages;
		v->counted.octets += sum->octets;
		v->counted.mailboxes += (b->flags & MS_BOX_NOSELECT) == 0;
	}
	return MS_OK;
}

static ms_status
count_annotations(struct verify *v, uint64_t *octets_out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_PROP);
	struct key head = key_number(v->account.number);
	ms_status st;

	*octets_out = 0;
	for (st = db_seek(&c, key_str(&head));
	    st == MS_OK && key_has_head(c.key, head.octets, head.len); st = db_next(&c)) {
		struct property p;

		if (c.key.len < 20 || !property_decode(c.value, &p))
			verify_report(v, "a damaged property", NULL, 0, v->account.number);
		else if (p.gone == 0)
			*octets_out += c.key.len - 20 + p.value.len;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
end_account(struct verify *v)
{
	struct account *a = &v->account, *sum = &v->counted;
	struct ms_buf row = MS_BUF_MAX(4096);
	struct key key = key_uid(a->number, 0, 0);
	bool fix = false;
	ms_status st;

	if (!v->has_account)
		return MS_OK;
	if ((st = count_annotations(v, &sum->annotation_octets)) != MS_OK)
		return st;
	fix |= verify_counter(v, "the account's messages", NULL, a->number, a->messages,
	    sum->messages);
	fix |= verify_counter(v, "the account's octets", NULL, a->number, a->octets,
	    sum->octets);
	fix |= verify_counter(v, "the account's mailboxes", NULL, a->number, a->mailboxes,
	    sum->mailboxes);
	fix |= verify_counter(v, "the account's annotations", NULL, a->number,
	    a->annotation_octets, sum->annotation_octets);
	if (fix) {
		a->messages = sum->messages;
		a->octets = sum->octets;
		a->mailboxes = sum->mailboxes;
		a->annotation_octets = sum->annotation_octets;
		account_encode(a, &row);
		verify_fix(v, DB_BOX, key_str(&key), ms_buf_str(&row));
		ms_buf_free(&row);
	}
	v->has_account = false;
	return MS_OK;
}

static ms_status
begin_account(struct walk *w, uint32_t number)
{
	struct verify *v = w->v;
	struct ms_str raw;
	ms_status st = end_account(v);

	if (st != MS_OK)
		return st;
	v->counted = (struct account){ .number = number };
	st = account_load(&v->t, number, &v->account);
	if (st != MS_OK) {
		verify_report(v, "a damaged account", NULL, 0, number);
		v->account = v->counted;
		return st == MS_NOTFOUND || v->t.rc == 0 ? MS_OK : st;
	}
	v->has_account = true;
	v->accounts++;
	st = db_get(&v->t, DB_ACCOUNT, v->account.name, &raw);
	if (st == MS_NOTFOUND || (st == MS_OK && key_u32_at(raw, 0) != number))
		verify_report(v, "an account that its name does not lead to", NULL, 0, number);
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
begin_box(struct walk *w, uint32_t account, uint32_t number)
{
	struct verify *v = w->v;
	ms_status st;

	ms_arena_reset(w->arena);
	w->uids = uid_list_in(w->arena);
	w->sum = (struct box){ .number = number };
	w->last_uid = 0;
	st = box_load(&v->t, account, number, &w->box);
	if (st == MS_OK)
		return MS_OK;
	verify_report(v, "a damaged or missing record of a mailbox", NULL, 0, number);
	w->box = (struct box){ .account = account, .number = number, .uidnext = UINT32_MAX,
		.modseq = UINT64_MAX };
	return st == MS_NOTFOUND || v->t.rc == 0 ? MS_OK : st;
}

static ms_status
walk_boxes(struct walk *w)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&w->v->t, DB_BOX);
	uint32_t account = 0, number = 0;
	struct key end = key_uid(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	ms_status st;

	while ((st = db_next(&c)) == MS_OK) {
		uint32_t a = key_u32_at(c.key, 0), m = key_u32_at(c.key, 4);
		uint32_t uid = key_u32_at(c.key, 8);

		if (a != account && (st = begin_account(w, a)) != MS_OK)
			return st;
		if ((a != account || m != number) && m != 0 &&
		    (st = begin_box(w, a, m)) != MS_OK)
			return st;
		account = a;
		number = m;
		if (m == 0)
			continue;
		st = uid == UID_RECORD ? end_box(w) : check_chunk(w, c.value, uid);
		if (st != MS_OK)
			return st;
	}
	if (st != MS_NOTFOUND || (st = pass_strays(w, &end)) != MS_OK)
		return st;
	return end_account(w->v);
}

ms_status
verify_boxes(struct verify *v)
{
	struct walk w = { .v = v, .arena = ms_arena_new(0), .mail = db_cursor(&v->t, DB_MAIL) };
	ms_status st = next_mail(&w);

	if (st == MS_OK)
		st = walk_boxes(&w);
	db_cursor_close(&w.mail);
	ms_arena_free(w.arena);
	return st;
}

/* ---- names and ids ---- */

ms_status
verify_names(struct verify *v)
{
	uint64_t names = 0, living = 0;
	ms_status st;
	struct box b;

	{
		DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_NAME);

		while ((st = db_next(&c)) == MS_OK) {
			names++;
			st = box_load(&v->t, key_u32_at(c.key, 0), key_u32_at(c.value, 0), &b);
			if (st != MS_OK || (b.flags & MS_BOX_GONE) != 0 ||
			    b.name.len != c.key.len - 4 ||
			    memcmp(b.name.data, c.key.data + 4, b.name.len) != 0)
				verify_report(v, "a name that leads to no mailbox", NULL, 0,
				    key_u32_at(c.value, 0));
		}
		if (st != MS_NOTFOUND)
			return st;
	}
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_BOX_ID);
	while ((st = db_next(&c)) == MS_OK) {
		st = box_load(&v->t, key_u32_at(c.key, 0), key_u32_at(c.value, 0), &b);
		if (st != MS_OK || c.key.len != 20 || memcmp(&b.id, c.key.data + 4, 16) != 0)
			verify_report(v, "an id that leads to no mailbox", NULL, 0,
			    key_u32_at(c.value, 0));
		else
			living += (b.flags & MS_BOX_GONE) == 0;
	}
	if (st == MS_NOTFOUND && names != living)
		verify_report(v, "mailboxes without a name", NULL, 0, living);
	return st == MS_NOTFOUND ? MS_OK : st;
}

ms_status
verify_trash(struct verify *v)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(&v->t, DB_TRASH);
	ms_status st;

	while ((st = db_next(&c)) == MS_OK) {
		struct trash trash;

		if (!trash_decode(c.value, &trash) || c.key.len != 16)
			verify_report(v, "a damaged row of expunged mail", NULL,
			    key_u32_at(c.key, 12), key_u32_at(c.key, 8));
		else
			tally_add(&v->references, trash.mail.blob, 1);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}
