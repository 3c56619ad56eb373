/* SPDX-License-Identifier: ISC */
/*
 * sizelimit.c - a filter that refuses messages larger than it was told
 *
 * The listener's max-size bounds what is read at all; this one bounds what a
 * pipeline takes, so that submission may have another limit than mail from
 * outside, or one domain another than the rest (`when`).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/config.h>
#include <mansio/error.h>
#include <mansio/filter.h>
#include <mansio/plugin.h>

struct ms_instance {
	const struct ms_message_api *message;
	const struct ms_blob_api    *blob;
	uint64_t                     limit;	/* octets; const after create */
};

static ms_status
sizelimit_judge(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_look *look, struct ms_error *err)
{
	const struct ms_message_info *info = self->message->info(look->message);
	uint64_t octets = info->body != NULL ? self->blob->octets(info->body) : 0;

	(void)scope, (void)err;
	if (octets > self->limit) {
		look->verdict->action = MS_REJECT;
		look->verdict->code = 552;
		snprintf(look->verdict->enhanced, sizeof(look->verdict->enhanced), "5.3.4");
		snprintf(look->verdict->text, sizeof(look->verdict->text),
		    "message exceeds %" PRIu64 " octets", self->limit);
		snprintf(look->verdict->label, sizeof(look->verdict->label), "too-large");
	}
	return MS_OK;		/* a refusal is a verdict, not a failure */
}

static const struct ms_filter_plan *
sizelimit_plan(struct ms_instance *self)
{
	static const char *const none[] = { NULL };
	static const struct ms_filter_plan plan = { .size = sizeof(plan),
		.at = MS_AT_BODY, .cost = 1, .needs = none, .gives = none };

	(void)self;
	return &plan;
}

static ms_status
sizelimit_create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	const struct ms_config_api *config_api = host->service(host, MS_CONFIG_ID);
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "out of memory");
	self->message = host->service(host, MS_MESSAGE_ID);
	self->blob = host->service(host, MS_BLOB_ID);
	self->limit = (uint64_t)config_api->number(config, "limit");
	*instance_out = self;
	return MS_OK;
}

static ms_status
sizelimit_start(struct ms_instance *self, struct ms_error *err)
{
	(void)self, (void)err;
	return MS_OK;
}

static void
sizelimit_stop(struct ms_instance *self)
{
	(void)self;
}

static void
sizelimit_destroy(struct ms_instance *self)
{
	free(self);
}

static const struct ms_filter sizelimit_filter = {
	.size = sizeof(sizelimit_filter), .plan = sizelimit_plan,
	.judge = sizelimit_judge,
};

static const void *
sizelimit_interface(const char *id)
{
	return strcmp(id, MS_FILTER_ID) == 0 ? &sizelimit_filter : NULL;
}

static const struct ms_option options[] = {
	{ .name = "limit", .type = MS_OPT_SIZE, .initial = "25MiB", .minimum = "1KiB",
	    .help = "larger messages are refused with 552 5.3.4" },
	{ .name = NULL },
};

static const char *const needs[] = { MS_CONFIG_ID, MS_MESSAGE_ID, MS_BLOB_ID, NULL };

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "sizelimit", .version = "0.1.0", .license = "ISC",
	.summary = "refuses messages that are too large for a pipeline",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = 0, .needs = needs,
	.create = sizelimit_create, .start = sizelimit_start, .stop = sizelimit_stop,
	.destroy = sizelimit_destroy, .interface = sizelimit_interface,
};

const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
