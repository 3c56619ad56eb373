/* SPDX-License-Identifier: ISC */
/*
 * op.c - see op.h
 *
 * Two references: the maker's, which op_finish() ends, and the owner's,
 * which drop() or the owner's end ends.  The watcher is called outside the
 * lock; `telling` lets op_unwatch() wait for a call that is under way, as the
 * watcher's memory goes right after it.
 */
#include "base/op.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mansio/error.h>

#include "base/clock.h"

struct ms_op {
	struct owned     owned;		/* first */
	struct owner    *owner;
	const void      *kind;
	pthread_mutex_t  lock;		/* all below */
	pthread_cond_t   changed;
	unsigned         holders;
	bool             done, dropped, telling;
	pthread_t        teller;
	ms_status        status;
	struct ms_error *error;		/* NULL: none */
	void           (*watcher)(void *);
	void            *watcher_arg;
	void           (*free_payload)(void *);
	max_align_t      payload[];
};

static void
let_go(struct ms_op *op)		/* with the lock; unlocks */
{
	bool last = --op->holders == 0;

	pthread_mutex_unlock(&op->lock);
	if (!last)
		return;
	if (op->free_payload != NULL)
		op->free_payload(op->payload);
	pthread_mutex_destroy(&op->lock);
	pthread_cond_destroy(&op->changed);
	free(op->error);
	free(op);
}

static void
drop_hold(struct ms_op *op)
{
	pthread_mutex_lock(&op->lock);
	op->dropped = true;
	op->watcher = NULL;
	/* A watcher that is being told now must have returned before its owner
	   goes on to free what it points to. */
	while (op->telling && !pthread_equal(op->teller, pthread_self()))
		pthread_cond_wait(&op->changed, &op->lock);
	let_go(op);
}

static void
give_up_op(struct owned *owned)
{
	drop_hold((struct ms_op *)owned);
}

struct ms_op *
op_new(const struct ms_scope *scope, size_t payload_octets,
    void (*free_payload)(void *))
{
	struct ms_op *op = calloc(1, sizeof(*op) + payload_octets);
	pthread_condattr_t attr;

	if (op == NULL)
		abort();
	pthread_mutex_init(&op->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&op->changed, &attr);
	pthread_condattr_destroy(&attr);
	op->holders = 2;
	op->free_payload = free_payload;
	op->owned.give_up = give_up_op;
	op->owner = scope_owner(scope);
	owner_join(op->owner, &op->owned);
	return op;
}

void *
op_payload(const struct ms_op *op)
{
	return (void *)(uintptr_t)op->payload;
}

void
op_set_kind(struct ms_op *op, const void *kind)
{
	op->kind = kind;
}

bool
op_is_kind(const struct ms_op *op, const void *kind)
{
	return op != NULL && op->kind == kind;
}

void
op_finish(struct ms_op *op, ms_status status, const struct ms_error *err)
{
	void (*watcher)(void *);
	void *arg;

	pthread_mutex_lock(&op->lock);
	op->status = status;
	if (status < 0 && err != NULL) {
		op->error = malloc(sizeof(*op->error));
		if (op->error != NULL) {
			*op->error = *err;
			op->error->size = sizeof(*op->error);
		}
	}
	op->done = true;
	watcher = op->watcher;
	arg = op->watcher_arg;
	op->watcher = NULL;
	if (watcher != NULL) {
		op->telling = true;
		op->teller = pthread_self();
		pthread_mutex_unlock(&op->lock);
		watcher(arg);
		pthread_mutex_lock(&op->lock);
		op->telling = false;
	}
	pthread_cond_broadcast(&op->changed);
	let_go(op);
}

struct ms_op *
op_ended(const struct ms_scope *scope, ms_status status,
    const struct ms_error *err)
{
	struct ms_op *op = op_new(scope, 0, NULL);

	op_finish(op, status, err);
	return op;
}

bool
op_is_done(const struct ms_op *op)
{
	struct ms_op *o = (struct ms_op *)(uintptr_t)op;
	bool done;

	pthread_mutex_lock(&o->lock);
	done = o->done;
	pthread_mutex_unlock(&o->lock);
	return done;
}

ms_status
op_status(const struct ms_op *op)
{
	return op->status;
}

const struct ms_error *
op_error(const struct ms_op *op)
{
	return op->error;
}

bool
op_is_dropped(const struct ms_op *op)
{
	struct ms_op *o = (struct ms_op *)(uintptr_t)op;
	bool dropped;

	pthread_mutex_lock(&o->lock);
	dropped = o->dropped;
	pthread_mutex_unlock(&o->lock);
	return dropped;
}

bool
op_watch(struct ms_op *op, void (*done)(void *), void *arg)
{
	bool waits;

	pthread_mutex_lock(&op->lock);
	waits = !op->done;
	if (waits) {
		op->watcher = done;
		op->watcher_arg = arg;
	}
	pthread_mutex_unlock(&op->lock);
	return waits;
}

void
op_unwatch(struct ms_op *op)
{
	pthread_mutex_lock(&op->lock);
	op->watcher = NULL;
	while (op->telling && !pthread_equal(op->teller, pthread_self()))
		pthread_cond_wait(&op->changed, &op->lock);
	pthread_mutex_unlock(&op->lock);
}

void
op_drop(struct ms_op *op)
{
	if (op != NULL && owner_leave(op->owner, &op->owned))
		drop_hold(op);
}

ms_status
op_await(const struct ms_scope *scope, struct ms_op *op, struct ms_error *err)
{
	int64_t deadline = scope != NULL ? scope->deadline_us : 0;
	struct timespec ts = { .tv_sec = (time_t)(deadline / SECOND_US),
		.tv_nsec = (long)(deadline % SECOND_US * 1000) };
	ms_status status;
	int rc = 0;

	pthread_mutex_lock(&op->lock);
	while (!op->done && rc == 0)
		rc = deadline > 0 ?
		    pthread_cond_timedwait(&op->changed, &op->lock, &ts) :
		    pthread_cond_wait(&op->changed, &op->lock);
	if (!op->done) {
		pthread_mutex_unlock(&op->lock);
		return ms_error_set(err, MS_TEMPFAIL, "4.4.7", "timed out");
	}
	status = op->status;
	if (status < 0 && err != NULL && op->error != NULL)
		*err = *op->error;
	pthread_mutex_unlock(&op->lock);
	return status;
}

static uint32_t
service_is_done(const struct ms_op *op)
{
	return op_is_done(op);
}

const struct ms_op_api op_service = {
	.size = sizeof(op_service),
	.await = op_await,
	.is_done = service_is_done,
	.drop = op_drop,
};
