/* SPDX-License-Identifier: ISC */
/*
 * config.c - ms.config/1 over options that a test gave as text
 *
 * What the core would refuse in a config is the test's mistake here and
 * aborts, as does a plugin that asks for what it did not declare.
 */
#include "internal.h"

#include <mansio/error.h>

struct value {
	struct value *next;
	struct ms_str text;
	int64_t       number, span_us;
};

struct entry {
	struct entry           *next;
	const struct ms_option *option;
	struct value           *values;		/* in order */
	struct ms_backend       backend;
	bool                    has_backend;
};

struct ms_config {
	struct ms_mock         *mock;
	const struct ms_option *options;	/* of this section */
	const struct ms_option *kind;		/* a nested one: by which option */
	struct ms_str           title;
	struct entry           *entries;
	struct ms_config       *nested, *next;
};

static struct ms_config *
section_new(struct ms_mock *m, const struct ms_option *options)
{
	struct ms_config *c = ms_arena_alloc(m->world->arena, sizeof(*c));

	c->mock = m;
	c->options = options;
	c->title = ms_str_of("", 0);
	return c;
}

struct ms_config *
config_new(struct ms_mock *m)
{
	return section_new(m, m->plugin->options);
}

void
config_title(struct ms_config *root, const char *title)
{
	root->title = ms_arena_str(root->mock->world->arena, ms_str_c(title));
}

/* The array has a stride of its own: a plugin may know more members. */
static const struct ms_option *
next_option(const struct ms_config *c, const struct ms_option *o)
{
	return (const struct ms_option *)(const void *)((const char *)o +
	    c->mock->plugin->option_stride);
}

static const struct ms_option *
find_option(const struct ms_config *c, struct ms_str name)
{
	for (const struct ms_option *o = c->options; o != NULL && o->name != NULL;
	    o = next_option(c, o))
		if (ms_str_equal(ms_str_c(o->name), name))
			return o;
	return NULL;
}

static struct entry *
entry_of(struct ms_config *c, const struct ms_option *o)
{
	struct entry *e = c->entries;

	while (e != NULL && e->option != o)
		e = e->next;
	if (e != NULL)
		return e;
	e = ms_arena_alloc(c->mock->world->arena, sizeof(*e));
	e->option = o;
	e->next = c->entries;
	c->entries = e;
	return e;
}

static struct ms_config *
nested_of(struct ms_config *c, const struct ms_option *kind, struct ms_str title)
{
	struct ms_config **at = &c->nested;

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->kind == kind && ms_str_equal((*at)->title, title))
			return *at;
	*at = section_new(c->mock, kind->nested);
	(*at)->kind = kind;
	(*at)->title = ms_arena_str(c->mock->world->arena, title);
	return *at;
}

/* The section and option that "name" or "kind.TITLE.name" stand for; the
   option is NULL for "kind.TITLE" alone. */
static struct ms_config *
resolve(struct ms_config *c, const char *path, const struct ms_option **option_out)
{
	struct ms_str rest = ms_str_c(path);
	const struct ms_option *o = find_option(c, rest), *kind;
	size_t first, last;
	struct ms_config *section;

	*option_out = o;
	if (o != NULL && o->type != MS_OPT_SECTION)
		return c;
	first = ms_str_find_octet(rest, '.');
	kind = first == SIZE_MAX ? NULL : find_option(c, ms_str_sub(rest, 0, first));
	if (kind == NULL || kind->type != MS_OPT_SECTION)
		mock_die("the plugin %s has no option \"%s\"", c->mock->plugin->name, path);
	rest = ms_str_from(rest, first + 1);
	last = ms_str_find_last(rest, '.');
	if (last != SIZE_MAX) {
		struct ms_config probe = { .mock = c->mock, .options = kind->nested };

		*option_out = find_option(&probe, ms_str_from(rest, last + 1));
		if (*option_out != NULL)
			return nested_of(c, kind, ms_str_sub(rest, 0, last));
	}
	section = nested_of(c, kind, rest);
	*option_out = NULL;
	return section;
}

/* ---- values ---- */

static int64_t
choice_of(const struct ms_option *o, struct ms_str text)
{
	struct ms_str rest = ms_str_c(o->choices), word;

	for (int64_t i = 0; ms_str_split(&rest, ' ', &word);)
		if (word.len > 0) {
			if (ms_str_equal(word, text))
				return i;
			i++;
		}
	return -1;
}

