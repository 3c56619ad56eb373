/* SPDX-License-Identifier: ISC */
/* states.c - see states.h */
#include "pipeline/states.h"

#include <pthread.h>
#include <stdlib.h>

#include <mansio/base.h>

struct states {
	pthread_mutex_t    lock;	/* all below */
	unsigned           holders;
	uint32_t           messages;
	struct state_slot *first;
};

static void
release_extra(void *extra)
{
	states_release(extra);
}

/* Only the session's own step calls this, never two at once. */
struct states *
states_hold(struct ms_session *session)
{
	struct states *s = session_extra(session);

	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		if (s == NULL)
			abort();
		pthread_mutex_init(&s->lock, NULL);
		s->holders = 1;
		session_set_extra(session, s, release_extra);
	}
	pthread_mutex_lock(&s->lock);
	s->holders++;
	pthread_mutex_unlock(&s->lock);
	return s;
}

uint32_t
states_next_message(struct ms_session *session)
{
	struct states *s = states_hold(session);
	uint32_t n;

	pthread_mutex_lock(&s->lock);
	n = ++s->messages;
	pthread_mutex_unlock(&s->lock);
	states_release(s);
	return n;
}

void
states_release(struct states *s)
{
	struct state_slot *slot;
	bool last;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	last = --s->holders == 0;
	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	while ((slot = s->first) != NULL) {
		const struct ms_filter *filter = slot->stage->filter;

		s->first = slot->next;
		if (slot->state != NULL && MS_HAS(filter, forget))
			filter->forget(slot->stage->self, slot->state);
		free(slot);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct state_slot *
states_enter(struct states *s, struct stage *stage)
{
	struct state_slot *slot;

	pthread_mutex_lock(&s->lock);
	for (slot = s->first; slot != NULL && slot->stage != stage; slot = slot->next)
		continue;
	if (slot == NULL) {
		slot = calloc(1, sizeof(*slot));
		if (slot == NULL)
			abort();
		slot->stage = stage;
		slot->next = s->first;
		s->first = slot;
	}
	if (slot->is_busy)
		slot = NULL;
	else
		slot->is_busy = true;
	pthread_mutex_unlock(&s->lock);
	return slot;
}

void
states_leave(struct states *s, struct state_slot *slot)
{
	pthread_mutex_lock(&s->lock);
	slot->is_busy = false;
	pthread_mutex_unlock(&s->lock);
}
