/* SPDX-License-Identifier: ISC */
/*
 * settle.c - what came of an attempt, told to the queue, the log, the sender
 *
 * Everything that follows from one part is one chain of jobs for the queue:
 * the DSN that a failure makes, the parts that are tried again, the end of
 * this one.  Either all of it is durable or none, and then the attempt is
 * repeated: a notification is neither lost nor doubled.
 */
#include "pipeline/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/op.h"
#include "pipeline/verdict.h"
#include "pipeline/waiters.h"

enum end { END_DELIVERED, END_FAILED, END_DEFERRED };

/* The agents' last calls: what their jobs refer to was held until now. */
static void
end_handovers(struct item *item)
{
	for (struct handover *h = item->handovers; h != NULL; h = h->next)
		if (h->is_begun && MS_HAS(h->agent->delivery, end))
			h->agent->delivery->end(h->agent->self, &h->pub, h->state);
}

static enum end
end_of(const struct fate *f)
{
	switch (f->result.status) {
	case MS_OK:
		return END_DELIVERED;
	case MS_PERMFAIL:
	case MS_NOTFOUND:
	case MS_DENIED:
	case MS_LIMIT:
	case MS_UNSUPPORTED:
		return END_FAILED;
	case MS_OVERQUOTA:
		/* Full today, perhaps not tomorrow: the sender's patience decides,
		   as with every large provider. */
	default:
		return END_DEFERRED;
	}
}

/* The jobs decide, where an agent left some. */
static void
take_job_results(struct fate *f)
{
	ms_status worst = MS_OK;

	if (f->result.n_jobs == 0)
		return;
	for (size_t i = 0; i < f->result.n_jobs; i++) {
		const struct ms_job *j = f->result.jobs[i];

		if (j->status == MS_OK || worst != MS_OK)
			continue;
		worst = j->status;
		if (j->error != NULL) {
			memcpy(f->error.enhanced, j->error->enhanced, sizeof(f->error.enhanced));
			memcpy(f->error.text, j->error->text, sizeof(f->error.text));
		}
	}
	/* A mailbox that the agent knew is there no more: it looks again. */
	if (worst == MS_NOTFOUND || worst == MS_EXISTS || worst == MS_CONFLICT) {
		worst = MS_TEMPFAIL;
		f->result.retry_after_us = SECOND_US;
	}
	f->result.status = worst;
}

static void
log_fate(const struct item *item, const struct fate *f, enum end end)
{
	static const char *const words[] = { "delivered", "bounced", "deferred" };
	struct ms_field fields[10];
	char delay[24], took[24];
	size_t n = 0;

	if (!log_wants(MS_LOG_INFO))
		return;
	snprintf(delay, sizeof(delay), "%.3f",
	    (double)(clock_now_us() - item->message->info.received_us) / 1e6);
	snprintf(took, sizeof(took), "%" PRId64,
	    (clock_steady_us() - item->began_us) / 1000);
	fields[n++] = (struct ms_field)LOG_STR("to", f->recipient.path);
	fields[n++] = (struct ms_field)LOG_STR("from", item->message->info.reverse_path);
	fields[n++] = (struct ms_field)LOG_STR("by", f->target.delivery.len > 0 ?
	    f->target.delivery : ms_str_c("routing"));
	fields[n++] = (struct ms_field)LOG_STR("delay", ms_str_c(delay));
	fields[n++] = (struct ms_field)LOG_STR("ms", ms_str_c(took));
	if (f->target.account.len > 0)
		fields[n++] = (struct ms_field)LOG_STR("account", f->target.account);
	if (f->result.remote[0] != '\0')
		fields[n++] = (struct ms_field)LOG_STR("remote", ms_str_c(f->result.remote));
	if (end != END_DELIVERED) {
		fields[n++] = (struct ms_field)LOG_STR("status",
		    ms_str_c(f->error.enhanced[0] != '\0' ? f->error.enhanced :
			ms_status_name(f->result.status)));
		fields[n++] = (struct ms_field)LOG_STR("reply", ms_str_c(f->error.text));
	}
	log_write(&item->scope.pub, MS_LOG_INFO, words[end], fields, n);
}

