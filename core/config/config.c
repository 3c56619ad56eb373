/* SPDX-License-Identifier: ISC */
/* config.c - see config.h */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "config/similar.h"
#include "config/tree.h"

#define MAX_INSTANCES	10000
#define MAX_PLUGINS	200
#define SHOWN(s)	(int)((s).len < 60 ? (s).len : 60), (s).data

/* ---- opening the plugins that the text names ---- */

struct opened {
	struct ms_str           keyword;
	const struct ms_plugin *plugin;		/* NULL: it cannot be opened */
	bool                    in_root, in_pipelines;
};

struct opening {
	struct config               *config;
	struct normal               *normal;
	struct schema_section       *root;
	const struct config_plugins *plugins;
	struct problems             *problems;
	struct opened                opened[MAX_PLUGINS];
	uint32_t                     n;
	uint32_t                     instances;	/* that the text asks for */
};

/* plugin "NAME" { path = "..." }: NULL, it says nothing. */
static const char *
path_of(const struct opening *o, struct ms_str keyword)
{
	static const struct ms_str plugin = MS_STR("plugin"), path = MS_STR("path");
	const struct normal *n = o->normal;

	for (uint32_t i = n->nodes[0].child; i != NORMAL_NONE; i = n->nodes[i].next) {
		const struct node *s = &n->nodes[i];

		if (s->kind != NODE_SECTION || !ms_str_equal(node_name(n, s), plugin) ||
		    !ms_str_equal(normal_str(n, s->title), keyword))
			continue;
		for (uint32_t j = s->child; j != NORMAL_NONE; j = n->nodes[j].next) {
			const struct node *set = &n->nodes[j];
			struct config_value value;
			struct ms_option as_path = { .name = "path", .type = OPTION_PATH };

			if (set->kind != NODE_SET || set->end - set->begin != 3 ||
			    !ms_str_equal(node_name(n, set), path))
				continue;
			if (value_parse(&as_path, ms_arena_str(o->config->arena,
			    normal_str(n, set->begin + 2)),
			    normal_position(n, set->begin + 2), o->config->arena,
			    o->problems, &value))
				return value.text.data;
		}
	}
	return NULL;
}

static void
complain_unknown(const struct opening *o, struct ms_str keyword, bool in_pipeline,
    struct position at, const char *why)
{
	struct similar near = similar_to(keyword);
	const char *name, *later = in_pipeline ? NULL : schema_later(keyword);

	if (later != NULL) {
		problems_error(o->problems, at, "\"%.*s\": %s", SHOWN(keyword), later);
		return;
	}
	if (o->plugins->known != NULL)
		for (uint32_t i = 0; (name = o->plugins->known(o->plugins, i)) != NULL; i++)
			similar_offer(&near, ms_str_c(name));
	for (uint32_t i = 0; !in_pipeline && schema_core_options[i].name != NULL; i++)
		similar_offer(&near, ms_str_c(schema_core_options[i].name));
	if (near.best.data != NULL)
		problems_error(o->problems, at, "unknown section \"%.*s\"; did you mean "
		    "\"%.*s\"?", SHOWN(keyword), SHOWN(near.best));
	else
		problems_error(o->problems, at, "unknown section \"%.*s\": %s",
		    SHOWN(keyword), why);
}

/* One plugin, at the first place that names it; NULL: it is complained about. */
static struct opened *
open_plugin(struct opening *o, uint32_t node, bool in_pipeline)
{
	struct ms_str keyword = node_name(o->normal, &o->normal->nodes[node]);
	struct position at = normal_position(o->normal, o->normal->nodes[node].name);
	struct ms_error err = MS_ERROR_INIT;
	struct opened *made;
	ms_status st;

	for (uint32_t i = 0; i < o->n; i++)
		if (ms_str_equal(o->opened[i].keyword, keyword))
			return &o->opened[i];
	if (o->n == MAX_PLUGINS) {
		problems_error(o->problems, at, "more than %d different plugins",
		    MAX_PLUGINS);
		return NULL;
	}
	made = &o->opened[o->n++];
	*made = (struct opened){ .keyword = ms_arena_str(o->config->arena, keyword) };
	st = o->plugins->open(o->plugins, made->keyword.data, path_of(o, keyword),
	    &made->plugin, &err);
	if (st == MS_OK)
		return made;
	made->plugin = NULL;
	if (st == MS_NOTFOUND)
		complain_unknown(o, keyword, in_pipeline, at, err.text);
	else
		problems_error(o->problems, at, "%s", err.text);
	return made;
}

