/* SPDX-License-Identifier: ISC */
/* command.c - see command.h */
#include "command.h"

#include <mansio/error.h>
#include <mansio/json.h>
#include <mansio/str.h>

#include "record.h"
#include "db.h"
#include "verify.h"

enum { VERB_VERIFY, VERB_STATS, VERB_COMPACT };

const struct ms_verb *
command_verbs(struct ms_instance *self)
{
	static const struct ms_verb verbs[] = {
		[VERB_VERIFY] = { .noun = "store", .verb = "verify",
		    .arguments = "[--deep] [--repair]",
		    .help = "check that rows, counters and files agree; --deep reads all bodies, "
		    "--repair puts counters right",
		    .flags = MS_COMMAND_OFFLINE },
		[VERB_STATS] = { .noun = "store", .verb = "stats", .arguments = "",
		    .help = "what each shard holds", .flags = MS_COMMAND_OFFLINE },
		[VERB_COMPACT] = { .noun = "store", .verb = "compact", .arguments = "SHARD",
		    .help = "give unused pages of a shard's environment back to the disk",
		    .flags = MS_COMMAND_OFFLINE | MS_COMMAND_CHANGES },
		{ .noun = NULL },
	};

	(void)self;
	return verbs;
}

/* An option is given by its presence; "no" takes it back. */
static bool
has_option(const struct ms_field *arguments, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		struct ms_str option = arguments[i].name;

		if (ms_str_has_prefix(option, ms_str_c("--")))
			option = ms_str_from(option, 2);
		if (ms_str_equal(option, ms_str_c(name)))
			return !ms_str_equal(arguments[i].value, ms_str_c("no"));
	}
	return false;
}

static ms_status
verify(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_field *arguments, size_t n, struct ms_writer *output,
    struct ms_error *err)
{
	bool deep = has_option(arguments, n, "deep");
	bool repair = has_option(arguments, n, "repair") && (scope->flags & MS_SCOPE_DRY) == 0;
	uint64_t damaged = 0;

	if (repair && !is_writer(self))
		return ms_error_set(err, MS_INVALID, "", "this process may not write the store");
	for (uint32_t i = 0; i < self->n_shards; i++) {
		uint64_t more;
		ms_status st = verify_shard(&self->shards[i], scope, deep, repair, output, &more, err);

		if (st != MS_OK)
			return st;
		damaged += more;
	}
	if (damaged > 0)
		return ms_error_set(err, MS_PERMFAIL, "", "%llu damaged",
		    (unsigned long long)damaged);
	return MS_OK;
}

/* ---- stats ---- */

struct segment_sums {
	uint64_t n[SEGMENT_DROPPING + 1];
	uint64_t octets, live;
};

