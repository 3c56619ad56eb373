/* SPDX-License-Identifier: ISC */
/*
 * limits.h - how many connections, in all and from one client
 *
 * A client is an IPv4 address or an IPv6 /64, what one household is given.
 * Who comes past a limit is let in for a moment with the fact client.over, so
 * that the protocol can say 421 or BYE; there are at most LIMITS_MAX_OVER of
 * those at once, and the others find a closed door.
 */
#ifndef CORE_NET_LIMITS_H
#define CORE_NET_LIMITS_H

#include <stdbool.h>

#include <mansio/base.h>

#include "base/clock.h"

#define LIMITS_MAX_OVER	1000
#define LIMITS_OVER_US	(5 * SECOND_US)

struct client;
struct section;
struct net_options;

void limits_start(const struct net_options *options);
void limits_stop(void);

/* A connection more.  False: not even for a moment.  *over_out: past a limit. */
bool limits_enter(struct section *section, bool *over_out);
void limits_leave(struct section *section, bool over);
/* One that was within the limits turned out to be past one: false, there
   are too many of those. */
bool limits_become_over(struct section *section);
uint32_t limits_now(void);

/* Counts it for its client.  NULL: the client has enough of them. */
struct client *clients_enter(struct section *section, const uint8_t address[16]);
void clients_leave(struct client *c);		/* accepts NULL */
/* Says it in the log, but not each time. */
void limits_tell(const struct ms_scope *scope, struct section *section,
    const char *who);

#endif
