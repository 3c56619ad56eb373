/* SPDX-License-Identifier: ISC */
/* verb.c - the table of verbs, and how one is run; see verb.h */
#include "command/verb.h"

#include <stdio.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/command.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"

#define ROW_MAX		(1024 * 1024)
#define OUTPUT_MAX	(UINT64_C(1) << 30)	/* octets that a plugin's verb may say */

const struct verb core_verbs[] = {
	{ "user", "add", "ADDRESS [--password-file FILE] [--quota SIZE] [--NAME VALUE]",
	    "adds an account", VERB_OFFLINE | VERB_PASSWORD, entries_run_add },
	{ "user", "del", "ADDRESS", "removes an account; its mail stays", VERB_OFFLINE,
	    entries_run_delete },
	{ "user", "passwd", "ADDRESS [--password-file FILE]", "sets a new password",
	    VERB_OFFLINE | VERB_PASSWORD, entries_run_password },
	{ "user", "set", "ADDRESS --NAME VALUE ...", "changes fields of an account",
	    VERB_OFFLINE, entries_run_set },
	{ "user", "list", "[DOMAIN]", "lists accounts", VERB_OFFLINE, entries_run_list },
	{ "domain", "add", "DOMAIN", "takes mail for a domain", VERB_OFFLINE,
	    entries_run_add },
	{ "domain", "del", "DOMAIN", "takes no more mail for a domain", VERB_OFFLINE,
	    entries_run_delete },
	{ "domain", "list", "", "lists our domains", VERB_OFFLINE, entries_run_list },
	{ "alias", "add", "ADDRESS TARGET ...", "adds an alias; \"@DOMAIN\" is a catch-all",
	    VERB_OFFLINE, entries_run_add },
	{ "alias", "del", "ADDRESS", "removes an alias", VERB_OFFLINE, entries_run_delete },
	{ "alias", "list", "[DOMAIN]", "lists aliases", VERB_OFFLINE, entries_run_list },
	{ "queue", "list", "[--sender ADDRESS] [--destination NAME]",
	    "lists what waits to be delivered", VERB_OFFLINE, queue_run_list },
	{ "queue", "show", "ID", "shows a queued message: recipients, replies, header",
	    VERB_OFFLINE, queue_run_show },
	{ "queue", "retry", "ID|all", "tries it now", VERB_OFFLINE, queue_run_change },
	{ "queue", "hold", "ID|all", "keeps it until it is released", VERB_OFFLINE,
	    queue_run_change },
	{ "queue", "release", "ID|all", "ends a hold", VERB_OFFLINE, queue_run_change },
	{ "queue", "drop", "ID [--dry-run]", "deletes it; nobody is told", VERB_OFFLINE,
	    queue_run_change },
	{ "status", "", "", "shows what the server is doing", 0, status_run },
	{ "plugin", "list", "", "lists the plugins there are", VERB_BARE, plugin_run_list },
	{ "plugin", "show", "NAME [--all]", "describes a plugin and its options", VERB_BARE,
	    plugin_run_show },
	{ "plugin", "manual", "", "prints mansio.conf(5)", VERB_BARE, plugin_run_manual },
	{ "config", "show", "[--all]", "shows the configuration as it is understood",
	    VERB_LOCAL, config_run_show },
	{ "config", "explain", "[SECTION.]OPTION", "describes an option", VERB_BARE,
	    config_run_explain },
	{ NULL, NULL, NULL, NULL, 0, NULL },
};

const struct verb *
verb_find(const char *noun, const char *verb)
{
	for (const struct verb *v = core_verbs; v->noun != NULL; v++)
		if (strcmp(v->noun, noun) == 0 && strcmp(v->verb, verb) == 0)
			return v;
	return NULL;
}

struct ms_str
request_argument(const struct request *r, size_t i)
{
	for (size_t k = 0; k < r->n; k++)
		if (r->fields[k].name.len == 0 && i-- == 0)
			return r->fields[k].value;
	return ms_str_of(NULL, 0);
}

struct ms_str
request_option(const struct request *r, const char *name)
{
	for (size_t k = 0; k < r->n; k++)
		if (ms_str_equal(r->fields[k].name, ms_str_c(name)))
			return r->fields[k].value;
	return ms_str_of(NULL, 0);
}

bool
request_has(const struct request *r, const char *name)
{
	return request_option(r, name).data != NULL;
}

void
row_begin(struct row *row)
{
	row->text = (struct ms_buf)MS_BUF_MAX(ROW_MAX);
	row->json = ms_json_to(&row->text);
	ms_json_object(&row->json, NULL);
}

ms_status
row_end(struct row *row, struct output *out, struct ms_error *err)
{
	ms_status st = MS_OK;

	ms_json_end(&row->json);
	if (!ms_buf_ok(&row->text))
		st = ms_error_set(err, MS_LIMIT, "", "a row is larger than 1 MiB");
	else if (!out->row(out, ms_buf_str(&row->text)))
		st = ms_error_set(err, MS_CANCELLED, "", "nobody reads the answer");
	ms_buf_free(&row->text);
	return st;
}

