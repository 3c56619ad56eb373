/* SPDX-License-Identifier: ISC */
/*
 * clock.h - time and chance, behind one door
 *
 * Everything in the core reads these; the service ms.clock/1 is made of
 * them.  All [any].
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define SECOND_US	INT64_C(1000000)
#define MINUTE_US	(60 * SECOND_US)
#define HOUR_US		(60 * MINUTE_US)

int64_t clock_now_us(void);	/* of day */
int64_t clock_steady_us(void);	/* CLOCK_MONOTONIC */
void random_octets(void *octets, size_t n);
uint64_t random_u64(void);

/* The service table, ms.clock/1. */
extern const struct ms_clock clock_service;

#endif
