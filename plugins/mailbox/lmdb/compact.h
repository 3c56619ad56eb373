/* SPDX-License-Identifier: ISC */
/*
 * compact.h - copying what lives out of segments that are mostly dead
 *
 * Copy, commit, wait, unlink.  Whatever step is the last one before a crash:
 * each body has one place that its row names and that is whole.  See
 * storage.md 8 for the steps and what the next start does after each.
 */
#ifndef LMDB_COMPACT_H
#define LMDB_COMPACT_H

#include "segments.h"

/* The oldest segments of the shard with less than half of them living, into
   one; *octets_out: how much was copied, 0: there was none. */
ms_status compact_some(struct shard *s, const struct ms_scope *scope, uint64_t *octets_out,
    struct ms_error *err);

#endif
