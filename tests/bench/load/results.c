/* SPDX-License-Identifier: ISC */
/* results.c - see load.h */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

void
times_add(struct times *t, double seconds)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 1024 : t->cap * 2;
		t->v = realloc(t->v, t->cap * sizeof(*t->v));
		if (t->v == NULL)
			fail("no memory");
	}
	t->v[t->n++] = (float)seconds;
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double
times_at(struct times *t, double quantile)
{
	size_t i;

	if (t->n == 0)
		return 0;
	qsort(t->v, t->n, sizeof(*t->v), compare);
	i = (size_t)(quantile * (double)t->n);
	return (double)t->v[i < t->n ? i : t->n - 1] * 1e3;
}

void
times_free(struct times *t)
{
	free(t->v);
	*t = (struct times){ 0 };
}

void
ready(void)
{
	char line[16];

	if (!options.pause)
		return;
	puts("ready");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		fail("nobody says go");
}

void
done(void)
{
	if (!options.pause)
		return;
	fflush(stdout);
	while (getchar() != EOF)
		;
}
