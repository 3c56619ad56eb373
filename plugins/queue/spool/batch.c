/* SPDX-License-Identifier: ISC */
/* batch.c - see batch.h */
#include "batch.h"

#include <stdlib.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "change.h"
#include "heal.h"
#include "own.h"
#include "segments.h"

/* A generation of ids for messages made here lasts so long: then they can be
   forgotten once all are final. */
#define MADE_LASTS_US	(INT64_C(24) * 3600 * 1000000)
#define MADE_MAX	(UINT64_C(1) << 40)

static struct ms_job_queue *
queue_job(struct ms_job *job)
{
	return (struct ms_job_queue *)(void *)job;
}

static void
fail(struct ms_job *job, ms_status status, const struct ms_error *why)
{
	job->status = status;
	if (job->error != NULL && why != NULL)
		ms_error_set(job->error, status, why->enhanced, "%s", why->text);
}

/* ---- DONE in memory alone ----------------------------------------------- */

/* Which of the journal's parts are finished now: all? */
static ms_status
finish_several(struct run *run, struct segment *seg,
    const struct ms_job_queue *job, struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct journal_record head;
	struct envelope envelope;
	uint16_t *numbers;
	uint32_t n = 0;
	struct entry *e;
	ms_status st = segments_read(seg, id_offset(&job->message), arena, &head,
	    &envelope, err);

	if (st != MS_OK) {
		ms_arena_free(arena);
		return st;
	}
	numbers = ms_arena_array(arena, envelope.n_parts, sizeof(*numbers));
	for (uint32_t i = 0; i < envelope.n_parts; i++)
		for (size_t k = 0; k < job->n_parts; k++)
			if (envelope.parts[i]->number == job->parts[k]->number) {
				numbers[n++] = (uint16_t)envelope.parts[i]->number;
				break;
			}
	pthread_mutex_lock(&run->lock);
	e = tail_find(&seg->tail, id_offset(&job->message));
	if (e != NULL && e->state == ENTRY_LIVE && n > 0) {
		if (tail_finish_parts(e, numbers, n) == envelope.n_parts)
			tail_set_state(&seg->tail, e, ENTRY_DONE);
		else
			/* Its other parts may take days: rows, soon. */
			run_want_rows(run, &job->message);
	}
	pthread_mutex_unlock(&run->lock);
	ms_arena_free(arena);
	return MS_OK;
}

static bool
names_part(const struct ms_job_queue *job, uint32_t number)
{
	for (size_t i = 0; i < job->n_parts; i++)
		if (job->parts[i]->number == number)
			return true;
	return false;
}

/* True: it was one for memory, and has its status. */
static bool
finish_in_memory(struct run *run, struct ms_job_queue *job)
{
	struct ms_error err = MS_ERROR_INIT;
	struct segment *seg;
	struct entry *e;
	bool several = false;
	ms_status st;

	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, id_generation(&job->message));
	e = seg != NULL ? tail_find(&seg->tail, id_offset(&job->message)) : NULL;
	if (e == NULL || e->state != ENTRY_LIVE) {
		pthread_mutex_unlock(&run->lock);
		return false;
	}
	several = (e->note.flags & NOTE_MANY) != 0;
	if (!several && names_part(job, e->note.number))
		tail_set_state(&seg->tail, e, ENTRY_DONE);
	pthread_mutex_unlock(&run->lock);
	/* The segment stays: it goes only under `writer`. */
	st = several ? finish_several(run, seg, job, &err) : MS_OK;
	fail(&job->job, st, st != MS_OK ? &err : NULL);
	run_arm_flush(run);
	return true;
}

/* ---- jobs on rows ------------------------------------------------------- */

static ms_status
set(struct change *c, struct ms_job_queue *job, struct ms_error *err)
{
	struct msg_row row;
	ms_status st = change_need(c, &job->message, &row, err);

	if (st == MS_NOTFOUND)
		return ms_error_set(err, MS_NOTFOUND, "", "the message is done");
	for (size_t i = 0; i < job->n_parts && st == MS_OK; i++)
		st = change_put_part(c, &job->message, &row, job->parts[i], err);
	if (job->record.len > 0) {
		row.record = job->record;
		row.flags |= MSG_RECORD;
	}
	return st == MS_OK ? change_put_row(c, &job->message, &row, err) : st;
}

static ms_status
done(struct change *c, struct ms_job_queue *job, struct ms_error *err)
{
	struct msg_row row;
	ms_status st = change_need(c, &job->message, &row, err);

	if (st == MS_NOTFOUND)	/* said before, perhaps before a crash */
		return MS_OK;
	for (size_t i = 0; i < job->n_parts && st == MS_OK; i++)
		st = change_finish_part(c, &job->message, &row,
		    job->parts[i]->number, err);
	return st == MS_OK ? change_put_row(c, &job->message, &row, err) : st;
}

