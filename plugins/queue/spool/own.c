/* SPDX-License-Identifier: ISC */
/* own.c - see own.h */
#include "own.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#define PIECE (256u * 1024)

bool
own_is_name(struct ms_str name)
{
	if (name.len != LINK_OWN_NAME - 1)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (i == 16 ? c != '-' : !((c >= '0' && c <= '9') ||
		    (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

bool
own_of_job(const struct ms_job_queue *job, struct own_body *out)
{
	struct ms_unpack u;
	struct ms_str name;

	*out = (struct own_body){ .octets = 0 };
	if (!MS_JOB_REACHES(job, place) || job->place.len == 0)
		return false;
	u = ms_unpack_of(job->place);
	name = ms_unpack_str(&u);
	out->octets = ms_unpack_u64(&u);
	out->crc = ms_unpack_u32(&u);
	if (!ms_unpack_done(&u) || !own_is_name(name))
		return false;
	memcpy(out->name, name.data, name.len);
	return true;
}

void
own_discard(struct run *run, const struct ms_job_queue *job)
{
	struct own_body own;

	if (job->job.type == MS_JOB_QUEUE_PUT && own_of_job(job, &own))
		(void)unlinkat(link_own_folder(run), own.name, 0);
}

static ms_status
copy_body(const struct services *sv, const struct ms_scope *scope,
    struct ms_blob *blob, int fd, struct own_body *own, struct ms_error *err)
{
	char *piece = malloc(PIECE);
	ms_status st = MS_OK;

	if (piece == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	for (;;) {
		struct iovec iov = { piece, 0 };

		st = sv->blob->read(scope, blob, own->octets, piece, PIECE,
		    &iov.iov_len, err);
		if (st != MS_OK || iov.iov_len == 0)
			break;
		own->crc = ms_crc32c(own->crc, piece, iov.iov_len);
		own->octets += iov.iov_len;
		st = io_write(fd, &iov, 1, own->octets - iov.iov_len, err);
		if (st != MS_OK)
			break;
	}
	free(piece);
	if (st == MS_OK && own->octets != sv->blob->octets(blob))
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a body is short");
	return st;
}

static ms_status
bring(const struct services *sv, struct run *run, const struct ms_scope *scope,
    struct ms_job_queue *job, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf place = MS_BUF_MAX(64);
	struct own_body own = { .octets = 0 };
	int folder = link_own_folder(run), fd;
	ms_status st;

	link_own_name(run, own.name);
	fd = openat(folder, own.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return ms_error_errno(err, "make body file");
	st = copy_body(sv, scope, job->body, fd, &own, err);
	MS_CRASH("spool.own.written");
	if (st == MS_OK)
		st = io_sync(fd, err);	/* durable before the record is */
	close(fd);
	if (st != MS_OK) {
		(void)unlinkat(folder, own.name, 0);
		return st;
	}
	ms_pack_str(&place, ms_str_c(own.name));
	ms_pack_u64(&place, own.octets);
	ms_pack_u32(&place, own.crc);
	job->place = ms_arena_str(job->job.arena, ms_buf_str(&place));
	return MS_OK;
}

ms_status
own_prepare(const struct services *sv, struct run *run, uint64_t threshold,
    const struct ms_scope *scope, struct ms_job *const *jobs, size_t n,
    struct ms_error *err)
{
	ms_status st = MS_OK;
	bool any = false;
	size_t i;

	for (i = 0; i < n && st == MS_OK; i++) {
		struct ms_job_queue *job = (struct ms_job_queue *)(void *)jobs[i];

		if (job->job.type != MS_JOB_QUEUE_PUT || job->body == NULL ||
		    !MS_JOB_REACHES(job, place) || job->job.arena == NULL ||
		    sv->blob->octets(job->body) <= threshold)
			continue;
		job->place = ms_str_of("", 0);
		if (link_backlog(run).is_full)
			st = ms_error_set(err, MS_TEMPFAIL, "4.3.1",
			    "the spool's file system is full");
		else
			st = bring(sv, run, scope, job, err);
		any = true;
	}
	if (st == MS_OK && any) {
		st = io_sync_folder(link_own_folder(run), err);
		MS_CRASH("spool.own.synced");
	}
	for (size_t k = 0; st != MS_OK && k < i; k++) {
		struct ms_job_queue *job = (struct ms_job_queue *)(void *)jobs[k];

		own_discard(run, job);
		if (job->job.type == MS_JOB_QUEUE_PUT && MS_JOB_REACHES(job, place))
			job->place = ms_str_of("", 0);
	}
	return st;
}
