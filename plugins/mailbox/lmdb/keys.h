/* SPDX-License-Identifier: ISC */
/*
 * keys.h - the keys of a shard's tables
 *
 * Big-endian and compared as octets, so that what belongs together lies
 * together and in order.  a: account, m: mailbox (neither is ever used
 * again in its shard), u: UID.
 *
 *	account  name
 *	name     a, mailbox name
 *	box-id   a, id
 *	box      a, m, first u		a chunk of messages
 *	box      a, m, 0xffffffff	the mailbox's record
 *	box      a, 0, 0		the account's record: next to what the
 *					same delivery changes
 *	mail     a, m, u
 *	gone     a, m, modseq, first u
 *	trash    a, day, m, u
 *	email    a, email id, m, u
 *	thread   a, hash
 *	blob     blob id
 *	seg      number
 *	did      delivery id, a
 *	prop     a, mailbox id (0: the account's), name
 *	prop-ix  hash of name, a, mailbox id
 *	due      time, a, m		mailboxes to be purged
 */
#ifndef LMDB_KEYS_H
#define LMDB_KEYS_H

#include <stdbool.h>

#include <mansio/base.h>

#include "bytes.h"

/* LMDB's own limit; and what a name may have with the longest head. */
#define KEY_MAX		511
#define KEY_MAX_NAME	(KEY_MAX - 20)

#define UID_RECORD	UINT32_C(0xffffffff)	/* sorts after all chunks */

struct key {
	size_t  len;
	uint8_t octets[28];
};

struct long_key {
	size_t  len;
	uint8_t octets[KEY_MAX];
};

static inline struct ms_str
key_str(const struct key *k)
{
	return ms_str_of((const char *)k->octets, k->len);
}

static inline struct ms_str
long_key_str(const struct long_key *k)
{
	return ms_str_of((const char *)k->octets, k->len);
}

struct key key_number(uint32_t n);
struct key key_u64(uint64_t n);
struct key key_id(const struct ms_id *id);
struct key key_delivery(const struct ms_id *id, uint32_t a);
struct key key_uid(uint32_t a, uint32_t m, uint32_t u);
struct key key_account_id(uint32_t a, const struct ms_id *id);
struct key key_gone(uint32_t a, uint32_t m, uint64_t modseq, uint32_t first);
struct key key_trash(uint32_t a, uint32_t day, uint32_t m, uint32_t u);
struct key key_email(uint32_t a, const struct ms_id *id, uint32_t m, uint32_t u);
struct key key_thread(uint32_t a, uint64_t hash);
struct key key_prop_ix(uint64_t hash, uint32_t a, const struct ms_id *box);
struct key key_due(uint64_t time, uint32_t a, uint32_t m);

/* False: the name is too long for a key. */
bool key_name(struct long_key *k, uint32_t a, struct ms_str name);
bool key_prop(struct long_key *k, uint32_t a, const struct ms_id *box, struct ms_str name);

/* Do the first octets of a key that was read agree with those of one that
   was made?  `octets` is the length of the common head. */
static inline bool
key_has_head(struct ms_str key, const void *head, size_t octets)
{
	return key.len >= octets && memcmp(key.data, head, octets) == 0;
}

static inline uint32_t
key_u32_at(struct ms_str key, size_t offset)
{
	return key.len >= offset + 4 ? get_u32((const uint8_t *)key.data + offset) : 0;
}

static inline uint64_t
key_u64_at(struct ms_str key, size_t offset)
{
	return key.len >= offset + 8 ? get_u64((const uint8_t *)key.data + offset) : 0;
}

#endif
