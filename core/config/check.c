/* SPDX-License-Identifier: ISC */
/* check.c - what refers to what, and what clashes, see tree.h */
#include "config/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mansio/filter.h>
#include <mansio/route.h>
#include <mansio/str.h>

#include "config/similar.h"

#define SHOWN(s)	(int)((s).len < 60 ? (s).len : 60), (s).data

static void
each_section(struct ms_config *s, struct config *c, struct problems *p,
    void (*check)(struct config *, struct ms_config *, struct problems *))
{
	check(c, s, p);
	for (uint32_t i = 0; i < s->nested.n; i++)
		each_section(s->nested.v[i], c, p, check);
}

/* ---- names that other sections have ---- */

/* "ms.mailbox/1" is "mailbox" to people. */
static struct ms_str
interface_word(const char *interface)
{
	static const struct ms_str ours = MS_STR("ms.");
	struct ms_str word = ms_str_c(interface);

	if (ms_str_has_prefix(word, ours))
		word = ms_str_from(word, ours.len);
	return ms_str_sub(word, 0, ms_str_find_octet(word, '/'));
}

static void
complain_instance(struct config *c, const struct config_entry *e,
    const struct config_value *v, struct problems *p)
{
	const char *interface = e->option->choices;
	struct ms_str kind = interface_word(interface);
	struct similar near = similar_to(v->text);
	MS_AUTO_BUF struct ms_buf known = MS_BUF_MAX(1000);
	uint32_t same = 0, offering = 0;
	const char *wrong_kind = NULL;

	for (uint32_t i = 0; i < c->instances.n; i++) {
		const struct ms_config *s = c->instances.v[i];
		struct ms_str name = section_name(s);

		if (s->schema->kind != CONFIG_INSTANCE)
			continue;
		if (section_interface(s, interface) == NULL) {
			if (ms_str_equal(name, v->text))
				wrong_kind = s->schema->keyword;
			continue;
		}
		same += ms_str_equal(name, v->text);
		similar_offer(&near, name);
		ms_buf_addf(&known, "%s\"%.*s\"", offering++ > 0 ? ", " : "", SHOWN(name));
	}
	if (same > 1)
		problems_error(p, v->at, "option \"%s\": several sections are called "
		    "\"%.*s\"; give them different titles", e->option->name,
		    SHOWN(v->text));
	else if (near.best.data != NULL)
		problems_error(p, v->at, "option \"%s\": there is no %.*s \"%.*s\"; did you "
		    "mean \"%.*s\"?", e->option->name, SHOWN(kind), SHOWN(v->text),
		    SHOWN(near.best));
	else if (wrong_kind != NULL)
		problems_error(p, v->at, "option \"%s\": \"%.*s\" is a %s, which offers no "
		    "%.*s", e->option->name, SHOWN(v->text), wrong_kind, SHOWN(kind));
	else
		problems_error(p, v->at, "option \"%s\": there is no %.*s \"%.*s\"; %s%s",
		    e->option->name, SHOWN(kind), SHOWN(v->text), offering > 0 ?
		    "there are: " : "write a section that offers one",
		    offering > 0 && ms_buf_ok(&known) ? known.data : "");
}

static void
complain_section(const struct config_sections *known, const char *what,
    const struct config_entry *e, const struct config_value *v, struct problems *p)
{
	struct similar near = similar_to(v->text);

	for (uint32_t i = 0; i < known->n; i++)
		similar_offer(&near, known->v[i]->title);
	if (near.best.data != NULL)
		problems_error(p, v->at, "option \"%s\": there is no %s \"%.*s\"; did you "
		    "mean \"%.*s\"?", e->option->name, what, SHOWN(v->text),
		    SHOWN(near.best));
	else
		problems_error(p, v->at, "option \"%s\": there is no %s \"%.*s\"; write "
		    "%s \"%.*s\" { ... }", e->option->name, what, SHOWN(v->text), what,
		    SHOWN(v->text));
}

