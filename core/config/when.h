/* SPDX-License-Identifier: ISC */
/*
 * when.h - the conditions under which a stage runs, parsed into plain data
 *
 *	size <= 10MiB		also < > >= = !=
 *	authenticated		not authenticated
 *	client in 10.0.0.0/8, 2001:db8::/32
 *	domain = example.org	the recipient's; also !=, and "= a.org, b.org"
 *
 * "not" before any of them turns it round.  A stage's `when` is a list: it
 * runs if all of them hold.  They are evaluated by the pipeline.
 */
#ifndef CORE_CONFIG_WHEN_H
#define CORE_CONFIG_WHEN_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>

#include "config/address.h"

enum { WHEN_SIZE = 1, WHEN_AUTHENTICATED, WHEN_CLIENT, WHEN_DOMAIN };
enum { WHEN_LESS = 1, WHEN_AT_MOST, WHEN_EQUAL, WHEN_AT_LEAST, WHEN_MORE };

struct when {
	uint32_t              subject;	/* WHEN_SIZE ... */
	uint32_t              relation;	/* WHEN_SIZE: WHEN_LESS ... */
	bool                  negated;
	int64_t               octets;	/* WHEN_SIZE */
	const struct network *networks;	/* WHEN_CLIENT: any of n */
	const struct ms_str  *domains;	/* WHEN_DOMAIN: any of n; lower case */
	size_t                n;
};

/* What a condition is asked about. */
struct when_facts {
	uint64_t       size_octets;
	bool           authenticated;
	uint32_t       client_family;	/* 4, 6, 0: not known (no condition on it holds) */
	const uint8_t *client;
	struct ms_str  domain;		/* of the recipient; "" : none */
};

/* NULL, or what is wrong, as the end of a sentence. */
const char *when_parse(struct ms_str text, struct ms_arena *arena,
    struct when *when_out, struct ms_buf *why);
bool when_holds(const struct when *when, const struct when_facts *facts);

#endif