static ms_status
claim(struct change *c, struct ms_job_queue *job, struct ms_error *err)
{
	struct msg_row row;
	ms_status st = change_need(c, &job->message, &row, err);

	for (size_t i = 0; i < job->n_parts && st == MS_OK; i++) {
		const struct ms_part *wish = job->parts[i];
		struct ms_part *part;

		st = rows_get_part(&c->run->rows, c->txn, &job->message, wish->number,
		    c->arena, &part, err);
		if (st != MS_OK)
			break;
		if (part->owner.len > 0 && part->owned_until_us > c->now_us &&
		    !ms_str_equal(part->owner, wish->owner))
			return ms_error_set(err, MS_CONFLICT, "",
			    "another node works on it");
		part->owner = wish->owner;
		part->owned_until_us = wish->owned_until_us;
		st = change_put_part(c, &job->message, &row, part, err);
	}
	if (st == MS_NOTFOUND)
		return ms_error_set(err, st, "", "no such message or part");
	return st == MS_OK ? change_put_row(c, &job->message, &row, err) : st;
}

/* ---- messages made here ------------------------------------------------- */

static ms_status
new_made_id(struct change *c, struct ms_id *out, struct ms_error *err)
{
	struct run *run = c->run;
	struct segment *seg;
	ms_status st;

	if (run->made != 0 && (run->made_next >= MADE_MAX ||
	    c->now_us - run->made_since_us > MADE_LASTS_US)) {
		pthread_mutex_lock(&run->lock);
		seg = segments_find(run, run->made);
		if (seg != NULL) {
			seg->state = SEGMENT_ENDED;
			seg->ended_us = c->now_us;
		}
		pthread_mutex_unlock(&run->lock);
		run->made = 0;
	}
	if (run->made == 0) {
		st = segments_make(run, SEGMENT_MADE, &seg, err);
		if (st != MS_OK)
			return st;
		run->made = seg->generation;
		run->made_next = 8;
		run->made_since_us = c->now_us;
	}
	*out = id_of(run->made, run->made_next);
	run->made_next += 8;
	return MS_OK;
}

static ms_status
put_body(struct change *c, const struct ms_scope *scope,
    struct ms_job_queue *job, const struct ms_id *id, struct msg_row *row,
    struct ms_error *err)
{
	const struct ms_blob_api *blob = c->run->sv->blob;
	struct own_body own;
	struct ms_str body = MS_STR("");
	ms_status st = MS_OK;

	if (own_of_job(job, &own)) {
		row->own_file = ms_arena_str(c->arena, ms_str_c(own.name));
		row->body_octets = own.octets;
		row->body_crc = own.crc;
		return MS_OK;
	}
	row->body_octets = job->body != NULL ? blob->octets(job->body) : 0;
	if (row->body_octets > SPOOL_INLINE_BODY)
		return ms_error_set(err, MS_INVALID, "",
		    "a long body that was not prepared");
	if (row->body_octets > 0)
		st = blob->view(scope, job->body, 0, (size_t)row->body_octets, &body,
		    err);
	if (st == MS_OK && body.len != row->body_octets)
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a body is short");
	if (st != MS_OK)
		return st;
	row->body_crc = ms_crc32c(0, body.data, body.len);
	return rows_put_made(&c->run->rows, c->txn, id, body, err);
}

static ms_status
put(struct change *c, const struct ms_scope *scope, struct ms_job_queue *job,
    struct ms_error *err)
{
	struct msg_row row = { .flags = MSG_MADE | MSG_RECORD,
		.arrival_us = c->now_us, .record = job->record };
	struct ms_id id;
	ms_status st;

	if (job->n_parts == 0)
		return ms_error_set(err, MS_INVALID, "", "a message without parts");
	st = new_made_id(c, &id, err);
	if (st == MS_OK)
		st = put_body(c, scope, job, &id, &row, err);
	for (size_t i = 0; i < job->n_parts && st == MS_OK; i++) {
		struct ms_part part = *job->parts[i];

		if (part.next_us <= 0)
			part.next_us = c->now_us;
		st = change_put_part(c, &id, &row, &part, err);
	}
	if (st == MS_OK)
		st = change_count(c, &id, &row, 1, err);
	if (st == MS_OK)
		st = change_put_row(c, &id, &row, err);
	if (st == MS_OK)
		job->message = id;
	return st;
}

