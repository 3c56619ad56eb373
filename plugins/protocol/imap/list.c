/* SPDX-License-Identifier: ISC */
/*
 * list.c - see list.h
 *
 * All names of the account (or of the branch that the pattern points to) are
 * read first: what a line says of a mailbox depends on those below it.
 */
#include "list.h"

#include <stdlib.h>

#include <mansio/str.h>

#include "boxes.h"
#include "capability.h"
#include "names.h"
#include "respond.h"
#include "status.h"

#define BOXES_A_PAGE	500
#define MAX_BOXES	200000
#define MAX_PATTERNS	64

enum {	/* selection options, and return options */
	SELECT_SUBSCRIBED  = 1, SELECT_SPECIAL_USE = 2, SELECT_RECURSIVE = 4,
	SELECT_REMOTE      = 8,
	RETURN_SUBSCRIBED  = 16, RETURN_CHILDREN = 32, RETURN_STATUS = 64
};

struct entry {
	struct ms_str        name;
	const struct ms_box *box;	/* NULL: no such mailbox */
	bool is_subscribed, has_children;
	bool matches, meets;
	bool meets_below;	/* one below it meets the criteria */
	bool hides_below;	/* and one of them does not match */
};

struct list {
	bool                   is_lsub;
	bool                   is_extended;
	bool                   wants_root;	/* LIST "" "" */
	uint32_t               options;
	uint32_t               status_items;
	struct ms_str          reference;
	struct ms_str          texts[MAX_PATTERNS];
	const struct pattern  *patterns[MAX_PATTERNS];
	size_t                 n_patterns;
	struct entry          *entries;		/* by name */
	size_t                 n, room;
	size_t                 at;		/* next to be told */
};

/* ---- parsing -------------------------------------------------------------------- */

static bool
parse_options(struct parse *p, struct list *l, bool is_return)
{
	if (!parse_octet(p, '('))
		return false;
	while (parse_peek(p) != ')') {
		if (parse_word(p, "SUBSCRIBED"))
			l->options |= is_return ? RETURN_SUBSCRIBED :
			    SELECT_SUBSCRIBED | RETURN_SUBSCRIBED;
		else if (parse_word(p, "SPECIAL-USE"))
			l->options |= is_return ? 0 : SELECT_SPECIAL_USE;
		else if (!is_return && parse_word(p, "RECURSIVEMATCH"))
			l->options |= SELECT_RECURSIVE;
		else if (!is_return && parse_word(p, "REMOTE"))
			l->options |= SELECT_REMOTE;
		else if (is_return && parse_word(p, "CHILDREN"))
			l->options |= RETURN_CHILDREN;
		else if (is_return && parse_word(p, "STATUS") &&
		    parse_space(p) && status_parse_items(p, &l->status_items))
			l->options |= RETURN_STATUS;
		else
			return false;
		if (parse_peek(p) != ')' && !parse_space(p))
			return false;
	}
	return parse_octet(p, ')');
}

static bool
parse_patterns(struct parse *p, struct list *l)
{
	if (!parse_octet(p, '(')) {
		l->n_patterns = 1;
		return parse_list_mailbox(p, &l->texts[0]);
	}
	l->is_extended = true;
	do
		if (l->n_patterns == MAX_PATTERNS ||
		    !parse_list_mailbox(p, &l->texts[l->n_patterns++]))
			return false;
	while (parse_space(p));
	return parse_octet(p, ')');
}

static bool
parse(struct command *c, bool is_lsub)
{
	struct list *l = ms_arena_alloc(c->arena, sizeof(*l));
	struct parse *p = &c->parse;

	c->state = l;
	l->is_lsub = is_lsub;
	if (!parse_space(p))
		return false;
	if (!is_lsub && parse_peek(p) == '(') {
		l->is_extended = true;
		if (!parse_options(p, l, false) || !parse_space(p))
			return false;
	}
	if (!parse_astring(p, &l->reference) || !parse_space(p) ||
	    !parse_patterns(p, l))
		return false;
	if (!is_lsub && parse_space(p)) {
		l->is_extended = true;
		if (!parse_word(p, "RETURN") || !parse_space(p) ||
		    !parse_options(p, l, true))
			return false;
	}
	if (is_lsub) {
		l->options = SELECT_SUBSCRIBED;
		if (l->is_extended)
			return false;
	}
	/* RFC 5258 3.1: alone, it selects nothing. */
	if ((l->options & SELECT_RECURSIVE) &&
	    !(l->options & (SELECT_SUBSCRIBED | SELECT_SPECIAL_USE)))
		return false;
	l->wants_root = !l->is_extended && !is_lsub && l->texts[0].len == 0;
	return parse_is_end(p);
}

bool
list_parse(struct command *c)
{
	return parse(c, false);
}

bool
lsub_parse(struct command *c)
{
	return parse(c, true);
}

/* ---- gathering ------------------------------------------------------------------- */

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return ms_str_compare(x->name, y->name);
}

static struct entry *
find(const struct list *l, struct ms_str name)
{
	const struct entry key = { .name = name };

	return l->n == 0 ? NULL : bsearch(&key, l->entries, l->n,
	    sizeof(key), compare_entries);
}

