/* SPDX-License-Identifier: ISC */
/* command.c - see command.h: reads the arguments, finds the verb, asks the server */
#include "command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/command.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/log.h"
#include "command/control.h"
#include "command/password_input.h"
#include "command/setup.h"
#include "command/show.h"
#include "config/section.h"

#define DEFAULT_CONFIG	"/etc/mansio/mansio.conf"

static const struct {
	const char *name;
	bool        has_value;
} known_options[] = {	/* others, of verbs, take a value unless another option follows */
	{ "json", false }, { "yes", false }, { "all", false }, { "dry-run", false },
	{ "help", false }, { "deep", false }, { "repair", false },
};

static bool
takes_value(const char *name, const char *next)
{
	for (size_t i = 0; i < sizeof(known_options) / sizeof(known_options[0]); i++)
		if (strcmp(known_options[i].name, name) == 0)
			return known_options[i].has_value;
	return next != NULL && strncmp(next, "--", 2) != 0;
}

static ms_status
add(struct request *r, struct ms_str name, struct ms_str value, struct ms_error *err)
{
	if (r->n == REQUEST_MAX_FIELDS)
		return ms_error_set(err, MS_INVALID, "", "more than %d arguments",
		    REQUEST_MAX_FIELDS);
	r->fields[r->n++] = (struct ms_field){ name, value };
	return MS_OK;
}

/* Options stand anywhere; the first two words without a dash are noun and
   verb where the noun has verbs. */
static ms_status
parse(int argc, char **argv, struct request *r, struct ms_error *err)
{
	bool only_words = false;
	ms_status st = MS_OK;

	r->noun = r->verb = "";
	r->config = DEFAULT_CONFIG;
	for (int i = 1; st == MS_OK && i < argc; i++) {
		const char *a = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL, *equals;

		if (!only_words && strcmp(a, "--") == 0) {
			only_words = true;
		} else if (!only_words && strcmp(a, "-c") == 0) {
			if (next == NULL)
				return ms_error_set(err, MS_INVALID, "", "-c wants a file");
			r->config = next;
			i++;
		} else if (!only_words && strncmp(a, "--", 2) == 0) {
			equals = strchr(a, '=');
			if (equals != NULL) {
				st = add(r, ms_str_of(a + 2, (size_t)(equals - a - 2)),
				    ms_str_c(equals + 1), err);
			} else if (takes_value(a + 2, next) && next != NULL) {
				st = add(r, ms_str_c(a + 2), ms_str_c(next), err);
				i++;
			} else {
				st = add(r, ms_str_c(a + 2), (struct ms_str)MS_STR("yes"), err);
			}
		} else if (!only_words && a[0] == '-' && a[1] != '\0') {
			return ms_error_set(err, MS_INVALID, "", "unknown option %s", a);
		} else if (r->noun[0] == '\0') {
			r->noun = a;
		} else if (r->verb[0] == '\0' && strcmp(r->noun, "check") != 0 &&
		    strcmp(r->noun, "setup") != 0) {
			r->verb = a;
		} else {
			st = add(r, ms_str_of("", 0), ms_str_c(a), err);
		}
	}
	r->as_json = request_has(r, "json");
	return st;
}

static void
usage(FILE *to)
{
	fprintf(to, "usage: mansio [-c FILE] NOUN VERB [ARGUMENT ...] [--OPTION ...]\n\n"
	    "  %-8s %-44s %s\n  %-8s %-44s %s\n  %-8s %-44s %s\n", "serve", "",
	    "runs the server in the foreground", "setup", "[ADDRESS] [--dir DIR] [--yes ...]",
	    "writes a first configuration", "check", "[FILE] [--json]",
	    "checks the configuration: 0 good, 1 not, 2 unreadable");
	for (const struct verb *v = core_verbs; v->noun != NULL; v++) {
		char left[200];

		snprintf(left, sizeof(left), "%s %s", v->verb, v->arguments);
		fprintf(to, "  %-8s %-44s %s\n", v->noun, left, v->help);
	}
	fprintf(to, "\nPlugins add verbs of their own: mansio(8) tells those of the shipped ones.  "
	    "Lists\ntake --json.  FILE is %s if it is not given.\n", DEFAULT_CONFIG);
}

static int
run_check(const struct request *r)
{
	struct ms_buf text = MS_BUF_MAX(4 * 1024 * 1024);
	struct ms_str file = request_argument(r, 0);
	const char *path = r->config;
	size_t errors;
	struct host h;
	FILE *f;

	if (file.len > 0)
		path = file.data;
	f = fopen(path, "re");
	if (f == NULL) {
		perror(path);
		return 2;
	}
	fclose(f);
	host_load(&h, path);
	errors = problems_errors(h.problems);
	problems_sort(h.problems);
	if (r->as_json) {
		struct ms_json j = ms_json_to(&text);

		ms_json_object(&j, NULL);
		problems_json(h.problems, &j, "problems");
		ms_json_end(&j);
		ms_buf_add_octet(&text, '\n');
	} else {
		problems_text(h.problems, &text);
		if (errors == 0)
			ms_buf_addf(&text, "%s: good\n", path);
	}
	fwrite(text.data, 1, text.len, r->as_json || errors == 0 ? stdout : stderr);
	ms_buf_free(&text);
	host_end(&h);
	return errors > 0 ? 1 : 0;
}

