/* SPDX-License-Identifier: ISC */
/*
 * respond.h - writing responses (RFC 3501 7.)
 *
 * A command gathers its untagged responses in c->out; from some size on they
 * go to the connection.  respond_is_full() says when to stop and wait.
 */
#ifndef IMAP_RESPOND_H
#define IMAP_RESPOND_H

#include <mansio/buf.h>

#include "session.h"

/* Sets the tagged response: "OK [CODE] text".  The first one counts, so that
   what fails early is not covered up.  code NULL: none. */
void reply(struct command *c, enum reply_kind kind, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* NO, by a status of the store (RFC 5530).  Error texts are ours, not the
   peer's words. */
void reply_status(struct command *c, ms_status status,
    const struct ms_error *err);

/* Gives to the connection what has gathered, as long as the peer takes it;
   the rest stays in c->out. */
void respond_flush(struct command *c);
/* All of it, to be followed by a blob. */
void respond_flush_all(struct command *c);
/* The same if it is worth it.  True: more waits than the peer takes, so
   stop and command_wait_output(). */
bool respond_is_full(struct command *c);

void respond_text(struct command *c, const char *text);
void respond_str(struct command *c, struct ms_str text);
void respond_u64(struct command *c, uint64_t number);
/* "* 12 EXISTS" and the like. */
void respond_number(struct command *c, uint64_t number, const char *word);

/* quoted or literal, whatever the octets need. */
void respond_string(struct ms_buf *out, struct ms_str s);
void respond_nstring(struct ms_buf *out, struct ms_str s);
/* A mailbox's name, as the client reads names. */
void respond_mailbox(struct command *c, struct ms_str name);
/* "1:3,7" */
void respond_uids(struct ms_buf *out, struct ms_uids uids);
/* RFC 8474 objectid: a letter and 32 hex digits. */
void respond_id(struct ms_buf *out, char letter, const struct ms_id *id);
/* "(\Seen $Work)" without the parentheses. */
void respond_flags(struct ms_buf *out, uint32_t flags, bool is_recent,
    const struct ms_str *keywords, uint32_t n_keywords);

/* Decimal at p; returns the end.  At most 10 and 20 octets. */
char *put_u32(char *p, uint32_t v);
char *put_u64(char *p, uint64_t v);

#endif
