/* SPDX-License-Identifier: ISC */
/* instance.c - see instance.h */
#include "plugin/instance.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/directory.h"
#include "config/schema.h"
#include "config/section.h"
#include "plugin/services.h"

enum { MADE = 0, STARTING, RUNNING };

struct instance {
	struct ms_host          host;		/* first */
	struct instances       *all;
	const struct ms_plugin *plugin;
	struct ms_config       *section;
	struct ms_instance     *self;		/* NULL: create() failed */
	const struct ms_scope  *scope;
	uint32_t                state;
	struct instance        *started_before;	/* stopped after it */
};

struct instances {
	struct config_backends   backends;	/* first */
	struct instances_options options;
	struct config           *config;
	struct instance         *v;
	uint32_t                 n;
	struct instance         *last_started;
};

/* ---- plugins for config_load() ---- */

struct opener {
	struct config_plugins pub;	/* first */
	struct loader        *loader;
};

static ms_status
opener_open(const struct config_plugins *self, const char *name, const char *path,
    const struct ms_plugin **plugin_out, struct ms_error *err)
{
	const struct opener *o = (const struct opener *)self;

	return loader_open(o->loader, name, path, plugin_out, err);
}

static const char *
opener_known(const struct config_plugins *self, uint32_t i)
{
	const struct opener *o = (const struct opener *)self;

	return loader_known(o->loader, i);
}

struct config_plugins *
plugins_for_config(struct loader *l)
{
	struct opener *o = calloc(1, sizeof(*o));

	if (o == NULL)
		abort();
	o->pub.open = opener_open;
	o->pub.known = opener_known;
	o->loader = l;
	return &o->pub;
}

void
plugins_for_config_free(struct config_plugins *p)
{
	free(p);
}

/* ---- hosts ---- */

static const void *
host_service(const struct ms_host *host, const char *id)
{
	(void)host;
	return services_get(id);
}

struct instance *
instance_of_host(const struct ms_host *host)
{
	return host != NULL && host->service == host_service ?
	    (struct instance *)(uintptr_t)host : NULL;
}

static ms_status
find_backend(const struct config_backends *backends, const struct ms_config *section,
    const char *interface, struct ms_backend *backend_out, struct ms_error *err)
{
	const struct instances *all = (const struct instances *)backends;
	struct instance *target = instance_of(section);
	struct ms_backend backend;

	if (target == NULL || target->state != RUNNING)
		return ms_error_set(err, MS_INVALID, "", "\"%s\" is not running",
		    section_name(section).data);
	backend.table = instance_interface(target, interface);
	backend.self = target->self;
	if (backend.table == NULL)
		return ms_error_set(err, MS_UNSUPPORTED, "", "\"%s\" does not offer %s",
		    section_name(section).data, interface);
	if (all->options.interpose != NULL)
		all->options.interpose(target, interface, &backend);
	*backend_out = backend;
	return MS_OK;
}

/* ---- create and destroy ---- */

static void
create_one(struct instances *all, struct instance *i, struct problems *problems)
{
	struct ms_error err = MS_ERROR_INIT;
	struct position at;
	struct ms_str refused;
	ms_status st;

	i->host.size = sizeof(i->host);
	i->host.abi_major = MS_ABI_MAJOR;
	i->host.abi_minor = MS_ABI_MINOR;
	i->host.version = MANSIO_VERSION;
	i->host.service = host_service;
	i->host.roles = all->options.roles;
	if (all->options.scope_new != NULL)
		i->scope = i->host.scope = all->options.scope_new(&i->host,
		    section_name(i->section));
	st = i->plugin->create(&i->host, i->section, &i->self, &err);
	if (st == MS_OK && i->self != NULL) {
		section_set_instance(i->section, i);
		return;
	}
	i->self = NULL;
	if (section_take_refusal(all->config, &at, &refused))
		problems_error(problems, at, "%.*s", (int)refused.len, refused.data);
	else
		problems_error(problems, section_position(i->section), "%s \"%s\": %s",
		    i->plugin->name, section_name(i->section).data, err.text[0] != '\0' ?
		    err.text : "cannot be created, and does not say why");
}

struct instances *
instances_create(struct config *c, const struct instances_options *options,
    struct problems *problems)
{
	struct instances *all = calloc(1, sizeof(*all));

	if (all == NULL)
		abort();
	all->backends.find = find_backend;
	all->options = *options;
	all->config = c;
	all->n = c->instances.n;
	all->v = calloc(all->n > 0 ? all->n : 1, sizeof(*all->v));
	if (all->v == NULL)
		abort();
	for (uint32_t i = 0; i < all->n; i++) {
		all->v[i].all = all;
		all->v[i].section = c->instances.v[i];
		all->v[i].plugin = section_plugin(c->instances.v[i]);
		create_one(all, &all->v[i], problems);
	}
	return all;
}

