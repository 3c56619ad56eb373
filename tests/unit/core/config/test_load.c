/* SPDX-License-Identifier: ISC */
/* test_load.c - from text to sections, and every mistake in one run */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "fake.h"

static struct problems *problems;
static struct config *config;

static const char *
load(const char *text)
{
	config = fake_load(text, &problems);
	return fake_text(problems);
}

static void
drop(void)
{
	config_free(config);
	problems_free(problems);
	config = NULL;
	problems = NULL;
}

TestSuite(load, .fini = drop);

/* One line of a text, from 0; "" past the last. */
static const char *
line_of(const char *text, unsigned i)
{
	static char line[1000];
	const char *end;

	while (i-- > 0 && (text = strchr(text, '\n')) != NULL)
		text++;
	end = text != NULL ? strchr(text, '\n') : NULL;
	snprintf(line, sizeof(line), "%.*s", end != NULL ? (int)(end - text) : 0,
	    text != NULL ? text : "");
	return line;
}

Test(load, tells_seven_mistakes_in_one_run)
{
	static const char *const expected[] = {
		"x.conf:4:3: error: unknown option \"max-sise\" in smtp \"mx\"; did you mean "
		    "\"max-size\"?",
		"x.conf:5:16: error: option \"max-size\": \"50M\" has the unknown unit \"M\": write "
		    "50MiB (units: B KiB MiB GiB TiB)",
		"x.conf:6:16: error: option \"pipeline\": there is no pipeline \"inbuond\"; did you "
		    "mean \"inbound\"?",
		"x.conf:9:12: error: unknown option \"on-eror\" in spf; did you mean \"on-error\"?",
		"x.conf:10:3: error: unknown section \"rspmad\"; did you mean \"rspamd\"?",
		"x.conf:11:22: error: option \"deliver\": there is no delivery \"hree\"; did you mean "
		    "\"here\"?",
		"x.conf:13:28: error: option \"level\": \"inof\" is not allowed; write debug, info, "
		    "warning or error; did you mean \"info\"?",
		"",
	};
	const char *said = load(
	    "smtp \"mx\" {\n"
	    "  max-sise   = 1MiB\n"
	    "  max-size   = 50M\n"
	    "  pipeline   = inbuond listen = \"*:25\"\n"
	    "}\n"
	    "pipeline \"inbound\" {\n"
	    "  spf    { on-eror = continue }\n"
	    "  rspmad { timeout = 8s }\n"
	    "  alias  { deliver = hree }\n"
	    "}\n"
	    "log { to = stderr: level = inof }\n"
	    "local \"here\" { mailbox = mail } mailbox-lmdb \"mail\" { }\n");

	for (unsigned i = 0; i < N_ELEMENTS(expected); i++)
		cr_assert_str_eq(line_of(said, i), expected[i], "%s", said);
	cr_assert_eq(problems_errors(problems), 7, "%s", said);
}

/* ---- one mistake each ---- */

