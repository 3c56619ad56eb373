/* SPDX-License-Identifier: ISC */
/*
 * states.h - what filters keep for a connection (filter.h, look->state)
 *
 * One slot a stage, made at its first call; forget() is called for each when
 * the connection is over and no call is under way any more.
 */
#ifndef CORE_PIPELINE_STATES_H
#define CORE_PIPELINE_STATES_H

#include "net/net.h"
#include "pipeline/stage.h"

struct states;
struct state_slot {
	struct state_slot *next;
	struct stage      *stage;
	void              *state;	/* the filter's */
	bool               is_busy;
};

/* The connection's, made if need be; one holder more. */
struct states *states_hold(struct ms_session *session);
/* How many messages began on this connection, this one included. */
uint32_t states_next_message(struct ms_session *session);
void states_release(struct states *s);		/* accepts NULL */
/* The stage's slot, for one call; NULL: another call is still inside. */
struct state_slot *states_enter(struct states *s, struct stage *stage);
void states_leave(struct states *s, struct state_slot *slot);

#endif
