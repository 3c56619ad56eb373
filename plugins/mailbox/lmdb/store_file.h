/* SPDX-License-Identifier: ISC */
/*
 * store_file.h - what was fixed when the store was made
 *
 * DIR/store, a few lines of text: format, number of shards, the store's id.
 * Accounts are spread by a hash under that id, so none of it may change.
 */
#ifndef LMDB_STORE_FILE_H
#define LMDB_STORE_FILE_H

#include "shard.h"

/* Reads it into the instance, or makes it if this process writes.  wanted: the
   number of shards by the config, 0: any. */
ms_status store_file_open(struct ms_instance *self, uint32_t wanted, struct ms_error *err);

#endif
