/* SPDX-License-Identifier: ISC */
/* message.c - see find.h: a message and its body */
#include "find.h"

#include <fcntl.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "segments.h"

/* blob.h: from_memory() takes at most so much; beyond it the body is lent as
   a stretch of the file. */
#define COPY_MAX	(1024u * 1024)
#define PIECE		(64u * 1024)

struct place {
	uint64_t generation, offset;
	struct msg_row row;		/* left 0: it has none */
	struct ms_str made;		/* body of a message made here */
};

static ms_status
from_rows(struct run *run, const struct ms_scope *scope,
    const struct ms_id *id, struct place *out, struct ms_error *err)
{
	struct ms_str made = MS_STR("");
	MDB_txn *txn;
	ms_status st = rows_begin_read(&run->rows, &txn, err);

	if (st != MS_OK)
		return st;
	st = rows_get_msg(&run->rows, txn, id, &out->row, err);
	if (st == MS_OK && out->row.left == 0)
		st = MS_NOTFOUND;
	if (st == MS_OK && (out->row.flags & MSG_MADE) &&
	    out->row.own_file.len == 0)
		st = rows_get_made(&run->rows, txn, id, &made, err);
	if (st == MS_OK) {
		out->generation = out->row.place;
		out->offset = out->row.offset;
		out->row.own_file = ms_arena_str(scope->arena, out->row.own_file);
		out->row.record = ms_arena_str(scope->arena, out->row.record);
		out->made = ms_arena_str(scope->arena, made);
	}
	rows_end_read(&run->rows, txn);
	return st;
}

static bool
is_in_tail(struct run *run, const struct ms_id *id)
{
	struct segment *seg;
	struct entry *e;
	bool is;

	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, id_generation(id));
	e = seg != NULL ? tail_find(&seg->tail, id_offset(id)) : NULL;
	is = e != NULL && e->state == ENTRY_LIVE;
	pthread_mutex_unlock(&run->lock);
	return is;
}

static ms_status
is_damaged(struct run *run, const struct place *p, struct ms_error *err)
{
	spool_count(run->sv, run->sv->damaged, 1);
	return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
	    "segment %016llx: damaged body at %llu",
	    (unsigned long long)p->generation, (unsigned long long)p->offset);
}

/* A stretch of a file whose sum was looked at; the blob owns fd. */
static ms_status
lend(struct run *run, const struct ms_scope *scope, const struct place *p,
    int fd, uint64_t offset, uint64_t octets, uint32_t crc,
    struct ms_blob **out, struct ms_error *err)
{
	char piece[PIECE];
	uint32_t sum = 0;
	uint64_t done = 0;
	ms_status st = MS_OK;

	while (done < octets && st == MS_OK) {
		uint64_t left = octets - done;
		size_t n;

		st = io_read(fd, piece, left < PIECE ? (size_t)left : PIECE,
		    offset + done, &n, err);
		if (st == MS_OK && n == 0)
			break;
		if (st == MS_OK) {
			sum = ms_crc32c(sum, piece, n);
			done += n;
		}
	}
	if (st == MS_OK && (done < octets || sum != crc))
		st = is_damaged(run, p, err);
	if (st == MS_OK)
		st = run->sv->blob->from_file(scope, fd, offset, octets, 0, out, err);
	if (st != MS_OK)
		close(fd);
	return st;
}

static ms_status
own_body(struct run *run, const struct ms_scope *scope, const struct place *p,
    struct ms_str name, uint64_t octets, uint32_t crc, struct ms_blob **out,
    struct ms_error *err)
{
	struct ms_str c = ms_arena_str(scope->arena, name);
	int fd = openat(run->folders.own, c.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1) {
		ms_error_errno(err, "open body %s", c.data);
		return MS_TEMPFAIL;
	}
	return lend(run, scope, p, fd, 0, octets, crc, out, err);
}

