/* SPDX-License-Identifier: ISC */
/*
 * lmdb.c - the plugin mailbox-lmdb: mailboxes in LMDB, bodies in segments
 *
 * Accounts are spread over shards by a hash of their names.  The reading half
 * (read.h) runs wherever protocols run, the appending half (appender.h) where
 * bodies come from, the writing half (run.h, tasks.h) in one process alone.
 * See README.md for the layout and the rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <mansio/error.h>

#include "command.h"
#include "read.h"
#include "run.h"
#include "segments.h"
#include "store_file.h"
#include "tasks.h"

static ms_status
lmdb_create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	const struct ms_config_api *conf = host->service(host, MS_CONFIG_ID);
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "no memory");
	self->host = host;
	self->config = config;
	self->conf = conf;
	self->blob = host->service(host, MS_BLOB_ID);
	self->clock = host->service(host, MS_CLOCK_ID);
	self->log = host->service(host, MS_LOG_ID);
	self->timer = host->service(host, MS_TIMER_ID);
	self->scope = host->service(host, MS_SCOPE_ID);
	self->roles = host->roles;
	self->map_octets = (uint64_t)conf->number(config, "map-size");
	self->segment_octets = (uint64_t)conf->number(config, "segment-size");
	self->retention_us = conf->number(config, "retention");
	self->dir_fd = self->lock_fd = -1;
	*instance_out = self;
	return MS_OK;
}

/* Two writers, whatever the config says, would spoil each other's segments. */
static ms_status
lock_store(struct ms_instance *self, struct ms_error *err)
{
	self->lock_fd = openat(self->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (self->lock_fd == -1)
		return ms_error_errno(err, "open the store's lock");
	if (flock(self->lock_fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? ms_error_set(err, MS_BUSY, "",
		    "%s is in use by another process", self->conf->directory(self->config)) :
		    ms_error_errno(err, "lock the store");
	return MS_OK;
}

static void
lmdb_stop(struct ms_instance *self)
{
	tasks_end(self);
	for (uint32_t i = 0; i < self->n_shards && self->shards != NULL; i++)
		shard_close(&self->shards[i]);
	free(self->shards);
	self->shards = NULL;
	if (self->lock_fd != -1)
		close(self->lock_fd);
	if (self->dir_fd != -1)
		close(self->dir_fd);
	self->lock_fd = self->dir_fd = -1;
}

static ms_status
open_shards(struct ms_instance *self, struct ms_error *err)
{
	ms_status st = MS_OK;

	self->shards = calloc(self->n_shards, sizeof(*self->shards));
	if (self->shards == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "no memory");
	for (uint32_t i = 0; i < self->n_shards && st == MS_OK; i++) {
		st = shard_open(&self->shards[i], self, i, err);
		if (st == MS_OK && is_writer(self))
			st = segments_recover(&self->shards[i], err);
	}
	return st;
}

static ms_status
lmdb_start(struct ms_instance *self, struct ms_error *err)
{
	const char *path = self->conf->directory(self->config);
	uint32_t shards = (uint32_t)self->conf->number(self->config, "shards");
	ms_status st = MS_OK;

	self->clock->random(self->host, &self->owner, sizeof(self->owner));
	self->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self->dir_fd == -1)
		return ms_error_errno(err, "open %s", path);
	if (is_writer(self))
		st = lock_store(self, err);
	if (st == MS_OK && (st = store_file_open(self, shards, err)) == MS_OK &&
	    (st = open_shards(self, err)) == MS_OK)
		tasks_begin(self);
	if (st != MS_OK)
		lmdb_stop(self);
	return st;
}

static void
lmdb_destroy(struct ms_instance *self)
{
	free(self);
}

/* ---- ms.batch/1 ---- */

static uint32_t
lmdb_shards(struct ms_instance *self)
{
	return self->n_shards;
}

static uint32_t
lmdb_shard_of(struct ms_instance *self, struct ms_str key)
{
	return shard_of_key(self, key)->number;
}

static void
lmdb_run(struct ms_instance *self, const struct ms_scope *scope, struct ms_job *const *jobs,
    size_t n)
{
	if (n > 0)
		run_jobs(shard_of_key(self, jobs[0]->key), scope, jobs, n);
}

static ms_status
lmdb_prepare(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct ms_error *err)
{
	if (n == 0)
		return MS_OK;
	return appender_prepare(&shard_of_key(self, jobs[0]->key)->appender, scope, jobs, n, err);
}

/* Bodies lie in segments of our own, none in the host's blob store. */
static ms_status
lmdb_held(struct ms_instance *self, const struct ms_scope *scope, struct ms_str after,
    size_t limit, const struct ms_str **names_out, size_t *n_out, struct ms_error *err)
{
	(void)self, (void)scope, (void)after, (void)limit, (void)err;
	*names_out = NULL;
	*n_out = 0;
	return MS_OK;
}

/* ---- the plugin ---- */

static const struct ms_mailbox lmdb_mailbox = {
	.size = sizeof(lmdb_mailbox), .open = read_open, .close = read_close,
	.list = read_list, .fetch = read_fetch, .vanished = read_vanished,
	.search = read_search, .body = read_body, .properties = read_properties,
	.usage = read_usage, .accounts = read_accounts,
};

static const struct ms_batch lmdb_batch = {
	.size = sizeof(lmdb_batch), .shards = lmdb_shards, .shard_of = lmdb_shard_of,
	.run = lmdb_run, .held = lmdb_held, .prepare = lmdb_prepare,
};

static const struct ms_command lmdb_command = {
	.size = sizeof(lmdb_command), .verbs = command_verbs, .run = command_run,
};

static const struct ms_tasks lmdb_tasks = {
	.size = sizeof(lmdb_tasks), .run = tasks_run,
};

static const void *
lmdb_interface(const char *id)
{
	static const struct {
		const char *id;
		const void *table;
	} tables[] = {
		{ MS_MAILBOX_ID, &lmdb_mailbox }, { MS_BATCH_ID, &lmdb_batch },
		{ MS_COMMAND_ID, &lmdb_command }, { MS_TASKS_ID, &lmdb_tasks },
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].id, id) == 0)
			return tables[i].table;
	return NULL;
}

