/* SPDX-License-Identifier: ISC */
/*
 * session.h - one IMAP connection: its state, its command, its steps
 *
 * A session is small, as most of them idle.  What a command needs lives in a
 * struct command, from its first line to its tagged response; between
 * commands there is none.  Nothing is kept for each message: sequence numbers
 * are derived (view.h) from how far the client was told.
 *
 * One command at a time, in the order they came (RFC 3501 5.5: a client may
 * pipeline, and no two commands then see each other's effects out of order).
 */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include <stdbool.h>

#include <mansio/buf.h>
#include <mansio/protocol.h>

#include "imap.h"
#include "parse.h"

/* RFC 3501 3.; or'ed in the table of commands. */
enum {
	STATE_FRESH    = 1,	/* not authenticated */
	STATE_AUTH     = 2,
	STATE_SELECTED = 4,
	STATE_LOGGED_IN = STATE_AUTH | STATE_SELECTED,
	STATE_ANY      = STATE_FRESH | STATE_LOGGED_IN
};

enum {	/* session.enabled, RFC 5161 */
	ENABLED_CONDSTORE = 1,
	ENABLED_QRESYNC   = 2,
	ENABLED_UTF8      = 4
};

/*
 * The selected mailbox, and what this client was told of it.  Its view:
 * the UIDs up to told_uid that are there, and those that went after
 * told_gone.  told_gone and told_flags are modseqs: expunges and changed
 * flags up to them were told, or were there at SELECT.
 */
struct selected {
	struct ms_id box;
	uint32_t     uidvalidity;
	uint32_t     told_uid;
	uint32_t     recent_first, recent_last;	/* \Recent for us; 0 none */
	uint32_t     recent_marked;	/* the store knows of recent ones below */
	uint32_t     n_keywords;	/* told by FLAGS */
	bool         is_read_only;
	bool         is_watched;
	uint64_t     told_gone;
	uint64_t     told_flags;
	char        *name;		/* when it was selected; heap, NUL-terminated */
};

struct command;

struct session {
	struct ms_instance *self;
	struct ms_session  *peer;
	struct command     *command;	/* NULL: none under way */
	struct ms_account  *account;	/* NULL until a command needs it */
	char               *account_name;	/* heap; of the second life */
	uint32_t            state;	/* STATE_... */
	uint32_t            enabled;	/* ENABLED_... */
	uint16_t            n_junk;
	uint16_t            n_failures;
	uint16_t            n_commands;	/* of the first life */
	bool                is_over;	/* BYE was said */
	bool                in_second_life;
	struct selected     selected;
	/* The search result variable "$" (RFC 5182), UIDs; heap. */
	struct ms_uid_range *saved;
	size_t              n_saved;
	char               *idle_tag;	/* heap; not NULL: between IDLE and DONE */
	int64_t             idle_since_us;
	uint64_t            octets_in, octets_out;
};

/* What a command's step says of itself. */
enum progress {
	PROGRESS_DONE,	/* the reply is set */
	PROGRESS_WAIT	/* what for was set; it is called again */
};

struct verb {
	const char *name;
	uint32_t    states;	/* where it is allowed */
	uint32_t    flags;	/* VERB_... */
	/* Takes the arguments, from the space on.  False: BAD, with the reply
	   set or not.  NULL: there are none. */
	bool      (*parse)(struct command *);
	/* Called until it is done; c->came is NULL at first. */
	enum progress (*run)(struct command *);
	/* Optional: gives back what c->state holds beside memory of the arena;
	   called once, when the command ends, however it does. */
	void      (*release)(struct command *);
};

enum {
	VERB_UID        = 1 << 0,	/* "UID verb" is one, too */
	VERB_ONLY_UID   = 1 << 1,	/* there is no other */
	/* No EXPUNGE may be told while it runs or after (RFC 3501 7.4.1), but
	   in its UID form. */
	VERB_KEEPS_SEQS = 1 << 2,
	VERB_NO_NOTICES = 1 << 3,	/* ends the selection, or the session */
	VERB_ACCOUNT    = 1 << 4	/* needs the account open */
};

enum reply_kind { REPLY_OK = 1, REPLY_NO, REPLY_BAD };

