/* SPDX-License-Identifier: ISC */
/* queue.c - what waits, and what an admin does about it; see verb.h */
#include "command/verb.h"

#include <stdio.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/date.h>
#include <mansio/error.h>
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/queue.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"
#include "base/op.h"
#include "pipeline/front_reads.h"
#include "pipeline/record.h"
#include "pipeline/runner.h"

#define PAGE		200
#define PATIENCE_US	(30 * SECOND_US)	/* with a part that is being delivered */

/* One part with its message, as people see it. */
struct shown {
	const struct ms_part *part;
	struct ms_message    *message;	/* NULL: it cannot be read, `damage` says why */
	struct ms_str         id;
	struct part_record    record;
	struct ms_error       damage;
	struct ms_arena      *arena;
};

typedef ms_status (*visit)(void *arg, const struct shown *shown, struct ms_error *err);

/* Where a message cannot be read it is known by its place in the queue. */
static struct ms_str
place_of(struct ms_arena *a, const struct ms_part *p)
{
	struct ms_buf b = MS_BUF_MAX(64);
	struct ms_str place;

	for (size_t i = 0; i < sizeof(p->message.octets); i++)
		ms_buf_addf(&b, "%02x", p->message.octets[i]);
	place = ms_arena_str(a, ms_buf_str(&b));
	ms_buf_free(&b);
	return place;
}

/* MS_NOTFOUND: it is done meanwhile. */
static ms_status
open_part(struct host *h, const struct ms_scope *scope, const struct ms_part *p,
    struct shown *s)
{
	struct ms_backend queue = front_backend(h->queue);
	struct ms_str record;
	struct ms_blob *body = NULL;
	ms_status st;

	s->damage.size = sizeof(s->damage);
	st = front_queue_table.message(queue.self, scope, &p->message, &record, &body,
	    &s->damage);
	if (st == MS_NOTFOUND)
		return st;
	if (st == MS_OK)
		st = part_decode(p->record, scope->arena, &s->record, &s->damage);
	if (st == MS_OK)
		st = record_decode(scope, record, body, &s->message, &s->damage);
	blob_release(body);
	s->part = p;
	s->arena = scope->arena;
	s->id = s->message != NULL ? s->message->info.id : place_of(scope->arena, p);
	return MS_OK;
}

/* All parts, a page at a time, each page in an arena of its own. */
static ms_status
walk(struct host *h, const struct request *r, visit each, void *arg,
    struct ms_error *err)
{
	struct ms_backend queue;
	struct ms_part after;
	bool has_after = false;
	ms_status st = MS_OK;
	uint32_t n = 1;

