/* SPDX-License-Identifier: ISC */
/* verify.c - see verify.h: the frame, the report, the repair */
#include "verify.h"

#include <stdlib.h>

#include <mansio/error.h>

#define LINE_MAX_OCTETS	4096
#define REPORT_MAX	10000	/* lines of damage; more are counted */

/* ---- sums ---- */

static struct tally_slot *
find_slot(const struct tally *t, uint64_t number)
{
	uint64_t hash = number * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(hash >> 20) & (t->size - 1);

	while (t->slots[i].is_used && t->slots[i].number != number)
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

static void
grow(struct tally *t)
{
	struct tally larger = { .size = t->size > 0 ? t->size * 2 : 1024, .n = t->n };

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (larger.slots == NULL) {
		t->failed = true;
		return;
	}
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].is_used)
			*find_slot(&larger, t->slots[i].number) = t->slots[i];
	free(t->slots);
	*t = larger;
}

void
tally_add(struct tally *t, uint64_t number, uint64_t what)
{
	struct tally_slot *slot;

	if (t->n * 2 >= t->size)
		grow(t);
	if (t->failed)
		return;
	slot = find_slot(t, number);
	if (!slot->is_used) {
		*slot = (struct tally_slot){ .number = number, .is_used = true };
		t->n++;
	}
	slot->sum += what;
}

uint64_t
tally_get(const struct tally *t, uint64_t number)
{
	return t->size > 0 ? find_slot(t, number)->sum : 0;
}

void
tally_free(struct tally *t)
{
	free(t->slots);
	*t = (struct tally){ .slots = NULL };
}

/* ---- the report ---- */

static void
write_line(struct verify *v, struct ms_buf *line)
{
	ms_buf_add_c(line, "\n");
	if (v->output != NULL && v->written == MS_OK && ms_buf_ok(line))
		v->written = v->shard->store->blob->write(v->output, ms_buf_str(line), NULL);
}

static void
begin_line(struct verify *v, struct ms_json *j, const char *what, const struct box *b,
    uint32_t uid, uint64_t number)
{
	ms_json_object(j, NULL);
	ms_json_c(j, "what", what);
	ms_json_u64(j, "shard", v->shard->number);
	if (b != NULL) {
		if (v->has_account)
			ms_json_str(j, "account", v->account.name);
		ms_json_str(j, "mailbox", b->name);
	}
	if (uid != 0)
		ms_json_u64(j, "uid", uid);
	if (number != 0)
		ms_json_u64(j, "number", number);
}

void
verify_report(struct verify *v, const char *what, const struct box *b, uint32_t uid,
    uint64_t number)
{
	struct ms_buf line = MS_BUF_MAX(LINE_MAX_OCTETS);
	struct ms_json j = ms_json_to(&line);

	if (v->damaged++ >= REPORT_MAX)
		return;
	begin_line(v, &j, what, b, uid, number);
	ms_json_end(&j);
	write_line(v, &line);
	ms_buf_free(&line);
}

bool
verify_counter(struct verify *v, const char *what, const struct box *b, uint64_t number,
    uint64_t is, uint64_t should_be)
{
	struct ms_buf line = MS_BUF_MAX(LINE_MAX_OCTETS);
	struct ms_json j = ms_json_to(&line);

	if (is == should_be)
		return false;
	if (v->repair)
		v->repaired++;
	else
		v->damaged++;
	begin_line(v, &j, what, b, 0, number);
	ms_json_u64(&j, "is", is);
	ms_json_u64(&j, "should-be", should_be);
	ms_json_bool(&j, "repaired", v->repair);
	ms_json_end(&j);
	if (v->damaged + v->repaired <= REPORT_MAX)
		write_line(v, &line);
	ms_buf_free(&line);
	return v->repair;
}

void
verify_fix(struct verify *v, int db, struct ms_str key, struct ms_str value)
{
	struct fix *fix = ms_arena_alloc(v->t.arena, sizeof(*fix));

	fix->db = db;
	fix->key = ms_arena_str(v->t.arena, key);
	fix->value = ms_arena_str(v->t.arena, value);
	fix->next = v->fixes;
	v->fixes = fix;
}

static void
summarise(struct verify *v)
{
	struct ms_buf line = MS_BUF_MAX(LINE_MAX_OCTETS);
	struct ms_json j = ms_json_to(&line);

	ms_json_object(&j, NULL);
	ms_json_c(&j, "what", "summary");
	ms_json_u64(&j, "shard", v->shard->number);
	ms_json_u64(&j, "accounts", v->accounts);
	ms_json_u64(&j, "mailboxes", v->mailboxes);
	ms_json_u64(&j, "messages", v->messages);
	ms_json_u64(&j, "bodies", v->blobs);
	ms_json_u64(&j, "segments", v->segments);
	ms_json_u64(&j, "damaged", v->damaged);
	ms_json_u64(&j, "repaired", v->repaired);
	ms_json_end(&j);
	write_line(v, &line);
	ms_buf_free(&line);
}

/* ---- the whole ---- */

static ms_status
walk(struct verify *v)
{
	ms_status st;

	if ((st = verify_boxes(v)) != MS_OK || (st = verify_names(v)) != MS_OK ||
	    (st = verify_trash(v)) != MS_OK || (st = verify_blobs(v)) != MS_OK ||
	    (st = verify_segments(v)) != MS_OK)
		return st;
	if (v->references.failed || v->live.failed || v->octets.failed)
		return ms_error_set(v->t.err, MS_TEMPFAIL, "4.3.0", "no memory");
	return v->written;
}

static ms_status
apply_fixes(struct verify *v)
{
	ms_status st = MS_OK;

	for (const struct fix *f = v->fixes; f != NULL && st == MS_OK; f = f->next)
		st = db_put(&v->t, f->db, f->key, f->value);
	return st;
}

ms_status
verify_shard(struct shard *s, const struct ms_scope *scope, bool deep, bool repair,
    struct ms_writer *output, uint64_t *damaged_out, struct ms_error *err)
{
	struct verify v = { .shard = s, .scope = scope, .output = output, .repair = repair };
	struct ms_arena *arena = ms_arena_new(0);
	ms_status st;

	*damaged_out = 0;
	st = repair ? db_begin_write(&v.t, s, arena, err) : db_begin_read(&v.t, s, arena, err);
	if (st == MS_OK) {
		st = walk(&v);
		if (!repair) {
			db_end_read(&v.t);
		} else if (st == MS_OK && v.fixes != NULL &&
		    (st = apply_fixes(&v)) == MS_OK) {
			st = db_commit(&v.t);
		} else {
			db_abort(&v.t);
		}
	}
	if (st == MS_OK && deep)
		st = verify_octets(&v);
	if (st == MS_OK)
		summarise(&v);
	*damaged_out = v.damaged;
	tally_free(&v.references);
	tally_free(&v.live);
	tally_free(&v.octets);
	ms_arena_free(arena);
	return st;
}
