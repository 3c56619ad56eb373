/* SPDX-License-Identifier: ISC */
/*
 * server.h - one server, from its config to its end
 */
#ifndef CORE_PROCESS_SERVER_H
#define CORE_PROCESS_SERVER_H

#include <mansio/base.h>

/* Runs until SIGTERM or SIGINT; returns the exit status of `mansio serve`. */
int server_run(const char *config_path);

#endif
