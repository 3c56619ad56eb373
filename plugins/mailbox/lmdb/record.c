/* SPDX-License-Identifier: ISC */
/* record.c - see record.h */
#include "record.h"

#include <mansio/pack.h>

#include "bytes.h"

bool
account_decode(struct ms_str raw, struct account *out)
{
	struct ms_unpack u = ms_unpack_of(raw);

	if (ms_unpack_u8(&u) != RECORD_VERSION)
		return false;
	out->uidvalidity = ms_unpack_u32(&u);
	out->modseq = ms_unpack_u64(&u);
	out->list_modseq = ms_unpack_u64(&u);
	out->octets = ms_unpack_u64(&u);
	out->messages = ms_unpack_u64(&u);
	out->mailboxes = ms_unpack_u64(&u);
	out->annotation_octets = ms_unpack_u64(&u);
	out->name = ms_unpack_str(&u);
	return ms_unpack_done(&u);
}

void
account_encode(const struct account *a, struct ms_buf *out)
{
	ms_pack_u8(out, RECORD_VERSION);
	ms_pack_u32(out, a->uidvalidity);
	ms_pack_u64(out, a->modseq);
	ms_pack_u64(out, a->list_modseq);
	ms_pack_u64(out, a->octets);
	ms_pack_u64(out, a->messages);
	ms_pack_u64(out, a->mailboxes);
	ms_pack_u64(out, a->annotation_octets);
	ms_pack_str(out, a->name);
}

bool
box_decode(struct ms_str raw, struct ms_arena *arena, struct box *out)
{
	struct ms_unpack u = ms_unpack_of(raw);

	if (ms_unpack_u8(&u) != RECORD_VERSION)
		return false;
	out->flags = ms_unpack_u32(&u);
	out->id = ms_unpack_id(&u);
	out->uidvalidity = ms_unpack_u32(&u);
	out->uidnext = ms_unpack_u32(&u);
	out->messages = ms_unpack_u32(&u);
	out->unseen = ms_unpack_u32(&u);
	out->deleted = ms_unpack_u32(&u);
	out->first_unseen = ms_unpack_u32(&u);
	out->recent_from = ms_unpack_u32(&u);
	out->gone_rows = ms_unpack_u32(&u);
	out->modseq = ms_unpack_u64(&u);
	out->box_modseq = ms_unpack_u64(&u);
	out->octets = ms_unpack_u64(&u);
	out->floor = ms_unpack_u64(&u);
	out->deleted_us = ms_unpack_i64(&u);
	out->name = ms_unpack_str(&u);
	out->special_use = ms_unpack_str(&u);
	out->n_keywords = ms_unpack_count(&u, 4);
	out->keywords = NULL;
	if (u.bad || out->n_keywords > BOX_MAX_KEYWORDS)
		return false;
	if (out->n_keywords > 0)
		out->keywords = ms_arena_array(arena, out->n_keywords,
		    sizeof(*out->keywords));
	for (uint32_t i = 0; i < out->n_keywords; i++)
		out->keywords[i] = ms_unpack_str(&u);
	return ms_unpack_done(&u);
}

void
box_encode(const struct box *b, struct ms_buf *out)
{
	ms_pack_u8(out, RECORD_VERSION);
	ms_pack_u32(out, b->flags);
	ms_pack_id(out, &b->id);
	ms_pack_u32(out, b->uidvalidity);
	ms_pack_u32(out, b->uidnext);
	ms_pack_u32(out, b->messages);
	ms_pack_u32(out, b->unseen);
	ms_pack_u32(out, b->deleted);
	ms_pack_u32(out, b->first_unseen);
	ms_pack_u32(out, b->recent_from);
	ms_pack_u32(out, b->gone_rows);
	ms_pack_u64(out, b->modseq);
	ms_pack_u64(out, b->box_modseq);
	ms_pack_u64(out, b->octets);
	ms_pack_u64(out, b->floor);
	ms_pack_i64(out, b->deleted_us);
	ms_pack_str(out, b->name);
	ms_pack_str(out, b->special_use);
	ms_pack_u32(out, b->n_keywords);
	for (uint32_t i = 0; i < b->n_keywords; i++)
		ms_pack_str(out, b->keywords[i]);
}

/* Head: version u32, octets of the bitmap u32, blob, octets, arrived, saved,
   email id, thread id, octets of the digest u32. */
bool
mail_decode(struct ms_str raw, struct mail *out)
{
	const uint8_t *at = (const uint8_t *)raw.data;
	size_t more, digest;

	if (raw.len < MAIL_HEAD || get_u32(at) != RECORD_VERSION)
		return false;
	more = get_u32(at + 4);
	out->blob = get_u64(at + 8);
	out->octets = get_u64(at + 16);
	out->arrived_us = (int64_t)get_u64(at + 24);
	out->saved_us = (int64_t)get_u64(at + 32);
	memcpy(out->email_id.octets, at + 40, 16);
	memcpy(out->thread_id.octets, at + 56, 16);
	digest = get_u32(at + 72);
	if (more > MAIL_MORE || raw.len != MAIL_HEAD + more + digest)
		return false;
	out->more = ms_str_of(raw.data + MAIL_HEAD, more);
	out->digest = ms_str_of(raw.data + MAIL_HEAD + more, digest);
	return true;
}

