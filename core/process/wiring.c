/* SPDX-License-Identifier: ISC */
/* wiring.c - see wiring.h */
#include "process/wiring.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/clock.h>
#include <mansio/delivery.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "auth/auth.h"
#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/op.h"
#include "config/section.h"
#include "net/tls.h"
#include "pipeline/message.h"
#include "pipeline/submit.h"
#include "plugin/services.h"
#include "process/directories.h"
#include "process/tasks.h"

#define MAX_FRONTS	64

struct front_entry {
	struct instance *target;
	struct front    *front;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* the fronts */
static struct front_entry fronts[MAX_FRONTS];
static size_t n_fronts;

void
wiring_services(void)
{
	services_add(MS_SCOPE_ID, &scope_service);
	services_add(MS_CONFIG_ID, &section_service);
	services_add(MS_LOG_ID, &log_service);
	services_add(MS_METRICS_ID, &metrics_service);
	services_add(MS_CLOCK_ID, &clock_service);
	services_add(MS_TIMER_ID, &timer_service);
	services_add(MS_BUS_ID, &bus_service);
	services_add(MS_FACTS_ID, &facts_service);
	services_add(MS_BLOB_ID, &blob_service);
	services_add(MS_MESSAGE_ID, &message_service);
	services_add(MS_OP_ID, &op_service);
	services_add(MS_SESSION_ID, &session_service);
	services_add(MS_PIPELINE_ID, &pipeline_service);
	services_add(MS_AUTH_ID, &auth_service);
	services_add(MS_COMMIT_ID, &commit_service);
	services_add(MS_DIRECTORY_ID, &directories_service);
}

struct front *
wiring_front(struct instance *target, const char *interface)
{
	struct front *f = NULL;
	const struct ms_batch *batch = instance_interface(target, MS_BATCH_ID);

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_fronts && f == NULL; i++)
		if (fronts[i].target == target)
			f = fronts[i].front;
	if (f == NULL && batch != NULL && n_fronts < MAX_FRONTS) {
		bool is_queue = strcmp(interface, MS_QUEUE_ID) == 0;

		f = front_new(section_name(instance_section(target)).data,
		    instance_self(target), batch,
		    is_queue ? NULL : instance_interface(target, MS_MAILBOX_ID),
		    is_queue ? instance_interface(target, MS_QUEUE_ID) : NULL,
		    instance_host(target));
		fronts[n_fronts++] = (struct front_entry){ target, f };
	}
	pthread_mutex_unlock(&lock);
	return f;
}

void
wiring_interpose(struct instance *target, const char *interface,
    struct ms_backend *backend)
{
	struct front *f = NULL;

	if (strcmp(interface, MS_MAILBOX_ID) == 0 || strcmp(interface, MS_QUEUE_ID) == 0)
		f = wiring_front(target, interface);
	if (f != NULL)
		*backend = front_backend(f);
}

size_t
wiring_stores(struct front **stores, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_fronts && n < max; i++)
		if (instance_interface(fronts[i].target, MS_MAILBOX_ID) != NULL)
			stores[n++] = fronts[i].front;
	pthread_mutex_unlock(&lock);
	return n;
}

void
wiring_end_fronts(void)
{
	for (size_t i = 0; i < n_fronts; i++)
		front_free(fronts[i].front);
	n_fronts = 0;
}

static void
fill_stage(struct stage *s, struct instance *i, const struct ms_config *section,
    struct ms_arena *arena)
{
	struct when *when;
	uint32_t n = section_count(section, "when");

	s->name = instance_plugin(i)->name;
	s->filter = instance_interface(i, MS_FILTER_ID);
	s->self = instance_self(i);
	s->host = instance_host(i);
	s->plan = s->filter->plan(s->self);
	s->on_error = (uint32_t)section_number(section, "on-error");
	s->timeout_us = section_number(section, "timeout");
	s->is_shadow = section_number(section, "mode") != 0;
	when = ms_arena_array(arena, n, sizeof(*when));
	for (uint32_t k = 0; k < n; k++)
		if (section_when(section, "when", k) != NULL)
			when[s->n_when++] = *section_when(section, "when", k);
	s->when = when;
}

static struct pipeline *
make_pipeline(const struct ms_config *section, struct ms_arena *arena)
{
	struct pipeline *p = ms_arena_alloc(arena, sizeof(*p));
	const struct ms_config *stage;
	uint32_t n = 0;

	while (section_nested(section, NULL, n) != NULL)
		n++;
	p->name = section_title(section).data;
	p->stages = ms_arena_array(arena, n, sizeof(*p->stages));
	p->routes = ms_arena_array(arena, n, sizeof(*p->routes));
	for (uint32_t i = 0; (stage = section_nested(section, NULL, i)) != NULL; i++) {
		struct instance *in = instance_of(stage);
		const void *route;

		if (in == NULL)
			continue;
		route = instance_interface(in, MS_ROUTE_ID);
		if (instance_interface(in, MS_FILTER_ID) != NULL &&
		    p->n_stages < PIPELINE_MAX_STAGES)
			fill_stage(&p->stages[p->n_stages++], in, stage, arena);
		if (route != NULL)
			p->routes[p->n_routes++] = (struct route_stage){
				.name = instance_plugin(in)->name, .route = route,
				.self = instance_self(in), .host = instance_host(in) };
	}
	pipeline_link(p);
	return p;
}

void
wiring_pipelines(const struct config *c, struct ms_arena *arena)
{
	struct pipeline **all = ms_arena_array(arena, c->pipelines.n,
	    sizeof(struct pipeline *));

	for (uint32_t i = 0; i < c->pipelines.n; i++)
		all[i] = make_pipeline(c->pipelines.v[i], arena);
	pipelines_set(all, c->pipelines.n);
}

