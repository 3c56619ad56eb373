/* SPDX-License-Identifier: ISC */
/* mock.c - the host itself: a plugin checked, made, started and taken down */
#include "internal.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>

#define DAY_ONE_US	INT64_C(1767225600000000)	/* 2026-01-01 00:00 UTC */

static const struct {
	const char *id;
	const void *table;
} services[] = {
	{ MS_SCOPE_ID, &mock_scope_service },
	{ MS_CONFIG_ID, &mock_config_service },
	{ MS_LOG_ID, &mock_log_service },
	{ MS_CLOCK_ID, &mock_clock_service },
	{ MS_METRICS_ID, &mock_metrics_service },
	{ MS_FACTS_ID, &mock_facts_service },
	{ MS_BLOB_ID, &mock_blob_service },
	{ MS_OP_ID, &mock_op_service },
	{ MS_COMMIT_ID, &mock_commit_service },
	{ MS_BUS_ID, &mock_bus_service },
	{ MS_TIMER_ID, &mock_timer_service },
	{ MS_MESSAGE_ID, &mock_message_service },
	{ MS_PIPELINE_ID, &mock_pipeline_service },
	{ MS_AUTH_ID, &mock_auth_service },
	{ MS_DIRECTORY_ID, &mock_directory_service },
	{ MS_SESSION_ID, &mock_session_service },
};

const void *
world_service(struct world *w, const char *id)
{
	for (const struct override *o = w->overrides; o != NULL; o = o->next)
		if (strcmp(o->id, id) == 0)
			return o->table;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].id, id) == 0)
			return services[i].table;
	return NULL;
}

static const void *
host_service(const struct ms_host *host, const char *id)
{
	return world_service(((struct ms_mock *)(uintptr_t)host)->world, id);
}

/* ---- the entry, as the loader looks at it ---- */

static void
check_plugin(const struct ms_plugin *p)
{
	if (p == NULL || p->magic != MS_PLUGIN_MAGIC)
		mock_die("the entry is no struct ms_plugin");
	if (p->abi_major != MS_ABI_MAJOR || p->abi_minor > MS_ABI_MINOR)
		mock_die("the plugin is of another ABI, %u.%u", (unsigned)p->abi_major,
		    (unsigned)p->abi_minor);
	if (p->size < offsetof(struct ms_plugin, interface) + sizeof(p->interface))
		mock_die("the entry is too small");
	if (p->name == NULL || p->name[0] == '\0' || p->version == NULL ||
	    p->license == NULL || p->summary == NULL)
		mock_die("the entry lacks a name, version, license or summary");
	if (p->options == NULL || p->option_stride < offsetof(struct ms_option, reserved) ||
	    p->needs == NULL)
		mock_die("the entry of %s lacks options or needs: both end with NULL", p->name);
	if (p->create == NULL || p->start == NULL || p->stop == NULL || p->destroy == NULL ||
	    p->interface == NULL)
		mock_die("the entry of %s lacks a function", p->name);
}

static struct ms_mock *
add_mock(struct world *w, const struct ms_plugin *plugin)
{
	struct ms_mock **at = &w->mocks, *m;

	check_plugin(plugin);
	m = ms_arena_alloc(w->arena, sizeof(*m));
	m->world = w;
	m->plugin = plugin;
	m->host = (struct ms_host){ .size = sizeof(m->host), .abi_major = MS_ABI_MAJOR,
		.abi_minor = MS_ABI_MINOR, .version = "mock", .service = host_service,
		.roles = MS_ROLE_READ | MS_ROLE_WRITE | MS_ROLE_ACCEPT | MS_ROLE_RUN };
	scope_init(&m->scope, m, &w->owner, ms_arena_new(0));
	m->host.scope = &m->scope.pub;
	m->config = config_new(m);
	while (*at != NULL)
		at = &(*at)->next;
	*at = m;
	return m;
}

struct ms_mock *
ms_mock_new(const struct ms_plugin *plugin)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct world *w = ms_arena_alloc(arena, sizeof(*w));

	w->arena = arena;
	w->now_us = DAY_ONE_US;
	w->steady_us = INT64_C(1000000000);
	w->log = (struct ms_buf)MS_BUF_MAX(MOCK_MAX_BUF);
	w->events = (struct ms_buf)MS_BUF_MAX(MOCK_MAX_BUF);
	w->facts = facts_new(w, NULL);
	return add_mock(w, plugin);
}

struct ms_mock *
ms_mock_beside(struct ms_mock *m, const struct ms_plugin *plugin)
{
	return add_mock(m->world, plugin);
}

struct ms_mock *
world_find(struct world *w, const struct ms_instance *self)
{
	struct ms_mock *m = w->mocks;

	while (m != NULL && (self == NULL || m->instance != self))
		m = m->next;
	return m;
}

/* ---- before create ---- */

static void
must_be_early(const struct ms_mock *m)
{
	if (m->created)
		mock_die("the instance was created already");
}

void
ms_mock_option(struct ms_mock *m, const char *name, const char *value)
{
	must_be_early(m);
	config_option(m->config, name, value);
}

