/* SPDX-License-Identifier: ISC */
/* bus.c - see bus.h */
#include "base/bus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/pack.h>
#include <mansio/str.h>

#include "base/clock.h"

struct bus_topic {
	struct bus_topic  *next;	/* in its bucket */
	struct subscriber *first;
	uint64_t           hash;
	size_t             len;
	char               name[];
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;	/* all below */
static struct bus_topic **buckets;
static size_t n_topics, n_buckets;
static uint8_t hash_key[16];	/* topics hold names that users chose */

static uint64_t
hash_of(struct ms_str topic)
{
	return ms_siphash(hash_key, topic.data, topic.len);
}

static void
grow(void)
{
	size_t old_n = n_buckets;
	struct bus_topic **old = buckets;

	if (old_n == 0)
		random_octets(hash_key, sizeof(hash_key));
	n_buckets = old_n > 0 ? 2 * old_n : 256;
	buckets = calloc(n_buckets, sizeof(struct bus_topic *));
	if (buckets == NULL)
		abort();
	for (size_t i = 0; i < old_n; i++) {
		struct bus_topic *t = old[i];

		while (t != NULL) {
			struct bus_topic *next = t->next;
			struct bus_topic **at = &buckets[t->hash % n_buckets];

			t->next = *at;
			*at = t;
			t = next;
		}
	}
	free(old);
}

static struct bus_topic *
find(struct ms_str topic, uint64_t hash)
{
	struct bus_topic *t = n_buckets > 0 ? buckets[hash % n_buckets] : NULL;

	while (t != NULL && (t->hash != hash || t->len != topic.len ||
	    memcmp(t->name, topic.data, topic.len) != 0))
		t = t->next;
	return t;
}

void
bus_subscribe(struct subscriber *s, struct ms_str topic)
{
	struct bus_topic *t;
	uint64_t hash;

	pthread_rwlock_wrlock(&lock);
	if (n_topics + 1 > n_buckets)
		grow();
	hash = hash_of(topic);
	t = find(topic, hash);
	if (t == NULL) {
		t = calloc(1, sizeof(*t) + topic.len + 1);
		if (t == NULL)
			abort();
		t->hash = hash;
		t->len = topic.len;
		memcpy(t->name, topic.data, topic.len);
		t->next = buckets[hash % n_buckets];
		buckets[hash % n_buckets] = t;
		n_topics++;
	}
	s->topic = t;
	s->next = t->first;
	t->first = s;
	pthread_rwlock_unlock(&lock);
}

void
bus_unsubscribe(struct subscriber *s)
{
	pthread_rwlock_wrlock(&lock);
	if (s->topic != NULL) {
		struct bus_topic *t = s->topic;
		struct subscriber **at = &t->first;

		while (*at != s)
			at = &(*at)->next;
		*at = s->next;
		if (t->first == NULL) {
			struct bus_topic **in = &buckets[t->hash % n_buckets];

			while (*in != t)
				in = &(*in)->next;
			*in = t->next;
			free(t);
			n_topics--;
		}
		s->topic = NULL;
	}
	pthread_rwlock_unlock(&lock);
}

struct ms_str
bus_topic_of(const struct subscriber *s)
{
	return s->topic != NULL ? ms_str_of(s->topic->name, s->topic->len) :
	    ms_str_of("", 0);
}

static void
tell(struct ms_str subscribed, struct ms_str topic, struct ms_str data)
{
	struct bus_topic *t = find(subscribed, hash_of(subscribed));

	for (struct subscriber *s = t != NULL ? t->first : NULL; s != NULL;
	    s = s->next)
		s->heard(s, topic, data);
}

void
bus_publish(struct ms_str topic, struct ms_str data)
{
	pthread_rwlock_rdlock(&lock);
	if (n_topics > 0) {
		for (size_t i = 0; i + 1 < topic.len; i++)
			if (topic.data[i] == '/')
				tell(ms_str_of(topic.data, i + 1), topic, data);
		tell(topic, topic, data);
	}
	pthread_rwlock_unlock(&lock);
}
