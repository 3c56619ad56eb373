/* SPDX-License-Identifier: ISC */
/*
 * spool.c - the queue backend `spool`: a journal, and rows for what is not
 * done at the first attempt
 *
 * Accepting is one append and one fdatasync, shared by all that wait; see
 * README.md for the whole story.  Two shards: PUT without a key is the
 * accepting half's, all that names a message is the running half's.
 */
#include "spool.h"

#include <stdlib.h>

#include <mansio/batch.h>
#include <mansio/command.h>
#include <mansio/config.h>
#include <mansio/error.h>
#include <mansio/queue.h>
#include <mansio/str.h>

#include "accept.h"
#include "batch.h"
#include "cursor.h"
#include "find.h"
#include "own.h"
#include "segments.h"
#include "verify.h"

#define FIRST_MINUTE_US	1000000
#define MINUTE_US	60000000

static const struct ms_option options[] = {
	{ .name = "segment-size", .type = MS_OPT_SIZE, .flags = MS_OPT_ADVANCED,
	  .initial = "64MiB", .minimum = "1MiB", .maximum = "1GiB",
	  .help = "size of a journal file" },
	{ .name = "own-file", .type = MS_OPT_SIZE, .flags = MS_OPT_ADVANCED,
	  .initial = "4MiB", .minimum = "64KiB", .maximum = "16MiB",
	  .help = "a longer message gets a file of its own" },
	{ .name = "high-water", .type = MS_OPT_SIZE, .initial = "256MiB",
	  .minimum = "1MiB",
	  .help = "mail waiting for its first attempt above this slows accepting" },
	{ .name = "high-water-age", .type = MS_OPT_DURATION, .flags = MS_OPT_ADVANCED,
	  .initial = "30s", .minimum = "1s",
	  .help = "and so does mail that waits longer than this" },
	{ .name = "hard-limit", .type = MS_OPT_SIZE, .initial = "4GiB",
	  .minimum = "1MiB",
	  .help = "above this new mail is refused for now (452 4.3.1)" },
	{ .name = "reserve", .type = MS_OPT_SIZE, .initial = "256MiB",
	  .help = "new mail is refused when less is free on the disk, or less than 2 %" },
	{ .name = "cursor-delay", .type = MS_OPT_DURATION, .flags = MS_OPT_ADVANCED,
	  .initial = "50ms", .minimum = "1ms", .maximum = "10s",
	  .help = "how long what is delivered may stay unnoted" },
	{ .name = "survivors-after", .type = MS_OPT_DURATION, .flags = MS_OPT_ADVANCED,
	  .initial = "15m",
	  .help = "deferred mail is moved out of a full journal file after this" },
	{ .name = "free-files", .type = MS_OPT_INT, .flags = MS_OPT_ADVANCED,
	  .initial = "8", .minimum = "0", .maximum = "64",
	  .help = "journal files kept to be written over" },
	{ .name = "map-size", .type = MS_OPT_SIZE, .flags = MS_OPT_ADVANCED,
	  .initial = "4GiB", .minimum = "1MiB",
	  .help = "address space for the rows of deferred mail, to begin with" },
	{ .name = NULL },
};

void
spool_log(const struct services *sv, uint32_t level, const char *text,
    const struct ms_error *err)
{
	struct ms_field field = { MS_STR("error"), MS_STR("") };

	if (err != NULL)
		field.value = ms_str_c(err->text);
	sv->log->write(sv->host->scope, level, text, &field, err != NULL);
}

void
spool_count(const struct services *sv, struct ms_metric *metric, int64_t n)
{
	if (metric != NULL)
		sv->metrics->add(metric, n);
}

/* ---- life --------------------------------------------------------------- */

