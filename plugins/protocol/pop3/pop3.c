/* SPDX-License-Identifier: ISC */
/* pop3.c - the plugin: its options, the services it uses */
#include "pop3.h"

#include <mansio/arena.h>
#include <mansio/error.h>

static const char *const alpn[] = { "pop3", NULL };	/* RFC 7301's registry */

static const struct ms_option options[] = {
	{ .name = "mailbox", .type = MS_OPT_BACKEND, .choices = MS_MAILBOX_ID,
	  .help = "Where the mail is; each account's INBOX is its maildrop." },
	{ .name = "require-tls", .type = MS_OPT_BOOL, .initial = "no",
	  .help = "No login of any kind without TLS." },
	{ .name = "idle-timeout", .type = MS_OPT_DURATION, .initial = "10m",
	  .minimum = "1s",
	  .help = "Close after so long without a command (RFC 1939: 10 minutes)." },
	{ .name = "hostname", .type = MS_OPT_STRING, .initial = "",
	  .flags = MS_OPT_ADVANCED,
	  .help = "Our name in the greeting; the server's if empty." },
	{ .name = NULL },
};

static const char *const needs[] = {
	MS_AUTH_ID, MS_BLOB_ID, MS_COMMIT_ID, MS_CONFIG_ID, MS_FACTS_ID,
	MS_LOG_ID, MS_OP_ID, MS_SCOPE_ID, MS_SESSION_ID, NULL
};

static bool
find_services(struct ms_instance *self, const struct ms_host *h)
{
	self->auth = h->service(h, MS_AUTH_ID);
	self->blob = h->service(h, MS_BLOB_ID);
	self->commit = h->service(h, MS_COMMIT_ID);
	self->config = h->service(h, MS_CONFIG_ID);
	self->facts = h->service(h, MS_FACTS_ID);
	self->log = h->service(h, MS_LOG_ID);
	self->op = h->service(h, MS_OP_ID);
	self->scope = h->service(h, MS_SCOPE_ID);
	self->session = h->service(h, MS_SESSION_ID);
	return self->auth != NULL && self->blob != NULL &&
	    self->commit != NULL && self->config != NULL &&
	    self->facts != NULL && self->log != NULL && self->op != NULL &&
	    self->scope != NULL && self->session != NULL;
}

static ms_status
create(const struct ms_host *host, const struct ms_config *section,
    struct ms_instance **instance_out, struct ms_error *err)
{
	struct ms_instance *self =
	    ms_arena_alloc(host->scope->arena, sizeof(*self));

	self->host = host;
	self->section = section;
	if (!find_services(self, host))
		return ms_error_set(err, MS_UNSUPPORTED, "",
		    "the host lacks a service");
	self->hostname = self->config->string(section, "hostname", 0);
	self->idle_us = self->config->number(section, "idle-timeout");
	self->require_tls = self->config->number(section, "require-tls") != 0;
	/* RFC 5034 4.: the service's name for SASL is "pop". */
	self->plan = (struct ms_protocol_plan){ .size = sizeof(self->plan),
		.flags = MS_PROTOCOL_LOGS_IN, .alpn = alpn, .service = "pop" };
	*instance_out = self;
	return MS_OK;
}

static ms_status
start(struct ms_instance *self, struct ms_error *err)
{
	return self->config->backend(self->section, "mailbox", &self->mailbox,
	    err);
}

static void
stop(struct ms_instance *self)
{
	(void)self;
}

static void
destroy(struct ms_instance *self)
{
	(void)self;		/* it lies in the host's arena */
}

static const void *
interface(const char *id)
{
	return strcmp(id, MS_PROTOCOL_ID) == 0 ? &pop3_protocol : NULL;
}

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "pop3", .version = "0.1.0", .license = "ISC",
	.summary = "Lets people fetch the mail of their INBOX by POP3",
	.options = options, .option_stride = sizeof(struct ms_option),
	.needs = needs, .create = create, .start = start, .stop = stop,
	.destroy = destroy, .interface = interface,
};

MS_EXPORT const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