static const struct ms_part *const *
parts_of(struct attempt_run *r, const struct ms_part *p)
{
	const struct ms_part **parts = ms_arena_array(r->arena, 1, sizeof(struct ms_part *));

	parts[0] = p;
	return parts;
}

static struct ms_job_queue *
job_new(struct attempt_run *r, const struct item *item, uint32_t type)
{
	struct ms_job_queue *j = ms_arena_alloc(r->arena, sizeof(*j));

	j->job = (struct ms_job){ .size = sizeof(*j), .type = type, .status = MS_TEMPFAIL,
		.key = ms_str_of((const char *)item->part.message.octets,
		    sizeof(item->part.message.octets)), .arena = r->arena };
	j->job.error = ms_arena_alloc(r->arena, sizeof(*j->job.error));
	j->job.error->size = sizeof(*j->job.error);
	j->message = item->part.message;
	j->record = ms_str_of("", 0);
	return j;
}

/* Chains it to what this item already has: `open` is 1 once there is some. */
static void
add_job(struct attempt_run *r, struct ms_job_queue *j, bool *open)
{
	if (r->n_queue_jobs == r->cap_queue_jobs) {
		size_t cap = r->cap_queue_jobs > 0 ? 2 * r->cap_queue_jobs : 64;
		struct ms_job **grown = ms_arena_array(r->arena, cap,
		    sizeof(struct ms_job *));

		if (r->n_queue_jobs > 0)
			memcpy(grown, r->queue_jobs,
			    r->n_queue_jobs * sizeof(struct ms_job *));
		r->queue_jobs = grown;
		r->cap_queue_jobs = cap;
	}
	if (*open)
		r->queue_jobs[r->n_queue_jobs - 1]->flags |= MS_JOB_JOINED;
	r->queue_jobs[r->n_queue_jobs++] = &j->job;
	*open = true;
}

static void
add_dsn(struct attempt_run *r, struct item *item, uint32_t action, enum end end,
    bool *open)
{
	const struct runner_options *o = runner_config();
	struct dsn_recipient *list;
	struct ms_error err = MS_ERROR_INIT;
	struct ms_message *dsn;
	struct ms_job_queue *put;
	struct ms_part *part;
	struct ms_buf record = MS_BUF_MAX(RECORD_MAX);
	size_t n = 0, max = 0;

	for (const struct fate *f = item->fates; f != NULL; f = f->next)
		max++;
	list = ms_arena_array(r->arena, max, sizeof(*list));
	for (const struct fate *f = item->fates; f != NULL; f = f->next) {
		if (end_of(f) != end ||
		    !dsn_is_wanted(&item->message->info, f->recipient.notify, action))
			continue;
		list[n++] = (struct dsn_recipient){
			.path = f->recipient.path, .original = f->recipient.original,
			.action = action, .enhanced = f->error.enhanced,
			.text = f->error.text[0] != '\0' ? f->error.text :
			    action == DSN_DELIVERED ? "delivered" : "no reason is known",
			.remote = ms_str_c(f->result.remote),
			.will_retry_until_us = action == DSN_DELAYED ?
			    item->message->info.received_us + o->give_up_us : 0,
		};
	}
	if (n == 0)
		return;
	if (dsn_make(&r->scope.pub, item->message, o->hostname, list, n, &dsn, &err) !=
	    MS_OK) {
		log_printf(&item->scope.pub, MS_LOG_ERROR,
		    "no notification could be made: %s", err.text);
		return;
	}
	if (o->bounces[0] != '\0')
		facts_set_c(dsn->facts, "pipeline", o->bounces);
	record_encode(dsn, &record);
	put = job_new(r, item, MS_JOB_QUEUE_PUT);
	part = ms_arena_alloc(r->arena, sizeof(*part));
	*part = (struct ms_part){ .size = sizeof(*part), .state = MS_QUEUE_WAITS,
		.next_us = clock_now_us(), .delivery = ms_str_of("", 0),
		.destination = ms_str_of("", 0), .sender = ms_str_of("", 0),
		.owner = ms_str_of("", 0), .record = ms_str_of("", 0) };
	put->record = ms_arena_str(r->arena, ms_buf_str(&record));
	put->body = dsn->body;
	put->parts = parts_of(r, part);
	put->n_parts = 1;
	ms_buf_free(&record);
	log_printf(&item->scope.pub, MS_LOG_INFO, "notification %.*s queued",
	    (int)dsn->info.id.len, dsn->info.id.data);
	add_job(r, put, open);
}

