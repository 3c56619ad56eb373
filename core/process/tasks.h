/* SPDX-License-Identifier: ISC */
/*
 * tasks.h - work of plugins that no session asked for: ms.timer/1 and ms.bus/1
 *
 * A task is an instance and a number; it comes back through the instance's
 * ms.tasks/1, on a thread of the tasks' own, never the same number twice at
 * once.  Events that come while their task runs are kept, the latest of each
 * topic, up to a bound.
 */
#ifndef CORE_PROCESS_TASKS_H
#define CORE_PROCESS_TASKS_H

#include <mansio/bus.h>
#include <mansio/task.h>

void tasks_start(void);
/* No task runs or comes after it. */
void tasks_stop(void);

extern const struct ms_timer timer_service;
extern const struct ms_bus bus_service;

#endif
