/* SPDX-License-Identifier: ISC */
/*
 * front_reads.h - a front's own members, and the tables that pass reads on
 */
#ifndef CORE_PIPELINE_FRONT_READS_H
#define CORE_PIPELINE_FRONT_READS_H

#include <mansio/mailbox.h>
#include <mansio/queue.h>

struct front {
	const char *title;
	struct ms_instance *self;
	const struct ms_batch *batch;
	const struct ms_mailbox *mailbox;	/* NULL: a queue */
	const struct ms_queue *queue;
	struct shard **shards;
	uint32_t n_shards;
};

extern const struct ms_mailbox front_mailbox_table;
extern const struct ms_queue front_queue_table;

#endif
