/* SPDX-License-Identifier: ISC */
/*
 * properties.h - properties of mailboxes and accounts
 *
 * A removed one leaves its row behind, marked, so that a change can be told.
 * Those of mailboxes also stand in an index by their name, which finds the
 * accounts that share something.
 */
#ifndef LMDB_PROPERTIES_H
#define LMDB_PROPERTIES_H

#include "db.h"
#include "record.h"

/* All of a mailbox that is being deleted. */
ms_status properties_drop(struct db_txn *t, struct account *a, const struct ms_id *box);
uint64_t property_hash(const struct db_txn *t, struct ms_str name);

#endif
