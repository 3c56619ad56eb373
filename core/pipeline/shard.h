/* SPDX-License-Identifier: ISC */
/*
 * shard.h - the writes of one shard of a backend: gathered, prepared, run
 *
 * Two threads: one puts bodies in place, one runs jobs.  While a batch is
 * being committed, the bodies of the next are being synced.
 */
#ifndef CORE_PIPELINE_SHARD_H
#define CORE_PIPELINE_SHARD_H

#include <pthread.h>
#include <stdbool.h>

#include <mansio/batch.h>
#include <mansio/buf.h>

struct shard;

/* Jobs of one submission for one shard, in order; a chain is never split. */
struct group {
	struct group *next;
	struct ms_job **jobs;
	size_t        n;
	bool          brings_bodies;
	bool          is_encoded;	/* mailbox jobs */
	bool          failed;		/* not to be run: the jobs say why */
	struct ms_buf request;		/* encoded jobs */
	/* Called when all jobs have their results, by the shard's thread. */
	void        (*done)(struct group *);
};

struct shard_options {
	struct ms_instance    *self;
	const struct ms_batch *batch;
	const struct ms_host  *host;
	const char            *title;
	uint32_t               number;
};

struct shard *shard_new(const struct shard_options *options);
void shard_free(struct shard *s);
void shard_add(struct shard *s, struct group *g);
uint32_t shard_waiting(struct shard *s);

#endif
