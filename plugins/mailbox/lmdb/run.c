/* SPDX-License-Identifier: ISC */
/*
 * run.c - a batch of jobs in as few transactions as it takes
 *
 * Jobs run one after the other in one transaction.  Almost all that can go
 * wrong with a job is found before its first write; then the others go on.
 * Should one fail after it has written, the transaction is given up and its
 * jobs run again, each chain in a child transaction that is undone alone.
 */
#include "run.h"

#include <errno.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/mailbox.h>

#include "jobs.h"

#define MAX_DELIVERIES	64	/* in a transaction, storage.md 5 */
#define MAX_US		3000
#define MAX_TRIES	24

struct run {
	struct shard          *shard;
	const struct ms_scope *scope;
	struct ms_job *const  *jobs;
	size_t                 n;
	struct ms_arena       *arena;
	bool                   is_nested;
	size_t                 max_chains;
	ms_status              bodies;		/* of bringing what had no place */
	struct ms_error        bodies_error;
};

static size_t
chain_end(const struct run *r, size_t from)
{
	while (from + 1 < r->n && (r->jobs[from]->flags & MS_JOB_JOINED) != 0)
		from++;
	return from + 1;
}

static ms_status
run_job(struct db_txn *t, struct ms_job *job)
{
	switch (job->type) {
	case MS_JOB_BOX_CREATE:
		return job_box_create(t, (struct ms_job_box *)job);
	case MS_JOB_BOX_CHANGE:
		return job_box_change(t, (struct ms_job_box *)job);
	case MS_JOB_BOX_DELETE:
		return job_box_delete(t, (struct ms_job_box *)job);
	case MS_JOB_APPEND:
		return job_append(t, (struct ms_job_append *)job);
	case MS_JOB_STORE:
		return job_store(t, (struct ms_job_store *)job);
	case MS_JOB_EXPUNGE:
		return job_expunge(t, (struct ms_job_expunge *)job);
	case MS_JOB_COPY:
		return job_copy(t, (struct ms_job_copy *)job);
	case MS_JOB_RESTORE:
		return job_restore(t, (struct ms_job_copy *)job);
	case MS_JOB_MARK:
		return job_mark(t, (struct ms_job_mark *)job);
	case MS_JOB_PROPERTY:
		return job_property(t, (struct ms_job_property *)job);
	default:
		return ms_error_set(job->error, MS_UNSUPPORTED, "",
		    "a job of type %#x is not known here", job->type);
	}
}

static bool
is_known(const struct ms_job *job)
{
	return job->type >= MS_JOB_BOX_CREATE && job->type <= MS_JOB_PROPERTY;
}

/* All of a chain have the fate of the one that failed. */
static void
fail_chain(struct run *r, size_t from, size_t end, size_t failed, ms_status st)
{
	for (size_t i = from; i < end; i++) {
		r->jobs[i]->status = i == failed ? st : MS_CANCELLED;
		if (i != failed)
			(void)ms_error_set(r->jobs[i]->error, MS_CANCELLED, "",
			    "a job that it was joined with failed");
	}
}

static bool
lacks_place(const struct ms_job *job)
{
	const struct ms_job_append *append = (const struct ms_job_append *)job;

	return job->type == MS_JOB_APPEND && append->body != NULL && append->place.len == 0;
}

/* What came without a place: prepare() was not called, or is left to us. */
static void
bring_bodies(struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (lacks_place(r->jobs[i])) {
			r->bodies = appender_prepare(&r->shard->appender, r->scope, r->jobs + i,
			    r->n - i, &r->bodies_error);
			break;
		}
}

/* True: a body of the chain could not be brought, and the chain has failed. */
static bool
lacks_body(struct run *r, size_t from, size_t end)
{
	for (size_t i = from; i < end && r->bodies != MS_OK; i++)
		if (lacks_place(r->jobs[i])) {
			(void)ms_error_set(r->jobs[i]->error, r->bodies,
			    r->bodies_error.enhanced, "%s", r->bodies_error.text);
			fail_chain(r, from, end, i, r->bodies);
			return true;
		}
	return false;
}

/* False: the transaction can't be used any more. */
static bool
run_chain(struct run *r, struct db_txn *t, size_t from, size_t end, bool *undone_out)
{
	ms_status st = MS_OK;
	size_t i;

	*undone_out = false;
	ms_arena_reset(r->arena);
	t->wrote = false;
	for (i = from; i < end; i++)
		if (!is_known(r->jobs[i]) && end - from > 1) {
			fail_chain(r, from, end, i, MS_UNSUPPORTED);
			return true;
		}
	if (lacks_body(r, from, end))
		return true;
	if (r->is_nested && db_begin_child(t) != MS_OK)
		return false;
	for (i = from; i < end; i++) {
		t->err = r->jobs[i]->error;
		st = r->jobs[i]->status = run_job(t, r->jobs[i]);
		if (st != MS_OK)
			break;
	}
	if (st != MS_OK)
		fail_chain(r, from, end, i, st);
	if (t->rc != 0) {
		if (r->is_nested)
			db_abort_child(t);
		return false;
	}
	if (r->is_nested) {
		if (st != MS_OK)
			db_abort_child(t);
		else if (db_commit_child(t) != MS_OK)
			return false;
		return true;
	}
	*undone_out = st != MS_OK && t->wrote;
	return true;
}

