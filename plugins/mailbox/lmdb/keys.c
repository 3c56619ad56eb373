/* SPDX-License-Identifier: ISC */
/* keys.c - see keys.h */
#include "keys.h"

static void
add_u32(struct key *k, uint32_t v)
{
	put_u32(k->octets + k->len, v);
	k->len += 4;
}

static void
add_u64(struct key *k, uint64_t v)
{
	put_u64(k->octets + k->len, v);
	k->len += 8;
}

static void
add_id(struct key *k, const struct ms_id *id)
{
	memcpy(k->octets + k->len, id->octets, sizeof(id->octets));
	k->len += sizeof(id->octets);
}

struct key
key_number(uint32_t n)
{
	struct key k = { .len = 0 };

	add_u32(&k, n);
	return k;
}

struct key
key_u64(uint64_t n)
{
	struct key k = { .len = 0 };

	add_u64(&k, n);
	return k;
}

struct key
key_id(const struct ms_id *id)
{
	struct key k = { .len = 0 };

	add_id(&k, id);
	return k;
}

struct key
key_delivery(const struct ms_id *id, uint32_t a)
{
	struct key k = key_id(id);

	put_u32(k.octets + k.len, a);
	k.len += sizeof(a);
	return k;
}

struct key
key_uid(uint32_t a, uint32_t m, uint32_t u)
{
	struct key k = { .len = 12 };

	put_u32(k.octets, a);
	put_u32(k.octets + 4, m);
	put_u32(k.octets + 8, u);
	return k;
}

struct key
key_account_id(uint32_t a, const struct ms_id *id)
{
	struct key k = { .len = 0 };

	add_u32(&k, a);
	add_id(&k, id);
	return k;
}

struct key
key_gone(uint32_t a, uint32_t m, uint64_t modseq, uint32_t first)
{
	struct key k = { .len = 0 };

	add_u32(&k, a);
	add_u32(&k, m);
	add_u64(&k, modseq);
	add_u32(&k, first);
	return k;
}

struct key
key_trash(uint32_t a, uint32_t day, uint32_t m, uint32_t u)
{
	struct key k = { .len = 0 };

	add_u32(&k, a);
	add_u32(&k, day);
	add_u32(&k, m);
	add_u32(&k, u);
	return k;
}

struct key
key_email(uint32_t a, const struct ms_id *id, uint32_t m, uint32_t u)
{
	struct key k = key_account_id(a, id);

	add_u32(&k, m);
	add_u32(&k, u);
	return k;
}

struct key
key_thread(uint32_t a, uint64_t hash)
{
	struct key k = { .len = 0 };

	add_u32(&k, a);
	add_u64(&k, hash);
	return k;
}

struct key
key_prop_ix(uint64_t hash, uint32_t a, const struct ms_id *box)
{
	struct key k = { .len = 0 };

	add_u64(&k, hash);
	add_u32(&k, a);
	add_id(&k, box);
	return k;
}

struct key
key_due(uint64_t time, uint32_t a, uint32_t m)
{
	struct key k = { .len = 0 };

	add_u64(&k, time);
	add_u32(&k, a);
	add_u32(&k, m);
	return k;
}

bool
key_name(struct long_key *k, uint32_t a, struct ms_str name)
{
	if (name.len > KEY_MAX_NAME)
		return false;
	put_u32(k->octets, a);
	if (name.len > 0)
		memcpy(k->octets + 4, name.data, name.len);
	k->len = 4 + name.len;
	return true;
}

bool
key_prop(struct long_key *k, uint32_t a, const struct ms_id *box, struct ms_str name)
{
	if (name.len > KEY_MAX_NAME)
		return false;
	put_u32(k->octets, a);
	memcpy(k->octets + 4, box->octets, sizeof(box->octets));
	if (name.len > 0)
		memcpy(k->octets + 20, name.data, name.len);
	k->len = 20 + name.len;
	return true;
}
