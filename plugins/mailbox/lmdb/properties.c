/* SPDX-License-Identifier: ISC */
/* properties.c - see properties.h; the PROPERTY and MARK jobs */
#include "properties.h"

#include <mansio/error.h>
#include <mansio/pack.h>
#include <mansio/limits.h>

#include "box.h"
#include "jobs.h"
#include "message.h"

#define MAX_VALUE	65536	/* octets, mailbox.h */

uint64_t
property_hash(const struct db_txn *t, struct ms_str name)
{
	return ms_siphash(t->shard->store->id.octets, name.data, name.len);
}

static void
uncount(struct account *a, size_t octets)
{
	a->annotation_octets -= octets < a->annotation_octets ? octets : a->annotation_octets;
}

static ms_status
set_index(struct db_txn *t, uint32_t account, const struct ms_id *box, struct ms_str name,
    bool is_there)
{
	struct key key = key_prop_ix(property_hash(t, name), account, box);
	ms_status st;

	if (id_is_zero(box))
		return MS_OK;
	if (is_there)
		return db_put(t, DB_PROP_IX, key_str(&key), ms_str_of("", 0));
	st = db_delete(t, DB_PROP_IX, key_str(&key));
	return st == MS_NOTFOUND ? MS_OK : st;
}

ms_status
properties_drop(struct db_txn *t, struct account *a, const struct ms_id *box)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_PROP);
	struct key head = key_account_id(a->number, box);
	ms_status st = db_seek(&c, key_str(&head));

	while (st == MS_OK && key_has_head(c.key, head.octets, head.len)) {
		struct ms_str name = ms_str_of(c.key.data + head.len, c.key.len - head.len);
		struct property p;

		if (!property_decode(c.value, &p))
			return db_damaged(t, DB_PROP, "property");
		if (!p.gone)
			uncount(a, name.len + p.value.len);
		if ((st = set_index(t, a->number, box, name, false)) != MS_OK ||
		    (st = db_remove(&c)) != MS_OK)
			return st;
		st = db_seek(&c, key_str(&head));
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
note_change(struct db_txn *t, struct account *a, const struct ms_id *id, uint64_t modseq)
{
	struct box b;
	ms_status st = MS_OK;

	if (!id_is_zero(id)) {
		if ((st = box_find(t, a->number, id, &b)) != MS_OK)
			return st;
		b.box_modseq = modseq;
		a->list_modseq = modseq;
		st = box_save(t, &b);
	}
	return st == MS_OK ? account_save(t, a) : st;
}

ms_status
job_property(struct db_txn *t, struct ms_job_property *job)
{
	struct property p = { .value = ms_str_of("", 0) }, before;
	bool was_there, is_there = job->value.data != NULL;
	struct long_key key;
	struct account a;
	struct ms_str raw;
	struct box b;
	ms_status st = account_find(t, job->job.key, &a);

	if (st != MS_OK)
		return st;
	if (!id_is_zero(&job->box) && (st = box_find(t, a.number, &job->box, &b)) != MS_OK)
		return st;
	if (!id_is_zero(&job->box) && (b.flags & MS_BOX_GONE) != 0)
		return ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such mailbox");
	if (job->name.len == 0)
		return ms_error_set(t->err, MS_INVALID, "", "a property without a name");
	if (job->value.len > MAX_VALUE || !key_prop(&key, a.number, &job->box, job->name))
		return ms_error_set(t->err, MS_LIMIT, "", "the property is too long");
	st = db_get(t, DB_PROP, long_key_str(&key), &raw);
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (st == MS_OK && !property_decode(raw, &p))
		return db_damaged(t, DB_PROP, "property");
	before = p;
	was_there = st == MS_OK && !p.gone;
	if (st == MS_OK && p.modseq > job->unchanged_since)
		return ms_error_set(t->err, MS_CONFLICT, "", "the property has changed");
	/* Nothing there and nothing to be put is no change. */
	if (!was_there && !is_there) {
		job->modseq_out = before.modseq;
		return MS_OK;
	}
	if (was_there)
		uncount(&a, job->name.len + p.value.len);
	if (is_there)
		a.annotation_octets += job->name.len + job->value.len;
	p = (struct property){ .modseq = account_modseq(&a, 0), .gone = !is_there,
		.value = is_there ? job->value : ms_str_of("", 0) };
	ms_buf_reset(&t->scratch);
	property_encode(&p, &t->scratch);
	if (!ms_buf_ok(&t->scratch))
		return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0", "no memory");
	st = db_put(t, DB_PROP, long_key_str(&key), ms_buf_str(&t->scratch));
	if (st != MS_OK ||
	    (st = set_index(t, a.number, &job->box, job->name, is_there)) != MS_OK)
		return st;
	job->modseq_out = p.modseq;
	return note_change(t, &a, &job->box, p.modseq);
}

ms_status
job_mark(struct db_txn *t, struct ms_job_mark *job)
{
	struct account a;
	struct ms_str raw;
	struct mail mail;
	struct box b;
	struct key key;
	ms_status st = box_of_job(t, job->job.key, &job->box, &a, &b);

	if (st != MS_OK)
		return st;
	job->recent_from_out = b.recent_from;
	if (job->recent_from > b.recent_from) {
		b.recent_from = job->recent_from;
		if ((st = box_save(t, &b)) != MS_OK)
			return st;
	}
	if (job->uid == 0)
		return MS_OK;
	if (job->digest.len > MS_MAX_DIGEST)
		return ms_error_set(t->err, MS_LIMIT, "", "the digest is too long");
	key = key_uid(a.number, b.number, job->uid);
	if ((st = db_get(t, DB_MAIL, key_str(&key), &raw)) != MS_OK)
		return st == MS_NOTFOUND ? ms_error_set(t->err, st, "", "no such message") : st;
	ms_buf_reset(&t->scratch);
	ms_buf_add(&t->scratch, raw);
	if (!ms_buf_ok(&t->scratch) || !mail_decode(ms_buf_str(&t->scratch), &mail))
		return db_damaged(t, DB_MAIL, "mail");
	mail.digest = job->digest;
	return mail_put(t, a.number, b.number, job->uid, &mail);
}
