/* SPDX-License-Identifier: ISC */
/*
 * pipeline.h - service: putting a message on its way
 *
 * For who brings messages: a protocol, Sieve (redirect, vacation), JMAP, the
 * maker of DSNs.  begin, run the stages at each point, submit; each of the
 * two is an op, so a session waits for 200 ms of virus scanner parked.
 */
#ifndef MANSIO_PIPELINE_H
#define MANSIO_PIPELINE_H

#include <mansio/filter.h>
#include <mansio/op.h>
#include <mansio/session.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	/* Hand over before the op ends: results are the targets' own (LMTP,
	   a proxy before the queue).  Without: queued, durable. */
	MS_SUBMIT_THROUGH = 1
};

#define MS_PIPELINE_ID "ms.pipeline/1"
struct ms_pipeline {
	uint32_t size;
	/* [worker] A new message; the pipeline is the listener's or, without
	   a session, the one named.  Ends with drop() or submit(). */
	ms_status (*begin)(const struct ms_scope *, struct ms_session *,
	    struct ms_str pipeline, struct ms_message **message_out,
	    struct ms_error *);
	/* [worker] Runs the stages of one point.  message NULL at CONNECT,
	   HELO, AUTH.  No stage there: the op has ended when it returns. */
	struct ms_op *(*run)(const struct ms_scope *, struct ms_session *,
	    struct ms_message *, uint32_t at, uint32_t recipient);
	/* [worker] Puts envelope and body into the queue (the spool: one append,
	   one sync, for all that wait).  When the op ended with MS_OK it is
	   durable: now say 250, with info()->id. */
	struct ms_op *(*submit)(const struct ms_scope *, struct ms_message *,
	    uint32_t flags);
	/* [worker] The decision of either op, recipient by recipient where
	   they differ (`number`; UINT32_MAX: for all). */
	const struct ms_verdict *(*verdict)(const struct ms_op *,
	    uint32_t number);
	/* [worker] Forgets a message that was not submitted; accepts NULL. */
	void (*drop)(struct ms_message *);
};

#ifdef __cplusplus
}
#endif
#endif