struct command {
	struct session     *session;
	const struct verb  *verb;	/* NULL while its name is not read */
	struct ms_arena    *arena;	/* what was parsed and found; to its end */
	struct ms_arena    *page;	/* one page of a backend; emptied for the next */
	struct ms_buf       input;	/* lines and literals as they came */
	struct ms_str       tag;	/* in input */
	struct parse        parse;
	uint32_t            stage;	/* session.c */
	uint32_t            phase;	/* the verb's own */
	bool                is_uid;
	bool                keeps_seqs;	/* numbers were used after all: UID SEARCH 1:5 */
	void               *state;	/* the verb's own, in the arena */
	struct literal      literal;	/* APPEND: the message that waits to be read */
	bool                has_literal;
	enum reply_kind     reply;	/* 0: none yet */
	struct ms_str       reply_text;	/* with its code, in the arena */
	struct ms_op       *op;		/* under way, see command_wait_op */
	bool                op_has_jobs;
	void               *notices;	/* notices.c */
	bool                is_leaving;	/* select.c: a MARK is under way */
	struct ms_job_box  *first_box;	/* account.c: the INBOX being made */
	/* What STORE (or an implied \Seen) changed itself: not news. */
	struct ms_uids      own_uids;
	uint64_t            own_modseq;
	struct ms_exchange *exchange;	/* login.c */
	bool                hands_over;	/* after the reply the second life begins */
	bool                is_answered;	/* the tagged response went already */
	size_t              args_at;	/* in input: behind the command's name */
	size_t              line_at;	/* in input: where the last line begins */
	struct ms_buf       out;	/* written, but not given to the peer yet */
	/* Only within a step. */
	const struct ms_scope *scope;
	const struct ms_came  *came;
	struct ms_wait        *wait;
	size_t                 queued;	/* octets that wait to be sent */
	struct ms_wait         held_wait;	/* once c->out is sent; what 0: none */
};

/* ---- entries, for imap.c ---- */
ms_status session_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *peer, void **state, struct ms_wait *wait);
ms_status session_step(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *peer, void *state, const struct ms_came *came,
    struct ms_wait *wait);
ms_status session_resume(struct ms_instance *self,
    const struct ms_scope *scope, struct ms_session *peer,
    struct ms_str carry, void **state, struct ms_wait *wait);
void session_close(struct ms_instance *self, struct ms_session *peer,
    void *state);
ms_status session_retire(struct ms_instance *self, struct ms_session *peer,
    void *state, struct ms_wait *wait);

/* ---- for commands ---- */

/* A new command of the session, or NULL without memory. */
struct command *command_new(struct session *s);
void command_free(struct command *c);

/* The arena of one page, emptied, and a scope to read into it. */
struct ms_scope command_page(struct command *c);
/* A scope whose arena lives as long as the command. */
struct ms_scope command_scope(struct command *c);

/* What to wait for, before run() returns PROGRESS_WAIT. */
enum progress command_wait_output(struct command *c);
enum progress command_wait_line(struct command *c, uint32_t line_max);
/* True: the op has ended already, so go on. */
bool command_wait_op(struct command *c, struct ms_op *op);
/* Hands jobs to the store.  True: they are done (their statuses are set);
   else they are when run() is called again. */
bool command_commit(struct command *c, struct ms_job *const *jobs, size_t n);
/* Gives back an op that has ended and whose results lie in its jobs. */
void command_drop_commit(struct command *c);
/* Sets the head of a job of this account. */
void command_job(struct command *c, struct ms_job *job, uint32_t type,
    size_t size);

/* How long the peer may say nothing. */
int64_t session_patience_us(const struct session *s);

/* Ends the session after this command, by an untagged BYE. */
void session_bye(struct command *c, const char *text);

/* Keeps what SEARCH found as "$". */
void session_save_result(struct session *s, struct ms_uids uids);

/* ---- read.c: from octets to a command that can run ---- */

enum read_result {
	READ_MORE,	/* what to wait for is set */
	READ_RUN,	/* the verb and its arguments are there */
	READ_REPLY,	/* the reply is set; nothing to run */
	READ_CLOSE	/* close without a word */
};

enum read_result read_line(struct command *c);
enum read_result read_literal(struct command *c);

#endif
