/* SPDX-License-Identifier: ISC */
/*
 * verify.h - proving that a shard's rows, counters and files agree
 *
 * One snapshot of a shard is walked as a whole.  What hangs together is
 * recounted: messages and entries, references and blobs, living octets and
 * segments, counters of mailboxes and accounts.  Damage is reported, one JSON
 * object a line; counters alone are repaired, in a write transaction that
 * holds the shard's jobs meanwhile.
 */
#ifndef LMDB_VERIFY_H
#define LMDB_VERIFY_H

#include <mansio/json.h>

#include "db.h"
#include "record.h"
#include "uids.h"

/* A sum for each number: references of blobs, living octets of segments. */
struct tally {
	struct tally_slot {
		uint64_t number, sum;
		bool     is_used;
	} *slots;
	size_t n, size;		/* size: a power of two, or 0 */
	bool   failed;		/* no memory */
};

void tally_add(struct tally *t, uint64_t number, uint64_t what);
uint64_t tally_get(const struct tally *t, uint64_t number);
void tally_free(struct tally *t);

struct verify {
	struct shard          *shard;
	const struct ms_scope *scope;
	struct ms_writer      *output;
	struct db_txn          t;
	bool                   repair;
	uint64_t accounts, mailboxes, messages, blobs, segments;
	uint64_t damaged, repaired;
	ms_status              written;		/* of the output */
	struct tally           references;	/* by blob */
	struct tally           live;		/* by segment */
	struct tally           octets;		/* by segment: end of its last record */

	/* Where the walk through mailboxes is. */
	struct account account;
	struct box    *box;
	struct account counted;		/* sums of the account's mailboxes */
	bool           has_account;

	/* Records put right when the walk is over: rows must not change below
	   a cursor. */
	struct fix {
		struct fix *next;
		int         db;
		struct ms_str key, value;
	} *fixes;
};

/* MS_PERMFAIL: there is damage, the error says how much. */
ms_status verify_shard(struct shard *s, const struct ms_scope *scope, bool deep, bool repair,
    struct ms_writer *output, uint64_t *damaged_out, struct ms_error *err);

/* ---- its parts ---- */

/* Something is damaged, in a mailbox (may be NULL) at a UID (0: none). */
void verify_report(struct verify *v, const char *what, const struct box *b, uint32_t uid,
    uint64_t number);
/* A counter is wrong; true: it is to be put right. */
bool verify_counter(struct verify *v, const char *what, const struct box *b,
    uint64_t number, uint64_t is, uint64_t should_be);
void verify_fix(struct verify *v, int db, struct ms_str key, struct ms_str value);

ms_status verify_boxes(struct verify *v);
ms_status verify_names(struct verify *v);
ms_status verify_trash(struct verify *v);
ms_status verify_blobs(struct verify *v);
ms_status verify_segments(struct verify *v);
/* In slices, without a transaction while octets are read. */
ms_status verify_octets(struct verify *v);

#endif