void
ms_mock_backend(struct ms_mock *m, const char *name, const char *title,
    struct ms_backend backend)
{
	must_be_early(m);
	config_backend(m->config, name, title, backend);
}

void
ms_mock_title(struct ms_mock *m, const char *title)
{
	must_be_early(m);
	config_title(m->config, title);
}

void
ms_mock_roles(struct ms_mock *m, uint32_t roles)
{
	must_be_early(m);
	m->host.roles = roles;
}

static char *
copy_path(const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		abort();
	return copy;
}

static void
make_directory(struct ms_mock *m)
{
	const char *tmp = getenv("TMPDIR");
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/mansio-mock-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");

	if (n < 0 || (size_t)n >= sizeof(path) || mkdtemp(path) == NULL)
		mock_die("cannot make a directory in %s", tmp != NULL ? tmp : "/tmp");
	m->directory = copy_path(path);
	m->owns_directory = true;
}

void
ms_mock_directory(struct ms_mock *m, const char *path)
{
	must_be_early(m);
	if (m->directory != NULL)
		mock_die("the mock has a directory already");
	if (path != NULL)
		m->directory = copy_path(path);
	else
		make_directory(m);
}

const char *
mock_directory_path(struct ms_mock *m)
{
	if (m->directory == NULL)
		make_directory(m);
	return m->directory;
}

void
ms_mock_service(struct ms_mock *m, const char *id, const void *table)
{
	struct override *o = ms_arena_alloc(m->world->arena, sizeof(*o));

	must_be_early(m);
	o->id = ms_arena_str(m->world->arena, ms_str_c(id)).data;
	o->table = table;
	o->next = m->world->overrides;
	m->world->overrides = o;
}

/* ---- create ---- */

ms_status
ms_mock_try_create(struct ms_mock *m, struct ms_error *err)
{
	const struct ms_plugin *p = m->plugin;
	ms_status st;

	must_be_early(m);
	for (const char *const *need = p->needs; *need != NULL; need++)
		if (world_service(m->world, *need) == NULL)
			return ms_error_set(err, MS_UNSUPPORTED, "", "%s needs the service %s, "
			    "which is not there", p->name, *need);
	st = config_complete(m->config, err);
	if (st != MS_OK)
		return st;
	st = p->create(&m->host, m->config, &m->instance, err);
	if (st != MS_OK) {
		m->instance = NULL;
		return st;
	}
	if (m->instance == NULL)
		mock_die("create() of %s says MS_OK and gives no instance", p->name);
	m->created = true;
	st = p->start(m->instance, err);
	m->started = st == MS_OK;
	return st;
}

struct ms_instance *
ms_mock_create(struct ms_mock *m)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st = ms_mock_try_create(m, &err);

	if (st != MS_OK)
		mock_die("%s cannot be created: %s %s", m->plugin->name, ms_status_name(st),
		    err.text);
	return m->instance;
}

struct ms_instance *
ms_mock_instance(struct ms_mock *m)
{
	if (!m->started)
		mock_die("%s was not created yet: ms_mock_create()", m->plugin->name);
	return m->instance;
}

const struct ms_host *
ms_mock_host(struct ms_mock *m)
{
	return &m->host;
}

const struct ms_scope *
ms_mock_scope(struct ms_mock *m, uint32_t flags)
{
	struct mock_scope *s = ms_arena_alloc(m->world->arena, sizeof(*s));

	scope_init(s, m, &m->world->owner, mock_scope_service.arena_new(&m->scope.pub, 0));
	s->pub.flags = flags;
	return &s->pub;
}

void
ms_mock_fact(struct ms_mock *m, const char *name, const char *value)
{
	facts_put(m->world->facts, ms_str_c(name), value != NULL ? ms_str_c(value) :
	    ms_str_of(NULL, 0));
}

struct ms_facts *
ms_mock_facts(struct ms_mock *m)
{
	return m->world->facts;
}

/* ---- the end ---- */

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void
end_instance(struct ms_mock *m)
{
	if (m->started)
		m->plugin->stop(m->instance);
	if (m->created)
		m->plugin->destroy(m->instance);
	m->started = m->created = false;
	m->instance = NULL;
}

static void
end_mock(struct ms_mock *m)
{
	ms_arena_free(m->scope.pub.arena);
	if (m->directory != NULL && m->owns_directory)
		(void)nftw(m->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(m->directory);
}

void
ms_mock_free(struct ms_mock *m)
{
	struct world *w;

	if (m == NULL)
		return;
	w = m->world;
	if (m != w->mocks)
		mock_die("a mock beside another goes with that one");
	for (struct ms_mock_session *s = w->sessions; s != NULL; s = s->s.next)
		session_free(s);
	/* Who uses a backend goes before it. */
	for (m = w->mocks; m != NULL; m = m->next)
		end_instance(m);
	owner_end(&w->owner);
	blobs_free(w);
	for (m = w->mocks; m != NULL; m = m->next)
		end_mock(m);
	ms_buf_free(&w->log);
	ms_buf_free(&w->events);
	ms_arena_free(w->arena);	/* w and the mocks lie in it */
}