static ms_status
body_in_segment(struct run *run, const struct ms_scope *scope,
    const struct place *p, struct segment *seg,
    const struct journal_record *head, struct ms_blob **out,
    struct ms_error *err)
{
	uint64_t at = p->offset + JOURNAL_RECORD_HEAD + head->envelope_octets;
	char *octets;
	ms_status st;
	size_t n;
	int fd;

	if (head->body_octets > COPY_MAX) {
		fd = fcntl(seg->fd, F_DUPFD_CLOEXEC, 0);
		if (fd == -1)
			return ms_error_errno(err, "duplicate a descriptor");
		/* A handle may outlive the message: never write over it. */
		pthread_mutex_lock(&run->lock);
		seg->no_reuse = true;
		pthread_mutex_unlock(&run->lock);
		return lend(run, scope, p, fd, at, head->body_octets,
		    head->body_crc, out, err);
	}
	octets = ms_arena_alloc(scope->arena, head->body_octets + 1);
	st = io_read(seg->fd, octets, head->body_octets, at, &n, err);
	if (st != MS_OK)
		return st;
	if (n < head->body_octets || ms_crc32c(0, octets, n) != head->body_crc)
		return is_damaged(run, p, err);
	return run->sv->blob->from_memory(scope, ms_str_of(octets, n), out, err);
}

static ms_status
read_place(struct run *run, const struct ms_scope *scope,
    const struct place *p, struct ms_str *record_out, struct ms_blob **body_out,
    struct ms_error *err)
{
	struct segment *seg = segments_hold(run, p->generation);
	struct journal_record head;
	struct envelope envelope;
	ms_status st;

	if (seg == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "segment %016llx is missing", (unsigned long long)p->generation);
	st = segments_read(seg, p->offset, scope->arena, &head, &envelope, err);
	if (st == MS_OK && body_out != NULL) {
		if (head.flags & JOURNAL_OWN_FILE)
			st = own_body(run, scope, p, envelope.own_file,
			    head.body_octets, head.body_crc, body_out, err);
		else
			st = body_in_segment(run, scope, p, seg, &head, body_out, err);
	}
	segments_release(run, seg);
	if (st == MS_OK)
		*record_out = p->row.flags & MSG_RECORD ? p->row.record :
		    envelope.record;
	return st;
}

static ms_status
read_made(struct run *run, const struct ms_scope *scope, const struct place *p,
    struct ms_str *record_out, struct ms_blob **body_out, struct ms_error *err)
{
	ms_status st = MS_OK;

	if (body_out != NULL && p->row.own_file.len > 0)
		st = own_body(run, scope, p, p->row.own_file, p->row.body_octets,
		    p->row.body_crc, body_out, err);
	else if (body_out != NULL && ms_crc32c(0, p->made.data, p->made.len) !=
	    p->row.body_crc)
		st = is_damaged(run, p, err);
	else if (body_out != NULL)
		st = run->sv->blob->from_memory(scope, p->made, body_out, err);
	if (st == MS_OK)
		*record_out = p->row.record;
	return st;
}

ms_status
find_message(struct run *run, const struct ms_scope *scope,
    const struct ms_id *id, struct ms_str *record_out,
    struct ms_blob **body_out, struct ms_error *err)
{
	ms_status st = MS_NOTFOUND;

	/* Twice: between looking up a place and reading there, the message may
	   have got its rows, or may have been moved with the survivors. */
	for (int i = 0; i < 2; i++) {
		struct place p = { .generation = id_generation(id),
			.offset = id_offset(id) };

		if (!is_in_tail(run, id)) {
			st = from_rows(run, scope, id, &p, err);
			if (st == MS_NOTFOUND)
				return ms_error_set(err, st, "", "the message is done");
			if (st != MS_OK)
				return st;
		}
		st = p.row.flags & MSG_MADE ?
		    read_made(run, scope, &p, record_out, body_out, err) :
		    read_place(run, scope, &p, record_out, body_out, err);
		if (st == MS_OK)
			break;
	}
	return st;
}
