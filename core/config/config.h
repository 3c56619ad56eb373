/* SPDX-License-Identifier: ISC */
/*
 * config.h - a configuration that was read and checked: an immutable snapshot
 *
 * config_load() reads the files, opens the plugins they name (through a table
 * that the plugin room brings), parses strictly by all schemas, and checks
 * what refers to what.  Everything lives until config_free().  A section is a
 * struct ms_config, the same that a plugin reads through ms.config/1
 * (section.h).  A reload makes a new snapshot.
 *
 * Not reentrant (libconfuse's lexer is global): the main thread, before others.
 */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include <stdbool.h>

#include <mansio/config.h>

#include "config/problems.h"

#define CONFIG_VERSION	1	/* of the file's language: config-version */

struct normal_source;

/* What reading needs of the room on the right. */
struct config_plugins {
	/* Opens the plugin of that name, or at that path if it is not NULL.
	   MS_NOTFOUND: there is none.  The answer stays for ever. */
	ms_status (*open)(const struct config_plugins *, const char *name,
	    const char *path, const struct ms_plugin **plugin_out, struct ms_error *);
	/* Names that could be opened, for "did you mean"; NULL past the last. */
	const char *(*known)(const struct config_plugins *, uint32_t i);
};

enum {	/* what a section is */
	CONFIG_ROOT = 1,	/* the file itself */
	CONFIG_CORE,		/* the core's own: limits, tls, pipeline ... */
	CONFIG_INSTANCE,	/* a plugin's, at the top level */
	CONFIG_STAGE,		/* a plugin's, in a pipeline */
	CONFIG_NESTED		/* inside one of those */
};

struct config_sections {
	struct ms_config **v;
	uint32_t           n;
};

/* Answers ms.config/1's backend(); set by the plugin room. */
struct config_backends {
	ms_status (*find)(const struct config_backends *, const struct ms_config *instance,
	    const char *interface, struct ms_backend *backend_out, struct ms_error *);
};

struct config {
	struct ms_arena        *arena;
	const char             *path;
	const struct ms_config *root;		/* hostname, data-dir, workers ... */
	const struct ms_config *limits, *log, *auth, *queue;	/* always there */
	struct config_sections  instances;	/* CONFIG_INSTANCE and _STAGE, in the
						   order of the file */
	struct config_sections  pipelines;	/* their nested sections: stages */
	struct config_sections  tls;
	const struct config_backends *backends;	/* NULL until instances start */
};

/* Never NULL: problems_errors() says whether it may be used; with errors what
   could be understood is in it.  source NULL: the disk. */
struct config *config_load(const char *path, const struct config_plugins *plugins,
    const struct normal_source *source, struct problems *problems);
void config_free(struct config *c);

/* The instance by name (its title; without one its keyword), of those that
   offer the interface; NULL: none, or several. */
struct ms_config *config_find_instance(const struct config *c, struct ms_str name,
    const char *interface);
/* The only instance at the top level that offers it; NULL: none or several. */
struct ms_config *config_sole_instance(const struct config *c, const char *interface);
struct ms_config *config_find_pipeline(const struct config *c, struct ms_str name);
struct ms_config *config_find_tls(const struct config *c, struct ms_str name);
/* The tls section whose certificate a protocol's section shows: `use`, else
   the one called "default"; NULL: no TLS there. */
const struct ms_config *config_tls_of(const struct ms_config *protocol);
/* The queue's instance: queue { backend }, else the only one; NULL: none. */
const struct ms_config *config_queue_backend(const struct config *c);
/* Directories in the order in which they are asked: auth { directories }, else
   all; NULL past the last. */
const struct ms_config *config_directory(const struct config *c, uint32_t i);

/* The configuration as text; all: also what has its default, with the place
   each value comes from as a comment.  Secrets that stand in it are masked. */
void config_show(const struct config *c, bool all, struct ms_buf *out);

#endif
