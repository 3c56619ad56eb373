/* SPDX-License-Identifier: ISC */
/*
 * cursor.h - how far each segment is done, and what follows from that
 *
 * The cursor moves over a gapless run of finished or registered messages.
 * It is committed with whatever is committed next, at the latest after the
 * cursor's delay: losing a move costs repeated look-ups, never a duplicate,
 * as a delivery is known by its id.
 *
 * A message that takes its time would hold the cursor and with it all that
 * overtook it, so that a crash repeated them; remote hosts know no delivery
 * ids.  After a quarter of a second it gets rows of its own.
 *
 * A segment whose cursor is at its end, and to which nothing refers, is
 * dropped.  Delivery ids are forgotten only after that is durable.
 */
#ifndef SPOOL_CURSOR_H
#define SPOOL_CURSOR_H

#include "change.h"

/* Writes the moved cursors and ended segments into the transaction. */
ms_status cursor_write(struct change *c, struct ms_error *err);
/* Once committed: shortens tails, gives files back, has ids forgotten. */
void cursor_applied(struct run *run, struct cursor_item *items);
/* All of that by itself, and registers what overtaken messages there are. */
ms_status cursor_flush(struct run *run, struct ms_error *err);
/* Before the end: what was overtaken gets rows at once, so that nothing
   finished comes back after a restart in order. */
ms_status cursor_flush_all(struct run *run, struct ms_error *err);
/* Tells whoever keeps delivery ids that those of a generation are final. */
void cursor_publish_forget(struct run *run, uint64_t generation);

#endif
