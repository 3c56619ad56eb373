/* SPDX-License-Identifier: ISC */
/* waiters.c - see waiters.h */
#include "pipeline/waiters.h"

#include <pthread.h>

#include <mansio/pack.h>
#include <mansio/str.h>

#define N_BUCKETS	1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* the buckets */
static struct waiter *buckets[N_BUCKETS];

static struct waiter **
bucket_of(struct ms_str id)
{
	return &buckets[ms_crc32c(0, id.data, id.len) % N_BUCKETS];
}

void
waiters_add(struct waiter *w)
{
	struct waiter **bucket = bucket_of(w->id);

	pthread_mutex_lock(&lock);
	w->next = *bucket;
	*bucket = w;
	pthread_mutex_unlock(&lock);
}

struct waiter *
waiters_take(struct ms_str id)
{
	struct waiter **at = bucket_of(id), *w;

	pthread_mutex_lock(&lock);
	while (*at != NULL && !ms_str_equal((*at)->id, id))
		at = &(*at)->next;
	w = *at;
	if (w != NULL)
		*at = w->next;
	pthread_mutex_unlock(&lock);
	return w;
}
