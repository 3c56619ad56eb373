/* SPDX-License-Identifier: ISC */
/* rig.c - see rig.h */
#include "rig.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <mansio/buf.h>
#include <mansio/bus.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/error.h>
#include <mansio/log.h>
#include <mansio/plugin.h>
#include <mansio/task.h>

#define MAX_TASKS	8
#define MAX_OPTIONS	32
#define MAX_SCOPES	4096

struct ms_blob {
	unsigned holders;
	int      fd;		/* -1: memory */
	uint64_t offset, octets;
	char     data[];
};

struct rig {
	struct ms_host   host;
	struct ms_scope  host_scope;
	const struct ms_plugin *plugin;
	struct ms_instance *instance;
	char             folder[64];
	struct { const char *name; int64_t value; } options[MAX_OPTIONS];
	size_t           n_options;
	pthread_mutex_t  lock;	/* all below */
	struct ms_scope *scopes;
	struct ms_arena *arenas[MAX_SCOPES];
	size_t           n_scopes;
	int64_t          now_us, steady_us;
	bool             is_real;
	struct { uint64_t number; int64_t due_us; bool armed; } tasks[MAX_TASKS];
	struct ms_buf    log, events;
	unsigned         blobs;
};

const struct ms_plugin *spool_LTX_ms_plugin_entry(void);

static struct rig *
rig_of(const struct ms_host *host)
{
	return (struct rig *)(uintptr_t)host;	/* its first member */
}

/* ---- services ----------------------------------------------------------- */

static struct ms_blob *
blob_hold(struct ms_blob *b)
{
	__atomic_fetch_add(&b->holders, 1, __ATOMIC_RELAXED);
	return b;
}