static void
check_references(struct config *c, struct ms_config *s, struct problems *p)
{
	for (uint32_t i = 0; i < s->schema->n; i++) {
		struct config_entry *e = &s->entries[i];

		for (uint32_t j = 0; j < e->n; j++) {
			struct config_value *v = &e->values[j];

			if (e->option->type == OPTION_PIPELINE && v->text.len > 0) {
				if (config_find_pipeline(c, v->text) == NULL)
					complain_section(&c->pipelines, "pipeline", e, v, p);
			} else if (e->option->type == OPTION_TLS && v->text.len > 0) {
				if (config_find_tls(c, v->text) == NULL)
					complain_section(&c->tls, "tls", e, v, p);
			} else if (e->option->type == MS_OPT_BACKEND ||
			    e->option->type == OPTION_BACKENDS) {
				v->as.reference = config_find_instance(c, v->text,
				    e->option->choices);
				if (v->as.reference == NULL)
					complain_instance(c, e, v, p);
			}
		}
	}
}

/* ---- secrets ---- */

static void
check_file_mode(const char *path, const char *name, struct position at,
    struct problems *p)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		/* Who checks may have no right to look: the server does. */
		if (errno == ENOENT || errno == ENOTDIR)
			problems_error(p, at, "option \"%s\": there is no file %s", name,
			    path);
		return;
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		problems_error(p, at, "option \"%s\": everybody on this host can %s %s; "
		    "run: chmod o-rwx %s", name, (st.st_mode & S_IROTH) != 0 ? "read" :
		    "write", path, path);
}

static void
check_secret(const struct config_entry *e, const struct config_value *v,
    struct problems *p)
{
	static const struct ms_str file = MS_STR("file:"), env = MS_STR("env:");
	const char *name = e->option->name;

	if (v->text.len == 0)
		return;
	if (ms_str_has_prefix(v->text, file))
		check_file_mode(v->text.data + file.len, name, v->at, p);
	else if (ms_str_has_prefix(v->text, env)) {
		if (getenv(v->text.data + env.len) == NULL)
			problems_error(p, v->at, "option \"%s\": environment variable %s is "
			    "not set", name, v->text.data + env.len);
	} else
		problems_warning(p, v->at, "option \"%s\": a secret stands in the "
		    "configuration for all to read; write \"file:PATH\" or \"env:NAME\"",
		    name);
}

static void
check_secrets(struct config *c, struct ms_config *s, struct problems *p)
{
	(void)c;
	for (uint32_t i = 0; i < s->schema->n; i++) {
		struct config_entry *e = &s->entries[i];

		if (e->n == 0)
			continue;
		if (e->option->type == MS_OPT_SECRET)
			check_secret(e, &e->values[0], p);
		else if (e->option->type == OPTION_KEY_FILE)
			check_file_mode(e->values[0].text.data, e->option->name,
			    e->values[0].at, p);
	}
}

/* ---- listeners ---- */

struct listener {
	const struct ms_config    *section;
	const struct config_value *value;
	uint32_t                   number;
};

