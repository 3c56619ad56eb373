/* SPDX-License-Identifier: ISC */
/* maildrop.c - the INBOX as it was at the login, and what QUIT does to it */
#include "pop3.h"

#include <mansio/arena.h>
#include <mansio/error.h>

#define PAGE 2000	/* rows read in one step */

static const struct ms_mailbox *
store_of(const struct pop3 *x)
{
	return x->self->mailbox.table;
}

static struct ms_arena *
memory_of(const struct pop3 *x)
{
	return x->self->session->scope(x->session)->arena;
}

static void
say_ready(struct pop3 *x)
{
	pop3_ok(x, "%u messages, %llu octets", x->drop.n,
	    (unsigned long long)x->drop.total);
	x->wants = POP3_WANTS_COMMAND;
}

/* The login was good, the maildrop is not to be had: RFC 1939 4. */
static void
cannot_open(struct pop3 *x, ms_status st, const struct ms_error *err)
{
	pop3_failure(x, "the maildrop can't be opened", st, err);
	pop3_end(x);
}

/* The INBOX; without one the maildrop is empty. */
static ms_status
find_inbox(struct pop3 *x, struct ms_error *err)
{
	struct maildrop *d = &x->drop;
	struct ms_boxes boxes = { .size = sizeof(boxes) };
	struct ms_str inbox = MS_STR("INBOX");
	ms_status st;

	st = store_of(x)->list(x->self->mailbox.self, x->scope, d->account,
	    inbox, 1, 0, ms_str_of("", 0), 1, &boxes, err);
	if (st == MS_NOTFOUND)
		return MS_OK;
	if (st != MS_OK || boxes.n == 0 ||
	    !ms_str_equal(boxes.boxes[0]->name, inbox))
		return st;
	d->box = boxes.boxes[0]->id;
	d->uidvalidity = boxes.boxes[0]->uidvalidity;
	d->room = boxes.boxes[0]->messages < POP3_MAX_MESSAGES ?
	    boxes.boxes[0]->messages : POP3_MAX_MESSAGES;
	return MS_OK;
}

void
maildrop_open(struct pop3 *x)
{
	struct ms_error err = MS_ERROR_INIT;
	struct maildrop *d = &x->drop;
	ms_status st;

	d->name = ms_arena_str(memory_of(x), pop3_fact(x, "auth.account"));
	st = store_of(x)->open(x->self->mailbox.self, x->scope, d->name,
	    d->name, &d->account, &err);
	if (st == MS_NOTFOUND) {	/* nothing was ever delivered */
		d->account = NULL;
		st = MS_OK;
	} else if (st == MS_OK)
		st = find_inbox(x, &err);
	if (st != MS_OK) {
		cannot_open(x, st, &err);
		return;
	}
	if (d->room == 0) {
		say_ready(x);
		return;
	}
	d->uids = ms_arena_array(memory_of(x), d->room, sizeof(*d->uids));
	d->octets = ms_arena_array(memory_of(x), d->room, sizeof(*d->octets));
	d->deleted = ms_arena_alloc(memory_of(x), (d->room + 7) / 8);
	maildrop_page(x);
}

void
maildrop_page(struct pop3 *x)
{
	struct ms_error err = MS_ERROR_INIT;
	struct maildrop *d = &x->drop;
	struct ms_row after = { .size = sizeof(after) };
	struct ms_fetch fetch = { .size = sizeof(fetch), .want = MS_ROW_SIZE,
		.box = d->box, .limit = PAGE };
	struct ms_rows rows = { .size = sizeof(rows) };
	ms_status st;

	if (d->n > 0) {
		after.uid = d->uids[d->n - 1];
		fetch.after = &after;
	}
	st = store_of(x)->fetch(x->self->mailbox.self, x->scope, d->account,
	    &fetch, &rows, &err);
	if (st != MS_OK) {
		cannot_open(x, st, &err);
		return;
	}
	for (uint32_t i = 0; i < rows.n && d->n < d->room; i++) {
		d->uids[d->n] = rows.rows[i]->uid;
		d->octets[d->n] = rows.rows[i]->octets;
		d->total += rows.rows[i]->octets;
		d->n++;
	}
	if (rows.n == 0 || d->n == d->room)
		say_ready(x);
	else
		x->wants = POP3_WANTS_PAGE;
}

void
maildrop_close(struct pop3 *x)
{
	if (x->drop.account != NULL)
		store_of(x)->close(x->self->mailbox.self, x->drop.account);
	x->drop.account = NULL;
}

void
maildrop_delete(struct maildrop *d, uint32_t i)
{
	d->deleted[i / 8] = (uint8_t)(d->deleted[i / 8] | 1u << (i % 8));
	d->n_deleted++;
	d->deleted_octets += d->octets[i];
}

void
maildrop_undelete(struct maildrop *d)
{
	if (d->room > 0)
		memset(d->deleted, 0, (d->room + 7) / 8);
	d->n_deleted = 0;
	d->deleted_octets = 0;
}

/* ---- the update ------------------------------------------------------------ */

static struct ms_uids
deleted_uids(struct pop3 *x)
{
	struct maildrop *d = &x->drop;
	struct ms_uid_range *ranges = ms_arena_array(memory_of(x), d->n_deleted,
	    sizeof(*ranges));
	size_t n = 0;

	for (uint32_t i = 0; i < d->n; i++) {
		if (!maildrop_is_deleted(d, i))
			continue;
		if (n > 0 && ranges[n - 1].last + 1 == d->uids[i])
			ranges[n - 1].last = d->uids[i];
		else
			ranges[n++] = (struct ms_uid_range){ d->uids[i],
			    d->uids[i] };
	}
	return (struct ms_uids){ ranges, n };
}

static void
updated(struct pop3 *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	(void)op;
	x->job = NULL;
	/* P02: the deletions are durable before +OK. */
	if (status == MS_OK)
		pop3_ok(x, "bye");
	else
		pop3_failure(x, "the messages were not deleted", status, err);
	pop3_end(x);
}

void
maildrop_update(struct pop3 *x)
{
	struct ms_job_expunge *job;
	struct ms_job **jobs;

	if (x->drop.n_deleted == 0) {
		pop3_ok(x, "bye");
		pop3_end(x);
		return;
	}
	job = ms_arena_alloc(memory_of(x), sizeof(*job));
	jobs = ms_arena_alloc(memory_of(x), sizeof(struct ms_job *));
	job->job.size = sizeof(*job);
	job->job.type = MS_JOB_EXPUNGE;
	job->job.key = x->drop.name;
	job->job.arena = memory_of(x);
	job->box = x->drop.box;
	job->uids = deleted_uids(x);
	x->job = job;
	jobs[0] = &job->job;
	pop3_park(x, x->self->commit->start(x->scope, x->self->mailbox, jobs, 1),
	    updated);
}
