/* SPDX-License-Identifier: ISC */
/* test_loader.c - what is opened, and what is refused with which words */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>

#include "plugin/loader.h"
#include "plugin/services.h"
#include "samples.h"

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

static bool
has(const char *id)
{
	return strcmp(id, "ms.config/1") == 0;
}

static struct loader *
new_loader(void)
{
	struct loader *l = loader_new(samples_directory());

	loader_set_services(l, has);
	return l;
}

Test(loader, opens_a_good_plugin_once)
{
	struct loader *l = new_loader();
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *first, *second;

	cr_assert_eq(loader_open(l, "good", NULL, &first, &err), MS_OK, "%s", err.text);
	cr_assert_str_eq(first->version, "1.2.3");
	cr_assert_eq(loader_open(l, "good", NULL, &second, &err), MS_OK);
	cr_assert_eq(first, second);
	cr_assert_not_null(strstr(loader_path(l, first), "/good.so"));
	loader_free(l);
}

static const struct {
	const char *name, *said;
	ms_status   status;
} refused[] = {
	{ "missing", "there is no plugin ", MS_NOTFOUND },
	{ "wrong-magic", "is no plugin of Mansio", MS_INVALID },
	{ "wrong-abi", "is built for version 99.0 of the plugin interface, this server has 1.0: "
	    "build it again", MS_INVALID },
	{ "newer", "is built for version 1.99 of the plugin interface, this server has 1.0: update",
	    MS_INVALID },
	{ "wrong-name", "calls itself \"another\", not \"wrong-name\"", MS_INVALID },
	{ "small", "its table has 40 octets", MS_INVALID },
	{ "needy", "needs the service \"ms.no-such-thing/1\"", MS_UNSUPPORTED },
	{ "no-entry", "it has no ms_plugin_entry()", MS_INVALID },
	{ "unbound", "undefined symbol: nobody_has_this_function", MS_INVALID },
	{ "../plugin/good", "lower-case letters", MS_NOTFOUND },
	{ "", "lower-case letters", MS_NOTFOUND },
	{ "Good", "lower-case letters", MS_NOTFOUND },
};

ParameterizedTestParameters(loader, refuses_with_the_reason)
{
	static size_t index[N_ELEMENTS(refused)];

	for (size_t i = 0; i < N_ELEMENTS(refused); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(refused));
}

ParameterizedTest(size_t *i, loader, refuses_with_the_reason)
{
	struct loader *l = new_loader();
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *plugin = NULL;

	cr_assert_eq(loader_open(l, refused[*i].name, NULL, &plugin, &err), refused[*i].status,
	    "%s", err.text);
	cr_assert_not_null(strstr(err.text, refused[*i].said), "%s", err.text);
	cr_assert_null(plugin);
	loader_free(l);
}

Test(loader, accepts_any_need_when_no_services_are_known)
{
	struct loader *l = loader_new(samples_directory());
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *plugin;

	cr_assert_eq(loader_open(l, "needy", NULL, &plugin, &err), MS_OK, "%s", err.text);
	loader_free(l);
}

/* ---- files that others can write, and that are none ---- */

static char directory[] = "/tmp/mansio-loader-XXXXXX";

static void
copy_good(const char *name, mode_t mode)
{
	char from[4200], to[200], data[65536];
	ssize_t n;
	int in, out;

	snprintf(from, sizeof(from), "%s/good.so", samples_directory());
	snprintf(to, sizeof(to), "%s/%s.so", directory, name);
	in = open(from, O_RDONLY);
	out = open(to, O_WRONLY | O_CREAT, 0600);
	cr_assert(in >= 0 && out >= 0);
	while ((n = read(in, data, sizeof(data))) > 0)
		cr_assert_eq(write(out, data, (size_t)n), n);
	close(in);
	close(out);
	cr_assert_eq(chmod(to, mode), 0);
}

static void
remove_copies(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s.so", directory, name);
	unlink(path);
	rmdir(directory);
}

static ms_status
try(const char *name, mode_t file_mode, mode_t directory_mode, struct ms_error *err)
{
	const struct ms_plugin *plugin;
	struct loader *l;
	ms_status st;

	cr_assert_not_null(mkdtemp(directory));
	copy_good(name, file_mode);
	cr_assert_eq(chmod(directory, directory_mode), 0);
	l = loader_new(directory);
	st = loader_open(l, name, NULL, &plugin, err);
	loader_free(l);
	remove_copies(name);
	return st;
}

