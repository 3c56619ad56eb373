/* SPDX-License-Identifier: ISC */
/* session.c - a session's memory, and what the rooms on the right see of it */
#include "net/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "base/op.h"
#include "net/limits.h"
#include "net/listener.h"
#include "net/parker.h"
#include "net/slot.h"
#include "net/tls_session.h"
#include "net/watch.h"
#include "net/worker.h"

struct ms_session *
session_new(struct door *door, int fd)
{
	struct ms_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->handle = slot_take(s);
	if (s->handle == 0) {
		free(s);
		return NULL;
	}
	s->fd = fd;
	s->door = door;
	s->phase = PHASE_START;
	owner_init(&s->owner);
	scope_init(&s->scope, &s->owner, scope_new_id(s->id),
	    ms_arena_new(NET_ARENA_STRANGER), door->section->pub.host, 0);
	s->facts = facts_new(door->section->facts);
	alarm_init(&s->alarm);
	return s;
}

void
session_free(struct ms_session *s)
{
	struct section *section = s->door->section;

	life_close(s);
	if (s->extra != NULL && s->free_extra != NULL)
		s->free_extra(s->extra);
	watches_free(s);
	if (s->tls_op != NULL)
		op_finish(s->tls_op, MS_CANCELLED, NULL);
	owner_fini(&s->owner);
	body_free(s->body);
	output_drop(s);
	tls_free(s->tls);
	tls_free(s->tls_next);
	alarm_clear(s);
	slot_give_back(s->handle);
	close(s->fd);
	clients_leave(s->client);
	facts_free(s->facts);
	ms_arena_free(s->scope.pub.arena);
	if (s->hand_over != NULL)
		free(s->hand_over->account);
	free(s->hand_over);
	free(s->account);
	free(s->in);
	if (log_wants(MS_LOG_DEBUG))
		log_printf(&s->scope.pub, MS_LOG_DEBUG, "disconnected");
	limits_leave(section, s->counted_over);
	free(s);
}

void
session_end(struct ms_session *s)
{
	if (s->phase < PHASE_DRAIN) {
		s->phase = PHASE_DRAIN;
		s->output_until_us = 0;
	}
}

void
session_cut(struct ms_session *s)
{
	s->broken = true;
	s->phase = PHASE_LINGER;
	output_drop(s);
}

/* ---- for the rooms on the right ---- */

const struct ms_scope *
session_scope(const struct ms_session *s)
{
	return &s->scope.pub;
}

struct ms_facts *
session_facts(struct ms_session *s)
{
	return s->facts;
}

const struct net_listener *
session_listener(const struct ms_session *s)
{
	return s->door->section->given;
}

struct ms_str
session_account(const struct ms_session *s)
{
	return ms_str_c(s->account != NULL ? s->account : "");
}

bool
session_has_tls(const struct ms_session *s)
{
	return s->tls != NULL && s->phase != PHASE_HANDSHAKE &&
	    s->phase != PHASE_STARTTLS;
}

void *
session_extra(const struct ms_session *s)
{
	return s->extra;
}

void
session_set_extra(struct ms_session *s, void *extra,
    void (*free_extra)(void *))
{
	s->extra = extra;
	s->free_extra = free_extra;
}

ms_status
session_channel_binding(struct ms_session *s, struct ms_str type,
    struct ms_str *binding_out, struct ms_error *err)
{
	if (!session_has_tls(s))
		return ms_error_set(err, MS_UNSUPPORTED, "",
		    "no channel binding without TLS");
	return tls_channel_binding(s->tls, type, s->scope.pub.arena,
	    binding_out, err);
}
