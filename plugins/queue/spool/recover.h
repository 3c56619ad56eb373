/* SPDX-License-Identifier: ISC */
/*
 * recover.h - what a former process left
 *
 * Each segment is walked from its cursor on; valid records count as accepted,
 * also those whose 250 never left.  Costs what is not done, not what there
 * is.  What no row and no record names is swept: spare files, bodies whose
 * record never came.
 */
#ifndef SPOOL_RECOVER_H
#define SPOOL_RECOVER_H

#include "run.h"

ms_status recover(struct run *run, struct ms_error *err);

#endif