static struct entry *
add(struct command *c, struct list *l, struct ms_str name)
{
	if (l->n == l->room) {
		size_t room = l->room == 0 ? 64 : l->room * 2;
		struct entry *grown = ms_arena_array(c->arena, room,
		    sizeof(*grown));

		if (l->n > 0)
			memcpy(grown, l->entries, l->n * sizeof(*grown));
		l->entries = grown;
		l->room = room;
	}
	l->entries[l->n] = (struct entry){ .name = name };
	return &l->entries[l->n++];
}

/* The branch that holds all that can match: "a" for "a/%". */
static struct ms_str
branch(const struct list *l)
{
	struct ms_str prefix = ms_str_of("", 0);
	size_t at;

	if (l->n_patterns != 1 || l->patterns[0] == NULL)
		return prefix;
	prefix = pattern_prefix(l->patterns[0]);
	at = ms_str_find_last(prefix, '/');
	return ms_str_of(prefix.data, at == SIZE_MAX ? 0 : at);
}

static ms_status
read_boxes(struct command *c, struct list *l, struct ms_error *err)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_scope(c);
	struct ms_str name = branch(l), after = { "", 0 };

	for (;;) {
		struct ms_boxes page = { .size = sizeof(page) };
		ms_status st = self->mailbox->list(self->backend.self, &scope,
		    c->session->account, name,
		    (l->options & RETURN_STATUS) != 0, 0, after, BOXES_A_PAGE,
		    &page, err);

		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
		if (st == MS_NOTFOUND || page.n == 0)
			return MS_OK;
		for (uint32_t i = 0; i < page.n; i++)
			add(c, l, page.boxes[i]->name)->box = page.boxes[i];
		after = page.boxes[page.n - 1]->name;
		if (l->n > MAX_BOXES)
			return MS_LIMIT;
	}
}

static int
compare_ids(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return memcmp(&(*x)->box->id, &(*y)->box->id, sizeof((*x)->box->id));
}

struct by_id {
	struct entry **entries;
	size_t         n;
};

static struct entry *
find_id(const struct by_id *ids, const struct ms_id *id)
{
	size_t low = 0, high = ids->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = memcmp(&ids->entries[mid]->box->id, id,
		    sizeof(*id));

		if (order == 0)
			return ids->entries[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* A subscribed name without a mailbox, and the levels above it. */
static void
add_orphan(struct command *c, struct list *l, struct ms_str name)
{
	struct entry *e = find(l, name);
	struct ms_str at = name;

	if (e != NULL) {
		e->is_subscribed = true;
		return;
	}
	if (!name_is_within(name, branch(l)) && branch(l).len > 0)
		return;
	add(c, l, name)->is_subscribed = true;
	while (name_parent(at, &at))
		(void)add(c, l, at);
}

static void
sort_out_orphans(struct list *l)
{
	size_t n = 0;

	qsort(l->entries, l->n, sizeof(*l->entries), compare_entries);
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->entries[i];

		if (n == 0 || !ms_str_equal(l->entries[n - 1].name, e->name)) {
			l->entries[n++] = *e;
			continue;
		}
		if (e->box != NULL)
			l->entries[n - 1].box = e->box;
		l->entries[n - 1].is_subscribed |= e->is_subscribed;
	}
	l->n = n;
}

static ms_status
read_subscriptions(struct command *c, struct list *l, struct ms_error *err)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_scope(c);
	struct ms_str own = subscription_name(c, ms_str_of(NULL, 0));
	struct by_id ids = { .n = l->n };
	const struct ms_property *after = NULL;
	struct ms_str *orphans = NULL;
	size_t n_orphans = 0, room = 0;

	ids.entries = ms_arena_array(c->arena, l->n + 1,
	    sizeof(*ids.entries));
	for (size_t i = 0; i < l->n; i++)
		ids.entries[i] = &l->entries[i];
	qsort(ids.entries, ids.n, sizeof(*ids.entries), compare_ids);
	for (;;) {
		struct ms_properties page = { .size = sizeof(page) };
		ms_status st = self->mailbox->properties(self->backend.self,
		    &scope, c->session->account, NULL, own, 0, after,
		    BOXES_A_PAGE, &page, err);

		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
		if (st == MS_NOTFOUND || page.n == 0)
			break;
		for (uint32_t i = 0; i < page.n; i++) {
			const struct ms_property *p = page.properties[i];
			struct entry *e = find_id(&ids, &p->box);

			if (e != NULL && ms_str_equal(p->name, own))
				e->is_subscribed = true;
			if (e != NULL || p->name.len <= own.len + 1 ||
			    p->name.data[own.len] != '/')
				continue;
			if (n_orphans == room) {
				struct ms_str *grown;

				room = room == 0 ? 16 : room * 2;
				grown = ms_arena_array(c->arena, room,
				    sizeof(*grown));
				if (n_orphans > 0)
					memcpy(grown, orphans,
					    n_orphans * sizeof(*grown));
				orphans = grown;
			}
			orphans[n_orphans++] = ms_str_from(p->name,
			    own.len + 1);
		}
		after = page.properties[page.n - 1];
		if (n_orphans > MAX_BOXES)
			return MS_LIMIT;
	}
	/* The entries move when one is added: only now. */
	for (size_t i = 0; i < n_orphans; i++)
		add_orphan(c, l, orphans[i]);
	if (n_orphans > 0)
		sort_out_orphans(l);
	return MS_OK;
}

