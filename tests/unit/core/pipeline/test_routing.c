/* SPDX-License-Identifier: ISC */
#include "pipeline_world.h"
#include "pipeline/routing.h"

/* "x" expands by a table, "USER" is delivered, "no" is refused, else passed. */
static const struct { const char *from, *to[4]; } table[] = {
	{ "list@x", { "ann@x", "bob@x" } },
	{ "loop1@x", { "loop2@x" } }, { "loop2@x", { "loop1@x" } },
	{ "mixed@x", { "no@x", "ann@x" } },
	{ "dead@x", { "no@x" } },
	{ "unsure@x", { "later@x", "ann@x" } },
	{ "twice@x", { "ann@x", "ANN@x" } },
};

static ms_status
resolve(struct ms_instance *self, const struct ms_scope *s, struct ms_message *m,
    const struct ms_recipient *r, struct ms_route_answer *answer, struct ms_error *err)
{
	(void)self, (void)m;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (ms_str_equal(r->path, ms_str_c(table[i].from))) {
			const struct ms_recipient **list = ms_arena_array(s->arena, 4,
			    sizeof(*list));

			for (int k = 0; k < 4 && table[i].to[k] != NULL; k++) {
				struct ms_recipient *x = ms_arena_alloc(s->arena, sizeof(*x));

				*x = *r;
				x->path = ms_str_c(table[i].to[k]);
				list[answer->n++] = x;
			}
			answer->recipients = list;
			answer->action = MS_ROUTE_EXPAND;
			return MS_OK;
		}
	if (ms_str_is(r->path, "no@x")) {
		answer->action = MS_ROUTE_REFUSE;
		return ms_error_set(err, MS_NOTFOUND, "5.1.1", "nobody");
	}
	if (ms_str_is(r->path, "later@x"))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "away");
	if (ms_str_is_ci(r->path, "ann@x") || ms_str_is(r->path, "bob@x")) {
		answer->action = MS_ROUTE_DELIVER;
		answer->delivery = ms_str_c("here");
		answer->account = r->path;
	}
	if (ms_str_has_prefix(r->path, ms_str_c("deep"))) {
		struct ms_recipient *x = ms_arena_alloc(s->arena, sizeof(*x));
		const struct ms_recipient **list = ms_arena_array(s->arena, 1, sizeof(*list));

		*x = *r;
		x->path = ms_arena_printf(s->arena, "%.*sx", (int)r->path.len, r->path.data);
		list[0] = x;
		answer->recipients = list;
		answer->n = 1;
		answer->action = MS_ROUTE_EXPAND;
	}
	return MS_OK;
}

static const struct ms_route route = { .size = sizeof(route), .resolve = resolve };
static struct route_stage routes[] = { { .name = "table", .route = &route } };
static struct pipeline p = { .name = "t", .routes = routes, .n_routes = 1 };
static struct ms_error err;

static ms_status
ask(const char *path, struct target **targets)
{
	struct ms_recipient r = { .size = sizeof(r), .path = ms_str_c(path) };

	err = (struct ms_error)MS_ERROR_INIT;
	*targets = NULL;
	return routing_resolve(&scope.pub, &p, NULL, &r, targets, &err);
}

TestSuite(routing, .init = world_begin, .fini = world_end);

Test(routing, expands_a_list_to_each_member)
{
	struct target *t;

	cr_assert_eq(ask("list@x", &t), MS_OK);
	cr_assert(ms_str_is(t->path, "ann@x"));
	cr_assert(ms_str_is(t->next->path, "bob@x"));
	cr_assert_null(t->next->next);
}

static const struct { const char *path; ms_status status; const char *enhanced; } cases[] = {
	{ "loop1@x", MS_PERMFAIL, "5.4.6" }, { "deep@x", MS_PERMFAIL, "5.4.6" },
	{ "no@x", MS_NOTFOUND, "5.1.1" }, { "dead@x", MS_NOTFOUND, "5.1.1" },
	{ "stranger@y", MS_DENIED, "5.7.1" }, { "later@x", MS_TEMPFAIL, "4.3.0" },
	{ "unsure@x", MS_TEMPFAIL, "4.3.0" },
};

Test(routing, says_why_a_recipient_has_no_target)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target *t;

		cr_assert_eq(ask(cases[i].path, &t), cases[i].status, "%s", cases[i].path);
		cr_assert_str_eq(err.enhanced, cases[i].enhanced, "%s", cases[i].path);
		cr_assert_null(t);
	}
}

Test(routing, does_not_let_a_dead_member_keep_mail_from_the_others)
{
	struct target *t;

	cr_assert_eq(ask("mixed@x", &t), MS_OK);
	cr_assert(ms_str_is(t->path, "ann@x"));
	cr_assert_null(t->next);
}

Test(routing, asks_about_each_address_once)
{
	struct target *t;

	cr_assert_eq(ask("twice@x", &t), MS_OK);
	cr_assert_null(t->next);
}