static int64_t
retry_after(const struct item *item, const struct fate *f)
{
	const struct runner_options *o = runner_config();
	unsigned i = item->part.attempts;
	int64_t after = f->result.retry_after_us;

	if (after <= 0)
		after = o->retry_us[i < o->n_retry ? i : o->n_retry - 1];
	/* Spread, so that what failed together does not come back together. */
	return after + (int64_t)(random_u64() % (uint64_t)(after / 10 + 1));
}

static struct ms_part *
part_of_fates(struct attempt_run *r, struct item *item, struct fate *const *fates,
    uint32_t n, uint32_t number, bool warned)
{
	struct ms_part *p = ms_arena_alloc(r->arena, sizeof(*p));
	uint32_t *numbers = ms_arena_array(r->arena, n, sizeof(*numbers));
	struct ms_str *paths = ms_arena_array(r->arena, n, sizeof(*paths));
	struct ms_buf b = MS_BUF_MAX(RECORD_MAX);
	struct part_record rec = { .numbers = numbers, .n = n, .warned = warned,
		.routed = fates[0]->target.delivery.len > 0, .expanded = paths };

	*p = item->part;
	for (uint32_t i = 0; i < n; i++) {
		numbers[i] = fates[i]->number;
		paths[i] = fates[i]->recipient.path;
	}
	rec.reply = ms_arena_printf(r->arena, "%s %s", fates[0]->error.enhanced,
	    fates[0]->error.text);
	rec.remote = ms_str_c(fates[0]->result.remote);
	part_encode(&rec, &b);
	p->record = ms_arena_str(r->arena, ms_buf_str(&b));
	ms_buf_free(&b);
	p->number = number;
	p->state = MS_QUEUE_WAITS;
	p->attempts = item->part.attempts + 1;
	p->next_us = clock_now_us() + retry_after(item, fates[0]);
	p->expires_us = item->message->info.received_us + runner_config()->give_up_us;
	p->delivery = fates[0]->target.delivery;
	p->destination = fates[0]->target.destination;
	return p;
}

/* What is to be tried again: a part for each way that it goes.  True: this
   item's own part is among them, under its number. */
static bool
add_retries(struct attempt_run *r, struct item *item, bool warned, bool *open)
{
	struct ms_job_queue *set = NULL;
	const struct ms_part **parts;
	struct fate **group;
	uint32_t max = 0, n_parts = 0;

	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		f->is_grouped = end_of(f) != END_DEFERRED;
		max += !f->is_grouped;
	}
	if (max == 0)
		return false;
	set = job_new(r, item, MS_JOB_QUEUE_SET);
	parts = ms_arena_array(r->arena, max, sizeof(struct ms_part *));
	group = ms_arena_array(r->arena, max, sizeof(struct fate *));
	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		uint32_t n = 0, number;

		if (f->is_grouped)
			continue;
		for (struct fate *g = f; g != NULL; g = g->next) {
			if (g->is_grouped || (n_parts < ATTEMPT_MAX_SPLIT - 1 &&
			    (!ms_str_equal(f->target.delivery, g->target.delivery) ||
				!ms_str_equal(f->target.destination, g->target.destination))))
				continue;
			g->is_grouped = true;
			group[n++] = g;
		}
		/* The first keeps the number, so that nothing need be taken away;
		   numbers of later attempts never meet those of earlier ones. */
		number = n_parts == 0 ? item->part.number :
		    (item->part.attempts + 1) * (ATTEMPT_MAX_SPLIT + 1) + n_parts;
		parts[n_parts++] = part_of_fates(r, item, group, n, number, warned);
	}
	set->parts = parts;
	set->n_parts = n_parts;
	add_job(r, set, open);
	return true;
}

