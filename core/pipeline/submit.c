/* SPDX-License-Identifier: ISC */
/*
 * submit.c - see submit.h
 *
 * A submission is one PUT job for the queue.  Its op ends when the queue's
 * commit has: the record with envelope and body is on stable storage then,
 * and only then (durable before 250).  With MS_SUBMIT_THROUGH it ends when
 * the runner has made its first attempt for each recipient.
 */
#include "pipeline/submit.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
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
#include "net/net.h"
#include "pipeline/front.h"
#include "pipeline/record.h"
#include "pipeline/routing.h"
#include "pipeline/run.h"
#include "pipeline/states.h"
#include "pipeline/waiters.h"

static struct front *queue;
static const int submit_kind = 0;
static struct ms_metric *accepted_total, *failed_total;

void
submit_start(struct front *front)
{
	queue = front;
	accepted_total = metrics_series(MS_METRIC_COUNTER,
	    "mansio_messages_accepted_total", "", "Messages made durable in the queue");
	failed_total = metrics_series(MS_METRIC_COUNTER,
	    "mansio_messages_not_queued_total", "",
	    "Messages that the queue could not take");
}

static ms_status
pipeline_begin(const struct ms_scope *scope, struct ms_session *session,
    struct ms_str name, struct ms_message **message_out, struct ms_error *err)
{
	struct pipeline *p = session != NULL && name.len == 0 ?
	    session_listener(session)->pipeline_data : pipeline_find(name);
	struct ms_message *m;
	uint32_t nth = 0;

	if (p == NULL)
		return ms_error_set(err, MS_INVALID, "4.3.5", "there is no pipeline %.*s",
		    (int)name.len, name.data);
	m = message_new(session != NULL ? session_scope(session) : scope,
	    session != NULL ? session_facts(session) : NULL);
	m->session = session;
	m->pipeline = p;
	facts_set_c(m->facts, "pipeline", p->name);
	if (session != NULL && session_account(session).len > 0)
		m->info.flags |= MS_MESSAGE_OWN;
	if (session != NULL)
		nth = states_next_message(session);
	/* One id from connect to mailbox; a connection's later messages add
	   their number. */
	if (nth <= 1) {
		message_set_id(m, scope->id);
	} else {
		char id[24];

		snprintf(id, sizeof(id), "%.*s-%u", (int)scope->id.len, scope->id.data, nth);
		message_set_id(m, ms_str_c(id));
	}
	*message_out = m;
	return MS_OK;
}

static struct ms_op *
outcome_ended(const struct ms_scope *scope, const struct ms_verdict *v, ms_status status)
{
	struct ms_op *op = op_new(scope, sizeof(struct outcome), NULL);
	struct outcome *o = op_payload(op);

	op_set_kind(op, &run_kind);
	o->all = *v;
	op_finish(op, status, NULL);
	return op;
}

static struct ms_op *
pipeline_run(const struct ms_scope *scope, struct ms_session *session,
    struct ms_message *m, uint32_t at, uint32_t recipient)
{
	struct pipeline *p = m != NULL ? m->pipeline : session != NULL ?
	    session_listener(session)->pipeline_data : NULL;
	struct ms_error err = MS_ERROR_INIT;
	struct target *targets;
	struct ms_verdict v;
	ms_status st;

	/* The recipient first: memory or a directory, cheaper than any filter. */
	if (at == MS_AT_RCPT && m != NULL && recipient < m->n_numbers) {
		st = routing_resolve(scope, p, m, &m->recipients[recipient]->pub, &targets,
		    &err);
		if (st != MS_OK) {
			verdict_of_status(&v, st, &err);
			return outcome_ended(scope, &v, MS_OK);
		}
	}
	return run_point(scope, p, session, m, at, recipient);
}

/* What a submission under way holds. */
struct submission {
	struct ms_op      *op;		/* the caller's */
	struct ms_op      *commit;	/* the queue's */
	struct ms_message *message;	/* held */
	struct ms_job_queue put;
	struct ms_part     part;
	const struct ms_part *parts[1];
	struct ms_error    error;
	struct ms_buf      record;
	struct owner       owner;
	struct scope       scope;
	struct ms_arena   *arena;
	bool               through;
	struct waiter      waiter;
	atomic_uint        steps;	/* still to come: commit, first attempt */
	ms_status          status;	/* of the commit */
	int64_t            began_us;
};