	if (h->queue == NULL)
		return ms_error_set(err, MS_NOTFOUND, "", "the config has no queue");
	queue = front_backend(h->queue);
	while (st == MS_OK && n > 0) {
		struct ms_arena *arena = ms_arena_new(0);
		struct owner owner;
		struct scope scope;
		struct ms_parts parts = { .size = sizeof(parts) };
		struct ms_queue_look look = { .size = sizeof(look),
			.by = MS_QUEUE_BY_TIME, .limit = PAGE,
			.destination = request_option(r, "destination"),
			.sender = request_option(r, "sender"),
			.after = has_after ? &after : NULL };

		owner_init(&owner);
		scope_init(&scope, &owner, ms_str_of("", 0), arena, NULL, 0);
		st = front_queue_table.find(queue.self, &scope.pub, &look, &parts, err);
		n = st == MS_OK ? parts.n : 0;
		for (uint32_t i = 0; st == MS_OK && i < n; i++) {
			struct shown s = { 0 };

			st = open_part(h, &scope.pub, parts.parts[i], &s);
			if (st == MS_OK)
				st = each(arg, &s, err);
			else if (st == MS_NOTFOUND)
				st = MS_OK;	/* delivered meanwhile */
		}
		if (n > 0) {
			const struct ms_part *last = parts.parts[n - 1];

			after = (struct ms_part){ .size = sizeof(after),
				.number = last->number, .message = last->message,
				.next_us = last->next_us };
			has_after = true;
		}
		owner_fini(&owner);
		ms_arena_free(arena);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static void
add_time(struct ms_json *j, const char *name, int64_t us)
{
	struct ms_buf b = MS_BUF_MAX(64);

	ms_date_add_3339(&b, us);
	ms_json_str(j, name, ms_buf_str(&b));
	ms_buf_free(&b);
}

static const char *
state_name(uint32_t state)
{
	static const char *const names[] = { "", "waits", "held", "parked" };

	return state <= MS_QUEUE_PARKED ? names[state] : "unknown";
}

static void
add_recipients(struct ms_json *j, const struct shown *s)
{
	const struct part_record *p = &s->record;
	uint32_t n = p->n == UINT32_MAX ? s->message->n_numbers : p->n;

	ms_json_array(j, "recipients");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = p->n == UINT32_MAX ? i : p->numbers[i];

		if (p->n != UINT32_MAX && p->expanded[i].len > 0)
			ms_json_str(j, NULL, p->expanded[i]);
		else if (number < s->message->n_numbers)
			ms_json_str(j, NULL, s->message->recipients[number]->pub.path);
	}
	ms_json_end(j);
}

static void
add_common(struct ms_json *j, const struct shown *s)
{
	ms_json_str(j, "id", s->id);
	ms_json_c(j, "state", state_name(s->part->state));
	if (s->message == NULL) {
		ms_json_c(j, "damage", s->damage.text);
		return;
	}
	ms_json_str(j, "from", s->message->info.reverse_path);
	add_recipients(j, s);
	ms_json_u64(j, "octets", s->message->body != NULL ? blob_octets(s->message->body) : 0);
	add_time(j, "arrived", s->message->info.received_us);
	ms_json_u64(j, "attempts", s->part->attempts);
	if (s->part->attempts > 0)
		add_time(j, "next", s->part->next_us);
	if (s->part->destination.len > 0)
		ms_json_str(j, "destination", s->part->destination);
	if (s->record.reply.len > 0)
		ms_json_str(j, "reply", ms_str_trim(s->record.reply));
}

static ms_status
list_one(void *arg, const struct shown *s, struct ms_error *err)
{
	struct row row;

	row_begin(&row);
	add_common(&row.json, s);
	return row_end(&row, arg, err);
}

ms_status
queue_run_list(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	(void)scope;
	return walk(h, r, list_one, out, err);
}

struct search {
	struct host     *host;
	struct ms_str    id;
	bool             all;
	const char      *verb;
	bool             dry;
	int64_t          now_us;
	struct output   *out;
	uint32_t         found;
};

static bool
is_meant(const struct search *x, const struct shown *s)
{
	return x->all || ms_str_equal(s->id, x->id);
}

static ms_status
show_one(void *arg, const struct shown *s, struct ms_error *err)
{
	struct search *x = arg;
	struct ms_field f;
	struct row row;
	size_t n = 0;
	char *header;

	if (!is_meant(x, s))
		return MS_OK;
	x->found++;
	row_begin(&row);
	add_common(&row.json, s);
	ms_json_u64(&row.json, "part", s->part->number);
	if (s->message == NULL)
		return row_end(&row, x->out, err);
	ms_json_str(&row.json, "envid", s->message->info.envid);
	for (uint32_t i = 0; facts_at(s->message->facts, ms_str_of("", 0), i, &f); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%.*s", (int)f.name.len, f.name.data);
		ms_json_str(&row.json, name, f.value);
	}
	ms_json_str(&row.json, "trace", ms_buf_str(&s->message->trace));
	if (s->message->body != NULL) {
		size_t want = MS_MAX_HEADER_OCTETS;

		header = ms_arena_alloc(s->message->arena, want);
		if (blob_read(s->message->body, 0, header, want, &n, err) == MS_OK)
			ms_json_str(&row.json, "header",
			    ms_str_of(header, ms_header_octets(ms_str_of(header, n))));
	}
	return row_end(&row, x->out, err);
}

static ms_status
need_id(const struct request *r, struct search *x, struct ms_error *err)
{
	x->id = request_argument(r, 0);
	x->verb = r->verb;
	x->all = ms_str_is(x->id, "all") && strcmp(r->verb, "drop") != 0;
	if (x->id.len > 0)
		return MS_OK;
	return ms_error_set(err, MS_INVALID, "", "queue %s: which message?", r->verb);
}

static ms_status
not_found(const struct search *x, ms_status st, struct ms_error *err)
{
	if (st != MS_OK || x->found > 0 || x->all)
		return st;
	return ms_error_set(err, MS_NOTFOUND, "", "there is no message %.*s in the queue",
	    (int)x->id.len, x->id.data);
}

ms_status
queue_run_show(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct search x = { .host = h, .out = out };
	ms_status st = need_id(r, &x, err);

	(void)scope;
	if (st == MS_OK)
		st = walk(h, r, show_one, &x, err);
	return not_found(&x, st, err);
}

/* `hold` and `retry` are for what waits, `release` for what is held or parked: so
   that "retry all" sends nothing that was kept aside for a reason. */
static bool
applies(const struct search *x, const struct ms_part *p)
{
	if (strcmp(x->verb, "drop") == 0)
		return true;
	if (strcmp(x->verb, "release") == 0)
		return p->state != MS_QUEUE_WAITS;
	if (p->state != MS_QUEUE_WAITS)
		return false;
	/* Moved to now already, and so met again further on. */
	return strcmp(x->verb, "hold") == 0 || p->next_us != x->now_us;
}

static ms_status
commit_change(const struct search *x, struct ms_part *part, struct ms_arena *arena,
    struct ms_error *err)
{
	const struct ms_part *parts[] = { part };
	struct ms_job_queue job = {
		.job = { .size = sizeof(job), .type = MS_JOB_QUEUE_SET,
		    .status = MS_TEMPFAIL, .error = err,
		    .key = ms_str_of((const char *)part->message.octets,
			sizeof(part->message.octets)), .arena = arena },
		.message = part->message, .record = { "", 0 },
		.parts = parts, .n_parts = 1,
	};
	struct ms_job *jobs[] = { &job.job };
	struct ms_op *op;
	ms_status st;