static void
blob_release(struct ms_blob *b)
{
	if (b == NULL || __atomic_sub_fetch(&b->holders, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (b->fd != -1)
		close(b->fd);
	free(b);
}

static uint64_t
blob_octets(const struct ms_blob *b)
{
	return b->octets;
}

static ms_status
blob_read(const struct ms_scope *scope, struct ms_blob *b, uint64_t offset,
    void *buffer, size_t capacity, size_t *n_out, struct ms_error *err)
{
	uint64_t left = offset < b->octets ? b->octets - offset : 0;
	size_t n = left < capacity ? (size_t)left : capacity;

	(void)scope;
	if (b->fd == -1) {
		memcpy(buffer, b->data + offset, n);
	} else if (n > 0) {
		ssize_t got = pread(b->fd, buffer, n, (off_t)(b->offset + offset));

		if (got < 0)
			return ms_error_errno(err, "read");
		n = (size_t)got;
	}
	*n_out = n;
	return MS_OK;
}

static ms_status
blob_view(const struct ms_scope *scope, struct ms_blob *b, uint64_t offset,
    size_t octets, struct ms_str *out, struct ms_error *err)
{
	(void)scope, (void)err;
	if (b->fd != -1 || offset + octets > b->octets)
		abort();
	*out = ms_str_of(b->data + offset, octets);
	return MS_OK;
}

static ms_status
blob_from_file(const struct ms_scope *scope, int fd, uint64_t offset,
    uint64_t octets, uint32_t flags, struct ms_blob **out, struct ms_error *err)
{
	struct ms_blob *b = calloc(1, sizeof(*b));

	(void)scope, (void)flags, (void)err;
	b->holders = 1;
	b->fd = fd;
	b->offset = offset;
	b->octets = octets;
	*out = b;
	return MS_OK;
}

static ms_status
blob_from_memory(const struct ms_scope *scope, struct ms_str octets,
    struct ms_blob **out, struct ms_error *err)
{
	struct ms_blob *b = malloc(sizeof(*b) + octets.len + 1);

	(void)scope, (void)err;
	*b = (struct ms_blob){ .holders = 1, .fd = -1, .octets = octets.len };
	memcpy(b->data, octets.data, octets.len);
	b->data[octets.len] = '\0';
	*out = b;
	return MS_OK;
}

static ms_status
blob_write(struct ms_writer *w, struct ms_str octets, struct ms_error *err)
{
	(void)err;
	ms_buf_add(&w->buf, octets);
	return MS_OK;
}

static const struct ms_blob_api blob_api = {
	.size = sizeof(blob_api), .hold = blob_hold, .release = blob_release,
	.octets = blob_octets, .read = blob_read, .view = blob_view,
	.from_file = blob_from_file, .from_memory = blob_from_memory,
	.write = blob_write,
};

static int64_t
real_us(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
clock_now(const struct ms_host *host)
{
	struct rig *r = rig_of(host);

	return r->is_real ? real_us(CLOCK_REALTIME) :
	    __atomic_load_n(&r->now_us, __ATOMIC_RELAXED);
}

static int64_t
clock_steady(const struct ms_host *host)
{
	struct rig *r = rig_of(host);

	return r->is_real ? real_us(CLOCK_MONOTONIC) :
	    __atomic_load_n(&r->steady_us, __ATOMIC_RELAXED);
}

static void
clock_random(const struct ms_host *host, void *octets, size_t n)
{
	(void)host;
	if (getrandom(octets, n, 0) != (ssize_t)n)
		abort();
}

static const struct ms_clock clock_api = {
	.size = sizeof(clock_api), .now_us = clock_now,
	.steady_us = clock_steady, .random = clock_random,
};

static void
log_write(const struct ms_scope *scope, uint32_t level, const char *text,
    const struct ms_field *fields, size_t n)
{
	struct rig *r = rig_of(scope->host);

	(void)level;
	pthread_mutex_lock(&r->lock);
	ms_buf_add_c(&r->log, text);
	for (size_t i = 0; i < n; i++) {
		ms_buf_add_c(&r->log, " ");
		ms_buf_add(&r->log, fields[i].value);
	}
	ms_buf_add_c(&r->log, "\n");
	pthread_mutex_unlock(&r->lock);
}

static uint32_t
log_wants(const struct ms_scope *scope, uint32_t level)
{
	(void)scope, (void)level;
	return 1;
}

static const struct ms_log log_api = {
	.size = sizeof(log_api), .write = log_write, .wants = log_wants,
};

static void
timer_run_at(const struct ms_host *host, uint64_t number, int64_t after_us,
    uint32_t jitter, struct ms_str data)
{
	struct rig *r = rig_of(host);
	size_t at = MAX_TASKS;

	(void)jitter, (void)data;
	pthread_mutex_lock(&r->lock);
	for (size_t i = MAX_TASKS; i-- > 0; )
		if (!r->tasks[i].armed || r->tasks[i].number == number)
			at = i;
	for (size_t i = 0; i < MAX_TASKS; i++)
		if (r->tasks[i].armed && r->tasks[i].number == number)
			at = i;
	if (at == MAX_TASKS)
		abort();
	r->tasks[at].number = number;
	r->tasks[at].due_us = clock_steady(host) + after_us;
	r->tasks[at].armed = true;
	pthread_mutex_unlock(&r->lock);
}

static void
timer_cancel(const struct ms_host *host, uint64_t number)
{
	struct rig *r = rig_of(host);

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < MAX_TASKS; i++)
		if (r->tasks[i].number == number)
			r->tasks[i].armed = false;
	pthread_mutex_unlock(&r->lock);
}

static const struct ms_timer timer_api = {
	.size = sizeof(timer_api), .run_at = timer_run_at, .cancel = timer_cancel,
};

static void
bus_publish(const struct ms_host *host, struct ms_str topic,
    struct ms_str data)
{
	struct rig *r = rig_of(host);

	pthread_mutex_lock(&r->lock);
	if (r->events.len < 1024 * 1024) {
		ms_buf_add(&r->events, topic);
		ms_buf_add_c(&r->events, " ");
		ms_buf_add(&r->events, data);
		ms_buf_add_c(&r->events, "\n");
	}
	pthread_mutex_unlock(&r->lock);
}

static void
bus_subscribe(const struct ms_host *host, struct ms_str topic, uint64_t number)
{
	(void)host, (void)topic, (void)number;
}

static const struct ms_bus bus_api = {
	.size = sizeof(bus_api), .publish = bus_publish,
	.subscribe = bus_subscribe,
};

/* ---- config ------------------------------------------------------------- */

static int64_t
parse(const char *text)
{
	char *unit;
	int64_t n = strtoll(text, &unit, 10);

	return n * (strcmp(unit, "KiB") == 0 ? 1024 :
	    strcmp(unit, "MiB") == 0 ? 1024 * 1024 :
	    strcmp(unit, "GiB") == 0 ? 1024 * 1024 * 1024 :
	    strcmp(unit, "ms") == 0 ? 1000 : strcmp(unit, "s") == 0 ? 1000000 :
	    strcmp(unit, "m") == 0 ? 60000000 : 1);
}

static int64_t
config_number(const struct ms_config *section, const char *name)
{
	struct rig *r = (struct rig *)(uintptr_t)section;

	for (size_t i = 0; i < r->n_options; i++)
		if (strcmp(r->options[i].name, name) == 0)
			return r->options[i].value;
	for (const struct ms_option *o = r->plugin->options; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return parse(o->initial);
	abort();
}

static const char *
config_directory(const struct ms_config *section)
{
	return ((struct rig *)(uintptr_t)section)->folder;
}

static ms_status
config_refuse(const struct ms_config *section, const char *name,
    const char *text, struct ms_error *err)
{
	(void)section;
	return ms_error_set(err, MS_INVALID, "", "%s: %s", name, text);
}

static const struct ms_config_api config_api = {
	.size = sizeof(config_api), .number = config_number,
	.directory = config_directory, .refuse = config_refuse,
};

static const void *
host_service(const struct ms_host *host, const char *id)
{
	static const struct { const char *id; const void *table; } all[] = {
		{ MS_BLOB_ID, &blob_api }, { MS_CLOCK_ID, &clock_api },
		{ MS_LOG_ID, &log_api }, { MS_TIMER_ID, &timer_api },
		{ MS_BUS_ID, &bus_api }, { MS_CONFIG_ID, &config_api },
	};

	(void)host;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].id, id) == 0)
			return all[i].table;
	return NULL;
}

