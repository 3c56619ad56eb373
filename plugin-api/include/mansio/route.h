/* SPDX-License-Identifier: ISC */
/*
 * route.h - kind: turns a recipient into others, or into a delivery
 *
 * Asked twice with the same question: at RCPT, to refuse at once what cannot
 * be delivered, and before the delivery.  Routes are asked in the order of
 * the configuration until one answers; recipients that come out of one are
 * routed again, with bounds on depth and number and each address once.
 */
#ifndef MANSIO_ROUTE_H
#define MANSIO_ROUTE_H

#include <mansio/message.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MS_ROUTE_PASS = 0,	/* not mine: ask the next */
	MS_ROUTE_EXPAND,	/* to `recipients` instead */
	MS_ROUTE_DELIVER,	/* by `delivery` to `destination` */
	MS_ROUTE_REFUSE		/* the returned status and error are the reply */
};

struct ms_route_answer {
	uint32_t      size;
	uint32_t      action;	/* preset to MS_ROUTE_PASS */
	uint32_t      n;
	uint32_t      flags;	/* 0 */
	const struct ms_recipient *const *recipients;	/* in the arena */
	struct ms_str delivery;		/* an instance's title */
	struct ms_str destination;	/* groups recipients into one handover:
					   a domain, "host:25", an account */
	struct ms_str account;		/* of ours, or "" */
	struct ms_str reverse_path;	/* a list's owner, SRS; data NULL: as is */
};

#define MS_ROUTE_ID "ms.route/1"
struct ms_route {
	uint32_t size;
	/* [worker] message may be NULL (RCPT of `explain`).  MS_ROUTE_REFUSE
	   needs a negative status: MS_NOTFOUND becomes 550 5.1.1. */
	ms_status (*resolve)(struct ms_instance *, const struct ms_scope *,
	    struct ms_message *, const struct ms_recipient *,
	    struct ms_route_answer *, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
