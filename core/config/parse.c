/* SPDX-License-Identifier: ISC */
/*
 * parse.c - the strict parse by libconfuse, see tree.h
 *
 * libconfuse ends at its first error.  So the statement that it refused is
 * blanked in the buffer and all is parsed again: an admin sees every mistake
 * in one run.  Values are judged by value.c in a callback; a wrong one is
 * noted there and does not end the parse.
 *
 * libconfuse's lexer is global, and its callbacks have no argument of ours:
 * the run under way is a static, of the one thread that reads configurations.
 */
#include "config/tree.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#include "config/similar.h"

#define MAX_ROUNDS	50		/* statements refused in one run */
#define MAX_WORK	(20u << 20)	/* tokens read in all rounds */
#define MAX_KNOWN	20		/* names listed in a message */
#define SHOWN(s)	(int)((s).len < 60 ? (s).len : 60), (s).data

struct parse_result {
	cfg_t  *root;
	cfg_t **sections;		/* by node */
};

struct run {
	struct normal               *normal;
	const struct schema_section *root;
	struct ms_arena             *arena;
	struct problems             *problems;
	cfg_t                      **sections;
	uint32_t                     failed_line;	/* of the buffer; 0: none */
	char                         failed_text[200];
};

static struct run *current;

static const struct schema_section *
schema_of(const struct run *run, uint32_t node)
{
	return node == 0 ? run->root : run->normal->nodes[node].data;
}

static uint32_t
node_at_line(const struct run *run, int line)
{
	if (line < 1 || (uint32_t)line > run->normal->n_tokens)
		return 0;
	return run->normal->owners[line - 1];
}

/* ---- callbacks ---- */

static int
take_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	uint32_t node = node_at_line(current, cfg->line);
	uint32_t parent = current->normal->nodes[node].parent;
	uint32_t token = (uint32_t)cfg->line - 1;
	const struct schema_section *schema = schema_of(current, parent);
	const struct schema_option *o;
	struct config_value *value;

	*(void **)result = NULL;
	o = schema == NULL ? NULL : schema_find(schema, ms_str_c(opt->name));
	if (o == NULL)
		return -1;
	value = ms_arena_alloc(current->arena, sizeof(*value));
	/* What is half read was complained about by the lexer. */
	if (token < current->normal->n_tokens && current->normal->tokens[token].is_bad)
		return 0;
	if (value_parse(o->option, ms_arena_str(current->arena, ms_str_c(text)),
	    normal_position(current->normal, token), current->arena, current->problems,
	    value))
		*(void **)result = value;
	return 0;
}

static int
end_section(cfg_t *cfg, cfg_opt_t *opt)
{
	uint32_t node = node_at_line(current, cfg->line);

	current->sections[node] = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	return 0;
}

static void
take_error(cfg_t *cfg, const char *format, va_list args)
{
	if (current->failed_line != 0)
		return;
	current->failed_line = cfg->line > 0 ? (uint32_t)cfg->line : 1;
	vsnprintf(current->failed_text, sizeof(current->failed_text), format, args);
}

/* ---- what was wrong ---- */

static void
add_name(struct ms_buf *out, const struct run *run, uint32_t node)
{
	const struct node *n = &run->normal->nodes[node];
	struct ms_str name, title;

	if (node == 0) {
		ms_buf_add_c(out, "the top level");
		return;
	}
	name = node_name(run->normal, n);
	title = normal_str(run->normal, n->title);
	ms_buf_addf(out, "%.*s", SHOWN(name));
	if (title.len > 0)
		ms_buf_addf(out, " \"%.*s\"", SHOWN(title));
}

static void
add_known(struct ms_buf *out, const struct schema_section *s)
{
	uint32_t shown = 0;

	for (uint32_t i = 0; i < s->n && shown < MAX_KNOWN; i++) {
		if ((s->options[i].option->flags & MS_OPT_DEPRECATED) != 0)
			continue;
		ms_buf_add_c(out, shown++ == 0 ? "; known here: " : ", ");
		ms_buf_add_c(out, s->options[i].option->name);
	}
	if (shown == 0)
		ms_buf_add_c(out, "; there are none");
	else if (shown == MAX_KNOWN && s->n > MAX_KNOWN)
		ms_buf_add_c(out, " ...");
}

