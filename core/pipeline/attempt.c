/* SPDX-License-Identifier: ISC */
/* attempt.c - routing and handing over; see attempt.h */
#include "pipeline/attempt.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "base/op.h"
#include "pipeline/front_reads.h"

static struct fate *
fate_new(struct attempt_run *r, struct item *item, uint32_t number)
{
	struct fate *f = ms_arena_alloc(r->arena, sizeof(*f));

	f->number = number;
	f->error.size = sizeof(f->error);
	f->result.size = sizeof(f->result);
	f->result.status = MS_TEMPFAIL;
	f->result.error = &f->error;
	*item->last_fate = f;
	item->last_fate = &f->next;
	item->n_fates++;
	return f;
}

/* The recipient as the agent sees it: the final address and its account, with
   the number that the delivery id wants. */
static void
address_fate(struct item *item, struct fate *f, const struct target *t)
{
	const struct recipient *r = item->message->recipients[f->number];

	f->recipient = r->pub;
	f->recipient.path = t->path;
	f->recipient.flags = t->flags;
	f->recipient.account = f->target.account;
}

static void
route_one(struct attempt_run *r, struct item *item, uint32_t number,
    struct ms_str path, uint32_t flags)
{
	struct ms_message *m = item->message;
	struct ms_recipient asked = m->recipients[number]->pub;
	struct ms_error err = MS_ERROR_INIT;
	struct target *targets;
	struct fate *f;
	ms_status st;

	asked.flags |= flags;
	if (path.len > 0)
		asked.path = path;
	if (item->n_fates >= ATTEMPT_MAX_FATES) {
		f = fate_new(r, item, number);
		f->recipient = asked;
		f->is_put_off = true;
		f->result.retry_after_us = SECOND_US;
		ms_error_set(&f->error, MS_TEMPFAIL, "4.5.3",
		    "too many recipients for one attempt");
		return;
	}
	st = routing_resolve(&item->scope.pub, m->pipeline, m, &asked, &targets, &err);
	if (st != MS_OK) {
		f = fate_new(r, item, number);
		f->recipient = asked;
		f->result.status = st;
		f->error = err;
		return;
	}
	for (; targets != NULL; targets = targets->next) {
		f = fate_new(r, item, number);
		f->target = *targets;
		f->target.next = NULL;
		address_fate(item, f, targets);
	}
}

static void
route_item(struct attempt_run *r, struct item *item)
{
	struct ms_message *m = item->message;
	const struct part_record *p = &item->record;
	uint32_t n = p->n == UINT32_MAX ? m->n_numbers : p->n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = p->n == UINT32_MAX ? i : p->numbers[i];
		struct ms_str path = p->n == UINT32_MAX ? ms_str_of("", 0) : p->expanded[i];
		uint32_t flags = p->n == UINT32_MAX ? 0 : p->flags[i];

		if (number >= m->n_numbers)
			continue;	/* a record that does not fit its message */
		/* Where a part was routed before, the route is asked again for the
		   very address: what moved house since is found there. */
		route_one(r, item, number, path, flags);
	}
}

static const struct runner_agent *
agent_of(struct ms_str title)
{
	const struct runner_options *o = runner_config();

	for (size_t i = 0; i < o->n_agents; i++)
		if (ms_str_equal(ms_str_c(o->agents[i].title), title))
			return &o->agents[i];
	return NULL;
}

static bool
go_together(const struct fate *a, const struct fate *b)
{
	return ms_str_equal(a->target.delivery, b->target.delivery) &&
	    ms_str_equal(a->target.destination, b->target.destination);
}

/* One handover for each way that recipients go. */
static void
group_fates(struct attempt_run *r, struct item *item)
{
	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		const struct ms_recipient **recipients;
		struct ms_result **results;
		struct handover *h;
		uint32_t n = 0;

		if (f->is_grouped || f->target.delivery.len == 0)
			continue;
		for (struct fate *g = f; g != NULL; g = g->next)
			n += !g->is_grouped && go_together(f, g);
		h = ms_arena_alloc(r->arena, sizeof(*h));
		h->agent = agent_of(f->target.delivery);
		h->fates = ms_arena_array(r->arena, n, sizeof(struct fate *));
		recipients = ms_arena_array(r->arena, n, sizeof(struct ms_recipient *));
		results = ms_arena_array(r->arena, n, sizeof(struct ms_result *));
		n = 0;
		for (struct fate *g = f; g != NULL; g = g->next) {
			if (g->is_grouped || !go_together(f, g))
				continue;
			g->is_grouped = true;
			h->fates[n] = g;
			recipients[n] = &g->recipient;
			results[n++] = &g->result;
		}
		h->pub = (struct ms_handover){
			.size = sizeof(h->pub), .message = item->message,
			.destination = f->target.destination,
			.attempt = item->part.attempts + 1, .n = n,
			.recipients = recipients, .results = results,
			.expires_us = item->message->info.received_us +
			    runner_config()->give_up_us,
		};
		h->next = item->handovers;
		item->handovers = h;
	}
}

static void
fail_handover(struct handover *h, ms_status status, const struct ms_error *err)
{
	for (uint32_t i = 0; i < h->pub.n; i++) {
		h->fates[i]->result.status = status;
		h->fates[i]->error = *err;
	}
}

