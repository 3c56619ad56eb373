/* SPDX-License-Identifier: ISC */
/*
 * batch.h - writes: jobs, each with its own result, committed together
 *
 * Every change to a mailbox backend or a queue is a job.  The core gathers
 * the jobs that wait for one shard, from all sessions, and hands them to
 * run() as one batch; a backend commits them as one transaction, or as many
 * as it needs.  What a job reports as MS_OK is durable when run() returns.
 * A caller with something to write does not call run() itself but either
 *
 *	the same run() of the table it was given: the core's, which gathers
 *	and blocks, or start() below: the same, to park on.
 *
 * Jobs are data, blob handles apart, so a batch can be run by a process that
 * alone may write the store.
 */
#ifndef MANSIO_BATCH_H
#define MANSIO_BATCH_H

#include <mansio/blob.h>
#include <mansio/op.h>
#include <mansio/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	/* This job and the next stand or fall together: either both are
	   durable or neither happened, and both have a status that says so.  A
	   chain is given only to one instance and for keys of one shard.  A
	   backend that can't refuses it (MS_UNSUPPORTED), having done nothing. */
	MS_JOB_JOINED = 1
};

/* The head of every job: first member of the structs in mailbox.h, queue.h.
   The head is closed; the jobs are open and `size` is the whole job's. */
struct ms_job {
	uint32_t      size;
	uint32_t      type;	/* numbers: mailbox 0x100.., queue 0x200.. */
	uint32_t      flags;	/* MS_JOB_... */
	ms_status     status;	/* out */
	struct ms_str key;	/* what is sharded by: the account, the message id */
	struct ms_error *error;	/* out; NULL: not wanted */
	struct ms_arena *arena;	/* for results; the submitter's, or, of jobs that
				   go to several shards, one that lives with the op */
	void         *reserved;
};

#define MS_JOB_REACHES(j, member)					\
	((j)->job.size >= offsetof(__typeof__(*(j)), member) +		\
	    sizeof((j)->member))

/* Interface: offered beside ms.mailbox/1 or ms.queue/1, by the same instance.
   One instance that offers both gets chains across the two, where an account
   and a queued message fall into one shard. */
#define MS_BATCH_ID "ms.batch/1"
struct ms_batch {
	uint32_t size;
	/* [any] How many shards, and whose a key is.  Constant from start(). */
	uint32_t (*shards)(struct ms_instance *);
	uint32_t (*shard_of)(struct ms_instance *, struct ms_str key);
	/* [worker] All jobs are of one shard, in the order they came.  Never two
	   at once for one shard within a process, all shards side by side.  A job that fails
	   harms no other that is not chained to it.  Calls nobody but the blob
	   service; blobs that the jobs refer to were synced before, by the core. */
	void (*run)(struct ms_instance *, const struct ms_scope *,
	    struct ms_job *const *jobs, size_t n);
	/* [worker] Names of blobs (blob.h) held by what is stored, ascending
	   after that one, at most limit: for sweep().  *n_out 0 at the end. */
	ms_status (*held)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str after, size_t limit, const struct ms_str **names_out,
	    size_t *n_out, struct ms_error *);
	/* [worker] Before run(), in the process that made the jobs: puts the
	   bodies that these jobs (all of one shard) bring where the backend keeps
	   them, once for each blob, and syncs them, once for all.  What it
	   leaves in `place` of the job (at most 64 octets, in the job's arena)
	   travels to run() instead of the blob handle.  Several calls may run at
	   once.  A negative status: none of the jobs is run.  NULL: nothing to
	   bring; run() then reads the blob itself. */
	ms_status (*prepare)(struct ms_instance *, const struct ms_scope *,
	    struct ms_job *const *jobs, size_t n, struct ms_error *);
};

/* Service. */
#define MS_COMMIT_ID "ms.commit/1"
struct ms_commit {
	uint32_t size;
	/* [worker] Gathers and runs; jobs stay untouched and alive until the op
	   has ended.  Its status is the worst of theirs. */
	struct ms_op *(*start)(const struct ms_scope *, struct ms_backend,
	    struct ms_job *const *jobs, size_t n);
};

#ifdef __cplusplus
}
#endif
#endif
