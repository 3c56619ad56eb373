/* SPDX-License-Identifier: ISC */
/*
 * verdict.h - what the stages of one point decided together
 */
#ifndef CORE_PIPELINE_VERDICT_H
#define CORE_PIPELINE_VERDICT_H

#include <mansio/filter.h>

/* Rides in the op of run() and submit(). */
struct outcome {
	struct ms_verdict all;		/* preset by outcome_init() */
	struct ms_verdict *each;	/* by recipient number; NULL: all alike */
	uint32_t n;
};

void verdict_init(struct ms_verdict *v);
/* The stricter one wins and brings its words; scores add up, the longest
   delay stays. */
void verdict_merge(struct ms_verdict *into, const struct ms_verdict *v);
/* From a status and its error: MS_NOTFOUND 550 5.1.1, MS_DENIED 550 5.7.1,
   MS_OVERQUOTA 552 5.2.2, MS_PERMFAIL and MS_LIMIT 5xx, all else 4xx. */
void verdict_of_status(struct ms_verdict *v, ms_status status,
    const struct ms_error *err);
/* "accept", "reject": for logs. */
const char *verdict_name(uint32_t action);

#endif