/* Makes the keyword known where it stands.  False: it has no place there. */
static bool
place_plugin(struct opening *o, struct opened *p, uint32_t node, bool in_pipeline)
{
	struct position at = normal_position(o->normal, o->normal->nodes[node].name);
	bool *is_placed = in_pipeline ? &p->in_pipelines : &p->in_root;
	struct ms_error err = MS_ERROR_INIT;

	if (*is_placed)
		return true;
	if (in_pipeline && !schema_is_stage(p->plugin)) {
		problems_error(o->problems, at, "\"%s\" is neither a filter nor a route; it "
		    "stands at the top level, not in a pipeline", p->plugin->name);
		return false;
	}
	if (!in_pipeline && !schema_is_instance(p->plugin)) {
		problems_error(o->problems, at, "\"%s\" is a filter or a route; it stands in "
		    "a pipeline", p->plugin->name);
		return false;
	}
	if (schema_add_plugin(o->root, o->config->arena, p->plugin,
	    in_pipeline ? CONFIG_STAGE : CONFIG_INSTANCE, &err) != MS_OK) {
		problems_error(o->problems, at, "%s", err.text);
		p->plugin = NULL;
		return false;
	}
	*is_placed = true;
	return true;
}

static void
open_in(struct opening *o, uint32_t parent, bool in_pipeline)
{
	static const struct ms_str pipeline = MS_STR("pipeline");
	struct normal *n = o->normal;

	for (uint32_t i = n->nodes[parent].child; i != NORMAL_NONE; i = n->nodes[i].next) {
		const struct node *node = &n->nodes[i];
		struct ms_str keyword = node_name(n, node);
		struct opened *p;

		if (node->kind != NODE_SECTION)
			continue;
		if (!in_pipeline && ms_str_equal(keyword, pipeline)) {
			open_in(o, i, true);
			continue;
		}
		if (in_pipeline ? schema_is_top_keyword(keyword) : schema_is_core(keyword))
			continue;	/* the parser knows it, or says where it belongs */
		if (o->instances++ == MAX_INSTANCES)
			problems_error(o->problems, normal_position(n, node->name),
			    "more than %d instances of plugins", MAX_INSTANCES);
		if (o->instances > MAX_INSTANCES) {
			normal_blank(n, i);
			continue;
		}
		p = open_plugin(o, i, in_pipeline);
		if (p == NULL || p->plugin == NULL || !place_plugin(o, p, i, in_pipeline))
			normal_blank(n, i);
	}
}

/* ---- the whole ---- */

static void
set_directories(struct config *c)
{
	const char *data = section_c(c->root, "data-dir");

	for (uint32_t i = 0; i < c->instances.n; i++) {
		struct ms_config *s = c->instances.v[i];
		MS_AUTO_BUF struct ms_buf name = MS_BUF_MAX(4096);
		struct ms_str from = s->title;
		uint32_t same = 1;

		/* Stages have no title: the pipeline's, and a number from the second
		   of that kind on. */
		if (s->schema->kind == CONFIG_STAGE) {
			from = s->parent->title;
			for (uint32_t j = 0; s->parent->nested.v[j] != s; j++)
				same += s->parent->nested.v[j]->schema == s->schema;
		}
		if (from.len == 0)
			ms_buf_add_c(&name, "default");
		for (size_t j = 0; j < from.len; j++) {
			char o = from.data[j];
			bool plain = (o >= 'a' && o <= 'z') || (o >= 'A' && o <= 'Z') ||
			    (o >= '0' && o <= '9') || o == '-' || o == '_' || o == '@' ||
			    (o == '.' && j > 0);

			if (plain)
				ms_buf_add_octet(&name, o);
			else
				ms_buf_addf(&name, "%%%02X", (unsigned char)o);
		}
		if (same > 1)
			ms_buf_addf(&name, "-%u", same);
		s->directory = ms_arena_printf(c->arena, "%s/%s/%s", data,
		    s->schema->keyword, ms_buf_ok(&name) ? name.data : "default").data;
	}
}