static bool
is_number(uint32_t type)
{
	return type == MS_OPT_INT || type == MS_OPT_BOOL || type == MS_OPT_SIZE ||
	    type == MS_OPT_DURATION || type == MS_OPT_RATE;
}

/* count/span against another; spans are 0 for all but rates. */
static bool
is_less(int64_t a, int64_t a_span, int64_t b, int64_t b_span)
{
	if (a_span > 0 && b_span > 0)
		return (double)a / (double)a_span < (double)b / (double)b_span;
	return a < b;
}

static const char *
check_bounds(const struct ms_option *o, const struct value *v)
{
	int64_t bound, span;

	if (o->minimum != NULL) {
		if (units_parse(o->type, ms_str_c(o->minimum), &bound, &span) != NULL)
			mock_die("the minimum of \"%s\" is not valid itself", o->name);
		if (is_less(v->number, v->span_us, bound, span))
			return "is less than the minimum";
	}
	if (o->maximum != NULL) {
		if (units_parse(o->type, ms_str_c(o->maximum), &bound, &span) != NULL)
			mock_die("the maximum of \"%s\" is not valid itself", o->name);
		if (is_less(bound, span, v->number, v->span_us))
			return "is more than the maximum";
	}
	return NULL;
}

static const char *
parse(const struct ms_option *o, struct value *v)
{
	const char *wrong;

	if (o->type == MS_OPT_CHOICE || (o->type == MS_OPT_STRING_LIST &&
	    o->choices != NULL)) {
		v->number = choice_of(o, v->text);
		return v->number < 0 ? "is none of the choices" : NULL;
	}
	if (!is_number(o->type))
		return NULL;
	/* A word in place of a number: threads = auto. */
	if (o->choices != NULL) {
		v->number = -1 - choice_of(o, v->text);
		if (v->number < 0)
			return NULL;
	}
	wrong = units_parse(o->type, v->text, &v->number, &v->span_us);
	return wrong != NULL ? wrong : check_bounds(o, v);
}

static void
add_value(struct ms_config *c, const struct ms_option *o, struct ms_str text)
{
	struct ms_arena *a = c->mock->world->arena;
	struct entry *e = entry_of(c, o);
	struct value **at = &e->values, *v = ms_arena_alloc(a, sizeof(*v));
	const char *wrong;

	v->text = ms_arena_str(a, text);
	wrong = parse(o, v);
	if (wrong != NULL)
		mock_die("%s: option \"%s\": \"%s\" %s", c->mock->plugin->name, o->name,
		    v->text.data, wrong);
	while (*at != NULL)
		at = &(*at)->next;
	if (e->values != NULL && o->type != MS_OPT_STRING_LIST)
		e->values = v;		/* given again: the last one counts */
	else
		*at = v;
}

void
config_option(struct ms_config *root, const char *name, const char *value)
{
	const struct ms_option *o;
	struct ms_config *c = resolve(root, name, &o);

	if (o == NULL && value == NULL)
		return;			/* a nested section, all of defaults */
	if (o == NULL)
		mock_die("the plugin %s has no option \"%s\"", root->mock->plugin->name, name);
	if (value == NULL)
		mock_die("option \"%s\" has no value", name);
	add_value(c, o, ms_str_c(value));
}

void
config_backend(struct ms_config *root, const char *name, const char *title,
    struct ms_backend backend)
{
	const struct ms_option *o;
	struct ms_config *c = resolve(root, name, &o);

	if (o == NULL || o->type != MS_OPT_BACKEND)
		mock_die("option \"%s\" names no backend", name);
	add_value(c, o, ms_str_c(title));
	entry_of(c, o)->backend = backend;
	entry_of(c, o)->has_backend = true;
}

static void
add_initial(struct ms_config *c, const struct ms_option *o)
{
	struct ms_str rest = ms_str_c(o->initial), word;

	if (rest.len == 0 && (o->type == MS_OPT_BACKEND || o->type == MS_OPT_STRING_LIST))
		return;
	if (o->type != MS_OPT_STRING_LIST) {
		add_value(c, o, rest);
		return;
	}
	while (ms_str_split(&rest, ',', &word))
		add_value(c, o, ms_str_trim(word));
}

