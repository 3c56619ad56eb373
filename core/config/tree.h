/* SPDX-License-Identifier: ISC */
/*
 * tree.h - the inside of a snapshot, shared by the files that make it
 *
 * parse.c has libconfuse read the normalised text into a tree of cfg_t with
 * struct config_value for values; build.c makes sections of it; check.c looks
 * at what refers to what.
 */
#ifndef CORE_CONFIG_TREE_H
#define CORE_CONFIG_TREE_H

#include "config/normalise.h"
#include "config/section.h"
#include "config/value.h"

struct config_entry {
	const struct ms_option *option;
	bool                    is_set;
	struct position         at;	/* where, if it is set */
	struct config_value    *values;
	uint32_t                n;
};

struct ms_config {
	struct config               *config;
	const struct schema_section *schema;
	struct ms_config            *parent;
	struct ms_str                title;
	struct position              at;
	uint32_t                     number;	/* ascends in the order of the file */
	bool                         is_written;	/* else made of defaults */
	struct config_entry         *entries;	/* as schema->options */
	struct config_sections       nested;	/* in the order of the file */
	const char                  *directory;
	void                        *instance;
};

/* A snapshot with what plugins told about it later. */
struct snapshot {
	struct config   pub;		/* first */
	bool            is_refused;
	struct position refused_at;
	struct ms_str   refused;
};

struct parse_result;

/* Runs libconfuse until there is nothing left that it refuses; each refusal is
   noted.  NULL: it came to no end. */
struct parse_result *parse_run(struct normal *n, const struct schema_section *root,
    struct ms_arena *arena, struct problems *problems);
void parse_free(struct parse_result *r);
/* The values of an option in the section that a node stands for (the root: 0),
   those that were right: at most max are written, all are counted. */
uint32_t parse_values(const struct parse_result *r, uint32_t node, const char *name,
    const struct config_value **values, uint32_t max);

/* Makes the sections; c->root and all that struct config points at. */
void build_run(struct config *c, struct normal *n, const struct parse_result *r,
    const struct schema_section *root, struct problems *problems);
void check_run(struct config *c, struct problems *problems);

#endif
