/* SPDX-License-Identifier: ISC */
/*
 * jobs.h - what each type of job does, within the transaction of its batch
 *
 * Each looks at everything that can be refused before its first write, so
 * that a job which fails has mostly written nothing; run.c undoes the rest.
 */
#ifndef LMDB_JOBS_H
#define LMDB_JOBS_H

#include <mansio/mailbox.h>

#include "db.h"

/* Rule 11: what a transaction can hold. */
#define JOB_MAX_MESSAGES	100000

ms_status job_box_create(struct db_txn *t, struct ms_job_box *job);
ms_status job_box_change(struct db_txn *t, struct ms_job_box *job);
ms_status job_box_delete(struct db_txn *t, struct ms_job_box *job);
ms_status job_append(struct db_txn *t, struct ms_job_append *job);
ms_status job_store(struct db_txn *t, struct ms_job_store *job);
ms_status job_expunge(struct db_txn *t, struct ms_job_expunge *job);
ms_status job_copy(struct db_txn *t, struct ms_job_copy *job);
ms_status job_restore(struct db_txn *t, struct ms_job_copy *job);
ms_status job_mark(struct db_txn *t, struct ms_job_mark *job);
ms_status job_property(struct db_txn *t, struct ms_job_property *job);

/* In transactions of its own, in every shard. */
ms_status job_forget(struct ms_instance *self, const struct ms_job_forget *job);

#endif
