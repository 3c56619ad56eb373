/* SPDX-License-Identifier: ISC */
/* child.h - what the child that gets killed does */
#ifndef FAULT_CHILD_H
#define FAULT_CHILD_H

#include "ledger.h"

/* Checks the store against the ledger, delivers again what was unanswered,
   then works: some operations, or without end.  Returns the exit status: 0, or
   3 if something is wrong, told on stdout. */
int child_run(const char *directory, const struct ledger *ledger, int fd, unsigned seed,
    bool endless);

#endif