static void
add_done(struct attempt_run *r, struct item *item, bool *open)
{
	struct ms_job_queue *done = job_new(r, item, MS_JOB_QUEUE_DONE);

	done->parts = parts_of(r, &item->part);
	done->n_parts = 1;
	add_job(r, done, open);
}

/* Somebody waits for this message: they are told, and all is final. */
static bool
tell_waiter(struct item *item)
{
	struct waiter *w = waiters_take(item->message->info.id);
	bool there;

	if (w == NULL)
		return false;
	there = !op_is_dropped(w->op);
	for (uint32_t i = 0; i < w->n; i++)
		verdict_init(&w->verdicts[i]);
	for (const struct fate *f = item->fates; f != NULL; f = f->next) {
		struct ms_verdict v;

		if (f->number >= w->n || f->result.status == MS_OK)
			continue;
		verdict_of_status(&v, f->result.status == MS_OVERQUOTA ? MS_TEMPFAIL :
		    f->result.status, &f->error);
		verdict_merge(&w->verdicts[f->number], &v);
	}
	w->done(w);
	return there;
}

static void
settle_item(struct attempt_run *r, struct item *item)
{
	const struct runner_options *o = runner_config();
	int64_t now = clock_now_us();
	bool open = false, expired, warn, retried;

	if (item->load_status == MS_NOTFOUND)
		return;		/* done meanwhile */
	if (item->load_status != MS_OK || item->fates == NULL) {
		/* Unreadable now, or held until later: another time. */
		struct ms_part *p;
		struct ms_job_queue *set = job_new(r, item, MS_JOB_QUEUE_SET);

		if (item->load_status != MS_OK)
			log_printf(NULL, MS_LOG_ERROR, "a queued message cannot be read: %s",
			    item->error.text);
		p = ms_arena_alloc(r->arena, sizeof(*p));
		*p = item->part;
		p->next_us = item->load_status == MS_OK &&
		    item->message->info.hold_until_us > now ?
		    item->message->info.hold_until_us : now + 5 * MINUTE_US;
		set->parts = parts_of(r, p);
		set->n_parts = 1;
		add_job(r, set, &open);
		return;
	}
	expired = o->give_up_us > 0 && now > item->message->info.received_us + o->give_up_us;
	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		take_job_results(f);
		if (expired && end_of(f) == END_DEFERRED) {
			f->result.status = MS_PERMFAIL;
			snprintf(f->error.enhanced, sizeof(f->error.enhanced), "5.4.7");
		}
		log_fate(item, f, end_of(f));
	}
	if (tell_waiter(item)) {
		add_done(r, item, &open);
		return;
	}
	warn = o->warn_us > 0 && !item->record.warned &&
	    now > item->message->info.received_us + o->warn_us;
	add_dsn(r, item, DSN_FAILED, END_FAILED, &open);
	add_dsn(r, item, DSN_DELIVERED, END_DELIVERED, &open);
	if (warn)
		add_dsn(r, item, DSN_DELAYED, END_DEFERRED, &open);
	retried = add_retries(r, item, warn || item->record.warned, &open);
	if (!retried)
		add_done(r, item, &open);
}

static void
queue_told(void *arg)
{
	struct attempt_run *r = arg;

	if (op_status(r->queue_op) != MS_OK)
		log_printf(NULL, MS_LOG_ERROR,
		    "the queue could not be told of an attempt; it will be repeated");
	runner_run_over(r);
}

void
attempt_settle(struct attempt_run *r)
{
	/* Committed to the mailboxes, and the queue does not know: a crash here
	   repeats the attempt, which the delivery ids turn into nothing. */
	MS_CRASH("attempt.delivered");
	for (size_t i = 0; i < r->n; i++) {
		settle_item(r, &r->items[i]);
		end_handovers(&r->items[i]);
	}
	if (r->n_queue_jobs == 0) {
		runner_run_over(r);
		return;
	}
	r->queue_op = front_commit(&r->scope.pub, runner_config()->queue, r->queue_jobs,
	    r->n_queue_jobs);
	if (!op_watch(r->queue_op, queue_told, r))
		queue_told(r);
}
