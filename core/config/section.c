/* SPDX-License-Identifier: ISC */
/* section.c - see section.h */
#include "config/section.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "config/tree.h"

static bool is_strict;

void
section_be_strict(bool strict)
{
	is_strict = strict;
}

static const struct config_entry *
find(const struct ms_config *s, const char *name)
{
	for (uint32_t i = 0; i < s->schema->n; i++)
		if (strcmp(s->entries[i].option->name, name) == 0)
			return &s->entries[i];
	return NULL;
}

static const struct config_entry *
must_find(const struct ms_config *s, const char *name)
{
	const struct config_entry *e = find(s, name);

	if (e == NULL && is_strict)
		abort();
	return e;
}

static const struct config_value *
value(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_entry *e = must_find(s, name);

	return e != NULL && i < e->n ? &e->values[i] : NULL;
}

uint32_t
section_kind(const struct ms_config *s)
{
	return s->schema->kind;
}

const char *
section_keyword(const struct ms_config *s)
{
	return s->schema->keyword;
}

struct ms_str
section_title(const struct ms_config *s)
{
	return s->title;
}

struct ms_str
section_name(const struct ms_config *s)
{
	return s->title.len > 0 ? s->title : ms_str_c(s->schema->keyword);
}

struct position
section_position(const struct ms_config *s)
{
	return s->at;
}

const struct ms_config *
section_parent(const struct ms_config *s)
{
	return s->parent;
}

const struct config *
section_config(const struct ms_config *s)
{
	return s->config;
}

const struct ms_plugin *
section_plugin(const struct ms_config *s)
{
	return s->schema->plugin;
}

const void *
section_interface(const struct ms_config *s, const char *interface)
{
	const struct ms_plugin *plugin = s->schema->plugin;

	return plugin != NULL && plugin->interface != NULL ? plugin->interface(interface) :
	    NULL;
}

/* The instance that the section belongs to. */
static const struct ms_config *
owner(const struct ms_config *s)
{
	while (s->schema->kind == CONFIG_NESTED && s->parent != NULL)
		s = s->parent;
	return s;
}

const char *
section_directory(const struct ms_config *s)
{
	const char *directory = owner(s)->directory;

	return directory != NULL ? directory : "";
}

bool
section_has(const struct ms_config *s, const char *name)
{
	return find(s, name) != NULL;
}

bool
section_is_set(const struct ms_config *s, const char *name)
{
	const struct config_entry *e = find(s, name);

	return e != NULL && e->is_set;
}

struct position
section_option_position(const struct ms_config *s, const char *name)
{
	const struct config_entry *e = find(s, name);

	return e != NULL && e->is_set ? e->at : s->at;
}

struct ms_str
section_item(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_value *v = value(s, name, i);

	return v != NULL ? v->text : ms_str_of(NULL, 0);
}

struct ms_str
section_string(const struct ms_config *s, const char *name)
{
	const struct config_value *v = value(s, name, 0);

	return v != NULL ? v->text : ms_str_of("", 0);
}

const char *
section_c(const struct ms_config *s, const char *name)
{
	return section_string(s, name).data;
}

int64_t
section_item_number(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_value *v = value(s, name, i);

	return v != NULL ? v->number : 0;
}

int64_t
section_number(const struct ms_config *s, const char *name)
{
	return section_item_number(s, name, 0);
}

int64_t
section_span_us(const struct ms_config *s, const char *name)
{
	const struct config_value *v = value(s, name, 0);

	return v != NULL ? v->span_us : 0;
}

uint32_t
section_count(const struct ms_config *s, const char *name)
{
	const struct config_entry *e = must_find(s, name);

	return e != NULL ? e->n : 0;
}

static const struct config_value *
typed(const struct ms_config *s, const char *name, uint32_t i, uint32_t type)
{
	const struct config_entry *e = must_find(s, name);

	return e != NULL && e->option->type == type && i < e->n ? &e->values[i] : NULL;
}

const struct listen_address *
section_listen(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_value *v = typed(s, name, i, OPTION_LISTEN);

	return v != NULL ? v->as.listen : NULL;
}

const struct network *
section_network(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_value *v = typed(s, name, i, OPTION_NETWORKS);

	return v != NULL ? v->as.network : NULL;
}