static ms_status
sum_segments(struct db_txn *t, struct segment_sums *sums)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_SEG);
	ms_status st;

	while ((st = db_next(&c)) == MS_OK) {
		struct segment_row row;

		if (!segment_decode(c.value, &row))
			return db_damaged(t, DB_SEG, "segment");
		sums->n[row.state]++;
		sums->octets += row.octets;
		sums->live += row.live;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
shard_stats(struct shard *s, const struct ms_scope *scope, struct ms_buf *line,
    struct ms_error *err)
{
	static const struct {
		const char *name;
		int db;
	} tables[] = { { "accounts", DB_ACCOUNT }, { "mailboxes", DB_NAME },
		{ "messages", DB_MAIL }, { "expunged", DB_TRASH }, { "bodies", DB_BLOB },
		{ "delivery-ids", DB_DID } };
	DB_AUTO_READ struct db_txn t;
	struct segment_sums sums = { .octets = 0 };
	struct ms_json j = ms_json_to(line);
	MDB_envinfo info;
	MDB_stat stat;
	ms_status st = db_begin_read(&t, s, scope->arena, err);

	if (st != MS_OK || (st = sum_segments(&t, &sums)) != MS_OK)
		return st;
	ms_json_object(&j, NULL);
	ms_json_u64(&j, "shard", s->number);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		uint64_t rows = 0;

		if ((st = db_count(&t, tables[i].db, &rows)) != MS_OK)
			return st;
		ms_json_u64(&j, tables[i].name, rows);
	}
	ms_json_u64(&j, "segments-open", sums.n[SEGMENT_OPEN]);
	ms_json_u64(&j, "segments-sealed", sums.n[SEGMENT_SEALED]);
	ms_json_u64(&j, "segments-moving", sums.n[SEGMENT_MOVING]);
	ms_json_u64(&j, "segments-dropping", sums.n[SEGMENT_DROPPING]);
	ms_json_u64(&j, "segment-octets", sums.octets);
	ms_json_u64(&j, "living-octets", sums.live);
	if (mdb_env_info(s->env, &info) == 0 && mdb_env_stat(s->env, &stat) == 0) {
		ms_json_u64(&j, "environment-octets", (info.me_last_pgno + 1) * stat.ms_psize);
		ms_json_u64(&j, "map-octets", info.me_mapsize);
		ms_json_u64(&j, "readers", info.me_numreaders);
		ms_json_u64(&j, "transactions", info.me_last_txnid);
	}
	ms_json_end(&j);
	ms_buf_add_c(line, "\n");
	return MS_OK;
}

static ms_status
write_line(struct ms_instance *self, struct ms_writer *output, struct ms_buf *line,
    struct ms_error *err)
{
	if (!ms_buf_ok(line))
		return ms_error_set(err, MS_TEMPFAIL, "", "no memory");
	return self->blob->write(output, ms_buf_str(line), err);
}

static ms_status
stats(struct ms_instance *self, const struct ms_scope *scope, struct ms_writer *output,
    struct ms_error *err)
{
	ms_status st = MS_OK;

	for (uint32_t i = 0; i < self->n_shards && st == MS_OK; i++) {
		MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(8192);

		st = shard_stats(&self->shards[i], scope, &line, err);
		if (st == MS_OK)
			st = write_line(self, output, &line, err);
	}
	return st;
}

static ms_status
compact(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_field *arguments, size_t n, struct ms_writer *output,
    struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf line = MS_BUF_MAX(8192);
	struct ms_json j = ms_json_to(&line);
	uint64_t number = UINT64_MAX, before = 0, after = 0;
	ms_status st = MS_OK;

	for (size_t i = 0; i < n; i++)
		if (arguments[i].name.len == 0 &&
		    !ms_str_to_u64(arguments[i].value, UINT32_MAX, &number))
			number = UINT64_MAX;
	if (number >= self->n_shards)
		return ms_error_set(err, MS_INVALID, "", "shards are numbered 0 to %u",
		    self->n_shards - 1);
	if (!is_writer(self))
		return ms_error_set(err, MS_INVALID, "", "this process may not write the store");
	if ((scope->flags & MS_SCOPE_DRY) == 0)
		st = shard_compact(&self->shards[number], &before, &after, err);
	if (st != MS_OK)
		return st;
	ms_json_object(&j, NULL);
	ms_json_u64(&j, "shard", number);
	ms_json_u64(&j, "octets-before", before);
	ms_json_u64(&j, "octets-after", after);
	ms_json_end(&j);
	ms_buf_add_c(&line, "\n");
	return write_line(self, output, &line, err);
}

ms_status
command_run(struct ms_instance *self, const struct ms_scope *scope, uint32_t i,
    const struct ms_field *arguments, size_t n, struct ms_writer *output,
    struct ms_error *err)
{
	switch (i) {
	case VERB_VERIFY:
		return verify(self, scope, arguments, n, output, err);
	case VERB_STATS:
		return stats(self, scope, output, err);
	case VERB_COMPACT:
		return compact(self, scope, arguments, n, output, err);
	default:
		return ms_error_set(err, MS_INVALID, "", "no such verb");
	}
}
