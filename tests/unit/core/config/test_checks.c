/* SPDX-License-Identifier: ISC */
/* test_checks.c - what refers to what, what clashes, what is secret */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/str.h>

#include "fake.h"

static const struct {
	const char *text, *said;	/* NULL: nothing is wrong */
} cases[] = {
	/* References. */
	{ "imap \"i\" { listen = \"*:1\" mailbox = mail } mailbox-lmdb \"mail\" { }", NULL },
	{ "imap \"i\" { listen = \"*:1\" mailbox = mailbox-lmdb } mailbox-lmdb { }", NULL },
	{ "imap \"i\" { listen = \"*:1\" mailbox = mial } mailbox-lmdb \"mail\" { }", "x.conf:3:37: "
	    "error: option \"mailbox\": there is no mailbox \"mial\"; did you mean \"mail\"?" },
	{ "imap \"i\" { listen = \"*:1\" mailbox = queue1 } spool \"queue1\" { }", "\"queue1\" is a spool, "
	    "which offers no mailbox" },
	{ "imap \"i\" { listen = \"*:1\" mailbox = other } mailbox-lmdb \"mail\" { }", "there is no mailbox "
	    "\"other\"; there are: \"mail\"" },
	{ "imap \"i\" { listen = \"*:1\" mailbox = other }", "write a section that offers one" },
	/* The same title for different kinds is fine. */
	{ "imap \"a\" { listen = \"*:1\" mailbox = a } mailbox-lmdb \"a\" { } spool \"a\" { }", NULL },
	{ "pipeline \"p\" { alias { deliver = d } } delivery-smtp \"d\" { } local \"d\" { mailbox = m } "
	    "mailbox-lmdb \"m\" { }", "several sections are called \"d\"; give them different titles" },
	{ "auth { directories = { people, poeple } } directory-file \"people\" { }", "x.conf:3:32: error: "
	    "option \"directories\": there is no directory \"poeple\"; did you mean \"people\"?" },
	{ "queue { backend = s bounces = p } spool \"s\" { } pipeline \"p\" { }", NULL },
	{ "queue { bounces = q } pipeline \"p\" { }", "there is no pipeline \"q\"; write pipeline \"q\"" },
	{ "spool \"a\" { } spool \"b\" { }", "there are 2 queues: write queue { backend = NAME }" },
	{ "spool \"a\" { } spool \"b\" { } queue { backend = b }", NULL },
	{ "mailbox-lmdb { } mailbox-lmdb \"default\" { }", "x.conf:3:18: error: its data would lie in "
	    "/var/lib/mansio/mailbox-lmdb/default, with that of the mailbox-lmdb at line 3" },
	{ "mailbox-lmdb { } mailbox-lmdb \"Default\" { } spool \"default\" { }", NULL },
	/* Listeners. */
	{ "smtp \"a\" { listen = \"*:25\" } smtp \"b\" { listen = { \"*:26\", \"*:25\" } }", "x.conf:3:60: error: "
	    "\"*:25\" is listened on already: smtp \"a\" has \"*:25\" at x.conf:3" },
	{ "smtp \"a\" { listen = { \"*:25\", \"127.0.0.1:25\" } }", "is listened on already" },
	{ "smtp \"a\" { listen = { \"127.0.0.1:25\", \"[::1]:25\", \"*:26\" } }", NULL },
	{ "lmtp \"a\" { listen = \"unix:/a\" } smtp \"b\" { listen = \"unix:/a\" }", "\"unix:/a\" is listened on "
	    "already: lmtp \"a\"" },
	{ "lmtp \"a\" { listen = { \"unix:/a\", \"unix:/b\" } }", NULL },
	{ "smtp \"a\" { listen = { \"127.0.0.1:0\", \"127.0.0.1:0\" } }", NULL },
	/* Certificates. */
	{ "smtp \"a\" { listen = \"*:465 tls\" }", "\"*:465 tls\" needs a certificate: write tls \"default\"" },
	{ "smtp \"a\" { listen = \"*:25\" }", NULL },
	{ "smtp \"a\" { listen = \"*:25\" tls { mode = none } }", NULL },
	{ "smtp \"a\" { listen = \"*:25\" tls { mode = required } }", "mode = required needs a certificate" },
	{ "smtp \"a\" { listen = \"*:25\" tls { use = mx } }", "there is no tls \"mx\"" },
	{ "smtp \"a\" { listen = \"*:465 tls\" tls { use = mx } } tls \"mx\" { cert = /dev/zero key = \"@key\" }",
	    NULL },
	{ "smtp \"a\" { listen = \"*:465 tls\" } tls \"default\" { cert = a key = \"@key\" }", NULL },
	{ "tls \"default\" { cert = a key = \"@open\" }", "everybody on this host can read" },
	{ "tls \"default\" { cert = a key = \"@gone\" }", "option \"key\": there is no file" },
	/* Secrets. */
	{ "pipeline \"p\" { rspamd { password = hush } }", "x.conf:3:36: warning: option \"password\": a "
	    "secret stands in the configuration" },
	{ "pipeline \"p\" { rspamd { password = \"file:@key\" } }", NULL },
	{ "pipeline \"p\" { rspamd { password = \"file:@open\" } }", "error: option \"password\": everybody on "
	    "this host can read" },
	{ "pipeline \"p\" { rspamd { password = \"file:@gone\" } }", "there is no file" },
	{ "pipeline \"p\" { rspamd { password = \"file:\" } }", "names no file after \"file:\"" },
	{ "pipeline \"p\" { rspamd { password = \"env:MANSIO_SECRET\" } }", NULL },
	{ "pipeline \"p\" { rspamd { password = \"env:MANSIO_NO_SECRET\" } }", "environment variable "
	    "MANSIO_NO_SECRET is not set" },
	/* The order of stages. */
	{ "pipeline \"p\" { alias { deliver = d } spf { } } delivery-smtp \"d\" { }", "x.conf:3:38: error: the "
	    "filter \"spf\" stands after the route \"alias\"; a pipeline is filters, then routes" },
	{ "pipeline \"p\" { spf { } alias { deliver = d } transport { deliver = d } } delivery-smtp \"d\" { }",
	    NULL },
};

