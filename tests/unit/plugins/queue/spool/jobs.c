/* SPDX-License-Identifier: ISC */
/* jobs.c - see rig.h: jobs, and what is there after them */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

#include <mansio/error.h>

ms_status
rig_run(struct rig *r, struct ms_job *const *jobs, size_t n)
{
	const struct ms_batch *batch = rig_batch(r);
	const struct ms_scope *scope = rig_scope(r);
	struct ms_error err = MS_ERROR_INIT;
	ms_status st, worst = MS_OK;

	for (size_t i = 0; i < n; i++) {
		if (jobs[i]->arena == NULL)
			jobs[i]->arena = scope->arena;
		if (batch->shard_of(rig_instance(r), jobs[i]->key) !=
		    batch->shard_of(rig_instance(r), jobs[0]->key))
			abort();
	}
	st = batch->prepare(rig_instance(r), scope, jobs, n, &err);
	if (st != MS_OK)
		return st;
	batch->run(rig_instance(r), scope, jobs, n);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->status != MS_OK)
			worst = jobs[i]->status;
	return worst;
}

ms_status
rig_put_parts(struct rig *r, const char *record, struct ms_str body,
    const struct ms_part *const *parts, size_t n, struct ms_id *id_out)
{
	struct ms_job_queue job = { .job = { .size = sizeof(job),
		.type = MS_JOB_QUEUE_PUT }, .record = ms_str_c(record),
		.body = rig_blob(r, body), .parts = parts, .n_parts = n };
	struct ms_job *jobs[] = { &job.job };
	ms_status st = rig_run(r, jobs, 1);

	rig_release(r, job.body);
	if (st == MS_OK)
		*id_out = job.message;
	return st;
}

ms_status
rig_put(struct rig *r, const char *record, struct ms_str body,
    struct ms_id *id_out)
{
	struct ms_part part = { .size = sizeof(part), .state = MS_QUEUE_WAITS,
		.expires_us = rig_now(r) + INT64_C(5) * 86400 * 1000000 };
	const struct ms_part *parts[] = { &part };

	return rig_put_parts(r, record, body, parts, 1, id_out);
}

static struct ms_str
key_of(const struct ms_id *id)
{
	return ms_str_of((const char *)id->octets, sizeof(id->octets));
}

ms_status
rig_done(struct rig *r, struct ms_id id, uint32_t number)
{
	struct ms_part part = { .size = sizeof(part), .number = number };
	const struct ms_part *parts[] = { &part };
	struct ms_job_queue job = { .job = { .size = sizeof(job),
		.type = MS_JOB_QUEUE_DONE, .key = key_of(&id) }, .message = id,
		.parts = parts, .n_parts = 1 };
	struct ms_job *jobs[] = { &job.job };

	return rig_run(r, jobs, 1);
}

ms_status
rig_set(struct rig *r, struct ms_id id, uint32_t number, int64_t next_us,
    const char *destination)
{
	struct ms_part part = { .size = sizeof(part), .number = number,
		.state = MS_QUEUE_WAITS, .attempts = 1, .next_us = next_us,
		.destination = ms_str_c(destination),
		.expires_us = rig_now(r) + INT64_C(5) * 86400 * 1000000 };
	const struct ms_part *parts[] = { &part };
	struct ms_job_queue job = { .job = { .size = sizeof(job),
		.type = MS_JOB_QUEUE_SET, .key = key_of(&id) }, .message = id,
		.parts = parts, .n_parts = 1 };
	struct ms_job *jobs[] = { &job.job };

	return rig_run(r, jobs, 1);
}

size_t
rig_list(struct rig *r, uint32_t by, int64_t due_us, uint32_t page,
    struct ms_part *out, size_t most)
{
	struct ms_queue_look look = { .size = sizeof(look), .by = by,
		.due_us = due_us, .limit = page };
	struct ms_error err = MS_ERROR_INIT;
	size_t n = 0;

	for (;;) {
		struct ms_parts parts = { .size = sizeof(parts) };

		if (rig_queue(r)->find(rig_instance(r), rig_scope(r), &look, &parts,
		    &err) != MS_OK) {
			fprintf(stderr, "find: %s\n", err.text);
			abort();
		}
		if (parts.n == 0)
			return n;
		for (uint32_t i = 0; i < parts.n && n < most; i++)
			out[n++] = *parts.parts[i];
		if (n == most)
			return n;
		look.after = parts.parts[parts.n - 1];
	}
}

static const char *
message(struct rig *r, struct ms_id id, bool want_body)
{
	const struct ms_scope *scope = rig_scope(r);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_blob *body = NULL;
	struct ms_str record = { "", 0 }, text;
	ms_status st = rig_queue(r)->message(rig_instance(r), scope, &id, &record,
	    want_body ? &body : NULL, &err);

	if (st == MS_NOTFOUND)
		return NULL;
	if (st != MS_OK)
		return "(damaged)";
	text = want_body ? rig_octets(r, body) : record;
	rig_release(r, body);
	return ms_arena_str(scope->arena, text).data;
}

const char *
rig_record(struct rig *r, struct ms_id id)
{
	return message(r, id, false);
}

const char *
rig_body(struct rig *r, struct ms_id id)
{
	return message(r, id, true);
}

const char *
rig_verb(struct rig *r, uint32_t verb)
{
	const struct ms_scope *scope = rig_scope(r);
	struct ms_writer w = { .buf = MS_BUF_MAX(1024 * 1024) };
	struct ms_error err = MS_ERROR_INIT;
	const char *text = "";

	if (rig_command(r)->run(rig_instance(r), scope, verb, NULL, 0, &w, &err) == MS_OK)
		text = ms_arena_str(scope->arena, ms_buf_str(&w.buf)).data;
	ms_buf_free(&w.buf);
	return text;
}

uint64_t
rig_verify(struct rig *r)
{
	const struct ms_command *command = rig_command(r);
	struct ms_writer w = { .buf = MS_BUF_MAX(1024 * 1024) };
	struct ms_error err = MS_ERROR_INIT;
	ms_status st = command->run(rig_instance(r), rig_scope(r), 0, NULL, 0, &w,
	    &err);
	const char *found = w.buf.data != NULL ?
	    strstr(w.buf.data, "\"damaged\":") : NULL;
	uint64_t n = found != NULL ? strtoull(found + 10, NULL, 10) : UINT64_MAX;

	if (st != MS_OK && n == 0)
		n = UINT64_MAX;
	if (n > 0)
		fprintf(stderr, "verify: %s", w.buf.data != NULL ? w.buf.data : err.text);
	ms_buf_free(&w.buf);
	return n;
}