static void
submission_free(struct submission *s)
{
	op_drop(s->commit);
	free(s->waiter.verdicts);
	owner_fini(&s->owner);
	ms_arena_free(s->arena);
	ms_buf_free(&s->record);
	message_release(s->message);
	free(s);
}

static void
log_accepted(const struct submission *s)
{
	struct ms_message *m = s->message;
	char octets[24], n[16], took[24];
	struct ms_str account = facts_get_c(m->facts, "auth.account");
	struct ms_str client = facts_get_c(m->facts, "client.address");
	struct ms_field fields[8];
	size_t k = 0;

	if (!log_wants(MS_LOG_INFO))
		return;
	snprintf(octets, sizeof(octets), "%" PRIu64, blob_octets(m->body));
	snprintf(n, sizeof(n), "%u", m->info.n_recipients);
	snprintf(took, sizeof(took), "%" PRId64,
	    (clock_steady_us() - s->began_us) / 1000);
	fields[k++] = (struct ms_field)LOG_STR("from", m->info.reverse_path);
	fields[k++] = (struct ms_field)LOG_STR("octets", ms_str_c(octets));
	fields[k++] = (struct ms_field)LOG_STR("recipients", ms_str_c(n));
	fields[k++] = (struct ms_field)LOG_STR("ms", ms_str_c(took));
	if (client.len > 0)
		fields[k++] = (struct ms_field)LOG_STR("client", client);
	if (account.len > 0)
		fields[k++] = (struct ms_field)LOG_STR("account", account);
	log_write(&s->scope.pub, MS_LOG_INFO, "accepted", fields, k);
}

static void
finish_submission(struct submission *s, ms_status status, const struct ms_error *err)
{
	struct ms_op *op = s->op;
	struct outcome *o = op_payload(op);

	if (status != MS_OK) {
		verdict_of_status(&o->all, status == MS_PERMFAIL || status == MS_LIMIT ?
		    status : MS_TEMPFAIL, err);
		/* The queue's sync failed, and so did cutting off what it may have
		   kept: it may be delivered, or not.  No reply says that. */
		if (status == MS_CANCELLED) {
			o->all.action = MS_HANG_UP;
			o->all.code = MS_CODE_SILENT;
		}
		metrics_add(failed_total, 1);
		log_printf(&s->scope.pub, MS_LOG_ERROR, "not queued: %s", err->text);
	}
	op_finish(op, status, err);
	submission_free(s);
}

/* With both the commit and the first attempt: whichever comes last ends it,
   as the runner may be faster than the thread that committed. */
static void
end_step(struct submission *s)
{
	if (atomic_fetch_sub(&s->steps, 1) == 1)
		finish_submission(s, s->status, &s->error);
}

/* The runner made its first attempt for all recipients, which it numbers
   without those that were removed. */
static void
through_done(struct waiter *w)
{
	struct submission *s = (struct submission *)((char *)w -
	    offsetof(struct submission, waiter));
	struct outcome *o = op_payload(s->op);
	struct ms_message *m = s->message;
	uint32_t k = 0;

	o->n = m->n_numbers;
	o->each = calloc(o->n, sizeof(struct ms_verdict));
	if (o->each == NULL)
		abort();
	for (uint32_t i = 0; i < o->n; i++) {
		verdict_init(&o->each[i]);
		if (!m->recipients[i]->removed && k < w->n)
			o->each[i] = w->verdicts[k++];
	}
	end_step(s);
}

static void
put_done(void *arg)
{
	struct submission *s = arg;
	ms_status status = s->put.job.status;

	/* The record is synced; the reply has not left: a crash here delivers
	   the message, and its sender may send it again (RFC 1047). */
	MS_CRASH("submit.durable");
	if (status == MS_OK) {
		metrics_add(accepted_total, 1);
		log_accepted(s);
	}
	s->status = status;
	if (status != MS_OK && s->through && waiters_take(s->waiter.id) != NULL)
		atomic_fetch_sub(&s->steps, 1);
	end_step(s);
}

static void
free_outcome(void *payload)
{
	free(((struct outcome *)payload)->each);
}

