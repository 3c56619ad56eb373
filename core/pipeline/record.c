/* SPDX-License-Identifier: ISC */
/* record.c - see record.h */
#include "pipeline/record.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/pack.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/facts.h"

#define PART_VERSION	2

/* Facts that outlive the connection: what delivery, a DSN or a trace asks. */
static const char *const kept_facts[] = { "client.address", "client.name",
	"client.helo", "client.protocol", "auth.account", "listener", "delivery.folder",
	"delivery.flags", "score.total", "junk.reasons", "virus.name",
	"quarantine.label", "pipeline" };
#define N_KEPT	(sizeof(kept_facts) / sizeof(kept_facts[0]))

void
record_encode(struct ms_message *m, struct ms_buf *out)
{
	struct ms_buf front = MS_BUF_MAX(RECORD_MAX / 2);
	uint64_t skip;
	uint32_t n_facts = 0;

	ms_pack_u8(out, RECORD_VERSION);
	ms_pack_u32(out, m->info.flags);
	ms_pack_str(out, m->info.id);
	ms_pack_str(out, m->info.reverse_path);
	ms_pack_str(out, m->info.envid);
	ms_pack_str(out, m->info.auth);
	ms_pack_i64(out, m->info.received_us);
	ms_pack_i64(out, m->info.hold_until_us);
	ms_pack_i64(out, m->info.deliver_by_us);
	ms_pack_u32(out, (uint32_t)m->info.by_mode);
	ms_pack_u32(out, (uint32_t)m->info.priority);
	ms_pack_u32(out, m->info.n_recipients);
	for (uint32_t i = 0; i < m->n_numbers; i++) {
		const struct recipient *r = m->recipients[i];

		if (r->removed)
			continue;
		ms_pack_str(out, r->pub.path);
		ms_pack_str(out, r->pub.original);
		ms_pack_u32(out, r->pub.notify);
	}
	overlay_front(&m->overlay, &front, &skip);
	ms_pack_str(out, ms_buf_str(&front));
	ms_pack_u64(out, skip);
	for (size_t i = 0; i < N_KEPT; i++)
		n_facts += facts_get_c(m->facts, kept_facts[i]).len > 0;
	ms_pack_u32(out, n_facts);
	for (size_t i = 0; i < N_KEPT; i++) {
		struct ms_str v = facts_get_c(m->facts, kept_facts[i]);

		if (v.len == 0)
			continue;
		ms_pack_u8(out, (uint8_t)i);
		ms_pack_str(out, v);
	}
	ms_pack_str(out, ms_buf_str(&m->trace));
	if (!ms_buf_ok(&front))
		out->failed = true;
	ms_buf_free(&front);
}

static void
decode_recipients(struct ms_unpack *u, struct ms_message *m)
{
	uint32_t n = ms_unpack_count(u, 12);

	if (n > MESSAGE_MAX_RECIPIENTS)
		u->bad = true;
	for (uint32_t i = 0; i < n && !u->bad; i++) {
		struct ms_recipient r = { .size = sizeof(r) };

		r.path = ms_unpack_str(u);
		r.original = ms_unpack_str(u);
		r.notify = ms_unpack_u32(u);
		if (!u->bad)
			(void)message_add_recipient(m, &r);
	}
}

static void
decode_facts(struct ms_unpack *u, struct ms_message *m)
{
	uint32_t n = ms_unpack_count(u, 5);

	for (uint32_t i = 0; i < n && !u->bad; i++) {
		uint8_t which = ms_unpack_u8(u);
		struct ms_str value = ms_unpack_str(u);

		/* A later release may know more of them: passed over. */
		if (!u->bad && which < N_KEPT)
			facts_set(m->facts, ms_str_c(kept_facts[which]), value);
	}
}

ms_status
record_decode(const struct ms_scope *scope, struct ms_str record,
    struct ms_blob *body, struct ms_message **message_out, struct ms_error *err)
{
	struct ms_unpack u = ms_unpack_of(record);
	struct ms_message *m = message_new(scope, NULL);
	struct ms_arena *a = m->arena;
	struct ms_str front;
	uint64_t skip;

