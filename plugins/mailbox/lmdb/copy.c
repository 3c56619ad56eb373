/* SPDX-License-Identifier: ISC */
/*
 * copy.c - COPY, MOVE and RESTORE
 *
 * A copy refers to the same blob and keeps the email id, as its content is
 * the same.  A move hands its reference over.
 */
#include <mansio/error.h>
#include <mansio/str.h>

#include "jobs.h"
#include "message.h"
#include "segments.h"

struct copy {
	struct db_txn     *t;
	struct account    *a;
	struct box        *from, *to;		/* one and the same if they are */
	struct chunk_tail  tail;
	uint64_t           modseq;
	uint64_t           limit_octets, limit_messages;
	bool               hands_over;		/* the reference to the blob, too */
	struct uid_list    taken, made;
	struct flagset     last_from, last_to;	/* translated last */
	bool               has_last;
};

static ms_status
begin(struct copy *c, const struct ms_job_copy *job, struct account *a, struct box *from,
    struct box *to)
{
	struct db_txn *t = c->t;
	ms_status st;

	if (!uids_are_sound(job->uids))
		return ms_error_set(t->err, MS_INVALID, "", "UIDs that make no sense");
	if ((st = account_find(t, job->job.key, a)) != MS_OK ||
	    (st = box_find(t, a->number, &job->from, from)) != MS_OK ||
	    (st = box_find_living(t, a->number, &job->to, to)) != MS_OK)
		return st;
	c->a = a;
	c->to = to;
	c->from = from->number == to->number ? to : from;
	c->taken = uid_list_in(job->job.arena);
	c->made = uid_list_in(job->job.arena);
	c->limit_octets = job->limit_octets;
	c->limit_messages = job->limit_messages;
	return MS_OK;
}

/* The same keywords by the numbers of the other mailbox. */
static ms_status
translate(struct copy *c, const struct flagset *in, struct flagset *out)
{
	const struct ms_str *names;
	uint32_t n;
	bool added;
	ms_status st;

	if (c->from == c->to) {
		*out = *in;
		return MS_OK;
	}
	if (!c->has_last || !flagset_equal(in, &c->last_from)) {
		names = flagset_names(c->from, in, c->t->arena, &n);
		st = flagset_make(c->t, c->to, in->word, names, n, true, &c->last_to, &added);
		if (st != MS_OK)
			return st;
		c->last_from = *in;
		c->has_last = true;
	}
	*out = c->last_to;
	return MS_OK;
}

static ms_status
check_quota(const struct copy *c, uint64_t octets)
{
	if ((c->limit_octets != 0 && (c->a->octets >= c->limit_octets ||
	    octets > c->limit_octets - c->a->octets)) ||
	    (c->limit_messages != 0 && c->a->messages >= c->limit_messages))
		return ms_error_set(c->t->err, MS_OVERQUOTA, "4.2.2", "the account is full");
	return MS_OK;
}

/* raw: the mail row, lent from a table. */
static ms_status
copy_message(struct copy *c, const struct entry *e, struct ms_str raw)
{
	struct db_txn *t = c->t;
	struct flagset in, out;
	struct mail mail;
	uint32_t uid;
	ms_status st;

	ms_buf_reset(&t->scratch);
	ms_buf_add(&t->scratch, raw);
	if (!ms_buf_ok(&t->scratch) || !mail_decode(ms_buf_str(&t->scratch), &mail))
		return db_damaged(t, DB_MAIL, "mail");
	if ((st = check_quota(c, mail.octets)) != MS_OK)
		return st;
	flagset_of(e->flags, mail.more, &in);
	if ((st = translate(c, &in, &out)) != MS_OK)
		return st;
	if (!c->hands_over && (st = blob_hold(t, mail.blob)) != MS_OK)
		return st;
	mail.saved_us = t->now_us;
	st = message_insert(t, c->a, c->to, &c->tail, 0, c->modseq, &out, &mail, &uid);
	if (st != MS_OK)
		return st;
	uid_list_add(&c->taken, e->uid);
	uid_list_add(&c->made, uid);
	return MS_OK;
}

/* The entries first: what is read must not be what is being written, where a
   mailbox is copied to itself. */
