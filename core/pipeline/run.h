/* SPDX-License-Identifier: ISC */
/*
 * run.h - running the stages of a pipeline at one point
 *
 * Stages run in waves: in a wave stand those whose needs are met.  In a
 * wave those that only look at memory go first, one after the other, as a
 * refusal there spares the rest; the others run side by side on the filters'
 * threads.  Edits are applied after each wave in the order of the pipeline.
 * Where all stages of a point look at memory alone nothing changes threads.
 */
#ifndef CORE_PIPELINE_RUN_H
#define CORE_PIPELINE_RUN_H

#include "base/op.h"
#include "pipeline/message.h"
#include "pipeline/stage.h"
#include "pipeline/verdict.h"

/* The filters' threads. */
void run_start(unsigned threads);
void run_stop(void);

/* The op's payload is a struct outcome, its kind run_kind. */
extern const int run_kind;
struct ms_op *run_point(const struct ms_scope *scope, struct pipeline *pipeline,
    struct ms_session *session, struct ms_message *message, uint32_t at,
    uint32_t recipient);

#endif
