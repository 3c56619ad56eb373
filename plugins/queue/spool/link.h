/* SPDX-License-Identifier: ISC */
/*
 * link.h - what the accepting half asks of the running half, and tells it
 *
 * A few calls, all with plain data and descriptors, so that a channel between
 * two processes can stand in for them.
 */
#ifndef SPOOL_LINK_H
#define SPOOL_LINK_H

#include "journal.h"
#include "tail.h"

struct run;

struct link_segment {
	int      fd;		/* the running half's; for writing */
	uint64_t generation, octets;
	uint8_t  key[JOURNAL_KEY_OCTETS];
};

/* A fresh segment: head written, name durable. */
ms_status link_open_segment(struct run *run, struct link_segment *out,
    struct ms_error *err);
/* Records up to `mark` are on stable storage. */
void link_published(struct run *run, uint64_t generation, uint64_t mark,
    const struct note *notes, size_t n);
/* Nothing will be appended past `end`: full, or the writer stops. */
void link_close_segment(struct run *run, uint64_t generation, uint64_t end);
/* The same after a failed write or sync: MS_OK only once it is durable that
   the segment ends there, so that nobody is refused whose record could still
   be found after a crash. */
ms_status link_cut_segment(struct run *run, uint64_t generation, uint64_t end,
    struct ms_error *err);

struct link_backlog {
	uint64_t octets;	/* accepted, not finished at the first attempt */
	uint64_t messages;
	int64_t  oldest_us;	/* time of the oldest of them; 0: none */
	bool     is_full;	/* the file system, but for a reserve */
};
struct link_backlog link_backlog(struct run *run);
/* The folder for bodies with a file of their own, and a name not used yet. */
#define LINK_OWN_NAME 26
int link_own_folder(struct run *run);
void link_own_name(struct run *run, char name_out[LINK_OWN_NAME]);

#endif
