/* SPDX-License-Identifier: ISC */
/* limits.c - see limits.h */
#include "net/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "net/endpoint.h"
#include "net/listener.h"

#define BUCKETS		4096	/* a power of two */
#define TELL_EVERY_US	SECOND_US
#define TELL_AT_ONCE	5

struct client {
	struct client  *next;
	struct section *section;	/* NULL: counted over all of them */
	uint8_t         address[16];
	uint32_t        n;
};

static uint32_t max_connections, per_client;
static _Atomic uint32_t now_open, now_over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct client *buckets[BUCKETS];		/* under lock */
static uint64_t seed;

void
limits_start(const struct net_options *options)
{
	max_connections = options->max_connections;
	per_client = options->per_client;
	seed = random_u64() | 1;
}

void
limits_stop(void)
{
	/* Each entry belongs to sessions, and those are gone. */
	atomic_store(&now_open, 0);
	atomic_store(&now_over, 0);
}

static bool
enter_over(void)
{
	if (atomic_fetch_add(&now_over, 1) < LIMITS_MAX_OVER)
		return true;
	atomic_fetch_sub(&now_over, 1);
	return false;
}

bool
limits_enter(struct section *section, bool *over_out)
{
	uint32_t most = section->pub.max_connections;
	uint32_t all = atomic_load(&now_open) - atomic_load(&now_over);
	uint32_t here = atomic_load(&section->open);

	*over_out = (max_connections > 0 && all >= max_connections) ||
	    (most > 0 && here >= most);
	if (*over_out && !enter_over())
		return false;
	atomic_fetch_add(&now_open, 1);
	if (!*over_out)
		atomic_fetch_add(&section->open, 1);
	metrics_add(section->opened_total, 1);
	metrics_add(section->now_open, 1);
	return true;
}

void
limits_leave(struct section *section, bool over)
{
	atomic_fetch_sub(&now_open, 1);
	if (over)
		atomic_fetch_sub(&now_over, 1);
	else
		atomic_fetch_sub(&section->open, 1);
	metrics_add(section->now_open, -1);
}

bool
limits_become_over(struct section *section)
{
	if (!enter_over())
		return false;
	atomic_fetch_sub(&section->open, 1);
	return true;
}

uint32_t
limits_now(void)
{
	return atomic_load(&now_open);
}

/* Strangers choose their addresses, so the seed is ours alone. */
static size_t
bucket_of(const struct client *key)
{
	uint64_t a[2], h;

	memcpy(a, key->address, sizeof(a));
	h = (a[0] ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 29;
	h = (h ^ a[1] ^ (uint64_t)(uintptr_t)key->section) *
	    (UINT64_C(0xbf58476d1ce4e5b9) ^ seed << 1);
	return (size_t)(h >> 40) & (BUCKETS - 1);
}

static struct client **
find(const struct client *key)		/* with the lock */
{
	struct client **at = &buckets[bucket_of(key)];

	while (*at != NULL && ((*at)->section != key->section ||
	    memcmp((*at)->address, key->address, sizeof(key->address)) != 0))
		at = &(*at)->next;
	return at;
}

struct client *
clients_enter(struct section *section, const uint8_t address[16])
{
	struct client key = { 0 }, **at, *c;
	uint32_t most = per_client;

	if (section->pub.per_client > 0) {
		most = section->pub.per_client;
		key.section = section;
	}
	memcpy(key.address, address, 16);
	if (!endpoint_is_ipv4(address))
		memset(key.address + 8, 0, 8);
	pthread_mutex_lock(&lock);
	at = find(&key);
	c = *at;
	if (c == NULL) {
		c = malloc(sizeof(*c));
		if (c != NULL) {
			*c = key;
			*at = c;
		}
	}
	if (c != NULL && (most == 0 || c->n < most))
		c->n++;
	else
		c = NULL;
	pthread_mutex_unlock(&lock);
	return c;
}

void
clients_leave(struct client *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (--c->n == 0) {
		*find(c) = c->next;
		free(c);
	}
	pthread_mutex_unlock(&lock);
}

void
limits_tell(const struct ms_scope *scope, struct section *section,
    const char *who)
{
	static pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;
	static int64_t since;
	static unsigned told, untold;
	unsigned missed = 0;
	bool tell;

	pthread_mutex_lock(&telling);
	if (clock_steady_us() - since > TELL_EVERY_US) {
		since = clock_steady_us();
		missed = untold;
		told = untold = 0;
	}
	tell = told < TELL_AT_ONCE;
	if (tell)
		told++;
	else
		untold++;
	pthread_mutex_unlock(&telling);
	if (missed > 0)
		log_printf(scope, MS_LOG_INFO,
		    "%u more connections were refused by a limit", missed);
	if (tell)
		log_printf(scope, MS_LOG_INFO,
		    "connection of %s to %s refused by a limit", who,
		    section->pub.title);
}
