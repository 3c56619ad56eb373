/* SPDX-License-Identifier: ISC */
/*
 * listener.h - bound addresses, and what comes in by them
 *
 * A section is one protocol section of the config; each of its addresses is
 * a door with a socket of its own.
 */
#ifndef CORE_NET_LISTENER_H
#define CORE_NET_LISTENER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "net/net.h"

struct ms_metric;

struct section {
	struct section      *next;
	struct net_listener  pub;
	const struct net_listener *given;	/* what net_add_listener() got */
	struct door         *doors;
	struct ms_facts     *facts;	/* constant: parents of sessions' */
	const char *const   *alpn;	/* NULL: none */
	_Atomic uint32_t     open;	/* connections */
	struct ms_metric    *opened_total, *now_open;
};

struct door {
	struct door    *next;
	struct section *section;
	int             fd;
	bool            tls;		/* implicit */
	bool            local;		/* a Unix socket */
	uint16_t        port;
	char           *path;		/* of a Unix socket, to be removed */
	char            address[128];	/* as in the config, for people */
};

ms_status section_open(const struct net_listener *listener,
    struct section **section_out, struct ms_error *err);
/* Stops listening; sessions may still point to it. */
void section_shut(struct section *section);
void section_free(struct section *section);

/* [parker] Takes what waits there. */
void door_accept(struct door *door);
/* [parker] After descriptors ran out: accepts again when the pause is over.
   Returns when to call next. */
int64_t doors_resume(int64_t now_us);

/* Descriptors kept back so that one can be refused when there are no more. */
void listeners_start(void);
void listeners_stop(void);

/* All of them (net.c). */
struct section *net_sections(void);

#endif