static const struct {
	const char *text, *said;	/* line 3 is the first */
} mistakes[] = {
	{ "hostnam = x", "x.conf:3:1: error: unknown option \"hostnam\" at the top level; did you "
	    "mean \"hostname\"?" },
	{ "smpt \"mx\" { }", "x.conf:3:1: error: unknown section \"smpt\"; did you mean \"smtp\"?" },
	{ "pipline \"x\" { }", "did you mean \"pipeline\"?" },
	{ "nonsense \"x\" { a { b = 1 } }", "x.conf:3:1: error: unknown section \"nonsense\": there "
	    "is no plugin of that name" },
	{ "spf { }", "\"spf\" is a filter or a route; it stands in a pipeline" },
	{ "pipeline \"x\" { smtp { } }", "x.conf:3:16: error: \"smtp\" is neither a filter nor a "
	    "route" },
	{ "pipeline \"x\" { limits { } }", "unknown section \"limits\" in pipeline \"x\"; it stands "
	    "at the top level" },
	{ "pipeline \"x\" { a = 1 }", "unknown option \"a\" in pipeline \"x\"" },
	{ "pipeline \"x\" { spf \"t\" { } }", "spf takes no title here" },
	{ "pipeline { }", "pipeline has no title: write pipeline \"NAME\" { ... }" },
	{ "limits \"x\" { }", "limits takes no title here" },
	{ "limits { } limits { }", "x.conf:3:12: error: a second limits; the first stands at "
	    "x.conf:3" },
	{ "local \"a\" { mailbox = m }\nmailbox-lmdb \"m\" { }\nmailbox-lmdb \"n\" { }\n"
	    "mailbox-lmdb \"n\" { }", "x.conf:6:1: error: a second mailbox-lmdb \"n\"; the first "
	    "stands at x.conf:5" },
	{ "limits = 5", "\"limits\" is a section: write limits { ... }" },
	{ "tls = 5", "\"tls\" is a section: write tls \"NAME\" { ... }" },
	{ "data-dir { }", "\"data-dir\" is an option (path): write data-dir = ..." },
	{ "data-dir = { a, b }", "\"data-dir\" takes one value (path), not a list" },
	{ "data-dir += a", "\"+=\" adds to a list, and \"data-dir\" is none" },
	{ "workers = separate", "x.conf:3:1: error: option \"workers\": \"separate\" comes with a "
	    "later release; only \"single\" is available yet" },
	{ "sandbox = strict", "\"sandbox\": this release has no sandbox yet" },
	{ "dns { timeout = 5s }", "\"dns\": this release has no resolver of its own yet" },
	{ "limits { threads = 0 }", "x.conf:3:20: error: option \"threads\": \"0\" is less than 1, "
	    "the least that is allowed" },
	{ "limits { threads = many }", "option \"threads\": \"many\" does not begin with a number" },
	{ "limits { shutdown-grace = 30 }", "\"30\" has no unit: write 30s for seconds" },
	{ "limits { shutdown-grace = 2d }", "\"2d\" is more than 1d, the most that is allowed" },
	{ "smtp \"x\" { }", "x.conf:3:1: error: smtp \"x\" lacks \"listen\", which is required" },
	{ "imap \"x\" { listen = \"*:143\" }", "imap \"x\" lacks \"mailbox\", which is required: where "
	    "the mail is" },
	{ "smtp \"x\" { listen = \"*:25\" submission = on }", "\"on\" is neither yes nor no" },
	{ "smtp \"x\" { listen = \"localhost:25\" }", "x.conf:3:21: error: option \"listen\": "
	    "\"localhost:25\" has no numeric address" },
	{ "smtp \"x\" { listen = { \"*:25\",\n \"*:26 ssl\" } }", "x.conf:4:2: error" },
	{ "smtp \"x\" { listen = \"*:25\" proxy-from = { \"10.0.0.1/8\" } }", "has bits set beyond" },
	{ "smtp \"x\" { listen = \"*:25\" tls { } tls { } }", "a second tls" },
	{ "smtp \"x\" { listen = \"*:25\" spf { } }", "unknown section \"spf\" in smtp \"x\"" },
	{ "pipeline \"x\" { spf { when = { \"sise < 5\" } } }", "x.conf:3:31: error: option \"when\": "
	    "\"sise < 5\" is no condition" },
	{ "pipeline \"x\" { everything { pace = 11/s } }", "\"11/s\" is more than 10/s" },
	{ "pipeline \"x\" { everything { word = tow } }", "write one, two or three; did you mean "
	    "\"two\"?" },
	{ "pipeline \"x\" { everything { cache { positiv = 5m } } }", "unknown option \"positiv\" in "
	    "cache; did you mean \"positive\"?" },
	{ "pipeline \"x\" { everything { old = a } }", "x.conf:3:29: warning: option \"old\" is going "
	    "away: write text" },
	{ "auth { mechanisms = { PLAN } }", "did you mean \"PLAIN\"?" },
	{ "queue { retry = { } }", "option \"retry\" has 0 times; write 1 to 16" },
	{ "queue { retry = { 5m, 10 } }", "x.conf:3:23: error: option \"retry\": \"10\" has no unit" },
	{ "log { to = \"syslog\" }", "is no place for a log" },
	{ "a|b = 1", "unknown option \"a|b\"" },
	{ "limits|threads = 1", "unknown option \"limits|threads\"" },
};