void
instances_free(struct instances *all)
{
	if (all == NULL)
		return;
	instances_stop(all);
	for (uint32_t i = all->n; i-- > 0; ) {
		struct instance *one = &all->v[i];

		section_set_instance(one->section, NULL);
		if (one->self != NULL)
			one->plugin->destroy(one->self);
		if (one->scope != NULL && all->options.scope_free != NULL)
			all->options.scope_free(one->scope);
	}
	if (all->config->backends == &all->backends)
		all->config->backends = NULL;
	free(all->v);
	free(all);
}

/* ---- start and stop ---- */

static ms_status start_one(struct instances *all, struct instance *i, struct ms_error *err);

/* Those that it names, also in nested sections, run before it. */
static ms_status
start_named(struct instances *all, const struct ms_config *s, struct ms_error *err)
{
	const struct ms_config *nested;
	struct ms_config *named;

	for (uint32_t i = 0; (named = section_any_reference(s, i)) != NULL; i++) {
		struct instance *target = instance_of(named);
		ms_status st = target == NULL ? MS_OK : start_one(all, target, err);

		if (st != MS_OK)
			return st;
	}
	for (uint32_t i = 0; (nested = section_nested(s, NULL, i)) != NULL; i++) {
		ms_status st = start_named(all, nested, err);

		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

static ms_status
prefix(const struct instance *i, ms_status st, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf place = MS_BUF_MAX(4200);

	position_text(section_position(i->section), &place);
	return ms_error_prefix(err, st, "%.100s: %s \"%s\"",
	    ms_buf_ok(&place) && place.data != NULL ? place.data : "?", i->plugin->name,
	    section_name(i->section).data);
}

static ms_status
start_one(struct instances *all, struct instance *i, struct ms_error *err)
{
	ms_status st;

	if (i->state == RUNNING)
		return MS_OK;
	if (i->self == NULL)
		return prefix(i, ms_error_set(err, MS_INVALID, "", "it was not created"),
		    err);
	if (i->state == STARTING)
		return prefix(i, ms_error_set(err, MS_INVALID, "", "it waits for itself: "
		    "the sections it names name it"), err);
	i->state = STARTING;
	st = start_named(all, i->section, err);
	if (st != MS_OK) {
		i->state = MADE;
		return st;
	}
	if ((i->plugin->touches & MS_TOUCH_STATE) != 0)
		st = directory_make(section_directory(i->section), 0700, err);
	if (st == MS_OK)
		st = i->plugin->start(i->self, err);
	if (st != MS_OK) {
		i->state = MADE;
		if (err != NULL && err->text[0] == '\0')
			ms_error_set(err, st, "", "cannot be started, and does not say why");
		return prefix(i, st, err);
	}
	i->state = RUNNING;
	i->started_before = all->last_started;
	all->last_started = i;
	return MS_OK;
}

ms_status
instances_start(struct instances *all, struct ms_error *err)
{
	all->config->backends = &all->backends;
	for (uint32_t i = 0; i < all->n; i++) {
		ms_status st = start_one(all, &all->v[i], err);

		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

void
instances_stop(struct instances *all)
{
	while (all->last_started != NULL) {
		struct instance *i = all->last_started;

		all->last_started = i->started_before;
		i->state = MADE;
		i->plugin->stop(i->self);
	}
}

/* ---- looking ---- */

uint32_t
instances_count(const struct instances *all)
{
	return all->n;
}

struct instance *
instances_at(const struct instances *all, uint32_t i)
{
	return i < all->n ? &all->v[i] : NULL;
}

struct instance *
instances_find(const struct instances *all, struct ms_str name, const char *interface)
{
	struct ms_config *s = config_find_instance(all->config, name, interface);

	return s != NULL ? instance_of(s) : NULL;
}

struct instance *
instance_of(const struct ms_config *section)
{
	return section_instance(section);
}

const struct ms_plugin *
instance_plugin(const struct instance *i)
{
	return i->plugin;
}

const struct ms_config *
instance_section(const struct instance *i)
{
	return i->section;
}

struct ms_instance *
instance_self(const struct instance *i)
{
	return i->self;
}

const struct ms_host *
instance_host(const struct instance *i)
{
	return &i->host;
}

const void *
instance_interface(const struct instance *i, const char *interface)
{
	return i->plugin->interface(interface);
}
