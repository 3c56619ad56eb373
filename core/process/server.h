/* SPDX-License-Identifier: ISC */
/*
 * server.h - one server, from its config to its end
 *
 * A host holds what a config stands for: its instances with their services,
 * fronts and directories, under the data directory's lock.  `mansio serve`
 * adds listeners, the runner and logins; a command that works with the server
 * down uses the host alone.
 */
#ifndef CORE_PROCESS_SERVER_H
#define CORE_PROCESS_SERVER_H

#include <stdbool.h>

#include "config/config.h"
#include "pipeline/front.h"
#include "plugin/instance.h"

struct host {
	struct loader    *loader;
	struct config_plugins *plugins;
	struct problems  *problems;
	struct config    *config;
	struct instances *instances;
	struct ms_arena  *arena;
	struct front     *queue;	/* NULL: none */
	const char       *data_dir;
	int               lock_fd;	/* -1: not held */
	bool              is_serving;	/* instances were started */
	bool              is_running;	/* and the queue's runner */
};

/* Reads the config and creates instances, nothing more: what is wrong stands
   in h->problems.  For `check`, `config`, `plugin`. */
void host_load(struct host *h, const char *config_path);
/* Takes the data directory's lock, starts instances and threads.  MS_BUSY:
   another process has the lock. */
ms_status host_start(struct host *h, struct ms_error *err);
/* Stops what runs, frees all. */
void host_end(struct host *h);

/* Answers commands while the server runs; from the room on the right. */
struct server_hooks {
	ms_status (*start)(struct host *h, struct ms_error *err);
	void (*stop)(void);
};

/* Runs until SIGTERM or SIGINT; the exit status of `mansio serve`: 0 ended
   when told to, 1 the config is wrong, 2 it could not start. */
int server_run(const char *config_path, const struct server_hooks *hooks);

#endif
