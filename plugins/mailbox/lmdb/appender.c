/* SPDX-License-Identifier: ISC */
/* appender.c - see appender.h */
#include "appender.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/mailbox.h>
#include <mansio/pack.h>

#include "segments.h"
#include "shard.h"

#define MAX_IOV		256
#define VIEW_OCTETS	((size_t)1 << 20)	/* blob.h: at most so much a view */

/* One distinct body of a call, and where it goes. */
struct piece {
	struct ms_blob *blob;
	uint64_t        octets;
	struct place    place;
	uint8_t         head[RECORD_HEAD];
};

void
appender_init(struct appender *a, struct shard *s)
{
	memset(a, 0, sizeof(*a));
	a->shard = s;
	a->fd = -1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
}

/* Caller holds the lock; nobody writes. */
static void
close_segment(struct appender *a)
{
	if (a->number == 0)
		return;
	/* Should sealing fail, the row stays open and the next start seals it. */
	(void)segments_seal(a->shard, a->number, a->fd, a->used, NULL);
	a->number = 0;
	a->fd = -1;
}

void
appender_fini(struct appender *a)
{
	close_segment(a);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
}

/* Without the lock, which a committing caller must not wait for. */
void
appender_abandon(struct appender *a)
{
	a->broken = true;
}

/* Caller holds the lock.  Another segment takes the place of the open one once
   all who write to that have ended. */
static ms_status
roll(struct appender *a, struct ms_error *err)
{
	struct shard *s = a->shard;
	uint64_t size = s->store->segment_octets;
	uint32_t number;
	ms_status st;
	int fd;

	a->rolling = true;
	while (a->users > 0)
		pthread_cond_wait(&a->changed, &a->lock);
	close_segment(a);
	st = segments_new(s, size, &number, &fd, err);
	if (st == MS_OK) {
		a->number = number;
		a->fd = fd;
		a->used = 0;
		a->size = size;
		a->broken = false;
	}
	a->rolling = false;
	pthread_cond_broadcast(&a->changed);
	return st;
}

/* A stretch of the open segment for the caller alone, who is then a user. */
static ms_status
reserve(struct appender *a, uint64_t octets, int *fd_out, uint32_t *number_out,
    uint64_t *offset_out, struct ms_error *err)
{
	ms_status st = MS_OK;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (a->rolling)
			pthread_cond_wait(&a->changed, &a->lock);
		if (a->number != 0 && !a->broken &&
		    (a->used == 0 || a->used + octets <= a->size))
			break;
		if ((st = roll(a, err)) != MS_OK)
			break;
	}
	if (st == MS_OK) {
		*fd_out = a->fd;
		*number_out = a->number;
		*offset_out = a->used;
		a->used += octets;
		a->users++;
	}
	pthread_mutex_unlock(&a->lock);
	return st;
}

static ms_status
sync_file(int fd, struct ms_error *err)
{
#ifdef MANSIO_SABOTAGE_NO_SYNC
	(void)fd, (void)err;
	return MS_OK;
#else
	if (fdatasync(fd) == 0)
		return MS_OK;
	return ms_error_errno(err, "sync a segment");
#endif
}

/* Ends the use begun by reserve(): makes durable what was written, together
   with whoever else has written. */
static ms_status
finish(struct appender *a, ms_status written, struct ms_error *err)
{
	ms_status st = written;
	uint64_t wanted;

	pthread_mutex_lock(&a->lock);
	if (st != MS_OK)
		a->broken = true;
	/* A sync that is under way may have begun before our last write. */
	wanted = a->syncs_begun + 1;
	while (st == MS_OK && a->syncs_done < wanted && !a->broken) {
		int fd = a->fd;
		uint64_t mine;

		if (a->syncing) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		a->syncing = true;
		mine = ++a->syncs_begun;
		pthread_mutex_unlock(&a->lock);
		st = sync_file(fd, err);
		pthread_mutex_lock(&a->lock);
		a->syncing = false;
		/* A failed sync is never repeated: who shares it fails, too. */
		if (st != MS_OK)
			a->broken = true;
		else
			a->syncs_done = mine;
		pthread_cond_broadcast(&a->changed);
	}
	if (st == MS_OK && a->syncs_done < wanted)
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a segment could not be written");
	a->users--;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return st;
}

/* ---- writing ---- */

