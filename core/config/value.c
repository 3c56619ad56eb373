/* SPDX-License-Identifier: ISC */
/* value.c - see value.h */
#include "config/value.h"

#include <string.h>

#include <mansio/str.h>

#include "config/similar.h"
#include "config/units.h"

#define MAX_HOST_NAME	253	/* RFC 1035 2.3.4, as text */
#define SHOWN(s)	(int)((s).len < 80 ? (s).len : 80), (s).data

/* What parsing needs and gives. */
struct parse {
	const struct ms_option *option;
	struct ms_arena        *arena;
	struct config_value    *value;
	struct ms_buf          *why;
};

bool
choice_next(struct ms_str *choices, struct ms_str *word_out)
{
	*choices = ms_str_trim(*choices);
	if (choices->len == 0)
		return false;
	return ms_str_split(choices, ' ', word_out);
}

void
choices_text(const char *choices, struct ms_buf *out)
{
	struct ms_str rest = ms_str_c(choices), word;
	bool first = true;

	while (choice_next(&rest, &word)) {
		if (!first)
			ms_buf_add_c(out, ms_str_trim(rest).len == 0 ? " or " : ", ");
		ms_buf_add(out, word);
		first = false;
	}
}

static const char *
made_up(const struct parse *p)
{
	return ms_buf_ok(p->why) ? p->why->data : "is not valid";
}

/* The rank of the value among the choices, -1: it is none of them. */
static int64_t
rank_of(const struct parse *p)
{
	struct ms_str rest = ms_str_c(p->option->choices), word;

	for (int64_t rank = 0; choice_next(&rest, &word); rank++)
		if (ms_str_equal(word, p->value->text))
			return rank;
	return -1;
}

static const char *
parse_choice(struct parse *p)
{
	struct similar near = similar_to(p->value->text);
	struct ms_str rest = ms_str_c(p->option->choices), word;

	p->value->number = rank_of(p);
	if (p->value->number >= 0)
		return NULL;
	while (choice_next(&rest, &word))
		similar_offer(&near, word);
	ms_buf_add_c(p->why, "is not allowed; write ");
	choices_text(p->option->choices, p->why);
	if (near.best.data != NULL)
		ms_buf_addf(p->why, "; did you mean \"%.*s\"?", SHOWN(near.best));
	return made_up(p);
}

static const char *
parse_bool(struct parse *p)
{
	if (ms_str_is(p->value->text, "yes"))
		p->value->number = 1;
	else if (ms_str_is(p->value->text, "no"))
		p->value->number = 0;
	else
		return "is neither yes nor no";
	return NULL;
}

/* A number of any unit, without bounds. */
static const char *
parse_unit(const struct ms_option *o, struct ms_str text, int64_t *number_out,
    int64_t *span_out, struct ms_buf *why)
{
	switch (o->type) {
	case MS_OPT_SIZE:
		return units_size(text, number_out, why);
	case MS_OPT_DURATION:
	case OPTION_DURATIONS:
		return units_duration(text, number_out, why);
	case MS_OPT_RATE:
		return units_rate(text, number_out, span_out, why);
	default:
		return units_int(text, number_out, why);
	}
}

__extension__ typedef __int128 wide;

/* a/b < c/d, of rates; of all else with spans of 0. */
static bool
is_less(int64_t count, int64_t span, int64_t other_count, int64_t other_span)
{
	wide left = count, right = other_count;

	if (span > 0 && other_span > 0) {
		left *= other_span;
		right *= span;
	}
	return left < right;
}

static const char *
check_bounds(struct parse *p)
{
	const struct ms_option *o = p->option;
	int64_t number, span = 0;

	if (o->minimum != NULL && parse_unit(o, ms_str_c(o->minimum), &number, &span,
	    p->why) == NULL && is_less(p->value->number, p->value->span_us, number, span)) {
		ms_buf_addf(p->why, "is less than %s, the least that is allowed",
		    o->minimum);
		return made_up(p);
	}
	span = 0;
	if (o->maximum != NULL && parse_unit(o, ms_str_c(o->maximum), &number, &span,
	    p->why) == NULL && is_less(number, span, p->value->number, p->value->span_us)) {
		ms_buf_addf(p->why, "is more than %s, the most that is allowed",
		    o->maximum);
		return made_up(p);
	}
	return NULL;
}

static const char *
parse_number(struct parse *p)
{
	const char *wrong;
	int64_t rank;

	/* A word in place of a number: threads = auto. */
	if (p->option->choices != NULL) {
		rank = rank_of(p);
		if (rank >= 0) {
			p->value->number = -1 - rank;
			return NULL;
		}
	}
	wrong = parse_unit(p->option, p->value->text, &p->value->number, &p->value->span_us,
	    p->why);
	return wrong != NULL ? wrong : check_bounds(p);
}

