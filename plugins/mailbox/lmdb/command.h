/* SPDX-License-Identifier: ISC */
/* command.h - the verbs of mailbox-lmdb: store verify, stats, compact */
#ifndef LMDB_COMMAND_H
#define LMDB_COMMAND_H

#include <mansio/command.h>

const struct ms_verb *command_verbs(struct ms_instance *self);
ms_status command_run(struct ms_instance *self, const struct ms_scope *scope, uint32_t i,
    const struct ms_field *arguments, size_t n, struct ms_writer *output,
    struct ms_error *err);

#endif