static int
compare_listeners(const void *left, const void *right)
{
	const struct listener *a = left, *b = right;
	const struct listen_address *x = a->value->as.listen, *y = b->value->as.listen;
	bool x_local = x->kind == LISTEN_UNIX, y_local = y->kind == LISTEN_UNIX;

	if (x_local != y_local)
		return x_local ? 1 : -1;
	if (x_local && !ms_str_equal(x->path, y->path))
		return ms_str_compare(x->path, y->path);
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Sorted by port or path: only neighbours can clash. */
static void
complain_clashes(struct listener *all, uint32_t n, struct problems *p)
{
	for (uint32_t i = 1; i < n; i++) {
		for (uint32_t j = i; j-- > 0; ) {
			const struct listen_address *a = all[j].value->as.listen;
			const struct listen_address *b = all[i].value->as.listen;
			MS_AUTO_BUF struct ms_buf first = MS_BUF_MAX(4200);

			if (a->port != b->port || (a->kind == LISTEN_UNIX) !=
			    (b->kind == LISTEN_UNIX))
				break;
			if (!listen_address_clashes(a, b)) {
				if (a->kind == LISTEN_UNIX)
					break;
				continue;
			}
			position_text(all[j].value->at, &first);
			problems_error(p, all[i].value->at, "\"%.*s\" is listened on "
			    "already: %s \"%.*s\" has \"%.*s\" at %s",
			    SHOWN(all[i].value->text), all[j].section->schema->keyword,
			    SHOWN(all[j].section->title), SHOWN(all[j].value->text),
			    ms_buf_ok(&first) ? first.data : "another place");
			break;
		}
	}
}

#define MAX_LISTENERS	10000

static void
check_listeners(struct config *c, struct problems *p)
{
	struct listener *all;
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->instances.n; i++)
		if (section_has(c->instances.v[i], "listen"))
			n += section_count(c->instances.v[i], "listen");
	if (n == 0)
		return;
	if (n > MAX_LISTENERS) {
		problems_error(p, (struct position){ c->path, 0, 0 },
		    "more than %d listeners", MAX_LISTENERS);
		return;
	}
	all = calloc(n, sizeof(*all));
	if (all == NULL)
		abort();
	n = 0;
	for (uint32_t i = 0; i < c->instances.n; i++) {
		struct ms_config *s = c->instances.v[i];

		for (uint32_t j = 0; section_has(s, "listen") &&
		    section_listen(s, "listen", j) != NULL; j++) {
			all[n].section = s;
			for (uint32_t k = 0; k < s->schema->n; k++)
				if (strcmp(s->entries[k].option->name, "listen") == 0)
					all[n].value = &s->entries[k].values[j];
			all[n].number = n;
			n++;
		}
	}
	qsort(all, n, sizeof(*all), compare_listeners);
	complain_clashes(all, n, p);
	free(all);
}

/* A listener that speaks TLS needs a certificate. */
static void
check_certificates(struct config *c, struct ms_config *s, struct problems *p)
{
	const struct ms_config *tls;
	const struct listen_address *e;

	(void)c;
	if (s->schema->kind != CONFIG_INSTANCE || !section_has(s, "listen") ||
	    config_tls_of(s) != NULL)
		return;
	tls = section_nested(s, "tls", 0);
	/* One that names a section which is not there was complained about. */
	if (tls != NULL && section_string(tls, "use").len > 0)
		return;
	for (uint32_t i = 0; (e = section_listen(s, "listen", i)) != NULL; i++)
		if (e->tls) {
			problems_error(p, section_option_position(s, "listen"),
			    "\"%s\" needs a certificate: write tls \"default\" "
			    "{ cert = ... key = ... }", section_item(s, "listen", i).data);
			return;
		}
	if (tls != NULL && section_is_set(tls, "mode") &&
	    !ms_str_is(section_string(tls, "mode"), "none"))
		problems_error(p, section_option_position(tls, "mode"), "mode = %s needs a "
		    "certificate: write tls \"default\" { cert = ... key = ... }",
		    section_c(tls, "mode"));
}

/* ---- pipelines and the rest ---- */

static void
check_pipelines(struct config *c, struct problems *p)
{
	for (uint32_t i = 0; i < c->pipelines.n; i++) {
		const struct ms_config *pipeline = c->pipelines.v[i], *route = NULL;

		for (uint32_t j = 0; j < pipeline->nested.n; j++) {
			const struct ms_config *stage = pipeline->nested.v[j];

			if (section_interface(stage, MS_FILTER_ID) == NULL)
				route = stage;
			else if (route != NULL)
				problems_error(p, stage->at, "the filter \"%s\" stands after "
				    "the route \"%s\"; a pipeline is filters, then routes",
				    stage->schema->keyword, route->schema->keyword);
		}
	}
}