ParameterizedTestParameters(load, tells_each_mistake)
{
	static size_t index[N_ELEMENTS(mistakes)];

	for (size_t i = 0; i < N_ELEMENTS(mistakes); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(mistakes));
}

ParameterizedTest(size_t *i, load, tells_each_mistake, .fini = drop)
{
	const char *said = load(mistakes[*i].text);

	cr_assert_not_null(strstr(said, mistakes[*i].said), "%s\nsaid: %s", mistakes[*i].text,
	    said);
	/* And no other. */
	cr_assert_eq(problems_errors(problems) + problems_warnings(problems), 1, "%s\nsaid: %s",
	    mistakes[*i].text, said);
}

static const struct {
	const char *text, *said;
} whole_files[] = {
	{ "hostname = mx.example.org", "x.conf:1: error: the configuration lacks "
	    "\"config-version\", which is required" },
	{ "config-version = 1", "lacks \"hostname\", which is required" },
	{ "config-version = 2\nnew { } thing = 1", "x.conf:1:18: error: config-version = 2 belongs to "
	    "a newer release; this one reads 1" },
	{ "config-version = 0\nhostname = mx.example.org", "\"0\" is less than 1" },
	{ "config-version = 1\nhostname = mx_1.example.org", "\"mx_1.example.org\" is no host name" },
	{ "config-version = 1\nhostname = -mx.example.org", "is no host name" },
};

ParameterizedTestParameters(load, tells_what_a_file_lacks)
{
	static size_t index[N_ELEMENTS(whole_files)];

	for (size_t i = 0; i < N_ELEMENTS(whole_files); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(whole_files));
}

ParameterizedTest(size_t *i, load, tells_what_a_file_lacks, .fini = drop)
{
	const char *said;

	config = fake_load_bare(whole_files[*i].text, &problems);
	said = fake_text(problems);
	cr_assert_not_null(strstr(said, whole_files[*i].said), "%s", said);
	cr_assert_eq(problems_errors(problems), 1, "%s", said);
}

Test(load, tells_that_the_file_is_not_there)
{
	struct fake_file none[] = { { NULL, NULL } };
	struct fake_source source = fake_source(none);

	problems = problems_new();
	config = config_load("gone.conf", &fake_plugins, &source.pub, problems);
	cr_assert_str_eq(fake_text(problems), "gone.conf: error: cannot read gone.conf\n");
}

Test(load, works_after_any_number_of_bad_files)
{
	/* libconfuse would fail for ever after 10 errors in included files. */
	for (unsigned i = 0; i < 30; i++) {
		struct fake_file bad[] = { { "x.conf", "include(\"y\")" }, { "y", "a {\n b = 1;" },
		    { NULL, NULL } };
		struct fake_source source = fake_source(bad);

		problems = problems_new();
		config = config_load("x.conf", &fake_plugins, &source.pub, problems);
		cr_assert_gt(problems_errors(problems), 0);
		drop();
	}
	cr_assert_str_eq(load("spool \"s\" { }"), "");
}

Test(load, gives_up_on_endless_mistakes_but_not_on_time, .timeout = 60)
{
	static char text[1000000];
	size_t n = 0;

	for (unsigned i = 0; n < sizeof(text) - 100; i++)
		n += (size_t)snprintf(text + n, 100, "limits%u { a = %u }\nzz%u = 1\n", i, i, i);
	config = fake_load_bare(text, &problems);
	cr_assert_geq(problems_errors(problems), 50);
}

