/* SPDX-License-Identifier: ISC */
/*
 * task.h - work that no session asked for: timers, jobs aside, bus events
 *
 * A plugin never hands out a function pointer to be called later.  It names
 * a task by a number and gets it back through its own interface, one door
 * for all: therefore everything here works across processes.
 */
#ifndef MANSIO_TASK_H
#define MANSIO_TASK_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MS_TASK_DUE = 1, MS_TASK_EVENT };

struct ms_task {
	uint32_t      size;
	uint32_t      came;	/* MS_TASK_... */
	uint64_t      number;	/* the plugin's */
	struct ms_str topic;	/* EVENT: what was published */
	struct ms_str data;	/* EVENT: payload; DUE: what run_at was given */
};

/* Interface: offered by a plugin that uses any of the services below. */
#define MS_TASKS_ID "ms.tasks/1"
struct ms_tasks {
	uint32_t size;
	/* [worker] Runs one.  The same number never twice at once; other
	   numbers do run side by side.  A failure is logged and counted. */
	ms_status (*run)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_task *, struct ms_error *);
};

/* Service: timers, and work set aside for another worker. */
#define MS_TIMER_ID "ms.timer/1"
struct ms_timer {
	uint32_t size;
	/* [any] Runs task `number` once after so many us; 0: as soon as a
	   worker is free (offload).  Armed again: the earlier time is
	   forgotten.  data is copied, at most 4 KiB.  Spread on purpose by up
	   to a tenth of after_us when jitter is 1. */
	void (*run_at)(const struct ms_host *, uint64_t number, int64_t after_us,
	    uint32_t jitter, struct ms_str data);
	/* [any] */
	void (*cancel)(const struct ms_host *, uint64_t number);
};

#ifdef __cplusplus
}
#endif
#endif
