/* SPDX-License-Identifier: ISC */
/*
 * sample.c - a plugin for the tests of core/plugin, right or wrong by macros
 *
 * Tells what is done to it through the service "test.events/1", if there is
 * one, and fails where its option `fail` says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/config.h>

#ifndef NAME
#define NAME FILE_NAME
#endif
#ifndef MAGIC
#define MAGIC MS_PLUGIN_MAGIC
#endif
#ifndef ABI_MAJOR
#define ABI_MAJOR MS_ABI_MAJOR
#endif
#ifndef ABI_MINOR
#define ABI_MINOR MS_ABI_MINOR
#endif
#ifndef SIZE
#define SIZE sizeof(struct ms_plugin)
#endif
#ifndef OFFERS
#define OFFERS "ms.mailbox/1"
#endif
#ifndef NEEDS
#define NEEDS MS_CONFIG_ID
#endif
#ifndef TYPE
#define TYPE MS_OPT_STRING
#endif

struct test_events {
	void (*add)(const char *text);
};

struct ms_instance {
	const struct ms_config_api *config;
	const struct ms_config     *section;
	const struct test_events   *events;
	char                        title[40];
};

static const struct ms_option options[] = {
	{ .name = "uses", .type = MS_OPT_BACKEND, .initial = "", .choices = "ms.mailbox/1",
	  .help = "another one" },
	{ .name = "fail", .type = TYPE, .initial = "", .help = "create, refuse or start" },
	{ .name = "limit", .type = MS_OPT_SIZE, .initial = "1MiB", .minimum = "1KiB",
	  .flags = MS_OPT_ADVANCED, .help = "the \"most\" - it's -1 \\ 0" },
	{ .name = NULL }
};

static const char *const needs[] = { NEEDS, NULL };
static const int table = 7;

static void
tell(const struct ms_instance *self, const char *what)
{
	char text[120];

	snprintf(text, sizeof(text), "%s %s;", what, self->title);
	if (self->events != NULL)
		self->events->add(text);
}

static void
sample_destroy(struct ms_instance *self)
{
	if (self != NULL)
		tell(self, "destroy");
	free(self);
}

static ms_status
sample_create(const struct ms_host *host, const struct ms_config *section,
    struct ms_instance **instance_out, struct ms_error *err)
{
	struct ms_instance *self = calloc(1, sizeof(*self));
	struct ms_str title, fail;

	if (self == NULL)
		return MS_TEMPFAIL;
	self->config = host->service(host, MS_CONFIG_ID);
	self->events = host->service(host, "test.events/1");
	self->section = section;
	title = self->config->title(section);
	snprintf(self->title, sizeof(self->title), "%.*s", (int)title.len, title.data);
	fail = self->config->string(section, "fail", 0);
	if (fail.len == 6 && memcmp(fail.data, "create", 6) == 0) {
		snprintf(err->text, sizeof(err->text), "no such luck");
		free(self);
		return MS_TEMPFAIL;
	}
	if (fail.len == 6 && memcmp(fail.data, "refuse", 6) == 0) {
		ms_status st = self->config->refuse(section, "fail", "not this", err);

		free(self);
		return st;
	}
	tell(self, "create");
	*instance_out = self;
	return MS_OK;
}

static ms_status
sample_start(struct ms_instance *self, struct ms_error *err)
{
	struct ms_str fail = self->config->string(self->section, "fail", 0);
	struct ms_backend backend;
	ms_status st;

	if (fail.len == 5 && memcmp(fail.data, "start", 5) == 0) {
		snprintf(err->text, sizeof(err->text), "disk gone");
		return MS_TEMPFAIL;
	}
	st = self->config->backend(self->section, "uses", &backend, err);
	if (st == MS_OK && (*(const int *)backend.table != 7 || backend.self == NULL))
		return MS_INVALID;
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	tell(self, "start");
	return MS_OK;
}

static void
sample_stop(struct ms_instance *self)
{
	tell(self, "stop");
}

static const void *
sample_interface(const char *id)
{
	return strcmp(id, OFFERS) == 0 ? &table : NULL;
}

static const struct ms_plugin plugin = {
	.magic = MAGIC, .size = (uint32_t)SIZE, .abi_major = ABI_MAJOR, .abi_minor = ABI_MINOR,
	.name = NAME, .version = "1.2.3", .license = "ISC", .summary = "a sample for tests",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_STATE, .needs = needs, .create = sample_create,
	.start = sample_start, .stop = sample_stop, .destroy = sample_destroy,
	.interface = sample_interface,
};

#ifdef UNBOUND
/* Nobody has it. */
extern const struct ms_plugin *nobody_has_this_function(void);

MS_EXPORT const struct ms_plugin *
ms_plugin_entry(void)
{
	return getenv("MANSIO_NEVER") != NULL ? nobody_has_this_function() : &plugin;
}
#elif defined(NO_ENTRY)
MS_EXPORT const struct ms_plugin *another_entry(void);

MS_EXPORT const struct ms_plugin *
another_entry(void)
{
	return &plugin;
}
#else
const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
#endif
