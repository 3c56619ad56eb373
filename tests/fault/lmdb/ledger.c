/* SPDX-License-Identifier: ISC */
/* ledger.c - see ledger.h */
#include "ledger.h"

#include <stdlib.h>
#include <unistd.h>

struct line {
	uint32_t what, number, uid;
};

void
ledger_say(int fd, char what, uint32_t number, uint32_t uid)
{
	struct line line = { (uint32_t)what, number, uid };

	/* Below PIPE_BUF it goes out as a whole or not at all. */
	if (write(fd, &line, sizeof(line)) != sizeof(line))
		_exit(4);
}

void
ledger_listen(struct ledger *l, int fd)
{
	struct line line;

	while (read(fd, &line, sizeof(line)) == sizeof(line)) {
		struct ledger_entry *e;

		if (line.number == 0 || line.number >= LEDGER_MAX)
			abort();
		e = &l->entries[line.number];
		if (line.number > l->n)
			l->n = line.number;
		e->uid = line.uid;
		e->state = line.what == 'd' ? LEDGER_SENT : line.what == 'D' ? LEDGER_HELD :
		    line.what == 'x' ? LEDGER_EXPUNGING : LEDGER_EXPUNGED;
	}
}
