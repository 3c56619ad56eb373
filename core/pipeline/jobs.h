/* SPDX-License-Identifier: ISC */
/*
 * jobs.h - mailbox jobs as octets
 *
 * Writes to mailboxes are data and cross a process border: a request holds
 * the jobs of one group for one shard, an answer their results.  One process
 * or many, this is the way they go.  A request names bodies by the place that
 * prepare() left, never by a handle.  Both decoders check all they read; what
 * they cannot read harms only the group.
 */
#ifndef CORE_PIPELINE_JOBS_H
#define CORE_PIPELINE_JOBS_H

#include <mansio/arena.h>
#include <mansio/mailbox.h>
#include <mansio/pack.h>

#define JOBS_MAX_REQUEST	(32 * 1024 * 1024)
#define JOBS_MAX_GROUP		1024	/* jobs */

/* MS_UNSUPPORTED: a type that this core does not know. */
ms_status jobs_encode_request(struct ms_job *const *jobs, size_t n,
    struct ms_buf *out, struct ms_error *err);
/* Fresh jobs in the arena, with errors and arena set. */
ms_status jobs_decode_request(struct ms_str request, struct ms_arena *arena,
    struct ms_job ***jobs_out, size_t *n_out, struct ms_error *err);
void jobs_encode_answer(struct ms_job *const *jobs, size_t n,
    struct ms_buf *out);
/* Into the jobs that were asked; their results in each one's own arena.  A
   damaged answer: MS_TEMPFAIL, and that is their status too. */
ms_status jobs_decode_answer(struct ms_str answer, struct ms_job *const *jobs,
    size_t n, struct ms_error *err);

/* For the two files of this. */
void jobs_pack_uids(struct ms_buf *b, struct ms_uids u);

#endif
