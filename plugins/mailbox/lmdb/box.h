/* SPDX-License-Identifier: ISC */
/*
 * box.h - the records of accounts and mailboxes in a transaction
 *
 * What is loaded is a copy in the transaction's arena and stays valid while
 * rows are written.
 */
#ifndef LMDB_BOX_H
#define LMDB_BOX_H

#include "db.h"
#include "record.h"

ms_status account_load(struct db_txn *t, uint32_t number, struct account *out);
/* MS_NOTFOUND: no such account. */
ms_status account_find(struct db_txn *t, struct ms_str name, struct account *out);
ms_status account_save(struct db_txn *t, const struct account *a);

/* The next modseq, or the one that is wanted (0: none), which then counts as
   given. */
uint64_t account_modseq(struct account *a, uint64_t wanted);

ms_status box_load(struct db_txn *t, uint32_t account, uint32_t number, struct box *out);
/* Its number alone, without reading the record. */
ms_status box_number(struct db_txn *t, uint32_t account, const struct ms_id *id,
    uint32_t *number_out);
/* By id.  MS_NOTFOUND: unknown; box_find_living() also if it is deleted or a
   name alone. */
ms_status box_find(struct db_txn *t, uint32_t account, const struct ms_id *id,
    struct box *out);
ms_status box_find_living(struct db_txn *t, uint32_t account, const struct ms_id *id,
    struct box *out);
ms_status box_save(struct db_txn *t, const struct box *b);

/* All of an account, also deleted ones, by number, in the arena. */
ms_status box_list(struct db_txn *t, uint32_t account, struct box **boxes_out,
    size_t *n_out);

/* Account and mailbox of a job. */
ms_status box_of_job(struct db_txn *t, struct ms_str account_name, const struct ms_id *id,
    struct account *account_out, struct box *box_out);

/* Seeks the unseen message with the lowest UID from `from` on. */
ms_status box_find_unseen(struct db_txn *t, struct box *b, uint32_t from);

/* Was the email id made for the message at that very place? */
struct ms_id email_id_of(const struct db_txn *t, uint32_t account, uint32_t box, uint32_t uid);
/* The place that such an id speaks of, if it is one of ours. */
bool email_id_place(const struct db_txn *t, uint32_t account, const struct ms_id *id,
    uint32_t *box_out, uint32_t *uid_out);

static inline bool
id_is_zero(const struct ms_id *id)
{
	static const struct ms_id zero;

	return memcmp(id, &zero, sizeof(zero)) == 0;
}

static inline bool
id_equal(const struct ms_id *a, const struct ms_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

#endif
