/* SPDX-License-Identifier: ISC */
/*
 * workload.h - a script of mail, a ledger of what was promised, and the check
 *
 * The ledger lies in shared memory and outlives the process that is killed.
 * Each step is noted before it is tried and after it was answered, so the
 * check knows what must be there, what must not, and what may be either.
 */
#ifndef TEST_SPOOL_WORKLOAD_H
#define TEST_SPOOL_WORKLOAD_H

#include "rig.h"

#define WORKLOAD_N 80

enum { NOT_TRIED, TRIED, ANSWERED, REFUSED, UNKNOWN };
enum { LEAVE, FINISH, DEFER, BOUNCE, DEFER_AND_FINISH, FINISH_ONE };

struct ledger_entry {
	uint32_t put, op;	/* NOT_TRIED .. UNKNOWN */
	uint32_t what;		/* LEAVE .. */
	uint32_t deferred;	/* DEFER_AND_FINISH: its first half */
	struct ms_id id;
	int64_t  next_us;
};

struct ledger {
	struct ledger_entry entries[WORKLOAD_N];
	uint64_t forgotten[64];	/* generations whose ids were given up */
	uint32_t n_forgotten;
	uint32_t ended;		/* the script ran to its end */
};

struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);

/* Options for small files, so that the script sees many of them. */
void workload_options(struct rig *r);
/* Starts, runs the script, stops. */
void workload_run(const char *folder, struct ledger *l);
/* Starts anew and compares; then delivers everything and starts once more.
   Returns what is wrong, or "". */
const char *workload_check(const char *folder, struct ledger *l);

#endif
