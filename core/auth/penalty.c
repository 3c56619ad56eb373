/* SPDX-License-Identifier: ISC */
/* penalty.c - see penalty.h: a table of fixed size, the oldest gives way */
#include "auth/penalty.h"

#include <pthread.h>
#include <string.h>

#include <mansio/pack.h>
#include <mansio/str.h>

#include "base/clock.h"

#define N_SLOTS		8192
#define N_WAYS		4
#define MAX_DELAY_US	(15 * SECOND_US)
#define NETWORK_FACTOR	10

struct slot {
	uint64_t hash;		/* 0: free */
	int64_t  first_us, last_us;
	uint32_t failures;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static struct slot slots[N_SLOTS];
static uint8_t key[16];
static bool has_key;
static uint32_t max_failures;
static int64_t within, lock_for;

void
penalty_configure(uint32_t failures, int64_t within_us, int64_t for_us)
{
	pthread_mutex_lock(&lock);
	if (!has_key)
		random_octets(key, sizeof(key));
	has_key = true;
	max_failures = failures;
	within = within_us;
	lock_for = for_us;
	pthread_mutex_unlock(&lock);
}

/* Of the network alone when the account's data is NULL. */
static uint64_t
hash_of(const uint8_t address[16], struct ms_str account)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	uint8_t octets[16 + 256];
	size_t n = memcmp(address, mapped, sizeof(mapped)) == 0 ? 16 : 8;

	memset(octets, 0, 16);
	memcpy(octets, address, n);
	n = 16;
	if (account.data != NULL) {
		size_t take = account.len < 256 ? account.len : 256;

		memcpy(octets + n, account.data, take);
		n += take;
	}
	return ms_siphash(key, octets, n) | 1;
}

static struct slot *
find(uint64_t hash, bool make)
{
	size_t first = (size_t)(hash >> 1) % (N_SLOTS - N_WAYS);
	struct slot *oldest = &slots[first];

	for (size_t i = first; i < first + N_WAYS; i++) {
		if (slots[i].hash == hash)
			return &slots[i];
		if (slots[i].last_us < oldest->last_us)
			oldest = &slots[i];
	}
	if (!make)
		return NULL;
	*oldest = (struct slot){ .hash = hash };
	return oldest;
}

static int64_t
delay_of(const struct slot *s, uint32_t limit, int64_t now, bool *locked)
{
	int64_t delay = 250000;

	if (s == NULL || s->failures == 0)
		return 0;
	if (max_failures > 0 && s->failures >= limit && now < s->last_us + lock_for) {
		*locked = true;
		return MAX_DELAY_US;
	}
	if (now > s->last_us + within)
		return 0;
	for (uint32_t i = 1; i < s->failures && delay < MAX_DELAY_US; i++)
		delay *= 2;
	return delay < MAX_DELAY_US ? delay : MAX_DELAY_US;
}

int64_t
penalty_before(const uint8_t address[16], struct ms_str account, bool *locked)
{
	int64_t now = clock_steady_us(), by_network, by_pair;

	*locked = false;
	pthread_mutex_lock(&lock);
	by_pair = delay_of(find(hash_of(address, account), false), max_failures, now, locked);
	by_network = delay_of(find(hash_of(address, ms_str_of(NULL, 0)), false),
	    NETWORK_FACTOR * max_failures, now, locked);
	pthread_mutex_unlock(&lock);
	/* One network may be an office: one who mistypes must not slow down
	   the others as much as themselves. */
	by_network /= 8;
	return by_pair > by_network ? by_pair : by_network;
}

/* Failures count within their time; a lock, once there, ends by itself. */
static void
count(uint64_t hash, uint32_t limit, int64_t now)
{
	struct slot *s = find(hash, true);
	bool is_locked = max_failures > 0 && s->failures >= limit;

	if (is_locked ? now > s->last_us + lock_for : now > s->first_us + within) {
		s->first_us = now;
		s->failures = 0;
	}
	s->failures++;
	s->last_us = now;
}

void
penalty_failed(const uint8_t address[16], struct ms_str account)
{
	int64_t now = clock_steady_us();

	pthread_mutex_lock(&lock);
	count(hash_of(address, account), max_failures, now);
	count(hash_of(address, ms_str_of(NULL, 0)), NETWORK_FACTOR * max_failures, now);
	pthread_mutex_unlock(&lock);
}

void
penalty_passed(const uint8_t address[16], struct ms_str account)
{
	struct slot *s;

	pthread_mutex_lock(&lock);
	s = find(hash_of(address, account), false);
	if (s != NULL)
		*s = (struct slot){ 0 };
	pthread_mutex_unlock(&lock);
}
