/* SPDX-License-Identifier: ISC */
/*
 * similar.h - did you mean: the known name that is nearest to a mistyped one
 */
#ifndef CORE_CONFIG_SIMILAR_H
#define CORE_CONFIG_SIMILAR_H

#include <stdint.h>

#include <mansio/base.h>

#define SIMILAR_MAX_DISTANCE	2

/* How many letters to insert, drop, change or swap with their neighbour to
   make one of the other; SIMILAR_MAX_DISTANCE + 1: more than that. */
uint32_t similar_distance(struct ms_str a, struct ms_str b);

/* Candidates are offered one after the other; `best` stays empty (data NULL)
   while none is near enough. */
struct similar {
	struct ms_str wanted;
	struct ms_str best;
	uint32_t      distance;
};

static inline struct similar
similar_to(struct ms_str wanted)
{
	struct similar s = { wanted, { NULL, 0 }, SIMILAR_MAX_DISTANCE + 1 };

	return s;
}
void similar_offer(struct similar *s, struct ms_str candidate);

#endif