static void
fill_part(struct submission *s)
{
	struct ms_message *m = s->message;
	bool held = m->decision == MS_QUARANTINE;

	s->part = (struct ms_part){
		.size = sizeof(s->part), .state = held ? MS_QUEUE_HELD : MS_QUEUE_WAITS,
		.priority = m->info.priority,
		.next_us = m->info.hold_until_us > 0 ? m->info.hold_until_us :
		    m->info.received_us,
		.delivery = ms_str_of("", 0), .destination = ms_str_of("", 0),
		.sender = m->info.reverse_path, .owner = ms_str_of("", 0),
		.record = ms_str_of("", 0),
	};
	s->parts[0] = &s->part;
}

static struct ms_op *
pipeline_submit(const struct ms_scope *scope, struct ms_message *m, uint32_t flags)
{
	struct ms_op *op = op_new(scope, sizeof(struct outcome), free_outcome);
	struct outcome *o = op_payload(op);
	struct submission *s = calloc(1, sizeof(*s));
	struct ms_job *jobs[1];

	if (s == NULL)
		abort();
	op_set_kind(op, &submit_kind);
	verdict_init(&o->all);
	s->op = op;
	s->message = message_hold(m);
	s->arena = ms_arena_new(0);
	s->error.size = sizeof(s->error);
	s->began_us = clock_steady_us();
	s->record = (struct ms_buf)MS_BUF_MAX(RECORD_MAX);
	owner_init(&s->owner);
	scope_init(&s->scope, &s->owner, m->info.id, s->arena, scope->host, 0);
	message_drop(m);	/* it is ours now: the caller's handle ends here */
	if (m->body == NULL || m->info.n_recipients == 0) {
		ms_error_set(&s->error, MS_INVALID, "4.3.0",
		    "a message without body or recipients");
		finish_submission(s, MS_INVALID, &s->error);
		return op;
	}
	if (m->decision == MS_DISCARD) {
		log_printf(&s->scope.pub, MS_LOG_INFO, "discarded by %s", m->decision_label);
		finish_submission(s, MS_OK, NULL);
		return op;
	}
	if (m->decision == MS_QUARANTINE)
		facts_set_c(m->facts, "quarantine.label", m->decision_label);
	record_encode(m, &s->record);
	if (!ms_buf_ok(&s->record)) {
		ms_error_set(&s->error, MS_LIMIT, "5.3.4", "the envelope is too large");
		finish_submission(s, MS_LIMIT, &s->error);
		return op;
	}
	fill_part(s);
	/* Nobody waits for what is not tried at once. */
	s->through = (flags & MS_SUBMIT_THROUGH) && s->part.state == MS_QUEUE_WAITS &&
	    m->info.hold_until_us <= clock_now_us();
	atomic_init(&s->steps, s->through ? 2 : 1);
	if (s->through) {
		s->waiter.id = m->info.id;
		s->waiter.op = op;
		s->waiter.n = m->info.n_recipients;
		s->waiter.verdicts = calloc(s->waiter.n, sizeof(struct ms_verdict));
		s->waiter.done = through_done;
		if (s->waiter.verdicts == NULL)
			abort();
		waiters_add(&s->waiter);
	}
	s->put = (struct ms_job_queue){
		.job = { .size = sizeof(s->put), .type = MS_JOB_QUEUE_PUT,
		    .status = MS_TEMPFAIL, .key = ms_str_of("", 0),
		    .error = &s->error, .arena = s->arena },
		.record = ms_buf_str(&s->record), .body = m->body,
		.parts = s->parts, .n_parts = 1,
	};
	jobs[0] = &s->put.job;
	s->commit = front_commit(&s->scope.pub, queue, jobs, 1);
	if (!op_watch(s->commit, put_done, s))
		put_done(s);
	return op;
}

static const struct ms_verdict *
pipeline_verdict(const struct ms_op *op, uint32_t number)
{
	static const struct ms_verdict deferred = { .size = sizeof(deferred),
		.action = MS_DEFER, .code = 451, .enhanced = "4.3.0",
		.text = "temporary failure, try again later" };
	const struct outcome *o;

	if (!op_is_kind(op, &run_kind) && !op_is_kind(op, &submit_kind))
		return &deferred;
	o = op_payload(op);
	if (o->each != NULL && number < o->n && o->all.action < MS_DEFER)
		return &o->each[number];
	return &o->all;
}

const struct ms_pipeline pipeline_service = {
	.size = sizeof(pipeline_service),
	.begin = pipeline_begin,
	.run = pipeline_run,
	.submit = pipeline_submit,
	.verdict = pipeline_verdict,
	.drop = message_drop,
};
