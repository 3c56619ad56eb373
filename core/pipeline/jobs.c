/* SPDX-License-Identifier: ISC */
/* jobs.c - see jobs.h; the answers are in answers.c */
#include "pipeline/jobs.h"

#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#define MAX_KEYWORDS	1000
#define MAX_KEYS	1000

void
jobs_pack_uids(struct ms_buf *b, struct ms_uids u)
{
	ms_pack_u32(b, (uint32_t)u.n);
	for (size_t i = 0; i < u.n; i++) {
		ms_pack_u32(b, u.ranges[i].first);
		ms_pack_u32(b, u.ranges[i].last);
	}
}

static struct ms_uids
unpack_uids(struct ms_unpack *u, struct ms_arena *a)
{
	uint32_t n = ms_unpack_count(u, 8);
	struct ms_uid_range *r = ms_arena_array(a, n, sizeof(*r));

	for (uint32_t i = 0; i < n; i++) {
		r[i].first = ms_unpack_u32(u);
		r[i].last = ms_unpack_u32(u);
		/* Ascending, not touching: what query.h promises to readers. */
		if (r[i].first > r[i].last || (i > 0 && r[i].first <= r[i - 1].last))
			u->bad = true;
	}
	return (struct ms_uids){ r, n };
}

static void
pack_strs(struct ms_buf *b, const struct ms_str *s, uint32_t n)
{
	ms_pack_u32(b, n);
	for (uint32_t i = 0; i < n; i++)
		ms_pack_str(b, s[i]);
}

static const struct ms_str *
unpack_strs(struct ms_unpack *u, struct ms_arena *a, uint32_t *n_out)
{
	uint32_t n = ms_unpack_count(u, 4);
	struct ms_str *s;

	if (n > MAX_KEYWORDS) {
		u->bad = true;
		n = 0;
	}
	s = ms_arena_array(a, n, sizeof(*s));
	for (uint32_t i = 0; i < n; i++)
		s[i] = ms_unpack_str(u);
	*n_out = n;
	return s;
}

static void
pack_append(struct ms_buf *b, const struct ms_job_append *j)
{
	ms_pack_id(b, &j->box);
	ms_pack_u64(b, j->octets);
	ms_pack_u32(b, j->flags);
	pack_strs(b, j->keywords, j->n_keywords);
	ms_pack_i64(b, j->arrived_us);
	ms_pack_str(b, j->digest);
	ms_pack_id(b, &j->email_id);
	ms_pack_id(b, &j->thread_id);
	ms_pack_u32(b, j->n_thread_keys);
	for (uint32_t i = 0; i < j->n_thread_keys; i++)
		ms_pack_u64(b, j->thread_keys[i]);
	ms_pack_u32(b, j->delivery_number);
	ms_pack_id(b, &j->delivery_id);
	ms_pack_u64(b, j->limit_octets);
	ms_pack_u64(b, j->limit_messages);
	ms_pack_u32(b, j->uid);
	ms_pack_u64(b, j->modseq);
	ms_pack_i64(b, j->saved_us);
	ms_pack_str(b, MS_JOB_REACHES(j, place) ? j->place : ms_str_of("", 0));
}

static struct ms_job *
unpack_append(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_append *j = ms_arena_alloc(a, sizeof(*j));
	uint64_t *keys;

	j->job.size = sizeof(*j);
	j->box = ms_unpack_id(u);
	j->octets = ms_unpack_u64(u);
	j->flags = ms_unpack_u32(u);
	j->keywords = unpack_strs(u, a, &j->n_keywords);
	j->arrived_us = ms_unpack_i64(u);
	j->digest = ms_unpack_str(u);
	j->email_id = ms_unpack_id(u);
	j->thread_id = ms_unpack_id(u);
	j->n_thread_keys = ms_unpack_count(u, 8);
	if (j->n_thread_keys > MAX_KEYS)
		u->bad = true;
	keys = ms_arena_array(a, u->bad ? 0 : j->n_thread_keys, sizeof(*keys));
	for (uint32_t i = 0; i < j->n_thread_keys && !u->bad; i++)
		keys[i] = ms_unpack_u64(u);
	j->thread_keys = keys;
	j->delivery_number = ms_unpack_u32(u);
	j->delivery_id = ms_unpack_id(u);
	j->limit_octets = ms_unpack_u64(u);
	j->limit_messages = ms_unpack_u64(u);
	j->uid = ms_unpack_u32(u);
	j->modseq = ms_unpack_u64(u);
	j->saved_us = ms_unpack_i64(u);
	j->place = ms_unpack_str(u);
	return &j->job;
}

