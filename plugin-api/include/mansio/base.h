/* SPDX-License-Identifier: ISC */
/*
 * base.h - what every other header of the contract stands on
 *
 * Text, results, errors, identifiers, and the rules that all tables obey.
 *
 * Growth.  A struct whose first member is `size` is OPEN: it grows at its end
 * and never changes otherwise.  Whoever provides its memory sets size =
 * sizeof(it); nobody reads or writes a member beyond it (MS_HAS, MS_REACHES).
 * Open structs stand neither in arrays nor in other structs: pointers do.
 * A struct without `size` is CLOSED: it stays as it is for ever.  Members
 * named reserved and unknown flag bits are 0.
 *
 * Statuses.  Any function may return MS_TEMPFAIL, MS_INVALID (a programmer's
 * mistake) and, in a cancelled scope, MS_CANCELLED; others are named where they
 * have a meaning.  Outputs are written on MS_OK only.
 *
 * Thread marks, on every function pointer (a comment also speaks for
 * functions that follow it without one):
 *	[main]    the thread that loaded the plugin; must not block long
 *	[worker]  any worker thread; may block; several at once
 *	[step]    the worker that runs a step of that very session or
 *	          handover; may block, like [worker], but never two at once
 *	[any]     any thread, at any time, without blocking
 *
 * Ownership.  A struct ms_str, a pointer to const and whatever they reach
 * are lent until the call returns.  What a function writes through an _out
 * pointer lives in the arena of the scope it was given, unless its comment
 * says otherwise.  Handles are released by the table that gave them.
 *
 * Units stand in the name: _us is microseconds, _octets is octets.  A time
 * of day counts microseconds since 1970-01-01 UTC; a steady time, used for
 * deadlines, has no meaning but its differences.
 */
#ifndef MANSIO_BASE_H
#define MANSIO_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_ABI_MAJOR	1	/* differs: the core refuses the plugin */
#define MS_ABI_MINOR	0	/* grows with each appended member      */

/* Does an open struct reach to this member?  For members that are data. */
#define MS_REACHES(s, member)						\
	((s)->size >= offsetof(__typeof__(*(s)), member) +		\
	    sizeof((s)->member))

/* The same for a function: is it there to be called? */
#define MS_HAS(table, member)						\
	(MS_REACHES(table, member) && (table)->member != NULL)

/* Text or octets that are lent, not owned; not NUL-terminated. */
struct ms_str {
	const char *data;
	size_t      len;
};

/* A string literal as a struct ms_str, also in initialisers. */
#define MS_STR(literal)	{ (literal), sizeof(literal) - 1 }

static inline struct ms_str
ms_str_of(const char *data, size_t len)
{
	struct ms_str s = { data, len };

	return s;
}

/*
 * Results.  A negative status that the reader does not know is read as
 * MS_TEMPFAIL: late mail is an annoyance, lost mail a scandal.
 */
typedef int32_t ms_status;
enum {
	MS_OK          =  0,
	MS_TEMPFAIL    = -1,	/* try again later: 4xx */
	MS_PERMFAIL    = -2,	/* never retry: 5xx     */
	MS_NOTFOUND    = -3,	/* no such user, mailbox, name; end of data */
	MS_INVALID     = -4,	/* bad configuration or argument */
	MS_UNSUPPORTED = -5,	/* not offered: the caller finds another way */
	MS_EXISTS      = -6,	/* the name is taken: RFC 9051 ALREADYEXISTS */
	MS_DENIED      = -7,	/* no right to: RFC 9051 NOPERM, AUTHENTICATIONFAILED */
	MS_CONFLICT    = -8,	/* a condition did not hold: RFC 7162 MODIFIED */
	MS_LIMIT       = -9,	/* larger or more than allowed: TOOBIG, LIMIT */
	MS_OVERQUOTA   = -10,	/* RFC 9208 OVERQUOTA, 4.2.2 */
	MS_BUSY        = -11,	/* a lane is full, a lock is held: soon again */
	MS_CANCELLED   = -12	/* nobody waits for the result any more */
};

/* Filled by whoever returns a negative ms_status; the caller owns it. */
struct ms_error {
	uint32_t size;
	char     enhanced[12];	/* RFC 3463 code, "4.3.0", or "" */
	char     text[240];	/* one line of UTF-8, for log and reply */
};

/* 128 random or derived bits: object ids (RFC 8474), delivery ids.  Closed. */
struct ms_id {
	uint8_t octets[16];
};

/* One named value.  Closed.  Names are lower-case words with dots. */
struct ms_field {
	struct ms_str name;
	struct ms_str value;
};

struct ms_instance;	/* defined by each plugin; the core never looks in */
struct ms_host;		/* plugin.h */
struct ms_config;	/* config.h */
struct ms_scope;	/* scope.h */
struct ms_arena;	/* scope.h */
struct ms_op;		/* op.h */
struct ms_facts;	/* facts.h */
struct ms_blob;		/* blob.h */
struct ms_message;	/* message.h */
struct ms_session;	/* session.h */

#ifdef __cplusplus
}
#endif
#endif
