/* SPDX-License-Identifier: ISC */
/* op.c - ms.op/1: each has ended when it begins, but who reads its result must
   have waited for it all the same */
#include "internal.h"

#include <mansio/error.h>

struct ms_op {
	struct owned     owned;		/* first */
	ms_status        status;
	struct ms_error  error;
	const void      *kind;
	void            *payload;
	bool             is_told, gone;
};

static void
give_up_op(struct owned *owned)
{
	((struct ms_op *)owned)->gone = true;
}

static struct ms_op *
must_live(const struct ms_op *op)
{
	if (op == NULL || op->gone)
		mock_die("an op is used that %s", op == NULL ? "is NULL" :
		    "was dropped or has ended with its session");
	return (struct ms_op *)(uintptr_t)op;
}

struct ms_op *
op_ended(const struct ms_scope *scope, ms_status status,
    const struct ms_error *err)
{
	struct ms_op *op = ms_arena_alloc(scope_mock(scope)->world->arena, sizeof(*op));

	op->status = status;
	op->error.size = sizeof(op->error);
	if (status < 0 && err != NULL)
		op->error = *err;
	op->owned.give_up = give_up_op;
	owner_join(scope_owner(scope), &op->owned);
	return op;
}

void
op_set_payload(struct ms_op *op, const void *kind, void *payload)
{
	op->kind = kind;
	op->payload = payload;
}

void *
op_payload(const struct ms_op *op, const void *kind)
{
	(void)must_live(op);
	if (op->kind != kind)
		mock_die("the result of an op was asked of a service that did not begin it");
	if (!op->is_told)
		mock_die("the result of an op was read before it was waited for");
	return op->payload;
}

void
op_tell(struct ms_op *op, struct ms_came *came)
{
	must_live(op)->is_told = true;
	came->what = MS_CAME_OP;
	came->op = op;
	came->status = op->status;
	came->error = op->status < 0 ? &op->error : NULL;
}

static ms_status
service_await(const struct ms_scope *scope, struct ms_op *op, struct ms_error *err)
{
	(void)scope_mock(scope);
	must_live(op)->is_told = true;
	if (op->status < 0 && err != NULL)
		(void)ms_error_set(err, op->status, op->error.enhanced, "%s",
		    op->error.text);
	return op->status;
}

static uint32_t
service_is_done(const struct ms_op *op)
{
	must_live(op)->is_told = true;
	return 1;
}

static void
service_drop(struct ms_op *op)
{
	if (op == NULL)
		return;
	(void)must_live(op);
	owner_leave(&op->owned);
	op->gone = true;
}

const struct ms_op_api mock_op_service = {
	.size = sizeof(mock_op_service), .await = service_await,
	.is_done = service_is_done, .drop = service_drop,
};
