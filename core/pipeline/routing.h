/* SPDX-License-Identifier: ISC */
/*
 * routing.h - from a recipient to deliveries, through a pipeline's routes
 *
 * Asked at RCPT, to refuse at once what cannot be delivered, and again before
 * the delivery.  What comes out of a route is routed again; each address
 * once, so that a loop of aliases ends; depth and number are bounded.
 */
#ifndef CORE_PIPELINE_ROUTING_H
#define CORE_PIPELINE_ROUTING_H

#include "pipeline/message.h"
#include "pipeline/stage.h"

#define ROUTING_MAX_DEPTH	20
#define ROUTING_MAX_TARGETS	1000	/* that one recipient may become */

/* One way that mail for a recipient goes. */
struct target {
	struct target *next;
	struct ms_str  path;		/* the final address */
	uint32_t       flags;		/* its MS_RECIPIENT_... */
	struct ms_str  delivery, destination, account;
	struct ms_str  reverse_path;	/* data NULL: as it is */
};

/* scope's arena holds the targets.  A negative status: the recipient as a
   whole is refused, or cannot be asked about now (err tells).  Without any
   route that takes it: MS_DENIED, "relaying denied". */
ms_status routing_resolve(const struct ms_scope *scope, struct pipeline *p,
    struct ms_message *m, const struct ms_recipient *recipient,
    struct target **targets_out, struct ms_error *err);

#endif
