/* SPDX-License-Identifier: ISC */
/*
 * op.h - something under way
 *
 * What can take long is started by a function that returns at once with an
 * op: a DNS question, a connection, a TLS handshake, the pipeline, a commit.
 * There are two ways to its end and each service needs to know neither:
 *
 *	block	await() on a worker (filters, directories, tasks)
 *	park	wait with MS_WAIT_OP (session.h); no thread is held, and
 *		the step runs when the op has ended
 *
 * Arguments are copied at the start, unless the function says otherwise.
 * The result is read by the service that started it and lives as long as
 * the op; the op belongs to the session, handover or call whose scope it was
 * started with, and is dropped with it at the latest.  A start never returns
 * NULL: what cannot begin is an op that has ended with that status.
 */
#ifndef MANSIO_OP_H
#define MANSIO_OP_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_OP_ID "ms.op/1"
struct ms_op_api {
	uint32_t size;
	/* [worker] Blocks until the op ended or the scope's deadline passed
	   (MS_TEMPFAIL; the op goes on).  Returns the op's own status. */
	ms_status (*await)(const struct ms_scope *, struct ms_op *,
	    struct ms_error *);
	/* [any] 1 if it has ended. */
	uint32_t (*is_done)(const struct ms_op *);
	/* [any] Forgets it, cancels it if it is under way; accepts NULL. */
	void (*drop)(struct ms_op *);
};

#ifdef __cplusplus
}
#endif
#endif
