/* SPDX-License-Identifier: ISC */
/*
 * verb.h - what the command line can do: verbs, requests, output
 *
 * A verb runs beside the server's instances: in the server, asked over the
 * control socket, or, with the server down, in the command's own process under
 * the data directory's lock.  It writes rows, JSON objects of one line, and
 * never knows who reads them: the command line makes text of them, or shows
 * them as they are.
 */
#ifndef CORE_COMMAND_VERB_H
#define CORE_COMMAND_VERB_H

#include <stdbool.h>

#include <mansio/buf.h>
#include <mansio/json.h>
#include <mansio/scope.h>

#include "process/server.h"

#define REQUEST_MAX_FIELDS	64

enum {
	VERB_OFFLINE = 1,	/* works with the server down too */
	VERB_LOCAL   = 2,	/* needs no server and no lock: only the config */
	VERB_BARE    = 4,	/* needs not even a config */
	VERB_PASSWORD = 8	/* reads a password: --password-file, or asks */
};

/* Options are fields by name without the dashes; what stands alone has the
   name "". */
struct request {
	const char     *noun, *verb;
	struct ms_field fields[REQUEST_MAX_FIELDS];
	size_t          n;
	const char     *config;		/* the file */
	bool            as_json;
};

/* Where rows go. */
struct output {
	/* False: nobody reads any more. */
	bool (*row)(struct output *, struct ms_str object);
};

struct verb {
	const char *noun, *verb;	/* verb "": the noun alone */
	const char *arguments, *help;
	unsigned    flags;
	ms_status (*run)(struct host *h, const struct ms_scope *scope,
	    const struct request *request, struct output *out, struct ms_error *err);
};

/* The core's own; the last has a NULL noun. */
extern const struct verb core_verbs[];
const struct verb *verb_find(const char *noun, const char *verb);

/* The i-th argument without a name; data NULL: there is none. */
struct ms_str request_argument(const struct request *r, size_t i);
struct ms_str request_option(const struct request *r, const char *name);
bool request_has(const struct request *r, const char *name);

/* A row made in a buffer: begin, members, end. */
struct row {
	struct ms_buf  text;
	struct ms_json json;
};
void row_begin(struct row *row);
ms_status row_end(struct row *row, struct output *out, struct ms_error *err);
/* {"text": ...}: shown as it is. */
ms_status row_text(struct output *out, struct ms_str text, struct ms_error *err);

/* The verbs' functions, by file. */
ms_status entries_run_add(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status entries_run_delete(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status entries_run_list(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status entries_run_password(struct host *, const struct ms_scope *,
    const struct request *, struct output *, struct ms_error *);
ms_status entries_run_set(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status queue_run_list(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status queue_run_show(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status queue_run_change(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status status_run(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status plugin_run_list(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status plugin_run_show(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status plugin_run_manual(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status config_run_show(struct host *, const struct ms_scope *, const struct request *,
    struct output *, struct ms_error *);
ms_status config_run_explain(struct host *, const struct ms_scope *,
    const struct request *, struct output *, struct ms_error *);

/* A verb of a plugin (ms.command/1): MS_NOTFOUND if none has it.  offline:
   those that work so alone. */
ms_status plugin_verb_run(struct host *h, const struct ms_scope *scope,
    const struct request *r, bool offline, struct output *out, struct ms_error *err);
/* Is it the noun of some plugin's verb? */
bool plugin_verb_exists(struct host *h, const char *noun, const char *verb);
/* Runs core or plugin verb. */
ms_status verb_run(struct host *h, const struct request *r, bool offline,
    struct output *out, struct ms_error *err);

#endif
