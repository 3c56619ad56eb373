/* SPDX-License-Identifier: ISC */
/* fake.c - see fake.h */
#include "fake.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/filter.h>
#include <mansio/protocol.h>
#include <mansio/route.h>
#include <mansio/str.h>

/* ---- files ---- */

static ms_status
fake_read(const struct normal_source *source, const char *path, size_t max,
    struct ms_buf *text, uint64_t identity_out[2], struct ms_error *err)
{
	const struct fake_source *fake = (const struct fake_source *)source;

	for (size_t i = 0; fake->files[i].path != NULL; i++) {
		if (strcmp(fake->files[i].path, path) != 0)
			continue;
		if (strlen(fake->files[i].text) > max)
			return ms_error_set(err, MS_LIMIT, "", "too large");
		ms_buf_add_c(text, fake->files[i].text);
		identity_out[0] = 0;
		identity_out[1] = i;
		return MS_OK;
	}
	return ms_error_set(err, MS_NOTFOUND, "", "cannot read %s", path);
}

static int
by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static ms_status
fake_match(const struct normal_source *source, struct ms_arena *arena,
    const char *pattern, const char ***paths_out, size_t *n_out, struct ms_error *err)
{
	const struct fake_source *fake = (const struct fake_source *)source;
	size_t n = 0;

	(void)err;
	*paths_out = ms_arena_array(arena, 100, sizeof(char *));
	for (size_t i = 0; fake->files[i].path != NULL && n < 100; i++)
		if (fnmatch(pattern, fake->files[i].path, FNM_PATHNAME) == 0)
			(*paths_out)[n++] = fake->files[i].path;
	qsort(*paths_out, n, sizeof(char *), by_name);
	*n_out = n;
	return MS_OK;
}

struct fake_source
fake_source(const struct fake_file *files)
{
	return (struct fake_source){ { fake_read, fake_match }, files };
}

/* ---- plugins ---- */

static const struct ms_option no_options[] = { { .name = NULL } };

static const struct ms_option smtp_options[] = {
	{ .name = "max-size", .type = MS_OPT_SIZE, .initial = "50MiB", .minimum = "64KiB",
	  .maximum = "1GiB", .help = "the largest message" },
	{ .name = "max-recipients", .type = MS_OPT_INT, .initial = "100", .minimum = "100",
	  .help = "recipients of a message" },
	{ .name = "submission", .type = MS_OPT_BOOL, .initial = "no", .help = "logs in" },
	{ .name = "greet-delay", .type = MS_OPT_DURATION, .initial = "0",
	  .help = "before the greeting" },
	{ .name = NULL }
};

static const struct ms_option needs_mailbox[] = {
	{ .name = "mailbox", .type = MS_OPT_BACKEND, .choices = "ms.mailbox/1",
	  .help = "where the mail is" },
	{ .name = NULL }
};

static const struct ms_option rspamd_options[] = {
	{ .name = "url", .type = MS_OPT_STRING, .initial = "http://127.0.0.1:11333",
	  .help = "where it listens" },
	{ .name = "password", .type = MS_OPT_SECRET, .initial = "", .help = "its password" },
	{ .name = "reject-at", .type = MS_OPT_INT, .initial = "15", .help = "score" },
	{ .name = NULL }
};

static const struct ms_option cache_options[] = {
	{ .name = "positive", .type = MS_OPT_DURATION, .initial = "5m", .help = "yes" },
	{ .name = "negative", .type = MS_OPT_DURATION, .initial = "30s", .help = "no" },
	{ .name = NULL }
};

static const struct ms_option everything_options[] = {
	{ .name = "text", .type = MS_OPT_STRING, .initial = "", .help = "t" },
	{ .name = "count", .type = MS_OPT_INT, .initial = "5", .minimum = "-10",
	  .maximum = "10", .help = "c" },
	{ .name = "flag", .type = MS_OPT_BOOL, .initial = "yes", .help = "f" },
	{ .name = "size", .type = MS_OPT_SIZE, .initial = "1KiB", .help = "s" },
	{ .name = "wait", .type = MS_OPT_DURATION, .initial = "1s", .maximum = "1h",
	  .help = "w" },
	{ .name = "pace", .type = MS_OPT_RATE, .initial = "200/m", .maximum = "10/s",
	  .help = "p" },
	{ .name = "word", .type = MS_OPT_CHOICE, .initial = "one",
	  .choices = "one two three", .help = "w" },
	{ .name = "key", .type = MS_OPT_SECRET, .initial = "", .help = "k" },
	{ .name = "list", .type = MS_OPT_STRING_LIST, .initial = "a, b", .help = "l" },
	{ .name = "old", .type = MS_OPT_STRING, .initial = "", .flags = MS_OPT_DEPRECATED,
	  .help = "write text" },
	{ .name = "cache", .type = MS_OPT_SECTION, .nested = cache_options, .help = "c" },
	{ .name = NULL }
};

