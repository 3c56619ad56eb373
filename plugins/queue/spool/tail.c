/* SPDX-License-Identifier: ISC */
/* tail.c - see tail.h */
#include "tail.h"

#include <stdlib.h>
#include <string.h>

void
note_init(struct note *note, uint64_t offset, uint64_t octets,
    const struct envelope *envelope)
{
	*note = (struct note){ .offset = offset, .octets = (uint32_t)octets,
		.next_us = envelope->next_us };
	if (envelope->n_parts == 1)
		note->number = (uint16_t)envelope->parts[0]->number;
	else
		note->flags |= NOTE_MANY;
	if (envelope->own_file.len > 0)
		note->flags |= NOTE_OWN_FILE;
	for (uint32_t i = 0; i < envelope->n_parts; i++) {
		if (envelope->parts[i]->next_us > envelope->next_us)
			note->flags |= NOTE_LATER;
		if (envelope->parts[i]->destination.len > 0)
			note->flags |= NOTE_ROUTED;
	}
}

void
tail_fini(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(tail_at(t, i)->partial);
	free(t->entries);
	*t = (struct tail){ .n = 0 };
}

static void
make_room(struct tail *t)
{
	struct entry *p;
	size_t capacity;

	if (t->first + t->n < t->capacity)
		return;
	/* Half of it is behind the cursor: use that again. */
	if (t->first > t->capacity / 2) {
		memmove(t->entries, t->entries + t->first, t->n * sizeof(*p));
		t->first = 0;
		return;
	}
	capacity = t->capacity > 0 ? t->capacity * 2 : 64;
	p = realloc(t->entries, capacity * sizeof(*p));
	if (p == NULL)
		abort();
	t->entries = p;
	t->capacity = capacity;
}

static void
count(struct tail *t, const struct entry *e, uint32_t state)
{
	if (state == ENTRY_LIVE) {
		t->live++;
		t->later += (e->note.flags & NOTE_LATER) != 0;
		t->routed += (e->note.flags & NOTE_ROUTED) != 0;
		t->live_octets += e->note.octets;
	} else if (e->note.offset > t->done_end) {
		t->done_end = e->note.offset;
	}
}

void
tail_push(struct tail *t, const struct note *note, uint32_t state)
{
	struct entry *e;

	make_room(t);
	e = tail_at(t, t->n++);
	*e = (struct entry){ .note = *note, .state = state };
	count(t, e, state);
}

size_t
tail_seek_offset(const struct tail *t, uint64_t offset)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tail_at(t, middle)->note.offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct entry *
tail_find(struct tail *t, uint64_t offset)
{
	size_t i = tail_seek_offset(t, offset);

	return i < t->n && tail_at(t, i)->note.offset == offset ?
	    tail_at(t, i) : NULL;
}

void
tail_set_state(struct tail *t, struct entry *e, uint32_t state)
{
	if (e->state == ENTRY_LIVE) {
		t->live--;
		t->later -= (e->note.flags & NOTE_LATER) != 0;
		t->routed -= (e->note.flags & NOTE_ROUTED) != 0;
		t->live_octets -= e->note.octets;
	}
	e->state = state;
	count(t, e, state);
	if (state != ENTRY_LIVE) {
		free(e->partial);
		e->partial = NULL;
	}
}

bool
tail_part_is_done(const struct entry *e, uint32_t number)
{
	if (e->partial != NULL)
		for (uint32_t i = 0; i < e->partial->n; i++)
			if (e->partial->numbers[i] == number)
				return true;
	return false;
}

uint32_t
tail_finish_parts(struct entry *e, const uint16_t *numbers, uint32_t n)
{
	uint32_t have = e->partial != NULL ? e->partial->n : 0;
	struct partial *p = realloc(e->partial,
	    sizeof(*p) + ((size_t)have + n) * sizeof(uint16_t));

	if (p == NULL)
		abort();
	p->n = have;
	e->partial = p;
	for (uint32_t i = 0; i < n; i++)
		if (!tail_part_is_done(e, numbers[i]))
			p->numbers[p->n++] = numbers[i];
	return p->n;
}

size_t
tail_seek(const struct tail *t, int64_t next_us, uint64_t offset)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct note *note = &tail_at(t, middle)->note;

		if (note->next_us < next_us ||
		    (note->next_us == next_us && note->offset < offset))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
tail_drop(struct tail *t, uint64_t below)
{
	size_t k = 0;

	while (k < t->n && tail_at(t, k)->note.offset < below) {
		free(tail_at(t, k)->partial);
		k++;
	}
	t->first += k;
	t->n -= k;
	if (t->n == 0)
		t->first = 0;
}

const struct entry *
tail_oldest(const struct tail *t)
{
	for (size_t i = 0; i < t->n && t->live > 0; i++)
		if (tail_at(t, i)->state == ENTRY_LIVE)
			return tail_at(t, i);
	return NULL;
}
