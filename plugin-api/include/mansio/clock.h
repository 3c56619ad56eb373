/* SPDX-License-Identifier: ISC */
/*
 * clock.h - time and chance
 *
 * Behind a table, so that a simulation can stand in: no plugin reads the
 * system's clock or random numbers itself.
 */
#ifndef MANSIO_CLOCK_H
#define MANSIO_CLOCK_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_CLOCK_ID "ms.clock/1"
struct ms_clock {
	uint32_t size;
	/* [any] Time of day; may jump. */
	int64_t (*now_us)(const struct ms_host *);
	/* [any] Steady time; only for differences and deadlines. */
	int64_t (*steady_us)(const struct ms_host *);
	/* [any] Fills with octets fit for keys and ids. */
	void (*random)(const struct ms_host *, void *octets, size_t n);
};

#ifdef __cplusplus
}
#endif
#endif