static void
make_metrics(struct services *sv)
{
	struct { const char *name, *help; struct ms_metric **metric; } each[] = {
		{ "accepted", "messages accepted", &sv->accepted },
		{ "refused", "messages that could not be accepted", &sv->refused },
		{ "syncs", "syncs of the journal", &sv->syncs },
		{ "finished", "parts noted as finished", &sv->finished },
		{ "registered", "messages that got rows", &sv->registered },
		{ "cursors", "commits of the cursors alone", &sv->cursors },
		{ "moved", "deferred messages moved out of a journal file", &sv->moved },
		{ "damaged", "records whose checksum did not hold", &sv->damaged },
	};

	for (size_t i = 0; sv->metrics != NULL && i < sizeof(each) / sizeof(each[0]); i++)
		*each[i].metric = sv->metrics->series(sv->host, MS_METRIC_COUNTER,
		    each[i].name, "", each[i].help);
}

static void
read_limits(struct ms_instance *self, const struct ms_config_api *config,
    const struct ms_config *section)
{
	struct limits *l = &self->limits;

	l->segment = (uint64_t)config->number(section, "segment-size") & ~UINT64_C(7);
	l->own_file = (uint64_t)config->number(section, "own-file");
	/* A record must fit into a segment with room for others. */
	if (l->own_file > l->segment / 4)
		l->own_file = l->segment / 4;
	l->high_water = (uint64_t)config->number(section, "high-water");
	l->high_water_age = config->number(section, "high-water-age");
	l->hard_limit = (uint64_t)config->number(section, "hard-limit");
	l->reserve = (uint64_t)config->number(section, "reserve");
	l->map = (uint64_t)config->number(section, "map-size");
	l->cursor_delay = config->number(section, "cursor-delay");
	l->survivors_after = config->number(section, "survivors-after");
	l->free_files = (uint32_t)config->number(section, "free-files");
}

static ms_status
spool_create(const struct ms_host *host, const struct ms_config *section,
    struct ms_instance **instance_out, struct ms_error *err)
{
	const struct ms_config_api *config = host->service(host, MS_CONFIG_ID);
	struct ms_instance *self = calloc(1, sizeof(*self));
	struct services *sv;

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	sv = &self->services;
	sv->host = host;
	sv->blob = host->service(host, MS_BLOB_ID);
	sv->clock = host->service(host, MS_CLOCK_ID);
	sv->log = host->service(host, MS_LOG_ID);
	sv->timer = host->service(host, MS_TIMER_ID);
	sv->bus = host->service(host, MS_BUS_ID);
	sv->metrics = host->service(host, MS_METRICS_ID);
	read_limits(self, config, section);
	self->directory = config->directory(section);
	make_metrics(sv);
	if (self->limits.hard_limit < self->limits.high_water) {
		free(self);
		return config->refuse(section, "hard-limit",
		    "must not be below high-water", err);
	}
	*instance_out = self;
	return MS_OK;
}

static ms_status
spool_start(struct ms_instance *self, struct ms_error *err)
{
	const struct services *sv = &self->services;
	uint32_t both = MS_ROLE_ACCEPT | MS_ROLE_RUN;
	ms_status st;

	/* Halves in two processes want a channel for what stands in link.h. */
	if (sv->host->roles != 0 && (sv->host->roles & both) != both)
		return ms_error_set(err, MS_UNSUPPORTED, "",
		    "the spool accepts and runs in one process");
	st = run_open(sv, &self->limits, self->directory, &self->run, err);

	if (st != MS_OK)
		return st;
	self->accept = accept_new(sv, &self->limits, self->run);
	sv->timer->run_at(sv->host, TASK_MINUTE, FIRST_MINUTE_US, 0,
	    ms_str_of("", 0));
	return MS_OK;
}

static void
spool_stop(struct ms_instance *self)
{
	static const uint64_t tasks[] = { TASK_FLUSH, TASK_MINUTE, TASK_SPARE };

	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		self->services.timer->cancel(self->services.host, tasks[i]);
	accept_free(self->accept);
	self->accept = NULL;
	run_close(self->run);
	self->run = NULL;
}

static void
spool_destroy(struct ms_instance *self)
{
	if (self == NULL)
		return;
	if (self->run != NULL)
		spool_stop(self);
	free(self);
}

