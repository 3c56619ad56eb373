/* SPDX-License-Identifier: ISC */
/*
 * scan.h - walks the records of a segment
 *
 * Used after a restart, and by `spool verify`.  Where a segment ends is
 * known when it was ended in order; of one whose writer died, the first
 * invalid record is the end, unless a later record proves by its mark that
 * this one had been on stable storage: then it is damage, which is counted
 * and stepped over, so that one bad block does not hide what follows.
 */
#ifndef SPOOL_SCAN_H
#define SPOOL_SCAN_H

#include "journal.h"

struct scan {
	int      fd;
	uint64_t generation;
	uint8_t  key[JOURNAL_KEY_OCTETS];
	uint64_t at;		/* the next record; in the end: where it ends */
	uint64_t end;		/* no record reaches past it */
	bool     ended;		/* `end` was committed; else it is the file's */
	bool     deep;		/* check bodies, too */
	uint64_t damaged;	/* records stepped over or with a bad body */
	char    *buffer;	/* envelope, or pieces of a body */
	size_t   capacity;
};

struct scanned {
	struct journal_record head;
	uint64_t      offset, octets;
	struct ms_str envelope;		/* lent until the next call */
	bool          bad_body;		/* damaged after it was accepted; deep scans */
};

/* at: from where; end: of the segment if it was ended, else of the file. */
void scan_init(struct scan *s, int fd, uint64_t generation,
    const uint8_t key[JOURNAL_KEY_OCTETS], uint64_t at, uint64_t end,
    bool ended, bool deep);
void scan_fini(struct scan *s);
/* MS_NOTFOUND at the end; MS_TEMPFAIL: the file can't be read. */
ms_status scan_next(struct scan *s, struct scanned *out, struct ms_error *err);

#endif