static ms_status
list_entries(struct copy *c, struct ms_uids uids, struct entry **entries_out, size_t *n_out)
{
	AUTO_TARGETS struct target_walk w;
	struct entry *entries;
	uint64_t count;
	size_t n = 0;
	ms_status st;

	st = messages_count(c->t, c->from, uids, false, JOB_MAX_MESSAGES, &count);
	if (st != MS_OK)
		return st;
	if (count > JOB_MAX_MESSAGES)
		return ms_error_set(c->t->err, MS_LIMIT, "", "more than %d messages at once",
		    JOB_MAX_MESSAGES);
	if (uids.n > 0 && uids_count(uids) < count)
		count = uids_count(uids);
	entries = ms_arena_array(c->t->arena, count + 1, sizeof(*entries));
	targets_begin(&w, c->t, c->from->account, c->from->number, uids);
	while ((st = targets_next(&w)) == MS_OK)
		for (uint32_t i = 0; i < w.w.chunk.n; i++)
			if (targets_has(&w, w.w.chunk.entries[i].uid) && n < count)
				entries[n++] = w.w.chunk.entries[i];
	*entries_out = entries;
	*n_out = n;
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
copy_living(struct copy *c, const struct entry *e)
{
	struct key key = key_uid(c->from->account, c->from->number, e->uid);
	struct ms_str raw;
	ms_status st = db_get(c->t, DB_MAIL, key_str(&key), &raw);

	if (st == MS_NOTFOUND)
		return db_damaged(c->t, DB_MAIL, "mail");
	return st == MS_OK ? copy_message(c, e, raw) : st;
}

static ms_status
copy_all(struct copy *c, struct ms_uids uids)
{
	struct entry *entries;
	size_t n;
	ms_status st = list_entries(c, uids, &entries, &n);

	if (st == MS_OK && n > 0)
		c->modseq = account_modseq(c->a, 0);
	for (size_t i = 0; i < n && st == MS_OK; i++)
		st = copy_living(c, &entries[i]);
	return st;
}

static ms_status
end(struct copy *c, struct ms_job_copy *job)
{
	ms_status st = chunk_tail_flush(c->t, &c->tail, c->to->account, c->to->number);

	if (st != MS_OK)
		return st;
	job->uidvalidity_out = c->to->uidvalidity;
	job->from_out = uid_list_uids(&c->taken);
	job->to_out = uid_list_uids(&c->made);
	job->modseq_out = c->taken.n > 0 ? c->modseq : c->to->modseq;
	job->from_modseq_out = c->from->modseq;
	if (c->taken.n == 0)
		return MS_OK;
	if ((st = box_save(c->t, c->to)) != MS_OK)
		return st;
	return account_save(c->t, c->a);
}

ms_status
job_copy(struct db_txn *t, struct ms_job_copy *job)
{
	struct copy c = { .t = t, .hands_over = job->move != 0 };
	struct account a;
	struct box from, to;
	ms_status st = begin(&c, job, &a, &from, &to);

	if (st == MS_OK && ((from.flags & (MS_BOX_GONE | MS_BOX_NOSELECT)) != 0 ||
	    job->uids.n == 0))
		return ms_error_set(t->err, job->uids.n == 0 ? MS_INVALID : MS_NOTFOUND, "",
		    "nothing to be copied from");
	/* A move within the account adds nothing to what it holds. */
	if (job->move != 0)
		c.limit_octets = c.limit_messages = 0;
	if (st != MS_OK || (st = copy_all(&c, job->uids)) != MS_OK)
		return st;
	if (job->move != 0 && c.taken.n > 0) {
		struct uid_list gone = uid_list_in(t->arena);

		st = chunk_tail_flush(t, &c.tail, to.account, to.number);
		if (st == MS_OK)
			st = messages_expunge(t, &a, c.from, uid_list_uids(&c.taken), false,
			    MESSAGE_MOVED, &c.modseq, &gone);
		if (st == MS_OK && c.from != c.to)
			st = box_save(t, c.from);
		if (st != MS_OK)
			return st;
	}
	return end(&c, job);
}

/* ---- undelete ---- */

static ms_status
restore_trashed(struct copy *c, const struct trash_place *place)
{
	uint32_t a = c->from->account, m = c->from->number;
	struct key key = key_trash(a, place->day, m, place->uid);
	struct ms_str raw;
	struct trash trash;
	ms_status st = db_get(c->t, DB_TRASH, key_str(&key), &raw);

	if (st != MS_OK)
		return st;
	if (!trash_decode(raw, &trash))
		return db_damaged(c->t, DB_TRASH, "mail");
	trash.entry.flags &= ~(uint32_t)MS_FLAG_DELETED;
	st = copy_message(c, &trash.entry, ms_str_from(raw, TRASH_HEAD));
	return st == MS_OK ? trash_remove(c->t, a, m, place->uid, place->day) : st;
}

/* In the order of UIDs: what was expunged, and what a deleted mailbox holds. */
static ms_status
restore_all(struct copy *c, struct ms_uids uids)
{
	struct uid_list left = uid_list_in(c->t->arena), gone = uid_list_in(c->t->arena);
	struct trash_place *places;
	struct entry *entries = NULL;
	size_t n_places, n_entries = 0, i = 0, k = 0;
	ms_status st;

	st = trash_list(c->t, c->from->account, c->from->number, uids, &places, &n_places);
	if (st == MS_OK && (c->from->flags & MS_BOX_GONE) != 0)
		st = list_entries(c, uids, &entries, &n_entries);
	if (st == MS_OK && n_places + n_entries > JOB_MAX_MESSAGES)
		return ms_error_set(c->t->err, MS_LIMIT, "", "more than %d messages at once",
		    JOB_MAX_MESSAGES);
	if (st == MS_OK && n_places + n_entries > 0)
		c->modseq = account_modseq(c->a, 0);
	while (st == MS_OK && (i < n_entries || k < n_places)) {
		if (i == n_entries || (k < n_places && places[k].uid < entries[i].uid)) {
			st = restore_trashed(c, &places[k++]);
			continue;
		}
		uid_list_add(&left, entries[i].uid);
		st = copy_living(c, &entries[i++]);
	}
	if (st != MS_OK || left.n == 0)
		return st;
	st = messages_expunge(c->t, c->a, c->from, uid_list_uids(&left), false, MESSAGE_MOVED,
	    &c->modseq, &gone);
	return st == MS_OK ? box_save(c->t, c->from) : st;
}

ms_status
job_restore(struct db_txn *t, struct ms_job_copy *job)
{
	struct copy c = { .t = t, .hands_over = true };
	struct account a;
	struct box from, to;
	ms_status st = begin(&c, job, &a, &from, &to);

	if (st != MS_OK || (st = restore_all(&c, job->uids)) != MS_OK)
		return st;
	return end(&c, job);
}
