/* SPDX-License-Identifier: ISC */
/* schema.c - see schema.h */
#include "config/schema.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/filter.h>
#include <mansio/protocol.h>
#include <mansio/route.h>
#include <mansio/str.h>

#define MAX_OPTIONS	500	/* of one section of a plugin */
#define MAX_NESTED	8	/* sections in sections */
#define MAX_NAME	64

static struct schema_section *
section_new(struct ms_arena *arena, const char *keyword, uint32_t kind,
    const struct ms_plugin *plugin)
{
	struct schema_section *s = ms_arena_alloc(arena, sizeof(*s));

	s->keyword = keyword;
	s->kind = kind;
	s->plugin = plugin;
	return s;
}

static struct schema_option *
add_option(struct schema_section *s, struct ms_arena *arena, const struct ms_option *o)
{
	struct schema_option *added;

	if (s->n == s->max) {
		uint32_t max = s->max == 0 ? 16 : s->max * 2;
		struct schema_option *grown = ms_arena_array(arena, max, sizeof(*grown));

		if (s->n > 0)
			memcpy(grown, s->options, s->n * sizeof(*grown));
		s->options = grown;
		s->max = max;
	}
	added = &s->options[s->n++];
	added->option = o;
	return added;
}

const struct schema_option *
schema_find(const struct schema_section *s, struct ms_str name)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (ms_str_equal(ms_str_c(s->options[i].option->name), name))
			return &s->options[i];
	return NULL;
}

static void
add_core_table(struct schema_section *s, struct ms_arena *arena,
    const struct ms_option *table, bool is_common)
{
	uint32_t kind = s->kind == CONFIG_ROOT ? CONFIG_CORE : CONFIG_NESTED;

	for (; table->name != NULL; table++) {
		struct schema_option *o;
		struct schema_section *nested = NULL;

		if (is_common && schema_find(s, ms_str_c(table->name)) != NULL)
			continue;
		if (table->type == MS_OPT_SECTION) {
			nested = section_new(arena, table->name, kind, s->plugin);
			add_core_table(nested, arena, table->nested, false);
		}
		o = add_option(s, arena, table);
		o->section = nested;
		o->is_common = is_common;
	}
}

struct schema_section *
schema_new(struct ms_arena *arena)
{
	struct schema_section *root = section_new(arena, "", CONFIG_ROOT, NULL);

	add_core_table(root, arena, schema_core_options, false);
	return root;
}

/* ---- a plugin's table, which is looked at before it is believed ---- */

static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > MAX_NAME || name[0] == '-' || name[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || name[i] == '-' ||
		    (name[i] >= '0' && name[i] <= '9')))
			return false;
	return true;
}

static ms_status
check_option(const struct schema_section *s, const struct ms_option *o,
    struct ms_error *err)
{
	if (!is_name(o->name))
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares an option "
		    "with the name \"%.40s\"; names are lower-case words with \"-\"",
		    s->plugin->name, o->name);
	if (schema_find(s, ms_str_c(o->name)) != NULL)
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares the option "
		    "\"%s\" twice", s->plugin->name, o->name);
	if (o->type < MS_OPT_STRING || o->type > MS_OPT_SECTION)
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares the option "
		    "\"%s\" with the unknown type %u", s->plugin->name, o->name, o->type);
	if ((o->type == MS_OPT_CHOICE || o->type == MS_OPT_BACKEND) && o->choices == NULL)
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares the option "
		    "\"%s\" without saying what it may be", s->plugin->name, o->name);
	if (o->type == MS_OPT_SECTION && o->nested == NULL)
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares the section "
		    "\"%s\" without options", s->plugin->name, o->name);
	return MS_OK;
}

static ms_status
add_plugin_table(struct schema_section *s, struct ms_arena *arena,
    const struct ms_option *table, uint32_t depth, struct ms_error *err)
{
	/* Growth: what the table's author knew of a struct ms_option. */
	size_t stride = s->plugin->option_stride;
	size_t known = stride < sizeof(*table) ? stride : sizeof(*table);
	const char *at = (const char *)table;

	if (table == NULL)
		return MS_OK;
	if (depth > MAX_NESTED)
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares sections "
		    "too deep", s->plugin->name);
	if (stride < offsetof(struct ms_option, nested) + sizeof(table->nested))
		return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" gives no size of "
		    "its options (option_stride)", s->plugin->name);
	for (;; at += stride) {
		struct ms_option *o = ms_arena_alloc(arena, sizeof(*o));
		struct schema_option *added;
		ms_status st;

		memcpy(o, at, known);
		if (o->name == NULL)
			return MS_OK;
		/* The upper bits are the core's own. */
		o->flags &= 0xffff;
		if (s->n == MAX_OPTIONS)
			return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares "
			    "more than %d options", s->plugin->name, MAX_OPTIONS);
		st = check_option(s, o, err);
		if (st != MS_OK)
			return st;
		added = add_option(s, arena, o);
		if (o->type != MS_OPT_SECTION)
			continue;
		added->section = section_new(arena, o->name, CONFIG_NESTED, s->plugin);
		st = add_plugin_table(added->section, arena, o->nested, depth + 1, err);
		if (st != MS_OK)
			return st;
	}
}