ms_status
config_complete(struct ms_config *c, struct ms_error *err)
{
	for (const struct ms_option *o = c->options; o != NULL && o->name != NULL;
	    o = next_option(c, o)) {
		if (o->help == NULL || o->help[0] == '\0')
			mock_die("option \"%s\" has no help", o->name);
		if (o->type == MS_OPT_SECTION || entry_of(c, o)->values != NULL)
			continue;
		if (o->initial == NULL)
			return ms_error_set(err, MS_INVALID, "", "option \"%s\" is required",
			    o->name);
		add_initial(c, o);
	}
	for (struct ms_config *n = c->nested; n != NULL; n = n->next) {
		ms_status st = config_complete(n, err);

		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

/* ---- ms.config/1 ---- */

static const struct entry *
must_find(const struct ms_config *c, const char *name)
{
	const struct entry *e = c->entries;

	while (e != NULL && !ms_str_equal(ms_str_c(e->option->name), ms_str_c(name)))
		e = e->next;
	if (e == NULL && find_option(c, ms_str_c(name)) == NULL)
		mock_die("the plugin %s asks for the option \"%s\", which it did not declare",
		    c->mock->plugin->name, name);
	return e;
}

static struct ms_str
service_title(const struct ms_config *c)
{
	return c->title;
}

static const char *
service_directory(const struct ms_config *c)
{
	return mock_directory_path(c->mock);
}

static struct ms_str
service_string(const struct ms_config *c, const char *name, uint32_t i)
{
	const struct entry *e = must_find(c, name);
	const struct value *v = e != NULL ? e->values : NULL;

	if (e != NULL && is_number(e->option->type))
		mock_die("option \"%s\" is a number and was read as a string", name);
	while (v != NULL && i-- > 0)
		v = v->next;
	if (v != NULL)
		return v->text;
	return e != NULL && e->option->type == MS_OPT_STRING_LIST ? ms_str_of(NULL, 0) :
	    ms_str_of("", 0);
}

static const struct value *
number_of(const struct ms_config *c, const char *name)
{
	const struct entry *e = must_find(c, name);

	if (e == NULL || e->values == NULL || !is_number(e->option->type))
		mock_die("option \"%s\" is no number and was read as one", name);
	return e->values;
}

static int64_t
service_number(const struct ms_config *c, const char *name)
{
	return number_of(c, name)->number;
}

static int64_t
service_span(const struct ms_config *c, const char *name)
{
	return number_of(c, name)->span_us;
}

static const struct ms_config *
service_section(const struct ms_config *c, const char *name, uint32_t i)
{
	const struct ms_option *o = find_option(c, ms_str_c(name));
	const struct ms_config *n = c->nested;

	if (o == NULL || o->type != MS_OPT_SECTION)
		mock_die("the plugin %s asks for the section \"%s\", which it did not declare",
		    c->mock->plugin->name, name);
	for (; n != NULL; n = n->next)
		if (n->kind == o && i-- == 0)
			return n;
	return NULL;
}

static ms_status
service_backend(const struct ms_config *c, const char *name,
    struct ms_backend *backend_out, struct ms_error *err)
{
	const struct entry *e = must_find(c, name);

	if (!c->mock->created)
		mock_die("the backend \"%s\" was asked for before start()", name);
	if (e == NULL || e->option->type != MS_OPT_BACKEND)
		mock_die("option \"%s\" names no backend", name);
	if (e->values == NULL)
		return ms_error_set(err, MS_NOTFOUND, "", "the option \"%s\" is empty", name);
	if (!e->has_backend)
		mock_die("the test gave no backend for \"%s\": ms_mock_backend()", name);
	*backend_out = e->backend;
	return MS_OK;
}

static ms_status
service_refuse(const struct ms_config *c, const char *name, const char *text,
    struct ms_error *err)
{
	(void)must_find(c, name);
	return ms_error_set(err, MS_INVALID, "", "option \"%s\": %s", name, text);
}

const struct ms_config_api mock_config_service = {
	.size = sizeof(mock_config_service), .title = service_title,
	.directory = service_directory, .string = service_string,
	.number = service_number, .span_us = service_span,
	.section = service_section, .backend = service_backend,
	.refuse = service_refuse,
};
