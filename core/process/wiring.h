/* SPDX-License-Identifier: ISC */
/*
 * wiring.h - from a configuration and its instances to what the rooms want
 */
#ifndef CORE_PROCESS_WIRING_H
#define CORE_PROCESS_WIRING_H

#include "config/config.h"
#include "net/net.h"
#include "pipeline/front.h"
#include "pipeline/runner.h"
#include "pipeline/stage.h"
#include "plugin/instance.h"

/* Registers all service tables of this process; before plugins are opened. */
void wiring_services(void);

/* For instances_options: a front before each store. */
void wiring_interpose(struct instance *target, const char *interface,
    struct ms_backend *backend);
/* The queue's front; NULL: there is no queue. */
struct front *wiring_front(struct instance *target, const char *interface);
/* Those of mailboxes; at most max. */
size_t wiring_stores(struct front **stores, size_t max);
/* Ends all fronts: what was given to them is done. */
void wiring_end_fronts(void);

/* All below: in the arena. */
void wiring_pipelines(const struct config *c, struct ms_arena *arena);
size_t wiring_directories(const struct config *c, struct ms_arena *arena,
    struct ms_backend **backends_out);
void wiring_agents(const struct instances *all, struct ms_arena *arena,
    struct runner_options *options);
/* Opens certificates, adds a listener for each protocol. */
ms_status wiring_listeners(const struct config *c, const struct instances *all,
    struct ms_arena *arena, struct ms_error *err);

#endif