static bool
offers(const struct ms_plugin *plugin, const char *interface)
{
	return plugin->interface != NULL && plugin->interface(interface) != NULL;
}

bool
schema_is_stage(const struct ms_plugin *plugin)
{
	return offers(plugin, MS_FILTER_ID) || offers(plugin, MS_ROUTE_ID);
}

bool
schema_is_instance(const struct ms_plugin *plugin)
{
	static const char *const kinds[] = { MS_PROTOCOL_ID, "ms.delivery/1", "ms.mailbox/1",
	    "ms.queue/1", "ms.directory/1", "ms.index/1", "ms.blob-store/1", "ms.command/1" };

	if (!schema_is_stage(plugin))
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (offers(plugin, kinds[i]))
			return true;
	return false;
}

/* A plugin may declare a common option itself, to document it, but not as
   something else: the core reads it. */
static ms_status
add_common(struct schema_section *s, struct ms_arena *arena,
    const struct ms_option *table, struct ms_error *err)
{
	for (const struct ms_option *o = table; o->name != NULL; o++) {
		const struct schema_option *own = schema_find(s, ms_str_c(o->name));

		if (own != NULL && own->option->type != o->type)
			return ms_error_set(err, MS_INVALID, "", "plugin \"%s\" declares the "
			    "option \"%s\", which the core adds to all of its kind",
			    s->plugin->name, o->name);
	}
	add_core_table(s, arena, table, true);
	return MS_OK;
}

static ms_status
plugin_section(struct ms_arena *arena, const struct ms_plugin *plugin, uint32_t kind,
    struct schema_section **section_out, struct ms_error *err)
{
	struct schema_section *s = section_new(arena, plugin->name, kind, plugin);
	ms_status st = add_plugin_table(s, arena, plugin->options, 1, err);

	if (st == MS_OK && kind == CONFIG_INSTANCE && offers(plugin, MS_PROTOCOL_ID))
		st = add_common(s, arena, schema_protocol_options, err);
	if (st == MS_OK && kind == CONFIG_STAGE && offers(plugin, MS_FILTER_ID))
		st = add_common(s, arena, schema_filter_options, err);
	if (st == MS_OK)
		*section_out = s;
	return st;
}

ms_status
schema_of_plugin(struct ms_arena *arena, const struct ms_plugin *plugin,
    struct schema_section **section_out, struct ms_error *err)
{
	return plugin_section(arena, plugin,
	    schema_is_stage(plugin) ? CONFIG_STAGE : CONFIG_INSTANCE, section_out, err);
}

ms_status
schema_add_plugin(struct schema_section *root, struct ms_arena *arena,
    const struct ms_plugin *plugin, uint32_t kind, struct ms_error *err)
{
	static const struct ms_str pipeline = MS_STR("pipeline");
	struct schema_section *to = root, *made;
	struct schema_option *added;
	struct ms_option *keyword;
	ms_status st = plugin_section(arena, plugin, kind, &made, err);

	if (st != MS_OK)
		return st;
	if (kind == CONFIG_STAGE)
		to = schema_find(root, pipeline)->section;
	keyword = ms_arena_alloc(arena, sizeof(*keyword));
	keyword->name = plugin->name;
	keyword->type = MS_OPT_SECTION;
	keyword->help = plugin->summary;
	added = add_option(to, arena, keyword);
	added->section = made;
	return MS_OK;
}

const char *
option_type_name(const struct ms_option *o)
{
	switch (o->type) {
	case MS_OPT_STRING:
		return "text";
	case MS_OPT_INT:
		return "number";
	case MS_OPT_BOOL:
		return "yes or no";
	case MS_OPT_SIZE:
		return "size";
	case MS_OPT_DURATION:
		return "duration";
	case MS_OPT_RATE:
		return "rate";
	case MS_OPT_CHOICE:
		return "one of";
	case MS_OPT_SECRET:
		return "secret";
	case MS_OPT_BACKEND:
		return "name of an instance";
	case MS_OPT_STRING_LIST:
		return "list of texts";
	case MS_OPT_SECTION:
		return "section";
	case OPTION_PATH:
	case OPTION_KEY_FILE:
		return "path";
	case OPTION_HOST_NAME:
		return "host name";
	case OPTION_PIPELINE:
		return "name of a pipeline";
	case OPTION_TLS:
		return "name of a tls section";
	case OPTION_LISTEN:
		return "list of listeners";
	case OPTION_NETWORKS:
		return "list of networks";
	case OPTION_WHEN:
		return "list of conditions";
	case OPTION_DURATIONS:
		return "list of durations";
	case OPTION_BACKENDS:
		return "list of names of instances";
	default:
		return "unknown";
	}
}