Test(load, has_bounds_on_instances_and_sections, .timeout = 60)
{
	static char text[3000000];
	size_t n = 0;

	for (unsigned i = 0; i < 10001; i++)
		n += (size_t)snprintf(text + n, 100, "spool \"s%u\" { }\n", i);
	config = fake_load_bare(text, &problems);
	cr_assert_not_null(strstr(fake_text(problems), "x.conf:10001:1: error: more than 10000 instances "
	    "of plugins"));
	drop();
	n = 0;
	for (unsigned i = 0; i < 200001; i++)
		n += (size_t)snprintf(text + n, 100, "x { }\n");
	config = fake_load_bare(text, &problems);
	cr_assert_not_null(strstr(fake_text(problems), "x.conf:200001:1: error: more than 200000 "
	    "sections"));
}

/* ---- what is right ---- */

Test(load, keeps_the_order_of_stages_and_counts_repeated_ones)
{
	static const char *const keywords[] = { "spf", "rspamd", "spf", "clamd", "alias" };
	const struct ms_config *pipeline;

	cr_assert_str_eq(load("pipeline \"in\" { spf { timeout = 20s } rspamd { } spf { timeout = 7s }\n"
	    "clamd { } alias { deliver = here } }\n"
	    "local \"here\" { mailbox = mail }\nmailbox-lmdb \"mail\" { }\n"), "");
	cr_assert_eq(config->pipelines.n, 1);
	pipeline = config->pipelines.v[0];
	for (uint32_t i = 0; i < N_ELEMENTS(keywords); i++) {
		const struct ms_config *stage = section_nested(pipeline, NULL, i);

		cr_assert_str_eq(section_keyword(stage), keywords[i]);
		cr_assert_eq(section_kind(stage), CONFIG_STAGE);
		cr_assert_eq(config->instances.v[i], stage);
	}
	cr_assert_null(section_nested(pipeline, NULL, 5));
	cr_assert_eq(section_number(section_nested(pipeline, "spf", 0), "timeout"), 20000000);
	cr_assert_eq(section_number(section_nested(pipeline, "spf", 1), "timeout"), 7000000);
	cr_assert_eq(section_number(section_nested(pipeline, "clamd", 0), "timeout"), 60000000);
	cr_assert_eq(config->instances.n, 7);
}

Test(load, finds_stages_in_included_files_between_others)
{
	struct fake_file files[] = {
		{ "etc/x.conf", "config-version = 1 hostname = a.example\n"
		    "pipeline \"in\" { spf { } include(\"d/*.conf\") clamd { } }" },
		{ "etc/d/2.conf", "spf { }" }, { "etc/d/1.conf", "\n\nrspamd { url = a }" },
		{ NULL, NULL } };
	struct fake_source source = fake_source(files);
	const struct ms_config *pipeline;
	struct position at;

	problems = problems_new();
	config = config_load("etc/x.conf", &fake_plugins, &source.pub, problems);
	cr_assert_str_eq(fake_text(problems), "");
	pipeline = config->pipelines.v[0];
	cr_assert_str_eq(section_keyword(section_nested(pipeline, NULL, 1)), "rspamd");
	cr_assert_str_eq(section_keyword(section_nested(pipeline, NULL, 3)), "clamd");
	at = section_position(section_nested(pipeline, NULL, 1));
	cr_assert_str_eq(at.file, "etc/d/1.conf");
	cr_assert_eq(at.line, 3);
	at = section_option_position(section_nested(pipeline, NULL, 1), "url");
	cr_assert_eq(at.line, 3);
	cr_assert_eq(at.column, 10);
}

