/* SPDX-License-Identifier: ISC */
/* chunk.c - see chunk.h */
#include "chunk.h"

#include <mansio/mailbox.h>

#include "bytes.h"

/* Head: n, unseen, deleted, UID of the last entry, highest, lowest modseq. */
bool
chunk_decode_head(struct ms_str raw, struct chunk_head *out)
{
	const uint8_t *at = (const uint8_t *)raw.data;

	if (raw.len < CHUNK_HEAD + CHUNK_ENTRY)
		return false;
	out->n = get_u32(at);
	out->unseen = get_u32(at + 4);
	out->deleted = get_u32(at + 8);
	out->last = get_u32(at + 12);
	out->highest = get_u64(at + 16);
	out->lowest = get_u64(at + 24);
	return out->n > 0 && out->n <= CHUNK_MAX && out->unseen <= out->n &&
	    out->deleted <= out->n && raw.len == CHUNK_HEAD + (size_t)out->n * CHUNK_ENTRY;
}

bool
chunk_decode(struct ms_str raw, struct chunk *out)
{
	const uint8_t *at = (const uint8_t *)raw.data + CHUNK_HEAD;
	struct chunk_head head;
	uint32_t before = 0;

	if (!chunk_decode_head(raw, &head))
		return false;
	out->n = head.n;
	out->unseen = head.unseen;
	out->deleted = head.deleted;
	out->highest = head.highest;
	out->lowest = head.lowest;
	for (uint32_t i = 0; i < head.n; i++, at += CHUNK_ENTRY) {
		struct entry *e = &out->entries[i];

		e->uid = get_u32(at);
		e->flags = get_u32(at + 4);
		e->modseq = get_u64(at + 8);
		e->octets = get_u32(at + 16);
		e->date = get_u32(at + 20);
		if (e->uid <= before)
			return false;
		before = e->uid;
	}
	return before == head.last && before != UINT32_MAX;
}

size_t
chunk_encode(struct chunk *c, uint8_t *out)
{
	uint8_t *at = out + CHUNK_HEAD;

	c->unseen = c->deleted = 0;
	c->highest = 0;
	c->lowest = UINT64_MAX;
	for (uint32_t i = 0; i < c->n; i++, at += CHUNK_ENTRY) {
		const struct entry *e = &c->entries[i];

		c->unseen += (e->flags & MS_FLAG_SEEN) == 0;
		c->deleted += (e->flags & MS_FLAG_DELETED) != 0;
		if (e->modseq > c->highest)
			c->highest = e->modseq;
		if (e->modseq < c->lowest)
			c->lowest = e->modseq;
		put_u32(at, e->uid);
		put_u32(at + 4, e->flags);
		put_u64(at + 8, e->modseq);
		put_u32(at + 16, e->octets);
		put_u32(at + 20, e->date);
	}
	put_u32(out, c->n);
	put_u32(out + 4, c->unseen);
	put_u32(out + 8, c->deleted);
	put_u32(out + 12, c->n > 0 ? c->entries[c->n - 1].uid : 0);
	put_u64(out + 16, c->highest);
	put_u64(out + 24, c->lowest);
	return CHUNK_HEAD + (size_t)c->n * CHUNK_ENTRY;
}

uint32_t
chunk_find(const struct chunk *c, uint32_t uid)
{
	uint32_t low = 0, high = c->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->entries[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
chunk_insert(struct chunk *c, const struct entry *e)
{
	uint32_t i = chunk_find(c, e->uid);

	if (c->n == CHUNK_MAX || (i < c->n && c->entries[i].uid == e->uid))
		return false;
	memmove(&c->entries[i + 1], &c->entries[i], (c->n - i) * sizeof(*e));
	c->entries[i] = *e;
	c->n++;
	return true;
}

void
chunk_split(struct chunk *c, struct chunk *upper)
{
	uint32_t keep = c->n / 2;

	upper->n = c->n - keep;
	memcpy(upper->entries, &c->entries[keep], upper->n * sizeof(c->entries[0]));
	c->n = keep;
}

bool
chunk_merge(struct chunk *c, const struct chunk *next)
{
	if (c->n + next->n > CHUNK_MERGE)
		return false;
	memcpy(&c->entries[c->n], next->entries, next->n * sizeof(c->entries[0]));
	c->n += next->n;
	return true;
}
