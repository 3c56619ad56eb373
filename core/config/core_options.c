/* SPDX-License-Identifier: ISC */
/*
 * core_options.c - the core's own options, and those it adds to each instance
 *
 * The same tables make the parser, the checks and mansio.conf(5).
 */
#include "config/schema.h"

#include <mansio/str.h>

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

static const struct ms_option limits_options[] = {
	{ .name = "threads", .type = MS_OPT_INT, .initial = "auto", .minimum = "1",
	  .maximum = "4096", .choices = "auto",
	  .help = "threads that run sessions; auto: 4 for each processor" },
	{ .name = "body-memory", .type = MS_OPT_SIZE, .initial = "256MiB",
	  .minimum = "1MiB",
	  .help = "memory for all bodies that are coming in; more of them gather in files" },
	{ .name = "connections", .type = MS_OPT_INT, .initial = "10000", .minimum = "1",
	  .maximum = "10000000", .help = "connections at a time, all listeners together" },
	{ .name = "per-client", .type = MS_OPT_INT, .initial = "40", .minimum = "1",
	  .maximum = "10000000",
	  .help = "connections at a time of one address (IPv6: one /64)" },
	{ .name = "shutdown-grace", .type = MS_OPT_DURATION, .initial = "30s",
	  .maximum = "1d", .help = "how long sessions may go on after the order to stop" },
	{ .name = NULL }
};

static const struct ms_option log_options[] = {
	{ .name = "to", .type = MS_OPT_STRING, .initial = "stderr:",
	  .help = "file:PATH, syslog: or stderr:" },
	{ .name = "format", .type = MS_OPT_CHOICE, .initial = "text",
	  .choices = "text json", .help = "one line a record in either" },
	{ .name = "level", .type = MS_OPT_CHOICE, .initial = "info",
	  .choices = "debug info warning error", .help = "the least that is written" },
	{ .name = NULL }
};

static const struct ms_option tls_options[] = {
	{ .name = "cert", .type = OPTION_PATH,
	  .help = "PEM file with the certificate and its chain; re-read when it changes" },
	{ .name = "key", .type = OPTION_KEY_FILE,
	  .help = "PEM file with the private key; others must not be able to read it" },
	{ .name = "min", .type = MS_OPT_CHOICE, .initial = "1.2", .choices = "1.2 1.3",
	  .help = "the oldest version of TLS that is spoken" },
	{ .name = "clients", .type = MS_OPT_CHOICE, .initial = "none",
	  .choices = "none optional required", .help = "ask clients for a certificate" },
	{ .name = NULL }
};

static const struct ms_option lockout_options[] = {
	{ .name = "failures", .type = MS_OPT_INT, .initial = "10", .minimum = "1",
	  .maximum = "1000000", .help = "wrong passwords that are let pass" },
	{ .name = "within", .type = MS_OPT_DURATION, .initial = "10m", .minimum = "1s",
	  .maximum = "52w", .help = "in so much time" },
	{ .name = "for", .type = MS_OPT_DURATION, .initial = "1h", .minimum = "1s",
	  .maximum = "52w", .help = "how long no further one is listened to" },
	{ .name = NULL }
};