Test(load, types_every_value)
{
	const struct ms_config *s;

	cr_assert_str_eq(load("pipeline \"x\" { everything { text = \"a\\nb\" count = -3 flag = no\n"
	    "size = 2MiB wait = 5m pace = 3/h word = three key = \"file:/dev/null\"\n"
	    "list = { \"x y\", 'z' } list += { w }\n"
	    "when = { 'size <= 10MiB', 'not authenticated' } on-error = next mode = shadow\n"
	    "cache { negative = 1s } cache \"two\" { } } }"), "");
	s = section_nested(config->pipelines.v[0], NULL, 0);
	cr_assert(ms_str_is(section_string(s, "text"), "a\nb"));
	cr_assert_eq(section_number(s, "count"), -3);
	cr_assert_eq(section_number(s, "flag"), 0);
	cr_assert_eq(section_number(s, "size"), 2097152);
	cr_assert_eq(section_number(s, "wait"), 300000000);
	cr_assert_eq(section_number(s, "pace"), 3);
	cr_assert_eq(section_span_us(s, "pace"), INT64_C(3600000000));
	cr_assert_str_eq(section_c(s, "word"), "three");
	cr_assert_eq(section_number(s, "word"), 2);
	cr_assert_str_eq(section_c(s, "key"), "file:/dev/null");
	cr_assert_eq(section_count(s, "list"), 3);
	cr_assert(ms_str_is(section_item(s, "list", 2), "w"));
	cr_assert_null(section_item(s, "list", 3).data);
	cr_assert_eq(section_count(s, "when"), 2);
	cr_assert_eq(section_when(s, "when", 1)->subject, WHEN_AUTHENTICATED);
	cr_assert(section_when(s, "when", 1)->negated);
	cr_assert_eq(section_number(s, "on-error"), 3);
	cr_assert_str_eq(section_c(s, "mode"), "shadow");
	cr_assert_eq(section_number(section_nested(s, "cache", 0), "negative"), 1000000);
	cr_assert_eq(section_number(section_nested(s, "cache", 0), "positive"), 300000000);
	cr_assert(ms_str_is(section_title(section_nested(s, "cache", 1)), "two"));
	cr_assert_null(section_nested(s, "cache", 2));
}

Test(load, gives_defaults_where_nothing_is_written)
{
	const struct ms_config *s;

	cr_assert_str_eq(load("pipeline \"x\" { everything { } }\n"
	    "smtp \"x\" { listen = \"127.0.0.1:25\" }"), "");
	s = section_nested(config->pipelines.v[0], NULL, 0);
	cr_assert_eq(section_number(s, "count"), 5);
	cr_assert_eq(section_number(s, "flag"), 1);
	cr_assert_eq(section_number(s, "pace"), 200);
	cr_assert_eq(section_count(s, "list"), 2);
	cr_assert(ms_str_is(section_item(s, "list", 1), "b"));
	cr_assert_eq(section_count(s, "when"), 0);
	cr_assert_null(section_nested(s, "cache", 0));
	cr_assert_not(section_is_set(s, "count"));
	cr_assert_eq(section_number(config->limits, "threads"), -1);
	cr_assert_eq(section_number(config->limits, "connections"), 10000);
	cr_assert_eq(section_count(config->queue, "retry"), 4);
	cr_assert_eq(section_item_number(config->queue, "retry", 3), INT64_C(14400000000));
	cr_assert_eq(section_number(section_nested(config->auth, "lockout", 0), "failures"), 10);
	cr_assert_str_eq(section_c(config->root, "data-dir"), "/var/lib/mansio");
	cr_assert_str_eq(section_c(config->root, "hostname"), "mx.example.org");
	s = config->instances.v[1];
	cr_assert_str_eq(section_keyword(s), "smtp");
	cr_assert_str_eq(section_c(section_nested(s, "tls", 0), "mode"), "starttls");
	cr_assert_eq(section_listen(s, "listen", 0)->port, 25);
}

Test(load, makes_paths_relative_to_the_file_they_stand_in)
{
	struct fake_file files[] = {
		{ "/etc/m/x.conf", "config-version = 1 hostname = a.example data-dir = data\n"
		    "include(\"d/y\")" },
		{ "/etc/m/d/y", "tls \"default\" { cert = crt.pem key = /dev/null }" },
		{ NULL, NULL } };
	struct fake_source source = fake_source(files);

	problems = problems_new();
	config = config_load("/etc/m/x.conf", &fake_plugins, &source.pub, problems);
	cr_assert_str_eq(section_c(config->root, "data-dir"), "/etc/m/data");
	cr_assert_str_eq(section_c(config->tls.v[0], "cert"), "/etc/m/d/crt.pem");
	cr_assert_str_eq(section_c(config->tls.v[0], "key"), "/dev/null");
}

