/* SPDX-License-Identifier: ISC */
/*
 * lock.h - how the lock files say where a member stands, for ever
 *
 * They are compiled in every build and never run.  Within one abi_major a
 * member keeps its offset and size; tables and open structs grow at their
 * ends, so they are only kept from shrinking.  A line of a lock is not changed
 * once a release had it; a member that is appended gets its line in a file
 * of the next minor version.  The figures are those of LP64 machines, the only
 * ones that are built for.
 */
#ifndef TEST_ABI_LOCK_H
#define TEST_ABI_LOCK_H

#include <stddef.h>

#include <mansio/base.h>

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "LP64 alone");
_Static_assert(MS_ABI_MAJOR == 1, "a lock of ABI 1");

/* A member: its offset and size. */
#define AT(type, member, offset, octets)				\
	_Static_assert(offsetof(struct type, member) == (offset) &&	\
	    sizeof(((struct type *)NULL)->member) == (octets),		\
	    "struct " #type "." #member " has moved")
/* A closed struct: all of it. */
#define ALL(type, octets)						\
	_Static_assert(sizeof(struct type) == (octets),			\
	    "struct " #type " is closed and has changed")
/* An open struct: it only grows. */
#define LEAST(type, octets)						\
	_Static_assert(sizeof(struct type) >= (octets),			\
	    "struct " #type " has shrunk")
/* A number of the contract. */
#define IS(name, value)							\
	_Static_assert((name) == (value), #name " has changed")

#endif