	if (ms_unpack_u8(&u) != RECORD_VERSION)
		u.bad = true;
	m->info.flags = ms_unpack_u32(&u);
	message_set_id(m, ms_unpack_str(&u));
	m->info.reverse_path = ms_arena_str(a, ms_unpack_str(&u));
	m->info.envid = ms_arena_str(a, ms_unpack_str(&u));
	m->info.auth = ms_arena_str(a, ms_unpack_str(&u));
	m->info.received_us = ms_unpack_i64(&u);
	m->info.hold_until_us = ms_unpack_i64(&u);
	m->info.deliver_by_us = ms_unpack_i64(&u);
	m->info.by_mode = (int32_t)ms_unpack_u32(&u);
	m->info.priority = (int32_t)ms_unpack_u32(&u);
	decode_recipients(&u, m);
	front = ms_unpack_str(&u);
	skip = ms_unpack_u64(&u);
	decode_facts(&u, m);
	ms_buf_add(&m->trace, ms_unpack_str(&u));
	if (u.bad || (body != NULL && skip > blob_octets(body))) {
		message_drop(m);
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a damaged queue record");
	}
	if (body != NULL && (front.len > 0 || skip > 0)) {
		struct ms_blob *head = blob_copy_memory(front);
		struct ms_blob *rest = blob_slice(body, skip, UINT64_MAX);
		struct ms_blob *whole = blob_join(head, rest);

		message_set_body(m, whole);
		blob_release(whole);
		blob_release(rest);
		blob_release(head);
	} else {
		message_set_body(m, body);
	}
	*message_out = m;
	return MS_OK;
}

void
part_encode(const struct part_record *p, struct ms_buf *out)
{
	ms_pack_u8(out, PART_VERSION);
	ms_pack_u32(out, p->n);
	for (uint32_t i = 0; p->n != UINT32_MAX && i < p->n; i++) {
		ms_pack_u32(out, p->numbers[i]);
		ms_pack_u32(out, p->flags != NULL ? p->flags[i] : 0);
		ms_pack_str(out, p->expanded != NULL ? p->expanded[i] : ms_str_of("", 0));
	}
	ms_pack_u32(out, p->warned);
	ms_pack_u32(out, p->routed);
	ms_pack_str(out, p->reply);
	ms_pack_str(out, p->remote);
}

ms_status
part_decode(struct ms_str record, struct ms_arena *arena,
    struct part_record *p_out, struct ms_error *err)
{
	struct ms_unpack u = ms_unpack_of(record);
	struct part_record p = { .n = UINT32_MAX };
	uint32_t *numbers, *flags;
	struct ms_str *expanded;

	if (record.len == 0) {
		p.reply = p.remote = ms_str_of("", 0);
		*p_out = p;
		return MS_OK;
	}
	if (ms_unpack_u8(&u) != PART_VERSION)
		u.bad = true;
	p.n = ms_unpack_u32(&u);
	if (p.n != UINT32_MAX) {
		if (p.n > MESSAGE_MAX_RECIPIENTS || p.n > (size_t)(u.end - u.at) / 8)
			u.bad = true;
		numbers = ms_arena_array(arena, u.bad ? 0 : p.n, sizeof(*numbers));
		flags = ms_arena_array(arena, u.bad ? 0 : p.n, sizeof(*flags));
		expanded = ms_arena_array(arena, u.bad ? 0 : p.n, sizeof(*expanded));
		for (uint32_t i = 0; i < p.n && !u.bad; i++) {
			numbers[i] = ms_unpack_u32(&u);
			flags[i] = ms_unpack_u32(&u);
			expanded[i] = ms_unpack_str(&u);
		}
		p.numbers = numbers;
		p.flags = flags;
		p.expanded = expanded;
	}
	p.warned = ms_unpack_u32(&u);
	p.routed = ms_unpack_u32(&u);
	p.reply = ms_unpack_str(&u);
	p.remote = ms_unpack_str(&u);
	if (!ms_unpack_done(&u))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a damaged queue record");
	*p_out = p;
	return MS_OK;
}
