/* SPDX-License-Identifier: ISC */
/* capability.h - what the server can do, as it stands with this session */
#ifndef IMAP_CAPABILITY_H
#define IMAP_CAPABILITY_H

#include "session.h"

/* The words of CAPABILITY, from "IMAP4rev1" on. */
void capability_add(struct session *s, const struct ms_scope *scope,
    struct ms_buf *out);
/* The words after the login, whatever the session's state is now. */
void capability_add_late(struct session *s, struct ms_buf *out);

/* Is that SASL mechanism offered now? */
bool capability_has_mechanism(struct session *s, const struct ms_scope *scope,
    struct ms_str mechanism);
bool capability_has_tls(struct session *s);
/* STARTTLS is of use: there is no TLS yet, and a certificate. */
bool capability_offers_tls(struct session *s);

enum progress capability_run(struct command *c);
bool enable_parse(struct command *c);
enum progress enable_run(struct command *c);
/* Notes that the client knows of modseqs (RFC 7162 3.1): what it did makes
   them part of each later FETCH response. */
void enable_condstore(struct command *c);

#endif
