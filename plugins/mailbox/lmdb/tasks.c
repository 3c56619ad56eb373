/* SPDX-License-Identifier: ISC */
/* tasks.c - see tasks.h */
#include "tasks.h"

#include <mansio/error.h>

#include "compact.h"
#include "segments.h"
#include "upkeep.h"

enum { TASK_MINUTE = 1, TASK_EXPIRE = 2, TASK_COMPACT = 16 };	/* + shard */

#define MINUTE_US	INT64_C(60000000)
#define HOUR_US		(60 * MINUTE_US)
#define SOON_US		INT64_C(100000)
#define BUSY_US		INT64_C(1000000)	/* a batch so lately: jobs wait */
#define COPY_RATE	10	/* octets a microsecond while jobs wait: 10 MB/s */

static void
arm(struct ms_instance *self, uint64_t number, int64_t after_us)
{
	if (self->timer != NULL)
		self->timer->run_at(self->host, number, after_us, 1, ms_str_of("", 0));
}

void
tasks_begin(struct ms_instance *self)
{
	arm(self, TASK_MINUTE, MINUTE_US);
	if (!is_writer(self))
		return;
	arm(self, TASK_EXPIRE, MINUTE_US);
	for (uint32_t i = 0; i < self->n_shards; i++)
		arm(self, TASK_COMPACT + i, MINUTE_US);
}

void
tasks_end(struct ms_instance *self)
{
	if (self->timer == NULL)
		return;
	self->timer->cancel(self->host, TASK_MINUTE);
	self->timer->cancel(self->host, TASK_EXPIRE);
	for (uint32_t i = 0; i < self->n_shards; i++)
		self->timer->cancel(self->host, TASK_COMPACT + i);
}

/* One failing shard does not keep the others from their upkeep. */
static ms_status
minute(struct ms_instance *self, const struct ms_scope *scope, struct ms_error *err)
{
	ms_status worst = MS_OK;

	for (uint32_t i = 0; i < self->n_shards; i++) {
		struct shard *s = &self->shards[i];
		ms_status st;

		files_forget_removed(&s->files);
		if (!is_writer(self))
			continue;
		readers_look(s, scope);
		if ((st = segments_sweep(s, err)) != MS_OK)
			worst = st;
	}
	return worst;
}

static ms_status
expire(struct ms_instance *self, const struct ms_scope *scope, struct ms_error *err)
{
	ms_status worst = MS_OK, st;

	for (uint32_t i = 0; i < self->n_shards; i++)
		if ((st = upkeep_expire(&self->shards[i], scope, err)) != MS_OK)
			worst = st;
	return worst;
}

/* At most one segment full a time, copied in a fraction of a second.  While jobs
   wait, the pause that follows keeps the mean at 10 MB/s. */
static ms_status
compact(struct shard *s, const struct ms_scope *scope, int64_t *pause_out,
    struct ms_error *err)
{
	struct ms_instance *self = s->store;
	uint64_t octets = 0;
	ms_status st = compact_some(s, scope, &octets, err);
	bool is_busy = self->clock->steady_us(self->host) - s->busy_us < BUSY_US;

	*pause_out = octets == 0 ? MINUTE_US : is_busy ? (int64_t)(octets / COPY_RATE) + SOON_US :
	    SOON_US;
	return st;
}

ms_status
tasks_run(struct ms_instance *self, const struct ms_scope *scope, const struct ms_task *task,
    struct ms_error *err)
{
	int64_t pause = MINUTE_US;
	ms_status st;

	if (task->number == TASK_MINUTE) {
		st = minute(self, scope, err);
	} else if (task->number == TASK_EXPIRE) {
		st = expire(self, scope, err);
		pause = HOUR_US;
	} else if (task->number >= TASK_COMPACT &&
	    task->number - TASK_COMPACT < self->n_shards) {
		st = compact(&self->shards[task->number - TASK_COMPACT], scope, &pause, err);
	} else {
		return ms_error_set(err, MS_INVALID, "", "no such task");
	}
	arm(self, task->number, pause);
	return st;
}
