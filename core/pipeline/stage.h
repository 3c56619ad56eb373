/* SPDX-License-Identifier: ISC */
/*
 * stage.h - a pipeline: filters, then routes, as the config lists them
 *
 * Made by the server from its configuration, constant from then on.
 */
#ifndef CORE_PIPELINE_STAGE_H
#define CORE_PIPELINE_STAGE_H

#include <stdbool.h>

#include <mansio/filter.h>
#include <mansio/route.h>

#include "base/pool.h"
#include "config/when.h"

#define PIPELINE_MAX_STAGES	64

enum { ON_ERROR_TEMPFAIL = 0, ON_ERROR_CONTINUE, ON_ERROR_REJECT, ON_ERROR_NEXT };

struct stage {
	const char *name;		/* the plugin's */
	const struct ms_filter *filter;
	const struct ms_filter_plan *plan;
	struct ms_instance *self;
	const struct ms_host *host;
	uint32_t    on_error;		/* ON_ERROR_... */
	int64_t     timeout_us;
	bool        is_shadow;		/* runs, is logged, never acts */
	const struct when *when;	/* all must hold */
	size_t      n_when;
	uint32_t    place;		/* in the pipeline */
	/* Stages (bits of their places) whose facts it needs, or that change the
	   body or envelope before it: they run first. */
	uint64_t    after;
	struct lane lane;		/* a dead back end fills this and no more */
	struct ms_metric *calls, *failures, *time_us;
};

struct route_stage {
	const char *name;
	const struct ms_route *route;
	struct ms_instance *self;
	const struct ms_host *host;
};

struct pipeline {
	const char         *name;
	struct stage       *stages;
	size_t              n_stages;
	struct route_stage *routes;
	size_t              n_routes;
	uint32_t            at;		/* points at which there is a stage */
};

/* Works out `after` and `at` once the stages are filled in. */
void pipeline_link(struct pipeline *p);

/* All pipelines of the server, by name; NULL: there is none. */
void pipelines_set(struct pipeline *const *pipelines, size_t n);
struct pipeline *pipeline_find(struct ms_str name);

#endif
