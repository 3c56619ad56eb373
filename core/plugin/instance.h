/* SPDX-License-Identifier: ISC */
/*
 * instance.h - the instances of plugins that a configuration asks for
 *
 * One for each section of a plugin and each stage of a pipeline.  Life cycle:
 * create (no effect outside: `mansio check` does it), start, stop, destroy;
 * all [main].  Instances start after those that their BACKEND options name,
 * and stop in the opposite order.
 */
#ifndef CORE_PLUGIN_INSTANCE_H
#define CORE_PLUGIN_INSTANCE_H

#include <mansio/scope.h>

#include "config/config.h"
#include "plugin/loader.h"

struct instance;
struct instances;

struct instances_options {
	uint32_t roles;			/* MS_ROLE_... of this process */
	/* The scope of an instance's own work, and its end. */
	const struct ms_scope *(*scope_new)(const struct ms_host *host, struct ms_str id);
	void (*scope_free)(const struct ms_scope *scope);
	/* May stand between an instance and those who call it by a BACKEND
	   option: changes table and self.  NULL: nothing does. */
	void (*interpose)(struct instance *target, const char *interface,
	    struct ms_backend *backend);
};

/* The table by which config_load() opens plugins. */
struct config_plugins *plugins_for_config(struct loader *l);
void plugins_for_config_free(struct config_plugins *p);

/* Calls create() for each; all failures are noted.  Never NULL.  The
   configuration is lent until instances_free(). */
struct instances *instances_create(struct config *c,
    const struct instances_options *options, struct problems *problems);
/* Makes data directories and calls start(); the first failure ends it, and err
   names the section.  Those that run are the caller's to stop, once nothing
   calls them any more: what works for them began with them. */
ms_status instances_start(struct instances *all, struct ms_error *err);
void instances_stop(struct instances *all);
/* destroy() for all; stops them if they run. */
void instances_free(struct instances *all);

uint32_t instances_count(const struct instances *all);
/* In the order of the file. */
struct instance *instances_at(const struct instances *all, uint32_t i);
/* By name (title, without one the keyword), of those that offer the
   interface (NULL: any). */
struct instance *instances_find(const struct instances *all, struct ms_str name,
    const char *interface);
/* The instance of a section; NULL: create() failed. */
struct instance *instance_of(const struct ms_config *section);

const struct ms_plugin *instance_plugin(const struct instance *i);
const struct ms_config *instance_section(const struct instance *i);
struct ms_instance *instance_self(const struct instance *i);
const struct ms_host *instance_host(const struct instance *i);
/* NULL: it does not offer it. */
const void *instance_interface(const struct instance *i, const char *interface);
/* Whose host it is, for a service: host is one that this room made. */
struct instance *instance_of_host(const struct ms_host *host);

#endif
