/* SPDX-License-Identifier: ISC */
/*
 * runner.h - takes what is due from the queue and has it delivered
 *
 * The runner looks for due parts, in their order, and gives them in runs to
 * the delivery threads: each message is read, its recipients routed, handed
 * over to delivery agents.  What local agents leave as jobs is committed for
 * a whole run at once; then the queue is told.  A crash anywhere repeats work
 * and never an effect: jobs carry the delivery id (mailbox.h).
 */
#ifndef CORE_PIPELINE_RUNNER_H
#define CORE_PIPELINE_RUNNER_H

#include <mansio/delivery.h>

#include "pipeline/front.h"

#define RUNNER_MAX_RETRY	16	/* entries of queue { retry } */

struct runner_agent {
	const char *title;
	const struct ms_delivery *delivery;
	struct ms_instance *self;
	const struct ms_host *host;
};

struct runner_options {
	struct front *queue;
	const struct runner_agent *agents;
	size_t   n_agents;
	const char *hostname;
	const char *bounces;		/* pipeline of DSNs; "": the message's own */
	int64_t  retry_us[RUNNER_MAX_RETRY];
	unsigned n_retry;		/* the last one repeats */
	int64_t  give_up_us, warn_us;	/* warn_us 0: never */
	unsigned threads;
	const struct ms_host *host;
};

void runner_start(const struct runner_options *options);
/* What is under way ends. */
void runner_stop(void);
/* Looks again now: something was released. */
void runner_kick(void);
/* Keeps the runner from a part while somebody changes it; waits until it is not
   being delivered.  False: it still is after that time. */
bool runner_claim(const struct ms_part *part, int64_t patience_us);
void runner_let_go(const struct ms_part *part);
/* Parts being worked on now. */
uint32_t runner_busy(void);

#endif
