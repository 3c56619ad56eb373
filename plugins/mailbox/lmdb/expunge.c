/* SPDX-License-Identifier: ISC */
/* expunge.c - EXPUNGE, and what MOVE shares with it */
#include <mansio/error.h>

#include "jobs.h"
#include "message.h"

ms_status
messages_count(struct db_txn *t, const struct box *b, struct ms_uids uids,
    bool only_deleted, uint64_t limit, uint64_t *count_out)
{
	uint64_t count = 0;
	ms_status st = MS_NOTFOUND;

	*count_out = only_deleted ? b->deleted : b->messages;
	if (*count_out <= limit)
		return MS_OK;
	AUTO_TARGETS struct target_walk w;
	targets_begin(&w, t, b->account, b->number, uids);
	while (count <= limit && (st = targets_next(&w)) == MS_OK)
		for (uint32_t i = 0; i < w.w.chunk.n; i++) {
			const struct entry *e = &w.w.chunk.entries[i];

			count += targets_has(&w, e->uid) &&
			    (!only_deleted || (e->flags & MS_FLAG_DELETED) != 0);
		}
	*count_out = count;
	return count > limit || st == MS_NOTFOUND ? MS_OK : st;
}

struct expunge {
	struct db_txn   *t;
	struct account  *a;
	struct box      *b;
	bool             only_deleted;
	uint32_t         how;
	uint64_t        *modseq;
	struct uid_list *gone;
};

/* Takes what is wanted out of the decoded chunk; *n_out: how many. */
static ms_status
thin_out(struct expunge *x, struct target_walk *w, uint32_t *n_out)
{
	struct chunk *c = &w->w.chunk;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		struct entry e = c->entries[i];
		ms_status st;

		if (!targets_has(w, e.uid) ||
		    (x->only_deleted && (e.flags & MS_FLAG_DELETED) == 0)) {
			c->entries[kept++] = e;
			continue;
		}
		if (*x->modseq == 0)
			*x->modseq = account_modseq(x->a, 0);
		st = message_remove(x->t, x->a, x->b, &e, *x->modseq, x->how);
		if (st != MS_OK)
			return st;
		uid_list_add(x->gone, e.uid);
	}
	*n_out = c->n - kept;
	c->n = kept;
	return MS_OK;
}

ms_status
messages_expunge(struct db_txn *t, struct account *a, struct box *b, struct ms_uids uids,
    bool only_deleted, uint32_t how, uint64_t *modseq, struct uid_list *gone)
{
	struct expunge x = { t, a, b, only_deleted, how, modseq, gone };
	AUTO_TARGETS struct target_walk w;
	struct ms_uids taken;
	ms_status st;

	targets_begin(&w, t, b->account, b->number, uids);
	while ((st = targets_next(&w)) == MS_OK) {
		uint32_t n = 0, key = w.w.key, left;

		if ((st = thin_out(&x, &w, &n)) != MS_OK)
			return st;
		if (n == 0)
			continue;
		left = w.w.chunk.n;
		if ((st = chunks_write(&w.w)) != MS_OK ||
		    (left > 0 && (st = chunks_join(t, b->account, b->number, key)) != MS_OK))
			return st;
		/* Chunks may have gone: the next one is sought anew. */
		w.is_placed = false;
	}
	if (st != MS_NOTFOUND)
		return st;
	taken = uid_list_uids(gone);
	if (taken.n == 0)
		return MS_OK;
	if (*modseq > b->modseq)
		b->modseq = *modseq;
	if ((b->flags & MS_BOX_GONE) == 0 && (st = gone_add(t, b, *modseq, taken)) != MS_OK)
		return st;
	return uids_contain(taken, b->first_unseen) ?
	    box_find_unseen(t, b, b->first_unseen) : MS_OK;
}

/* Expunges that happened elsewhere: their UIDs are remembered as they are,
   and never given here. */
static ms_status
remember(struct db_txn *t, struct account *a, struct box *b,
    const struct ms_job_expunge *job)
{
	uint32_t last;
	ms_status st;

	if (job->uids.n == 0)
		return MS_OK;
	if ((st = gone_add(t, b, job->modseq, job->uids)) != MS_OK)
		return st;
	last = job->uids.ranges[job->uids.n - 1].last;
	if (last <= UID_LAST && last >= b->uidnext)
		b->uidnext = last + 1;
	if (job->modseq > b->modseq)
		b->modseq = job->modseq;
	account_modseq(a, job->modseq);
	return MS_OK;
}

ms_status
job_expunge(struct db_txn *t, struct ms_job_expunge *job)
{
	struct uid_list gone = uid_list_in(job->job.arena);
	uint32_t how = job->forever != 0 || t->shard->store->retention_us == 0 ?
	    MESSAGE_FOR_EVER : MESSAGE_TO_TRASH;
	uint64_t modseq = job->modseq, count;
	struct account a;
	struct box b;
	ms_status st;

	if (!uids_are_sound(job->uids))
		return ms_error_set(t->err, MS_INVALID, "", "UIDs that make no sense");
	if ((st = box_of_job(t, job->job.key, &job->box, &a, &b)) != MS_OK ||
	    (st = messages_count(t, &b, job->uids, job->only_deleted != 0,
	    JOB_MAX_MESSAGES, &count)) != MS_OK)
		return st;
	if (count > JOB_MAX_MESSAGES)
		return ms_error_set(t->err, MS_LIMIT, "", "more than %d messages at once",
		    JOB_MAX_MESSAGES);
	st = messages_expunge(t, &a, &b, job->uids, job->only_deleted != 0, how, &modseq, &gone);
	if (st == MS_OK && job->modseq != 0)
		st = remember(t, &a, &b, job);
	if (st != MS_OK)
		return st;
	job->gone_out = uid_list_uids(&gone);
	job->modseq_out = modseq != 0 && gone.n > 0 ? modseq : b.modseq;
	if (gone.n == 0 && job->modseq == 0)
		return MS_OK;
	if ((st = box_save(t, &b)) != MS_OK)
		return st;
	return account_save(t, &a);
}