static const struct ms_option auth_options[] = {
	{ .name = "directories", .type = OPTION_BACKENDS, .initial = "",
	  .choices = "ms.directory/1",
	  .help = "asked in this order; empty: all, in the order of the file" },
	{ .name = "mechanisms", .type = MS_OPT_STRING_LIST, .initial = "",
	  .choices = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN", .help = "SASL mechanisms that are offered; empty: all" },
	{ .name = "plain", .type = MS_OPT_CHOICE, .initial = "tls-only",
	  .choices = "tls-only loopback always",
	  .help = "where a password may come unencrypted: nowhere, from this host, anywhere" },
	{ .name = "lockout", .type = MS_OPT_SECTION, .flags = OPTION_ONCE,
	  .nested = lockout_options, .help = "against guessing of passwords" },
	{ .name = NULL }
};

static const struct ms_option queue_options[] = {
	{ .name = "backend", .type = MS_OPT_BACKEND, .initial = "",
	  .choices = "ms.queue/1", .help = "where accepted mail waits; empty: the only "
	      "queue there is" },
	{ .name = "retry", .type = OPTION_DURATIONS, .initial = "5m, 15m, 1h, 4h",
	  .minimum = "1s", .maximum = "52w",
	  .help = "waits before the next attempts; the last one repeats" },
	{ .name = "give-up", .type = MS_OPT_DURATION, .initial = "5d", .minimum = "1m",
	  .maximum = "52w", .help = "when a message goes back to its sender" },
	{ .name = "warn", .type = MS_OPT_DURATION, .initial = "4h",
	  .help = "when the sender is told of the delay; 0: never" },
	{ .name = "bounces", .type = OPTION_PIPELINE, .initial = "",
	  .help = "the pipeline that delivers what the server itself writes" },
	{ .name = NULL }
};

/* Filled with stages, not options. */
static const struct ms_option pipeline_options[] = { { .name = NULL } };

static const struct ms_option plugin_options[] = {
	{ .name = "path", .type = OPTION_PATH,
	  .help = "the .so of the plugin, where it is not in the plugin directory" },
	{ .name = NULL }
};

const struct ms_option schema_core_options[] = {
	{ .name = "config-version", .type = MS_OPT_INT, .minimum = "1", .maximum = "1",
	  .help = "version of this file's language" },
	{ .name = "hostname", .type = OPTION_HOST_NAME,
	  .help = "the server's full name, as in the DNS" },
	{ .name = "data-dir", .type = OPTION_PATH, .initial = "/var/lib/mansio",
	  .help = "mail, queue and all else that the server keeps" },
	{ .name = "workers", .type = MS_OPT_CHOICE, .initial = "single",
	  .choices = "single separate",
	  .help = "one process, or several with walls between them; only single is "
	      "available yet" },
	{ .name = "limits", .type = MS_OPT_SECTION, .flags = OPTION_ONCE,
	  .nested = limits_options, .help = "bounds on what the server uses" },
	{ .name = "log", .type = MS_OPT_SECTION, .flags = OPTION_ONCE,
	  .nested = log_options, .help = "where and how the log is written" },
	{ .name = "tls", .type = MS_OPT_SECTION, .flags = OPTION_TITLED,
	  .nested = tls_options, .help = "a certificate; \"default\" is used by all "
	      "listeners that name no other" },
	{ .name = "auth", .type = MS_OPT_SECTION, .flags = OPTION_ONCE,
	  .nested = auth_options, .help = "logging in, for all protocols" },
	{ .name = "queue", .type = MS_OPT_SECTION, .flags = OPTION_ONCE,
	  .nested = queue_options, .help = "how long and how often mail is tried" },
	{ .name = "pipeline", .type = MS_OPT_SECTION, .flags = OPTION_TITLED,
	  .nested = pipeline_options, .help = "filters, then routes, from top to bottom" },
	{ .name = "plugin", .type = MS_OPT_SECTION, .flags = OPTION_TITLED,
	  .nested = plugin_options, .help = "where a plugin lies" },
	{ .name = NULL }
};

static const struct ms_option use_tls_options[] = {
	{ .name = "use", .type = OPTION_TLS, .initial = "",
	  .help = "the tls section whose certificate is shown; empty: \"default\"" },
	{ .name = "mode", .type = MS_OPT_CHOICE, .initial = "starttls",
	  .choices = "none starttls required",
	  .help = "on listeners without \"tls\": no TLS, offered, or nothing before it" },
	{ .name = NULL }
};

const struct ms_option schema_protocol_options[] = {
	{ .name = "listen", .type = OPTION_LISTEN,
	  .help = "\"ADDRESS:PORT\", \"ADDRESS:PORT tls\" or \"unix:PATH\"; * is any address" },
	{ .name = "tls", .type = MS_OPT_SECTION, .flags = OPTION_ONCE,
	  .nested = use_tls_options, .help = "the certificate, and whether it is a must" },
	{ .name = "pipeline", .type = OPTION_PIPELINE, .initial = "",
	  .help = "what happens to messages that come in here" },
	{ .name = "proxy-from", .type = OPTION_NETWORKS, .initial = "",
	  .help = "proxies that tell the client's address (PROXY protocol)" },
	{ .name = "max-connections", .type = MS_OPT_INT, .initial = "0", .minimum = "0",
	  .maximum = "10000000", .help = "connections at a time; 0: limits' alone" },
	{ .name = "per-client", .type = MS_OPT_INT, .initial = "0", .minimum = "0",
	  .maximum = "10000000", .help = "connections at a time of one address; 0: limits'" },
	{ .name = NULL }
};

const struct ms_option schema_filter_options[] = {
	{ .name = "on-error", .type = MS_OPT_CHOICE, .initial = "tempfail",
	  .choices = "tempfail continue reject next",
	  .help = "what follows if the filter cannot judge" },
	{ .name = "timeout", .type = MS_OPT_DURATION, .initial = "60s", .minimum = "1ms",
	  .maximum = "1h", .help = "when a call counts as failed" },
	{ .name = "when", .type = OPTION_WHEN, .initial = "",
	  .help = "conditions that must all hold: \"size <= 10MiB\", \"authenticated\", "
	      "\"client in 10.0.0.0/8\", \"domain = example.org\", each perhaps after \"not\"" },
	{ .name = "mode", .type = MS_OPT_CHOICE, .initial = "on", .choices = "on shadow",
	  .help = "shadow: judge and log, but nothing follows" },
	{ .name = NULL }
};

/* Not tls, which also stands in protocols. */
const char *const schema_top_keywords[] = {
	"limits", "log", "auth", "queue", "pipeline", "plugin", NULL
};

static const struct {
	struct ms_str keyword;
	const char   *text;
} later[] = {
	{ MS_STR("user-prefix"), "this release runs as one process and one user" },
	{ MS_STR("sandbox"), "this release has no sandbox yet" },
	{ MS_STR("domain"), "domains are the directory's; nothing more can be set for one yet" },
	{ MS_STR("dns"), "this release has no resolver of its own yet" },
	{ MS_STR("placement"), "this release runs as one process" },
};

const char *
schema_later(struct ms_str keyword)
{
	for (size_t i = 0; i < N_ELEMENTS(later); i++)
		if (ms_str_equal(keyword, later[i].keyword))
			return later[i].text;
	return NULL;
}

bool
schema_is_top_keyword(struct ms_str keyword)
{
	for (const char *const *k = schema_top_keywords; *k != NULL; k++)
		if (ms_str_equal(ms_str_c(*k), keyword))
			return true;
	return false;
}

bool
schema_is_core(struct ms_str keyword)
{
	for (const struct ms_option *o = schema_core_options; o->name != NULL; o++)
		if (ms_str_equal(ms_str_c(o->name), keyword))
			return true;
	return false;
}
