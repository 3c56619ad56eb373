/* SPDX-License-Identifier: ISC */
/*
 * quiet.c - a filter for subjects that shout
 *
 * A message whose Subject has more capital letters than `capitals` per cent is
 * marked with X-Quiet, or refused where the admin wants that.  Rename it, and
 * put your own idea into quiet_judge().
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/config.h>
#include <mansio/error.h>
#include <mansio/filter.h>
#include <mansio/header.h>
#include <mansio/plugin.h>
#include <mansio/str.h>

#define MIN_LETTERS	8	/* "RE: OK" shouts at nobody */

/* One for each section in the configuration.  judge() runs in several threads
   at once: what is here stays as create() made it. */
struct ms_instance {
	const struct ms_message_api *message;
	uint64_t                     capitals;	/* per cent */
	bool                         refuses;
};

static bool
is_shouting(const struct ms_instance *self, struct ms_str subject)
{
	uint64_t letters = 0, capitals = 0;

	for (size_t i = 0; i < subject.len; i++) {
		char c = subject.data[i];

		capitals += c >= 'A' && c <= 'Z';
		letters += (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	}
	return letters >= MIN_LETTERS && capitals * 100 > letters * self->capitals;
}

static ms_status
quiet_judge(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_look *look, struct ms_error *err)
{
	struct ms_field subject;
	ms_status st = self->message->header(scope, look->message,
	    (struct ms_str)MS_STR("Subject"), 0, &subject, err);

	if (st == MS_NOTFOUND)
		return MS_OK;
	if (st != MS_OK)
		return st;		/* the stage's `on-error` decides */
	if (!is_shouting(self, ms_words_decode(scope->arena, subject.value)))
		return MS_OK;
	if (!self->refuses)
		return self->message->edit_header(look->message, MS_HEADER_APPEND,
		    (struct ms_str)MS_STR("X-Quiet"), 0, (struct ms_str)MS_STR("no"), err);
	/* A refusal is a verdict, not a failure. */
	look->verdict->action = MS_REJECT;
	snprintf(look->verdict->enhanced, sizeof(look->verdict->enhanced), "5.7.1");
	snprintf(look->verdict->text, sizeof(look->verdict->text),
	    "please do not shout in the subject");
	snprintf(look->verdict->label, sizeof(look->verdict->label), "shouting");
	return MS_OK;
}

/* When it is asked, what it may edit, which facts it reads and sets. */
static const struct ms_filter_plan *
quiet_plan(struct ms_instance *self)
{
	static const char *const none[] = { NULL };
	static const struct ms_filter_plan plan = { .size = sizeof(plan),
		.at = MS_AT_BODY, .touches = MS_TOUCH_HEADERS, .cost = 1, .needs = none,
		.gives = none };

	(void)self;
	return &plan;
}

/* `mansio check` runs this one, too: no effect outside. */
static ms_status
quiet_create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	const struct ms_config_api *options = host->service(host, MS_CONFIG_ID);
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "out of memory");
	self->message = host->service(host, MS_MESSAGE_ID);
	self->capitals = (uint64_t)options->number(config, "capitals");
	self->refuses = ms_str_is(options->string(config, "action", 0), "refuse");
	*instance_out = self;
	return MS_OK;
}

/* Files, sockets and threads would begin here and end in stop(). */
static ms_status
quiet_start(struct ms_instance *self, struct ms_error *err)
{
	(void)self, (void)err;
	return MS_OK;
}

static void
quiet_stop(struct ms_instance *self)
{
	(void)self;
}

static void
quiet_destroy(struct ms_instance *self)
{
	free(self);
}

static const struct ms_filter quiet_filter = {
	.size = sizeof(quiet_filter), .plan = quiet_plan, .judge = quiet_judge,
};

static const void *
quiet_interface(const char *id)
{
	return strcmp(id, MS_FILTER_ID) == 0 ? &quiet_filter : NULL;
}

static const struct ms_option options[] = {
	{ .name = "capitals", .type = MS_OPT_INT, .initial = "70", .minimum = "0",
	    .maximum = "100", .help = "per cent of a subject's letters that may be capitals" },
	{ .name = "action", .type = MS_OPT_CHOICE, .initial = "mark",
	    .choices = "mark refuse", .help = "what happens to a message that shouts" },
	{ .name = NULL },
};

static const char *const needs[] = { MS_CONFIG_ID, MS_MESSAGE_ID, NULL };

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "org.example.quiet", .version = "0.1.0", .license = "ISC",
	.summary = "marks or refuses subjects that shout",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_HEADERS, .needs = needs,
	.create = quiet_create, .start = quiet_start, .stop = quiet_stop,
	.destroy = quiet_destroy, .interface = quiet_interface,
};

const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
