/* SPDX-License-Identifier: ISC */
/* instance.c - one smtp or lmtp section: its options and the services it uses */
#include "smtp.h"

#include <mansio/arena.h>
#include <mansio/error.h>

/* Nothing is registered for SMTP.  Naming something is what lets the core
   refuse who asks for another protocol by TLS (a browser, say). */
static const char *const alpn[] = { "smtp", "esmtp", NULL };

static bool
find_services(struct ms_instance *self, const struct ms_host *h)
{
	self->blob = h->service(h, MS_BLOB_ID);
	self->clock = h->service(h, MS_CLOCK_ID);
	self->facts = h->service(h, MS_FACTS_ID);
	self->log = h->service(h, MS_LOG_ID);
	self->message = h->service(h, MS_MESSAGE_ID);
	self->op = h->service(h, MS_OP_ID);
	self->pipeline = h->service(h, MS_PIPELINE_ID);
	self->scope = h->service(h, MS_SCOPE_ID);
	self->session = h->service(h, MS_SESSION_ID);
	return self->blob != NULL && self->clock != NULL &&
	    self->facts != NULL && self->log != NULL && self->message != NULL &&
	    self->op != NULL && self->pipeline != NULL && self->scope != NULL &&
	    self->session != NULL;
}

static void
read_options(struct ms_instance *self, const struct ms_config_api *config,
    const struct ms_config *section)
{
	self->hostname = config->string(section, "hostname", 0);
	self->max_size = (uint64_t)config->number(section, "max-size");
	self->max_recipients =
	    (uint32_t)config->number(section, "max-recipients");
	self->require_tls = config->number(section, "require-tls") != 0;
	self->refuse_long_lines = ms_str_is(
	    config->string(section, "long-lines", 0), "refuse");
	self->command_us = config->number(section, "command-timeout");
	self->data_us = config->number(section, "data-timeout");
	if (self->lmtp)
		return;
	self->submission = config->number(section, "submission") != 0;
	self->own_sender = ms_str_is(
	    config->string(section, "own-sender", 0), "required");
	self->greet_delay_us = config->number(section, "greet-delay");
}

ms_status
smtp_create(const struct ms_host *host, const struct ms_config *section,
    bool lmtp, struct ms_instance **instance_out, struct ms_error *err)
{
	const struct ms_config_api *config = host->service(host, MS_CONFIG_ID);
	struct ms_instance *self =
	    ms_arena_alloc(host->scope->arena, sizeof(*self));

	self->host = host;
	self->lmtp = lmtp;
	if (config == NULL || !find_services(self, host))
		return ms_error_set(err, MS_UNSUPPORTED, "",
		    "the host lacks a service");
	read_options(self, config, section);
	if (self->submission) {
		self->auth = host->service(host, MS_AUTH_ID);
		if (self->auth == NULL)
			return ms_error_set(err, MS_UNSUPPORTED, "",
			    "the host can't log anybody in");
	}
	self->plan = (struct ms_protocol_plan){ .size = sizeof(self->plan),
		.flags = self->submission ? MS_PROTOCOL_LOGS_IN : 0u,
		.alpn = alpn, .service = lmtp ? "lmtp" : "smtp" };
	*instance_out = self;
	return MS_OK;
}

ms_status
smtp_start(struct ms_instance *self, struct ms_error *err)
{
	(void)self, (void)err;
	return MS_OK;
}

void
smtp_stop(struct ms_instance *self)
{
	(void)self;
}

void
smtp_destroy(struct ms_instance *self)
{
	(void)self;		/* it lies in the host's arena */
}

const void *
smtp_interface(const char *id)
{
	return strcmp(id, MS_PROTOCOL_ID) == 0 ? &smtp_protocol : NULL;
}
