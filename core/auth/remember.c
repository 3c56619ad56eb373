/* SPDX-License-Identifier: ISC */
/* remember.c - see remember.h */
#include "auth/remember.h"

#include <pthread.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <mansio/buf.h>
#include <mansio/str.h>

#include "base/bus.h"
#include "base/clock.h"

#define N_SLOTS		16384
#define N_WAYS		4
#define MAX_PAIR	2048	/* octets of user and password */

struct slot {
	uint8_t digest[32];
	int64_t until_us;	/* steady; 0: free */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static struct slot slots[N_SLOTS];
static uint8_t key[32];
static int64_t keep_us;
static uint64_t generation;	/* counts what directories said */
static struct subscriber changes;

static void
heard_change(struct subscriber *s, struct ms_str topic, struct ms_str data)
{
	(void)s, (void)topic, (void)data;
	pthread_mutex_lock(&lock);
	generation++;
	memset(slots, 0, sizeof(slots));
	pthread_mutex_unlock(&lock);
}

void
remember_start(int64_t for_us)
{
	random_octets(key, sizeof(key));
	keep_us = for_us;
	changes.heard = heard_change;
	bus_subscribe(&changes, (struct ms_str)MS_STR("directory/"));
}

void
remember_stop(void)
{
	bus_unsubscribe(&changes);
	gnutls_memset(slots, 0, sizeof(slots));
	gnutls_memset(key, 0, sizeof(key));
}

static bool
digest_of(struct ms_str user, struct ms_str password, uint8_t out[32])
{
	char pair[MAX_PAIR];
	bool ok;

	if (keep_us == 0 || user.len + password.len + 1 > sizeof(pair))
		return false;
	memcpy(pair, user.data, user.len);
	pair[user.len] = '\0';
	memcpy(pair + user.len + 1, password.data, password.len);
	ok = gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, sizeof(key), pair,
	    user.len + 1 + password.len, out) == 0;
	gnutls_memset(pair, 0, sizeof(pair));
	return ok;
}

static struct slot *
first_slot(const uint8_t digest[32])
{
	uint32_t h;

	memcpy(&h, digest, sizeof(h));
	return &slots[h % (N_SLOTS - N_WAYS)];
}

bool
remember_knows(struct ms_str user, struct ms_str password)
{
	int64_t now = clock_steady_us();
	uint8_t digest[32];
	struct slot *s;
	bool known = false;

	if (!digest_of(user, password, digest))
		return false;
	pthread_mutex_lock(&lock);
	s = first_slot(digest);
	for (size_t i = 0; i < N_WAYS; i++)
		known = known || (s[i].until_us > now &&
		    gnutls_memcmp(s[i].digest, digest, sizeof(digest)) == 0);
	pthread_mutex_unlock(&lock);
	return known;
}

uint64_t
remember_now(void)
{
	uint64_t g;

	pthread_mutex_lock(&lock);
	g = generation;
	pthread_mutex_unlock(&lock);
	return g;
}

void
remember_add(struct ms_str user, struct ms_str password, uint64_t since)
{
	int64_t now = clock_steady_us();
	uint8_t digest[32];
	struct slot *s, *oldest;

	if (!digest_of(user, password, digest))
		return;
	pthread_mutex_lock(&lock);
	if (since == generation) {
		s = oldest = first_slot(digest);
		for (size_t i = 0; i < N_WAYS; i++)
			if (s[i].until_us < oldest->until_us)
				oldest = &s[i];
		memcpy(oldest->digest, digest, sizeof(digest));
		oldest->until_us = now + keep_us;
	}
	pthread_mutex_unlock(&lock);
}
