/* SPDX-License-Identifier: ISC */
/* accept.c - see accept.h */
#include "accept.h"

#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "io.h"
#include "own.h"
#include "row.h"

/* Shorter bodies of a batch are written together, straight from where the
   session keeps them; longer ones go through a buffer, one at a time. */
#define VIEW_OCTETS	(64u * 1024)
#define MAX_GROUP	512
#define MAX_DELAY_MS	100
/* A few old ones are slow deliveries, not a backlog. */
#define MANY_MESSAGES	1000

struct item {
	struct ms_job_queue *job;
	struct note   note;
	size_t        head_at;		/* in heads */
	uint32_t      envelope_octets;
	struct ms_str body;
};

struct accept {
	const struct services *sv;
	const struct limits *limits;
	struct run   *run;
	bool          is_open;
	struct link_segment seg;
	uint64_t      at;	/* the next record */
	uint64_t      mark;	/* on stable storage up to here */
	int64_t       latest_us;	/* times never fall within a segment */
	struct item   items[MAX_GROUP];	/* since the mark */
	size_t        n;
	size_t        written;	/* of them, in the file */
	struct ms_buf heads;	/* heads and envelopes of those that are not */
	char         *staging;
	size_t        staging_octets;
};

static const char padding[8];

struct accept *
accept_new(const struct services *sv, const struct limits *limits,
    struct run *run)
{
	struct accept *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->sv = sv;
	a->limits = limits;
	a->run = run;
	a->heads = (struct ms_buf)MS_BUF_MAX(2 * (size_t)JOURNAL_MAX_ENVELOPE);
	return a;
}

void
accept_free(struct accept *a)
{
	if (a == NULL)
		return;
	if (a->is_open)
		link_close_segment(a->run, a->seg.generation, a->mark);
	ms_buf_free(&a->heads);
	free(a->staging);
	free(a);
}

static void
finish(struct accept *a, struct ms_job_queue *job, ms_status status,
    const struct ms_error *why, bool discard)
{
	job->job.status = status;
	if (status == MS_OK)
		return;
	if (job->job.error != NULL && why != NULL)
		ms_error_set(job->job.error, status, why->enhanced, "%s", why->text);
	if (discard)
		own_discard(a->run, job);
	spool_count(a->sv, a->sv->refused, 1);
}

/* ---- the segment -------------------------------------------------------- */

static ms_status
open_segment(struct accept *a, struct ms_error *err)
{
	ms_status st = link_open_segment(a->run, &a->seg, err);

	if (st != MS_OK)
		return st == MS_NOTFOUND ? MS_TEMPFAIL : st;
	a->is_open = true;
	a->at = a->mark = JOURNAL_HEAD_OCTETS;
	a->latest_us = 0;
	return MS_OK;
}

static void
begin_group(struct accept *a)
{
	a->n = a->written = 0;
	ms_buf_reset(&a->heads);
}

/* What is since the mark can't be told from what was never written. */
static void
cut(struct accept *a, const struct ms_error *why)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	spool_log(a->sv, MS_LOG_ERROR,
	    "the spool can't be written; the segment ends here", why);
	st = link_cut_segment(a->run, a->seg.generation, a->mark, &err);
	if (st != MS_OK)
		spool_log(a->sv, MS_LOG_ERROR,
		    "its end can't be kept; senders get no reply", &err);
	for (size_t i = 0; i < a->n; i++)
		finish(a, a->items[i].job, st == MS_OK ? MS_TEMPFAIL : MS_CANCELLED,
		    why, st == MS_OK);
	a->is_open = false;
	begin_group(a);
}