Test(load, gives_each_instance_a_directory_of_its_own)
{
	static const char *const expected[] = {
		"/d/everything/in", "/d/everything/in-2", "/d/spool/default",
		"/d/mailbox-lmdb/%2E.%2Fx%20y", "/d/everything/out",
	};

	cr_assert_str_eq(load("data-dir = /d\npipeline \"in\" { everything { } everything { } }\n"
	    "spool { } mailbox-lmdb \"../x y\" { } pipeline \"out\" { everything { } }"), "");
	for (uint32_t i = 0; i < N_ELEMENTS(expected); i++)
		cr_assert_str_eq(section_directory(config->instances.v[i]), expected[i]);
}

Test(load, shows_what_it_read)
{
	struct ms_buf out = MS_BUF_MAX(1 << 20);

	cr_assert_eq(strcmp(load("smtp \"x\" { listen = \"*:25\" max-size = 1MiB tls { mode = none } }\n"
	    "pipeline \"p\" { rspamd { password = hush } }"), ""), 'x');
	config_show(config, false, &out);
	cr_assert_str_eq(out.data, "config-version = 1\nhostname = \"mx.example.org\"\n"
	    "smtp \"x\" {\n  max-size = 1MiB\n  listen = { \"*:25\" }\n  tls {\n    mode = none\n  }\n"
	    "}\npipeline \"p\" {\n  rspamd {\n    password = \"***\"\n  }\n}\n");
	ms_buf_reset(&out);
	config_show(config, true, &out);
	cr_assert_not_null(strstr(out.data, "  max-size = 1MiB\t# x.conf:3\n"));
	cr_assert_not_null(strstr(out.data, "  max-recipients = 100\t# default\n"));
	cr_assert_null(strstr(out.data, "hush"));
	ms_buf_free(&out);
}

Test(load, writes_json_of_problems)
{
	struct ms_buf out = MS_BUF_MAX(1 << 20);
	struct ms_json json = ms_json_to(&out);

	(void)load("a = 1");
	problems_json(problems, &json, NULL);
	cr_assert_not_null(strstr(out.data, "{\"file\":\"x.conf\",\"line\":3,\"column\":1,"
	    "\"severity\":\"error\",\"text\":\"unknown option \\\"a\\\""), "%s", out.data);
	ms_buf_free(&out);
}

/* ---- ms.config/1 ---- */

Test(load, answers_ms_config)
{
	const struct ms_config_api *api = &section_service;
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_config *s;
	struct ms_backend backend;
	struct position at;
	struct ms_str text;

	cr_assert_str_eq(load("smtp \"x\" {\n listen = \"*:25\"\n max-size = 1MiB\n}\n"
	    "pipeline \"p\" { everything { cache { } cache \"b\" { } } }\n"), "");
	s = config->instances.v[0];
	cr_assert(ms_str_is(api->title(s), "x"));
	cr_assert_str_eq(api->directory(s), "/var/lib/mansio/smtp/x");
	cr_assert_eq(api->number(s, "max-size"), 1048576);
	cr_assert(ms_str_is(api->string(s, "listen", 0), "*:25"));
	cr_assert_null(api->string(s, "listen", 1).data);
	/* The core's sections that nobody wrote are the core's own affair. */
	cr_assert_null(api->section(s, "tls", 0));
	cr_assert_eq(api->number(s, "no-such-option"), 0);
	cr_assert_eq(api->refuse(s, "max-size", "too odd", &err), MS_INVALID);
	cr_assert_str_eq(err.text, "x.conf:5: option \"max-size\": too odd");
	cr_assert(section_take_refusal(config, &at, &text));
	cr_assert_eq(at.line, 5);
	cr_assert(ms_str_is(text, "option \"max-size\": too odd"));
	cr_assert_not(section_take_refusal(config, &at, &text));
	s = config->instances.v[1];
	cr_assert(ms_str_is(api->title(api->section(s, "cache", 1)), "b"));
	cr_assert_str_eq(api->directory(api->section(s, "cache", 1)),
	    "/var/lib/mansio/everything/p");
	cr_assert_eq(api->backend(s, "text", &backend, &err), MS_INVALID);
}
