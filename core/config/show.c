/* SPDX-License-Identifier: ISC */
/* show.c - a snapshot as text, see config.h */
#include "config/tree.h"

#include <string.h>

#include <mansio/str.h>

struct show {
	struct ms_buf *out;
	bool           all;
};

static void
indent(const struct show *show, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		ms_buf_add_c(show->out, "  ");
}

static void
add_quoted(struct ms_buf *out, struct ms_str s)
{
	ms_buf_add_octet(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c == '"' || c == '\\' || c == '$')
			ms_buf_add_octet(out, '\\');
		if (c < 0x20 || c == 0x7f)
			ms_buf_addf(out, "\\x%02x", c);
		else
			ms_buf_add_octet(out, (char)c);
	}
	ms_buf_add_octet(out, '"');
}

static void
add_value(const struct show *show, const struct ms_option *o, struct ms_str text)
{
	static const struct ms_str file = MS_STR("file:"), env = MS_STR("env:");

	switch (o->type) {
	case MS_OPT_INT:
	case MS_OPT_BOOL:
	case MS_OPT_SIZE:
	case MS_OPT_DURATION:
	case MS_OPT_RATE:
	case MS_OPT_CHOICE:
	case OPTION_DURATIONS:
		ms_buf_add(show->out, text);
		return;
	case MS_OPT_SECRET:
		if (text.len > 0 && !ms_str_has_prefix(text, file) &&
		    !ms_str_has_prefix(text, env)) {
			ms_buf_add_c(show->out, "\"***\"");
			return;
		}
		break;
	default:
		break;
	}
	add_quoted(show->out, text);
}

static void
show_entry(const struct show *show, const struct config_entry *e, uint32_t depth)
{
	bool is_list = option_is_list(e->option);

	if (!e->is_set && (!show->all || e->option->initial == NULL))
		return;
	indent(show, depth);
	ms_buf_addf(show->out, "%s = ", e->option->name);
	if (is_list)
		ms_buf_add_c(show->out, e->n > 0 ? "{ " : "{");
	else if (e->n == 0)
		ms_buf_add_c(show->out, "\"\"");
	for (uint32_t i = 0; i < e->n; i++) {
		if (i > 0)
			ms_buf_add_c(show->out, ", ");
		add_value(show, e->option, e->values[i].text);
	}
	if (is_list)
		ms_buf_add_c(show->out, e->n > 0 ? " }" : "}");
	if (show->all) {
		ms_buf_add_c(show->out, "\t# ");
		if (e->is_set)
			position_text(e->at, show->out);
		else
			ms_buf_add_c(show->out, "default");
	}
	ms_buf_add_octet(show->out, '\n');
}

static void
show_section(const struct show *show, const struct ms_config *s, uint32_t depth)
{
	uint32_t inner = depth + 1;

	if (!s->is_written && !show->all)
		return;
	if (s->parent == NULL)
		inner = 0;
	else {
		indent(show, depth);
		ms_buf_add_c(show->out, s->schema->keyword);
		if (s->title.len > 0) {
			ms_buf_add_octet(show->out, ' ');
			add_quoted(show->out, s->title);
		}
		ms_buf_add_c(show->out, " {");
		if (show->all && s->is_written) {
			ms_buf_add_c(show->out, "\t# ");
			position_text(s->at, show->out);
		}
		ms_buf_add_octet(show->out, '\n');
	}
	for (uint32_t i = 0; i < s->schema->n; i++)
		if (s->entries[i].option->type != MS_OPT_SECTION)
			show_entry(show, &s->entries[i], inner);
	for (uint32_t i = 0; i < s->nested.n; i++)
		show_section(show, s->nested.v[i], inner);
	if (s->parent != NULL) {
		indent(show, depth);
		ms_buf_add_c(show->out, "}\n");
	}
}

void
config_show(const struct config *c, bool all, struct ms_buf *out)
{
	struct show show = { out, all };

	if (c->root != NULL)
		show_section(&show, c->root, 0);
}
