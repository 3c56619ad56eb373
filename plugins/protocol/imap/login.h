/* SPDX-License-Identifier: ISC */
/* login.h - STARTTLS, LOGIN, AUTHENTICATE (RFC 3501 6.2, RFC 4959) */
#ifndef IMAP_LOGIN_H
#define IMAP_LOGIN_H

#include "session.h"

enum progress starttls_run(struct command *c);
bool login_parse(struct command *c);
enum progress login_run(struct command *c);
bool authenticate_parse(struct command *c);
enum progress authenticate_run(struct command *c);

#endif
