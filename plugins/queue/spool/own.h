/* SPDX-License-Identifier: ISC */
/*
 * own.h - bodies too large for a segment or a row: a file each
 *
 * Written and synced by the session that brought the body, several at once,
 * before the record that refers to it; so one large message does not hold
 * up the others' sync.  A file that no record came to name is swept at the
 * next start.
 */
#ifndef SPOOL_OWN_H
#define SPOOL_OWN_H

#include <mansio/queue.h>

#include "io.h"
#include "link.h"
#include "spool.h"

struct own_body {
	char     name[LINK_OWN_NAME];	/* "": in the record itself */
	uint64_t octets;
	uint32_t crc;
};

/* Puts the bodies above the threshold into files, once for each job, syncs
   them and their names; leaves their places in the jobs.  On failure none. */
ms_status own_prepare(const struct services *sv, struct run *run,
    uint64_t threshold, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct ms_error *err);
/* What prepare left in a PUT job; false: nothing. */
bool own_of_job(const struct ms_job_queue *job, struct own_body *out);
/* The job came to nothing. */
void own_discard(struct run *run, const struct ms_job_queue *job);
bool own_is_name(struct ms_str name);

#endif
