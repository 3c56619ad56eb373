/* SPDX-License-Identifier: ISC */
/* clock.c - see clock.h */
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <mansio/clock.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

int64_t
clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_steady_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void
random_octets(void *octets, size_t n)
{
	unsigned char *at = octets;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();	/* no chance, no ids, no keys: never go on */
		at += got;
		n -= (size_t)got;
	}
}

uint64_t
random_u64(void)
{
	/* Ids are drawn for every connection: one system call for 64 of them. */
	static _Thread_local struct {
		uint64_t octets[64];
		size_t   left;
	} drawn;

	if (drawn.left == 0) {
		random_octets(drawn.octets, sizeof(drawn.octets));
		drawn.left = sizeof(drawn.octets) / sizeof(drawn.octets[0]);
	}
	return drawn.octets[--drawn.left];
}

static int64_t
service_now(const struct ms_host *host)
{
	(void)host;
	return clock_now_us();
}

static int64_t
service_steady(const struct ms_host *host)
{
	(void)host;
	return clock_steady_us();
}

static void
service_random(const struct ms_host *host, void *octets, size_t n)
{
	(void)host;
	random_octets(octets, n);
}

const struct ms_clock clock_service = {
	.size = sizeof(clock_service),
	.now_us = service_now,
	.steady_us = service_steady,
	.random = service_random,
};