static ms_status
run_one(struct change *c, const struct ms_scope *scope,
    struct ms_job_queue *job, struct ms_error *err)
{
	switch (job->job.type) {
	case MS_JOB_QUEUE_PUT:
		return put(c, scope, job, err);
	case MS_JOB_QUEUE_SET:
		return set(c, job, err);
	case MS_JOB_QUEUE_DONE:
		return done(c, job, err);
	case MS_JOB_QUEUE_CLAIM:
		return claim(c, job, err);
	default:
		return ms_error_set(err, MS_UNSUPPORTED, "", "job type %u",
		    (unsigned)job->job.type);
	}
}

/* ---- chains ------------------------------------------------------------- */

static size_t
chain_length(struct ms_job *const *jobs, size_t n)
{
	size_t k = 1;

	while (k < n && (jobs[k - 1]->flags & MS_JOB_JOINED))
		k++;
	return k;
}

static void
run_chain(struct change *c, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st = change_begin_child(c, &err);
	bool has_child = st == MS_OK;

	for (size_t i = 0; i < n && st == MS_OK; i++) {
		st = run_one(c, scope, queue_job(jobs[i]), &err);
		MS_CRASH("spool.chain");
	}
	if (st == MS_OK)
		st = change_finish_emptied(c, &err);
	if (has_child)
		st = change_end_child(c, st, &err);
	for (size_t i = 0; i < n; i++)
		fail(jobs[i], st, st != MS_OK ? &err : NULL);
}

static bool
is_only_done(const struct ms_job *job, size_t chain)
{
	return chain == 1 && job->type == MS_JOB_QUEUE_DONE;
}

struct attempt {
	struct change change;
	bool          begun;
	bool         *on_rows;	/* by job: its status hangs on the commit */
};

/* In the order they came: a DONE may follow a SET of the same batch. */
static ms_status
run_jobs(struct run *run, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct attempt *a,
    struct ms_error *err)
{
	ms_status st;

	for (size_t i = 0, k; i < n; i += k) {
		struct msg_row row;

		k = chain_length(jobs + i, n - i);
		if (is_only_done(jobs[i], k) && !a->on_rows[i] &&
		    (!a->begun || rows_get_msg(&run->rows, a->change.txn,
		    &queue_job(jobs[i])->message, &row, NULL) == MS_NOTFOUND) &&
		    finish_in_memory(run, queue_job(jobs[i])))
			continue;
		if (!a->begun) {
			st = change_begin(&a->change, run, err);
			if (st != MS_OK)
				return st;
			a->begun = true;
		}
		run_chain(&a->change, scope, jobs + i, k);
		for (size_t j = i; j < i + k; j++)
			a->on_rows[j] = true;
		if (run->rows.is_full)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.1",
			    "the queue's map is full");
	}
	return MS_OK;
}

static ms_status
attempt(struct run *run, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, bool *on_rows, struct ms_error *err)
{
	struct attempt a = { .on_rows = on_rows };
	ms_status st = run_jobs(run, scope, jobs, n, &a, err);

	if (!a.begun)
		return st;
	if (st == MS_OK)
		st = change_commit(&a.change, err);
	else
		change_abort(&a.change);
	return st;
}

void
batch_run(struct run *run, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_error err = MS_ERROR_INIT;
	bool *on_rows = calloc(n > 0 ? n : 1, sizeof(*on_rows)), made = false,
	    is_unknown;
	ms_status st;

	if (on_rows == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		jobs[i]->status = MS_TEMPFAIL;
	pthread_mutex_lock(&run->writer);
	st = attempt(run, scope, jobs, n, on_rows, &err);
	/* After a failed commit it may all be there: a bounce tried again could
	   be a second one.  Whoever asked looks what is due, and sees. */
	is_unknown = run->rows.is_spoiled;
	if (st != MS_OK && heal(run))
		st = attempt(run, scope, jobs, n, on_rows, &err);
	pthread_mutex_unlock(&run->writer);
	for (size_t i = 0; i < n; i++) {
		/* What finished in memory is finished whatever became of the rest. */
		if (st != MS_OK && (on_rows[i] || jobs[i]->status != MS_OK))
			fail(jobs[i], st, &err);
		if (jobs[i]->type == MS_JOB_QUEUE_PUT && jobs[i]->status == MS_OK)
			made = true;
		else if (jobs[i]->status != MS_OK && !is_unknown)
			own_discard(run, queue_job(jobs[i]));
		if (jobs[i]->type == MS_JOB_QUEUE_DONE && jobs[i]->status == MS_OK)
			spool_count(run->sv, run->sv->finished, 1);
	}
	free(on_rows);
	if (st != MS_OK)
		spool_log(run->sv, MS_LOG_ERROR, "the queue can't be written", &err);
	if (made)
		run->sv->bus->publish(run->sv->host,
		    (struct ms_str)MS_STR("queue/new"), ms_str_of("", 0));
	/* Drops that this batch made possible. */
	run_arm_flush(run);
}
