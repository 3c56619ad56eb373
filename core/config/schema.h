/* SPDX-License-Identifier: ISC */
/*
 * schema.h - which sections and options a configuration may have
 *
 * A tree of sections with options, all declared by struct ms_option: the
 * core's own sections by tables here (core_options.c), a plugin's by its own
 * table, to which the core adds what all instances of a kind have.  The parser
 * makes libconfuse's tables from it; the reference manual is printed from it.
 */
#ifndef CORE_CONFIG_SCHEMA_H
#define CORE_CONFIG_SCHEMA_H

#include <mansio/arena.h>

#include "config/config.h"

/* Types of the core's own options, beside those of plugin.h. */
enum {
	OPTION_PATH = 0x10000,	/* relative to the file in which it stands */
	OPTION_KEY_FILE,	/* a path; others must not be able to read it */
	OPTION_HOST_NAME,
	OPTION_PIPELINE,	/* the title of a pipeline */
	OPTION_TLS,		/* the title of a tls section */
	OPTION_LISTEN,		/* a list of addresses */
	OPTION_NETWORKS,	/* a list */
	OPTION_WHEN,		/* a list of conditions */
	OPTION_DURATIONS,	/* a list */
	OPTION_BACKENDS		/* a list of BACKEND */
};
/* Flags of the core's own options. */
enum {
	OPTION_ONCE = 0x10000,	/* a section: without title, once; it is there also
				   if it is not written */
	OPTION_TITLED = 0x20000	/* a section: always with a title */
};

struct schema_option {
	const struct ms_option *option;
	struct schema_section  *section;	/* of MS_OPT_SECTION */
	bool                    is_common;	/* added by the core */
};

struct schema_section {
	const char             *keyword;
	uint32_t                kind;		/* CONFIG_... */
	const struct ms_plugin *plugin;
	struct schema_option   *options;
	uint32_t                n, max;
};

/* The root with the core's sections. */
struct schema_section *schema_new(struct ms_arena *arena);
/* Adds a plugin's section to the root (CONFIG_INSTANCE) or to the pipelines
   (CONFIG_STAGE).  MS_INVALID: its table of options is wrong. */
ms_status schema_add_plugin(struct schema_section *root, struct ms_arena *arena,
    const struct ms_plugin *plugin, uint32_t kind, struct ms_error *err);
/* A plugin's section alone, for the reference. */
ms_status schema_of_plugin(struct ms_arena *arena, const struct ms_plugin *plugin,
    struct schema_section **section_out, struct ms_error *err);

const struct schema_option *schema_find(const struct schema_section *s, struct ms_str name);
/* Is it, or could it be, a filter or route? */
bool schema_is_stage(const struct ms_plugin *plugin);
/* Does it stand at the top level: is it anything else? */
bool schema_is_instance(const struct ms_plugin *plugin);

static inline bool
option_is_list(const struct ms_option *o)
{
	return o->type == MS_OPT_STRING_LIST || o->type == OPTION_LISTEN ||
	    o->type == OPTION_NETWORKS || o->type == OPTION_WHEN ||
	    o->type == OPTION_DURATIONS || o->type == OPTION_BACKENDS;
}
/* "size", "list of words": for people. */
const char *option_type_name(const struct ms_option *o);

/* Keywords that stand at the top level alone; NULL at the end. */
extern const char *const schema_top_keywords[];
bool schema_is_top_keyword(struct ms_str keyword);
/* Is it one of the core's own, option or section, at the top level? */
bool schema_is_core(struct ms_str keyword);
/* The core's tables (core_options.c); each ends with a NULL name. */
extern const struct ms_option schema_core_options[];
extern const struct ms_option schema_protocol_options[];
extern const struct ms_option schema_filter_options[];
/* Not in this release: what to say about a keyword, or NULL. */
const char *schema_later(struct ms_str keyword);

#endif
