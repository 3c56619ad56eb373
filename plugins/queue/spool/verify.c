/* SPDX-License-Identifier: ISC */
/* verify.c - see verify.h */
#include "verify.h"

#include <inttypes.h>
#include <stdlib.h>

#include <mansio/error.h>
#include <mansio/json.h>
#include <mansio/str.h>

#include "find.h"
#include "scan.h"
#include "segments.h"

#define PAGE 256

enum { VERIFY, STATUS };

static const struct ms_verb verbs[] = {
	{ .noun = "spool", .verb = "verify", .arguments = "",
	  .help = "checks every record that is not yet delivered",
	  .flags = MS_COMMAND_OFFLINE },
	{ .noun = "spool", .verb = "status", .arguments = "",
	  .help = "shows the files of the journal",
	  .flags = MS_COMMAND_OFFLINE },
	{ .noun = NULL },
};

const struct ms_verb *
verify_verbs(struct ms_instance *self)
{
	(void)self;
	return verbs;
}

struct look {			/* a segment as it was */
	uint64_t generation, cursor, end, size, live, live_octets;
	struct seg_row row;
	uint32_t state;
	bool     has_file;
	uint8_t  key[JOURNAL_KEY_OCTETS];
};

struct verifier {
	struct run *run;
	const struct ms_scope *scope;
	struct ms_writer *output;
	uint64_t records, messages, damaged;
};

static ms_status
put_line(struct verifier *v, struct ms_buf *line, struct ms_error *err)
{
	ms_buf_add_octet(line, '\n');
	return v->run->sv->blob->write(v->output, ms_buf_str(line), err);
}

static ms_status
complain(struct verifier *v, const char *what, uint64_t generation,
    uint64_t offset, const char *text, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(4096);
	struct ms_json j = ms_json_to(&line);
	char name[IO_NAME_OCTETS];

	io_name(generation, name);
	ms_json_object(&j, NULL);
	ms_json_c(&j, "damage", what);
	ms_json_c(&j, "generation", name);
	ms_json_u64(&j, "offset", offset);
	ms_json_c(&j, "text", text);
	ms_json_end(&j);
	v->damaged++;
	return put_line(v, &line, err);
}

static struct look *
look_at_segments(struct run *run, struct ms_arena *arena, size_t *n_out)
{
	struct look *all;

	pthread_mutex_lock(&run->lock);
	all = ms_arena_array(arena, run->n, sizeof(*all));
	for (size_t i = 0; i < run->n; i++) {
		const struct segment *seg = run->segments[i];

		all[i] = (struct look){ .generation = seg->generation,
			.cursor = seg->row.cursor, .row = seg->row,
			.end = seg->state == SEGMENT_OPEN ? seg->mark : seg->end,
			.size = seg->row.octets, .live = seg->tail.live,
			.live_octets = seg->tail.live_octets,
			.state = seg->state, .has_file = seg->fd != -1 };
		memcpy(all[i].key, seg->key, sizeof(all[i].key));
	}
	*n_out = run->n;
	pthread_mutex_unlock(&run->lock);
	return all;
}

static ms_status
check_records(struct verifier *v, const struct look *l, struct ms_error *err)
{
	struct segment *seg = segments_hold(v->run, l->generation);
	uint64_t bodies = 0;
	struct scanned found;
	struct scan scan;
	ms_status st;

	if (seg == NULL)	/* dropped since */
		return MS_OK;
	scan_init(&scan, seg->fd, l->generation, l->key, l->cursor, l->end, true,
	    true);
	while ((st = scan_next(&scan, &found, err)) == MS_OK) {
		v->records++;
		bodies += found.bad_body;
		if (found.bad_body)
			st = complain(v, "body", l->generation, found.offset,
			    "its checksum does not hold", err);
		if (st != MS_OK)
			break;
	}
	if (st == MS_NOTFOUND)
		st = MS_OK;
	if (st == MS_OK && scan.damaged > bodies)
		st = complain(v, "segment", l->generation, scan.at,
		    "records are damaged", err);
	scan_fini(&scan);
	segments_release(v->run, seg);
	return st;
}

/* Every message that a part belongs to: its place must be readable. */
static ms_status
check_messages(struct verifier *v, struct ms_error *err)
{
	struct ms_queue_look look = { .size = sizeof(look),
		.by = MS_QUEUE_BY_MESSAGE, .limit = PAGE };
	struct ms_arena *arena = ms_arena_new(0), *page = ms_arena_new(0);
	struct ms_scope scope = *v->scope;
	struct ms_part after = { .size = sizeof(after) };
	ms_status st = MS_OK;

	scope.size = sizeof(scope);
	while (st == MS_OK) {
		struct ms_parts parts = { .size = sizeof(parts) };

		ms_arena_reset(page);
		scope.arena = page;
		st = find_parts(v->run, &scope, &look, &parts, err);
		if (st != MS_OK || parts.n == 0)
			break;
		for (uint32_t i = 0; i < parts.n && st == MS_OK; i++) {
			const struct ms_id *id = &parts.parts[i]->message;
			struct ms_error why = MS_ERROR_INIT;
			struct ms_blob *body = NULL;
			struct ms_str record;

			if (i > 0 && memcmp(id, &parts.parts[i - 1]->message,
			    sizeof(*id)) == 0)
				continue;
			ms_arena_reset(arena);
			scope.arena = arena;
			v->messages++;
			st = find_message(v->run, &scope, id, &record, &body, &why);
			v->run->sv->blob->release(body);
			if (st != MS_OK && st != MS_NOTFOUND)
				st = complain(v, "message", id_generation(id),
				    id_offset(id), why.text, err);
			else
				st = MS_OK;
		}
		after.message = parts.parts[parts.n - 1]->message;
		after.number = parts.parts[parts.n - 1]->number;
		look.after = &after;
	}
	ms_arena_free(arena);
	ms_arena_free(page);
	return st;
}

