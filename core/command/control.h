/* SPDX-License-Identifier: ISC */
/*
 * control.h - the control socket: commands for a server that runs
 *
 * DATA-DIR/run/control.sock, JSON lines: one request, rows, one end.
 *	{"noun":"user","verb":"list","json":false,"fields":[["","example.org"]]}
 *	{"user":"ann@example.org"}  ...
 *	{"end":0}   or   {"end":-3,"error":"there is no ..."}
 * Who may: root, and whoever the server runs as (SO_PEERCRED).
 */
#ifndef CORE_COMMAND_CONTROL_H
#define CORE_COMMAND_CONTROL_H

#include "command/verb.h"

/* The server's side. */
ms_status control_start(struct host *h, struct ms_error *err);
void control_stop(void);

/* The command's side.  MS_NOTFOUND: no server answers there. */
ms_status control_ask(const char *data_dir, const struct request *r,
    struct output *out, struct ms_error *err);

#endif
