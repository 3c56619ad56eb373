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

#include "base/clock.h"
#include "base/facts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/op.h"
#include "pipeline/verdict.h"

#define UNREADABLE_TRIES	12	/* five minutes apart, then it is parked */

/* The agents' last calls: what their jobs refer to was held until now. */
static void
end_handovers(struct item *item)
{
	for (struct handover *h = item->handovers; h != NULL; h = h->next)
		if (h->is_begun && MS_HAS(h->agent->delivery, end))
			h->agent->delivery->end(h->agent->self, &h->pub, h->state);
}

enum end
attempt_end_of(const struct fate *f)
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
		if (j->error != NULL && j->error != &f->error) {
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

struct ms_job_queue *
attempt_job(struct attempt_run *r, const struct item *item, uint32_t type)
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
void
attempt_add_job(struct attempt_run *r, struct ms_job_queue *j, bool *open)
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

/* False: one is due and cannot be made now. */
static bool
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
		if (attempt_end_of(f) != end || f->is_put_off ||
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
		return true;
	if (dsn_make(&r->scope.pub, item->message, o->hostname, list, n, &dsn, &err) !=
	    MS_OK) {
		log_printf(&item->scope.pub, MS_LOG_ERROR,
		    "no notification could be made: %s", err.text);
		return false;
	}
	if (o->bounces[0] != '\0')
		facts_set_c(dsn->facts, "pipeline", o->bounces);
	record_encode(dsn, &record);
	put = attempt_job(r, item, MS_JOB_QUEUE_PUT);
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
	attempt_add_job(r, put, open);
	return true;
}

static void
add_done(struct attempt_run *r, struct item *item, bool *open)
{
	struct ms_job_queue *done = attempt_job(r, item, MS_JOB_QUEUE_DONE);

	done->parts = parts_of(r, &item->part);
	done->n_parts = 1;
	attempt_add_job(r, done, open);
}

static enum end
end_for_waiter(const struct item *item, uint32_t number)
{
	enum end end = END_FAILED;

	for (const struct fate *f = item->fates; f != NULL; f = f->next) {
		if (f->number != number)
			continue;
		if (attempt_end_of(f) == END_DELIVERED)
			return END_DELIVERED;
		if (attempt_end_of(f) == END_DEFERRED)
			end = END_DEFERRED;
	}
	return end;
}

/* Somebody waits for this message: what they are told is theirs, and final
   here.  A recipient that stands for several and was reached in part is taken:
   a repetition would come twice to those.  What was not reached stays ours. */
static void
take_waiter(struct item *item)
{
	struct waiter *w = waiters_take(item->message->info.id);
	bool refused = false, listens;

	if (w == NULL)
		return;
	for (uint32_t i = 0; i < w->n; i++)
		verdict_init(&w->verdicts[i]);
	listens = !op_is_dropped(w->op);
	for (struct fate *f = item->fates; f != NULL && listens; f = f->next) {
		enum end end = end_for_waiter(item, f->number);
		struct ms_verdict v;

		if (f->number >= w->n || end == END_DELIVERED)
			continue;
		refused = f->is_told = true;
		if (attempt_end_of(f) != end)
			continue;	/* one who failed among those that may follow */
		verdict_of_status(&v, end == END_DEFERRED ? MS_TEMPFAIL : f->result.status,
		    &f->error);
		verdict_merge(&w->verdicts[f->number], &v);
	}
	/* A refusal is said when the queue has forgotten what it refuses: a crash
	   between the two must not leave both of us with the message. */
	if (refused)
		item->waiter = w;
	else
		w->done(w);
}

static void
drop_told(struct item *item)
{
	struct fate **at = &item->fates;

	while (*at != NULL)
		if ((*at)->is_told)
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

/* It stays as it is until then. */
static void
put_off(struct attempt_run *r, struct item *item, int64_t until_us)
{
	struct ms_job_queue *set = attempt_job(r, item, MS_JOB_QUEUE_SET);
	struct ms_part *p = ms_arena_alloc(r->arena, sizeof(*p));
	bool open = false;

	*p = item->part;
	p->next_us = until_us;
	if (item->load_status != MS_OK && p->attempts++ >= UNREADABLE_TRIES)
		p->state = MS_QUEUE_PARKED;	/* an admin sees it in the list */
	set->parts = parts_of(r, p);
	set->n_parts = 1;
	attempt_add_job(r, set, &open);
}

/* One chain: the notifications, what is tried again, or the end. */
static ms_status
add_chain(struct attempt_run *r, struct item *item, int64_t now, struct ms_error *err)
{
	const struct runner_options *o = runner_config();
	bool open = false, warn, retried;
	ms_status st;

	warn = o->warn_us > 0 && !item->record.warned &&
	    now > item->message->info.received_us + o->warn_us;
	if (!add_dsn(r, item, DSN_FAILED, END_FAILED, &open) ||
	    !add_dsn(r, item, DSN_DELIVERED, END_DELIVERED, &open) ||
	    (warn && !add_dsn(r, item, DSN_DELAYED, END_DEFERRED, &open)))
		return ms_error_set(err, MS_TEMPFAIL, "", "no notification could be made");
	st = attempt_add_retries(r, item, warn || item->record.warned, &open, &retried, err);
	if (st == MS_OK && !retried)
		add_done(r, item, &open);
	return st;
}

static void
settle_item(struct attempt_run *r, struct item *item)
{
	const struct runner_options *o = runner_config();
	int64_t now = clock_now_us();
	size_t before = r->n_queue_jobs;
	struct ms_error err = MS_ERROR_INIT;
	bool expired;

	if (item->load_status == MS_NOTFOUND)
		return;		/* done meanwhile */
	if (item->load_status != MS_OK || item->fates == NULL) {
		/* Unreadable now, or held until later: another time. */
		if (item->load_status != MS_OK)
			log_printf(NULL, MS_LOG_ERROR, "a queued message cannot be read%s: %s",
			    item->part.attempts >= UNREADABLE_TRIES ? ", and is parked" : "",
			    item->error.text);
		put_off(r, item, item->load_status == MS_OK &&
		    item->message->info.hold_until_us > now ?
		    item->message->info.hold_until_us : now + 5 * MINUTE_US);
		return;
	}
	expired = o->give_up_us > 0 && now > item->message->info.received_us + o->give_up_us;
	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		take_job_results(f);
		if (expired && attempt_end_of(f) == END_DEFERRED && !f->is_put_off) {
			f->result.status = MS_PERMFAIL;
			snprintf(f->error.enhanced, sizeof(f->error.enhanced), "5.4.7");
		}
		if (!f->is_put_off)
			log_fate(item, f, attempt_end_of(f));
	}
	take_waiter(item);
	drop_told(item);
	if (add_chain(r, item, now, &err) == MS_OK) {
		item->told_by = r->queue_jobs[r->n_queue_jobs - 1];
		return;
	}
	log_printf(&item->scope.pub, MS_LOG_ERROR, "the attempt will be repeated: %s",
	    err.text);
	r->n_queue_jobs = before;
	put_off(r, item, now + 5 * MINUTE_US);
}

/* What the queue did not take in stays ours: accepted, whatever came of it. */
static void
tell_waiters(struct attempt_run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct item *item = &r->items[i];
		struct waiter *w = item->waiter;
		bool is_ours = item->told_by == NULL || item->told_by->status != MS_OK;

		if (w == NULL)
			continue;
		for (uint32_t k = 0; k < w->n && is_ours; k++)
			verdict_init(&w->verdicts[k]);
		w->done(w);
	}
}

static void
queue_told(void *arg)
{
	struct attempt_run *r = arg;

	tell_waiters(r);
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
