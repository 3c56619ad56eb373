/* SPDX-License-Identifier: ISC */
/*
 * message.h - putting messages into a mailbox and taking them out
 *
 * What APPEND, COPY, RESTORE and EXPUNGE have in common.  These change rows
 * of the message and the counters of the records in memory; whoever calls
 * saves the records of account and mailbox at the end, once.
 */
#ifndef LMDB_MESSAGE_H
#define LMDB_MESSAGE_H

#include "box.h"
#include "chunks.h"
#include "keywords.h"
#include "uids.h"

/* RFC 3501 has UIDs of 32 bits; the last two values mean something here. */
#define UID_LAST	(UINT32_MAX - 2)

/* Adds a message with that UID (0: the next one).  mail: the reference to the
   blob is the caller's; email_id zero: made.  *uid_out: the UID. */
ms_status message_insert(struct db_txn *t, struct account *a, struct box *b,
    struct chunk_tail *tail, uint32_t uid, uint64_t modseq, const struct flagset *flags,
    const struct mail *mail, uint32_t *uid_out);

/* The mail row; what it reaches is lent until the next write. */
ms_status mail_find(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    struct mail *out);
ms_status mail_put(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    const struct mail *m);

enum {
	MESSAGE_TO_TRASH = 1,	/* can be restored for a while */
	MESSAGE_FOR_EVER,	/* with its reference to the blob */
	MESSAGE_MOVED		/* the reference went elsewhere */
};

/* Takes it out; the entry in the chunk is the caller's to remove. */
ms_status message_remove(struct db_txn *t, struct account *a, struct box *b,
    const struct entry *e, uint64_t modseq, uint32_t how);

/* Takes out all of the set (n 0: all there are; only_deleted: of those), also
   their entries, and remembers them as vanished.  *modseq: 0 until something is
   taken out and none was wanted; then the account's next one. */
ms_status messages_expunge(struct db_txn *t, struct account *a, struct box *b,
    struct ms_uids uids, bool only_deleted, uint32_t how, uint64_t *modseq,
    struct uid_list *gone);
/* How many there are of the set, counted up to a little above `limit`. */
ms_status messages_count(struct db_txn *t, const struct box *b, struct ms_uids uids,
    bool only_deleted, uint64_t limit, uint64_t *count_out);

/* Remembers UIDs as vanished with that modseq, and forgets what is too old. */
ms_status gone_add(struct db_txn *t, struct box *b, uint64_t modseq, struct ms_uids uids);
/* Is it remembered as vanished? */
ms_status gone_has(struct db_txn *t, const struct box *b, uint32_t uid, bool *out);

/* ---- expunged messages ---- */

#define DAY_US	INT64_C(86400000000)

static inline uint32_t
day_of(int64_t time_us)
{
	return time_us > 0 ? (uint32_t)(time_us / DAY_US) : 0;
}

/* The newest expunged message with that UID, and the day under which it
   lies; lent until the next write. */
ms_status trash_find(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    uint32_t *day_out, struct trash *out);
ms_status trash_remove(struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid,
    uint32_t day);

struct trash_place {
	uint32_t uid, day;
};

/* Those of a mailbox (n 0: all), by UID, in the arena. */
ms_status trash_list(struct db_txn *t, uint32_t account, uint32_t box, struct ms_uids uids,
    struct trash_place **places_out, size_t *n_out);

#endif
