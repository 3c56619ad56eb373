/* SPDX-License-Identifier: ISC */
/*
 * readers.h - watching read transactions that do not end
 *
 * A pinned reader lets the environment grow for as long as it lives.  Dead
 * ones are cleared; one that still reads the same state a minute later is
 * told of, with its process.
 */
#ifndef LMDB_READERS_H
#define LMDB_READERS_H

#include <stdint.h>

#include <mansio/scope.h>

#define READERS_WATCHED	64

struct shard;

struct readers {
	uint32_t n;
	struct reader {
		long     pid;
		uint64_t thread, txn;
	} seen[READERS_WATCHED];	/* at the last look; one task's alone */
};

/* Once a minute, in the writing process. */
void readers_look(struct shard *s, const struct ms_scope *scope);

#endif
