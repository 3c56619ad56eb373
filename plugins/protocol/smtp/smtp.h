/* SPDX-License-Identifier: ISC */
/*
 * smtp.h - one conversation of SMTP or LMTP, and what its files share
 *
 * Two plugins are built from this folder: smtp.c and lmtp.c bring the entry
 * and the options, all else is common, for RFC 2033 changes little but the
 * greeting and the replies after the data.
 *
 * A conversation is a struct smtp.  A step takes what came (a line, a body,
 * the end of an op), runs straight on, and leaves in `wants` what to wait
 * for.  What has to wait for an op calls smtp_park() with the function to go
 * on with; an op that has ended already goes on at once, so that pipelined
 * commands cost no wake-up.
 *
 *	session.c   open, step, close; waiting; parking
 *	commands.c  state x command table; small commands
 *	envelope.c  MAIL, RCPT          line.h    their grammar (pure)
 *	content.c   DATA, BDAT, replies survey.h  a look at header and text (pure)
 *	login.c     AUTH, STARTTLS      trace.h   the Received field (pure)
 *	reply.c     replies and verdicts
 */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include <stdbool.h>

#include <mansio/auth.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/limits.h>
#include <mansio/log.h>
#include <mansio/pipeline.h>
#include <mansio/plugin.h>
#include <mansio/protocol.h>
#include <mansio/str.h>

#define SMTP_MAX_HELO	255
#define SMTP_MAX_JUNK	10	/* commands that make no sense, then 421 */
#define SMTP_MAX_LOGINS	5	/* failed logins of one connection, then 421 */
/* RFC 5321 4.5.3.1.4: 512 with CRLF; MAIL and RCPT grow by what RFCs 1870,
   3030, 3461, 4954 and 6531 add, some 1200 octets in all. */
#define SMTP_MAX_COMMAND	(MS_MAX_COMMAND_LINE - 2)
#define SMTP_MAX_ENVELOPE_LINE	2046
/* Longest pause that a filter may ask for before an answer. */
#define SMTP_MAX_PAUSE_US	INT64_C(60000000)

struct ms_instance {
	const struct ms_host         *host;
	const struct ms_auth         *auth;	/* submission alone */
	const struct ms_blob_api     *blob;
	const struct ms_clock        *clock;
	const struct ms_facts_api    *facts;
	const struct ms_log          *log;
	const struct ms_message_api  *message;
	const struct ms_op_api       *op;
	const struct ms_pipeline     *pipeline;
	const struct ms_scope_api    *scope;
	const struct ms_session_api  *session;
	/* All below is constant after create. */
	struct ms_protocol_plan plan;
	struct ms_str hostname;		/* "": the fact server.hostname */
	uint64_t max_size;
	uint32_t max_recipients;
	int64_t  greet_delay_us, command_us, data_us;
	bool     lmtp, submission, require_tls, own_sender, refuse_long_lines;
};

enum smtp_state {
	SMTP_REFUSED,	/* 554 instead of a greeting: QUIT alone */
	SMTP_FRESH,	/* greeted, or TLS has just begun */
	SMTP_READY,	/* after EHLO, HELO, LHLO */
	SMTP_MAIL,	/* a reverse-path, no recipient yet */
	SMTP_RCPT,	/* at least one recipient */
	SMTP_CHUNKS,	/* between BDAT and BDAT LAST */
	SMTP_SPOILT	/* a BDAT failed: RFC 3030 2. wants RSET */
};

enum smtp_wants {
	SMTP_WANTS_COMMAND,
	SMTP_WANTS_SILENCE,	/* the pause before the greeting */
	SMTP_WANTS_RESPONSE,	/* a SASL response */
	SMTP_WANTS_BODY,	/* up to the final dot */
	SMTP_WANTS_CHUNK,	/* `chunk` octets */
	SMTP_WANTS_OP,
	SMTP_WANTS_PAUSE,	/* the op has ended, its verdict asks for delay */
	SMTP_WANTS_END
};

struct smtp_reply {
	int  code;		/* 0: go on */
	char enhanced[12];
	char text[240];
	bool hang_up;		/* close after it */
	bool silent;		/* and without it */
};

struct smtp;
/* The op ended so; it is x->running, and dropped after the return if it still
   is that. */
typedef void smtp_then(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err);

