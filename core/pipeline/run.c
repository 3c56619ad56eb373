/* SPDX-License-Identifier: ISC */
/* run.c - see run.h; what a session keeps for its filters is in states.c */
#include "pipeline/run.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/timer.h"
#include "net/net.h"
#include "pipeline/states.h"

#define COST_MEMORY	1

/* One call of a filter.  It lives in an arena of its own, as a call that
   overstays its deadline goes on when the run is long over. */
struct call {
	struct work       work;		/* first */
	struct run       *run;
	struct stage     *stage;
	struct ms_arena  *arena;
	struct scope      scope;
	struct owner      owner;
	struct ms_message *view;
	struct ms_facts  *session_view;
	struct state_slot *state_slot;	/* NULL: no connection, or it is busy */
	void             *no_state;	/* stands in where there is no connection */
	struct ms_verdict verdict;
	struct ms_error   error;
	ms_status         status;
	atomic_int        state;	/* CALL_... */
	int64_t           began_us;
};
enum { CALL_RUNS, CALL_ENDED, CALL_LATE };

struct run {
	struct work       work;		/* first: the next wave, on a filter thread */
	struct ms_op     *op;
	struct outcome   *outcome;
	struct pipeline  *pipeline;
	struct ms_facts  *facts;	/* the connection's, held; NULL: none */
	struct states    *states;	/* held; NULL: none */
	struct ms_message *message;	/* held; NULL before MAIL */
	uint32_t          at, recipient;
	char              id[24];
	uint64_t          todo;		/* stages, as bits of their places */
	struct call      *calls[PIPELINE_MAX_STAGES];
	size_t            n_calls;
	pthread_mutex_t   lock;		/* the two below */
	size_t            running;
	unsigned          holders;	/* the run itself, and each call under way */
	struct timer      timer;	/* the earliest deadline of the wave */
	bool              stop;		/* refused: nothing more is asked */
};

const int run_kind = 0;
static struct pool *filters;

void
run_start(unsigned threads)
{
	filters = pool_new("filter", threads);
}

void
run_stop(void)
{
	pool_free(filters);
	filters = NULL;
}

static void
run_let_go(struct run *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->holders == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&r->lock);
	message_release(r->message);
	states_release(r->states);
	facts_free(r->facts);
	free(r);
}

/* With the run's hold on what the call was lent still there. */
static void
call_free(struct call *c)
{
	if (c->view != NULL)
		message_discard(c->view);
	if (c->state_slot != NULL)
		states_leave(c->run->states, c->state_slot);
	owner_fini(&c->owner);
	ms_arena_free(c->arena);	/* c lies in it */
}

static bool
is_wanted(const struct run *r, struct ms_session *session,
    const struct stage *s)
{
	struct when_facts f = { 0 };
	struct ms_str address;
	uint8_t client[16];
	bool holds = true;

	if (!(s->plan->at & r->at))
		return false;
	if (s->n_when == 0)
		return true;
	if (r->message != NULL) {
		f.size_octets = r->message->body != NULL ? blob_octets(r->message->body) : 0;
		f.authenticated = r->message->info.flags & MS_MESSAGE_OWN;
	}
	if (session != NULL) {
		address = facts_get_c(r->facts, "client.address");
		if (address.data != NULL && net_address_parse(address, client)) {
			f.client_family = ms_str_find_octet(address, ':') == SIZE_MAX ? 4 : 6;
			f.client = f.client_family == 4 ? client + 12 : client;
		}
		f.authenticated = f.authenticated || session_account(session).len > 0;
	}
	if (r->message != NULL && r->recipient < r->message->n_numbers) {
		struct ms_str path = r->message->recipients[r->recipient]->pub.path;
		size_t cut = ms_str_find_last(path, '@');

		f.domain = cut != SIZE_MAX ? ms_str_from(path, cut + 1) : ms_str_of("", 0);
	}
	for (size_t i = 0; holds && i < s->n_when; i++)
		holds = when_holds(&s->when[i], &f);
	return holds;
}