#define MAX_RETRIES	16	/* the last one repeats */

static void
check_queue(struct config *c, struct problems *p)
{
	uint32_t queues = 0, retries;

	if (c->queue == NULL)
		return;
	retries = section_count(c->queue, "retry");
	if (section_is_set(c->queue, "retry") && (retries == 0 || retries > MAX_RETRIES))
		problems_error(p, section_option_position(c->queue, "retry"), "option "
		    "\"retry\" has %u times; write 1 to %d", retries, MAX_RETRIES);
	if (section_count(c->queue, "backend") > 0)
		return;
	for (uint32_t i = 0; i < c->instances.n; i++)
		queues += section_interface(c->instances.v[i], "ms.queue/1") != NULL;
	if (queues > 1)
		problems_error(p, c->queue->at, "there are %u queues: write queue "
		    "{ backend = NAME }", queues);
}

static int
compare_directories(const void *left, const void *right)
{
	const struct ms_config *a = *(struct ms_config *const *)left;
	const struct ms_config *b = *(struct ms_config *const *)right;
	int order = strcmp(a->directory, b->directory);

	if (order != 0)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Two instances in one directory would destroy each other's data: one without
   a title beside one called "default". */
static void
check_directories(struct config *c, struct problems *p)
{
	struct ms_config **sorted;

	if (c->instances.n < 2)
		return;
	sorted = calloc(c->instances.n, sizeof(struct ms_config *));
	if (sorted == NULL)
		abort();
	memcpy(sorted, c->instances.v, c->instances.n * sizeof(struct ms_config *));
	qsort(sorted, c->instances.n, sizeof(struct ms_config *), compare_directories);
	for (uint32_t i = 1; i < c->instances.n; i++)
		if (strcmp(sorted[i]->directory, sorted[i - 1]->directory) == 0 &&
		    (sorted[i]->parent != sorted[i - 1]->parent ||
		    !ms_str_equal(sorted[i]->title, sorted[i - 1]->title)))
			problems_error(p, sorted[i]->at, "its data would lie in %s, with "
			    "that of the %s at line %u; give it another title",
			    sorted[i]->directory, sorted[i]->schema->keyword,
			    sorted[i - 1]->at.line);
	free(sorted);
}

static void
check_root(struct config *c, struct problems *p)
{
	if (section_number(c->root, "workers") != 0)
		problems_error(p, section_option_position(c->root, "workers"),
		    "option \"workers\": \"separate\" comes with a later release; only "
		    "\"single\" is available yet");
}

static void
check_log(struct config *c, struct problems *p)
{
	static const struct ms_str file = MS_STR("file:"), syslog = MS_STR("syslog:"),
	    journald = MS_STR("journald:"), standard = MS_STR("stderr:");
	struct ms_str to;

	if (c->log == NULL || section_count(c->log, "to") == 0)
		return;
	to = section_string(c->log, "to");
	if ((ms_str_has_prefix(to, file) && to.len > file.len && to.data[file.len] == '/') ||
	    ms_str_has_prefix(to, syslog) || ms_str_equal(to, journald) ||
	    ms_str_equal(to, standard))
		return;
	problems_error(p, section_option_position(c->log, "to"), "option \"to\": \"%.*s\" is "
	    "no place for a log: write \"file:/PATH\", \"syslog:mail\", \"journald:\" or "
	    "\"stderr:\"", SHOWN(to));
}

void
check_run(struct config *c, struct problems *problems)
{
	struct ms_config *root = (struct ms_config *)(uintptr_t)c->root;

	check_root(c, problems);
	check_log(c, problems);
	each_section(root, c, problems, check_references);
	each_section(root, c, problems, check_secrets);
	each_section(root, c, problems, check_certificates);
	check_listeners(c, problems);
	check_directories(c, problems);
	check_pipelines(c, problems);
	check_queue(c, problems);
}