/* ---- interfaces --------------------------------------------------------- */

static ms_status
spool_find(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_queue_look *look, struct ms_parts *out,
    struct ms_error *err)
{
	return find_parts(self->run, scope, look, out, err);
}

static ms_status
spool_message(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_id *id, struct ms_str *record_out,
    struct ms_blob **body_out, struct ms_error *err)
{
	return find_message(self->run, scope, id, record_out, body_out, err);
}

static const struct ms_queue queue_table = {
	.size = sizeof(queue_table), .find = spool_find, .message = spool_message,
};

static uint32_t
spool_shards(struct ms_instance *self)
{
	(void)self;
	return SHARDS;
}

static uint32_t
spool_shard_of(struct ms_instance *self, struct ms_str key)
{
	(void)self;
	return key.len == 0 ? SHARD_ACCEPT : SHARD_RUN;
}

static void
spool_run(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	if (n == 0)
		return;
	if (jobs[0]->key.len == 0)
		accept_run(self->accept, scope, jobs, n);
	else
		batch_run(self->run, scope, jobs, n);
}

static ms_status
spool_held(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str after, size_t limit, const struct ms_str **names_out,
    size_t *n_out, struct ms_error *err)
{
	static const struct ms_str none[1];

	/* Bodies are copied in: no blob of the store's is held. */
	(void)self, (void)scope, (void)after, (void)limit, (void)err;
	*names_out = none;
	*n_out = 0;
	return MS_OK;
}

static ms_status
spool_prepare(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct ms_error *err)
{
	if (n == 0)
		return MS_OK;
	return own_prepare(&self->services, self->run, jobs[0]->key.len == 0 ?
	    self->limits.own_file : SPOOL_INLINE_BODY, scope, jobs, n, err);
}

static const struct ms_batch batch_table = {
	.size = sizeof(batch_table), .shards = spool_shards,
	.shard_of = spool_shard_of, .run = spool_run, .held = spool_held,
	.prepare = spool_prepare,
};

static ms_status
spool_task(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_task *task, struct ms_error *err)
{
	const struct services *sv = &self->services;
	ms_status st;

	(void)scope;
	switch (task->number) {
	case TASK_FLUSH:
		return cursor_flush(self->run, err);
	case TASK_SPARE:
		return segments_fill_spare(self->run, err);
	case TASK_MINUTE:
		st = run_minute(self->run, err);
		sv->timer->run_at(sv->host, TASK_MINUTE, MINUTE_US, 1,
		    ms_str_of("", 0));
		return st;
	default:
		return ms_error_set(err, MS_INVALID, "", "no such task");
	}
}

static const struct ms_tasks tasks_table = {
	.size = sizeof(tasks_table), .run = spool_task,
};

static const struct ms_command command_table = {
	.size = sizeof(command_table), .verbs = verify_verbs, .run = verify_run,
};

static const void *
spool_interface(const char *id)
{
	static const struct { const char *id; const void *table; } all[] = {
		{ MS_QUEUE_ID, &queue_table }, { MS_BATCH_ID, &batch_table },
		{ MS_TASKS_ID, &tasks_table }, { MS_COMMAND_ID, &command_table },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].id, id) == 0)
			return all[i].table;
	return NULL;
}

static const char *const needs[] = {
	MS_CONFIG_ID, MS_BLOB_ID, MS_CLOCK_ID, MS_LOG_ID, MS_TIMER_ID, MS_BUS_ID,
	NULL
};

static const struct ms_plugin spool_plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(spool_plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "spool", .version = "0.1.0", .license = "ISC",
	.summary = "keeps accepted mail in a journal until it is delivered",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_STATE | MS_TOUCH_BODY, .needs = needs,
	.create = spool_create, .start = spool_start, .stop = spool_stop,
	.destroy = spool_destroy, .interface = spool_interface,
};

MS_EXPORT const struct ms_plugin *
ms_plugin_entry(void)
{
	return &spool_plugin;
}
