/* SPDX-License-Identifier: ISC */
/* manual.c - mansio.conf(5), see describe.h */
#include "plugin/describe.h"

#include <mansio/str.h>

#include "config/schema.h"
#include "config/value.h"

/* man(7): a backslash starts a request of its own, "-" would become a hyphen
   that cannot be searched for, and "." or "'" leads a line to be obeyed. */
static void
add_text(struct ms_buf *out, struct ms_str text)
{
	if (text.len > 0 && (text.data[0] == '.' || text.data[0] == '\''))
		ms_buf_add_c(out, "\\&");
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '\\')
			ms_buf_add_c(out, "\\e");
		else if (c == '-')
			ms_buf_add_c(out, "\\-");
		else if (c == '\n')
			ms_buf_add_octet(out, ' ');
		else
			ms_buf_add_octet(out, c);
	}
}

static void
add_c(struct ms_buf *out, const char *text)
{
	add_text(out, ms_str_c(text));
}

static void
add_facts(const struct ms_option *o, struct ms_buf *out)
{
	MS_AUTO_BUF struct ms_buf words = MS_BUF_MAX(4096);

	add_c(out, option_type_name(o));
	if (o->choices != NULL) {
		choices_text(o->choices, &words);
		ms_buf_add_c(out, o->type == MS_OPT_CHOICE ? " " :
		    o->type == MS_OPT_BACKEND || o->type == OPTION_BACKENDS ?
		    " that offers " : o->type == MS_OPT_STRING_LIST ? " of " : " or ");
		add_text(out, ms_buf_str(&words));
	}
	if (o->initial == NULL)
		ms_buf_add_c(out, "; required");
	else if (o->initial[0] != '\0') {
		ms_buf_add_c(out, "; default ");
		add_c(out, o->initial);
	}
	if (o->minimum != NULL) {
		ms_buf_add_c(out, "; at least ");
		add_c(out, o->minimum);
	}
	if (o->maximum != NULL) {
		ms_buf_add_c(out, "; at most ");
		add_c(out, o->maximum);
	}
	if ((o->flags & MS_OPT_DEPRECATED) != 0)
		ms_buf_add_c(out, "; going away");
}

static void
add_options(const struct schema_section *s, struct ms_buf *out)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct ms_option *o = s->options[i].option;

		ms_buf_add_c(out, ".TP\n.B ");
		add_c(out, o->name);
		if (o->type == MS_OPT_SECTION) {
			ms_buf_add_c(out, (o->flags & OPTION_TITLED) != 0 ?
			    " \\(dqNAME\\(dq { ... }\n" : " { ... }\n");
			add_c(out, o->help != NULL ? o->help : "");
			if (s->options[i].section == NULL || s->options[i].section->n == 0) {
				ms_buf_add_octet(out, '\n');
				continue;
			}
			ms_buf_add_c(out, "\n.RS\n");
			add_options(s->options[i].section, out);
			ms_buf_add_c(out, ".RE\n");
			continue;
		}
		ms_buf_add_c(out, "\n");
		add_c(out, o->help != NULL ? o->help : "");
		ms_buf_add_c(out, "\n.br\n(");
		add_facts(o, out);
		ms_buf_add_c(out, ")\n");
	}
}

static const char head[] =
    ".TH MANSIO.CONF 5\n"
    ".SH NAME\n"
    "mansio.conf \\- configuration of the mail server mansio\n"
    ".SH DESCRIPTION\n"
    "A file of options, \\fIname\\fR = \\fIvalue\\fR, and sections,\n"
    "\\fIkeyword\\fR \\(dq\\fItitle\\fR\\(dq { ... }.\n"
    "A list is { \\fIa\\fR, \\fIb\\fR }; += adds to one.\n"
    "Text with other characters than letters, digits and simple signs stands in\n"
    "\\(dqdouble quotes\\(dq, in which ${NAME} and ${NAME:\\-default} are the environment,\n"
    "or in \\(aqsingle quotes\\(aq, in which nothing is special.\n"
    "Comments begin with # or //, or stand between /* and */.\n"
    ".B include(\\(dqconf.d/*.conf\\(dq)\n"
    "reads further files, sorted by name, relative to the file in which it stands.\n"
    ".PP\n"
    "Durations have a unit of ms, s, m, h, d or w; sizes of B, KiB, MiB, GiB or TiB;\n"
    "rates are a number and a time, as in 200/m.\n"
    "Relative paths are relative to the file in which they stand.\n"
    "Secrets are \\(dqfile:\\fIpath\\fR\\(dq or \\(dqenv:\\fINAME\\fR\\(dq.\n"
    ".PP\n"
    "A section whose keyword is not the core\\(aqs is a plugin\\(aqs: writing it opens that\n"
    "plugin. Filters and routes stand in a\n"
    ".B pipeline\n"
    "without a title, all others at the top level with one, by which other sections\n"
    "name them.\n"
    ".SH THE CORE\n";

ms_status
describe_manual(const struct ms_plugin *const *plugins, size_t n, struct ms_buf *out,
    struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	ms_status st = MS_OK;

	ms_buf_add_c(out, head);
	add_options(schema_new(arena), out);
	for (size_t i = 0; i < n && st == MS_OK; i++) {
		struct schema_section *s;

		st = schema_of_plugin(arena, plugins[i], &s, err);
		if (st != MS_OK)
			break;
		ms_buf_add_c(out, ".SH ");
		add_c(out, plugins[i]->name);
		ms_buf_add_c(out, "\n");
		if (plugins[i]->summary != NULL)
			add_c(out, plugins[i]->summary);
		ms_buf_add_c(out, " (");
		describe_kinds(plugins[i], out);
		ms_buf_add_c(out, ")\n");
		add_options(s, out);
	}
	ms_buf_add_c(out, ".SH SEE ALSO\n.BR mansio (8)\n");
	ms_arena_free(arena);
	return st;
}
