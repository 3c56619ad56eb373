/* SPDX-License-Identifier: ISC */
/* auth.c - see auth.h */
#include "auth/auth.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "auth/exchange.h"
#include "auth/penalty.h"
#include "auth/remember.h"
#include "auth/scram.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/net.h"

static struct auth_options o;
static struct pool *pool;
static uint8_t chance[AUTH_CHANCE];
static struct ms_metric *logins, *failures;
static const int auth_kind = 0;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* the delayed */
static struct auth_work *delayed;

static const struct {
	const char     *name;
	enum mechanism  mechanism;
} names[] = {
	{ "SCRAM-SHA-256-PLUS", MECH_SCRAM_PLUS }, { "SCRAM-SHA-256", MECH_SCRAM },
	{ "PLAIN", MECH_PLAIN }, { "LOGIN", MECH_LOGIN },
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* What an op of ours carries. */
struct outcome {
	struct ms_auth_step step;
	struct ms_exchange *exchange;	/* held: the strings lie in its arena */
	struct ms_error error;
};

static void end_work(struct auth_work *w);

const struct auth_options *
auth_config(void)
{
	return &o;
}

const uint8_t *
auth_chance(void)
{
	return chance;
}

ms_status
auth_start(const struct auth_options *options, struct ms_error *err)
{
	o = *options;
	random_octets(chance, sizeof(chance));
	penalty_configure(o.failures, o.within_us, o.for_us);
	remember_start(o.remember_us);
	logins = metrics_series(MS_METRIC_COUNTER, "mansio_logins_total", "", "Logins");
	failures = metrics_series(MS_METRIC_COUNTER, "mansio_login_failures_total", "",
	    "Logins that failed");
	/* A password hash keeps a core busy for a tenth of a second: a few at a
	   time, the others wait. */
	pool = pool_new("auth", 4);
	return scram_start(err);
}

static void
end_delayed(struct auth_work *w)	/* with the lock */
{
	*w->back = w->next;
	if (w->next != NULL)
		w->next->back = w->back;
}

/* Nobody waits for the answers that are held back: the sessions have ended. */
static void
end_all_delayed(void)
{
	struct auth_work *w;

	for (;;) {
		pthread_mutex_lock(&lock);
		w = delayed;
		if (w != NULL)
			end_delayed(w);
		pthread_mutex_unlock(&lock);
		if (w == NULL)
			return;
		/* One that fires now finds itself taken out, and leaves it to us. */
		(void)timer_cancel(&w->timer);
		end_work(w);
	}
}

void
auth_stop(void)
{
	pool_free(pool);
	pool = NULL;
	end_all_delayed();
	scram_stop();
	remember_stop();
}

void
exchange_release(struct ms_exchange *e)
{
	if (atomic_fetch_sub(&e->holders, 1) != 1)
		return;
	scram_end(e);
	facts_free(e->facts);
	ms_arena_free(e->arena);	/* wiped; e lies in it */
}

static void
give_up_exchange(struct owned *owned)
{
	exchange_release((struct ms_exchange *)owned);
}

struct ms_str
auth_account_of(struct ms_exchange *e)
{
	return e->account;
}

static bool
is_loopback(struct ms_session *session)
{
	struct ms_str a = facts_get_c(session_facts(session), "client.address");

	return ms_str_has_prefix(a, (struct ms_str)MS_STR("127.")) || ms_str_is(a, "::1");
}

static bool
may_be_plain(struct ms_session *session)
{
	return session_has_tls(session) || o.plain == AUTH_PLAIN_ALWAYS ||
	    (o.plain == AUTH_PLAIN_LOOPBACK && is_loopback(session));
}

static bool
is_configured(const char *name)
{
	if (o.mechanisms == NULL || o.mechanisms[0] == NULL)
		return true;
	for (const char *const *m = o.mechanisms; *m != NULL; m++)
		if (strcmp(*m, name) == 0)
			return true;
	return false;
}

static bool
has_secrets(void)
{
	for (size_t i = 0; i < o.n_directories; i++)
		if (MS_HAS((const struct ms_directory *)o.directories[i].table, secret))
			return true;
	return false;
}

static bool
is_offered(struct ms_session *session, size_t i)
{
	if (!is_configured(names[i].name) || !may_be_plain(session))
		return false;
	switch (names[i].mechanism) {
	case MECH_SCRAM_PLUS:
		return has_secrets() && session_has_tls(session);
	case MECH_SCRAM:
		return has_secrets();
	default:
		return true;
	}
}

static struct ms_str
service_mechanisms(const struct ms_scope *scope, struct ms_session *session)
{
	struct ms_buf b = MS_BUF_MAX(256);
	struct ms_str out;

	for (size_t i = 0; i < N_NAMES; i++)
		if (is_offered(session, i))
			ms_buf_addf(&b, "%s%s", b.len > 0 ? " " : "", names[i].name);
	out = ms_arena_str(scope->arena, ms_buf_str(&b));
	ms_buf_free(&b);
	return out;
}

static void
fetch_binding(struct ms_exchange *e, struct ms_session *session)
{
	struct ms_buf b = MS_BUF_MAX(256);
	struct ms_str octets;

	if (session_channel_binding(session, (struct ms_str)MS_STR("tls-exporter"), &octets,
	    NULL) != MS_OK)
		return;
	ms_base64_encode(&b, octets, 0);
	e->binding = ms_arena_str(e->arena, ms_buf_str(&b));
	ms_buf_free(&b);
}

static ms_status
service_begin(const struct ms_scope *scope, struct ms_session *session,
    struct ms_str mechanism, struct ms_exchange **exchange_out, struct ms_error *err)
{
	struct ms_arena *arena;
	struct ms_exchange *e;
	size_t i = 0;

	while (i < N_NAMES && !ms_str_equal_ci(mechanism, ms_str_c(names[i].name)))
		i++;
	if (i == N_NAMES)
		return ms_error_set(err, MS_UNSUPPORTED, "5.5.4", "unknown mechanism");
	if (!is_offered(session, i))
		return may_be_plain(session) ?
		    ms_error_set(err, MS_UNSUPPORTED, "5.5.4", "mechanism not offered") :
		    ms_error_set(err, MS_DENIED, "5.7.11", "encryption required");
	arena = ms_arena_new(0);
	ms_arena_mark_secret(arena);
	e = ms_arena_alloc(arena, sizeof(*e));
	e->arena = arena;
	atomic_init(&e->holders, 1);
	e->owned.give_up = give_up_exchange;
	e->mechanism = names[i].mechanism;
	e->facts = facts_hold(session_facts(session));
	e->user = e->account = ms_str_of("", 0);
	snprintf(e->id, sizeof(e->id), "%.*s", (int)scope->id.len, scope->id.data);
	(void)net_address_parse(facts_get_c(e->facts, "client.address"), e->address);
	facts_set_c(e->facts, "auth.mechanism", names[i].name);
	if (e->mechanism == MECH_SCRAM || e->mechanism == MECH_SCRAM_PLUS) {
		ms_status st;

		fetch_binding(e, session);
		if ((st = scram_begin(e, err)) != MS_OK) {
			exchange_release(e);
			return st;
		}
	}
	e->owner = scope_owner(session_scope(session));
	owner_join(e->owner, &e->owned);
	*exchange_out = e;
	return MS_OK;
}

static void
free_outcome(void *payload)
{
	exchange_release(((struct outcome *)payload)->exchange);
}

static struct ms_op *
answer_new(const struct ms_scope *scope, struct ms_exchange *e)
{
	struct ms_op *op = op_new(scope, sizeof(struct outcome), free_outcome);
	struct outcome *out = op_payload(op);

	op_set_kind(op, &auth_kind);
	atomic_fetch_add(&e->holders, 1);
	out->exchange = e;
	out->step.size = sizeof(out->step);
	out->step.challenge = out->step.account = out->step.user = ms_str_of("", 0);
	out->error.size = sizeof(out->error);
	return op;
}

static struct ms_op *
challenge(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str text)
{
	struct ms_op *op = answer_new(scope, e);

	((struct outcome *)op_payload(op))->step.challenge = text;
	op_finish(op, MS_OK, NULL);
	return op;
}

static void
end_work(struct auth_work *w)
{
	struct outcome *out = op_payload(w->op);
	struct ms_exchange *e = w->exchange;

	e->is_over = true;
	if (w->status == MS_OK) {
		out->step.done = 1;
		out->step.account = e->account;
		out->step.user = e->user;
		metrics_add(logins, 1);
	}
	op_finish(w->op, w->status, &w->error);
	exchange_release(e);
	free(w);
}

static void
delay_over(struct timer *t)
{
	struct auth_work *w = (struct auth_work *)((char *)t -
	    offsetof(struct auth_work, timer));
	struct auth_work *x;

	pthread_mutex_lock(&lock);
	for (x = delayed; x != NULL && x != w; x = x->next)
		continue;
	if (x != NULL)
		end_delayed(x);
	pthread_mutex_unlock(&lock);
	if (x != NULL)
		end_work(x);
}

static void
log_end(const struct auth_work *w)
{
	struct ms_exchange *e = w->exchange;
	struct ms_field fields[] = {
		LOG_STR("user", w->user),
		LOG_STR("client", facts_get_c(e->facts, "client.address")),
		LOG_STR("mechanism", facts_get_c(e->facts, "auth.mechanism")),
		LOG_STR("listener", facts_get_c(e->facts, "listener")),
		LOG_STR("reason", ms_str_c(w->error.text)),
	};
	struct scope scope;

	scope_init(&scope, NULL, ms_str_c(e->id), NULL, o.host, 0);
	log_write(&scope.pub, MS_LOG_INFO, w->status == MS_OK ? "login" : "login failed",
	    fields, w->status == MS_OK ? 4 : 5);
}

static void verify_work(struct work *work);

/* Right or wrong is known: the answer may have to wait. */
static void
judge(struct auth_work *w, int64_t delay)
{
	struct ms_exchange *e = w->exchange;

	if (w->status == MS_OK)
		w->status = exchange_look_up(e, w->user, &w->error);
	if (w->status == MS_OK && w->is_remembered && !remember_knows(w->user, w->password)) {
		/* The look-up found the directory changed: ask for the password too. */
		w->is_remembered = false;
		w->work.run = verify_work;
		pool_run(pool, &w->work);
		return;
	}
	if (w->status == MS_OK) {
		penalty_passed(e->address, w->user);
		delay = 0;
	} else if (w->status == MS_DENIED || w->status == MS_NOTFOUND) {
		/* One word for all: who asks must not learn which it was. */
		penalty_failed(e->address, w->user);
		metrics_add(failures, 1);
		w->status = ms_error_set(&w->error, MS_DENIED, "5.7.8",
		    "authentication failed");
	}
	log_end(w);
	if (delay > 0) {
		w->timer.fire = delay_over;
		pthread_mutex_lock(&lock);
		w->next = delayed;
		w->back = &delayed;
		if (delayed != NULL)
			delayed->back = &w->next;
		delayed = w;
		pthread_mutex_unlock(&lock);
		timer_arm(&w->timer, clock_steady_us() + delay);
		return;
	}
	end_work(w);
}

static void
refuse_locked(struct auth_work *w)
{
	w->status = ms_error_set(&w->error, MS_TEMPFAIL, "4.7.0",
	    "too many failed logins, try again later");
	log_end(w);
}

static void
verify_work(struct work *work)
{
	struct auth_work *w = (struct auth_work *)work;
	bool locked;
	int64_t delay = penalty_before(w->exchange->address, w->user, &locked);

	/* Those that were asked beside it may have locked it since. */
	if (locked) {
		refuse_locked(w);
		end_work(w);
		return;
	}
	w->status = exchange_verify(w->exchange, w->user, w->password, &w->error);
	judge(w, delay);
}

static struct auth_work *
work_new(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str user,
    struct ms_str password)
{
	struct auth_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->op = answer_new(scope, e);
	w->exchange = e;
	atomic_fetch_add(&e->holders, 1);
	w->user = exchange_key(e, user);
	w->password = password;
	w->error.size = sizeof(w->error);
	return w;
}

static bool
is_locked(struct auth_work *w)
{
	bool locked;

	(void)penalty_before(w->exchange->address, w->user, &locked);
	if (locked)
		refuse_locked(w);
	return locked;
}

static struct ms_op *
verify(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str user,
    struct ms_str password)
{
	struct auth_work *w = work_new(scope, e, user, password);
	struct ms_op *op = w->op;

	if (is_locked(w)) {
		end_work(w);
	} else if (remember_knows(w->user, password)) {
		w->is_remembered = true;
		judge(w, 0);
	} else {
		w->work.run = verify_work;
		pool_run(pool, &w->work);
	}
	return op;
}

static struct ms_op *
malformed(const struct ms_scope *scope, struct ms_exchange *e)
{
	struct ms_op *op = answer_new(scope, e);
	struct ms_error err = MS_ERROR_INIT;

	e->is_over = true;
	ms_error_set(&err, MS_INVALID, "5.5.2", "not a response of this mechanism");
	op_finish(op, MS_INVALID, &err);
	return op;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd */
static struct ms_op *
step_plain(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str r)
{
	struct ms_str authzid, authcid;

	if (r.data == NULL)
		return challenge(scope, e, ms_str_of("", 0));
	if (!ms_str_split(&r, '\0', &authzid) || !ms_str_split(&r, '\0', &authcid) ||
	    r.data == NULL || authcid.len == 0 || r.len == 0 ||
	    ms_str_find_octet(r, '\0') != SIZE_MAX)
		return malformed(scope, e);
	if (authzid.len > 0 && !ms_str_equal(authzid, authcid))
		return malformed(scope, e);
	return verify(scope, e, authcid, r);
}

static struct ms_op *
step_login(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str r)
{
	if (r.data == NULL)
		return challenge(scope, e, (struct ms_str)MS_STR("Username:"));
	if (e->login_user.data == NULL) {
		if (r.len == 0)
			return malformed(scope, e);
		e->login_user = r;
		return challenge(scope, e, (struct ms_str)MS_STR("Password:"));
	}
	if (r.len == 0)
		return malformed(scope, e);
	return verify(scope, e, e->login_user, r);
}

static struct ms_op *
step_scram(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str r)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str output;
	struct auth_work *w;
	uint32_t done = 0;
	struct ms_op *op;
	bool locked;
	ms_status st;

	if (r.data == NULL)
		return challenge(scope, e, ms_str_of("", 0));
	st = scram_step(e, r, &output, &done, &err);
	if (st == MS_INVALID)
		return malformed(scope, e);
	if (st == MS_OK && !done)
		return challenge(scope, e, output);
	w = work_new(scope, e, e->user, ms_str_of("", 0));
	op = w->op;
	w->status = st;
	w->error = err;
	if (is_locked(w)) {
		end_work(w);
		return op;
	}
	if (st == MS_OK)
		((struct outcome *)op_payload(op))->step.challenge = output;
	judge(w, penalty_before(e->address, w->user, &locked));
	return op;
}

static struct ms_op *
service_step(const struct ms_scope *scope, struct ms_exchange *e, struct ms_str response)
{
	struct ms_str r;

	if (e->is_over || ++e->round > EXCHANGE_MAX_ROUNDS ||
	    response.len > EXCHANGE_MAX_RESPONSE || (response.data == NULL && e->round > 1))
		return malformed(scope, e);
	/* No initial response is not an empty one (RFC 4954 4., "="). */
	r = response.data != NULL ? ms_arena_str(e->arena, response) : response;
	switch (e->mechanism) {
	case MECH_PLAIN:
		return step_plain(scope, e, r);
	case MECH_LOGIN:
		return step_login(scope, e, r);
	default:
		return step_scram(scope, e, r);
	}
}

static ms_status
service_result(struct ms_op *op, struct ms_auth_step *step_out, struct ms_error *err)
{
	const struct outcome *out;
	ms_status st;

	if (!op_is_kind(op, &auth_kind))
		return ms_error_set(err, MS_INVALID, "", "not an op of ms.auth");
	out = op_payload(op);
	st = op_status(op);
	if (st != MS_OK) {
		if (err != NULL && op_error(op) != NULL)
			*err = *op_error(op);
		return st;
	}
	step_out->done = out->step.done;
	step_out->challenge = out->step.challenge;
	step_out->account = out->step.account;
	step_out->user = out->step.user;
	return MS_OK;
}

static void
service_drop(struct ms_exchange *e)
{
	if (e != NULL && owner_leave(e->owner, &e->owned))
		exchange_release(e);
}

const struct ms_auth auth_service = {
	.size = sizeof(auth_service),
	.mechanisms = service_mechanisms,
	.begin = service_begin,
	.step = service_step,
	.result = service_result,
	.drop = service_drop,
};