/* ---- life --------------------------------------------------------------- */

void
rig_make_folder(char path[64])
{
	/* In memory: no test here needs a disk, and syncs there cost nothing. */
	if (path == NULL)
		abort();
	snprintf(path, 64, "/dev/shm/mansio-spool-XXXXXX");
	if (mkdtemp(path) != NULL)
		return;
	snprintf(path, 64, "/tmp/mansio-spool-XXXXXX");
	if (mkdtemp(path) == NULL)
		abort();
}

static int
remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb, (void)type, (void)ftw;
	return remove(path);
}

void
rig_remove_folder(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct rig *
rig_new(const char *folder)
{
	struct rig *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->scopes = calloc(MAX_SCOPES, sizeof(*r->scopes))) == NULL)
		abort();
	pthread_mutex_init(&r->lock, NULL);
	snprintf(r->folder, sizeof(r->folder), "%s", folder);
	r->now_us = INT64_C(1767225600000000);
	r->steady_us = 1000000;
	r->log = (struct ms_buf)MS_BUF_MAX(16 * 1024 * 1024);
	r->events = (struct ms_buf)MS_BUF_MAX(16 * 1024 * 1024);
	r->host_scope = (struct ms_scope){ .size = sizeof(struct ms_scope),
		.host = &r->host, .arena = ms_arena_new(0) };
	r->host = (struct ms_host){ .size = sizeof(r->host),
		.abi_major = MS_ABI_MAJOR, .version = "rig",
		.scope = &r->host_scope, .service = host_service,
		.roles = MS_ROLE_ACCEPT | MS_ROLE_RUN };
	r->plugin = spool_LTX_ms_plugin_entry();
	return r;
}

void
rig_option(struct rig *r, const char *name, int64_t value)
{
	for (const struct ms_option *o = r->plugin->options; ; o++) {
		if (o->name == NULL)
			abort();
		if (strcmp(o->name, name) == 0)
			break;
	}
	r->options[r->n_options].name = name;
	r->options[r->n_options++].value = value;
}

void
rig_roles(struct rig *r, uint32_t roles)
{
	r->host.roles = roles;
}

ms_status
rig_try_start(struct rig *r, struct ms_error *err)
{
	ms_status st = r->plugin->create(&r->host,
	    (const struct ms_config *)(const void *)r, &r->instance, err);

	if (st == MS_OK)
		st = r->plugin->start(r->instance, err);
	return st;
}

void
rig_start(struct rig *r)
{
	struct ms_error err = MS_ERROR_INIT;

	if (rig_try_start(r, &err) != MS_OK) {
		fprintf(stderr, "start: %s\n", err.text);
		abort();
	}
}