static const char *
parse_path(struct parse *p)
{
	const char *slash = strrchr(p->value->at.file, '/');
	struct ms_str directory = ms_str_of(p->value->at.file,
	    slash == NULL ? 0 : (size_t)(slash - p->value->at.file) + 1);

	if (p->value->text.len == 0)
		return "is no path";
	if (p->value->text.data[0] != '/' && directory.len > 0)
		p->value->text = ms_arena_printf(p->arena, "%.*s%.*s", (int)directory.len,
		    directory.data, (int)p->value->text.len, p->value->text.data);
	return NULL;
}

/* A relative file: is relative to the configuration, like any path. */
static const char *
parse_secret(struct parse *p)
{
	static const struct ms_str file = MS_STR("file:"), env = MS_STR("env:");
	struct ms_str whole = p->value->text;
	const char *wrong;

	if (ms_str_has_prefix(whole, env))
		return whole.len > env.len ? NULL : "names no variable after \"env:\"";
	if (!ms_str_has_prefix(whole, file))
		return NULL;
	p->value->text = ms_arena_str(p->arena, ms_str_from(whole, file.len));
	wrong = parse_path(p);
	p->value->text = ms_arena_printf(p->arena, "file:%s", p->value->text.data);
	return wrong != NULL ? "names no file after \"file:\"" : NULL;
}

static const char *
parse_host_name(struct parse *p)
{
	struct ms_str rest = p->value->text, label;

	if (rest.len == 0 || rest.len > MAX_HOST_NAME)
		return "is no host name";
	while (ms_str_split(&rest, '.', &label)) {
		/* RFC 1123 2.1 */
		if (label.len == 0 || label.len > 63 || label.data[0] == '-' ||
		    label.data[label.len - 1] == '-')
			return "is no host name: write the full name, as mx.example.org";
		for (size_t i = 0; i < label.len; i++) {
			char c = label.data[i];

			if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-'))
				return "is no host name: letters, digits, \"-\" and \".\" "
				    "alone (xn-- for others)";
		}
	}
	return NULL;
}

static const char *
parse_listen(struct parse *p)
{
	struct listen_address *e = ms_arena_alloc(p->arena, sizeof(*e));

	p->value->as.listen = e;
	return listen_address_parse(p->value->text, e);
}

static const char *
parse_network(struct parse *p)
{
	struct network *n = ms_arena_alloc(p->arena, sizeof(*n));

	p->value->as.network = n;
	return network_parse(p->value->text, n);
}

static const char *
parse_when(struct parse *p)
{
	struct when *w = ms_arena_alloc(p->arena, sizeof(*w));

	p->value->as.when = w;
	return when_parse(p->value->text, p->arena, w, p->why);
}

static const char *
parse_by_type(struct parse *p)
{
	switch (p->option->type) {
	case MS_OPT_INT:
	case MS_OPT_SIZE:
	case MS_OPT_DURATION:
	case MS_OPT_RATE:
	case OPTION_DURATIONS:
		return parse_number(p);
	case MS_OPT_BOOL:
		return parse_bool(p);
	case MS_OPT_CHOICE:
		return parse_choice(p);
	case MS_OPT_STRING_LIST:
		return p->option->choices != NULL ? parse_choice(p) : NULL;
	case MS_OPT_SECRET:
		return parse_secret(p);
	case OPTION_PATH:
	case OPTION_KEY_FILE:
		return parse_path(p);
	case OPTION_HOST_NAME:
		return parse_host_name(p);
	case OPTION_LISTEN:
		return parse_listen(p);
	case OPTION_NETWORKS:
		return parse_network(p);
	case OPTION_WHEN:
		return parse_when(p);
	default:
		return NULL;
	}
}

bool
value_parse(const struct ms_option *o, struct ms_str text, struct position at,
    struct ms_arena *arena, struct problems *problems, struct config_value *value_out)
{
	MS_AUTO_BUF struct ms_buf why = MS_BUF_MAX(1000);
	struct config_value value = { .text = text, .at = at };
	struct parse p = { o, arena, &value, &why };
	const char *wrong = parse_by_type(&p);

	if (wrong != NULL) {
		problems_error(problems, at, "option \"%s\": \"%.*s\" %s", o->name,
		    SHOWN(text), wrong);
		return false;
	}
	*value_out = value;
	return true;
}
