/* SPDX-License-Identifier: ISC */
/* run.h - a batch of jobs of one shard: batch.h, run() */
#ifndef LMDB_RUN_H
#define LMDB_RUN_H

#include <mansio/batch.h>

#include "shard.h"

void run_jobs(struct shard *s, const struct ms_scope *scope, struct ms_job *const *jobs,
    size_t n);

#endif
