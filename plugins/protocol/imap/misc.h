/* SPDX-License-Identifier: ISC */
/* misc.h - the small commands */
#ifndef IMAP_MISC_H
#define IMAP_MISC_H

#include "session.h"

enum progress noop_run(struct command *c);
enum progress logout_run(struct command *c);
bool id_parse(struct command *c);
enum progress id_run(struct command *c);
enum progress namespace_run(struct command *c);
enum progress idle_run(struct command *c);

#endif
