/* SPDX-License-Identifier: ISC */
/* test_describe.c - the reference of options */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "plugin/describe.h"
#include "plugin/loader.h"
#include "samples.h"

static struct loader *loader;
static struct ms_buf out = MS_BUF_MAX(1 << 20);

static const struct ms_plugin *
sample(const char *name)
{
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *plugin = NULL;

	loader_free(loader);
	loader = loader_new(samples_directory());
	cr_assert_eq(loader_open(loader, name, NULL, &plugin, &err), MS_OK, "%s", err.text);
	return plugin;
}

static void
drop(void)
{
	loader_free(loader);
	ms_buf_free(&out);
}

TestSuite(describe, .fini = drop);

Test(describe, shows_a_plugin_to_people)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(describe_plugin(sample("good"), "/x/good.so", false, &out, &err), MS_OK);
	cr_assert_str_eq(out.data,
	    "good - a sample for tests\n\n"
	    "version   1.2.3\n"
	    "license   ISC\n"
	    "kind      mailbox\n"
	    "interface 1.0\n"
	    "file      /x/good.so\n"
	    "touches   state\n"
	    "needs     ms.config/1\n"
	    "\n"
	    "good \"NAME\" {\n"
	    "    uses: name of an instance that offers ms.mailbox/1\n"
	    "        another one\n"
	    "    fail: text\n"
	    "        create, refuse or start\n"
	    "}\n");
	ms_buf_reset(&out);
	cr_assert_eq(describe_plugin(sample("good"), NULL, true, &out, &err), MS_OK);
	cr_assert_not_null(strstr(out.data, "    limit: size, default 1MiB, at least 1KiB\n"), "%s",
	    out.data);
}

Test(describe, adds_what_all_of_a_kind_have)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(describe_plugin(sample("stage"), NULL, false, &out, &err), MS_OK);
	cr_assert_not_null(strstr(out.data, "stage {\n"));
	cr_assert_not_null(strstr(out.data, "    on-error: one of tempfail, continue, reject or next, "
	    "default tempfail\n"), "%s", out.data);
	cr_assert_not_null(strstr(out.data, "    timeout: duration, default 60s, 1ms to 1h\n"));
}

Test(describe, refuses_a_plugin_with_a_bad_table)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(describe_plugin(sample("bad-option"), NULL, false, &out, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "unknown type 99"));
}

Test(describe, writes_json)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_json json = ms_json_to(&out);
	json_t *root, *options, *limit;

	cr_assert_eq(describe_plugin_json(sample("good"), "/x/good.so", &json, &err), MS_OK);
	root = json_loads(out.data, 0, NULL);
	cr_assert_not_null(root, "%s", out.data);
	cr_assert_str_eq(json_string_value(json_object_get(root, "name")), "good");
	options = json_object_get(root, "options");
	cr_assert_eq(json_array_size(options), 3);
	limit = json_array_get(options, 2);
	cr_assert_str_eq(json_string_value(json_object_get(limit, "default")), "1MiB");
	cr_assert_str_eq(json_string_value(json_object_get(limit, "help")),
	    "the \"most\" - it's -1 \\ 0");
	cr_assert(json_is_true(json_object_get(limit, "advanced")));
	json_decref(root);
}

Test(describe, explains_one_option)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(describe_option(NULL, "limits.shutdown-grace", &out, &err), MS_OK, "%s", err.text);
	cr_assert_str_eq(out.data, "limits.shutdown-grace: duration, default 30s, at most 1d\n"
	    "    how long sessions may go on after the order to stop\n");
	cr_assert_eq(describe_option(NULL, "limits.shutdown-grase", &out, &err), MS_NOTFOUND);
	cr_assert_str_eq(err.text, "there is no option \"limits.shutdown-grase\"; did you mean "
	    "\"shutdown-grace\"?");
	cr_assert_eq(describe_option(NULL, "hostname.x", &out, &err), MS_NOTFOUND);
	cr_assert_eq(describe_option(NULL, "nothing-like-that", &out, &err), MS_NOTFOUND);
	ms_buf_reset(&out);
	cr_assert_eq(describe_option(sample("stage"), "mode", &out, &err), MS_OK);
	cr_assert_not_null(strstr(out.data, "mode: one of on or shadow, default on\n"), "%s",
	    out.data);
}

Test(describe, lists_the_core)
{
	describe_core(&out);
	cr_assert_not_null(strstr(out.data, "config-version: number, required, 1 to 1\n"), "%s",
	    out.data);
	cr_assert_not_null(strstr(out.data, "tls \"NAME\" { ... }\n"));
	cr_assert_not_null(strstr(out.data, "        failures: number, default 10"));
}

Test(describe, writes_a_manual_page_that_is_safe_roff)
{
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *plugins[2];

	plugins[0] = sample("good");
	plugins[1] = sample("stage");
	cr_assert_eq(describe_manual(plugins, 2, &out, &err), MS_OK, "%s", err.text);
	cr_assert_not_null(strstr(out.data, ".TP\n.B shutdown\\-grace\n"), "%s", out.data);
	cr_assert_not_null(strstr(out.data, "the \"most\" \\- it's \\-1 \\e 0\n"), "%s", out.data);
	cr_assert_not_null(strstr(out.data, ".SH good\na sample for tests (mailbox)\n"));
	/* Every line that begins with a dot is a request we know. */
	for (const char *line = out.data; line != NULL && *line != '\0'; ) {
		if (line[0] == '.')
			cr_assert(strncmp(line, ".TH ", 4) == 0 || strncmp(line, ".SH ", 4) == 0 ||
			    strncmp(line, ".TP\n", 4) == 0 || strncmp(line, ".B ", 3) == 0 ||
			    strncmp(line, ".BR ", 4) == 0 || strncmp(line, ".RS\n", 4) == 0 ||
			    strncmp(line, ".RE\n", 4) == 0 || strncmp(line, ".PP\n", 4) == 0 ||
			    strncmp(line, ".br\n", 4) == 0, "%.60s", line);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
}
