/* SPDX-License-Identifier: ISC */
/* test_instance.c - the life of instances */
#include <criterion/criterion.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "config/section.h"
#include "plugin/instance.h"
#include "plugin/services.h"
#include "samples.h"

static char events[1000];
static char data[] = "/tmp/mansio-instance-XXXXXX";

static void
add_event(const char *text)
{
	strncat(events, text, sizeof(events) - strlen(events) - 1);
}

static const struct {
	void (*add)(const char *text);
} event_service = { add_event };

static struct loader *loader;
static struct config_plugins *plugins;
static struct problems *problems;
static struct config *config;
static struct instances *instances;
static unsigned scopes;

static const struct ms_scope *
scope_new(const struct ms_host *host, struct ms_str id)
{
	struct ms_scope *s = calloc(1, sizeof(*s));

	cr_assert_not_null(s);
	s->size = sizeof(*s);
	s->id = id;
	s->host = host;
	scopes++;
	return s;
}

static void
scope_free(const struct ms_scope *s)
{
	free((void *)(uintptr_t)s);
	scopes--;
}

static const struct instances_options options = {
	.roles = MS_ROLE_READ | MS_ROLE_WRITE | MS_ROLE_ACCEPT | MS_ROLE_RUN,
	.scope_new = scope_new, .scope_free = scope_free,
};

/* A configuration on disk, its instances created. */
static const char *
make(const char *text)
{
	static struct ms_buf said = MS_BUF_MAX(1 << 20);
	char path[100];
	FILE *f;

	cr_assert_not_null(mkdtemp(data));
	snprintf(path, sizeof(path), "%s/x.conf", data);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fprintf(f, "config-version = 1\nhostname = mx.example.org data-dir = data\n%s", text);
	fclose(f);
	services_clear();
	services_add(MS_CONFIG_ID, &section_service);
	services_add("test.events/1", &event_service);
	loader = loader_new(samples_directory());
	loader_set_services(loader, services_has);
	plugins = plugins_for_config(loader);
	problems = problems_new();
	config = config_load(path, plugins, NULL, problems);
	instances = instances_create(config, &options, problems);
	ms_buf_reset(&said);
	problems_text(problems, &said);
	/* Without the directory, which has another name each time. */
	if (said.data == NULL)
		return "";
	for (char *at; (at = strstr(said.data, data)) != NULL; )
		memmove(at, at + strlen(data), strlen(at + strlen(data)) + 1);
	return said.data;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void
drop(void)
{
	instances_free(instances);
	config_free(config);
	problems_free(problems);
	plugins_for_config_free(plugins);
	loader_free(loader);
	nftw(data, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(instances, .fini = drop);

Test(instances, start_after_those_they_name_and_stop_before_them)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_str_eq(make("good \"a\" { uses = b }\ngood \"b\" { uses = c }\ngood \"c\" { }\n"
	    "good \"d\" { uses = b }\n"), "");
	cr_assert_str_eq(events, "create a;create b;create c;create d;");
	events[0] = '\0';
	cr_assert_eq(instances_start(instances, &err), MS_OK, "%s", err.text);
	cr_assert_str_eq(events, "start c;start b;start a;start d;");
	events[0] = '\0';
	instances_stop(instances);
	cr_assert_str_eq(events, "stop d;stop a;stop b;stop c;");
	events[0] = '\0';
	instances_free(instances);
	instances = NULL;
	cr_assert_str_eq(events, "destroy d;destroy c;destroy b;destroy a;");
	cr_assert_eq(scopes, 0);
}

Test(instances, are_stopped_by_free_if_they_run)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_str_eq(make("good \"a\" { }"), "");
	cr_assert_eq(instances_start(instances, &err), MS_OK);
	instances_free(instances);
	instances = NULL;
	cr_assert_str_eq(events, "create a;start a;stop a;destroy a;");
}

Test(instances, that_fail_are_all_told_with_their_place)
{
	const char *said = make("good \"a\" { fail = create }\ngood \"b\" { }\ngood \"c\" {\n  fail = refuse\n}\n");

	cr_assert_str_eq(said, "/x.conf:3:1: error: good \"a\": no such luck\n"
	    "/x.conf:6:3: error: option \"fail\": not this\n");
	cr_assert_str_eq(events, "create b;");
	cr_assert_null(instance_of(config->instances.v[0]));
	cr_assert_not_null(instance_of(config->instances.v[1]));
}

Test(instances, stop_again_when_one_does_not_start)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_str_eq(make("good \"a\" { }\ngood \"b\" { fail = start }\ngood \"c\" { }\n"), "");
	events[0] = '\0';
	cr_assert_eq(instances_start(instances, &err), MS_TEMPFAIL);
	cr_assert_not_null(strstr(err.text, "/x.conf:4: good \"b\": disk gone"), "%s", err.text);
	cr_assert_str_eq(events, "start a;", "who started it ends its work first");
	instances_stop(instances);
	cr_assert_str_eq(events, "start a;stop a;");
}

