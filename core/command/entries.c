/* SPDX-License-Identifier: ISC */
/* entries.c - user, domain and alias: the directories' entries; see verb.h */
#include "command/verb.h"

#include <stdio.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/directory.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "config/units.h"
#include "process/directories.h"

static uint32_t
kind_of(const struct request *r)
{
	if (strcmp(r->noun, "user") == 0)
		return MS_ENTRY_USER;
	return strcmp(r->noun, "domain") == 0 ? MS_ENTRY_DOMAIN : MS_ENTRY_ALIAS;
}

static ms_status
need_key(const struct request *r, struct ms_str *key_out, struct ms_error *err)
{
	*key_out = request_argument(r, 0);
	if (key_out->len > 0)
		return MS_OK;
	return ms_error_set(err, MS_INVALID, "", "%s %s: which one?", r->noun, r->verb);
}

/* --quota 1GiB is quota.octets=1073741824; other options are fields as they
   are. */
static ms_status
fields_of(const struct ms_scope *scope, const struct request *r, struct ms_entry *e,
    struct ms_error *err)
{
	struct ms_field *fields = ms_arena_array(scope->arena, r->n, sizeof(*fields));

	e->fields = fields;
	for (size_t i = 0; i < r->n; i++) {
		struct ms_field f = r->fields[i];

		if (f.name.len == 0) {
			if (e->kind != MS_ENTRY_ALIAS || f.value.data == e->key.data)
				continue;
			f.name = (struct ms_str)MS_STR("target");
		} else if (ms_str_is(f.name, "dry-run")) {
			continue;
		} else if (ms_str_is(f.name, "quota")) {
			int64_t octets;

			if (units_size(f.value, &octets, NULL) != NULL)
				return ms_error_set(err, MS_INVALID, "",
				    "a quota is a size with a unit, like 1GiB");
			f.name = (struct ms_str)MS_STR("quota.octets");
			f.value = ms_arena_printf(scope->arena, "%lld", (long long)octets);
		}
		fields[e->n_fields++] = f;
	}
	return MS_OK;
}

static ms_status
change(const struct ms_scope *scope, const struct request *r, uint32_t how,
    struct ms_error *err)
{
	struct ms_entry e = { .size = sizeof(e), .kind = kind_of(r) };
	ms_status st = need_key(r, &e.key, err);

	if (st == MS_OK && how != MS_CHANGE_REMOVE)
		st = fields_of(scope, r, &e, err);
	if (st == MS_OK && e.kind == MS_ENTRY_ALIAS && how == MS_CHANGE_ADD &&
	    e.n_fields == 0)
		st = ms_error_set(err, MS_INVALID, "", "alias add: to whom?");
	if (st != MS_OK || (scope->flags & MS_SCOPE_DRY))
		return st;
	return directories_service.change(NULL, scope, how, &e, err);
}

ms_status
entries_run_add(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	(void)h, (void)out;
	return change(scope, r, MS_CHANGE_ADD, err);
}

ms_status
entries_run_delete(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	(void)h, (void)out;
	return change(scope, r, MS_CHANGE_REMOVE, err);
}

ms_status
entries_run_set(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	(void)h, (void)out;
	return change(scope, r, MS_CHANGE_SET, err);
}

ms_status
entries_run_password(struct host *h, const struct ms_scope *scope,
    const struct request *r, struct output *out, struct ms_error *err)
{
	(void)h, (void)out;
	if (request_option(r, "password").len == 0)
		return ms_error_set(err, MS_INVALID, "", "a password is wanted");
	return change(scope, r, MS_CHANGE_SET, err);
}

static ms_status
print_entry(const struct ms_entry *e, struct output *out, struct ms_error *err)
{
	static const char *const names[] = { "", "domain", "user", "alias" };
	struct row row;
	char name[64];

	row_begin(&row);
	ms_json_str(&row.json, e->kind <= MS_ENTRY_ALIAS ? names[e->kind] : "key", e->key);
	if (e->kind == MS_ENTRY_ALIAS) {
		ms_json_array(&row.json, "targets");
		for (size_t i = 0; i < e->n_fields; i++)
			if (ms_str_is(e->fields[i].name, "target"))
				ms_json_str(&row.json, NULL, e->fields[i].value);
		ms_json_end(&row.json);
	}
	for (size_t i = 0; i < e->n_fields; i++) {
		if (ms_str_is(e->fields[i].name, "target"))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)e->fields[i].name.len,
		    e->fields[i].name.data);
		ms_json_str(&row.json, name, e->fields[i].value);
	}
	return row_end(&row, out, err);
}

ms_status
entries_run_list(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct ms_str within = request_argument(r, 0), after = { "", 0 };
	ms_status st = MS_OK;

	(void)h;
	if (within.data == NULL)
		within = ms_str_of("", 0);
	for (;;) {
		struct ms_entries page = { .size = sizeof(page) };

		st = directories_service.list(NULL, scope, kind_of(r), within, after, 1000,
		    &page, err);
		for (uint32_t i = 0; st == MS_OK && i < page.n; i++)
			st = print_entry(page.entries[i], out, err);
		if (st != MS_OK || page.n == 0)
			return st;
		after = page.entries[page.n - 1]->key;
	}
}