/* All of it, in as many calls as it takes. */
static ms_status
write_all(int fd, struct iovec *iov, int n, uint64_t offset, struct ms_error *err)
{
	while (n > 0) {
		ssize_t done = pwritev(fd, iov, n, (off_t)offset);

		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0)
			return ms_error_errno(err, "write a segment");
		offset += (uint64_t)done;
		while (n > 0 && (size_t)done >= iov->iov_len) {
			done -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= (size_t)done;
		}
	}
	return MS_OK;
}

struct output {
	int          fd, n;
	uint64_t     offset;		/* of what is gathered */
	size_t       octets;		/* gathered */
	struct iovec iov[MAX_IOV];
};

static ms_status
flush(struct output *out, struct ms_error *err)
{
	ms_status st = write_all(out->fd, out->iov, out->n, out->offset, err);

	out->offset += out->octets;
	out->octets = 0;
	out->n = 0;
	return st;
}

static ms_status
gather(struct output *out, const void *data, size_t len, struct ms_error *err)
{
	ms_status st = MS_OK;

	if (len == 0)
		return MS_OK;
	out->iov[out->n++] = (struct iovec){ (void *)(uintptr_t)data, len };
	out->octets += len;
	if (out->n == MAX_IOV || out->octets >= 4 * VIEW_OCTETS)
		st = flush(out, err);
	return st;
}

/* The head is written after the body, whose checksum it holds: its stretch is
   filled when the body has been seen. */
static ms_status
put_piece(struct ms_instance *self, const struct ms_scope *scope, struct output *out,
    struct piece *p, uint32_t number, struct ms_error *err)
{
	static const char zeros[8];
	struct record r = { .stored = p->octets, .length = p->octets };
	uint64_t at = 0;
	uint64_t begin = out->offset + out->octets;
	bool is_late = p->octets > VIEW_OCTETS;
	struct ms_str view = { NULL, 0 };
	ms_status st;

	r.blob = blob_id(number, begin);
	if (!is_late && p->octets > 0) {
		if ((st = self->blob->view(scope, p->blob, 0, p->octets, &view, err)) != MS_OK)
			return st;
		if (view.len == p->octets)
			at = view.len;
		else
			is_late = true;
	}
	r.crc = is_late ? 0 : ms_crc32c(0, view.data, view.len);
	if (!is_late)
		record_encode(&self->id, &r, number, begin, p->head);
	/* Of a late one the place is kept by zeros. */
	if ((st = gather(out, p->head, RECORD_HEAD, err)) != MS_OK ||
	    (!is_late && (st = gather(out, view.data, view.len, err)) != MS_OK))
		return st;
	for (at = is_late ? 0 : at; at < p->octets; at += view.len) {
		uint64_t left = p->octets - at;

		st = self->blob->view(scope, p->blob, at,
		    left < VIEW_OCTETS ? (size_t)left : VIEW_OCTETS, &view, err);
		if (st == MS_OK && (view.len == 0 || view.len > left))
			st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a body is shorter than it says");
		if (st == MS_OK)
			st = gather(out, view.data, view.len, err);
		if (st != MS_OK)
			return st;
		r.crc = ms_crc32c(r.crc, view.data, view.len);
	}
	if ((st = gather(out, zeros, (size_t)(-p->octets & 7), err)) != MS_OK)
		return st;
	if (is_late) {
		struct iovec head = { p->head, RECORD_HEAD };

		if ((st = flush(out, err)) != MS_OK)
			return st;
		record_encode(&self->id, &r, number, begin, p->head);
		st = write_all(out->fd, &head, 1, begin, err);
	}
	p->place = (struct place){ .segment = number, .crc = r.crc, .offset = begin,
		.length = p->octets };
	return st;
}

static ms_status
put_pieces(struct ms_instance *self, const struct ms_scope *scope, struct piece *pieces,
    size_t n, int fd, uint32_t number, uint64_t offset, struct ms_error *err)
{
	struct output out = { .fd = fd, .offset = offset };
	ms_status st = MS_OK;

	for (size_t i = 0; i < n && st == MS_OK; i++)
		st = put_piece(self, scope, &out, &pieces[i], number, err);
	if (st == MS_OK)
		st = flush(&out, err);
	MS_CRASH("lmdb.prepare.written");
	return st;
}

/* A body over SEGMENT_OWN: a file for it alone, sealed at once. */
static ms_status
put_large(struct appender *a, const struct ms_scope *scope, struct piece *p,
    struct ms_error *err)
{
	struct shard *s = a->shard;
	uint64_t octets = record_octets(p->octets);
	uint32_t number;
	ms_status st;
	int fd;