Test(loader, opens_a_copy_that_only_its_owner_can_write)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(try("good", 0644, 0755, &err), MS_OK, "%s", err.text);
}

Test(loader, refuses_a_file_that_everybody_can_write)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(try("good", 0646, 0755, &err), MS_DENIED);
	cr_assert_not_null(strstr(err.text, "the file can be written by everybody"), "%s",
	    err.text);
}

Test(loader, refuses_a_directory_that_everybody_can_write)
{
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(try("good", 0644, 01777, &err), MS_DENIED);
	cr_assert_not_null(strstr(err.text, "its directory can be written by everybody"), "%s",
	    err.text);
}

Test(loader, refuses_a_file_of_another_user)
{
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *plugin;
	struct loader *l;
	char path[200];

	if (geteuid() != 0)
		cr_skip("only root can give a file away");
	cr_assert_not_null(mkdtemp(directory));
	copy_good("good", 0644);
	snprintf(path, sizeof(path), "%s/good.so", directory);
	cr_assert_eq(chown(path, 12345, 0), 0);
	l = loader_new(directory);
	cr_assert_eq(loader_open(l, "good", NULL, &plugin, &err), MS_DENIED);
	cr_assert_not_null(strstr(err.text, "the file belongs to user 12345"), "%s", err.text);
	loader_free(l);
	remove_copies("good");
}

Test(loader, refuses_what_is_no_shared_object)
{
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_plugin *plugin;
	struct loader *l;
	char path[200];
	FILE *f;

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/text.so", directory);
	f = fopen(path, "w");
	for (unsigned i = 0; i < 10; i++)
		fputs("this is no library, but long enough to have a head\n", f);
	fclose(f);
	chmod(path, 0644);
	l = loader_new(directory);
	cr_assert_eq(loader_open(l, "text", NULL, &plugin, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "invalid ELF header"), "%s", err.text);
	loader_free(l);
	remove_copies("text");
}

Test(loader, opens_a_path_of_its_own_under_the_right_name_alone)
{
	struct ms_error err = MS_ERROR_INIT;
	struct loader *l = loader_new("/nonexistent");
	const struct ms_plugin *plugin;
	char path[4200];

	snprintf(path, sizeof(path), "%s/good.so", samples_directory());
	cr_assert_eq(loader_open(l, "bad", path, &plugin, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "calls itself \"good\", not \"bad\""), "%s", err.text);
	cr_assert_eq(loader_open(l, "good", path, &plugin, &err), MS_OK, "%s", err.text);
	cr_assert_eq(loader_open(l, "gone", "/nonexistent/gone.so", &plugin, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "No such file"), "%s", err.text);
	loader_free(l);
}

Test(loader, lists_what_it_could_open)
{
	struct loader *l = new_loader();
	const char *name, *before = "";
	unsigned found = 0;

	for (uint32_t i = 0; (name = loader_known(l, i)) != NULL; i++) {
		cr_assert(strcmp(before, name) < 0);
		before = name;
		found += strcmp(name, "good") == 0;
	}
	cr_assert_eq(found, 1);
	loader_free(l);
	l = loader_new("/nonexistent");
	cr_assert_null(loader_known(l, 0));
	loader_free(l);
}

Test(loader, forgets_library_paths_of_the_environment)
{
	setenv("LD_LIBRARY_PATH", "/tmp", 1);
	setenv("LTDL_LIBRARY_PATH", "/tmp", 1);
	loader_free(new_loader());
	cr_assert_null(getenv("LD_LIBRARY_PATH"));
	cr_assert_null(getenv("LTDL_LIBRARY_PATH"));
}

Test(loader, takes_its_directory_from_the_environment)
{
	setenv("MANSIO_PLUGIN_DIR", "/some/where", 1);
	cr_assert_str_eq(loader_directory(), "/some/where");
	setenv("MANSIO_PLUGIN_DIR", "not/absolute", 1);
	cr_assert_str_neq(loader_directory(), "not/absolute");
}

Test(services, are_found_by_id)
{
	static const int one = 1, two = 2;

	services_clear();
	cr_assert_null(services_get("ms.a/1"));
	services_add("ms.a/1", &one);
	services_add("ms.b/1", &two);
	cr_assert_eq(services_get("ms.a/1"), &one);
	cr_assert(services_has("ms.b/1"));
	services_add("ms.a/1", &two);
	cr_assert_eq(services_get("ms.a/1"), &two);
	cr_assert_not(services_has("ms.a/2"));
}
