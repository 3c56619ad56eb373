/* SPDX-License-Identifier: ISC */
/*
 * pop3.h - one conversation of POP3 (RFC 1939), and what its files share
 *
 * The first life logs in; the second, begun by resume(), shows the maildrop:
 * the INBOX as it was then, kept as UIDs and sizes alone.  What the client
 * deletes is a bitmap until QUIT makes one job of it: all or nothing.
 *
 * There is no lock on the maildrop.  What somebody else expunges meanwhile
 * gives -ERR at RETR; what arrives is shown next time.
 *
 *	session.c   open, step, close; waiting; parking
 *	commands.c  state x command table; the small commands
 *	login.c     USER, PASS, AUTH (RFC 5034), STLS (RFC 2595)
 *	maildrop.c  the snapshot; QUIT
 *	retrieve.c  LIST, UIDL, RETR, TOP
 *	line.h      numbers, TOP's end (pure)
 */
#ifndef POP3_POP3_H
#define POP3_POP3_H

#include <stdbool.h>

#include <mansio/auth.h>
#include <mansio/config.h>
#include <mansio/limits.h>
#include <mansio/log.h>
#include <mansio/mailbox.h>
#include <mansio/plugin.h>
#include <mansio/protocol.h>
#include <mansio/str.h>

#define POP3_MAX_LINE	510	/* RFC 2449 4. says 255; passwords may be longer */
#define POP3_MAX_USER	255
#define POP3_MAX_JUNK	10
#define POP3_MAX_LOGINS	5
#define POP3_MAX_MESSAGES	200000	/* shown of one maildrop, the oldest */

struct ms_instance {
	const struct ms_host        *host;
	const struct ms_auth        *auth;
	const struct ms_blob_api    *blob;
	const struct ms_commit      *commit;
	const struct ms_config_api  *config;
	const struct ms_facts_api   *facts;
	const struct ms_log         *log;
	const struct ms_op_api      *op;
	const struct ms_scope_api   *scope;
	const struct ms_session_api *session;
	const struct ms_config      *section;
	/* All below is constant after start. */
	struct ms_backend  mailbox;
	struct ms_protocol_plan plan;
	struct ms_str      hostname;
	int64_t            idle_us;
	bool               require_tls;
};

enum pop3_state { POP3_AUTHORIZATION, POP3_TRANSACTION };

enum pop3_wants {
	POP3_WANTS_COMMAND,
	POP3_WANTS_RESPONSE,	/* SASL */
	POP3_WANTS_OP,
	POP3_WANTS_ROOM,	/* a listing goes on when output has drained */
	POP3_WANTS_PAGE,	/* the snapshot goes on in the next step */
	POP3_WANTS_END
};

struct pop3;
typedef void pop3_then(struct pop3 *x, struct ms_op *op, ms_status status,
    const struct ms_error *err);

/* The INBOX as it was at the login. */
struct maildrop {
	struct ms_account *account;	/* NULL: there is none yet, so no mail */
	struct ms_str      name;	/* of the account */
	struct ms_id       box;
	uint32_t           uidvalidity;
	uint32_t           n, room;
	uint32_t          *uids;
	uint64_t          *octets;
	uint8_t           *deleted;	/* a bit for each */
	uint32_t           n_deleted;
	uint64_t           total, deleted_octets;
};

struct pop3 {
	struct ms_instance    *self;
	struct ms_session     *session;
	const struct ms_scope *scope;	/* of the running step */
	struct ms_op          *op;
	pop3_then             *then;
	struct ms_exchange    *exchange;
	struct maildrop        drop;
	struct ms_job_expunge *job;	/* lives until its op has ended */
	size_t                 unsent;
	uint32_t               list_next;	/* message number - 1 */
	enum pop3_state        state;
	enum pop3_wants        wants;
	uint8_t                junk, failed_logins;
	bool                   tls, list_uids, final_challenge;
	char                   user[POP3_MAX_USER + 1];	/* "" before USER */
};

/* ---- session.c ---- */
extern const struct ms_protocol pop3_protocol;
void pop3_park(struct pop3 *x, struct ms_op *op, pop3_then *then);
void pop3_end(struct pop3 *x);
struct ms_str pop3_fact(const struct pop3 *x, const char *name);
bool pop3_is_full(const struct pop3 *x);	/* past the output mark */
void pop3_write(struct pop3 *x, struct ms_str octets);
/* "+OK text", "-ERR text": one line of printable ASCII. */
void pop3_ok(struct pop3 *x, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pop3_err(struct pop3 *x, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What makes no sense at all; the last one costs the session. */
void pop3_junk(struct pop3 *x, const char *text);
/* A failure of the store, by RFC 3206's codes; logged. */
void pop3_failure(struct pop3 *x, const char *what, ms_status status,
    const struct ms_error *err);

/* ---- commands.c ---- */
void pop3_command(struct pop3 *x, struct ms_str line, uint32_t came_flags);

/* ---- login.c ---- */
void pop3_user(struct pop3 *x, struct ms_str args);
void pop3_pass(struct pop3 *x, struct ms_str args);
void pop3_auth(struct pop3 *x, struct ms_str args);
void pop3_stls(struct pop3 *x, struct ms_str args);
void pop3_response(struct pop3 *x, struct ms_str line, uint32_t came_flags);
/* Offered now; len 0: none. */
struct ms_str pop3_mechanisms(struct pop3 *x);
bool pop3_has_mechanism(struct ms_str mechanisms, struct ms_str name);

/* ---- maildrop.c ---- */
/* Begins the second life: opens the account, then page by page. */
void maildrop_open(struct pop3 *x);
void maildrop_page(struct pop3 *x);
void maildrop_close(struct pop3 *x);
static inline bool
maildrop_is_deleted(const struct maildrop *d, uint32_t i)
{
	return (d->deleted[i / 8] >> (i % 8) & 1) != 0;
}
void maildrop_delete(struct maildrop *d, uint32_t i);
void maildrop_undelete(struct maildrop *d);
/* QUIT: the update, the reply, the end. */
void maildrop_update(struct pop3 *x);

/* ---- retrieve.c ---- */
void pop3_stat(struct pop3 *x, struct ms_str args);
void pop3_list(struct pop3 *x, struct ms_str args);
void pop3_uidl(struct pop3 *x, struct ms_str args);
void pop3_list_on(struct pop3 *x);
void pop3_retr(struct pop3 *x, struct ms_str args);
void pop3_top(struct pop3 *x, struct ms_str args);
void pop3_dele(struct pop3 *x, struct ms_str args);

#endif
