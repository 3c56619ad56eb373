/* SPDX-License-Identifier: ISC */
/*
 * heal.h - after a failed transaction
 *
 * A full map is grown.  After a failed commit nobody knows what reached the
 * disk: the environment is opened anew, and memory is set right by its rows.
 * Under run->writer, with no transaction open.
 */
#ifndef SPOOL_HEAL_H
#define SPOOL_HEAL_H

#include "run.h"

/* True: nothing of it reached the disk, and now it fits; try once more. */
bool heal(struct run *run);

#endif