/* What each name says of those above it. */
static void
weigh(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->entries[i];

		for (size_t j = 0; j < l->n_patterns && !e->matches; j++)
			e->matches = l->patterns[j] != NULL &&
			    pattern_matches(l->patterns[j], e->name);
		e->meets = !(l->options & SELECT_SUBSCRIBED) ||
		    e->is_subscribed;
		if ((l->options & SELECT_SPECIAL_USE) &&
		    (e->box == NULL || e->box->special_use.len == 0))
			e->meets = false;
		if (e->box == NULL && !(l->options & SELECT_SUBSCRIBED))
			e->meets = false;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->entries[i], *above;
		struct ms_str name = e->name;

		while (name_parent(name, &name)) {
			if ((above = find(l, name)) == NULL)
				continue;
			above->has_children |= e->box != NULL;
			above->meets_below |= e->meets;
			above->hides_below |= e->meets && !e->matches;
		}
	}
}

/* ---- telling ----------------------------------------------------------------------- */

static void
put_attribute(struct command *c, const char **space, const char *text)
{
	respond_text(c, *space);
	respond_text(c, text);
	*space = " ";
}

static void
put_entry(struct command *c, const struct list *l, const struct entry *e)
{
	bool recursive = l->options & SELECT_RECURSIVE;
	const char *space = "";

	respond_text(c, l->is_lsub ? "* LSUB (" : "* LIST (");
	if (e->box == NULL)
		put_attribute(c, &space, l->is_lsub ? "\\Noselect" :
		    "\\NonExistent");
	else if ((e->box->flags & MS_BOX_NOSELECT) ||
	    (l->is_lsub && !e->is_subscribed))
		/* RFC 3501 6.3.9: only what is below it is subscribed. */
		put_attribute(c, &space, "\\Noselect");
	if (!l->is_lsub) {
		if (e->is_subscribed && (l->options & RETURN_SUBSCRIBED))
			put_attribute(c, &space, "\\Subscribed");
		put_attribute(c, &space, e->has_children ? "\\HasChildren" :
		    "\\HasNoChildren");
		if (e->box != NULL && e->box->special_use.len > 0) {
			respond_text(c, space);
			respond_str(c, e->box->special_use);
		}
	}
	respond_text(c, ") \"/\" ");
	respond_mailbox(c, e->name);
	if (recursive && e->meets_below) {
		respond_text(c, " (\"CHILDINFO\" (");
		if (l->options & SELECT_SUBSCRIBED)
			respond_text(c, "\"SUBSCRIBED\"");
		else
			respond_text(c, "\"SPECIAL-USE\"");
		respond_text(c, "))");
	}
	respond_text(c, "\r\n");
	if ((l->options & RETURN_STATUS) && e->box != NULL &&
	    !(e->box->flags & MS_BOX_NOSELECT))
		status_put(c, e->box, l->status_items);
}

static bool
gather(struct command *c, struct list *l)
{
	struct session *s = c->session;
	struct ms_error err = { .size = sizeof(err) };
	ms_status st;

	for (size_t i = 0; i < l->n_patterns; i++)
		/* RFC 5258 3.: an empty one is ignored in the extended form. */
		if (l->texts[i].len > 0)
			l->patterns[i] = pattern_new(c->arena,
			    s->enabled & ENABLED_UTF8, l->reference,
			    l->texts[i]);
	if (status_has_modseq(l->status_items))
		enable_condstore(c);
	st = read_boxes(c, l, &err);
	if (st == MS_OK &&
	    (l->options & (SELECT_SUBSCRIBED | RETURN_SUBSCRIBED)))
		st = read_subscriptions(c, l, &err);
	if (st != MS_OK) {
		reply_status(c, st, &err);
		return false;
	}
	weigh(l);
	return true;
}

enum progress
list_run(struct command *c)
{
	struct list *l = c->state;

	if (l->wants_root) {
		respond_text(c, "* LIST (\\Noselect) \"/\" \"\"\r\n");
		reply(c, REPLY_OK, NULL, "LIST completed");
		return PROGRESS_DONE;
	}
	if (c->phase++ == 0 && !gather(c, l))
		return PROGRESS_DONE;
	while (l->at < l->n) {
		const struct entry *e = &l->entries[l->at++];

		if (e->matches && (e->meets || (e->hides_below &&
		    (l->is_lsub || (l->options & SELECT_RECURSIVE)))))
			put_entry(c, l, e);
		if (respond_is_full(c))
			return command_wait_output(c);
	}
	reply(c, REPLY_OK, NULL, "%s completed", c->verb->name);
	return PROGRESS_DONE;
}
