/* SPDX-License-Identifier: ISC */
/*
 * imap.c - the plugin: IMAP4rev1 (RFC 3501) over the contract's mailboxes
 */
#include "imap.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/protocol.h>

#include "session.h"

#define SECOND_US	INT64_C(1000000)

static const struct ms_option options[] = {
	{ .name = "mailbox", .type = MS_OPT_BACKEND, .choices = MS_MAILBOX_ID,
	    .help = "the mailbox backend that holds the accounts" },
	{ .name = "idle-timeout", .type = MS_OPT_DURATION, .initial = "30m",
	    /* RFC 3501 5.4: at least 30 minutes, if there is one. */
	    .minimum = "1m", .maximum = "24h",
	    .help = "how long a session may say nothing" },
	{ .name = "login-timeout", .type = MS_OPT_DURATION, .initial = "1m",
	    .minimum = "5s", .maximum = "30m",
	    .help = "how long a peer that has not logged in may say nothing" },
	{ .name = "output-timeout", .type = MS_OPT_DURATION, .initial = "5m",
	    .minimum = "10s", .maximum = "1h", .flags = MS_OPT_ADVANCED,
	    .help = "how long a peer may not read what it asked for" },
	{ .name = "keepalive", .type = MS_OPT_DURATION, .initial = "4m",
	    .minimum = "30s", .maximum = "29m", .flags = MS_OPT_ADVANCED,
	    .help = "how often an IDLE session is written to" },
	{ .name = "max-size", .type = MS_OPT_SIZE, .initial = "50MiB",
	    .minimum = "64KiB", .maximum = "1GiB",
	    .help = "the largest message that APPEND takes" },
	{ .name = "quota", .type = MS_OPT_SIZE, .initial = "0",
	    .help = "octets an account may hold where the directory says nothing; 0: any" },
	{ .name = "search-limit", .type = MS_OPT_DURATION, .initial = "30s",
	    .minimum = "1s", .maximum = "10m", .flags = MS_OPT_ADVANCED,
	    .help = "how long one SEARCH may work" },
	{ .name = NULL },
};

static ms_status
imap_create(const struct ms_host *host, const struct ms_config *section,
    struct ms_instance **out, struct ms_error *err)
{
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	self->host = host;
	self->section = section;
	self->config = host->service(host, MS_CONFIG_ID);
	self->scope = host->service(host, MS_SCOPE_ID);
	self->session = host->service(host, MS_SESSION_ID);
	self->facts = host->service(host, MS_FACTS_ID);
	self->auth = host->service(host, MS_AUTH_ID);
	self->op = host->service(host, MS_OP_ID);
	self->commit = host->service(host, MS_COMMIT_ID);
	self->blob = host->service(host, MS_BLOB_ID);
	self->clock = host->service(host, MS_CLOCK_ID);
	self->log = host->service(host, MS_LOG_ID);
	self->directory = host->service(host, MS_DIRECTORY_ID);
	self->idle_timeout_us = self->config->number(section, "idle-timeout");
	self->login_timeout_us = self->config->number(section,
	    "login-timeout");
	self->output_timeout_us = self->config->number(section,
	    "output-timeout");
	self->keepalive_us = self->config->number(section, "keepalive");
	self->search_limit_us = self->config->number(section, "search-limit");
	self->max_size = (uint64_t)self->config->number(section, "max-size");
	self->quota = (uint64_t)self->config->number(section, "quota");
	*out = self;
	return MS_OK;
}

static ms_status
imap_start(struct ms_instance *self, struct ms_error *err)
{
	ms_status st = self->config->backend(self->section, "mailbox",
	    &self->backend, err);

	if (st == MS_OK)
		self->mailbox = self->backend.table;
	return st;
}

static void
imap_stop(struct ms_instance *self)
{
	(void)self;
}

static void
imap_destroy(struct ms_instance *self)
{
	free(self);
}

static const struct ms_protocol_plan *
imap_plan(struct ms_instance *self)
{
	static const char *const alpn[] = { "imap", NULL };
	static const struct ms_protocol_plan plan = {
		.size = sizeof(plan), .alpn = alpn, .service = "imap",
	};

	(void)self;
	return &plan;
}

static const struct ms_protocol imap_protocol = {
	.size = sizeof(imap_protocol), .plan = imap_plan,
	.open = session_open, .step = session_step,
	.resume = session_resume, .close = session_close,
	.retire = session_retire,
};

static const void *
imap_interface(const char *id)
{
	return strcmp(id, MS_PROTOCOL_ID) == 0 ? &imap_protocol : NULL;
}

const struct ms_plugin *
ms_plugin_entry(void)
{
	static const char *const needs[] = { MS_CONFIG_ID, MS_SCOPE_ID,
	    MS_SESSION_ID, MS_FACTS_ID, MS_AUTH_ID, MS_OP_ID, MS_COMMIT_ID,
	    MS_BLOB_ID, MS_CLOCK_ID, MS_LOG_ID, MS_DIRECTORY_ID, NULL };
	static const struct ms_plugin plugin = {
		.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
		.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
		.name = "imap", .version = "1", .license = "ISC",
		.summary = "IMAP4rev1: lets people read their mail",
		.options = options, .option_stride = sizeof(struct ms_option),
		.touches = MS_TOUCH_HEADERS | MS_TOUCH_BODY,
		.needs = needs, .create = imap_create, .start = imap_start,
		.stop = imap_stop, .destroy = imap_destroy,
		.interface = imap_interface,
	};

	return &plugin;
}
