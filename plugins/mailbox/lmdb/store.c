/* SPDX-License-Identifier: ISC */
/*
 * store.c - STORE: flags and keywords of many messages, with one modseq
 *
 * Chunk by chunk: 80 messages are changed in memory and written as one row.
 * Only a message with keywords beyond those that an entry holds has its mail
 * row changed, too.
 */
#include <mansio/error.h>

#include "jobs.h"
#include "message.h"

struct change {
	struct db_txn         *t;
	struct ms_job_store   *job;
	struct account        *a;
	struct box            *b;
	const struct flagset  *flags;
	struct uid_list        changed, failed;
	uint64_t               modseq;		/* 0: nothing changed yet */
	bool                   first_unseen_seen;
};

/* With a map of keywords on either side. */
static ms_status
change_map(struct change *c, struct entry *e, uint32_t *word_out)
{
	struct db_txn *t = c->t;
	struct flagset before, after;
	struct ms_str raw;
	struct mail mail;
	struct key key = key_uid(c->b->account, c->b->number, e->uid);
	ms_status st = db_get(t, DB_MAIL, key_str(&key), &raw);

	if (st == MS_NOTFOUND)
		return db_damaged(t, DB_MAIL, "mail");
	if (st != MS_OK)
		return st;
	ms_buf_reset(&t->scratch);
	ms_buf_add(&t->scratch, raw);
	if (!ms_buf_ok(&t->scratch) || !mail_decode(ms_buf_str(&t->scratch), &mail))
		return db_damaged(t, DB_MAIL, "mail");
	flagset_of(e->flags, mail.more, &before);
	after = before;
	flagset_apply(&after, c->job->how, c->flags);
	*word_out = flagset_word(&after);
	if (flagset_equal(&before, &after)) {
		*word_out = e->flags;
		return MS_OK;
	}
	mail.more = flagset_more(&after);
	if ((st = mail_put(t, c->b->account, c->b->number, e->uid, &mail)) != MS_OK)
		return st;
	/* The map alone may have changed: the word must differ to be noticed. */
	if (*word_out == e->flags)
		e->flags ^= ENTRY_MORE;
	return MS_OK;
}

static uint32_t
change_word(const struct change *c, uint32_t word)
{
	switch (c->job->how) {
	case MS_STORE_ADD:
		return word | c->flags->word;
	case MS_STORE_REMOVE:
		return word & ~c->flags->word;
	default:
		return c->flags->word;
	}
}

static void
count(struct change *c, const struct entry *e, uint32_t word)
{
	struct box *b = c->b;
	bool was_unseen = (e->flags & MS_FLAG_SEEN) == 0;
	bool is_unseen = (word & MS_FLAG_SEEN) == 0;

	b->unseen += is_unseen;
	b->unseen -= was_unseen;
	b->deleted += (word & MS_FLAG_DELETED) != 0;
	b->deleted -= (e->flags & MS_FLAG_DELETED) != 0;
	if (is_unseen && (b->first_unseen == 0 || e->uid < b->first_unseen))
		b->first_unseen = e->uid;
	if (!is_unseen && e->uid == b->first_unseen)
		c->first_unseen_seen = true;
}

/* *is_dirty: an entry of the chunk has changed. */
static ms_status
change_entry(struct change *c, struct entry *e, bool *is_dirty)
{
	uint32_t word = e->flags;
	ms_status st;

	if (e->modseq > c->job->unchanged_since) {
		uid_list_add(&c->failed, e->uid);
		return MS_OK;
	}
	if ((e->flags & ENTRY_MORE) != 0 ||
	    (c->flags->has_more && c->job->how != MS_STORE_REMOVE)) {
		if ((st = change_map(c, e, &word)) != MS_OK)
			return st;
	} else {
		word = change_word(c, e->flags);
	}
	if (word == e->flags)
		return MS_OK;
	if (c->modseq == 0)
		c->modseq = account_modseq(c->a, c->job->modseq);
	count(c, e, word);
	e->flags = word;
	e->modseq = c->modseq;
	uid_list_add(&c->changed, e->uid);
	*is_dirty = true;
	return MS_OK;
}

static ms_status
change_all(struct change *c)
{
	AUTO_TARGETS struct target_walk w;
	ms_status st;

	targets_begin(&w, c->t, c->b->account, c->b->number, c->job->uids);
	while ((st = targets_next(&w)) == MS_OK) {
		struct chunk *chunk = &w.w.chunk;
		bool is_dirty = false;

		for (uint32_t i = 0; i < chunk->n; i++)
			if (targets_has(&w, chunk->entries[i].uid) &&
			    (st = change_entry(c, &chunk->entries[i], &is_dirty)) != MS_OK)
				return st;
		if (is_dirty && (st = chunks_write(&w.w)) != MS_OK)
			return st;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

ms_status
job_store(struct db_txn *t, struct ms_job_store *job)
{
	struct change c = { .t = t, .job = job,
		.changed = uid_list_in(job->job.arena), .failed = uid_list_in(job->job.arena) };
	struct flagset flags;
	struct account a;
	struct box b;
	bool added;
	ms_status st;

	if (job->how < MS_STORE_ADD || job->how > MS_STORE_REPLACE || job->uids.n == 0 ||
	    !uids_are_sound(job->uids))
		return ms_error_set(t->err, MS_INVALID, "", "a STORE that makes no sense");
	if ((st = box_of_job(t, job->job.key, &job->box, &a, &b)) != MS_OK ||
	    (st = flagset_make(t, &b, job->flags, job->keywords, job->n_keywords,
	    job->how != MS_STORE_REMOVE, &flags, &added)) != MS_OK)
		return st;
	c.a = &a;
	c.b = &b;
	c.flags = &flags;
	if ((st = change_all(&c)) != MS_OK)
		return st;
	job->changed_out = uid_list_uids(&c.changed);
	job->failed_out = uid_list_uids(&c.failed);
	if (c.modseq > b.modseq)
		b.modseq = c.modseq;
	job->modseq_out = c.modseq != 0 ? c.modseq : b.modseq;
	if (c.modseq == 0)
		return MS_OK;
	if (c.first_unseen_seen && (st = box_find_unseen(t, &b, b.first_unseen)) != MS_OK)
		return st;
	if ((st = box_save(t, &b)) != MS_OK)
		return st;
	return account_save(t, &a);
}