	if ((st = segments_new(s, octets, &number, &fd, err)) != MS_OK)
		return st;
	st = put_pieces(s->store, scope, p, 1, fd, number, 0, err);
	if (st == MS_OK)
		st = sync_file(fd, err);
	if (st == MS_OK)
		return segments_seal(s, number, fd, octets, err);
	(void)segments_seal(s, number, fd, 0, NULL);
	return st;
}

/* ---- a call ---- */

static bool
wants_place(const struct ms_job *job)
{
	const struct ms_job_append *append = (const struct ms_job_append *)job;

	return job->type == MS_JOB_APPEND && MS_JOB_REACHES(append, place) &&
	    append->body != NULL && append->place.len == 0;
}

/* Distinct bodies, the large ones at the end; *of[i]: which one job i has. */
static size_t
collect(struct ms_instance *self, struct ms_job *const *jobs, size_t n,
    struct piece *pieces, uint32_t *of)
{
	size_t n_pieces = 0;

	for (size_t i = 0; i < n; i++) {
		struct ms_blob *blob;
		size_t k;

		if (!wants_place(jobs[i]))
			continue;
		blob = ((struct ms_job_append *)jobs[i])->body;
		/* Recipients of one message stand side by side. */
		for (k = n_pieces; k > 0 && pieces[k - 1].blob != blob; k--)
			;
		if (k == 0) {
			pieces[n_pieces].blob = blob;
			pieces[n_pieces].octets = self->blob->octets(blob);
			k = ++n_pieces;
		}
		of[i] = (uint32_t)(k - 1);
	}
	return n_pieces;
}

static ms_status
put_small(struct appender *a, const struct ms_scope *scope, struct piece *pieces, size_t n,
    struct ms_error *err)
{
	uint64_t octets = 0, offset;
	uint32_t number;
	ms_status st;
	int fd;

	for (size_t i = 0; i < n; i++)
		octets += record_octets(pieces[i].octets);
	if ((st = reserve(a, octets, &fd, &number, &offset, err)) != MS_OK)
		return st;
	st = put_pieces(a->shard->store, scope, pieces, n, fd, number, offset, err);
	st = finish(a, st, err);
	MS_CRASH("lmdb.prepare.synced");
	return st;
}

/* Bodies one after the other, as many together as fit into half a segment. */
static ms_status
put_all(struct appender *a, const struct ms_scope *scope, struct piece *pieces, size_t n,
    struct ms_error *err)
{
	uint64_t most = a->shard->store->segment_octets / 2;
	ms_status st = MS_OK;

	for (size_t i = 0; i < n && st == MS_OK; ) {
		uint64_t octets = 0;
		size_t k = i;

		while (k < n && pieces[k].octets <= SEGMENT_OWN && (k == i ||
		    octets + record_octets(pieces[k].octets) <= most))
			octets += record_octets(pieces[k++].octets);
		if (k > i) {
			st = put_small(a, scope, pieces + i, k - i, err);
			i = k;
		} else {
			st = put_large(a, scope, &pieces[i++], err);
		}
	}
	return st;
}

ms_status
appender_prepare(struct appender *a, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct ms_error *err)
{
	struct ms_instance *self = a->shard->store;
	struct ms_arena *arena = ms_arena_new(0);
	struct piece *pieces = ms_arena_array(arena, n, sizeof(*pieces));
	uint32_t *of = ms_arena_array(arena, n, sizeof(*of));
	size_t n_pieces = collect(self, jobs, n, pieces, of);
	ms_status st = MS_OK;

	for (size_t i = 0; i < n_pieces; i++)
		if (pieces[i].octets >= SEGMENT_MAX / 2)
			st = ms_error_set(err, MS_LIMIT, "5.3.4", "a body is too large");
	if (st == MS_OK && n_pieces > 0)
		st = shard_has_room(a->shard, err);
	if (st == MS_OK)
		st = put_all(a, scope, pieces, n_pieces, err);
	for (size_t i = 0; i < n && st == MS_OK; i++)
		if (wants_place(jobs[i])) {
			struct ms_job_append *job = (struct ms_job_append *)jobs[i];

			job->place = place_encode(job->job.arena, &pieces[of[i]].place);
		}
	ms_arena_free(arena);
	return st;
}
