/* SPDX-License-Identifier: ISC */
/*
 * quota.h - GETQUOTA, GETQUOTAROOT (RFC 9208), and the limits they tell
 *
 * One root, named "", for all of an account.  What is used says the store,
 * what is allowed the directory.
 */
#ifndef IMAP_QUOTA_H
#define IMAP_QUOTA_H

#include "session.h"

/* 0: no limit. */
void quota_limits(struct command *c, uint64_t *octets_out,
    uint64_t *messages_out);

bool getquota_parse(struct command *c);
enum progress getquota_run(struct command *c);
bool getquotaroot_parse(struct command *c);
enum progress getquotaroot_run(struct command *c);

#endif