const struct when *
section_when(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_value *v = typed(s, name, i, OPTION_WHEN);

	return v != NULL ? v->as.when : NULL;
}

struct ms_config *
section_reference(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct config_value *v = typed(s, name, i, MS_OPT_BACKEND);

	if (v == NULL)
		v = typed(s, name, i, OPTION_BACKENDS);
	return v != NULL ? v->as.reference : NULL;
}

struct ms_config *
section_any_reference(const struct ms_config *s, uint32_t i)
{
	for (uint32_t j = 0; j < s->schema->n; j++) {
		const struct config_entry *e = &s->entries[j];

		if (e->option->type != MS_OPT_BACKEND && e->option->type != OPTION_BACKENDS)
			continue;
		if (i < e->n)
			return e->values[i].as.reference;
		i -= e->n;
	}
	return NULL;
}

const struct ms_config *
section_nested(const struct ms_config *s, const char *name, uint32_t i)
{
	if (name != NULL)
		(void)must_find(s, name);
	for (uint32_t j = 0; j < s->nested.n; j++) {
		if (name != NULL && strcmp(s->nested.v[j]->schema->keyword, name) != 0)
			continue;
		if (i-- == 0)
			return s->nested.v[j];
	}
	return NULL;
}

void
section_set_instance(struct ms_config *s, void *instance)
{
	s->instance = instance;
}

void *
section_instance(const struct ms_config *s)
{
	return s->instance;
}

/* ---- ms.config/1 ---- */

static const struct ms_config *
service_section(const struct ms_config *s, const char *name, uint32_t i)
{
	const struct ms_config *nested;
	uint32_t seen = 0;

	/* One that is made of defaults is the core's own affair. */
	for (uint32_t j = 0; (nested = section_nested(s, name, j)) != NULL; j++)
		if (nested->is_written && seen++ == i)
			return nested;
	return NULL;
}

static ms_status
service_backend(const struct ms_config *s, const char *name,
    struct ms_backend *backend_out, struct ms_error *err)
{
	const struct config_backends *backends = s->config->backends;
	const struct config_entry *e = must_find(s, name);
	const struct ms_config *target;

	if (e == NULL || e->option->type != MS_OPT_BACKEND)
		return ms_error_set(err, MS_INVALID, "", "the option \"%.60s\" names no "
		    "instance", name);
	if (e->n == 0)
		return ms_error_set(err, MS_NOTFOUND, "", "the option \"%.60s\" is empty",
		    name);
	target = e->values[0].as.reference;
	if (backends == NULL || target == NULL)
		return ms_error_set(err, MS_INVALID, "", "\"%.60s\" cannot be asked for "
		    "before start", name);
	return backends->find(backends, target, e->option->choices, backend_out, err);
}

static ms_status
service_refuse(const struct ms_config *s, const char *name, const char *text,
    struct ms_error *err)
{
	struct snapshot *snapshot = (struct snapshot *)s->config;
	struct position at = section_option_position(s, name);
	MS_AUTO_BUF struct ms_buf place = MS_BUF_MAX(4200);

	snapshot->is_refused = true;
	snapshot->refused_at = at;
	snapshot->refused = ms_arena_printf(s->config->arena, "option \"%.60s\": %.300s",
	    name, text);
	position_text(at, &place);
	return ms_error_set(err, MS_INVALID, "", "%.120s: %s",
	    ms_buf_ok(&place) && place.data != NULL ? place.data : "configuration",
	    snapshot->refused.data);
}

bool
section_take_refusal(const struct config *c, struct position *at_out,
    struct ms_str *text_out)
{
	struct snapshot *snapshot = (struct snapshot *)(uintptr_t)c;

	if (!snapshot->is_refused)
		return false;
	snapshot->is_refused = false;
	*at_out = snapshot->refused_at;
	*text_out = snapshot->refused;
	return true;
}

const struct ms_config_api section_service = {
	.size = sizeof(section_service),
	.title = section_title,
	.directory = section_directory,
	.string = section_item,
	.number = section_number,
	.span_us = section_span_us,
	.section = service_section,
	.backend = service_backend,
	.refuse = service_refuse,
};