static const struct ms_option alias_options[] = {
	{ .name = "deliver", .type = MS_OPT_BACKEND, .choices = "ms.delivery/1",
	  .help = "who delivers" },
	{ .name = NULL }
};

static const char table = 0;

/* Any table will do: nobody calls it here. */
#define OFFERS(function, id)						\
	static const void *						\
	function(const char *interface)					\
	{								\
		return strcmp(interface, id) == 0 ? &table : NULL;	\
	}
OFFERS(protocol, MS_PROTOCOL_ID)
OFFERS(filter, MS_FILTER_ID)
OFFERS(route, MS_ROUTE_ID)
OFFERS(delivery, "ms.delivery/1")
OFFERS(mailbox, "ms.mailbox/1")
OFFERS(queue, "ms.queue/1")
OFFERS(directory, "ms.directory/1")

#define PLUGIN(is_called, table, offers)				\
	{ .magic = MS_PLUGIN_MAGIC, .size = sizeof(struct ms_plugin),	\
	  .abi_major = MS_ABI_MAJOR, .name = (is_called),		\
	  .summary = "a plugin of the tests", .options = (table),	\
	  .option_stride = sizeof(struct ms_option), .interface = (offers) }

static const struct ms_plugin plugins[] = {
	PLUGIN("smtp", smtp_options, protocol),
	PLUGIN("imap", needs_mailbox, protocol),
	PLUGIN("lmtp", no_options, protocol),
	PLUGIN("spf", no_options, filter),
	PLUGIN("rspamd", rspamd_options, filter),
	PLUGIN("clamd", no_options, filter),
	PLUGIN("everything", everything_options, filter),
	PLUGIN("alias", alias_options, route),
	PLUGIN("transport", alias_options, route),
	PLUGIN("local", needs_mailbox, delivery),
	PLUGIN("delivery-smtp", no_options, delivery),
	PLUGIN("mailbox-lmdb", no_options, mailbox),
	PLUGIN("spool", no_options, queue),
	PLUGIN("directory-file", no_options, directory),
};

static ms_status
fake_open(const struct config_plugins *self, const char *name, const char *path,
    const struct ms_plugin **plugin_out, struct ms_error *err)
{
	(void)self, (void)path;
	for (size_t i = 0; i < N_ELEMENTS(plugins); i++)
		if (strcmp(plugins[i].name, name) == 0) {
			*plugin_out = &plugins[i];
			return MS_OK;
		}
	return ms_error_set(err, MS_NOTFOUND, "", "there is no plugin of that name");
}

static const char *
fake_known(const struct config_plugins *self, uint32_t i)
{
	(void)self;
	return i < N_ELEMENTS(plugins) ? plugins[i].name : NULL;
}

const struct config_plugins fake_plugins = { fake_open, fake_known };

/* ---- loading ---- */

struct config *
fake_load_bare(const char *text, struct problems **problems_out)
{
	struct fake_file files[] = { { "x.conf", text }, { NULL, NULL } };
	struct fake_source source = fake_source(files);

	*problems_out = problems_new();
	return config_load("x.conf", &fake_plugins, &source.pub, *problems_out);
}

struct config *
fake_load(const char *text, struct problems **problems_out)
{
	static char whole[65536];

	snprintf(whole, sizeof(whole), "config-version = 1\nhostname = mx.example.org\n%s",
	    text);
	return fake_load_bare(whole, problems_out);
}

const char *
fake_text(const struct problems *p)
{
	static struct ms_buf out = MS_BUF_MAX(1 << 20);

	ms_buf_reset(&out);
	problems_text(p, &out);
	return out.data != NULL ? out.data : "";
}