/* A filter that could not judge: its on-error decides. */
static void
verdict_of_failure(struct call *c)
{
	uint32_t on_error = c->stage->on_error;

	metrics_add(c->stage->failures, 1);
	if (on_error == ON_ERROR_CONTINUE || on_error == ON_ERROR_NEXT) {
		verdict_init(&c->verdict);
		return;
	}
	verdict_of_status(&c->verdict, on_error == ON_ERROR_REJECT ? MS_PERMFAIL :
	    MS_TEMPFAIL, NULL);
	snprintf(c->verdict.text, sizeof(c->verdict.text), "%s",
	    on_error == ON_ERROR_REJECT ? "the message could not be checked" :
	    "the message cannot be checked now, try again later");
	snprintf(c->verdict.label, sizeof(c->verdict.label), "error");
}

static void
log_call(const struct run *r, const struct call *c)
{
	int64_t took = clock_steady_us() - c->began_us;
	bool failed = c->status != MS_OK;

	metrics_add(c->stage->time_us, took);
	if (r->message != NULL && (failed || c->verdict.action != MS_NO_OPINION ||
	    c->verdict.score != 0))
		ms_buf_addf(&r->message->trace, "%s%s %s score=%d us=%lld label=%s %s\n",
		    c->stage->name, c->stage->is_shadow ? "(shadow)" : "",
		    failed ? ms_status_name(c->status) : verdict_name(c->verdict.action),
		    (int)c->verdict.score, (long long)took, c->verdict.label,
		    failed ? c->error.text : c->verdict.text);
	if (failed)
		log_printf(&c->scope.pub, MS_LOG_WARNING, "stage %s failed: %s %s",
		    c->stage->name, ms_status_name(c->status), c->error.text);
	else if (c->verdict.action > MS_ACCEPT || c->stage->is_shadow)
		log_printf(&c->scope.pub, MS_LOG_INFO, "stage %s%s: %s %s", c->stage->name,
		    c->stage->is_shadow ? " (shadow)" : "",
		    verdict_name(c->verdict.action), c->verdict.text);
}

static void
judge(struct call *c)
{
	struct run *r = c->run;
	struct ms_look look = {
		.size = sizeof(look), .at = r->at, .session = c->session_view,
		.message = c->view, .recipient = r->recipient, .verdict = &c->verdict,
		.state = c->state_slot != NULL ? &c->state_slot->state : &c->no_state,
	};

	/* One call at a time for one connection: one that overstayed its time
	   is still inside. */
	if (r->states != NULL && c->state_slot == NULL) {
		c->status = ms_error_set(&c->error, MS_TEMPFAIL, "4.3.2",
		    "an earlier call for this connection has not returned");
		return;
	}
	c->status = c->stage->filter->judge(c->stage->self, &c->scope.pub, &look, &c->error);
}

static struct call *
call_new(struct run *r, struct stage *s)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct call *c = ms_arena_alloc(arena, sizeof(*c));
	int64_t now = clock_steady_us();

	c->arena = arena;
	c->run = r;
	c->stage = s;
	c->began_us = now;
	c->error.size = sizeof(c->error);
	verdict_init(&c->verdict);
	owner_init(&c->owner);
	scope_init(&c->scope, &c->owner, ms_arena_str(arena, ms_str_c(r->id)), arena, s->host,
	    now + s->timeout_us);
	if (s->is_shadow)
		c->scope.pub.flags |= MS_SCOPE_SHADOW;
	if (r->message != NULL)
		c->view = message_view(r->message, arena, s->plan);
	if (r->facts != NULL)
		c->session_view = facts_view(arena, r->facts,
		    s->plan->needs != NULL ? s->plan->needs : no_names, NULL, NULL);
	if (r->states != NULL)
		c->state_slot = states_enter(r->states, s);
	metrics_add(s->calls, 1);
	return c;
}

static void next_wave(struct run *r);

