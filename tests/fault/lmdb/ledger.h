/* SPDX-License-Identifier: ISC */
/*
 * ledger.h - what a child that may be killed has been told, kept by its parent
 *
 * The child writes a line before each operation and one after its answer;
 * they reach the parent through a pipe, which no kill takes back.  What lies
 * between the two is unknown until the store is looked at.
 */
#ifndef FAULT_LEDGER_H
#define FAULT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_MAX	200000

enum ledger_state {
	LEDGER_UNSENT, LEDGER_SENT, LEDGER_HELD, LEDGER_EXPUNGING, LEDGER_EXPUNGED
};

/* One message by its number, which its delivery id and content tell. */
struct ledger_entry {
	enum ledger_state state;
	uint32_t          uid;
};

struct ledger {
	uint32_t            n;		/* numbers 1..n were begun */
	struct ledger_entry entries[LEDGER_MAX];
};

/* The child's side: fd of the pipe. */
void ledger_say(int fd, char what, uint32_t number, uint32_t uid);
/* The parent's: reads until the pipe ends. */
void ledger_listen(struct ledger *l, int fd);

#endif