/* The version comes first: nothing else can be believed if it is another. */
static bool
check_version(const struct normal *n, struct problems *p)
{
	static const struct ms_str version = MS_STR("config-version");

	for (uint32_t i = n->nodes[0].child; i != NORMAL_NONE; i = n->nodes[i].next) {
		const struct node *node = &n->nodes[i];
		struct ms_str value;
		uint64_t number;

		if (node->kind != NODE_SET || node->end - node->begin != 3 ||
		    !ms_str_equal(node_name(n, node), version))
			continue;
		value = normal_str(n, node->begin + 2);
		if (!ms_str_to_u64(value, UINT32_MAX, &number) || number <= CONFIG_VERSION)
			return true;	/* right, or wrong in the ordinary way */
		problems_error(p, normal_position(n, node->begin + 2), "config-version = "
		    "%.*s belongs to a newer release; this one reads %d", SHOWN(value),
		    CONFIG_VERSION);
		return false;
	}
	return true;
}

struct config *
config_load(const char *path, const struct config_plugins *plugins,
    const struct normal_source *source, struct problems *problems)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct snapshot *snapshot = ms_arena_alloc(arena, sizeof(*snapshot));
	struct config *c = &snapshot->pub;
	struct schema_section *root = schema_new(arena);
	struct opening o = { .config = c, .root = root, .plugins = plugins,
	    .problems = problems };
	struct parse_result *parsed = NULL;

	c->arena = arena;
	c->path = ms_arena_str(arena, ms_str_c(path)).data;
	o.normal = normal_read(c->path, source != NULL ? source : &normal_disk,
	    schema_top_keywords, arena, problems);
	if (!o.normal->is_partial && o.normal->n_files > 0 &&
	    check_version(o.normal, problems)) {
		open_in(&o, 0, false);
		parsed = parse_run(o.normal, root, arena, problems);
	}
	if (parsed != NULL) {
		build_run(c, o.normal, parsed, root, problems);
		set_directories(c);
		check_run(c, problems);
	}
	parse_free(parsed);
	normal_free(o.normal);
	problems_sort(problems);
	return c;
}

void
config_free(struct config *c)
{
	if (c != NULL)
		ms_arena_free(c->arena);
}

/* ---- finding ---- */

struct ms_config *
config_find_instance(const struct config *c, struct ms_str name, const char *interface)
{
	struct ms_config *found = NULL;

	for (uint32_t i = 0; i < c->instances.n; i++) {
		struct ms_config *s = c->instances.v[i];

		if (s->schema->kind != CONFIG_INSTANCE ||
		    !ms_str_equal(section_name(s), name) ||
		    (interface != NULL && section_interface(s, interface) == NULL))
			continue;
		if (found != NULL)
			return NULL;
		found = s;
	}
	return found;
}

struct ms_config *
config_sole_instance(const struct config *c, const char *interface)
{
	struct ms_config *found = NULL;

	for (uint32_t i = 0; i < c->instances.n; i++) {
		struct ms_config *s = c->instances.v[i];

		if (s->schema->kind != CONFIG_INSTANCE ||
		    section_interface(s, interface) == NULL)
			continue;
		if (found != NULL)
			return NULL;
		found = s;
	}
	return found;
}

static struct ms_config *
find_titled(const struct config_sections *list, struct ms_str title)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (ms_str_equal(list->v[i]->title, title))
			return list->v[i];
	return NULL;
}

struct ms_config *
config_find_pipeline(const struct config *c, struct ms_str name)
{
	return find_titled(&c->pipelines, name);
}

struct ms_config *
config_find_tls(const struct config *c, struct ms_str name)
{
	return find_titled(&c->tls, name);
}

const struct ms_config *
config_tls_of(const struct ms_config *protocol)
{
	static const struct ms_str standard = MS_STR("default");
	const struct ms_config *tls = section_nested(protocol, "tls", 0);
	struct ms_str use = tls != NULL ? section_string(tls, "use") : ms_str_of("", 0);

	return config_find_tls(protocol->config, use.len > 0 ? use : standard);
}

const struct ms_config *
config_queue_backend(const struct config *c)
{
	if (section_count(c->queue, "backend") > 0)
		return section_reference(c->queue, "backend", 0);
	return config_sole_instance(c, "ms.queue/1");
}

const struct ms_config *
config_directory(const struct config *c, uint32_t i)
{
	if (section_count(c->auth, "directories") > 0)
		return section_reference(c->auth, "directories", i);
	for (uint32_t j = 0; j < c->instances.n; j++) {
		const struct ms_config *s = c->instances.v[j];

		if (s->schema->kind == CONFIG_INSTANCE &&
		    section_interface(s, "ms.directory/1") != NULL && i-- == 0)
			return s;
	}
	return NULL;
}
