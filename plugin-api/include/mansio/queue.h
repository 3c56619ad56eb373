/* SPDX-License-Identifier: ISC */
/*
 * queue.h - kind: keeps accepted mail until it is delivered
 *
 * The queue runner, in the core, knows what a retry is; a backend keeps
 * records, finds those that are due, and never loses one.  A message is one
 * record (envelope, overlay, trace; the body is a blob) and one part for
 * each way that its recipients go.  Records are octets of the core's, parts
 * have columns to be found by.  Writes are jobs (batch.h), keyed by message.
 */
#ifndef MANSIO_QUEUE_H
#define MANSIO_QUEUE_H

#include <mansio/batch.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MS_QUEUE_WAITS = 1, MS_QUEUE_HELD, MS_QUEUE_PARKED };

struct ms_part {
	uint32_t      size;
	uint32_t      number;
	struct ms_id  message;
	uint32_t      state;		/* MS_QUEUE_... */
	int32_t       priority;
	uint32_t      attempts, crashes;
	int64_t       next_us, expires_us;
	struct ms_str delivery, destination;	/* route.h */
	struct ms_str sender;		/* for people to look for */
	struct ms_str owner;		/* node that works on it; "" none */
	int64_t       owned_until_us;
	struct ms_str record;		/* recipients, replies: the core's octets */
};

struct ms_parts {
	uint32_t      size;
	uint32_t      n;
	const struct ms_part *const *parts;
};

enum { MS_QUEUE_BY_TIME = 1, MS_QUEUE_BY_DESTINATION, MS_QUEUE_BY_MESSAGE };

struct ms_queue_look {
	uint32_t      size;
	uint32_t      by;		/* order, and what `after` goes on from */
	int64_t       due_us;		/* only next_us up to this; 0: any */
	uint32_t      state;		/* 0: any */
	uint32_t      limit;
	struct ms_str destination;	/* "": any */
	struct ms_str sender;		/* "": any */
	const struct ms_id *message;	/* NULL: any */
	const struct ms_part *after;	/* the last one of the page before; NULL */
};

#define MS_QUEUE_ID "ms.queue/1"
struct ms_queue {
	uint32_t size;
	/* [worker] Parts, a page at a time.  Parts that another node owns now
	   are left out when due_us is given. */
	ms_status (*find)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_queue_look *, struct ms_parts *, struct ms_error *);
	/* [worker] A message's record, and its body, to be released.  body_out
	   NULL: the record is enough.  MS_NOTFOUND: it is done. */
	ms_status (*message)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_id *message, struct ms_str *record_out,
	    struct ms_blob **body_out, struct ms_error *);
};

enum { MS_JOB_QUEUE_PUT = 0x200, MS_JOB_QUEUE_SET, MS_JOB_QUEUE_DONE,
       MS_JOB_QUEUE_CLAIM };

struct ms_job_queue {
	struct ms_job job;
	/* PUT: out, the message's place in the queue; its last two octets are 0
	   (mailbox.h, delivery_id).  The others: in. */
	struct ms_id  message;
	/* PUT: record, body and all parts.  SET: the parts given, and the record
	   if not "".  DONE: the parts given; the last one takes the message
	   along.  CLAIM: owner and owned_until_us of the parts given;
	   MS_CONFLICT if another owns one. */
	struct ms_str record;
	struct ms_blob *body;
	const struct ms_part *const *parts;
	size_t        n_parts;
	struct ms_str place;		/* batch.h, prepare() */
};

#ifdef __cplusplus
}
#endif
#endif