Test(instances, that_wait_for_each_other_do_not_start)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_str_eq(make("good \"a\" { uses = b }\ngood \"b\" { uses = a }\n"), "");
	events[0] = '\0';
	cr_assert_eq(instances_start(instances, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "it waits for itself"), "%s", err.text);
	cr_assert_str_eq(events, "");
}

Test(instances, have_directories_of_their_own)
{
	struct ms_error err = MS_ERROR_INIT;
	char path[200];
	struct stat st;

	cr_assert_str_eq(make("good \"a\" { }\npipeline \"p\" { stage { } stage { } }"), "");
	snprintf(path, sizeof(path), "%s/data", data);
	cr_assert_eq(stat(path, &st), -1, "create has no effect outside");
	cr_assert_eq(instances_start(instances, &err), MS_OK, "%s", err.text);
	snprintf(path, sizeof(path), "%s/data/good/a", data);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/data/stage/p-2", data);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_str_eq(section_directory(config->instances.v[2]), path);
}

Test(instances, are_found)
{
	struct instance *a;

	cr_assert_str_eq(make("good \"a\" { }\npipeline \"p\" { stage { } }"), "");
	cr_assert_eq(instances_count(instances), 2);
	a = instances_find(instances, ms_str_c("a"), "ms.mailbox/1");
	cr_assert_eq(a, instances_at(instances, 0));
	cr_assert_null(instances_find(instances, ms_str_c("a"), "ms.queue/1"));
	cr_assert_null(instances_find(instances, ms_str_c("p"), NULL));
	cr_assert_null(instances_at(instances, 2));
	cr_assert_str_eq(instance_plugin(a)->name, "good");
	cr_assert_not_null(instance_interface(a, "ms.mailbox/1"));
	cr_assert_eq(instance_section(a), config->instances.v[0]);
	cr_assert_eq(instance_of_host(instance_host(a)), a);
	cr_assert_eq(instance_host(a)->roles, 15);
	cr_assert_eq(instance_host(a)->scope->host, instance_host(a));
	cr_assert_not_null(instance_self(a));
}

static const int other_table = 7;

static void
interpose(struct instance *target, const char *interface, struct ms_backend *backend)
{
	cr_assert_str_eq(instance_plugin(target)->name, "good");
	cr_assert_str_eq(interface, "ms.mailbox/1");
	backend->table = &other_table;
	add_event("interposed;");
}

Test(instances, may_be_reached_through_the_core)
{
	struct instances_options through = options;
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_str_eq(make("good \"a\" { }\ngood \"b\" { uses = a }"), "");
	instances_free(instances);
	through.interpose = interpose;
	instances = instances_create(config, &through, problems);
	events[0] = '\0';
	cr_assert_eq(instances_start(instances, &err), MS_OK, "%s", err.text);
	cr_assert_str_eq(events, "start a;interposed;start b;");
}

Test(instances, of_unknown_plugins_are_told_with_the_nearest)
{
	cr_assert_str_eq(make("godo \"a\" { }"), "/x.conf:3:1: error: unknown section \"godo\"; did you "
	    "mean \"good\"?\n");
}

Test(instances, of_bad_plugins_are_told_with_the_reason)
{
	const char *said = make("wrong-name \"a\" { }\nbad-option \"b\" { }\npipeline \"p\" { good { } }");

	cr_assert_not_null(strstr(said, "/x.conf:3:1: error: plugin \"wrong-name\": "), "%s", said);
	cr_assert_not_null(strstr(said, "calls itself \"another\""), "%s", said);
	cr_assert_not_null(strstr(said, "/x.conf:4:1: error: plugin \"bad-option\" declares the option "
	    "\"fail\" with the unknown type 99"), "%s", said);
	cr_assert_not_null(strstr(said, "/x.conf:5:16: error: \"good\" is neither a filter nor a route"),
	    "%s", said);
}

Test(instances, come_from_where_a_plugin_section_says)
{
	char text[9000];

	snprintf(text, sizeof(text), "plugin \"good\" { path = \"%s/good.so\" }\ngood \"a\" { }\n"
	    "plugin \"stage\" { path = /nonexistent/stage.so }\npipeline \"p\" { stage { } }",
	    samples_directory());
	cr_assert_not_null(strstr(make(text), "/x.conf:6:16: error: plugin \"stage\": "
	    "/nonexistent/stage.so: No such file or directory\n"));
	cr_assert_not_null(instance_of(config->instances.v[0]));
}