ms_status
row_text(struct output *out, struct ms_str text, struct ms_error *err)
{
	struct row row;

	row_begin(&row);
	ms_json_str(&row.json, "text", text);
	return row_end(&row, out, err);
}

static const struct ms_verb *
find_plugin_verb(struct instance *i, const char *noun, const char *verb, uint32_t *n_out)
{
	const struct ms_command *c = instance_interface(i, MS_COMMAND_ID);
	const struct ms_verb *v = c != NULL ? c->verbs(instance_self(i)) : NULL;

	for (uint32_t n = 0; v != NULL && v->noun != NULL; v++, n++)
		if (strcmp(v->noun, noun) == 0 && strcmp(v->verb, verb) == 0) {
			*n_out = n;
			return v;
		}
	return NULL;
}

bool
plugin_verb_exists(struct host *h, const char *noun, const char *verb)
{
	uint32_t n;

	for (uint32_t i = 0; h->instances != NULL && i < instances_count(h->instances); i++)
		if (find_plugin_verb(instances_at(h->instances, i), noun, verb, &n) != NULL)
			return true;
	return false;
}

/* What the plugin wrote, a row a line. */
static ms_status
pass_rows(struct ms_blob *blob, struct ms_arena *arena, struct output *out,
    struct ms_error *err)
{
	size_t octets = (size_t)blob_octets(blob), n = 0;
	char *text = ms_arena_alloc(arena, octets);
	ms_status st = blob_read(blob, 0, text, octets, &n, err);
	struct ms_str rest = { text, n }, line;

	while (st == MS_OK && ms_str_split(&rest, '\n', &line))
		if (line.len > 0 && !out->row(out, line))
			st = ms_error_set(err, MS_CANCELLED, "", "nobody reads the answer");
	return st;
}

static ms_status
run_on(struct instance *i, uint32_t verb, const struct ms_scope *scope,
    const struct request *r, struct output *out, struct ms_error *err)
{
	const struct ms_command *c = instance_interface(i, MS_COMMAND_ID);
	struct ms_blob *blob = NULL;
	struct ms_writer *w;
	ms_status st = writer_begin(scope, OUTPUT_MAX, &w, err), passed;

	if (st != MS_OK)
		return st;
	st = c->run(instance_self(i), scope, verb, r->fields, r->n, w, err);
	/* What it said is shown also when it failed: damage has a list. */
	passed = writer_finish(w, &blob, st == MS_OK ? err : NULL);
	if (passed == MS_OK)
		passed = pass_rows(blob, scope->arena, out, st == MS_OK ? err : NULL);
	blob_release(blob);
	return st != MS_OK ? st : passed;
}

ms_status
plugin_verb_run(struct host *h, const struct ms_scope *scope, const struct request *r,
    bool offline, struct output *out, struct ms_error *err)
{
	ms_status worst = MS_NOTFOUND;
	bool found = false;

	for (uint32_t i = 0; h->instances != NULL && i < instances_count(h->instances); i++) {
		struct instance *in = instances_at(h->instances, i);
		struct ms_error e = MS_ERROR_INIT;
		uint32_t n;
		const struct ms_verb *v = find_plugin_verb(in, r->noun, r->verb, &n);
		ms_status st;

		if (v == NULL)
			continue;
		if (offline && !(v->flags & MS_COMMAND_OFFLINE))
			return ms_error_set(err, MS_UNSUPPORTED, "",
			    "the server is not running, and %s %s needs it", r->noun, r->verb);
		/* Several instances may have the verb: each is asked. */
		st = run_on(in, n, scope, r, out, &e);
		if (!found || (worst == MS_OK && st != MS_OK)) {
			worst = st;
			*err = e;
		}
		found = true;
	}
	return found ? worst : ms_error_set(err, MS_NOTFOUND, "",
	    "there is no command %s %s", r->noun, r->verb);
}

ms_status
verb_run(struct host *h, const struct request *r, bool offline, struct output *out,
    struct ms_error *err)
{
	const struct verb *v = verb_find(r->noun, r->verb);
	struct ms_arena *arena = ms_arena_new(0);
	struct owner owner;
	struct scope scope;
	ms_status st;

	owner_init(&owner);
	scope_init(&scope, &owner, ms_str_c("command"), arena, NULL, 0);
	if (request_has(r, "dry-run"))
		scope.pub.flags |= MS_SCOPE_DRY;
	if (v == NULL)
		st = plugin_verb_run(h, &scope.pub, r, offline, out, err);
	else if (offline && !(v->flags & (VERB_OFFLINE | VERB_LOCAL | VERB_BARE)))
		st = ms_error_set(err, MS_UNSUPPORTED, "", "the server is not running");
	else
		st = v->run(h, &scope.pub, r, out, err);
	owner_fini(&owner);
	ms_arena_free(arena);
	return st;
}
