/* SPDX-License-Identifier: ISC */
/*
 * submit.h - the service ms.pipeline/1: begin, run, submit
 */
#ifndef CORE_PIPELINE_SUBMIT_H
#define CORE_PIPELINE_SUBMIT_H

#include <mansio/pipeline.h>

struct front;

/* The queue that takes what is submitted. */
void submit_start(struct front *queue);

/* Service ms.pipeline/1. */
extern const struct ms_pipeline pipeline_service;

#endif
