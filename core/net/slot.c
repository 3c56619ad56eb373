/* SPDX-License-Identifier: ISC */
/* slot.c - see slot.h */
#include "net/slot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <mansio/error.h>

#define PARKED		(UINT64_C(1) << 8)
#define WANTS_EVENTS	(UINT64_C(1) << 9)
#define TAKEN		(UINT64_C(1) << 10)
#define REASONS		UINT64_C(0xff)

/* Handle: generation in the upper half, place + 1 in the lower. */
struct slot {
	_Atomic uint64_t   word;	/* generation << 32 | flags | reasons */
	struct ms_session *session;	/* set before the handle is known */
	uint32_t           next_free;	/* place + 1; under lock */
};

static struct slot *slots;
static uint32_t n_slots;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t first_free;	/* place + 1, 0: none; under lock */
static uint32_t never_used;	/* places from here on; under lock */

ms_status
slots_start(uint32_t max, struct ms_error *err)
{
	/* Untouched places cost no memory: they are the kernel's zero page. */
	slots = calloc(max, sizeof(*slots));
	if (slots == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "no memory for %u connections", max);
	n_slots = max;
	first_free = 0;
	never_used = 0;
	return MS_OK;
}

void
slots_stop(void)
{
	free(slots);
	slots = NULL;
	n_slots = never_used = first_free = 0;
}

uint64_t
slot_take(struct ms_session *s)
{
	struct slot *slot;
	uint64_t generation;
	uint32_t place;

	pthread_mutex_lock(&lock);
	place = first_free;
	if (place != 0)
		first_free = slots[place - 1].next_free;
	else if (never_used < n_slots)
		place = ++never_used;
	pthread_mutex_unlock(&lock);
	if (place == 0)
		return 0;
	slot = &slots[place - 1];
	slot->session = s;
	generation = atomic_load(&slot->word) >> 32;
	atomic_store(&slot->word, generation << 32 | TAKEN);
	return generation << 32 | place;
}

static struct slot *
slot_of(uint64_t handle)
{
	return &slots[(uint32_t)handle - 1];
}

void
slot_give_back(uint64_t handle)
{
	struct slot *slot = slot_of(handle);
	uint64_t next = (handle >> 32) + 1;

	atomic_store(&slot->word, next << 32);
	pthread_mutex_lock(&lock);
	slot->next_free = first_free;
	first_free = (uint32_t)handle;
	pthread_mutex_unlock(&lock);
}

struct ms_session *
slot_wake(uint64_t handle, uint32_t reason)
{
	struct slot *slot = slot_of(handle);
	uint64_t word = atomic_load(&slot->word);

	for (;;) {
		uint64_t next = word | reason;
		bool ours;

		if (word >> 32 != handle >> 32 || !(word & TAKEN))
			return NULL;
		/* Events are kept by the session itself. */
		if (reason == WAKE_EVENT && (word & PARKED) &&
		    !(word & WANTS_EVENTS))
			return NULL;
		ours = (word & PARKED) != 0;
		if (ours)
			next &= ~(PARKED | WANTS_EVENTS);
		if (atomic_compare_exchange_weak(&slot->word, &word, next))
			return ours ? slot->session : NULL;
	}
}

uint32_t
slot_reasons(uint64_t handle)
{
	return (uint32_t)(atomic_fetch_and(&slot_of(handle)->word, ~REASONS) &
	    REASONS);
}

bool
slot_park(uint64_t handle, bool wants_events)
{
	struct slot *slot = slot_of(handle);
	uint64_t awake = (handle & ~UINT64_C(0xffffffff)) | TAKEN;

	return atomic_compare_exchange_strong(&slot->word, &awake,
	    awake | PARKED | (wants_events ? WANTS_EVENTS : 0));
}

void
slots_each(void (*each)(uint64_t handle))
{
	uint32_t used;

	pthread_mutex_lock(&lock);
	used = never_used;
	pthread_mutex_unlock(&lock);
	for (uint32_t place = 1; place <= used; place++) {
		uint64_t word = atomic_load(&slots[place - 1].word);

		if (word & TAKEN)
			each((word & ~UINT64_C(0xffffffff)) | place);
	}
}
