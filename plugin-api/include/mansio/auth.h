/* SPDX-License-Identifier: ISC */
/*
 * auth.h - service: logging somebody in, without seeing how
 *
 * A protocol passes SASL messages to and fro (RFC 4422); the exchange runs
 * beside the directory, in whatever process that is.  Delays, lockouts and
 * the equal time of wrong and unknown are made here, for all protocols.
 * (Who may send as whom, quotas, names: directory.h, by a BACKEND option.)
 */
#ifndef MANSIO_AUTH_H
#define MANSIO_AUTH_H

#include <mansio/op.h>
#include <mansio/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_exchange;

struct ms_auth_step {
	uint32_t      size;
	uint32_t      done;		/* 0: send `challenge`, read the next */
	struct ms_str challenge;	/* not yet base64; with done: the server's last */
	struct ms_str account;		/* done and MS_OK: who; to log in: hand_over() */
	struct ms_str user;		/* authentication id, for the log */
};

#define MS_AUTH_ID "ms.auth/1"
struct ms_auth {
	uint32_t size;
	/* [worker] Names offered to this session now, blank between them: by
	   configuration, TLS, directory. */
	struct ms_str (*mechanisms)(const struct ms_scope *, struct ms_session *);
	/* [step] POP3 USER/PASS and IMAP LOGIN are mechanism "PLAIN". */
	ms_status (*begin)(const struct ms_scope *, struct ms_session *,
	    struct ms_str mechanism, struct ms_exchange **exchange_out,
	    struct ms_error *);
	/* [step] response with data NULL: the client gave no initial one; len 0:
	   it gave an empty one.  The op ends when the answer is there: MS_OK, MS_DENIED,
	   MS_TEMPFAIL (directory away; tell the peer so, RFC 5530
	   UNAVAILABLE).  A delay is part of the op; no thread waits. */
	struct ms_op *(*step)(const struct ms_scope *, struct ms_exchange *,
	    struct ms_str response);
	ms_status (*result)(struct ms_op *, struct ms_auth_step *,
	    struct ms_error *);
	/* [step] Accepts NULL; an unfinished exchange is cancelled. */
	void (*drop)(struct ms_exchange *);
};

#ifdef __cplusplus
}
#endif
#endif