static const struct ms_option lmdb_options[] = {
	{ .name = "shards", .type = MS_OPT_INT, .initial = "0", .minimum = "0",
	  .maximum = "256", .help = "environments that accounts are spread over, fixed when the "
	  "store is made; 0: 4, or 16 from 16 processors up" },
	{ .name = "retention", .type = MS_OPT_DURATION, .initial = "14d", .minimum = "0s",
	  .help = "how long expunged mail and deleted mailboxes can be restored; 0s: not at all" },
	{ .name = "folders", .type = MS_OPT_STRING_LIST,
	  .initial = "Drafts, Sent, Junk, Trash, Archive",
	  .help = "mailboxes of a new account beside INBOX; \"Gesendet \\\\Sent\" names a use" },
	{ .name = "map-size", .type = MS_OPT_SIZE, .flags = MS_OPT_ADVANCED,
	  .initial = "64GiB", .minimum = "1MiB", .maximum = "16TiB",
	  .help = "address space of an environment at first; it doubles when it is full" },
	{ .name = "segment-size", .type = MS_OPT_SIZE, .flags = MS_OPT_ADVANCED,
	  .initial = "64MiB", .minimum = "64KiB", .maximum = "1GiB",
	  .help = "octets of a file of bodies" },
	{ .name = NULL },
};

const struct ms_plugin *
ms_plugin_entry(void)
{
	static const char *const needs[] = { MS_CONFIG_ID, MS_BLOB_ID, MS_CLOCK_ID, MS_LOG_ID,
		MS_TIMER_ID, MS_SCOPE_ID, NULL };
	static const struct ms_plugin plugin = {
		.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
		.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
		.name = "mailbox-lmdb", .version = "1", .license = "ISC",
		.summary = "keeps mailboxes in LMDB and bodies in segment files",
		.options = lmdb_options, .option_stride = sizeof(struct ms_option),
		.touches = MS_TOUCH_STATE | MS_TOUCH_BODY, .needs = needs,
		.create = lmdb_create, .start = lmdb_start, .stop = lmdb_stop,
		.destroy = lmdb_destroy, .interface = lmdb_interface,
	};

	return &plugin;
}
