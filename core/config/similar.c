/* SPDX-License-Identifier: ISC */
/* similar.c - see similar.h */
#include "config/similar.h"

#include <stdlib.h>

#define MAX_NAME	64	/* longer ones are not compared */
#define FAR		(SIMILAR_MAX_DISTANCE + 1)

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t
similar_distance(struct ms_str a, struct ms_str b)
{
	/* Three rows of the matrix of optimal string alignment. */
	uint32_t rows[3][MAX_NAME + 1];
	uint32_t *before = rows[0], *last = rows[1], *now = rows[2];

	if (a.len > MAX_NAME || b.len > MAX_NAME)
		return FAR;
	if ((a.len > b.len ? a.len - b.len : b.len - a.len) > SIMILAR_MAX_DISTANCE)
		return FAR;
	for (uint32_t j = 0; j <= b.len; j++)
		last[j] = j, before[j] = j;
	for (uint32_t i = 1; i <= a.len; i++) {
		uint32_t *spare = before;

		now[0] = i;
		for (uint32_t j = 1; j <= b.len; j++) {
			uint32_t cost = a.data[i - 1] != b.data[j - 1];

			now[j] = least(last[j - 1] + cost, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return least(last[b.len], FAR);
}

void
similar_offer(struct similar *s, struct ms_str candidate)
{
	uint32_t d = similar_distance(s->wanted, candidate);

	/* A name of one or two letters is two letters from any other. */
	if (d >= s->distance || d >= s->wanted.len || d >= candidate.len)
		return;
	s->distance = d;
	s->best = candidate;
}