/* Items that are not in the file yet, in as few calls as there may be. */
static ms_status
write_items(struct accept *a, struct ms_error *err)
{
	struct iovec iov[3 * MAX_GROUP];
	uint64_t from;
	size_t k = 0;
	ms_status st;

	if (a->written == a->n)
		return MS_OK;
	from = a->items[a->written].note.offset;
	for (size_t i = a->written; i < a->n; i++) {
		const struct item *item = &a->items[i];
		size_t octets = JOURNAL_RECORD_HEAD + item->envelope_octets;
		size_t pad = item->note.octets - octets - item->body.len;

		iov[k++] = (struct iovec){ a->heads.data + item->head_at, octets };
		if (item->body.len > 0)
			iov[k++] = (struct iovec){
				(void *)(uintptr_t)item->body.data, item->body.len };
		if (pad > 0)
			iov[k++] = (struct iovec){ (void *)(uintptr_t)padding, pad };
	}
	a->written = a->n;
	st = io_write(a->seg.fd, iov, k, from, err);
	ms_buf_reset(&a->heads);
	return st;
}

/* One sync for all; then they are accepted. */
static bool
end_group(struct accept *a)
{
	struct ms_error err = MS_ERROR_INIT;
	struct note notes[MAX_GROUP];
	ms_status st;

	if (a->n == 0)
		return true;
	MS_CRASH("spool.append");
	st = write_items(a, &err);
	MS_CRASH("spool.appended");
	if (st == MS_OK)
		st = io_sync(a->seg.fd, &err);	/* durable before 250 */
	MS_CRASH("spool.synced");
	if (st != MS_OK) {
		cut(a, &err);
		return false;
	}
	a->mark = a->at;
	for (size_t i = 0; i < a->n; i++) {
		struct item *item = &a->items[i];

		notes[i] = item->note;
		item->job->message = id_of(a->seg.generation, item->note.offset);
		finish(a, item->job, MS_OK, NULL, false);
	}
	link_published(a->run, a->seg.generation, a->mark, notes, a->n);
	MS_CRASH("spool.published");
	spool_count(a->sv, a->sv->accepted, (int64_t)a->n);
	spool_count(a->sv, a->sv->syncs, 1);
	begin_group(a);
	return true;
}

/* ---- one record --------------------------------------------------------- */

static ms_status
check_parts(const struct ms_job_queue *job, struct ms_error *err)
{
	uint8_t seen[JOURNAL_MAX_PARTS / 8] = { 0 };

	if (job->n_parts == 0 || job->n_parts > JOURNAL_MAX_PARTS)
		return ms_error_set(err, MS_INVALID, "", "%zu parts", job->n_parts);
	for (size_t i = 0; i < job->n_parts; i++) {
		const struct ms_part *p = job->parts[i];

		if (p->number >= JOURNAL_MAX_PARTS ||
		    (seen[p->number / 8] & 1u << p->number % 8))
			return ms_error_set(err, MS_INVALID, "", "part number %u",
			    (unsigned)p->number);
		seen[p->number / 8] |= (uint8_t)(1u << p->number % 8);
		if (p->destination.len > ROW_MAX_DESTINATION ||
		    ms_str_find_octet(p->destination, '\0') != SIZE_MAX)
			return ms_error_set(err, MS_LIMIT, "5.3.0",
			    "a destination of %zu octets, or with a NUL",
			    p->destination.len);
	}
	return MS_OK;
}

/* The body, lent or in the staging buffer. */
static ms_status
get_body(struct accept *a, const struct ms_scope *scope, struct ms_blob *blob,
    struct ms_str *out, struct ms_error *err)
{
	uint64_t octets = blob != NULL ? a->sv->blob->octets(blob) : 0, done = 0;
	ms_status st = MS_OK;

	*out = ms_str_of("", 0);
	if (octets == 0)
		return MS_OK;
	if (octets > a->limits->own_file)
		return ms_error_set(err, MS_INVALID, "",
		    "a long body that was not prepared");
	if (octets <= VIEW_OCTETS) {
		st = a->sv->blob->view(scope, blob, 0, (size_t)octets, out, err);
		if (st == MS_OK && out->len != octets)
			st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a body is short");
		return st;
	}
	if (octets > a->staging_octets) {
		char *p = realloc(a->staging, (size_t)octets);

		if (p == NULL)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
		a->staging = p;
		a->staging_octets = (size_t)octets;
	}
	while (done < octets) {
		size_t n;

		st = a->sv->blob->read(scope, blob, done, a->staging + done,
		    (size_t)(octets - done), &n, err);
		if (st == MS_OK && n == 0)
			st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a body is short");
		if (st != MS_OK)
			return st;
		done += n;
	}
	*out = ms_str_of(a->staging, (size_t)octets);
	return MS_OK;
}

