/* SPDX-License-Identifier: ISC */
/* tasks.h - work that time brings, through ms.tasks/1 */
#ifndef LMDB_TASKS_H
#define LMDB_TASKS_H

#include "shard.h"

void tasks_begin(struct ms_instance *self);
void tasks_end(struct ms_instance *self);
ms_status tasks_run(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_task *task, struct ms_error *err);

#endif
