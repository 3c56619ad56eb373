/* SPDX-License-Identifier: ISC */
/* build.c - from libconfuse's values to sections, see tree.h */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#define SHOWN(s)	(int)((s).len < 60 ? (s).len : 60), (s).data

struct build {
	struct config             *config;
	struct normal             *normal;
	const struct parse_result *parsed;
	struct problems           *problems;
	struct ms_config         **made;	/* by node */
};

static void
append(struct config_sections *list, struct ms_arena *arena, struct ms_config *s)
{
	/* Doubled at each power of two. */
	if ((list->n & (list->n + 1)) == 0 || list->v == NULL) {
		uint32_t max = list->n == 0 ? 4 : (list->n + 1) * 2;
		struct ms_config **grown = ms_arena_array(arena, max, sizeof(struct ms_config *));

		if (list->n > 0)
			memcpy(grown, list->v, list->n * sizeof(struct ms_config *));
		list->v = grown;
	}
	list->v[list->n++] = s;
}

static struct ms_config *
section_new(struct build *b, const struct schema_section *schema, struct ms_config *parent,
    struct position at)
{
	struct ms_config *s = ms_arena_alloc(b->config->arena, sizeof(*s));

	s->config = b->config;
	s->schema = schema;
	s->parent = parent;
	s->at = at;
	s->title = ms_str_of("", 0);
	s->entries = ms_arena_array(b->config->arena, schema->n, sizeof(*s->entries));
	for (uint32_t i = 0; i < schema->n; i++)
		s->entries[i].option = schema->options[i].option;
	if (parent != NULL)
		append(&parent->nested, b->config->arena, s);
	return s;
}

/* ---- options ---- */

static void
take_default(struct build *b, struct ms_config *s, struct config_entry *e)
{
	const struct ms_option *o = e->option;
	struct ms_arena *arena = b->config->arena;
	struct ms_str rest = ms_str_c(o->initial), one;
	uint32_t max = 1;

	/* An empty default is no value at all where text would have to be
	   understood. */
	if (ms_str_trim(rest).len == 0 && (option_is_list(o) || o->type != MS_OPT_STRING))
		return;
	for (size_t i = 0; option_is_list(o) && i < rest.len; i++)
		max += rest.data[i] == ',';
	e->values = ms_arena_array(arena, max, sizeof(*e->values));
	if (!option_is_list(o)) {
		if (value_parse(o, ms_arena_str(arena, rest), s->at, arena, b->problems,
		    e->values))
			e->n = 1;
		return;
	}
	while (ms_str_split(&rest, ',', &one))
		if (value_parse(o, ms_arena_str(arena, ms_str_trim(one)), s->at, arena,
		    b->problems, &e->values[e->n]))
			e->n++;
}

static void
describe(const struct ms_config *s, struct ms_buf *out)
{
	if (s->schema->kind == CONFIG_ROOT) {
		ms_buf_add_c(out, "the configuration");
		return;
	}
	ms_buf_add_c(out, s->schema->keyword);
	if (s->title.len > 0)
		ms_buf_addf(out, " \"%.*s\"", SHOWN(s->title));
}

static void
complain_missing(struct build *b, const struct ms_config *s, const struct ms_option *o)
{
	MS_AUTO_BUF struct ms_buf where = MS_BUF_MAX(300);
	struct position at = s->at;

	if (s->schema->kind == CONFIG_ROOT)
		at = (struct position){ b->config->path, 1, 0 };
	describe(s, &where);
	problems_error(b->problems, at, "%s lacks \"%s\", which is required: %s",
	    ms_buf_ok(&where) ? where.data : s->schema->keyword, o->name,
	    o->help != NULL ? o->help : option_type_name(o));
}