/* The envelope goes behind room for the head. */
static ms_status
encode_envelope(struct accept *a, struct item *item,
    const struct own_body *own, struct ms_error *err)
{
	struct envelope e = { .arrival_us = a->sv->clock->now_us(a->sv->host),
		.own_file = ms_str_c(own->name), .record = item->job->record,
		.parts = item->job->parts, .n_parts = (uint32_t)item->job->n_parts };
	size_t from = a->heads.len;

	if (e.arrival_us > a->latest_us)
		a->latest_us = e.arrival_us;
	e.next_us = a->latest_us;
	if (ms_buf_room(&a->heads, JOURNAL_RECORD_HEAD) != NULL)
		ms_buf_grown(&a->heads, JOURNAL_RECORD_HEAD);
	envelope_encode(&a->heads, &e);
	item->head_at = from;
	if (!ms_buf_ok(&a->heads) || a->heads.len - from - JOURNAL_RECORD_HEAD >
	    JOURNAL_MAX_ENVELOPE) {
		/* Those before it are still whole. */
		a->heads.failed = false;
		a->heads.len = from;
		return ms_error_set(err, MS_LIMIT, "5.3.4", "the envelope is too long");
	}
	item->envelope_octets = (uint32_t)(a->heads.len - from -
	    JOURNAL_RECORD_HEAD);
	note_init(&item->note, 0, 0, &e);
	return MS_OK;
}

static void
encode_head(struct accept *a, struct item *item, const struct own_body *own,
    struct journal_record *r)
{
	char *head = a->heads.data + item->head_at;

	*r = (struct journal_record){ .generation = a->seg.generation,
		.offset = a->at, .mark = a->mark,
		.envelope_octets = item->envelope_octets,
		.envelope_crc = ms_crc32c(0, head + JOURNAL_RECORD_HEAD,
		    item->envelope_octets) };
	if (own->name[0] != '\0') {
		r->flags = JOURNAL_OWN_FILE;
		r->body_octets = own->octets;
		r->body_crc = own->crc;
	} else {
		r->body_octets = item->body.len;
		r->body_crc = ms_crc32c(0, item->body.data, item->body.len);
	}
	item->note.offset = a->at;
	item->note.octets = (uint32_t)journal_record_octets(r);
	journal_record_encode(r, a->seg.key, (uint8_t *)head);
}

/* MS_BUSY: the group is to be ended first, then again. */
static ms_status
append(struct accept *a, const struct ms_scope *scope,
    struct ms_job_queue *job, struct ms_error *err)
{
	struct item item = { .job = job };
	struct journal_record r;
	struct own_body own;
	uint64_t octets;
	ms_status st = check_parts(job, err);

	if (st != MS_OK)
		return st;
	/* A long body passes through the one buffer, at once. */
	if (!own_of_job(job, &own) && job->body != NULL &&
	    a->sv->blob->octets(job->body) > VIEW_OCTETS &&
	    (st = write_items(a, err)) != MS_OK)
		return MS_CANCELLED;
	if (own.name[0] == '\0')
		st = get_body(a, scope, job->body, &item.body, err);
	/* Some statuses mean something else to take(). */
	if (st != MS_OK)
		return st == MS_INVALID ? st : MS_TEMPFAIL;
	if (a->heads.len > JOURNAL_MAX_ENVELOPE)
		return MS_BUSY;
	st = encode_envelope(a, &item, &own, err);
	if (st != MS_OK)
		return st;
	octets = JOURNAL_RECORD_HEAD + item.envelope_octets + item.body.len + 8;
	if (octets > a->seg.octets - JOURNAL_HEAD_OCTETS)
		st = ms_error_set(err, MS_LIMIT, "5.3.4",
		    "longer than a segment of the spool");
	else if (octets > a->seg.octets - a->at)
		st = MS_NOTFOUND;	/* no room: the next segment */
	if (st != MS_OK) {
		a->heads.len = item.head_at;
		return st;
	}
	encode_head(a, &item, &own, &r);
	a->items[a->n++] = item;
	a->at += item.note.octets;
	if (item.body.len > VIEW_OCTETS && write_items(a, err) != MS_OK)
		return MS_CANCELLED;
	return MS_OK;
}