static char directory[] = "/tmp/mansio-checks-XXXXXX";

static void
make_file(const char *name, mode_t mode)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fclose(f);
	cr_assert_eq(chmod(path, mode), 0);
}

static void
remove_files(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/key", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/open", directory);
	unlink(path);
	rmdir(directory);
}

ParameterizedTestParameters(check, finds)
{
	static size_t index[N_ELEMENTS(cases)];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(cases));
}

ParameterizedTest(size_t *i, check, finds)
{
	static char text[4096];
	struct problems *problems;
	struct config *config;
	const char *said;
	size_t n = 0;

	cr_assert_not_null(mkdtemp(directory));
	make_file("key", 0640);
	make_file("open", 0644);
	setenv("MANSIO_SECRET", "x", 1);
	unsetenv("MANSIO_NO_SECRET");
	/* "@" is the directory, with its slash. */
	for (const char *c = cases[*i].text; *c != '\0'; c++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, *c == '@' ? "%s/" : "%.1s",
		    *c == '@' ? directory : c);
	config = fake_load(text, &problems);
	said = fake_text(problems);
	remove_files();
	if (cases[*i].said == NULL)
		cr_assert_str_eq(said, "", "%s\nsaid: %s", text, said);
	else {
		cr_assert_not_null(strstr(said, cases[*i].said), "%s\nsaid: %s", text, said);
		cr_assert_eq(problems_errors(problems) + problems_warnings(problems), 1,
		    "%s\nsaid: %s", text, said);
	}
	config_free(config);
	problems_free(problems);
}

Test(find, goes_by_name_and_interface)
{
	struct problems *problems;
	struct config *c = fake_load("imap \"a\" { listen = \"*:1\" mailbox = a } mailbox-lmdb \"a\" { }\n"
	    "spool { } directory-file \"x\" { } directory-file \"y\" { }\n"
	    "tls \"default\" { cert = /a key = /dev/null } smtp \"s\" { listen = \"*:2\" }", &problems);

	cr_assert_str_eq(section_keyword(config_find_instance(c, ms_str_c("a"), "ms.mailbox/1")),
	    "mailbox-lmdb");
	cr_assert_null(config_find_instance(c, ms_str_c("a"), NULL), "there are two");
	cr_assert_not_null(config_find_instance(c, ms_str_c("spool"), "ms.queue/1"));
	cr_assert_str_eq(section_keyword(config_queue_backend(c)), "spool");
	cr_assert_null(config_sole_instance(c, "ms.directory/1"));
	cr_assert(ms_str_is(section_title(config_directory(c, 0)), "x"));
	cr_assert(ms_str_is(section_title(config_directory(c, 1)), "y"));
	cr_assert_null(config_directory(c, 2));
	cr_assert_eq(section_reference(c->instances.v[0], "mailbox", 0), c->instances.v[1]);
	cr_assert(ms_str_is(section_title(config_tls_of(config_find_instance(c, ms_str_c("s"),
	    NULL))), "default"));
	config_free(c);
	problems_free(problems);
}

Test(find, asks_directories_in_the_order_of_auth)
{
	struct problems *problems;
	struct config *c = fake_load("directory-file \"x\" { } directory-file \"y\" { }\n"
	    "auth { directories = { y, x } }", &problems);

	cr_assert(ms_str_is(section_title(config_directory(c, 0)), "y"));
	cr_assert(ms_str_is(section_title(config_directory(c, 1)), "x"));
	cr_assert_null(config_directory(c, 2));
	config_free(c);
	problems_free(problems);
}
