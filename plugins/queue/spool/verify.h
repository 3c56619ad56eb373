/* SPDX-License-Identifier: ISC */
/*
 * verify.h - `mansio spool verify` and `mansio spool status`
 *
 * verify reads each segment from its cursor to its end and each registered
 * message at its place, bodies included, and recounts what the rows count;
 * one JSON object for each thing that is wrong, and a last one that sums up.
 * Works beside a running spool: counts are compared at one moment, and what
 * is finished meanwhile is no damage.
 */
#ifndef SPOOL_VERIFY_H
#define SPOOL_VERIFY_H

#include <mansio/command.h>

const struct ms_verb *verify_verbs(struct ms_instance *self);
/* MS_PERMFAIL: something is damaged. */
ms_status verify_run(struct ms_instance *self, const struct ms_scope *scope,
    uint32_t i, const struct ms_field *arguments, size_t n,
    struct ms_writer *output, struct ms_error *err);

#endif