static void
let_go(struct rig *r)
{
	for (size_t i = 0; i < MAX_SCOPES; i++)
		ms_arena_free(r->arenas[i]);
	ms_arena_free(r->host_scope.arena);
	ms_buf_free(&r->log);
	ms_buf_free(&r->events);
	free(r->scopes);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
rig_free(struct rig *r)
{
	if (r->instance != NULL) {
		r->plugin->stop(r->instance);
		r->plugin->destroy(r->instance);
	}
	let_go(r);
}

struct ms_instance *
rig_instance(struct rig *r)
{
	return r->instance;
}

const struct ms_queue *
rig_queue(struct rig *r)
{
	return r->plugin->interface(MS_QUEUE_ID);
}

const struct ms_batch *
rig_batch(struct rig *r)
{
	return r->plugin->interface(MS_BATCH_ID);
}

const struct ms_command *
rig_command(struct rig *r)
{
	return r->plugin->interface(MS_COMMAND_ID);
}

const struct ms_scope *
rig_scope(struct rig *r)
{
	struct ms_scope *s;
	size_t i;

	pthread_mutex_lock(&r->lock);
	i = r->n_scopes++ % MAX_SCOPES;
	s = &r->scopes[i];
	/* What a test holds is younger than some thousand calls. */
	if (r->arenas[i] == NULL)
		r->arenas[i] = ms_arena_new(0);
	else
		ms_arena_reset(r->arenas[i]);
	*s = (struct ms_scope){ .size = sizeof(*s), .host = &r->host,
		.arena = r->arenas[i] };
	pthread_mutex_unlock(&r->lock);
	return s;
}

struct ms_blob *
rig_blob(struct rig *r, struct ms_str octets)
{
	struct ms_blob *b;

	(void)r;
	blob_from_memory(NULL, octets, &b, NULL);
	return b;
}

void
rig_release(struct rig *r, struct ms_blob *b)
{
	(void)r;
	blob_release(b);
}

struct ms_str
rig_octets(struct rig *r, struct ms_blob *b)
{
	char *data = ms_arena_alloc(rig_scope(r)->arena, b->octets + 1);
	size_t n, done = 0;

	while (done < b->octets) {
		if (blob_read(NULL, b, done, data + done, b->octets - done, &n,
		    NULL) != MS_OK || n == 0)
			abort();
		done += n;
	}
	return ms_str_of(data, done);
}

/* ---- time --------------------------------------------------------------- */

void
rig_set_time(struct rig *r, int64_t now_us)
{
	__atomic_store_n(&r->now_us, now_us, __ATOMIC_RELAXED);
}

int64_t
rig_now(struct rig *r)
{
	return clock_now(&r->host);
}

void
rig_advance(struct rig *r, int64_t us)
{
	__atomic_fetch_add(&r->now_us, us, __ATOMIC_RELAXED);
	__atomic_fetch_add(&r->steady_us, us, __ATOMIC_RELAXED);
}

void
rig_use_real_time(struct rig *r)
{
	r->is_real = true;
}

ms_status
rig_run_task(struct rig *r, uint64_t number)
{
	const struct ms_tasks *tasks = r->plugin->interface(MS_TASKS_ID);
	struct ms_task task = { .size = sizeof(task), .came = MS_TASK_DUE,
		.number = number };
	struct ms_error err = MS_ERROR_INIT;

	return tasks->run(r->instance, &r->host_scope, &task, &err);
}

uint32_t
rig_run_tasks(struct rig *r)
{
	uint32_t n = 0;

	for (;;) {
		uint64_t number = 0;

		pthread_mutex_lock(&r->lock);
		for (size_t i = 0; i < MAX_TASKS && number == 0; i++)
			if (r->tasks[i].armed &&
			    r->tasks[i].due_us <= clock_steady(&r->host)) {
				number = r->tasks[i].number;
				r->tasks[i].armed = false;
			}
		pthread_mutex_unlock(&r->lock);
		if (number == 0)
			return n;
		(void)rig_run_task(r, number);
		n++;
	}
}

void
rig_flush(struct rig *r)
{
	rig_advance(r, config_number((const struct ms_config *)(const void *)r,
	    "cursor-delay"));
	(void)rig_run_tasks(r);
}

const char *
rig_log(struct rig *r)
{
	return r->log.data != NULL ? r->log.data : "";
}

const char *
rig_events(struct rig *r)
{
	return r->events.data != NULL ? r->events.data : "";
}
