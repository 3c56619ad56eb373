/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/bus.h"
#include "base/facts.h"

Test(facts, are_seen_by_their_children_and_set_anew)
{
	struct ms_facts *parent = facts_new(NULL), *child = facts_new(parent);

	facts_set_c(parent, "client.address", "192.0.2.1");
	facts_set_c(child, "spf.result", "pass");
	cr_assert(ms_str_is(facts_get_c(child, "client.address"), "192.0.2.1"));
	cr_assert_null(facts_get_c(parent, "spf.result").data);
	facts_set_c(child, "client.address", "198.51.100.2");
	cr_assert(ms_str_is(facts_get_c(child, "client.address"), "198.51.100.2"));
	cr_assert(ms_str_is(facts_get_c(parent, "client.address"), "192.0.2.1"));
	facts_free(parent);	/* the child holds it */
	facts_set_c(child, "client.address", NULL);
	cr_assert(ms_str_is(facts_get_c(child, "client.address"), "192.0.2.1"),
	    "what is forgotten here is still known above");
	facts_free(child);
}

Test(facts, tell_the_empty_from_the_unknown)
{
	struct ms_facts *f = facts_new(NULL);

	facts_set_c(f, "tls.sni", "");
	cr_assert_not_null(facts_get_c(f, "tls.sni").data);
	cr_assert_eq(facts_get_c(f, "tls.sni").len, 0);
	cr_assert_null(facts_get_c(f, "tls.alpn").data);
	facts_free(f);
}

Test(facts, are_listed_by_prefix)
{
	struct ms_facts *f = facts_new(NULL);
	struct ms_field field;

	facts_set_c(f, "a.1", "x");
	facts_set_c(f, "b.1", "y");
	facts_set_c(f, "a.2", "z");
	cr_assert(facts_at(f, ms_str_c("a."), 1, &field));
	cr_assert(ms_str_is(field.value, "z"));
	cr_assert_not(facts_at(f, ms_str_c("a."), 2, &field));
	facts_free(f);
}

static ms_status
note_set(void *arg, struct ms_str name, struct ms_str value, struct ms_error *err)
{
	(void)name, (void)value, (void)err;
	(*(int *)arg)++;
	return MS_OK;
}

Test(facts, show_a_view_no_more_than_it_declared)
{
	static const char *const needs[] = { "spf.", "client.address", NULL };
	struct ms_facts *f = facts_new(NULL), *view;
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_field field;
	int sets = 0;

	facts_set_c(f, "spf.result", "pass");
	facts_set_c(f, "client.address", "192.0.2.1");
	facts_set_c(f, "auth.user", "ann");
	view = facts_view(arena, f, needs, note_set, &sets);
	cr_assert(ms_str_is(facts_get_c(view, "spf.result"), "pass"));
	cr_assert_null(facts_get_c(view, "auth.user").data);
	cr_assert(facts_at(view, ms_str_c(""), 1, &field));
	cr_assert_not(facts_at(view, ms_str_c(""), 2, &field));
	cr_assert_eq(facts_service.set(view, ms_str_c("x.y"), ms_str_c("z"), NULL), MS_OK);
	cr_assert_eq(sets, 1);
	cr_assert_null(facts_get_c(f, "x.y").data, "a view notes, it does not set");
	view = facts_view(arena, f, needs, NULL, NULL);
	cr_assert_eq(facts_service.set(view, ms_str_c("x.y"), ms_str_c("z"), NULL), MS_DENIED);
	ms_arena_free(arena);
	facts_free(f);
}

struct listener {
	struct subscriber s;
	int  n;
	char last[64];
};

static void
heard(struct subscriber *s, struct ms_str topic, struct ms_str data)
{
	struct listener *l = (struct listener *)s;

	(void)data;
	l->n++;
	snprintf(l->last, sizeof(l->last), "%.*s", (int)topic.len, topic.data);
}

Test(bus, reaches_the_topic_and_each_prefix_that_ends_in_a_slash)
{
	struct listener exact = { .s.heard = heard }, prefix = { .s.heard = heard },
	    all = { .s.heard = heard }, other = { .s.heard = heard };

	bus_subscribe(&exact.s, ms_str_c("mailbox/ann/1"));
	bus_subscribe(&prefix.s, ms_str_c("mailbox/ann/"));
	bus_subscribe(&all.s, ms_str_c("mailbox/"));
	bus_subscribe(&other.s, ms_str_c("mailbox/an"));
	bus_publish(ms_str_c("mailbox/ann/1"), ms_str_c("7"));
	bus_publish(ms_str_c("mailbox/ann/2"), ms_str_c("8"));
	cr_assert_eq(exact.n, 1);
	cr_assert_eq(prefix.n, 2);
	cr_assert_str_eq(prefix.last, "mailbox/ann/2");
	cr_assert_eq(all.n, 2);
	cr_assert_eq(other.n, 0);
	bus_unsubscribe(&prefix.s);
	bus_publish(ms_str_c("mailbox/ann/1"), ms_str_c("9"));
	cr_assert_eq(prefix.n, 2);
	cr_assert_eq(exact.n, 2);
	bus_unsubscribe(&exact.s);
	bus_unsubscribe(&all.s);
	bus_unsubscribe(&other.s);
}

Test(bus, keeps_thousands_of_topics_apart)
{
	static struct listener l[3000];
	char topic[32];

	for (int i = 0; i < 3000; i++) {
		l[i].s.heard = heard;
		snprintf(topic, sizeof(topic), "t/%d", i);
		bus_subscribe(&l[i].s, ms_str_c(topic));
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(topic, sizeof(topic), "t/%d", i);
		bus_publish(ms_str_c(topic), ms_str_c(""));
	}
	for (int i = 0; i < 3000; i++) {
		cr_assert_eq(l[i].n, 1);
		bus_unsubscribe(&l[i].s);
	}
}