static void
pack_box(struct ms_buf *b, const struct ms_job_box *j)
{
	ms_pack_id(b, &j->id);
	ms_pack_str(b, j->name);
	ms_pack_str(b, j->special_use);
	ms_pack_u32(b, j->uidvalidity);
	ms_pack_u32(b, j->uidnext);
	ms_pack_u64(b, j->modseq);
}

static struct ms_job *
unpack_box(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_box *j = ms_arena_alloc(a, sizeof(*j));

	j->job.size = sizeof(*j);
	j->id = ms_unpack_id(u);
	j->name = ms_unpack_str(u);
	j->special_use = ms_unpack_str(u);
	j->uidvalidity = ms_unpack_u32(u);
	j->uidnext = ms_unpack_u32(u);
	j->modseq = ms_unpack_u64(u);
	return &j->job;
}

static void
pack_store(struct ms_buf *b, const struct ms_job_store *j)
{
	ms_pack_id(b, &j->box);
	jobs_pack_uids(b, j->uids);
	ms_pack_u32(b, j->how);
	ms_pack_u32(b, j->flags);
	pack_strs(b, j->keywords, j->n_keywords);
	ms_pack_u64(b, j->unchanged_since);
	ms_pack_u64(b, j->modseq);
}

static struct ms_job *
unpack_store(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_store *j = ms_arena_alloc(a, sizeof(*j));

	j->job.size = sizeof(*j);
	j->box = ms_unpack_id(u);
	j->uids = unpack_uids(u, a);
	j->how = ms_unpack_u32(u);
	j->flags = ms_unpack_u32(u);
	j->keywords = unpack_strs(u, a, &j->n_keywords);
	j->unchanged_since = ms_unpack_u64(u);
	j->modseq = ms_unpack_u64(u);
	return &j->job;
}

static void
pack_expunge(struct ms_buf *b, const struct ms_job_expunge *j)
{
	ms_pack_id(b, &j->box);
	jobs_pack_uids(b, j->uids);
	ms_pack_u32(b, j->only_deleted);
	ms_pack_u32(b, j->forever);
	ms_pack_u64(b, j->modseq);
}

static struct ms_job *
unpack_expunge(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_expunge *j = ms_arena_alloc(a, sizeof(*j));

	j->job.size = sizeof(*j);
	j->box = ms_unpack_id(u);
	j->uids = unpack_uids(u, a);
	j->only_deleted = ms_unpack_u32(u);
	j->forever = ms_unpack_u32(u);
	j->modseq = ms_unpack_u64(u);
	return &j->job;
}

static void
pack_copy(struct ms_buf *b, const struct ms_job_copy *j)
{
	ms_pack_id(b, &j->from);
	ms_pack_id(b, &j->to);
	jobs_pack_uids(b, j->uids);
	ms_pack_u32(b, j->move);
	ms_pack_u64(b, j->limit_octets);
	ms_pack_u64(b, j->limit_messages);
}

static struct ms_job *
unpack_copy(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_copy *j = ms_arena_alloc(a, sizeof(*j));

	j->job.size = sizeof(*j);
	j->from = ms_unpack_id(u);
	j->to = ms_unpack_id(u);
	j->uids = unpack_uids(u, a);
	j->move = ms_unpack_u32(u);
	j->limit_octets = ms_unpack_u64(u);
	j->limit_messages = ms_unpack_u64(u);
	return &j->job;
}

static void
pack_mark(struct ms_buf *b, const struct ms_job_mark *j)
{
	ms_pack_id(b, &j->box);
	ms_pack_u32(b, j->recent_from);
	ms_pack_u32(b, j->uid);
	ms_pack_str(b, j->digest);
}

static struct ms_job *
unpack_mark(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_mark *j = ms_arena_alloc(a, sizeof(*j));

	j->job.size = sizeof(*j);
	j->box = ms_unpack_id(u);
	j->recent_from = ms_unpack_u32(u);
	j->uid = ms_unpack_u32(u);
	j->digest = ms_unpack_str(u);
	return &j->job;
}

static void
pack_property(struct ms_buf *b, const struct ms_job_property *j)
{
	ms_pack_id(b, &j->box);
	ms_pack_str(b, j->name);
	ms_pack_u8(b, j->value.data != NULL);
	ms_pack_str(b, j->value);
	ms_pack_u64(b, j->unchanged_since);
}

static struct ms_job *
unpack_property(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_property *j = ms_arena_alloc(a, sizeof(*j));
	bool is_set;

	j->job.size = sizeof(*j);
	j->box = ms_unpack_id(u);
	j->name = ms_unpack_str(u);
	is_set = ms_unpack_u8(u) != 0;
	j->value = ms_unpack_str(u);
	if (!is_set)
		j->value = ms_str_of(NULL, 0);
	j->unchanged_since = ms_unpack_u64(u);
	return &j->job;
}

static void
pack_forget(struct ms_buf *b, const struct ms_job_forget *j)
{
	ms_pack_id(b, &j->first);
	ms_pack_id(b, &j->last);
}

