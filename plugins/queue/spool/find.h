/* SPDX-License-Identifier: ISC */
/*
 * find.h - parts a page at a time, and a message with its body
 *
 * Pure reads.  A page is gathered in rounds: first the tails are looked at,
 * then a reading transaction is opened.  A message that got rows in between is
 * seen in the rows, as these go first; one that got them before is not in the
 * tails.  So none is missed; one that finishes meanwhile may still be shown,
 * and message() then says that it is done.
 */
#ifndef SPOOL_FIND_H
#define SPOOL_FIND_H

#include <mansio/queue.h>

#include "run.h"

ms_status find_parts(struct run *run, const struct ms_scope *scope,
    const struct ms_queue_look *look, struct ms_parts *out,
    struct ms_error *err);
ms_status find_message(struct run *run, const struct ms_scope *scope,
    const struct ms_id *id, struct ms_str *record_out,
    struct ms_blob **body_out, struct ms_error *err);

#endif
