/* SPDX-License-Identifier: ISC */
/*
 * thread.h - making threads of messages (RFC 5256 3.): pure
 *
 * A forest of nodes in one array.  Node i below n_entries is entry i; those
 * above are messages that others refer to and that are not there.  Nothing is
 * done by recursion: a thread may be as deep as there are messages.
 */
#ifndef IMAP_THREAD_H
#define IMAP_THREAD_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/buf.h>

#include "collect.h"

#define NO_NODE	UINT32_MAX

struct node {
	uint32_t parent;
	uint32_t first, next;	/* child, sibling */
	bool     is_gone;
};

struct forest {
	struct ms_arena    *arena;
	const struct entry *entries;
	uint32_t            n_entries;
	struct node        *nodes;
	uint32_t            n, room;
	uint32_t           *roots;	/* in order */
	uint32_t            n_roots;
};

/* False: more references than there may be. */
bool thread_references(struct forest *f, struct ms_arena *arena,
    const struct entry *entries, uint32_t n);
/* By subject alone.  The entries are sorted anew. */
void thread_ordered_subject(struct forest *f, struct ms_arena *arena,
    struct entry *entries, uint32_t n);
/* "(1 2 (3)(4 5))(6)" */
void thread_put(const struct forest *f, struct ms_buf *out);

#endif
