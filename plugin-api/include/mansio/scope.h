/* SPDX-License-Identifier: ISC */
/*
 * scope.h - on whose behalf a call runs, until when, and in which memory
 *
 * Every call that may block or log carries a scope.  It is plain data, so
 * that a mock host or a proxy in another process can make one.
 *
 * Memory and handles end at different times.  What comes from a scope's
 * arena ends with the arena: for a step, a filter call, a task when it
 * returns; for a session or handover with that.  Handles begun with the scope
 * of a step (ops, writers, messages) belong to its session, and are given up
 * with it at the latest.
 *
 * struct ms_arena is libmansio's (arena.h), of which a process has one copy:
 * who links it may call its functions on any scope's arena; who does not
 * has the table below.
 */
#ifndef MANSIO_SCOPE_H
#define MANSIO_SCOPE_H

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	/* `mansio explain`: judge, but leave no trace behind: no greylist
	   entry, no counter, no training, no report. */
	MS_SCOPE_DRY    = 1,
	/* Nothing will follow from the result: a shadowed stage. */
	MS_SCOPE_SHADOW = 2
};

struct ms_scope {
	uint32_t         size;
	uint32_t         flags;
	/* One id from connect to mailbox: in each log line, in the reply
	   that accepts the message, in the trace. */
	struct ms_str    id;
	/* Steady time, clock.h; 0: none.  Past it the result is late and
	   treated as MS_TEMPFAIL, so a blocking call gives up by then. */
	int64_t          deadline_us;
	struct ms_arena *arena;
	const struct ms_host *host;
};

#define MS_SCOPE_ID "ms.scope/1"
struct ms_scope_api {
	uint32_t size;
	/* [any, but one thread at a time for one arena] Zeroed octets, aligned
	   for any type, freed with the arena.  Never NULL.  Past its budget an
	   arena still serves, and its session, call or message is ended when
	   the plugin returns.  Sizes that a peer controls are checked before. */
	void *(*alloc)(struct ms_arena *, size_t octets);
	/* [any] An arena of one's own within that of a session: a command, a job
	   that is parked on.  budget_octets is part of the session's. */
	struct ms_arena *(*arena_new)(const struct ms_scope *,
	    size_t budget_octets);
	/* [any] Empties it for the next command; free also gives it back.  Both
	   accept NULL. */
	void (*arena_reset)(struct ms_arena *);
	void (*arena_free)(struct ms_arena *);
	/* [any] 1 once nobody waits for the result: return MS_CANCELLED. */
	uint32_t (*is_cancelled)(const struct ms_scope *);
};

#ifdef __cplusplus
}
#endif
#endif
