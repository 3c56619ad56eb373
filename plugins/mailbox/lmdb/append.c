/* SPDX-License-Identifier: ISC */
/*
 * append.c - APPEND: a message into a mailbox, exactly once if it is a delivery
 *
 * The delivery id is looked up and inserted in the transaction that appends.
 * So whatever happened to whoever asked before, the second answer is the
 * first UID, also if the message has been expunged since.
 */
#include <mansio/error.h>
#include <mansio/limits.h>

#include "jobs.h"
#include "message.h"
#include "segments.h"

#define MAX_THREAD_KEYS	128	/* of a message; more are not looked at */

/* The account is part of the key: an alias may turn one recipient into
   several, which then differ in nothing else. */
static bool
delivery_key(const struct ms_job_append *job, uint32_t account, struct key *out)
{
	struct ms_id id = job->delivery_id;

	if (id_is_zero(&id))
		return false;
	id.octets[14] = (uint8_t)(job->delivery_number >> 8);
	id.octets[15] = (uint8_t)job->delivery_number;
	*out = key_delivery(&id, account);
	return true;
}

#ifndef MANSIO_SABOTAGE_NO_DELIVERY_ID
/* MS_OK: it was delivered before, the outputs are filled in. */
static ms_status
find_delivery(struct db_txn *t, const struct key *key, struct ms_job_append *job)
{
	struct ms_str raw;
	struct box box;
	uint32_t a, m;
	ms_status st = db_get(t, DB_DID, key_str(key), &raw);

	if (st != MS_OK)
		return st;
	if (raw.len != 12)
		return db_damaged(t, DB_DID, "delivery");
	a = key_u32_at(raw, 0);
	m = key_u32_at(raw, 4);
	job->uid_out = key_u32_at(raw, 8);
	job->repeated_out = 1;
	st = box_load(t, a, m, &box);
	if (st == MS_OK) {
		job->uidvalidity_out = box.uidvalidity;
		job->modseq_out = box.modseq;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}
#endif

static ms_status
put_delivery(struct db_txn *t, const struct key *key, const struct box *b, uint32_t uid)
{
	struct key place = key_uid(b->account, b->number, uid);

	return db_put(t, DB_DID, key_str(key), key_str(&place));
}

static ms_status
check_uid(struct db_txn *t, const struct box *b, uint32_t uid)
{
	struct entry e;
	bool gone;
	ms_status st;

	if (uid == 0 || uid >= b->uidnext)
		return MS_OK;
	if (uid > UID_LAST)
		return ms_error_set(t->err, MS_LIMIT, "", "no such UID");
	st = entry_find(t, b->account, b->number, uid, &e);
	if (st == MS_NOTFOUND) {
		if ((st = gone_has(t, b, uid, &gone)) != MS_OK)
			return st;
		if (!gone)
			return MS_OK;
	}
	if (st != MS_OK)
		return st;
	return ms_error_set(t->err, MS_EXISTS, "", "UID %u is taken", uid);
}

static ms_status
check_quota(struct db_txn *t, const struct account *a, const struct ms_job_append *job,
    uint64_t octets)
{
	if ((job->limit_octets != 0 && (a->octets >= job->limit_octets ||
	    octets > job->limit_octets - a->octets)) ||
	    (job->limit_messages != 0 && a->messages >= job->limit_messages))
		return ms_error_set(t->err, MS_OVERQUOTA, "4.2.2", "the account is full");
	return MS_OK;
}

/* Who shares a Message-ID or reference with a known message is in its thread;
   the keys that were unknown lead there from now on. */
static ms_status
find_thread(struct db_txn *t, uint32_t account, const struct ms_job_append *job,
    struct ms_id *thread)
{
	uint32_t n = job->n_thread_keys < MAX_THREAD_KEYS ? job->n_thread_keys :
	    MAX_THREAD_KEYS;
	uint8_t known[MAX_THREAD_KEYS] = { 0 };
	bool is_found = false;
	ms_status st;

	for (uint32_t i = 0; i < n; i++) {
		struct key key = key_thread(account, job->thread_keys[i]);
		struct ms_str raw;

		st = db_get(t, DB_THREAD, key_str(&key), &raw);
		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
		known[i] = st == MS_OK;
		if (st == MS_OK && raw.len != sizeof(*thread))
			return db_damaged(t, DB_THREAD, "thread");
		if (st == MS_OK && !is_found) {
			memcpy(thread, raw.data, sizeof(*thread));
			is_found = true;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		struct key key = key_thread(account, job->thread_keys[i]);

		if (known[i])
			continue;
		st = db_put(t, DB_THREAD, key_str(&key),
		    ms_str_of((const char *)thread->octets, sizeof(thread->octets)));
		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

static ms_status
put_message(struct db_txn *t, struct account *a, struct box *b, struct ms_job_append *job,
    const struct place *place, const struct flagset *flags)
{
	struct chunk_tail tail = { .is_loaded = false };
	struct mail mail = { .octets = place->length, .email_id = job->email_id,
		.thread_id = job->thread_id, .digest = job->digest };
	uint64_t modseq = account_modseq(a, job->modseq);
	ms_status st;

	mail.arrived_us = job->arrived_us != 0 ? job->arrived_us : t->now_us;
	mail.saved_us = job->saved_us != 0 ? job->saved_us : t->now_us;
	if (mail.digest.len > MS_MAX_DIGEST)
		mail.digest.len = 0;
	if (id_is_zero(&mail.email_id))
		mail.email_id = email_id_of(t, b->account, b->number,
		    job->uid != 0 ? job->uid : b->uidnext);
	if (id_is_zero(&mail.thread_id) && job->n_thread_keys > 0) {
		mail.thread_id = mail.email_id;
		if ((st = find_thread(t, b->account, job, &mail.thread_id)) != MS_OK)
			return st;
	}
	if ((st = blob_add(t, place, &mail.blob)) != MS_OK ||
	    (st = message_insert(t, a, b, &tail, job->uid, modseq, flags, &mail,
	    &job->uid_out)) != MS_OK ||
	    (st = chunk_tail_flush(t, &tail, b->account, b->number)) != MS_OK)
		return st;
	job->uidvalidity_out = b->uidvalidity;
	job->modseq_out = modseq;
	return MS_OK;
}

ms_status
job_append(struct db_txn *t, struct ms_job_append *job)
{
	bool is_delivery, added;
	struct flagset flags;
	struct account a;
	struct place place;
	struct key key;
	struct box b;
	ms_status st;

	job->repeated_out = 0;
	if (!place_decode(job->place, &place))
		return ms_error_set(t->err, MS_INVALID, "", "an APPEND without a body");
	if ((st = account_find(t, job->job.key, &a)) != MS_OK)
		return st;
	is_delivery = delivery_key(job, a.number, &key);
#ifndef MANSIO_SABOTAGE_NO_DELIVERY_ID
	if (is_delivery && (st = find_delivery(t, &key, job)) != MS_NOTFOUND)
		return st;
#endif
	if ((st = box_find_living(t, a.number, &job->box, &b)) != MS_OK ||
	    (st = check_uid(t, &b, job->uid)) != MS_OK ||
	    (st = check_quota(t, &a, job, place.length)) != MS_OK ||
	    (st = flagset_make(t, &b, job->flags, job->keywords, job->n_keywords, true,
	    &flags, &added)) != MS_OK ||
	    (st = put_message(t, &a, &b, job, &place, &flags)) != MS_OK)
		return st;
	if (is_delivery && (st = put_delivery(t, &key, &b, job->uid_out)) != MS_OK)
		return st;
	if ((st = box_save(t, &b)) != MS_OK)
		return st;
	return account_save(t, &a);
}
