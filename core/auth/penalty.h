/* SPDX-License-Identifier: ISC */
/*
 * penalty.h - failed logins, by network and by account
 *
 * Each failure makes the next answer slower for the network it came from
 * (IPv4 /32, IPv6 /64) and for the pair of network and account; past the
 * configured number within the configured time the pair is locked out, and
 * the network past ten times as many.  An account is never locked for
 * everybody: that would let strangers lock people out.
 */
#ifndef CORE_AUTH_PENALTY_H
#define CORE_AUTH_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

#include <mansio/base.h>

/* How long an answer to this login shall wait, in us; *locked: it is refused
   whatever the password is. */
int64_t penalty_before(const uint8_t address[16], struct ms_str account,
    bool *locked);
void penalty_failed(const uint8_t address[16], struct ms_str account);
void penalty_passed(const uint8_t address[16], struct ms_str account);
void penalty_configure(uint32_t failures, int64_t within_us, int64_t for_us);

#endif