size_t
wiring_directories(const struct config *c, struct ms_arena *arena,
    struct ms_backend **backends_out)
{
	struct ms_backend *list = ms_arena_array(arena, DIRECTORIES_MAX, sizeof(*list));
	const struct ms_config *section;
	size_t n = 0;

	for (uint32_t i = 0; n < DIRECTORIES_MAX &&
	    (section = config_directory(c, i)) != NULL; i++) {
		struct instance *in = instance_of(section);

		if (in != NULL)
			list[n++] = (struct ms_backend){
				instance_interface(in, MS_DIRECTORY_ID), instance_self(in) };
	}
	*backends_out = list;
	return n;
}

void
wiring_agents(const struct instances *all, struct ms_arena *arena,
    struct runner_options *options)
{
	uint32_t n = instances_count(all);
	struct runner_agent *agents = ms_arena_array(arena, n, sizeof(*agents));
	size_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct instance *in = instances_at(all, i);
		const void *table = instance_interface(in, MS_DELIVERY_ID);

		if (table != NULL)
			agents[k++] = (struct runner_agent){
				.title = section_name(instance_section(in)).data,
				.delivery = table, .self = instance_self(in),
				.host = instance_host(in) };
	}
	options->agents = agents;
	options->n_agents = k;
}

/* One store for each tls section, however many listeners show it. */
static ms_status
open_tls(const struct ms_config *section, struct tls_store **store_out,
    struct ms_error *err)
{
	static struct {
		const struct ms_config *section;
		struct tls_store       *store;
	} opened[64];
	static size_t n_opened;
	struct tls_store_options o;
	ms_status st;

	for (size_t i = 0; i < n_opened; i++)
		if (opened[i].section == section) {
			*store_out = opened[i].store;
			return MS_OK;
		}
	o = (struct tls_store_options){
		.cert = section_c(section, "cert"), .key = section_c(section, "key"),
		.minimum = section_number(section, "min") == 0 ? 0x0303 : 0x0304,
		.clients = (uint32_t)section_number(section, "clients"),
	};
	st = tls_store_open(&o, store_out, err);
	if (st == MS_OK && n_opened < sizeof(opened) / sizeof(opened[0])) {
		opened[n_opened].section = section;
		opened[n_opened++].store = *store_out;
	}
	return st;
}

static ms_status
fill_networks(struct net_listener *l, const struct ms_config *section,
    struct ms_arena *arena, struct ms_error *err)
{
	uint32_t n = section_count(section, "proxy-from");
	struct network *list = ms_arena_array(arena, n, sizeof(*list));

	for (uint32_t i = 0; i < n; i++) {
		struct ms_str text = section_item(section, "proxy-from", i);
		const char *wrong;

		if (text.len == 0)
			continue;
		wrong = network_parse(text, &list[l->n_proxy_from]);
		if (wrong != NULL)
			return ms_error_set(err, MS_INVALID, "", "proxy-from: \"%.*s\" %s",
			    (int)text.len, text.data, wrong);
		l->n_proxy_from++;
	}
	l->proxy_from = list;
	return MS_OK;
}

static void
fill_facts(struct net_listener *l, const struct config *c, struct ms_arena *arena)
{
	struct ms_field *facts = ms_arena_array(arena, 1, sizeof(*facts));

	facts[0] = (struct ms_field)LOG_STR("server.hostname",
	    section_string(c->root, "hostname"));
	l->facts = facts;
	l->n_facts = 1;
}

static ms_status
add_listener(const struct config *c, struct instance *in, struct ms_arena *arena,
    struct ms_error *err)
{
	const struct ms_config *s = instance_section(in), *tls = config_tls_of(s);
	struct net_listener *l = ms_arena_alloc(arena, sizeof(*l));
	uint32_t n = section_count(s, "listen");
	const char **addresses = ms_arena_array(arena, n + 1, sizeof(char *));
	const struct ms_config *use = section_nested(s, "tls", 0);
	ms_status st;

	for (uint32_t i = 0; i < n; i++)
		addresses[i] = section_item(s, "listen", i).data;
	l->title = section_name(s).data;
	l->addresses = addresses;
	l->protocol = instance_interface(in, MS_PROTOCOL_ID);
	l->self = instance_self(in);
	l->host = instance_host(in);
	l->pipeline = section_string(s, "pipeline");
	l->pipeline_data = l->pipeline.len > 0 ? pipeline_find(l->pipeline) : NULL;
	l->tls_mode = use != NULL ? (uint32_t)section_number(use, "mode") : NET_TLS_STARTTLS;
	l->max_connections = (uint32_t)section_number(s, "max-connections");
	l->per_client = (uint32_t)section_number(s, "per-client");
	fill_facts(l, c, arena);
	if ((st = fill_networks(l, s, arena, err)) != MS_OK)
		return st;
	if (tls != NULL && (st = open_tls(tls, &l->tls, err)) != MS_OK)
		return st;
	return net_add_listener(l, err);
}

ms_status
wiring_listeners(const struct config *c, const struct instances *all,
    struct ms_arena *arena, struct ms_error *err)
{
	for (uint32_t i = 0; i < instances_count(all); i++) {
		struct instance *in = instances_at(all, i);
		ms_status st;

		if (instance_interface(in, MS_PROTOCOL_ID) == NULL)
			continue;
		st = add_listener(c, in, arena, err);
		if (st != MS_OK)
			return ms_error_prefix(err, st, "%s \"%s\"",
			    instance_plugin(in)->name,
			    section_name(instance_section(in)).data);
	}
	return MS_OK;
}