static void
hand_over(struct item *item, struct handover *h)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_wait wait = { .size = sizeof(wait) };
	const struct ms_delivery *d;
	ms_status st;

	if (h->agent == NULL) {
		ms_error_set(&err, MS_TEMPFAIL, "4.3.5", "there is no delivery agent %.*s",
		    (int)h->fates[0]->target.delivery.len, h->fates[0]->target.delivery.data);
		fail_handover(h, MS_TEMPFAIL, &err);
		return;
	}
	d = h->agent->delivery;
	st = d->begin(h->agent->self, &item->scope.pub, &h->pub, &h->state, &wait, &err);
	/* An agent that waits for ops is waited for here, on its own thread of
	   the delivery pool; there is nothing yet that waits for far hosts. */
	while (st == MS_OK && wait.what == MS_WAIT_OP && wait.n_ops > 0 && MS_HAS(d, step)) {
		struct ms_came came = { .size = sizeof(came), .what = MS_CAME_OP,
			.op = wait.ops[0] };

		came.status = op_await(&item->scope.pub, wait.ops[0], &err);
		wait = (struct ms_wait){ .size = sizeof(wait) };
		st = d->step(h->agent->self, &item->scope.pub, &h->pub, h->state, &came,
		    &wait, &err);
	}
	if (st == MS_OK && wait.what != 0)
		st = ms_error_set(&err, MS_TEMPFAIL, "4.3.5",
		    "%s waits for something that cannot come", h->agent->title);
	if (st != MS_OK)
		fail_handover(h, st, &err);
	h->is_begun = true;
}

static void
load(struct attempt_run *r, struct item *item)
{
	struct ms_backend queue = front_backend(runner_config()->queue);
	struct ms_str record;
	struct ms_blob *body = NULL;
	ms_status st;

	item->last_fate = &item->fates;
	item->error.size = sizeof(item->error);
	item->began_us = clock_steady_us();
	scope_init(&item->scope, &r->owner, ms_str_of("", 0), r->arena,
	    runner_config()->host, 0);
	st = front_queue_table.message(queue.self, &item->scope.pub, &item->part.message,
	    &record, &body, &item->error);
	if (st == MS_OK)
		st = record_decode(&item->scope.pub, record, body, &item->message,
		    &item->error);
	if (st == MS_OK)
		st = part_decode(item->part.record, r->arena, &item->record, &item->error);
	blob_release(body);
	item->load_status = st;
	if (st != MS_OK)
		return;
	item->message->info.delivery_id = item->part.message;
	item->message->pipeline = pipeline_find(facts_get_c(item->message->facts, "pipeline"));
	item->scope.pub.id = item->message->info.id;
}

static bool
is_held_back(const struct item *item)
{
	return item->message->info.hold_until_us > clock_now_us();
}

/* One less to wait for; the last one settles, on a delivery thread. */
static void
settle_work(struct work *w)
{
	attempt_settle((struct attempt_run *)w);
}

static void
commit_done(void *arg)
{
	struct attempt_run *r = arg;

	if (atomic_fetch_sub(&r->left, 1) != 1)
		return;
	r->work.run = settle_work;
	runner_pool_run(&r->work);
}

/* The jobs of all handovers, by backend. */
static void
commit_jobs(struct attempt_run *r)
{
	size_t total = 0, n_backends = 0;
	struct ms_backend backends[8];
	struct ms_job **jobs;

	for (size_t i = 0; i < r->n; i++)
		for (struct fate *f = r->items[i].fates; f != NULL; f = f->next)
			total += f->result.n_jobs;
	jobs = ms_arena_array(r->arena, total, sizeof(struct ms_job *));
	for (size_t i = 0; i < r->n; i++)
		for (struct fate *f = r->items[i].fates; f != NULL; f = f->next) {
			size_t k = 0;

			if (f->result.n_jobs == 0)
				continue;
			while (k < n_backends && (backends[k].self != f->result.target.self ||
			    backends[k].table != f->result.target.table))
				k++;
			if (k == n_backends && n_backends < 8)
				backends[n_backends++] = f->result.target;
		}
	atomic_init(&r->left, 1);
	for (size_t k = 0; k < n_backends; k++) {
		size_t n = 0;

		for (size_t i = 0; i < r->n; i++)
			for (struct fate *f = r->items[i].fates; f != NULL; f = f->next)
				for (size_t j = 0; j < f->result.n_jobs; j++)
					if (f->result.target.self == backends[k].self)
						jobs[n++] = f->result.jobs[j];
		/* Backends work side by side, and an arena is one thread's. */
		if (n_backends > 1) {
			struct ms_arena *own = scope_service.arena_new(&r->scope.pub, 0);

			for (size_t j = 0; j < n; j++)
				jobs[j]->arena = own;
		}
		r->ops[k] = commit_start(&r->scope.pub, backends[k], jobs, n);
		r->n_ops++;
		jobs += n;
		atomic_fetch_add(&r->left, 1);
		if (!op_watch(r->ops[k], commit_done, r))
			atomic_fetch_sub(&r->left, 1);
	}
	/* Ours was the one that kept it: nothing was under way, or all has ended. */
	if (atomic_fetch_sub(&r->left, 1) == 1)
		attempt_settle(r);
}

void
attempt_begin(struct attempt_run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct item *item = &r->items[i];

		load(r, item);
		if (item->load_status != MS_OK || is_held_back(item))
			continue;
		route_item(r, item);
		group_fates(r, item);
		for (struct handover *h = item->handovers; h != NULL; h = h->next)
			hand_over(item, h);
	}
	commit_jobs(r);
}
