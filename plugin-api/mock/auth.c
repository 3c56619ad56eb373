/* SPDX-License-Identifier: ISC */
/* auth.c - ms.auth/1: PLAIN alone (RFC 4616), for the users that the test named;
   as in the core not in clear, but from the loopback */
#include "internal.h"

#include <mansio/error.h>

static const int auth_kind = 0;

struct ms_exchange {
	struct owned       owned;	/* first */
	struct ms_session *session;
	struct world      *world;
	struct ms_str      account;
	bool               is_over, gone;
};

struct outcome {
	struct ms_auth_step step;
	ms_status           status;
	struct ms_error     error;
};

static void
give_up_exchange(struct owned *owned)
{
	((struct ms_exchange *)owned)->gone = true;
}

static void
must_live(const struct ms_exchange *e)
{
	if (e == NULL || e->gone)
		mock_die("an exchange is used that %s", e == NULL ? "is NULL" :
		    "was dropped or has ended with its session");
}

struct ms_str
exchange_account(const struct ms_exchange *e)
{
	must_live(e);
	return e->account;
}

static bool
may_be_plain(const struct ms_session *s)
{
	struct ms_str address = facts_get(s->facts, "client.address");

	return facts_get(s->facts, "tls.version").len > 0 ||
	    ms_str_has_prefix(address, (struct ms_str)MS_STR("127.")) ||
	    ms_str_is(address, "::1");
}

static struct ms_str
service_mechanisms(const struct ms_scope *scope, struct ms_session *s)
{
	return ms_arena_str(scope->arena, ms_str_c(may_be_plain(s) ? "PLAIN" : ""));
}

static ms_status
service_begin(const struct ms_scope *scope, struct ms_session *s,
    struct ms_str mechanism, struct ms_exchange **exchange_out, struct ms_error *err)
{
	struct world *w = scope_mock(scope)->world;
	struct ms_exchange *e;

	if (!ms_str_is_ci(mechanism, "PLAIN"))
		return ms_error_set(err, MS_UNSUPPORTED, "5.5.4", "unknown mechanism");
	if (!may_be_plain(s))
		return ms_error_set(err, MS_DENIED, "5.7.11", "encryption required");
	e = ms_arena_alloc(w->arena, sizeof(*e));
	e->world = w;
	e->session = s;
	e->account = ms_str_of("", 0);
	e->owned.give_up = give_up_exchange;
	owner_join(scope_owner(scope), &e->owned);
	facts_put(s->facts, ms_str_c("auth.mechanism"), ms_str_c("PLAIN"));
	*exchange_out = e;
	return MS_OK;
}

static ms_status
check(struct ms_exchange *e, struct ms_str response, struct outcome *o)
{
	struct ms_str authzid, user;
	const struct canned_login *l = e->world->logins;

	e->is_over = true;
	if (response.len > 0 && (!ms_str_split(&response, '\0', &authzid) ||
	    !ms_str_split(&response, '\0', &user) || response.data == NULL ||
	    (authzid.len > 0 && !ms_str_equal(authzid, user))))
		return ms_error_set(&o->error, MS_INVALID, "5.5.2",
		    "not a response of this mechanism");
	while (l != NULL && (response.len == 0 || !ms_str_equal(l->user, user) ||
	    !ms_str_equal(l->password, response)))
		l = l->next;
	if (l == NULL)
		return ms_error_set(&o->error, MS_DENIED, "5.7.8", "authentication failed");
	e->account = l->account;
	o->step.done = 1;
	o->step.account = l->account;
	o->step.user = l->user;
	facts_put(e->session->facts, ms_str_c("auth.user"), l->user);
	return MS_OK;
}

static struct ms_op *
service_step(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str response)
{
	struct outcome *o;
	struct ms_op *op;

	must_live(e);
	if (e->is_over)
		mock_die("a step of an exchange that has ended");
	o = ms_arena_alloc(e->world->arena, sizeof(*o));
	o->error.size = sizeof(o->error);
	o->step = (struct ms_auth_step){ .size = sizeof(o->step), .challenge = MS_STR(""),
		.account = MS_STR(""), .user = MS_STR("") };
	/* Nothing was said yet: an empty challenge asks for it. */
	if (response.data != NULL)
		o->status = check(e, response, o);
	op = op_ended(scope, o->status, &o->error);
	op_set_payload(op, &auth_kind, o);
	return op;
}

static ms_status
service_result(struct ms_op *op, struct ms_auth_step *step, struct ms_error *err)
{
	const struct outcome *o = op_payload(op, &auth_kind);

	if (o->status != MS_OK)
		return ms_error_set(err, o->status, o->error.enhanced, "%s", o->error.text);
	step->done = o->step.done;
	step->challenge = o->step.challenge;
	step->account = o->step.account;
	step->user = o->step.user;
	return MS_OK;
}

static void
service_drop(struct ms_exchange *e)
{
	if (e == NULL)
		return;
	must_live(e);
	owner_leave(&e->owned);
	e->gone = true;
}

const struct ms_auth mock_auth_service = {
	.size = sizeof(mock_auth_service), .mechanisms = service_mechanisms,
	.begin = service_begin, .step = service_step, .result = service_result,
	.drop = service_drop,
};

void
ms_mock_login(struct ms_mock *m, const char *user, const char *password,
    const char *account)
{
	struct ms_arena *a = m->world->arena;
	struct canned_login *l = ms_arena_alloc(a, sizeof(*l));

	l->user = ms_arena_str(a, ms_str_c(user));
	l->password = ms_arena_str(a, ms_str_c(password));
	l->account = ms_arena_str(a, ms_str_c(account));
	l->next = m->world->logins;
	m->world->logins = l;
}
