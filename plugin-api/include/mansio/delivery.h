/* SPDX-License-Identifier: ISC */
/*
 * delivery.h - kind: hands a message over to where it shall be
 *
 * A handover is one message and those of its recipients that go the same way
 * (route.h).  It runs as a step machine with the same waits as a session: an
 * agent that only blocks on disk does all in begin(); one that talks to far
 * hosts dials, parks, and holds no thread while they think.  Results are
 * written recipient by recipient.
 *
 * The queue runner, in the core, decides when, how often and how many at
 * once; retries, DSNs and bounces are its matter too.
 */
#ifndef MANSIO_DELIVERY_H
#define MANSIO_DELIVERY_H

#include <mansio/batch.h>
#include <mansio/dial.h>
#include <mansio/message.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {	/* ms_result.flags */
	MS_RESULT_RELAYED     = 1,	/* the next hop takes over the DSN, or not: */
	MS_RESULT_NO_DSN      = 2,	/* "relayed" notice is due, RFC 3461 5.2.2 */
	MS_RESULT_UNCONFIRMED = 4,	/* sent whole, answer cut off (RFC 1047) */
	MS_RESULT_HOST_DOWN   = 8	/* says nothing of the message: slow down there */
};

struct ms_result {
	uint32_t        size;
	ms_status       status;		/* preset to MS_TEMPFAIL */
	uint32_t        flags;
	uint32_t        code;		/* remote reply, 0 none */
	int64_t         retry_after_us;	/* a wish; 0: by the rules */
	struct ms_error *error;		/* fill in: enhanced code, remote's words */
	char            remote[128];	/* "mx.example.org [192.0.2.1]" */
	/* A local agent does not write: it leaves the jobs here.  The core runs
	   them chained to "leave the queue" if one shard holds both, else before
	   it.  Each carries delivery id and number, so a repeat is harmless. */
	struct ms_backend    target;
	struct ms_job *const *jobs;	/* in the scope's arena; status from theirs */
	size_t               n_jobs;
};

struct ms_handover {
	uint32_t      size;
	uint32_t      flags;		/* 1: probe: recipients alone, no message sent
					   (RCPT verification of a next hop) */
	struct ms_message *message;
	struct ms_str destination;
	uint32_t      attempt;		/* from 1 */
	uint32_t      n;
	const struct ms_recipient *const *recipients;
	struct ms_result *const *results;	/* one each */
	int64_t       expires_us;
};

#define MS_DELIVERY_ID "ms.delivery/1"
struct ms_delivery {
	uint32_t size;
	/* [step] The scope lives until end().  what = 0 in the wait: done, the
	   results are final.  A negative status: all still MS_TEMPFAIL. */
	ms_status (*begin)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_handover *, void **state, struct ms_wait *,
	    struct ms_error *);
	/* [step] Optional for an agent whose begin() never waits. */
	ms_status (*step)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_handover *, void *state, const struct ms_came *,
	    struct ms_wait *, struct ms_error *);
	/* [step] Last call, whatever ended it. */
	void (*end)(struct ms_instance *, const struct ms_handover *,
	    void *state);
	/* [step] A kept connection is not needed any more (dial.h): say QUIT,
	   free what was kept with it.  The core closes it. */
	void (*drop)(struct ms_instance *, struct ms_session *, void *kept);
};

#ifdef __cplusplus
}
#endif
#endif