static void
explain_unknown(const struct run *run, const struct node *n, struct ms_buf *out)
{
	const struct schema_section *s = schema_of(run, n->parent);
	struct ms_str name = node_name(run->normal, n);
	struct similar near = similar_to(name);
	const char *later = n->parent == 0 ? schema_later(name) : NULL;

	if (later != NULL) {
		ms_buf_addf(out, "\"%.*s\": %s", SHOWN(name), later);
		return;
	}
	ms_buf_addf(out, "unknown %s \"%.*s\" %s ", n->kind == NODE_SECTION ? "section" :
	    "option", SHOWN(name), n->parent == 0 ? "at" : "in");
	add_name(out, run, n->parent);
	for (uint32_t i = 0; i < s->n; i++)
		similar_offer(&near, ms_str_c(s->options[i].option->name));
	if (near.best.data != NULL)
		ms_buf_addf(out, "; did you mean \"%.*s\"?", SHOWN(near.best));
	else if (n->parent != 0 && schema_find(run->root, name) != NULL)
		ms_buf_add_c(out, "; it stands at the top level");
	else
		add_known(out, s);
}

static void
explain_known(const struct run *run, const struct node *n, const struct schema_option *o,
    struct ms_buf *out)
{
	const char *name = o->option->name;

	if (o->section != NULL && n->kind != NODE_SECTION)
		ms_buf_addf(out, "\"%s\" is a section: write %s %s{ ... }", name, name,
		    (o->option->flags & OPTION_TITLED) != 0 ? "\"NAME\" " : "");
	else if (o->section == NULL && n->kind == NODE_SECTION)
		ms_buf_addf(out, "\"%s\" is an option (%s): write %s = ...", name,
		    option_type_name(o->option), name);
	else if (n->kind == NODE_ADD && !option_is_list(o->option))
		ms_buf_addf(out, "\"+=\" adds to a list, and \"%s\" is none", name);
	else if (!option_is_list(o->option))
		ms_buf_addf(out, "\"%s\" takes one value (%s), not a list", name,
		    option_type_name(o->option));
	else
		ms_buf_addf(out, "\"%s\": %s", name, run->failed_text);
}

/* Notes why libconfuse stopped, and takes the statement out.  False: no
   statement is to blame. */
static bool
take_out(struct run *run, char *buffer, const size_t *lines)
{
	MS_AUTO_BUF struct ms_buf text = MS_BUF_MAX(2000);
	struct normal *normal = run->normal;
	uint32_t node = node_at_line(run, (int)run->failed_line);
	const struct node *n = &normal->nodes[node];
	const struct schema_section *s;
	const struct schema_option *o;

	/* Its own section may be the one that is unknown. */
	while (node != 0 && (s = schema_of(run, n->parent)) == NULL) {
		node = n->parent;
		n = &normal->nodes[node];
	}
	if (node == 0) {
		problems_error(run->problems, normal_position(normal, run->failed_line - 1),
		    "%s", run->failed_text[0] != '\0' ? run->failed_text :
		    "cannot be parsed");
		return false;
	}
	o = schema_find(s, node_name(normal, n));
	if (o == NULL)
		explain_unknown(run, n, &text);
	else
		explain_known(run, n, o, &text);
	problems_error(run->problems, normal_position(normal, n->name), "%s",
	    ms_buf_ok(&text) ? text.data : run->failed_text);
	for (size_t i = lines[n->begin]; i < lines[n->end]; i++)
		if (buffer[i] != '\n')
			buffer[i] = ' ';
	normal_blank(normal, node);
	return true;
}

/* ---- tables ---- */

static cfg_opt_t *
make_table(const struct schema_section *s, struct ms_arena *arena)
{
	cfg_opt_t *table = ms_arena_array(arena, s->n + 1, sizeof(*table));

	for (uint32_t i = 0; i < s->n; i++) {
		cfg_opt_t *opt = &table[i];

		opt->name = s->options[i].option->name;
		if (s->options[i].section != NULL) {
			opt->type = CFGT_SEC;
			opt->flags = CFGF_MULTI;
			opt->subopts = make_table(s->options[i].section, arena);
			opt->validcb = end_section;
			continue;
		}
		opt->type = CFGT_PTR;
		opt->parsecb = take_value;
		if (option_is_list(s->options[i].option))
			opt->flags = CFGF_LIST;
	}
	table[s->n].type = CFGT_NONE;
	return table;
}