static void
take_values(struct build *b, struct config_entry *e, uint32_t node)
{
	struct ms_arena *arena = b->config->arena;
	uint32_t n = parse_values(b->parsed, node, e->option->name, NULL, 0);
	const struct config_value **values;

	if (n == 0)
		return;
	values = calloc(n, sizeof(struct config_value *));
	if (values == NULL)
		abort();
	(void)parse_values(b->parsed, node, e->option->name, values, n);
	e->values = ms_arena_array(arena, n, sizeof(*e->values));
	for (uint32_t i = 0; i < n; i++)
		e->values[i] = *values[i];
	e->n = n;
	free(values);
	if ((e->option->flags & MS_OPT_DEPRECATED) != 0)
		problems_warning(b->problems, e->at, "option \"%s\" is going away: %s",
		    e->option->name, e->option->help != NULL ? e->option->help : "");
}

/* Which options were written, right or wrong. */
static void
mark_set(struct build *b)
{
	for (uint32_t i = 1; i < b->normal->n_nodes; i++) {
		const struct node *node = &b->normal->nodes[i];
		struct ms_config *s = b->made[node->parent];
		struct ms_str name;

		/* Also one that was taken out, being wrong: it does not lack. */
		if (s == NULL)
			continue;
		name = node_name(b->normal, node);
		for (uint32_t j = 0; j < s->schema->n; j++)
			if (s->entries[j].option->type != MS_OPT_SECTION &&
			    ms_str_equal(ms_str_c(s->entries[j].option->name), name) &&
			    !s->entries[j].is_set) {
				s->entries[j].is_set = true;
				s->entries[j].at = normal_position(b->normal, node->name);
			}
	}
}

static void
fill(struct build *b, struct ms_config *s, uint32_t node)
{
	for (uint32_t i = 0; i < s->schema->n; i++) {
		struct config_entry *e = &s->entries[i];

		if (e->option->type == MS_OPT_SECTION)
			continue;
		if (e->is_set)
			take_values(b, e, node);
		else if (e->option->initial != NULL)
			take_default(b, s, e);
		else if (s->is_written)
			complain_missing(b, s, e->option);
	}
}

/* ---- sections ---- */

/* Sections that are always there, made of defaults. */
static void
add_unwritten(struct build *b, struct ms_config *s)
{
	for (uint32_t i = 0; i < s->schema->n; i++) {
		const struct schema_option *o = &s->schema->options[i];
		struct ms_config *made;
		bool is_there = false;

		if (o->section == NULL || (o->option->flags & OPTION_ONCE) == 0)
			continue;
		for (uint32_t j = 0; j < s->nested.n && !is_there; j++)
			is_there = s->nested.v[j]->schema == o->section;
		if (is_there)
			continue;
		made = section_new(b, o->section, s, s->at);
		fill(b, made, 0);
		add_unwritten(b, made);
	}
}

static void
check_title(struct build *b, const struct ms_config *s, const struct schema_option *o)
{
	const char *keyword = s->schema->keyword;

	if ((o->option->flags & OPTION_TITLED) != 0 && s->title.len == 0)
		problems_error(b->problems, s->at, "%s has no title: write %s \"NAME\" { ... }",
		    keyword, keyword);
	else if (s->title.len > 0 && (s->schema->kind == CONFIG_STAGE ||
	    (o->option->flags & OPTION_ONCE) != 0))
		problems_error(b->problems, s->at, "%s takes no title here: write %s { ... }",
		    keyword, keyword);
}

static int
compare_siblings(const void *left, const void *right)
{
	const struct ms_config *a = *(struct ms_config *const *)left;
	const struct ms_config *b = *(struct ms_config *const *)right;
	int order;

	if (a->schema != b->schema)
		return a->schema < b->schema ? -1 : 1;
	order = ms_str_compare(a->title, b->title);
	if (order != 0)
		return order;
	/* Those that are the same: as in the file, which is the order in which
	   they were made. */
	return a->number < b->number ? -1 : a->number > b->number;
}

