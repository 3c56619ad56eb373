/* SPDX-License-Identifier: ISC */
/* describe.c - see describe.h */
#include "plugin/describe.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "config/schema.h"
#include "config/similar.h"
#include "config/value.h"

static const struct {
	const char *id, *word;
} kinds[] = {
	{ "ms.protocol/1", "protocol" }, { "ms.filter/1", "filter" },
	{ "ms.route/1", "route" }, { "ms.delivery/1", "delivery" },
	{ "ms.mailbox/1", "mailbox" }, { "ms.queue/1", "queue" },
	{ "ms.directory/1", "directory" }, { "ms.index/1", "index" },
	{ "ms.blob-store/1", "blob store" }, { "ms.command/1", "commands" },
};

static const struct {
	uint32_t    bit;
	const char *word;
} touches[] = {
	{ MS_TOUCH_ENVELOPE, "envelope" }, { MS_TOUCH_HEADERS, "headers" },
	{ MS_TOUCH_BODY, "body" }, { MS_TOUCH_CONNECT, "connect" },
	{ MS_TOUCH_STATE, "state" }, { MS_TOUCH_SECRETS, "secrets" },
	{ MS_TOUCH_EXEC, "exec" }, { MS_TOUCH_UNIX, "unix" },
	{ MS_TOUCH_READ, "read" }, { MS_TOUCH_JIT, "jit" },
};

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

void
describe_kinds(const struct ms_plugin *plugin, struct ms_buf *out)
{
	bool first = true;

	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		if (plugin->interface(kinds[i].id) == NULL)
			continue;
		ms_buf_addf(out, "%s%s", first ? "" : ", ", kinds[i].word);
		first = false;
	}
	if (first)
		ms_buf_add_c(out, "of no known kind");
}

/* ---- for people ---- */

/* "size, default 50MiB, 64KiB to 1GiB" */
static void
add_type(const struct ms_option *o, struct ms_buf *out)
{
	ms_buf_add_c(out, option_type_name(o));
	if (o->type == MS_OPT_CHOICE) {
		ms_buf_add_octet(out, ' ');
		choices_text(o->choices, out);
	} else if (o->type == MS_OPT_BACKEND || o->type == OPTION_BACKENDS)
		ms_buf_addf(out, " that offers %s", o->choices);
	else if (o->choices != NULL) {
		ms_buf_add_c(out, o->type == MS_OPT_STRING_LIST ? " of " : " or ");
		choices_text(o->choices, out);
	}
	if (o->type == MS_OPT_SECTION)
		return;
	if (o->initial == NULL)
		ms_buf_add_c(out, ", required");
	else if (o->initial[0] != '\0')
		ms_buf_addf(out, ", default %s", o->initial);
	if (o->minimum != NULL && o->maximum != NULL)
		ms_buf_addf(out, ", %s to %s", o->minimum, o->maximum);
	else if (o->minimum != NULL)
		ms_buf_addf(out, ", at least %s", o->minimum);
	else if (o->maximum != NULL)
		ms_buf_addf(out, ", at most %s", o->maximum);
	if ((o->flags & MS_OPT_DEPRECATED) != 0)
		ms_buf_add_c(out, ", going away");
}

static void
add_indent(struct ms_buf *out, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		ms_buf_add_c(out, "    ");
}

static bool
is_shown(const struct ms_option *o, bool all)
{
	return all || (o->flags & (MS_OPT_ADVANCED | MS_OPT_DEPRECATED)) == 0;
}

static void
add_section(const struct schema_section *s, bool all, uint32_t depth, struct ms_buf *out)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct ms_option *o = s->options[i].option;

		if (!is_shown(o, all))
			continue;
		add_indent(out, depth);
		if (o->type == MS_OPT_SECTION)
			ms_buf_addf(out, "%s%s { ... }", o->name,
			    (o->flags & OPTION_TITLED) != 0 ? " \"NAME\"" : "");
		else {
			ms_buf_addf(out, "%s: ", o->name);
			add_type(o, out);
		}
		ms_buf_add_octet(out, '\n');
		if (o->help != NULL) {
			add_indent(out, depth + 1);
			ms_buf_addf(out, "%s\n", o->help);
		}
		if (s->options[i].section != NULL)
			add_section(s->options[i].section, all, depth + 1, out);
	}
}

static void
add_line(struct ms_buf *out, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		ms_buf_addf(out, "%-10s%s\n", name, value);
}

ms_status
describe_plugin(const struct ms_plugin *plugin, const char *path, bool all,
    struct ms_buf *out, struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct schema_section *s;
	ms_status st = schema_of_plugin(arena, plugin, &s, err);

	if (st != MS_OK) {
		ms_arena_free(arena);
		return st;
	}
	ms_buf_addf(out, "%s - %s\n\n", plugin->name,
	    plugin->summary != NULL ? plugin->summary : "");
	add_line(out, "version", plugin->version);
	add_line(out, "license", plugin->license);
	ms_buf_add_c(out, "kind      ");
	describe_kinds(plugin, out);
	ms_buf_addf(out, "\ninterface %u.%u\n", plugin->abi_major, plugin->abi_minor);
	add_line(out, "file", path);
	if (plugin->touches != 0) {
		ms_buf_add_c(out, "touches  ");
		for (size_t i = 0; i < N_ELEMENTS(touches); i++)
			if ((plugin->touches & touches[i].bit) != 0)
				ms_buf_addf(out, " %s", touches[i].word);
		ms_buf_add_octet(out, '\n');
	}
	if (plugin->needs != NULL && plugin->needs[0] != NULL) {
		ms_buf_add_c(out, "needs    ");
		for (const char *const *need = plugin->needs; *need != NULL; need++)
			ms_buf_addf(out, " %s", *need);
		ms_buf_add_octet(out, '\n');
	}
	ms_buf_addf(out, "\n%s%s {\n", plugin->name,
	    s->kind == CONFIG_STAGE ? "" : " \"NAME\"");
	add_section(s, all, 1, out);
	ms_buf_add_c(out, "}\n");
	ms_arena_free(arena);
	return MS_OK;
}