void
mail_encode(const struct mail *m, uint8_t *out)
{
	put_u32(out, RECORD_VERSION);
	put_u32(out + 4, (uint32_t)m->more.len);
	put_u64(out + 8, m->blob);
	put_u64(out + 16, m->octets);
	put_u64(out + 24, (uint64_t)m->arrived_us);
	put_u64(out + 32, (uint64_t)m->saved_us);
	memcpy(out + 40, m->email_id.octets, 16);
	memcpy(out + 56, m->thread_id.octets, 16);
	put_u32(out + 72, (uint32_t)m->digest.len);
	if (m->more.len > 0)
		memcpy(out + MAIL_HEAD, m->more.data, m->more.len);
	if (m->digest.len > 0)
		memcpy(out + MAIL_HEAD + m->more.len, m->digest.data, m->digest.len);
}

bool
trash_decode(struct ms_str raw, struct trash *out)
{
	const uint8_t *at = (const uint8_t *)raw.data;

	if (raw.len < TRASH_HEAD)
		return false;
	out->modseq = get_u64(at);
	out->entry.uid = get_u32(at + 8);
	out->entry.flags = get_u32(at + 12);
	out->entry.modseq = get_u64(at + 16);
	out->entry.octets = get_u32(at + 24);
	out->entry.date = get_u32(at + 28);
	return mail_decode(ms_str_of(raw.data + TRASH_HEAD, raw.len - TRASH_HEAD),
	    &out->mail);
}

void
trash_encode_head(uint64_t modseq, const struct entry *e, uint8_t *out)
{
	put_u64(out, modseq);
	put_u32(out + 8, e->uid);
	put_u32(out + 12, e->flags);
	put_u64(out + 16, e->modseq);
	put_u32(out + 24, e->octets);
	put_u32(out + 28, e->date);
}

bool
blob_decode(struct ms_str raw, struct blob_row *out)
{
	const uint8_t *at = (const uint8_t *)raw.data;

	if (raw.len != BLOB_ROW || get_u32(at) != RECORD_VERSION)
		return false;
	out->segment = get_u32(at + 4);
	out->references = get_u32(at + 8);
	out->crc = get_u32(at + 12);
	out->transforms = get_u32(at + 16);
	out->offset = get_u64(at + 24);
	out->stored = get_u64(at + 32);
	out->length = get_u64(at + 40);
	return true;
}

void
blob_encode(const struct blob_row *b, uint8_t *out)
{
	put_u32(out, RECORD_VERSION);
	put_u32(out + 4, b->segment);
	put_u32(out + 8, b->references);
	put_u32(out + 12, b->crc);
	put_u32(out + 16, b->transforms);
	put_u32(out + 20, 0);
	put_u64(out + 24, b->offset);
	put_u64(out + 32, b->stored);
	put_u64(out + 40, b->length);
}

bool
segment_decode(struct ms_str raw, struct segment_row *out)
{
	const uint8_t *at = (const uint8_t *)raw.data;

	if (raw.len != SEGMENT_ROW || get_u32(at) != RECORD_VERSION)
		return false;
	out->state = get_u32(at + 4);
	out->octets = get_u64(at + 8);
	out->live = get_u64(at + 16);
	out->since_us = (int64_t)get_u64(at + 24);
	out->owner = get_u64(at + 32);
	return out->state >= SEGMENT_OPEN && out->state <= SEGMENT_DROPPING;
}

void
segment_encode(const struct segment_row *s, uint8_t *out)
{
	put_u32(out, RECORD_VERSION);
	put_u32(out + 4, s->state);
	put_u64(out + 8, s->octets);
	put_u64(out + 16, s->live);
	put_u64(out + 24, (uint64_t)s->since_us);
	put_u64(out + 32, s->owner);
}

bool
gone_decode(struct ms_str raw, struct ms_arena *arena, uint32_t *time_out,
    struct ms_uid_range **ranges_out, size_t *n_out)
{
	const uint8_t *at = (const uint8_t *)raw.data;
	size_t n;
	struct ms_uid_range *ranges;

	if (raw.len < 16 || raw.len % 8 != 0 || get_u32(at) != RECORD_VERSION)
		return false;
	n = raw.len / 8 - 1;
	if (n > GONE_MAX_RANGES)
		return false;
	ranges = ms_arena_array(arena, n, sizeof(*ranges));
	*time_out = get_u32(at + 4);
	for (size_t i = 0; i < n; i++) {
		ranges[i].first = get_u32(at + 8 + i * 8);
		ranges[i].last = get_u32(at + 12 + i * 8);
		if (ranges[i].first == 0 || ranges[i].last < ranges[i].first ||
		    (i > 0 && ranges[i].first <= ranges[i - 1].last))
			return false;
	}
	*ranges_out = ranges;
	*n_out = n;
	return true;
}

void
gone_encode(uint32_t time, const struct ms_uid_range *ranges, size_t n, struct ms_buf *out)
{
	ms_pack_u32(out, RECORD_VERSION);
	ms_pack_u32(out, time);
	for (size_t i = 0; i < n; i++) {
		ms_pack_u32(out, ranges[i].first);
		ms_pack_u32(out, ranges[i].last);
	}
}

bool
property_decode(struct ms_str raw, struct property *out)
{
	struct ms_unpack u = ms_unpack_of(raw);

	if (ms_unpack_u8(&u) != RECORD_VERSION)
		return false;
	out->modseq = ms_unpack_u64(&u);
	out->gone = ms_unpack_u8(&u);
	out->value = ms_unpack_str(&u);
	return ms_unpack_done(&u) && out->gone <= 1;
}

void
property_encode(const struct property *p, struct ms_buf *out)
{
	ms_pack_u8(out, RECORD_VERSION);
	ms_pack_u64(out, p->modseq);
	ms_pack_u8(out, (uint8_t)p->gone);
	ms_pack_str(out, p->value);
}