/* Is it needed: would a crash find the record again? */
static bool
is_left_over(const struct look *all, size_t n, const struct ms_id *id)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].generation == id_generation(id))
			return all[i].row.state > SEGMENT_ENDED ||
			    id_offset(id) < all[i].row.cursor;
	return true;
}

/* The counts of a segment's row against what is there; under run->writer, so
   that both are of one moment. */
static ms_status
check_counts(struct verifier *v, const struct look *all, size_t n,
    struct ms_error *err)
{
	struct seg_row *sums = ms_arena_array(v->scope->arena, n, sizeof(*sums));
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_txn *txn;
	ms_status st = rows_begin_read(&v->run->rows, &txn, err);

	if (st != MS_OK)
		return st;
	st = rows_error(&v->run->rows, mdb_cursor_open(txn, v->run->rows.msg,
	    &cursor), "cursor", err);
	while (st == MS_OK && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		struct msg_row row;
		struct ms_id id;

		if (key.mv_size != sizeof(id) || !msg_row_decode(ms_str_of(
		    value.mv_data, value.mv_size), &row)) {
			st = complain(v, "row", 0, 0, "a row of msg can't be read", err);
			continue;
		}
		memcpy(&id, key.mv_data, sizeof(id));
		if (row.left == 0 && is_left_over(all, n, &id))
			st = complain(v, "row", id_generation(&id), id_offset(&id),
			    "a finished message's row was left", err);
		for (size_t i = 0; i < n && row.left > 0; i++) {
			sums[i].ids += all[i].generation == id_generation(&id);
			if (all[i].generation == row.place &&
			    !(row.flags & MSG_MADE)) {
				sums[i].placed++;
				sums[i].placed_octets += row.octets;
			}
		}
	}
	if (st == MS_OK)
		mdb_cursor_close(cursor);
	rows_end_read(&v->run->rows, txn);
	for (size_t i = 0; i < n && st == MS_OK; i++)
		if (sums[i].ids != all[i].row.ids ||
		    sums[i].placed != all[i].row.placed ||
		    sums[i].placed_octets != all[i].row.placed_octets)
			st = complain(v, "count", all[i].generation, 0,
			    "a segment's row counts other messages than there are", err);
	return st;
}

static ms_status
verify(struct verifier *v, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(4096);
	struct ms_json j = ms_json_to(&line);
	struct look *all;
	ms_status st;
	size_t n;

	pthread_mutex_lock(&v->run->writer);
	all = look_at_segments(v->run, v->scope->arena, &n);
	st = check_counts(v, all, n, err);
	pthread_mutex_unlock(&v->run->writer);
	for (size_t i = 0; i < n && st == MS_OK; i++)
		if (all[i].has_file && all[i].row.kind == SEGMENT_ACCEPT)
			st = check_records(v, &all[i], err);
	if (st == MS_OK)
		st = check_messages(v, err);
	if (st != MS_OK)
		return st;
	ms_json_object(&j, NULL);
	ms_json_u64(&j, "segments", n);
	ms_json_u64(&j, "records", v->records);
	ms_json_u64(&j, "messages", v->messages);
	ms_json_u64(&j, "damaged", v->damaged);
	ms_json_end(&j);
	st = put_line(v, &line, err);
	if (st == MS_OK && v->damaged > 0)
		return ms_error_set(err, MS_PERMFAIL, "", "%" PRIu64
		    " things in the spool are damaged", v->damaged);
	return st;
}

static ms_status
status(struct verifier *v, struct ms_error *err)
{
	static const char *const kinds[] = { "", "accept", "deferred", "made" };
	static const char *const states[] = { "", "open", "ended", "moved",
		"dropped" };
	ms_status st = MS_OK;
	size_t n;
	struct look *all = look_at_segments(v->run, v->scope->arena, &n);

	for (size_t i = 0; i < n && st == MS_OK; i++) {
		MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(4096);
		struct ms_json j = ms_json_to(&line);
		char name[IO_NAME_OCTETS];

		io_name(all[i].generation, name);
		ms_json_object(&j, NULL);
		ms_json_c(&j, "generation", name);
		ms_json_c(&j, "kind", kinds[all[i].row.kind]);
		ms_json_c(&j, "state", states[all[i].state]);
		ms_json_u64(&j, "cursor", all[i].cursor);
		ms_json_u64(&j, "end", all[i].end);
		ms_json_u64(&j, "waiting", all[i].live);
		ms_json_u64(&j, "waiting-octets", all[i].live_octets);
		ms_json_u64(&j, "deferred", all[i].row.placed);
		ms_json_u64(&j, "deferred-octets", all[i].row.placed_octets);
		ms_json_u64(&j, "ids", all[i].row.ids);
		ms_json_end(&j);
		st = put_line(v, &line, err);
	}
	return st;
}

ms_status
verify_run(struct ms_instance *self, const struct ms_scope *scope, uint32_t i,
    const struct ms_field *arguments, size_t n, struct ms_writer *output,
    struct ms_error *err)
{
	struct verifier v = { .run = self->run, .scope = scope,
		.output = output };

	(void)arguments, (void)n;
	switch (i) {
	case VERIFY:
		return verify(&v, err);
	case STATUS:
		return status(&v, err);
	default:
		return ms_error_set(err, MS_INVALID, "", "no such verb");
	}
}
