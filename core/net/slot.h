/* SPDX-License-Identifier: ISC */
/*
 * slot.h - who may run a session, and waking one that may be gone
 *
 * A session is run by one worker or lies parked.  What wakes it (its socket,
 * its deadline, an op, an event, the server's end) comes from any thread and
 * can come at the same moment, or after the session has ended.  So it is
 * named by a handle: a place in a table that stays, and the place's
 * generation.  One atomic word a place holds generation, whether the session
 * is parked, and the reasons noted since it was run last: whoever takes
 * "parked" out of the word owns the session until it is parked again.
 */
#ifndef CORE_NET_SLOT_H
#define CORE_NET_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <mansio/base.h>

enum {
	WAKE_READY  = 1 << 0,	/* the socket can be read, written, or broke */
	WAKE_TIME   = 1 << 1,
	WAKE_OP     = 1 << 2,
	WAKE_EVENT  = 1 << 3,
	WAKE_RETIRE = 1 << 4,
	WAKE_KILL   = 1 << 5
};

/* Room for so many sessions at once. */
ms_status slots_start(uint32_t max, struct ms_error *err);
void slots_stop(void);

/* The caller owns the session.  0: no place is free. */
uint64_t slot_take(struct ms_session *s);
/* The session ends; wakes for this handle do nothing from now on. */
void slot_give_back(uint64_t handle);

/* Notes the reason.  Returns the session if it was parked: the caller owns
   it now.  NULL: who runs it will see the reason, or it is gone. */
struct ms_session *slot_wake(uint64_t handle, uint32_t reason);
/* The reasons noted since the last call; owner only. */
uint32_t slot_reasons(uint64_t handle);
/* Parks it, unless a reason was noted: false, and the owner goes on.  Events
   wake it only if it waits for them.  After true the session is no longer the
   caller's. */
bool slot_park(uint64_t handle, bool wants_events);
/* Calls each(handle) for all that are taken. */
void slots_each(void (*each)(uint64_t handle));

#endif
