/* SPDX-License-Identifier: ISC */
/* test_alias.c - where recipients go by the directory */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/buf.h>
#include <mansio/directory.h>
#include <mansio/mock.h>
#include <mansio/route.h>

#include "plugins/load.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static struct ms_mock *
start(const char *option, const char *value)
{
	struct ms_mock *m = ms_mock_new(load_plugin("alias"));

	ms_mock_option(m, "deliver", "local");
	if (option != NULL)
		ms_mock_option(m, option, value);
	ms_mock_entry(m, MS_ENTRY_DOMAIN, "example.org", "");
	ms_mock_entry(m, MS_ENTRY_DOMAIN, "zoo.example", "");
	ms_mock_entry(m, MS_ENTRY_USER, "ann@example.org", "");
	ms_mock_entry(m, MS_ENTRY_USER, "bob@example.org", "account=robert@example.org");
	ms_mock_entry(m, MS_ENTRY_USER, "Zoe@example.org", "");
	ms_mock_entry(m, MS_ENTRY_ALIAS, "sales@example.org",
	    "target=ann@example.org; target=cyd@example.net");
	ms_mock_entry(m, MS_ENTRY_ALIAS, "ann@example.org",
	    "target=ann@example.org; target=copy@example.net");
	ms_mock_entry(m, MS_ENTRY_ALIAS, "postmaster@example.org", "target=bob@example.org");
	ms_mock_entry(m, MS_ENTRY_ALIAS, "empty@example.org", "note=nobody");
	ms_mock_entry(m, MS_ENTRY_ALIAS, "@zoo.example", "target=keeper@example.org");
	(void)ms_mock_create(m);
	return m;
}

/* "deliver ann@example.org", "expand a b*", "pass", "refuse 5.1.1"; a star: the
   recipient is final. */
static const char *
ask(struct ms_mock *m, const char *path, uint32_t flags)
{
	static char said[1000];
	const struct ms_route *route = load_plugin("alias")->interface(MS_ROUTE_ID);
	const struct ms_recipient r = { .size = sizeof(r), .path = ms_str_c(path),
		.flags = flags, .notify = MS_NOTIFY_DELAY,
		.original = MS_STR("rfc822;x@example.org") };
	struct ms_route_answer answer = { .size = sizeof(answer) };
	struct ms_error err = { .size = sizeof(err) };
	struct ms_buf b = MS_BUF_MAX(sizeof(said) - 1);
	ms_status st = route->resolve(ms_mock_instance(m), ms_mock_scope(m, 0), NULL, &r,
	    &answer, &err);

	switch (answer.action) {
	case MS_ROUTE_PASS:
		ms_buf_addf(&b, "pass%s", st == MS_OK ? "" : " failed");
		break;
	case MS_ROUTE_DELIVER:
		cr_assert_eq(st, MS_OK);
		ms_buf_addf(&b, "%.*s %.*s", (int)answer.delivery.len, answer.delivery.data,
		    (int)answer.account.len, answer.account.data);
		break;
	case MS_ROUTE_REFUSE:
		cr_assert_lt(st, 0, "a refusal needs a status");
		ms_buf_addf(&b, "refuse %s", err.enhanced);
		break;
	default:
		cr_assert_eq(st, MS_OK);
		ms_buf_add_c(&b, "expand");
		for (uint32_t i = 0; i < answer.n; i++) {
			const struct ms_recipient *to = answer.recipients[i];

			ms_buf_addf(&b, " %.*s%s", (int)to->path.len, to->path.data,
			    to->flags & MS_RECIPIENT_FINAL ? "*" : "");
			/* RFC 3461 5.2.7.1: what the sender asked for goes along. */
			cr_assert_eq(to->notify, MS_NOTIFY_DELAY);
			cr_assert(ms_str_is(to->original, "rfc822;x@example.org"));
		}
	}
	snprintf(said, sizeof(said), "%.*s", (int)b.len, b.data);
	ms_buf_free(&b);
	return said;
}

static const struct { const char *path; uint32_t flags; const char *want; } routes[] = {
	/* users */
	{ "bob@example.org", 0, "local robert@example.org" },
	{ "bob@EXAMPLE.org", 0, "local robert@example.org" },
	{ "BOB@example.org", 0, "local robert@example.org" },
	{ "Zoe@example.org", 0, "local Zoe@example.org" },
	/* sub-addresses */
	{ "bob+lists@example.org", 0, "local robert@example.org" },
	{ "Bob+Lists+more@example.org", 0, "local robert@example.org" },
	{ "sales+x@example.org", 0, "expand ann@example.org cyd@example.net" },
	{ "+x@example.org", 0, "refuse 5.1.1" },
	/* aliases, and one that names itself: it is not expanded again */
	{ "sales@example.org", 0, "expand ann@example.org cyd@example.net" },
	{ "SALES@example.org", 0, "expand ann@example.org cyd@example.net" },
	{ "ann@example.org", 0, "expand ann@example.org* copy@example.net" },
	{ "ann@example.org", MS_RECIPIENT_FINAL, "local ann@example.org" },
	{ "empty@example.org", 0, "refuse 5.1.1" },
	/* RFC 5321 4.1.1.3 */
	{ "postmaster", 0, "expand bob@example.org" },
	{ "PostMaster", 0, "expand bob@example.org" },
	{ "postmaster@example.org", 0, "expand bob@example.org" },
	/* the catch-all */
	{ "lion@zoo.example", 0, "expand keeper@example.org" },
	{ "lion+cub@zoo.example", 0, "expand keeper@example.org" },
	/* nobody, no address, and what is not ours */
	{ "nobody@example.org", 0, "refuse 5.1.1" },
	{ "nonsense", 0, "refuse 5.1.3" }, { "a@b@c", 0, "refuse 5.1.3" },
	{ "", 0, "refuse 5.1.3" },
	{ "ann@example.net", 0, "pass" }, { "ann@sub.example.org", 0, "pass" },
};