static void
finish_run(struct run *r)
{
	struct ms_op *op = r->op;

	run_let_go(r);
	op_finish(op, MS_OK, NULL);
}

/* What is accepted in spite of it: kept aside, or thrown away. */
static void
note_decision(struct ms_message *m, const struct ms_verdict *v)
{
	if ((v->action != MS_QUARANTINE && v->action != MS_DISCARD) ||
	    v->action <= m->decision)
		return;
	m->decision = v->action;
	snprintf(m->decision_label, sizeof(m->decision_label), "%s", v->label);
}

/* All calls of the wave have ended or are late: takes what they said. */
static void
end_wave(struct run *r)
{
	for (size_t i = 0; i < r->n_calls; i++) {
		struct call *c = r->calls[i];
		struct stage *s = c->stage;
		int64_t began = c->began_us;
		int expected = CALL_RUNS;
		bool late;

		if (atomic_load(&c->state) == CALL_RUNS)
			owner_cancel(&c->owner);
		late = atomic_compare_exchange_strong(&c->state, &expected, CALL_LATE);
		if (late) {
			/* Its thread is still inside: what it was lent stays until it
			   returns, so this run's words are made on a copy. */
			struct call told = { .run = r, .stage = s, .began_us = began,
				.status = MS_TEMPFAIL };

			scope_init(&told.scope, NULL, ms_str_c(r->id), NULL, s->host, 0);
			snprintf(told.error.text, sizeof(told.error.text),
			    "no answer within its timeout");
			verdict_of_failure(&told);
			log_call(r, &told);
			if (!s->is_shadow)
				verdict_merge(&r->outcome->all, &told.verdict);
			continue;
		}
		if (c->status != MS_OK)
			verdict_of_failure(c);
		log_call(r, c);
		if (!s->is_shadow) {
			verdict_merge(&r->outcome->all, &c->verdict);
			if (c->status == MS_OK && r->message != NULL)
				message_apply(r->message, c->view);
			if (r->message != NULL)
				note_decision(r->message, &c->verdict);
		}
		if (c->verdict.action == MS_ACCEPT && !s->is_shadow)
			r->todo &= (UINT64_C(1) << s->place << 1) - 1;
		call_free(c);
	}
	r->n_calls = 0;
	if (r->outcome->all.action >= MS_DEFER)
		r->stop = true;
}

static void
wave_over(struct work *w)
{
	struct run *r = (struct run *)w;

	end_wave(r);
	next_wave(r);
}

/* One call less is awaited; the last one goes on with the run. */
static void
call_over(struct run *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = r->running > 0 && --r->running == 0;
	pthread_mutex_unlock(&r->lock);
	if (last) {
		(void)timer_cancel(&r->timer);
		wave_over(&r->work);
	}
	run_let_go(r);
}

static void
call_ended(struct call *c)
{
	struct run *r = c->run;
	int expected = CALL_RUNS;

	if (atomic_compare_exchange_strong(&c->state, &expected, CALL_ENDED)) {
		call_over(r);
	} else {
		call_free(c);		/* late: nobody else looks at it any more */
		run_let_go(r);
	}
}

static void
call_work(struct work *w)
{
	struct call *c = (struct call *)w;
	struct stage *s = c->stage;

	judge(c);
	lane_leave(&s->lane);
	call_ended(c);
}

static void
timed_out(struct timer *t)
{
	struct run *r = (struct run *)((char *)t - offsetof(struct run, timer));
	bool waits;

	pthread_mutex_lock(&r->lock);
	waits = r->running > 0;
	r->running = 0;			/* whoever comes now is late */
	pthread_mutex_unlock(&r->lock);
	if (waits) {
		r->work.run = wave_over;
		pool_run(filters, &r->work);
	}
}

