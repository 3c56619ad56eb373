/* SPDX-License-Identifier: ISC */
/*
 * survivors.h - frees segments from the few messages that are left in them
 *
 * One deferred message in each 16,000 would keep 64 MiB for days.  When a
 * segment is some minutes past its end and at most half of it is still
 * wanted, what is left is copied to segments of deferred mail, one for each
 * day of expiry, so that those end together.  Messages keep their ids; their
 * rows name the new place.
 *
 *	copy, fdatasync; one transaction for all new places; then the drop
 */
#ifndef SPOOL_SURVIVORS_H
#define SPOOL_SURVIVORS_H

#include "run.h"

struct survivors;

struct survivors *survivors_new(struct run *run);
void survivors_free(struct survivors *s);
/* Moves what is to be moved now. */
ms_status survivors_move(struct survivors *s, struct ms_error *err);

#endif
