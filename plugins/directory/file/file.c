/* SPDX-License-Identifier: ISC */
/* file.c - directory-file: domains, users and aliases in three text files */
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "password.h"

static bool
is_secret(struct ms_str name)
{
	return ms_str_is(name, "password") || ms_str_is(name, "scram-sha-256");
}

/* A copy without what must not leave. */
static void
copy_entry(struct ms_arena *a, uint32_t kind, const struct table_entry *from,
    struct ms_entry *to)
{
	struct ms_field *fields = ms_arena_array(a, from->n_fields, sizeof(*fields));
	size_t n = 0;

	for (size_t i = 0; i < from->n_fields; i++)
		if (!is_secret(from->fields[i].name))
			fields[n++] = (struct ms_field){
				ms_arena_str(a, from->fields[i].name),
				ms_arena_str(a, from->fields[i].value) };
	to->kind = kind;
	to->key = ms_arena_str(a, from->key);
	to->fields = fields;
	to->n_fields = n;
	to->fresh_us = 0;
}

static ms_status
file_lookup(struct ms_instance *self, const struct ms_scope *scope, uint32_t kind,
    struct ms_str key, struct ms_entry *entry_out, struct ms_error *err)
{
	int which = file_of_kind(kind);
	const struct table_entry *e;

	if (which == -1)
		return ms_error_set(err, MS_NOTFOUND, "", "no such kind of entry here");
	store_refresh(self, false);
	pthread_rwlock_rdlock(&self->lock);
	e = table_find(self->tables[which], self->hash_key, key);
	if (e != NULL)
		copy_entry(scope->arena, kind, e, entry_out);
	pthread_rwlock_unlock(&self->lock);
	return e != NULL ? MS_OK : ms_error_set(err, MS_NOTFOUND, "5.1.1", "not found");
}

/* The stored value of a user's field; empty if there is none. */
static struct ms_str
secret_field(struct ms_instance *self, struct ms_arena *a, struct ms_str user,
    const char *name)
{
	struct ms_str value = { "", 0 };
	const struct table_entry *e;

	store_refresh(self, false);
	pthread_rwlock_rdlock(&self->lock);
	e = table_find(self->tables[FILE_USERS], self->hash_key, user);
	if (e != NULL && table_field(e, name).data != NULL)
		value = ms_arena_str(a, table_field(e, name));
	pthread_rwlock_unlock(&self->lock);
	return value;
}

static ms_status
file_verify(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str mechanism, struct ms_str user, struct ms_str proof,
    struct ms_entry *entry_out, struct ms_error *err)
{
	struct ms_str hash;

	if (!ms_str_is(mechanism, "plain"))
		return ms_error_set(err, MS_UNSUPPORTED, "5.5.4",
		    "only passwords are verified here");
	hash = secret_field(self, scope->arena, user, "password");
	/* Also for an unknown user, so that the time is the same. */
	if (!password_fits(proof, hash))
		return ms_error_set(err, MS_DENIED, "5.7.8", "authentication failed");
	return file_lookup(self, scope, MS_ENTRY_USER, user, entry_out, err);
}

static ms_status
file_secret(struct ms_instance *self, const struct ms_scope *scope, struct ms_str user,
    struct ms_str kind, uint32_t i, struct ms_str *secret_out, struct ms_error *err)
{
	struct ms_str value;

	if (i > 0)
		return ms_error_set(err, MS_NOTFOUND, "", "no more of them");
	if (!ms_str_is(kind, "crypt") && !ms_str_is(kind, "scram-sha-256"))
		return ms_error_set(err, MS_NOTFOUND, "", "no secret of that kind");
	value = secret_field(self, scope->arena, user,
	    ms_str_is(kind, "crypt") ? "password" : "scram-sha-256");
	if (value.len == 0)
		return ms_error_set(err, MS_NOTFOUND, "", "no such secret");
	*secret_out = value;
	return MS_OK;
}

