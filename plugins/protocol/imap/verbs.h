/* SPDX-License-Identifier: ISC */
/*
 * verbs.h - the table of commands: names, and in which states they are
 * allowed
 */
#ifndef IMAP_VERBS_H
#define IMAP_VERBS_H

#include "session.h"

/* NULL: there is no such command. */
const struct verb *verb_find(struct ms_str name, bool is_uid);
const struct verb *verb_idle(void);

#endif
