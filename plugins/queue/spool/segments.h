/* SPDX-License-Identifier: ISC */
/*
 * segments.h - the files of the spool: made, found, read, used again
 *
 * A dropped file goes to the folder of free ones: writing over blocks that
 * were written before needs no journal of the file system's, which halves
 * the time of a sync.  Where none is free, one is filled with zeros ahead,
 * 4 MiB at a time, once the open segment is a quarter full.
 */
#ifndef SPOOL_SEGMENTS_H
#define SPOOL_SEGMENTS_H

#include "run.h"

/* ---- under run->lock ---- */
struct segment *segments_find(struct run *run, uint64_t generation);
void segments_add(struct run *run, struct segment *seg);
/* Greater than all before, also when the clock was set back. */
uint64_t segments_new_generation(struct run *run);

/* A new one with its file (none for SEGMENT_MADE), in the table. */
ms_status segments_make(struct run *run, uint32_t kind,
    struct segment **seg_out, struct ms_error *err);
/* Opens what a former process left; head damaged: the row's key serves.
   MS_NOTFOUND: not a segment of that name. */
ms_status segments_open_file(struct run *run, struct segment *seg,
    bool has_key, struct ms_error *err);
int segments_folder(const struct run *run, uint32_t kind);

/* Keeps the file while it is read.  NULL: there is no such file (any more). */
struct segment *segments_hold(struct run *run, uint64_t generation);
void segments_release(struct run *run, struct segment *seg);

/* Under writer, not under lock: takes it from the table; its file is used
   again or unlinked.  The row says already that nothing refers to it.  False:
   somebody reads it now; later. */
bool segments_retire(struct run *run, struct segment *seg);
void segments_free(struct segment *seg);

/* Looks at the free files that are there, fills one more. */
ms_status segments_find_free(struct run *run, struct ms_error *err);
void segments_arm_spare(struct run *run);
ms_status segments_fill_spare(struct run *run, struct ms_error *err);

/* The record at an offset of a held segment: head and envelope, in the
   arena.  A checksum that does not hold is MS_TEMPFAIL. */
ms_status segments_read(struct segment *seg, uint64_t offset,
    struct ms_arena *arena, struct journal_record *head_out,
    struct envelope *envelope_out, struct ms_error *err);

#endif
