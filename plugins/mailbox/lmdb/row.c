/* SPDX-License-Identifier: ISC */
/* row.c - see read.h: rows of fetch() from entries and mail rows */
#include "read.h"

void
row_maker_begin(struct row_maker *m, struct db_txn *t, struct ms_arena *arena,
    const struct box *b, uint32_t want)
{
	memset(m, 0, sizeof(*m));
	m->t = t;
	m->arena = arena;
	m->box = b;
	m->want = want;
}

void
row_maker_end(struct row_maker *m)
{
	db_cursor_close(&m->mail);
}

/* Names that outlive the transaction, once for a mailbox. */
static const struct ms_str *
names_of(struct row_maker *m, const struct flagset *f, uint32_t *n_out)
{
	struct box copy = *m->box;

	if (copy.n_keywords > 0 && m->keywords == NULL) {
		m->keywords = ms_arena_array(m->arena, copy.n_keywords, sizeof(struct ms_str));
		for (uint32_t i = 0; i < copy.n_keywords; i++)
			m->keywords[i] = ms_arena_str(m->arena, copy.keywords[i]);
	}
	copy.keywords = m->keywords;
	return flagset_names(&copy, f, m->arena, n_out);
}

static void
set_flags(struct row_maker *m, uint32_t word, struct ms_str more, struct ms_row *row)
{
	struct flagset f;
	uint32_t slot = (word >> ENTRY_KEYWORD) * UINT32_C(2654435761) >> 28;

	row->flags = word & ENTRY_SYSTEM;
	word &= ~ENTRY_SYSTEM;
	if (word == 0)
		return;
	if ((word & ENTRY_MORE) == 0 && m->known[slot].word == word) {
		row->keywords = m->known[slot].names;
		row->n_keywords = m->known[slot].n;
		return;
	}
	flagset_of(word, more, &f);
	row->keywords = names_of(m, &f, &row->n_keywords);
	if ((word & ENTRY_MORE) == 0) {
		m->known[slot].word = word;
		m->known[slot].n = row->n_keywords;
		m->known[slot].names = row->keywords;
	}
}

static void
set_mail(struct row_maker *m, const struct mail *mail, struct ms_row *row)
{
	row->octets = mail->octets;
	row->arrived_us = mail->arrived_us;
	row->saved_us = mail->saved_us;
	row->email_id = mail->email_id;
	row->thread_id = mail->thread_id;
	if ((m->want & MS_ROW_DIGEST) != 0)
		row->digest = ms_arena_str(m->arena, mail->digest);
}

/* Mail rows lie in the order in which they are asked for: mostly the next one
   is it. */
static ms_status
find_mail(struct row_maker *m, uint32_t uid, struct mail *out)
{
	struct key key = key_uid(m->box->account, m->box->number, uid);
	ms_status st = MS_NOTFOUND;

	if (m->mail.c == NULL)
		m->mail = db_cursor(m->t, DB_MAIL);
	if (m->is_walking)
		st = db_next(&m->mail);
	if (st != MS_OK || m->mail.key.len != key.len ||
	    !key_has_head(m->mail.key, key.octets, key.len))
		st = db_seek(&m->mail, key_str(&key));
	m->is_walking = st == MS_OK;
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (st == MS_NOTFOUND || m->mail.key.len != key.len ||
	    !key_has_head(m->mail.key, key.octets, key.len) ||
	    !mail_decode(m->mail.value, out))
		return db_damaged(m->t, DB_MAIL, "mail");
	return MS_OK;
}

ms_status
row_make(struct row_maker *m, const struct entry *e, struct ms_row *row)
{
	bool needs_mail = (m->want & (MS_ROW_DATES | MS_ROW_IDS | MS_ROW_DIGEST)) != 0 ||
	    (e->flags & ENTRY_MORE) != 0 || e->octets == ENTRY_BIG;
	struct mail mail = { .more = { "", 0 } };
	ms_status st;

	row->size = sizeof(*row);
	row->uid = e->uid;
	row->modseq = e->modseq;
	row->octets = e->octets;
	row->box = m->box->id;
	if (needs_mail) {
		if ((st = find_mail(m, e->uid, &mail)) != MS_OK)
			return st;
		set_mail(m, &mail, row);
	}
	set_flags(m, e->flags, mail.more, row);
	return MS_OK;
}

void
row_make_expunged(struct row_maker *m, const struct trash *trash, struct ms_row *row)
{
	row->size = sizeof(*row);
	row->uid = trash->entry.uid;
	row->modseq = trash->modseq;
	row->box = m->box->id;
	set_mail(m, &trash->mail, row);
	set_flags(m, trash->entry.flags, trash->mail.more, row);
}
