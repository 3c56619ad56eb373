/* SPDX-License-Identifier: ISC */
/*
 * scope.h - the core's side of struct ms_scope, and who owns handles
 *
 * Every scope that the core hands out stands in a struct scope.  An owner is
 * what handles end with: a session, a handover, a task.  Ops, writers and
 * messages begun with a scope join its owner and are given up with it.
 */
#ifndef CORE_BASE_SCOPE_H
#define CORE_BASE_SCOPE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <mansio/scope.h>

/* What belongs to an owner.  `give_up` is called once, by owner_fini(), with
   no lock held; owner_leave() before it means that it is never called. */
struct owned {
	struct owned  *next, **back;	/* back NULL: in no list */
	void         (*give_up)(struct owned *);
};

struct owner {
	pthread_mutex_t lock;		/* guards the list */
	struct owned   *first;
	atomic_bool     cancelled;
};

void owner_init(struct owner *o);
/* Gives up all that is left, in no order. */
void owner_fini(struct owner *o);
void owner_cancel(struct owner *o);
/* owner NULL: belongs to nobody, nothing happens. */
void owner_join(struct owner *o, struct owned *x);
/* False: it is being given up at this moment by another thread. */
bool owner_leave(struct owner *o, struct owned *x);

struct scope {
	struct ms_scope pub;		/* first */
	struct owner   *owner;		/* NULL: none */
};

/* arena, id and host are lent for the scope's life. */
void scope_init(struct scope *s, struct owner *owner, struct ms_str id,
    struct ms_arena *arena, const struct ms_host *host, int64_t deadline_us);
/* NULL if the scope is not one of ours (a test's). */
struct owner *scope_owner(const struct ms_scope *s);

/* A new log id: 12 characters of [0-9a-z], unique on this host.  out has 16
   octets of room. */
struct ms_str scope_new_id(char out[16]);

/* Service ms.scope/1. */
extern const struct ms_scope_api scope_service;

#endif