	if (strcmp(x->verb, "drop") == 0)
		job.job.type = MS_JOB_QUEUE_DONE;
	part->state = strcmp(x->verb, "hold") == 0 ? MS_QUEUE_HELD : MS_QUEUE_WAITS;
	if (part->state == MS_QUEUE_WAITS)
		part->next_us = x->now_us;
	op = front_commit(NULL, x->host->queue, jobs, 1);
	st = op_await(NULL, op, err);
	op_drop(op);
	return st;
}

/* The part as it stands now; MS_NOTFOUND: it is done. */
static ms_status
find_again(const struct search *x, const struct ms_scope *scope, struct ms_part *part,
    struct ms_error *err)
{
	struct ms_backend queue = front_backend(x->host->queue);
	struct ms_queue_look look = { .size = sizeof(look), .by = MS_QUEUE_BY_MESSAGE,
		.message = &part->message, .limit = 1000 };
	struct ms_parts parts = { .size = sizeof(parts) };
	ms_status st = front_queue_table.find(queue.self, scope, &look, &parts, err);

	for (uint32_t i = 0; st == MS_OK && i < parts.n; i++)
		if (parts.parts[i]->number == part->number) {
			*part = *parts.parts[i];
			return MS_OK;
		}
	return st == MS_OK ? MS_NOTFOUND : st;
}

static ms_status
change_one(void *arg, const struct shown *s, struct ms_error *err)
{
	struct search *x = arg;
	struct ms_part part = *s->part;
	struct scope scope;
	ms_status st;

	if (!is_meant(x, s))
		return MS_OK;
	x->found++;
	if (!applies(x, &part))
		return MS_OK;
	if (x->dry)
		return list_one(x->out, s, err);
	/* Where the runner works, it must not be at this part meanwhile: what
	   comes of its attempt would undo what we do, or the other way round. */
	if (x->host->is_running && !runner_claim(s->part, PATIENCE_US))
		return ms_error_set(err, MS_BUSY, "", "%.*s is being delivered just now",
		    (int)s->id.len, s->id.data);
	scope_init(&scope, NULL, ms_str_of("", 0), s->arena, NULL, 0);
	st = find_again(x, &scope.pub, &part, err);
	if (st == MS_OK && applies(x, &part))
		st = commit_change(x, &part, s->arena, err);
	if (x->host->is_running)
		runner_let_go(s->part);
	if (st == MS_NOTFOUND)
		return MS_OK;	/* delivered meanwhile */
	return st == MS_OK ? list_one(x->out, s, err) : st;
}

ms_status
queue_run_change(struct host *h, const struct ms_scope *scope, const struct request *r,
    struct output *out, struct ms_error *err)
{
	struct search x = { .host = h, .out = out, .now_us = clock_now_us(),
		.dry = (scope->flags & MS_SCOPE_DRY) != 0 };
	ms_status st = need_id(r, &x, err);

	if (st == MS_OK)
		st = walk(h, r, change_one, &x, err);
	if (st == MS_OK && x.found > 0 && h->is_running)
		runner_kick();
	return not_found(&x, st, err);
}