struct smtp {
	struct ms_instance    *self;
	struct ms_session     *session;
	const struct ms_scope *scope;	/* of the running step */
	struct ms_op          *op;	/* parked on */
	smtp_then             *then;
	struct ms_op          *running;	/* ended; then() is looking at it */
	struct ms_op          *kept;	/* verdicts of MS_AT_BODY, for LMTP */
	struct ms_message     *message;
	struct ms_writer      *writer;
	struct ms_exchange    *exchange;
	struct ms_arena       *mail;	/* lives as long as one transaction */
	struct smtp_reply     *spoilt;	/* in `mail`: why the content is refused */
	struct ms_str          id;	/* in `mail`: the message's, once submitted */
	struct ms_str          hostname;
	size_t                 unsent;	/* octets that wait for the peer */
	uint64_t               announced;	/* SIZE= */
	uint64_t               content;	/* octets so far */
	uint64_t               chunk;
	int64_t                pause_us;
	uint32_t              *accepted;	/* in `mail`: numbers, in RCPT order */
	uint32_t               n_accepted, room_accepted;
	uint32_t               pending;	/* number of the recipient being judged */
	uint32_t               body_flags;	/* gathered over all chunks */
	enum smtp_state        state;
	enum smtp_wants        wants;
	uint8_t                junk, failed_logins;
	bool                   esmtp, tls, logged_in, judged;
	bool                   binary, eightbit, utf8;	/* MAIL parameters */
	bool                   chunk_last, chunk_lost;
	bool                   header_judged, final_challenge;
	bool                   noted_utf8;	/* in the fact client.protocol */
	char                   helo[SMTP_MAX_HELO + 1];	/* "" before */
};

/* ---- session.c ---- */
extern const struct ms_protocol smtp_protocol;
/* Goes on with then() when the op has ended; at once if it has. */
void smtp_park(struct smtp *x, struct ms_op *op, smtp_then *then);
/* The same for an op of the pipeline, whose verdict may ask for a pause. */
void smtp_judge(struct smtp *x, struct ms_op *op, smtp_then *then);
/* Output, then the end. */
void smtp_end(struct smtp *x);
/* Forgets the transaction: message, body, recipients.  After EHLO. */
void smtp_reset(struct smtp *x);
struct ms_str smtp_fact(const struct smtp *x, const char *name);

/* ---- commands.c ---- */
void smtp_command(struct smtp *x, struct ms_str line, uint32_t came_flags);
/* Before the greeting: what the core has seen so far; true: told to go. */
bool smtp_is_turned_away(struct smtp *x);
/* S26: who talks before he is greeted does not speak SMTP. */
void smtp_refuse_early(struct smtp *x);
void smtp_greet(struct smtp *x);
/* Sets the fact client.protocol: RFC 3848. */
void smtp_note_protocol(struct smtp *x);

/* ---- envelope.c, content.c, login.c ---- */
void smtp_mail(struct smtp *x, struct ms_str args);
void smtp_rcpt(struct smtp *x, struct ms_str args);
void smtp_data(struct smtp *x, struct ms_str args);
void smtp_bdat(struct smtp *x, struct ms_str args);
void smtp_body_came(struct smtp *x, const struct ms_came *came);
void smtp_chunk_came(struct smtp *x, const struct ms_came *came);
void smtp_auth(struct smtp *x, struct ms_str args);
void smtp_response(struct smtp *x, struct ms_str line, uint32_t came_flags);
void smtp_starttls(struct smtp *x, struct ms_str args);
/* What message->set_info() wants: the present info, to be changed. */
struct ms_message_info smtp_info(struct smtp *x);

/* ---- reply.c ---- */
/* One reply line.  enhanced "": none (RFC 2034 4: greeting, EHLO). */
void smtp_say(struct smtp *x, int code, const char *enhanced,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A command that makes no sense: counted, the last one costs the session. */
void smtp_say_junk(struct smtp *x, int code, const char *enhanced,
    const char *text);
void smtp_write(struct smtp *x, struct ms_str octets);
/* Says a reply and what follows from it. */
void smtp_answer(struct smtp *x, const struct smtp_reply *reply);
/* What an op of the pipeline decided for that recipient (UINT32_MAX: for all)
   at that point; code 0: go on. */
void smtp_decision(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err, uint32_t at, uint32_t number,
    struct smtp_reply *out);
/* A failure of ours or of the store: 4xx, but where it is surely final. */
void smtp_failure(ms_status status, const struct ms_error *err,
    struct smtp_reply *out);
void smtp_reply_set(struct smtp_reply *out, int code, const char *enhanced,
    const char *text);
/* One line: who was refused what, and why. */
void smtp_log_refusal(struct smtp *x, const char *stage,
    const struct smtp_reply *reply, const struct ms_error *err);
/* The same with the recipient it was about. */
void smtp_log_recipient(struct smtp *x, struct ms_str to,
    const struct smtp_reply *reply, const struct ms_error *err);

/* ---- instance.c: create, start, stop, destroy ---- */
ms_status smtp_create(const struct ms_host *host,
    const struct ms_config *config, bool lmtp,
    struct ms_instance **instance_out, struct ms_error *err);
ms_status smtp_start(struct ms_instance *self, struct ms_error *err);
void smtp_stop(struct ms_instance *self);
void smtp_destroy(struct ms_instance *self);
const void *smtp_interface(const char *id);

#endif