ParameterizedTestParameters(alias, sends_recipients_where_the_directory_says)
{
	static size_t index[N_ELEMENTS(routes)];

	for (size_t i = 0; i < N_ELEMENTS(routes); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(routes));
}

ParameterizedTest(size_t *i, alias, sends_recipients_where_the_directory_says)
{
	struct ms_mock *m = start(NULL, NULL);
	const char *got = ask(m, routes[*i].path, routes[*i].flags);

	cr_assert_str_eq(got, routes[*i].want, "%s: %s", routes[*i].path, got);
	ms_mock_free(m);
}

Test(alias, passes_the_unknown_on_where_told_to)
{
	struct ms_mock *m = start("unknown", "pass");

	cr_assert_str_eq(ask(m, "nobody@example.org", 0), "pass");
	cr_assert_str_eq(ask(m, "bob@example.org", 0), "local robert@example.org");
	ms_mock_free(m);
}

Test(alias, knows_other_delimiters_and_none)
{
	struct ms_mock *m = start("delimiter", "--");

	cr_assert_str_eq(ask(m, "bob--x@example.org", 0), "local robert@example.org");
	cr_assert_str_eq(ask(m, "bob+x@example.org", 0), "refuse 5.1.1");
	ms_mock_free(m);
	m = start("delimiter", "");
	cr_assert_str_eq(ask(m, "bob+x@example.org", 0), "refuse 5.1.1");
	ms_mock_free(m);
}

/* A directory that is away must not look like one that knows nobody. */
static ms_status
away(struct ms_instance *self, const struct ms_scope *scope, uint32_t kind,
    struct ms_str key, struct ms_entry *entry, struct ms_error *err)
{
	(void)self, (void)scope, (void)kind, (void)key, (void)entry, (void)err;
	return MS_TEMPFAIL;
}

Test(alias, fails_for_now_while_the_directory_is_away)
{
	static const struct ms_directory table = { .size = sizeof(table), .lookup = away };
	struct ms_mock *m = ms_mock_new(load_plugin("alias"));

	ms_mock_option(m, "deliver", "local");
	ms_mock_service(m, MS_DIRECTORY_ID, &table);
	(void)ms_mock_create(m);
	cr_assert_str_eq(ask(m, "bob@example.org", 0), "pass failed");
	ms_mock_free(m);
}

static ms_status
denied(struct ms_instance *self, const struct ms_scope *scope, uint32_t kind,
    struct ms_str key, struct ms_entry *entry, struct ms_error *err)
{
	(void)self, (void)scope, (void)kind, (void)key, (void)entry, (void)err;
	return MS_DENIED;
}

Test(alias, fails_for_now_whatever_keeps_the_directory_from_answering)
{
	static const struct ms_directory table = { .size = sizeof(table), .lookup = denied };
	const struct ms_route *route = load_plugin("alias")->interface(MS_ROUTE_ID);
	const struct ms_recipient r = { .size = sizeof(r), .path = MS_STR("bob@example.org") };
	struct ms_route_answer answer = { .size = sizeof(answer) };
	struct ms_mock *m = ms_mock_new(load_plugin("alias"));

	ms_mock_option(m, "deliver", "local");
	ms_mock_service(m, MS_DIRECTORY_ID, &table);
	(void)ms_mock_create(m);
	cr_assert_eq(route->resolve(ms_mock_instance(m), ms_mock_scope(m, 0), NULL, &r,
	    &answer, NULL), MS_TEMPFAIL, "a refusal would bounce queued mail");
	ms_mock_free(m);
}

Test(alias, leaves_out_no_target_of_a_long_list)
{
	enum { N = 1500 };
	const struct ms_route *route = load_plugin("alias")->interface(MS_ROUTE_ID);
	const struct ms_recipient r = { .size = sizeof(r), .path = MS_STR("all@example.org") };
	struct ms_route_answer answer = { .size = sizeof(answer) };
	struct ms_buf fields = MS_BUF_MAX(100000);
	struct ms_mock *m;

	m = start(NULL, NULL);
	for (int i = 0; i < N; i++)
		ms_buf_addf(&fields, "%starget=u%d@example.org", i > 0 ? "; " : "", i);
	ms_mock_entry(m, MS_ENTRY_ALIAS, "all@example.org", fields.data);
	cr_assert_eq(route->resolve(ms_mock_instance(m), ms_mock_scope(m, 0), NULL, &r,
	    &answer, NULL), MS_OK);
	cr_assert_eq(answer.n, N, "the core says whether it is too many, and aloud");
	ms_buf_free(&fields);
	ms_mock_free(m);
}
