/* SPDX-License-Identifier: ISC */
/* lmtp.c - the plugin lmtp: mail handed over by another server, RFC 2033 */
#include "smtp.h"

static const struct ms_option options[] = {
	{ .name = "max-size", .type = MS_OPT_SIZE, .initial = "50MiB",
	  .minimum = "64KiB",
	  .help = "Largest message that is accepted; told to peers (RFC 1870)." },
	{ .name = "max-recipients", .type = MS_OPT_INT, .initial = "1000",
	  .minimum = "100", .maximum = "65000",
	  .help = "Recipients of one message; those past it are asked to come again." },
	{ .name = "require-tls", .type = MS_OPT_BOOL, .initial = "no",
	  .help = "No mail without TLS." },
	{ .name = "long-lines", .type = MS_OPT_CHOICE, .initial = "accept",
	  .choices = "accept refuse", .flags = MS_OPT_ADVANCED,
	  .help = "What to do with text lines of more than 998 octets." },
	{ .name = "command-timeout", .type = MS_OPT_DURATION, .initial = "5m",
	  .minimum = "1s", .flags = MS_OPT_ADVANCED,
	  .help = "A command must be complete within this time." },
	{ .name = "data-timeout", .type = MS_OPT_DURATION, .initial = "10m",
	  .minimum = "1s", .flags = MS_OPT_ADVANCED,
	  .help = "A message must be complete within this time; large announced ones get more." },
	{ .name = "hostname", .type = MS_OPT_STRING, .initial = "",
	  .flags = MS_OPT_ADVANCED,
	  .help = "Our name in greeting and trace fields; the server's if empty." },
	{ .name = NULL },
};

static const char *const needs[] = {
	MS_BLOB_ID, MS_CLOCK_ID, MS_FACTS_ID, MS_LOG_ID, MS_MESSAGE_ID,
	MS_OP_ID, MS_PIPELINE_ID, MS_SCOPE_ID, MS_SESSION_ID, NULL
};

static ms_status
create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	return smtp_create(host, config, true, instance_out, err);
}

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "lmtp", .version = "0.1.0", .license = "ISC",
	.summary = "Takes mail from another server by LMTP, with a reply for each recipient",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_ENVELOPE | MS_TOUCH_HEADERS | MS_TOUCH_BODY,
	.needs = needs, .create = create, .start = smtp_start,
	.stop = smtp_stop, .destroy = smtp_destroy, .interface = smtp_interface,
};

MS_EXPORT const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
