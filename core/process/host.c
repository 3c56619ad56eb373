/* SPDX-License-Identifier: ISC */
/* host.c - a config's instances, started and ended; see server.h */
#include "process/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "auth/auth.h"
#include "base/blob.h"
#include "base/directory.h"
#include "base/log.h"
#include "base/timer.h"
#include "config/section.h"
#include "pipeline/forget.h"
#include "plugin/loader.h"
#include "plugin/services.h"
#include "process/directories.h"
#include "process/tasks.h"
#include "process/wiring.h"

/* A scope for what no session asked for. */
static const struct ms_scope *
scope_new(const struct ms_host *host, struct ms_str id)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct scope *s = ms_arena_alloc(arena, sizeof(*s));
	struct owner *owner = ms_arena_alloc(arena, sizeof(*owner));

	owner_init(owner);
	scope_init(s, owner, ms_arena_str(arena, id), arena, host, 0);
	return &s->pub;
}

static void
scope_free(const struct ms_scope *scope)
{
	owner_fini(scope_owner(scope));
	ms_arena_free(scope->arena);	/* it lies in it */
}

void
host_load(struct host *h, const char *config_path)
{
	static const struct instances_options options = {
		.roles = MS_ROLE_READ | MS_ROLE_WRITE | MS_ROLE_ACCEPT | MS_ROLE_RUN,
		.scope_new = scope_new, .scope_free = scope_free,
		.interpose = wiring_interpose,
	};

	memset(h, 0, sizeof(*h));
	h->lock_fd = -1;
	h->arena = ms_arena_new(0);
	wiring_services();
	h->loader = loader_new(NULL);
	loader_set_services(h->loader, services_has);
	h->plugins = plugins_for_config(h->loader);
	h->problems = problems_new();
	h->config = config_load(config_path, h->plugins, NULL, h->problems);
	if (problems_errors(h->problems) == 0)
		h->instances = instances_create(h->config, &options, h->problems);
	if (h->config->root != NULL)
		h->data_dir = section_c(h->config->root, "data-dir");
}

/* Two servers on one data directory would both write it. */
static ms_status
take_lock(struct host *h, struct ms_error *err)
{
	char path[4200];
	ms_status st = directory_make(h->data_dir, 0700, err);

	if (st != MS_OK)
		return st;
	snprintf(path, sizeof(path), "%s/run", h->data_dir);
	if ((st = directory_make(path, 0700, err)) != MS_OK)
		return st;
	snprintf(path, sizeof(path), "%s/run/lock", h->data_dir);
	h->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (h->lock_fd == -1)
		return ms_error_errno(err, "open %s", path);
	if (flock(h->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return MS_OK;
	st = errno == EWOULDBLOCK ? ms_error_set(err, MS_BUSY, "",
	    "another process works on %s", h->data_dir) : ms_error_errno(err, "lock %s", path);
	close(h->lock_fd);
	h->lock_fd = -1;
	return st;
}

ms_status
host_start(struct host *h, struct ms_error *err)
{
	struct front *stores[FORGET_MAX_STORES];
	const struct ms_config *queue;
	struct ms_backend *directories;
	char scratch[4200];
	size_t n;
	ms_status st = take_lock(h, err);

	if (st != MS_OK)
		return st;
	snprintf(scratch, sizeof(scratch), "%s/scratch", h->data_dir);
	if ((st = directory_make(scratch, 0700, err)) != MS_OK)
		return st;
	blob_start(scratch, (uint64_t)section_number(h->config->limits, "body-memory"));
	timers_start();
	tasks_start();
	n = wiring_directories(h->config, h->arena, &directories);
	directories_set(directories, n);
	/* Also where one of them fails: host_end() stops those that run, in order. */
	h->is_serving = true;
	if ((st = instances_start(h->instances, err)) != MS_OK)
		return st;
	forget_start(stores, wiring_stores(stores, FORGET_MAX_STORES));
	queue = config_queue_backend(h->config);
	if (queue != NULL && instance_of(queue) != NULL)
		h->queue = wiring_front(instance_of(queue), MS_QUEUE_ID);
	return MS_OK;
}

void
host_end(struct host *h)
{
	if (h->is_serving) {
		forget_stop();
		tasks_stop();
		wiring_end_fronts();
		instances_stop(h->instances);
		timers_stop();
	}
	instances_free(h->instances);
	config_free(h->config);
	problems_free(h->problems);
	plugins_for_config_free(h->plugins);
	loader_free(h->loader);
	ms_arena_free(h->arena);
	if (h->lock_fd != -1)
		close(h->lock_fd);
}