void
describe_core(struct ms_buf *out)
{
	struct ms_arena *arena = ms_arena_new(0);

	add_section(schema_new(arena), true, 0, out);
	ms_arena_free(arena);
}

ms_status
describe_option(const struct ms_plugin *plugin, const char *name, struct ms_buf *out,
    struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct schema_section *s = NULL;
	struct ms_str rest = ms_str_c(name), word;
	const struct schema_option *found = NULL;
	ms_status st = MS_OK;

	if (plugin == NULL)
		s = schema_new(arena);
	else
		st = schema_of_plugin(arena, plugin, &s, err);
	while (st == MS_OK && ms_str_split(&rest, '.', &word)) {
		struct similar near = similar_to(word);

		found = s != NULL ? schema_find(s, word) : NULL;
		for (uint32_t i = 0; found == NULL && s != NULL && i < s->n; i++)
			similar_offer(&near, ms_str_c(s->options[i].option->name));
		if (found == NULL)
			st = ms_error_set(err, MS_NOTFOUND, "", near.best.data != NULL ?
			    "there is no option \"%.100s\"; did you mean \"%.*s\"?" :
			    "there is no option \"%.100s\"%.*s", name, (int)near.best.len,
			    near.best.data != NULL ? near.best.data : "");
		else
			s = found->section;
	}
	if (st == MS_OK && found != NULL) {
		ms_buf_addf(out, "%s: ", name);
		add_type(found->option, out);
		ms_buf_addf(out, "\n    %s\n", found->option->help != NULL ?
		    found->option->help : "");
		if (found->section != NULL)
			add_section(found->section, true, 1, out);
	}
	ms_arena_free(arena);
	return st;
}

/* ---- for programs ---- */

static void
json_section(const struct schema_section *s, struct ms_json *out)
{
	ms_json_array(out, "options");
	for (uint32_t i = 0; i < s->n; i++) {
		const struct ms_option *o = s->options[i].option;
		struct ms_str rest = ms_str_c(o->choices), word;

		ms_json_object(out, NULL);
		ms_json_c(out, "name", o->name);
		ms_json_c(out, "type", option_type_name(o));
		ms_json_bool(out, "required", o->type != MS_OPT_SECTION && o->initial == NULL);
		if (o->initial != NULL)
			ms_json_c(out, "default", o->initial);
		if (o->minimum != NULL)
			ms_json_c(out, "minimum", o->minimum);
		if (o->maximum != NULL)
			ms_json_c(out, "maximum", o->maximum);
		if (o->choices != NULL) {
			ms_json_array(out, "choices");
			while (choice_next(&rest, &word))
				ms_json_str(out, NULL, word);
			ms_json_end(out);
		}
		if (o->help != NULL)
			ms_json_c(out, "help", o->help);
		ms_json_bool(out, "advanced", (o->flags & MS_OPT_ADVANCED) != 0);
		ms_json_bool(out, "deprecated", (o->flags & MS_OPT_DEPRECATED) != 0);
		ms_json_bool(out, "common", s->options[i].is_common);
		/* A writer of JSON goes 16 deep; nobody nests sections so far. */
		if (s->options[i].section != NULL && out->depth < 12)
			json_section(s->options[i].section, out);
		ms_json_end(out);
	}
	ms_json_end(out);
}

ms_status
describe_plugin_json(const struct ms_plugin *plugin, const char *path, struct ms_json *out,
    struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct schema_section *s;
	ms_status st = schema_of_plugin(arena, plugin, &s, err);

	if (st != MS_OK) {
		ms_arena_free(arena);
		return st;
	}
	ms_json_object(out, NULL);
	ms_json_c(out, "name", plugin->name);
	ms_json_c(out, "version", plugin->version);
	ms_json_c(out, "license", plugin->license);
	ms_json_c(out, "summary", plugin->summary);
	if (path != NULL)
		ms_json_c(out, "file", path);
	ms_json_u64(out, "abi_major", plugin->abi_major);
	ms_json_u64(out, "abi_minor", plugin->abi_minor);
	ms_json_array(out, "kinds");
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
		if (plugin->interface(kinds[i].id) != NULL)
			ms_json_c(out, NULL, kinds[i].word);
	ms_json_end(out);
	ms_json_array(out, "touches");
	for (size_t i = 0; i < N_ELEMENTS(touches); i++)
		if ((plugin->touches & touches[i].bit) != 0)
			ms_json_c(out, NULL, touches[i].word);
	ms_json_end(out);
	ms_json_array(out, "needs");
	for (const char *const *need = plugin->needs; need != NULL && *need != NULL; need++)
		ms_json_c(out, NULL, *need);
	ms_json_end(out);
	json_section(s, out);
	ms_json_end(out);
	ms_arena_free(arena);
	return MS_OK;
}
