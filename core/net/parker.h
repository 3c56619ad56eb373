/* SPDX-License-Identifier: ISC */
/*
 * parker.h - threads that accept connections and watch deadlines
 *
 * No plugin's code and no peer's octet is seen here.  A deadline that moves
 * later, as nearly all do with each step, costs one store: the heap keeps the
 * earlier time and looks again when it comes.
 */
#ifndef CORE_NET_PARKER_H
#define CORE_NET_PARKER_H

#include <stdint.h>

#include <mansio/base.h>

struct alarm;
struct door;

ms_status parkers_start(unsigned n, struct ms_error *err);
void parkers_stop(void);

/* Lets the first one look around: at the workers (worker.h). */
void parkers_ring(void);

/* Accepts there from now on. */
ms_status parkers_add(struct door *door, struct ms_error *err);
void parkers_remove(struct door *door);

void alarm_init(struct alarm *a);
/* The session is woken at that time; owner only. */
void alarm_set(struct ms_session *s, int64_t due_us);
void alarm_clear(struct ms_session *s);

#endif
