/* SPDX-License-Identifier: ISC */
/* answers.c - the results of mailbox jobs as octets; see jobs.h */
#include "pipeline/jobs.h"

#include <stdio.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

/* Into the arena of whoever asked: the answer's octets go when it was read. */
static struct ms_uids
unpack_uids(struct ms_unpack *u, struct ms_arena *a)
{
	uint32_t n = ms_unpack_count(u, 8);
	struct ms_uid_range *r;

	if (n == 0 || a == NULL) {
		for (uint32_t i = 0; i < n; i++)
			(void)ms_unpack_u64(u);
		return (struct ms_uids){ NULL, 0 };
	}
	r = ms_arena_array(a, n, sizeof(*r));
	for (uint32_t i = 0; i < n; i++) {
		r[i].first = ms_unpack_u32(u);
		r[i].last = ms_unpack_u32(u);
	}
	return (struct ms_uids){ r, n };
}

static void
pack_results(struct ms_buf *b, const struct ms_job *job)
{
	const struct ms_job_box *box = (const struct ms_job_box *)job;
	const struct ms_job_append *append = (const struct ms_job_append *)job;
	const struct ms_job_store *store = (const struct ms_job_store *)job;
	const struct ms_job_expunge *expunge = (const struct ms_job_expunge *)job;
	const struct ms_job_copy *copy = (const struct ms_job_copy *)job;

	switch (job->type) {
	case MS_JOB_BOX_CREATE:
	case MS_JOB_BOX_CHANGE:
	case MS_JOB_BOX_DELETE:
		ms_pack_id(b, &box->id);
		ms_pack_u64(b, box->modseq_out);
		break;
	case MS_JOB_APPEND:
		ms_pack_u32(b, append->repeated_out);
		ms_pack_u32(b, append->uid_out);
		ms_pack_u32(b, append->uidvalidity_out);
		ms_pack_u64(b, append->modseq_out);
		break;
	case MS_JOB_STORE:
		jobs_pack_uids(b, store->changed_out);
		jobs_pack_uids(b, store->failed_out);
		ms_pack_u64(b, store->modseq_out);
		break;
	case MS_JOB_EXPUNGE:
		jobs_pack_uids(b, expunge->gone_out);
		ms_pack_u64(b, expunge->modseq_out);
		break;
	case MS_JOB_COPY:
	case MS_JOB_RESTORE:
		ms_pack_u32(b, copy->uidvalidity_out);
		jobs_pack_uids(b, copy->from_out);
		jobs_pack_uids(b, copy->to_out);
		ms_pack_u64(b, copy->modseq_out);
		ms_pack_u64(b, copy->from_modseq_out);
		break;
	case MS_JOB_MARK:
		ms_pack_u32(b, ((const struct ms_job_mark *)job)->recent_from_out);
		break;
	case MS_JOB_PROPERTY:
		ms_pack_u64(b, ((const struct ms_job_property *)job)->modseq_out);
		break;
	default:
		break;		/* nothing but a status */
	}
}

static void
unpack_results(struct ms_unpack *u, struct ms_job *job)
{
	struct ms_job_box *box = (struct ms_job_box *)job;
	struct ms_job_append *append = (struct ms_job_append *)job;
	struct ms_job_store *store = (struct ms_job_store *)job;
	struct ms_job_expunge *expunge = (struct ms_job_expunge *)job;
	struct ms_job_copy *copy = (struct ms_job_copy *)job;

	switch (job->type) {
	case MS_JOB_BOX_CREATE:
	case MS_JOB_BOX_CHANGE:
	case MS_JOB_BOX_DELETE:
		box->id = ms_unpack_id(u);
		box->modseq_out = ms_unpack_u64(u);
		break;
	case MS_JOB_APPEND:
		append->repeated_out = ms_unpack_u32(u);
		append->uid_out = ms_unpack_u32(u);
		append->uidvalidity_out = ms_unpack_u32(u);
		append->modseq_out = ms_unpack_u64(u);
		break;
	case MS_JOB_STORE:
		store->changed_out = unpack_uids(u, job->arena);
		store->failed_out = unpack_uids(u, job->arena);
		store->modseq_out = ms_unpack_u64(u);
		break;
	case MS_JOB_EXPUNGE:
		expunge->gone_out = unpack_uids(u, job->arena);
		expunge->modseq_out = ms_unpack_u64(u);
		break;
	case MS_JOB_COPY:
	case MS_JOB_RESTORE:
		copy->uidvalidity_out = ms_unpack_u32(u);
		copy->from_out = unpack_uids(u, job->arena);
		copy->to_out = unpack_uids(u, job->arena);
		copy->modseq_out = ms_unpack_u64(u);
		copy->from_modseq_out = ms_unpack_u64(u);
		break;
	case MS_JOB_MARK:
		((struct ms_job_mark *)job)->recent_from_out = ms_unpack_u32(u);
		break;
	case MS_JOB_PROPERTY:
		((struct ms_job_property *)job)->modseq_out = ms_unpack_u64(u);
		break;
	default:
		break;
	}
}

void
jobs_encode_answer(struct ms_job *const *jobs, size_t n, struct ms_buf *out)
{
	ms_pack_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct ms_error *e = jobs[i]->error;

		ms_pack_u32(out, (uint32_t)jobs[i]->status);
		if (jobs[i]->status < 0) {
			ms_pack_str(out, ms_str_c(e != NULL ? e->enhanced : ""));
			ms_pack_str(out, ms_str_c(e != NULL ? e->text : ""));
		}
		pack_results(out, jobs[i]);
	}
}

static void
unpack_error(struct ms_unpack *u, struct ms_error *err)
{
	struct ms_str enhanced = ms_unpack_str(u), text = ms_unpack_str(u);

	if (err == NULL)
		return;
	snprintf(err->enhanced, sizeof(err->enhanced), "%.*s", (int)enhanced.len,
	    enhanced.data);
	snprintf(err->text, sizeof(err->text), "%.*s", (int)text.len, text.data);
}

ms_status
jobs_decode_answer(struct ms_str answer, struct ms_job *const *jobs, size_t n,
    struct ms_error *err)
{
	struct ms_unpack u = ms_unpack_of(answer);

	if (ms_unpack_u32(&u) != n)
		u.bad = true;
	for (size_t i = 0; i < n && !u.bad; i++) {
		jobs[i]->status = (ms_status)ms_unpack_u32(&u);
		if (jobs[i]->status > 0)
			u.bad = true;
		if (jobs[i]->status < 0)
			unpack_error(&u, jobs[i]->error);
		unpack_results(&u, jobs[i]);
	}
	if (ms_unpack_done(&u))
		return MS_OK;
	for (size_t i = 0; i < n; i++)
		jobs[i]->status = MS_TEMPFAIL;
	return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a damaged answer");
}
