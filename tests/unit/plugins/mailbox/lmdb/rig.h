/* SPDX-License-Identifier: ISC */
/* rig.h - a store of mailbox-lmdb for tests that look below its interfaces */
#ifndef TEST_LMDB_RIG_H
#define TEST_LMDB_RIG_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <lmdb.h>

#include "suite.h"

extern struct suite rig;

/* For TestSuite: an empty store with one shard and small segments, clock at
   the first of January. */
void rig_begin(void);
void rig_end(void);

/* Runs `store verify` and gives its output; the status into *st_out. */
const char *rig_verify(const char *options, ms_status *st_out);
void rig_must_verify(void);
/* Time passes in steps of a minute or more, with what upkeep it brings. */
void rig_pass(int64_t us, int steps);

/* How many files of segments the shard has. */
unsigned rig_segments(void);
/* Path below the store's directory. */
const char *rig_path(const char *name);

/* Changes a row of the stopped store's only shard: gives a copy of its value,
   and puts back what change() made of it; NULL: deletes the row. */
void rig_change_first(const char *table, void (*change)(MDB_val *key, MDB_val *value));

#define MINUTE	INT64_C(60000000)
#define DAY	(24 * 60 * MINUTE)

#endif