/* libconfuse would let the second replace the first. */
static void
check_repeated(struct build *b, const struct ms_config *s)
{
	struct ms_config **sorted;

	if (s->nested.n < 2)
		return;
	sorted = calloc(s->nested.n, sizeof(struct ms_config *));
	if (sorted == NULL)
		abort();
	memcpy(sorted, s->nested.v, s->nested.n * sizeof(struct ms_config *));
	qsort(sorted, s->nested.n, sizeof(struct ms_config *), compare_siblings);
	for (uint32_t i = 1; i < s->nested.n; i++) {
		MS_AUTO_BUF struct ms_buf what = MS_BUF_MAX(300);
		MS_AUTO_BUF struct ms_buf first = MS_BUF_MAX(4200);

		if (sorted[i]->schema != sorted[i - 1]->schema ||
		    sorted[i]->schema->kind == CONFIG_STAGE ||
		    !ms_str_equal(sorted[i]->title, sorted[i - 1]->title))
			continue;
		describe(sorted[i], &what);
		position_text(sorted[i - 1]->at, &first);
		problems_error(b->problems, sorted[i]->at, "a second %s; the first stands "
		    "at %s", ms_buf_ok(&what) ? what.data : sorted[i]->schema->keyword,
		    ms_buf_ok(&first) ? first.data : "another place");
	}
	free(sorted);
}

static void
sort_into_lists(struct config *c, struct ms_config *s)
{
	static const struct ms_str pipeline = MS_STR("pipeline"), tls = MS_STR("tls");
	struct ms_str keyword = ms_str_c(s->schema->keyword);

	if (s->schema->kind == CONFIG_INSTANCE || s->schema->kind == CONFIG_STAGE)
		append(&c->instances, c->arena, s);
	if (s->schema->kind != CONFIG_CORE)
		return;
	if (ms_str_equal(keyword, pipeline))
		append(&c->pipelines, c->arena, s);
	else if (ms_str_equal(keyword, tls))
		append(&c->tls, c->arena, s);
}

static void
make_sections(struct build *b)
{
	struct normal *n = b->normal;

	for (uint32_t i = 1; i < n->n_nodes; i++) {
		const struct node *node = &n->nodes[i];
		struct ms_config *parent = b->made[node->parent], *s;
		const struct schema_section *schema = node->data;

		if (node->kind != NODE_SECTION || node->is_blank || parent == NULL ||
		    schema == NULL)
			continue;
		s = section_new(b, schema, parent, normal_position(n, node->name));
		s->number = i;
		s->is_written = true;
		s->title = ms_arena_str(b->config->arena, normal_str(n, node->title));
		b->made[i] = s;
		check_title(b, s, schema_find(parent->schema, node_name(n, node)));
		sort_into_lists(b->config, s);
	}
}

static const struct ms_config *
core_section(const struct config *c, const char *keyword)
{
	return section_nested(c->root, keyword, 0);
}

void
build_run(struct config *c, struct normal *n, const struct parse_result *r,
    const struct schema_section *root, struct problems *problems)
{
	struct build b = { .config = c, .normal = n, .parsed = r, .problems = problems };
	struct ms_config *top;

	b.made = calloc(n->n_nodes, sizeof(struct ms_config *));
	if (b.made == NULL)
		abort();
	top = b.made[0] = section_new(&b, root, NULL, (struct position){ c->path, 0, 0 });
	top->is_written = true;
	c->root = top;
	make_sections(&b);
	mark_set(&b);
	for (uint32_t i = 0; i < n->n_nodes; i++) {
		if (b.made[i] == NULL)
			continue;
		fill(&b, b.made[i], i);
		check_repeated(&b, b.made[i]);
		add_unwritten(&b, b.made[i]);
	}
	free(b.made);
	c->limits = core_section(c, "limits");
	c->log = core_section(c, "log");
	c->auth = core_section(c, "auth");
	c->queue = core_section(c, "queue");
}