static struct ms_job *
unpack_forget(struct ms_unpack *u, struct ms_arena *a)
{
	struct ms_job_forget *j = ms_arena_alloc(a, sizeof(*j));

	j->job.size = sizeof(*j);
	j->first = ms_unpack_id(u);
	j->last = ms_unpack_id(u);
	return &j->job;
}

static bool
pack_job(struct ms_buf *b, const struct ms_job *job)
{
	switch (job->type) {
	case MS_JOB_BOX_CREATE:
	case MS_JOB_BOX_CHANGE:
	case MS_JOB_BOX_DELETE:
		pack_box(b, (const struct ms_job_box *)job);
		return true;
	case MS_JOB_APPEND:
		pack_append(b, (const struct ms_job_append *)job);
		return true;
	case MS_JOB_STORE:
		pack_store(b, (const struct ms_job_store *)job);
		return true;
	case MS_JOB_EXPUNGE:
		pack_expunge(b, (const struct ms_job_expunge *)job);
		return true;
	case MS_JOB_COPY:
	case MS_JOB_RESTORE:
		pack_copy(b, (const struct ms_job_copy *)job);
		return true;
	case MS_JOB_MARK:
		pack_mark(b, (const struct ms_job_mark *)job);
		return true;
	case MS_JOB_PROPERTY:
		pack_property(b, (const struct ms_job_property *)job);
		return true;
	case MS_JOB_FORGET:
		pack_forget(b, (const struct ms_job_forget *)job);
		return true;
	default:
		return false;
	}
}

static struct ms_job *
unpack_job(struct ms_unpack *u, struct ms_arena *a, uint32_t type)
{
	switch (type) {
	case MS_JOB_BOX_CREATE:
	case MS_JOB_BOX_CHANGE:
	case MS_JOB_BOX_DELETE:
		return unpack_box(u, a);
	case MS_JOB_APPEND:
		return unpack_append(u, a);
	case MS_JOB_STORE:
		return unpack_store(u, a);
	case MS_JOB_EXPUNGE:
		return unpack_expunge(u, a);
	case MS_JOB_COPY:
	case MS_JOB_RESTORE:
		return unpack_copy(u, a);
	case MS_JOB_MARK:
		return unpack_mark(u, a);
	case MS_JOB_PROPERTY:
		return unpack_property(u, a);
	case MS_JOB_FORGET:
		return unpack_forget(u, a);
	default:
		return NULL;
	}
}

ms_status
jobs_encode_request(struct ms_job *const *jobs, size_t n, struct ms_buf *out,
    struct ms_error *err)
{
	if (n > JOBS_MAX_GROUP)
		return ms_error_set(err, MS_LIMIT, "", "more than %d jobs at once",
		    JOBS_MAX_GROUP);
	ms_pack_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		ms_pack_u32(out, jobs[i]->type);
		ms_pack_u32(out, jobs[i]->flags);
		ms_pack_str(out, jobs[i]->key);
		if (!pack_job(out, jobs[i]))
			return ms_error_set(err, MS_UNSUPPORTED, "",
			    "a job of unknown type %u", (unsigned)jobs[i]->type);
	}
	if (!ms_buf_ok(out))
		return ms_error_set(err, MS_LIMIT, "", "the jobs are too large");
	return MS_OK;
}

ms_status
jobs_decode_request(struct ms_str request, struct ms_arena *arena,
    struct ms_job ***jobs_out, size_t *n_out, struct ms_error *err)
{
	struct ms_unpack u = ms_unpack_of(request);
	uint32_t n = ms_unpack_count(&u, 12);
	struct ms_job **jobs;

	if (n > JOBS_MAX_GROUP)
		u.bad = true;
	jobs = ms_arena_array(arena, u.bad ? 0 : n, sizeof(struct ms_job *));
	for (uint32_t i = 0; i < n && !u.bad; i++) {
		uint32_t type = ms_unpack_u32(&u), flags = ms_unpack_u32(&u);
		struct ms_str key = ms_unpack_str(&u);

		jobs[i] = unpack_job(&u, arena, type);
		if (jobs[i] == NULL) {
			u.bad = true;
			break;
		}
		jobs[i]->type = type;
		jobs[i]->flags = flags;
		jobs[i]->key = key;
		jobs[i]->arena = arena;
		jobs[i]->status = MS_TEMPFAIL;
		jobs[i]->error = ms_arena_alloc(arena, sizeof(struct ms_error));
		jobs[i]->error->size = sizeof(struct ms_error);
	}
	if (!ms_unpack_done(&u))
		return ms_error_set(err, MS_INVALID, "", "a damaged request");
	*jobs_out = jobs;
	*n_out = n;
	return MS_OK;
}