/* Those that look at memory alone, here and now. */
static void
run_cheap(struct run *r, uint64_t ready)
{
	for (size_t i = 0; i < r->pipeline->n_stages && !r->stop; i++) {
		struct stage *s = &r->pipeline->stages[i];

		if (!(ready >> i & 1) || !(r->todo >> i & 1) || s->plan->cost > COST_MEMORY)
			continue;
		r->todo &= ~(UINT64_C(1) << i);
		r->calls[0] = call_new(r, s);
		r->n_calls = 1;
		judge(r->calls[0]);
		atomic_store(&r->calls[0]->state, CALL_ENDED);
		end_wave(r);
	}
}

static uint64_t
find_ready(const struct run *r)
{
	uint64_t ready = 0;

	for (size_t i = 0; i < r->pipeline->n_stages; i++) {
		uint64_t waits_for = r->pipeline->stages[i].after & r->todo;

		if ((r->todo >> i & 1) && waits_for == 0)
			ready |= UINT64_C(1) << i;
	}
	return ready;
}

static bool
start_costly(struct run *r, uint64_t ready)
{
	int64_t now = clock_steady_us(), due = now;
	struct call *calls[PIPELINE_MAX_STAGES];
	size_t n = 0;

	for (size_t i = 0; i < r->pipeline->n_stages; i++) {
		struct stage *s = &r->pipeline->stages[i];

		if (!(ready >> i & 1) || !(r->todo >> i & 1))
			continue;
		r->todo &= ~(UINT64_C(1) << i);
		calls[n] = r->calls[n] = call_new(r, s);
		calls[n]->work.run = call_work;
		if (now + s->timeout_us > due)
			due = now + s->timeout_us;
		n++;
	}
	if (n == 0)
		return false;
	r->n_calls = n;
	/* Counted before the first can end.  One deadline for the wave, the
	   longest: a stage with a short one may use its neighbours' patience, as
	   nothing would be answered before them anyway. */
	pthread_mutex_lock(&r->lock);
	r->running = n;
	r->holders += (unsigned)n;
	pthread_mutex_unlock(&r->lock);
	r->timer.fire = timed_out;
	timer_arm(&r->timer, due);
	/* By our own list: when the wave ends early, by its deadline, the run's is
	   that of the next one, and a call that has not begun is its thread's. */
	for (size_t i = 0; i < n; i++) {
		struct call *c = calls[i];

		if (lane_enter(&c->stage->lane)) {
			pool_run(filters, &c->work);
			continue;
		}
		c->status = ms_error_set(&c->error, MS_TEMPFAIL, "4.3.2",
		    "too many calls of this stage are under way");
		call_ended(c);
	}
	return true;
}

static void
next_wave(struct run *r)
{
	while (r->todo != 0 && !r->stop) {
		uint64_t ready = find_ready(r);

		run_cheap(r, ready);
		if (!r->stop && start_costly(r, ready))
			return;		/* the last call to end goes on */
	}
	finish_run(r);
}

struct ms_op *
run_point(const struct ms_scope *scope, struct pipeline *pipeline,
    struct ms_session *session, struct ms_message *message, uint32_t at,
    uint32_t recipient)
{
	struct ms_op *op = op_new(scope, sizeof(struct outcome), NULL);
	struct outcome *outcome = op_payload(op);
	struct run *r;

	op_set_kind(op, &run_kind);
	verdict_init(&outcome->all);
	if (pipeline == NULL || !(pipeline->at & at)) {
		op_finish(op, MS_OK, NULL);
		return op;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	pthread_mutex_init(&r->lock, NULL);
	r->holders = 1;
	r->op = op;
	r->outcome = outcome;
	r->pipeline = pipeline;
	if (session != NULL) {
		r->facts = facts_hold(session_facts(session));
		r->states = states_hold(session);
	}
	r->message = message != NULL ? message_hold(message) : NULL;
	r->at = at;
	r->recipient = recipient;
	snprintf(r->id, sizeof(r->id), "%.*s", (int)scope->id.len, scope->id.data);
	for (size_t i = 0; i < pipeline->n_stages; i++)
		if (is_wanted(r, session, &pipeline->stages[i]))
			r->todo |= UINT64_C(1) << i;
	next_wave(r);
	return op;
}
