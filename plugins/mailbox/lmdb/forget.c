/* SPDX-License-Identifier: ISC */
/* forget.c - FORGET: delivery ids that nobody will ask for again */
#include <mansio/crash.h>
#include <mansio/error.h>

#include "jobs.h"

#define SLICE	5000	/* rows a transaction, storage.md 7: rule 3 */

struct forget {
	struct ms_id first, last;
	bool         is_done;
};

static ms_status
forget_some(struct db_txn *t, void *data)
{
	struct forget *f = data;
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_DID);
	struct key first = key_id(&f->first);
	ms_status st = db_seek(&c, key_str(&first));

	for (uint32_t n = 0; n < SLICE; n++) {
		if (st == MS_NOTFOUND || (st == MS_OK && (c.key.len < sizeof(f->last) ||
		    memcmp(c.key.data, &f->last, sizeof(f->last)) > 0))) {
			f->is_done = true;
			return MS_OK;
		}
		if (st != MS_OK || (st = db_remove(&c)) != MS_OK)
			return st;
		st = db_next(&c);
	}
	return MS_OK;
}

ms_status
job_forget(struct ms_instance *self, const struct ms_job_forget *job)
{
	struct forget f = { job->first, job->last, false };
	ms_status st = MS_OK;

	/* A delivery's key has the recipient's number in the last two octets of
	   the message's id, and the account behind it. */
	f.last.octets[14] = f.last.octets[15] = 0xff;
	for (uint32_t i = 0; i < self->n_shards && st == MS_OK; i++) {
		f.is_done = false;
		while (!f.is_done && st == MS_OK) {
			st = db_change(&self->shards[i], job->job.error, forget_some, &f);
			MS_CRASH("lmdb.forget.slice");
		}
	}
	return st;
}