static int
status_of(ms_status st)
{
	switch (st) {
	case MS_OK:
		return 0;
	case MS_INVALID:
	case MS_UNSUPPORTED:
	case MS_BUSY:
	case MS_DENIED:
		return 2;
	default:
		return 1;
	}
}

/* With the server down: the instances start here, under the lock. */
static ms_status
run_here(struct host *h, const struct verb *v, const struct request *r,
    struct output *out, struct ms_error *err)
{
	ms_status st;

	if (v != NULL && (v->flags & (VERB_LOCAL | VERB_BARE)))
		return verb_run(h, r, true, out, err);
	if ((st = host_start(h, err)) != MS_OK)
		return st;
	return verb_run(h, r, true, out, err);
}

static ms_status
print_problems(struct host *h, struct ms_error *err)
{
	struct ms_buf text = MS_BUF_MAX(1024 * 1024);

	problems_sort(h->problems);
	problems_text(h->problems, &text);
	fwrite(text.data, 1, text.len, stderr);
	ms_buf_free(&text);
	return ms_error_set(err, MS_INVALID, "", "the configuration is wrong");
}

static ms_status
run_verb(const struct verb *v, const struct request *r, struct output *out,
    struct ms_error *err)
{
	struct host h;
	ms_status st;

	if (v != NULL && (v->flags & VERB_BARE)) {
		memset(&h, 0, sizeof(h));
		return verb_run(&h, r, true, out, err);
	}
	host_load(&h, r->config);
	if (problems_errors(h.problems) > 0) {
		st = print_problems(&h, err);
	} else if (v == NULL && !plugin_verb_exists(&h, r->noun, r->verb)) {
		st = ms_error_set(err, MS_INVALID, "",
		    "there is no command %s %s; mansio --help lists them", r->noun, r->verb);
	} else if (v != NULL && (v->flags & VERB_LOCAL)) {
		st = run_here(&h, v, r, out, err);
	} else {
		st = control_ask(h.data_dir, r, out, err);
		if (st == MS_NOTFOUND && strncmp(err->text, "reach the server", 16) == 0)
			st = run_here(&h, v, r, out, err);
	}
	host_end(&h);
	return st;
}

static ms_status
read_password(struct request *r, char *password, struct ms_error *err)
{
	struct ms_str file = request_option(r, "password-file");
	ms_status st = password_input(file.data, password, err);

	if (st != MS_OK)
		return st;
	for (size_t i = 0; i < r->n; i++)
		if (ms_str_is(r->fields[i].name, "password-file")) {
			r->fields[i] = (struct ms_field){ MS_STR("password"),
				ms_str_c(password) };
			return MS_OK;
		}
	return add(r, (struct ms_str)MS_STR("password"), ms_str_c(password), err);
}

/* --json is the command line's, not the verb's. */
static void
drop_field(struct request *r, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (!ms_str_equal(r->fields[i].name, ms_str_c(name)))
			r->fields[n++] = r->fields[i];
	r->n = n;
}

int
command_main(int argc, char **argv)
{
	static const struct server_hooks hooks = { control_start, control_stop };
	char password[PASSWORD_INPUT_MAX + 1];
	struct ms_error err = MS_ERROR_INIT;
	struct request r = { 0 };
	const struct verb *v;
	struct shower *shower;
	ms_status st = parse(argc, argv, &r, &err);

	if (st == MS_OK && (request_has(&r, "help") || strcmp(r.noun, "help") == 0)) {
		usage(stdout);
		return 0;
	}
	if (st == MS_OK && (strcmp(r.noun, "version") == 0 || request_has(&r, "version"))) {
		printf("mansio %s\n", MANSIO_VERSION);
		return 0;
	}
	if (st == MS_OK && r.noun[0] == '\0') {
		usage(stderr);
		return 2;
	}
	if (st == MS_OK && strcmp(r.noun, "serve") == 0)
		return server_run(r.config, &hooks);
	if (st == MS_OK && strcmp(r.noun, "setup") == 0)
		return setup_run(&r);
	if (st == MS_OK && strcmp(r.noun, "check") == 0)
		return run_check(&r);
	drop_field(&r, "json");
	v = verb_find(r.noun, r.verb);
	if (st == MS_OK && v != NULL && (v->flags & VERB_PASSWORD))
		st = read_password(&r, password, &err);
	if (st == MS_OK) {
		shower = show_new(r.as_json);
		st = run_verb(v, &r, show_output(shower), &err);
		show_end(shower);
	}
	explicit_bzero(password, sizeof(password));
	if (st != MS_OK)
		fprintf(stderr, "mansio: %s\n", err.text[0] != '\0' ? err.text :
		    ms_status_name(st));
	return status_of(st);
}
