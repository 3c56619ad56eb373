/* SPDX-License-Identifier: ISC */
/* upkeep.h - what time does to a shard: expunged and deleted mail goes */
#ifndef LMDB_UPKEEP_H
#define LMDB_UPKEEP_H

#include "db.h"

/* Expunged messages older than the retention time, and mailboxes that were
   deleted before it, in slices between which other work gets its turn. */
ms_status upkeep_expire(struct shard *s, const struct ms_scope *scope, struct ms_error *err);

#endif
