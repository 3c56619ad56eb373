/* SPDX-License-Identifier: ISC */
/*
 * remember.h - passwords that were verified a moment ago
 *
 * Kept as HMAC-SHA-256 of user and password under a key that is made anew at
 * each start and never leaves memory, for a limited time, and forgotten as
 * soon as any directory says that something changed.  Only successes are kept:
 * a wrong password costs a hash each time.
 */
#ifndef CORE_AUTH_REMEMBER_H
#define CORE_AUTH_REMEMBER_H

#include <stdbool.h>

#include <mansio/base.h>

void remember_start(int64_t for_us);
void remember_stop(void);
/* True: this pair was verified; the user's key as the directory spells it. */
bool remember_knows(struct ms_str user, struct ms_str password);
/* since: remember_now() before the directory was asked; if something changed
   in between it is not kept. */
void remember_add(struct ms_str user, struct ms_str password, uint64_t since);
uint64_t remember_now(void);

#endif
