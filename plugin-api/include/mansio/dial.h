/* SPDX-License-Identifier: ISC */
/*
 * dial.h - outgoing connections, and keeping them for the next use
 *
 * A dialled connection is a session like any other (session.h): the same
 * writes, the same waits, from the client's side.  A delivery agent or
 * a protocol parks on it; a filter that may block uses converse().  Which
 * hosts may be dialled is the worker's placement and the admin's word:
 * MS_DENIED.  Concurrency and pace to a destination are kept here.
 */
#ifndef MANSIO_DIAL_H
#define MANSIO_DIAL_H

#include <mansio/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_target {
	uint32_t      size;
	uint32_t      port;
	struct ms_str address;	/* "192.0.2.1", "2001:db8::1", "unix:/path" */
	struct ms_str name;	/* for the log and for limits; not resolved */
	struct ms_str source;	/* address to bind; "" any */
	struct ms_str proxy;	/* "socks5://...", "haproxy:..." ; "" none */
	const struct ms_tls_policy *tls;	/* at once; NULL: begin in clear */
	int64_t       timeout_us;
	/* A kept connection with the same key is as good.  So the key names
	   all that matters: address, port, TLS policy, login, source.
	   "" never shares (RFC 7672 8.1). */
	struct ms_str key;
};

struct ms_dialled {
	uint32_t size;
	uint32_t reused;		/* how often before; 0: fresh */
	struct ms_session *session;	/* the caller's until keep() or close() */
	void *state;			/* what keep() was given, or NULL */
};

#define MS_DIAL_ID "ms.dial/1"
struct ms_dial {
	uint32_t size;
	/* [worker] Takes a kept one or connects.  MS_BUSY as the op's status:
	   the destination's limit is reached; try again after its pace. */
	struct ms_op *(*connect)(const struct ms_scope *,
	    const struct ms_target *);
	/* [worker] After the op ended with MS_OK. */
	ms_status (*result)(struct ms_op *, struct ms_dialled *);
	/* [step] Gives it back for the next with that key; idle_us at most.
	   state goes along.  When it is not taken again the core calls
	   delivery.h's drop() with it: send QUIT, free the state. */
	void (*keep)(struct ms_session *, struct ms_str key, int64_t idle_us,
	    void *state);
	/* [step] Output is drained, then closed. */
	void (*close)(struct ms_session *);
	/* [worker] The blocking twin of parking, for filters and tasks: returns
	   when what `wait` names has come.  EVENT cannot be waited for. */
	ms_status (*converse)(const struct ms_scope *, struct ms_session *,
	    const struct ms_wait *, struct ms_came *, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
