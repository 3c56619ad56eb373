/* SPDX-License-Identifier: ISC */
/* watch.c - see watch.h */
#include "net/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/bus.h"
#include "net/session.h"
#include "net/slot.h"
#include "net/worker.h"

#define TOPIC_MAX 4096

struct watch {
	struct subscriber sub;		/* first */
	struct watches   *of;
	struct watch     *next;		/* of the session; the owner's */
	/* Under the lock: */
	struct watch     *next_heard;
	bool              heard;
	struct ms_str     topic;	/* that was published, malloc'ed; data
					   NULL: the one watched */
};

struct watches {
	uint64_t        handle;
	struct watch   *first;		/* the owner's */
	uint32_t        n;
	pthread_mutex_t lock;
	struct watch   *heard_first, *heard_last;	/* under lock */
};

static void
forget_topic(struct watch *w)		/* with the lock */
{
	free((char *)(uintptr_t)w->topic.data);
	w->topic = ms_str_of(NULL, 0);
}

/* With the lock.  What stands below a prefix is remembered if it is one
   thing only. */
static void
note_topic(struct watch *w, struct ms_str topic)
{
	char *copy;

	if (ms_str_equal(topic, bus_topic_of(&w->sub)))
		return;
	copy = malloc(topic.len > 0 ? topic.len : 1);
	if (copy == NULL)
		return;
	memcpy(copy, topic.data, topic.len);
	w->topic = ms_str_of(copy, topic.len);
}

static void
heard(struct subscriber *sub, struct ms_str topic, struct ms_str data)
{
	struct watch *w = (struct watch *)sub;
	struct watches *all = w->of;
	bool first;

	(void)data;
	pthread_mutex_lock(&all->lock);
	first = !w->heard;
	if (first) {
		w->heard = true;
		w->next_heard = NULL;
		if (all->heard_last != NULL)
			all->heard_last->next_heard = w;
		else
			all->heard_first = w;
		all->heard_last = w;
		note_topic(w, topic);
	} else if (w->topic.data != NULL && !ms_str_equal(w->topic, topic))
		forget_topic(w);
	pthread_mutex_unlock(&all->lock);
	if (first)
		workers_wake(all->handle, WAKE_EVENT);
}

static struct watches *
watches_of(struct ms_session *s)
{
	if (s->watches == NULL) {
		s->watches = calloc(1, sizeof(*s->watches));
		if (s->watches == NULL)
			abort();
		s->watches->handle = s->handle;
		pthread_mutex_init(&s->watches->lock, NULL);
	}
	return s->watches;
}

static void
unlink_heard(struct watches *all, struct watch *w)	/* with the lock */
{
	struct watch **at = &all->heard_first, *before = NULL;

	while (*at != NULL && *at != w) {
		before = *at;
		at = &(*at)->next_heard;
	}
	if (*at == NULL)
		return;
	*at = w->next_heard;
	if (all->heard_last == w)
		all->heard_last = before;
}

static void
watch_free(struct watches *all, struct watch *w)
{
	bus_unsubscribe(&w->sub);	/* heard() does not run after it */
	pthread_mutex_lock(&all->lock);
	if (w->heard)
		unlink_heard(all, w);
	forget_topic(w);
	pthread_mutex_unlock(&all->lock);
	free(w);
}

ms_status
watch_topic(struct ms_session *s, struct ms_str topic, bool on,
    struct ms_error *err)
{
	struct watches *all = watches_of(s);
	struct watch **at = &all->first, *w;

	if (topic.len == 0 || topic.len > TOPIC_MAX)
		return ms_error_set(err, MS_INVALID, "", "not a topic");
	while (*at != NULL && !ms_str_equal(bus_topic_of(&(*at)->sub), topic))
		at = &(*at)->next;
	w = *at;
	if (!on && w != NULL) {
		*at = w->next;
		all->n--;
		watch_free(all, w);
	}
	if (!on || w != NULL)
		return MS_OK;
	if (all->n >= WATCH_MAX_TOPICS)
		return ms_error_set(err, MS_LIMIT, "",
		    "more than %d topics", WATCH_MAX_TOPICS);
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	w->of = all;
	w->sub.heard = heard;
	w->next = all->first;
	all->first = w;
	all->n++;
	bus_subscribe(&w->sub, topic);
	return MS_OK;
}

bool
watch_next(struct ms_session *s, struct ms_arena *arena,
    struct ms_str *topic_out)
{
	struct watches *all = s->watches;
	struct watch *w;

	if (all == NULL)
		return false;
	pthread_mutex_lock(&all->lock);
	w = all->heard_first;
	if (w != NULL) {
		all->heard_first = w->next_heard;
		if (all->heard_first == NULL)
			all->heard_last = NULL;
		w->heard = false;
		*topic_out = ms_arena_str(arena, w->topic.data != NULL ?
		    w->topic : bus_topic_of(&w->sub));
		forget_topic(w);
	}
	pthread_mutex_unlock(&all->lock);
	return w != NULL;
}

void
watches_free(struct ms_session *s)
{
	struct watches *all = s->watches;
	struct watch *w;

	if (all == NULL)
		return;
	s->watches = NULL;
	while ((w = all->first) != NULL) {
		all->first = w->next;
		watch_free(all, w);
	}
	pthread_mutex_destroy(&all->lock);
	free(all);
}