/* ---- a batch ------------------------------------------------------------ */

/* One job's way into the group; false: the disk fails us. */
static bool
take(struct accept *a, const struct ms_scope *scope, struct ms_job_queue *job)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	for (int i = 0; i < 3; i++) {
		if (a->n == MAX_GROUP && !end_group(a))
			return false;
		st = a->is_open ? MS_OK : open_segment(a, &err);
		if (st == MS_OK)
			st = append(a, scope, job, &err);
		if (st == MS_CANCELLED) {
			/* It may be the last item of the group already. */
			if (a->n == 0 || a->items[a->n - 1].job != job)
				finish(a, job, MS_TEMPFAIL, &err, true);
			cut(a, &err);
			return false;
		}
		if (st != MS_BUSY && st != MS_NOTFOUND)
			break;
		if (!end_group(a))
			return false;
		if (st == MS_NOTFOUND) {
			link_close_segment(a->run, a->seg.generation, a->mark);
			a->is_open = false;
		}
	}
	if (st == MS_BUSY || st == MS_NOTFOUND)
		st = ms_error_set(&err, MS_TEMPFAIL, "4.3.0", "no room");
	if (st != MS_OK)
		finish(a, job, st, &err, true);
	return true;
}

/* Rule 12 of the storage: accepting must not outrun delivering. */
static ms_status
hold_back(struct accept *a, struct ms_error *err)
{
	struct link_backlog b = link_backlog(a->run);
	int64_t now = a->sv->clock->now_us(a->sv->host);
	uint64_t percent = 0, by_age = 0, ms;
	struct timespec wait;

	if (b.is_full)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.1",
		    "the spool's file system is full");
	if (b.octets >= a->limits->hard_limit)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.1",
		    "too much mail waits for delivery");
	if (b.octets > a->limits->high_water)
		percent = (b.octets - a->limits->high_water) * 100 /
		    a->limits->high_water;
	if (b.messages > MANY_MESSAGES && b.oldest_us > 0 &&
	    now - b.oldest_us > a->limits->high_water_age)
		by_age = (uint64_t)((now - b.oldest_us - a->limits->high_water_age) /
		    (a->limits->high_water_age / 100));
	if (by_age > percent)
		percent = by_age;
	ms = percent / 10 > MAX_DELAY_MS ? MAX_DELAY_MS : percent / 10;
	wait = (struct timespec){ 0, (long)ms * 1000000 };
	if (ms > 0)
		(void)nanosleep(&wait, NULL);
	return MS_OK;
}

void
accept_run(struct accept *a, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	struct ms_error err = MS_ERROR_INIT;
	ms_status held = hold_back(a, &err);
	bool works = true;

	begin_group(a);
	for (size_t i = 0; i < n; i++) {
		struct ms_job_queue *job = (struct ms_job_queue *)(void *)jobs[i];
		bool joined = (jobs[i]->flags & MS_JOB_JOINED) ||
		    (i > 0 && (jobs[i - 1]->flags & MS_JOB_JOINED));

		jobs[i]->status = MS_TEMPFAIL;
		if (jobs[i]->type != MS_JOB_QUEUE_PUT || joined) {
			struct ms_error no = MS_ERROR_INIT;

			ms_error_set(&no, MS_UNSUPPORTED, "",
			    "only PUT by itself is accepted without a key");
			finish(a, job, MS_UNSUPPORTED, &no, true);
		} else if (held != MS_OK) {
			finish(a, job, held, &err, true);
		} else if (!works) {
			ms_error_set(&err, MS_TEMPFAIL, "4.3.0",
			    "the spool can't be written");
			finish(a, job, MS_TEMPFAIL, &err, true);
		} else {
			works = take(a, scope, job);
		}
	}
	if (works)
		(void)end_group(a);
}