static bool
is_within(uint32_t kind, struct ms_str key, struct ms_str within)
{
	size_t at;

	if (within.len == 0)
		return true;
	if (kind == MS_ENTRY_USER || kind == MS_ENTRY_ALIAS) {
		at = ms_str_find_last(key, '@');
		if (at != SIZE_MAX && ms_str_equal(ms_str_from(key, at + 1), within))
			return true;
	}
	return ms_str_has_prefix(key, within);
}

static ms_status
file_list(struct ms_instance *self, const struct ms_scope *scope, uint32_t kind,
    struct ms_str within, struct ms_str after, uint32_t limit, struct ms_entries *out,
    struct ms_error *err)
{
	int which = file_of_kind(kind);
	const struct ms_entry **entries;
	const struct table *t;
	uint32_t n = 0;

	if (which == -1)
		return ms_error_set(err, MS_UNSUPPORTED, "", "no such kind of entry here");
	if (limit == 0 || limit > 10000)
		limit = 10000;
	entries = ms_arena_array(scope->arena, limit, sizeof(struct ms_entry *));
	store_refresh(self, false);
	pthread_rwlock_rdlock(&self->lock);
	t = self->tables[which];
	for (size_t i = table_after(t, after); i < t->n && n < limit; i++) {
		struct ms_entry *e;

		if (!is_within(kind, t->sorted[i]->key, within))
			continue;
		e = ms_arena_alloc(scope->arena, sizeof(*e));
		e->size = sizeof(*e);
		copy_entry(scope->arena, kind, t->sorted[i], e);
		entries[n++] = e;
	}
	pthread_rwlock_unlock(&self->lock);
	out->n = n;
	out->entries = entries;
	return MS_OK;
}

static ms_status
file_create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "out of memory");
	self->host = host;
	self->config = config;
	self->config_api = host->service(host, MS_CONFIG_ID);
	self->clock = host->service(host, MS_CLOCK_ID);
	self->bus = host->service(host, MS_BUS_ID);
	self->log = host->service(host, MS_LOG_ID);
	self->iterations = (uint32_t)self->config_api->number(config, "scram-iterations");
	self->clock->random(host, self->hash_key, sizeof(self->hash_key));
	pthread_rwlock_init(&self->lock, NULL);
	pthread_mutex_init(&self->look_lock, NULL);
	pthread_mutex_init(&self->edit_lock, NULL);
	*instance_out = self;
	return MS_OK;
}

static ms_status
file_start(struct ms_instance *self, struct ms_error *err)
{
	snprintf(self->directory, sizeof(self->directory), "%s",
	    self->config_api->directory(self->config));
	return store_open(self, err);
}

static void
file_stop(struct ms_instance *self)
{
	(void)self;		/* nothing is held back: each change was written at once */
}

static void
file_destroy(struct ms_instance *self)
{
	if (self == NULL)
		return;
	for (int i = 0; i < FILE_N; i++)
		table_free(self->tables[i]);
	pthread_rwlock_destroy(&self->lock);
	pthread_mutex_destroy(&self->look_lock);
	pthread_mutex_destroy(&self->edit_lock);
	free(self);
}

static const struct ms_directory file_directory = {
	.size = sizeof(file_directory),
	.lookup = file_lookup,
	.verify = file_verify,
	.secret = file_secret,
	.list = file_list,
	.change = file_change,
};

static const void *
file_interface(const char *id)
{
	return strcmp(id, MS_DIRECTORY_ID) == 0 ? &file_directory : NULL;
}

static const struct ms_option options[] = {
	{ .name = "scram-iterations", .type = MS_OPT_INT, .flags = MS_OPT_ADVANCED,
	    .initial = "10000", .minimum = "4096", .maximum = "1000000",
	    .help = "rounds of PBKDF2 for the SCRAM keys of new passwords" },
	{ .name = NULL },
};

static const char *const needs[] = { MS_CONFIG_ID, MS_CLOCK_ID, MS_BUS_ID, MS_LOG_ID,
	NULL };

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "directory-file", .version = "0.1.0", .license = "ISC",
	.summary = "domains, users and aliases in text files",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_STATE | MS_TOUCH_SECRETS, .needs = needs,
	.create = file_create, .start = file_start, .stop = file_stop,
	.destroy = file_destroy, .interface = file_interface,
};

const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