static size_t
count_deliveries(const struct run *r, size_t from, size_t end)
{
	static const struct ms_id none;
	size_t n = 0;

	for (size_t i = from; i < end; i++)
		n += r->jobs[i]->type == MS_JOB_APPEND &&
		    memcmp(&((struct ms_job_append *)r->jobs[i])->delivery_id, &none,
		    sizeof(none)) != 0;
	return n;
}

enum outcome { COMMITTED, AGAIN_NESTED, AGAIN_LARGER, AGAIN_SMALLER, FAILED };

static enum outcome
outcome_of(int rc)
{
	return rc == MDB_MAP_FULL ? AGAIN_LARGER : rc == MDB_TXN_FULL ? AGAIN_SMALLER : FAILED;
}

/* One transaction; *end_out: the first job that is not in it. */
static enum outcome
run_transaction(struct run *r, size_t from, size_t *end_out, struct ms_error *err)
{
	const struct ms_instance *self = r->shard->store;
	int64_t begun = self->clock->steady_us(self->host);
	size_t i = from, deliveries = 0, chains = 0;
	struct db_txn t;

	*end_out = chain_end(r, from);
	if (db_begin_write(&t, r->shard, r->arena, err) != MS_OK)
		return outcome_of(t.rc);
	while (i < r->n && r->jobs[i]->type != MS_JOB_FORGET) {
		size_t end = chain_end(r, i);
		bool is_undone;
		int rc;

		*end_out = end;
		if (!run_chain(r, &t, i, end, &is_undone)) {
			rc = t.rc;
			t.err = err;
			(void)lmdb_error(err, rc, "write");
			db_abort(&t);
			return outcome_of(rc);
		}
		if (is_undone) {
			db_abort(&t);
			return AGAIN_NESTED;
		}
		deliveries += count_deliveries(r, i, end);
		i = end;
		if (deliveries >= MAX_DELIVERIES || ++chains >= r->max_chains ||
		    self->clock->steady_us(self->host) - begun > MAX_US)
			break;
	}
	t.err = err;
	MS_CRASH("lmdb.run.done");
	return db_commit(&t) == MS_OK ? COMMITTED : outcome_of(t.rc);
}

static void
fail_all(struct run *r, size_t from, size_t end, ms_status st, const struct ms_error *why)
{
	for (size_t i = from; i < end; i++) {
		r->jobs[i]->status = st;
		(void)ms_error_set(r->jobs[i]->error, st, why->enhanced, "%s", why->text);
	}
}

/* Runs jobs from there on until something is committed or has failed for good;
   returns the first job that is left. */
static size_t
run_some(struct run *r, size_t from)
{
	struct ms_error err = MS_ERROR_INIT;
	size_t end = from + 1;

	r->is_nested = false;
	r->max_chains = SIZE_MAX;
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		switch (run_transaction(r, from, &end, &err)) {
		case COMMITTED:
			return end;
		case AGAIN_NESTED:
			r->is_nested = true;
			continue;
		case AGAIN_LARGER:
			if (shard_grow(r->shard, &err) == MS_OK)
				continue;
			break;
		case AGAIN_SMALLER:
			if (r->max_chains != 1) {
				r->max_chains = 1;
				continue;
			}
			(void)ms_error_set(&err, MS_LIMIT, "", "too much for one transaction");
			fail_all(r, from, end, MS_LIMIT, &err);
			return end;
		case FAILED:
			break;
		}
		break;
	}
	fail_all(r, from, end, MS_TEMPFAIL, &err);
	return end;
}

void
run_jobs(struct shard *s, const struct ms_scope *scope, struct ms_job *const *jobs, size_t n)
{
	struct run r = { .shard = s, .scope = scope, .jobs = jobs, .n = n,
		.arena = ms_arena_new(0), .bodies_error = MS_ERROR_INIT };

	s->busy_us = s->store->clock->steady_us(s->store->host);
	for (size_t i = 0; i < n; i++)
		jobs[i]->status = MS_TEMPFAIL;
	bring_bodies(&r);
	for (size_t i = 0; i < n; ) {
		if (jobs[i]->type != MS_JOB_FORGET) {
			i = run_some(&r, i);
		} else if ((jobs[i]->flags & MS_JOB_JOINED) != 0) {
			size_t end = chain_end(&r, i);

			fail_chain(&r, i, end, i, MS_UNSUPPORTED);
			i = end;
		} else {
			jobs[i]->status = job_forget(s->store,
			    (struct ms_job_forget *)jobs[i]);
			i++;
		}
	}
	s->busy_us = s->store->clock->steady_us(s->store->host);
	ms_arena_free(r.arena);
}
