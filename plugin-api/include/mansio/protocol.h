/* SPDX-License-Identifier: ISC */
/*
 * protocol.h - kind: speaks a protocol on a listener
 *
 * A session begins with open(), goes on by step() each time that something
 * waited for has come, and ends with close().  Between steps it holds no
 * thread, no transaction and no large buffer; its next step may run on
 * another thread.  Straight code within a step may block on disk.
 *
 * A session that logs in has two lives, perhaps in two processes: the first
 * ends by session.h's hand_over(), the second begins with resume().
 */
#ifndef MANSIO_PROTOCOL_H
#define MANSIO_PROTOCOL_H

#include <mansio/plugin.h>
#include <mansio/session.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {	/* ms_protocol_plan.flags */
	/* It logs people in: such a listener is placed where accounts are served,
	   others where strangers come. */
	MS_PROTOCOL_LOGS_IN = 1
};

struct ms_protocol_plan {
	uint32_t    size;
	uint32_t    flags;		/* MS_PROTOCOL_... */
	const char *const *alpn;	/* RFC 7301, accepted names; NULL at end */
	const char *service;		/* "imap": for SASL and logs */
};

#define MS_PROTOCOL_ID "ms.protocol/1"
struct ms_protocol {
	uint32_t size;
	/* [main] */
	const struct ms_protocol_plan *(*plan)(struct ms_instance *);
	/* [step] A peer connected (TLS done, if implicit): greet it.  *state
	   is the plugin's, from the session's arena if it likes.  A negative
	   status closes without a word. */
	ms_status (*open)(struct ms_instance *, const struct ms_scope *,
	    struct ms_session *, void **state, struct ms_wait *);
	/* [step] One call at a time.  The scope's arena is emptied on return. */
	ms_status (*step)(struct ms_instance *, const struct ms_scope *,
	    struct ms_session *, void *state, const struct ms_came *,
	    struct ms_wait *);
	/* [step] Begins the second life, as auth.account, with what hand_over()
	   was given and nothing else of the plugin's; input not read yet comes
	   by step().  NULL: the protocol has one life. */
	ms_status (*resume)(struct ms_instance *, const struct ms_scope *,
	    struct ms_session *, struct ms_str carry, void **state,
	    struct ms_wait *);
	/* [step] Last call of each life, whatever ended it; also after a failed
	   open. */
	void (*close)(struct ms_instance *, struct ms_session *, void *state);
	/* [step] Optional.  The server wants to stop or reload and the session is
	   parked: say goodbye (421, BYE) or, by MS_BUSY, stay until the grace
	   ends.  No input is lost: nothing was read. */
	ms_status (*retire)(struct ms_instance *, struct ms_session *,
	    void *state, struct ms_wait *);
};

#ifdef __cplusplus
}
#endif
#endif
