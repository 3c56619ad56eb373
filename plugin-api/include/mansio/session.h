/* SPDX-License-Identifier: ISC */
/*
 * session.h - one connection, accepted or dialled, and how to wait on it
 *
 * The core owns the socket, TLS, compression and buffers.  A plugin's step
 * writes output, says in a struct ms_wait what it waits for, and returns; the
 * session then holds no thread.  It can wait for several things at once:
 *
 *	wait->what = MS_WAIT_LINE | MS_WAIT_EVENT;	IDLE, RFC 2177
 *	wait->line_max = 12;				"DONE"
 *	wait->timeout_us = 29 minutes;
 *
 * The first that comes starts the next step; the others stay as they are and
 * come later.  what = 0 ends it: output is drained, then all is closed.
 * Memory before login is bounded by the core; a length that a peer announced
 * is never allocated, only counted.
 */
#ifndef MANSIO_SESSION_H
#define MANSIO_SESSION_H

#include <mansio/blob.h>
#include <mansio/facts.h>
#include <mansio/op.h>
#include <mansio/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MS_WAIT_LINE   = 1 << 0,	/* up to line_max octets, then CRLF */
	MS_WAIT_BYTES  = 1 << 1,	/* exactly `count`, at most 64 KiB, in memory;
					   0: whatever has come, one octet at least */
	MS_WAIT_BODY   = 1 << 2,	/* into the writer `into`, framed as said */
	MS_WAIT_EVENT  = 1 << 3,	/* a topic given to watch() */
	MS_WAIT_OUTPUT = 1 << 4,	/* output drained below the low mark */
	MS_WAIT_OP     = 1 << 5		/* any of `ops` ended */
};

enum {	/* framing of MS_WAIT_BODY */
	MS_BODY_COUNT = 1,	/* `count` octets: a literal, a BDAT chunk */
	MS_BODY_DOT,		/* RFC 5321 4.5.2, to CRLF.CRLF and nothing else;
				   the dots are taken out */
	MS_BODY_CLOSE		/* to the end of the stream */
};

/* Comes preset to zero; the step fills in. */
struct ms_wait {
	uint32_t size;
	uint32_t what;		/* MS_WAIT_... or'ed; 0: the end */
	uint32_t line_max;	/* octets without the CRLF */
	uint32_t framing;	/* MS_BODY_... */
	uint64_t count;
	uint64_t body_max;	/* past it the body is read on, counted, not kept */
	struct ms_writer  *into;
	struct ms_session *session;	/* whose input; NULL: the machine's own */
	struct ms_op *const *ops;	/* lives until the next step */
	uint32_t n_ops;
	uint32_t flags;		/* 1: stop once after the header (MS_AT_HEADER); wait
				   again, with 0, for the rest */
	int64_t  timeout_us;	/* for the whole record, not for each octet; 0:
				   the listener's default */
};

enum { MS_CAME_LINE = 1, MS_CAME_BYTES, MS_CAME_BODY, MS_CAME_EVENT,
       MS_CAME_OUTPUT, MS_CAME_OP, MS_CAME_TIMEOUT,
       MS_CAME_CLOSED };	/* the peer went; output is of no use */

enum {	/* ms_came.flags */
	MS_CAME_MORE      = 1 << 0,	/* input was there already: pipelined */
	MS_CAME_TOO_LONG  = 1 << 1,	/* the line, cut to line_max; rest eaten.
					   The body: count says how long it was */
	MS_CAME_BARE_CR   = 1 << 2,	/* seen in line or body: RFC 5321 2.3.8 */
	MS_CAME_BARE_LF   = 1 << 3,	/* a body never ends by one */
	MS_CAME_NUL       = 1 << 4,
	MS_CAME_8BIT      = 1 << 5,
	MS_CAME_LONG_TEXT = 1 << 6,	/* a text line over 998 octets */
	MS_CAME_HEADER    = 1 << 7	/* the body's header only, as was asked */
};

struct ms_came {
	uint32_t      size;
	uint32_t      what;	/* MS_CAME_... */
	uint32_t      flags;
	ms_status     status;	/* OP: its result; BODY: MS_OK or why not kept */
	struct ms_str input;	/* LINE, BYTES; EVENT: the topic.  Until return */
	uint64_t      count;	/* BODY: octets read */
	struct ms_op *op;
	struct ms_session *session;	/* whose */
	const struct ms_error *error;	/* to a negative status */
};

enum {
	MS_SEND_RAW = 0,
	MS_SEND_DOT = 1		/* dots doubled at line starts, a last CRLF and the
				   final dot added: RFC 5321 4.5.2, RFC 1939 3. */
};

#define MS_SESSION_ID "ms.session/1"
struct ms_exchange;		/* auth.h */
struct ms_session_api {
	uint32_t size;

	/* [any] Lives as long as the session: id, arena. */
	const struct ms_scope *(*scope)(const struct ms_session *);
	/* [any] Peer, TLS, login: facts.h lists the names. */
	struct ms_facts *(*facts)(struct ms_session *);

	/* [step] Output.  Copies.  Never blocks: returns how many octets now
	   wait to be sent, so that a long answer stops past its mark and waits
	   for MS_WAIT_OUTPUT.  (Past 4 times the mark the session is ended.) */
	size_t (*write)(struct ms_session *, struct ms_str octets);
	/* [step] A stretch of a blob, by reference: it is held until sent.
	   how: MS_SEND_RAW, or MS_SEND_DOT from the start of a line. */
	size_t (*write_blob)(struct ms_session *, struct ms_blob *,
	    uint64_t offset, uint64_t octets, uint32_t how);
	/* [any] The mark; by default 64 KiB. */
	size_t (*output_mark)(const struct ms_session *);

	/* [step] Starts TLS once the output before it is sent.  Server side:
	   policy NULL.  Client side: the policy to be met.  Input that came
	   before the handshake makes it fail (CVE-2011-0411): the session then
	   closes.  Wait for the op; the facts tls.* are set. */
	struct ms_op *(*start_tls)(struct ms_session *,
	    const struct ms_tls_policy *);
	/* [step] COMPRESS=DEFLATE (RFC 4978) from the next octet each way.
	   Limits count inflated octets. */
	ms_status (*start_compress)(struct ms_session *, struct ms_error *);
	/* [step] RFC 9266 tls-exporter, RFC 5929 tls-server-end-point. */
	ms_status (*channel_binding)(struct ms_session *, struct ms_str type,
	    struct ms_str *binding_out, struct ms_error *);

	/* [step] The exchange ended with MS_OK: ends this life of the session.
	   Return what = 0; output is sent, then protocol.h's resume() runs with
	   the account that the directory named (auth.account), the limits of
	   its class, and `carry`: at most 4 KiB of the plugin's, versioned.
	   exchange NULL: undone (UNAUTHENTICATE, RFC 8437), back to the first
	   life, resume() without an account. */
	ms_status (*hand_over)(struct ms_session *, struct ms_exchange *,
	    struct ms_str carry, struct ms_error *);
	/* [step] From now on events of that topic (prefix: ends with "/") can
	   be waited for.  Merged by topic while nobody waits; at most 1,000
	   topics, then MS_LIMIT.  on 0 ends it. */
	ms_status (*watch)(struct ms_session *, struct ms_str topic, uint32_t on,
	    struct ms_error *);
	/* [step] Joins two sessions: octets go both ways until one closes, no
	   step runs meanwhile.  For proxies, after the login. */
	ms_status (*splice)(struct ms_session *, struct ms_session *other,
	    struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
