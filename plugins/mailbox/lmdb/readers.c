/* SPDX-License-Identifier: ISC */
/* readers.c - see readers.h */
#include "readers.h"

#include <stdio.h>
#include <stdlib.h>

#include "shard.h"

/* mdb_reader_list() gives a head and then "PID THREAD TXN", the thread in
   hexadecimal, the transaction "-" for a slot that is not in use. */
static int
note_line(const char *line, void *data)
{
	struct readers *now = data;
	struct reader r;
	char *rest;

	r.pid = strtol(line, &rest, 10);
	if (r.pid <= 0 || now->n == READERS_WATCHED)
		return 0;
	r.thread = strtoull(rest, &rest, 16);
	while (*rest == ' ')
		rest++;
	if (*rest < '0' || *rest > '9')
		return 0;
	r.txn = strtoull(rest, NULL, 10);
	now->seen[now->n++] = r;
	return 0;
}

static bool
was_seen(const struct readers *before, const struct reader *r)
{
	for (uint32_t i = 0; i < before->n; i++)
		if (before->seen[i].pid == r->pid && before->seen[i].thread == r->thread &&
		    before->seen[i].txn == r->txn)
			return true;
	return false;
}

void
readers_look(struct shard *s, const struct ms_scope *scope)
{
	const struct ms_log *log = s->store->log;
	struct readers now = { .n = 0 };
	uint64_t last = UINT64_MAX;
	MDB_envinfo info;
	char text[120];
	int dead = 0;

	pthread_rwlock_rdlock(&s->gate);
	if (s->env != NULL) {
		if (mdb_reader_check(s->env, &dead) != 0)
			dead = 0;
		(void)mdb_reader_list(s->env, note_line, &now);
		if (mdb_env_info(s->env, &info) == 0)
			last = info.me_last_txnid;
	}
	pthread_rwlock_unlock(&s->gate);
	if (dead > 0) {
		snprintf(text, sizeof(text), "shard %u: %d dead readers were cleared", s->number,
		    dead);
		log->write(scope, MS_LOG_WARNING, text, NULL, 0);
	}
	for (uint32_t i = 0; i < now.n; i++) {
		if (now.seen[i].txn >= last || !was_seen(&s->readers, &now.seen[i]))
			continue;
		snprintf(text, sizeof(text), "shard %u: process %ld has read the same state for a "
		    "minute", s->number, now.seen[i].pid);
		log->write(scope, MS_LOG_WARNING, text, NULL, 0);
	}
	s->readers = now;
}