/* Which schema each section follows; NULL: none, it is unknown. */
static void
assign_schemas(struct normal *n, const struct schema_section *root)
{
	n->nodes[0].data = (void *)(uintptr_t)root;
	for (uint32_t i = 1; i < n->n_nodes; i++) {
		struct node *node = &n->nodes[i];
		const struct schema_section *s = n->nodes[node->parent].data;
		const struct schema_option *o;

		node->data = NULL;
		if (node->kind != NODE_SECTION || s == NULL)
			continue;
		o = schema_find(s, node_name(n, node));
		if (o != NULL)
			node->data = o->section;
	}
}

static size_t *
find_lines(const char *buffer, uint32_t n)
{
	size_t *lines = calloc((size_t)n + 1, sizeof(*lines));
	uint32_t line = 0;

	if (lines == NULL)
		abort();
	for (size_t i = 0; buffer[i] != '\0'; i++)
		if (buffer[i] == '\n')
			lines[++line] = i + 1;
	return lines;
}

static cfg_t *
parse_once(struct run *run, cfg_opt_t *table, const char *buffer)
{
	cfg_t *cfg = cfg_init(table, CFGF_NONE);
	int rc;

	if (cfg == NULL)
		abort();
	run->failed_line = 0;
	run->failed_text[0] = '\0';
	memset(run->sections, 0, run->normal->n_nodes * sizeof(*run->sections));
	cfg_set_error_function(cfg, take_error);
	rc = cfg_parse_buf(cfg, buffer);
	if (rc == CFG_SUCCESS && run->failed_line == 0)
		return cfg;
	if (run->failed_line == 0)
		run->failed_line = cfg->line > 0 ? (uint32_t)cfg->line : 1;
	cfg_free(cfg);
	return NULL;
}

struct parse_result *
parse_run(struct normal *n, const struct schema_section *root, struct ms_arena *arena,
    struct problems *problems)
{
	struct run run = { .normal = n, .root = root, .arena = arena,
	    .problems = problems };
	size_t length, work = 0, *lines;
	char *buffer = normal_buffer(n, &length);
	struct parse_result *result = NULL;
	cfg_opt_t *table = make_table(root, arena);
	cfg_t *cfg = NULL;

	run.sections = calloc(n->n_nodes, sizeof(*run.sections));
	if (run.sections == NULL)
		abort();
	lines = find_lines(buffer, n->n_tokens);
	assign_schemas(n, root);
	current = &run;
	for (uint32_t round = 0; round <= MAX_ROUNDS && cfg == NULL; round++) {
		/* What a pass that fails says about values, the next says again. */
		struct problems_mark before = problems_mark(problems);

		cfg = parse_once(&run, table, buffer);
		if (cfg != NULL)
			break;
		work += run.failed_line;
		problems_rewind(problems, before);
		if (!take_out(&run, buffer, lines) || work > MAX_WORK)
			break;
	}
	current = NULL;
	free(lines);
	free(buffer);
	if (cfg == NULL) {
		free(run.sections);
		return NULL;
	}
	result = calloc(1, sizeof(*result));
	if (result == NULL)
		abort();
	result->root = cfg;
	result->sections = run.sections;
	result->sections[0] = cfg;
	return result;
}

void
parse_free(struct parse_result *r)
{
	if (r == NULL)
		return;
	cfg_free(r->root);
	free(r->sections);
	free(r);
}

uint32_t
parse_values(const struct parse_result *r, uint32_t node, const char *name,
    const struct config_value **values, uint32_t max)
{
	cfg_t *cfg = r->sections[node];
	cfg_opt_t *opt = cfg == NULL ? NULL : cfg_getopt(cfg, name);
	uint32_t n = 0;

	for (unsigned i = 0; opt != NULL && i < cfg_opt_size(opt); i++) {
		const struct config_value *v = cfg_opt_getnptr(opt, i);

		/* NULL: it was wrong. */
		if (v == NULL)
			continue;
		if (n < max)
			values[n] = v;
		n++;
	}
	return n;
}
