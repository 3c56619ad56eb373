/* SPDX-License-Identifier: ISC */
/* facts.c - ms.facts/1; within ms_mock_judge() only what the stage declared */
#include "internal.h"

#define MAX_NAME	100
#define MAX_VALUE	(64 * 1024)

struct fact {
	struct fact  *next;
	struct ms_str name, value;	/* data NULL: forgotten */
};

struct ms_facts {
	struct world    *world;
	struct ms_facts *parent;
	struct fact     *first;
};

struct ms_facts *
facts_new(struct world *w, struct ms_facts *parent)
{
	struct ms_facts *f = ms_arena_alloc(w->arena, sizeof(*f));

	f->world = w;
	f->parent = parent;
	return f;
}

static bool
is_declared(const char *const *names, struct ms_str name)
{
	for (; names != NULL && *names != NULL; names++) {
		struct ms_str n = ms_str_c(*names);

		/* "spf." is a whole family. */
		if (n.len > 0 && n.data[n.len - 1] == '.' ?
		    ms_str_has_prefix(name, n) : ms_str_equal(name, n))
			return true;
	}
	return false;
}

static struct fact *
find(const struct ms_facts *f, struct ms_str name)
{
	struct fact *x = f->first;

	while (x != NULL && !ms_str_equal(x->name, name))
		x = x->next;
	return x;
}

static struct ms_str
look_up(const struct ms_facts *f, struct ms_str name)
{
	for (; f != NULL; f = f->parent) {
		const struct fact *x = find(f, name);

		if (x != NULL && x->value.data != NULL)
			return x->value;
	}
	return ms_str_of(NULL, 0);
}

struct ms_str
facts_get(const struct ms_facts *f, const char *name)
{
	return look_up(f, ms_str_c(name));
}

void
facts_put(struct ms_facts *f, struct ms_str name, struct ms_str value)
{
	struct ms_arena *a = f->world->arena;
	struct fact *x = find(f, name);

	if (x == NULL) {
		struct fact **at = &f->first;

		x = ms_arena_alloc(a, sizeof(*x));
		x->name = ms_arena_str(a, name);
		while (*at != NULL)
			at = &(*at)->next;
		*at = x;
	}
	x->value = value.data != NULL ? ms_arena_str(a, value) : ms_str_of(NULL, 0);
}

static struct ms_str
service_get(const struct ms_facts *f, struct ms_str name)
{
	const struct ms_filter_plan *plan = f->world->judging;

	if (plan != NULL && !is_declared(plan->needs, name))
		mock_die("the filter reads the fact %.*s, which its plan does not need",
		    (int)name.len, name.data);
	return look_up(f, name);
}

static ms_status
service_set(struct ms_facts *f, struct ms_str name, struct ms_str value,
    struct ms_error *err)
{
	const struct ms_filter_plan *plan = f->world->judging;

	if (name.len == 0 || name.len > MAX_NAME || value.len > MAX_VALUE)
		mock_die("a fact needs a name of 1 to %d octets and at most %d octets",
		    MAX_NAME, MAX_VALUE);
	(void)err;
	if (plan != NULL && !is_declared(plan->gives, name))
		mock_die("the filter sets the fact %.*s, which its plan does not give",
		    (int)name.len, name.data);
	facts_put(f, name, value);
	return MS_OK;
}

static uint32_t
service_at(const struct ms_facts *f, struct ms_str prefix, uint32_t i,
    struct ms_field *field_out)
{
	const struct ms_filter_plan *plan = f->world->judging;

	for (; f != NULL; f = f->parent)
		for (const struct fact *x = f->first; x != NULL; x = x->next)
			if (x->value.data != NULL && ms_str_has_prefix(x->name, prefix) &&
			    (plan == NULL || is_declared(plan->needs, x->name)) &&
			    i-- == 0) {
				*field_out = (struct ms_field){ x->name, x->value };
				return 1;
			}
	return 0;
}

const struct ms_facts_api mock_facts_service = {
	.size = sizeof(mock_facts_service), .get = service_get,
	.set = service_set, .at = service_at,
};
