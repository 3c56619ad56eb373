/* SPDX-License-Identifier: ISC */
/* rig.c - see rig.h */
#include "rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/command.h>

struct suite rig;

static void
configure(struct ms_mock *m)
{
	ms_mock_option(m, "folders", "");
	ms_mock_option(m, "shards", "1");
	ms_mock_option(m, "segment-size", "64KiB");
}

void
rig_begin(void)
{
	/* A check of the suite's helpers that fails comes back here. */
	if (setjmp(rig.stop) != 0) {
		printf("# %s\n", rig.why);
		fflush(stdout);
		cr_assert_fail("%s", rig.why);
	}
	suite_begin(&rig, ms_plugin_entry(), configure);
}

void
rig_end(void)
{
	suite_end(&rig);
}

const char *
rig_verify(const char *options, ms_status *st_out)
{
	const struct ms_command *command = rig.plugin->interface(MS_COMMAND_ID);
	const struct ms_host *host = ms_mock_host(rig.mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_str rest = ms_str_c(options), word;
	struct ms_error err = MS_ERROR_INIT;
	struct ms_field fields[4];
	struct ms_writer *output;
	struct ms_blob *text;
	const char *lines;
	size_t n = 0;

	while (options[0] != '\0' && ms_str_split(&rest, ' ', &word))
		fields[n++] = (struct ms_field){ word, ms_str_c("") };
	cr_assert_eq(blob->begin(suite_scope(&rig), 1 << 20, &output, &err), MS_OK);
	*st_out = command->run(rig.self, suite_scope(&rig), 0, fields, n, output, &err);
	cr_assert_eq(blob->finish(output, &text, &err), MS_OK);
	lines = ms_arena_str(rig.arena, ms_mock_blob_octets(rig.mock, text)).data;
	blob->release(text);
	return lines;
}

void
rig_must_verify(void)
{
	ms_status st;
	const char *lines = rig_verify("deep", &st);

	cr_assert_eq(st, MS_OK, "%s", lines);
}

void
rig_pass(int64_t us, int steps)
{
	for (int i = 0; i < steps; i++) {
		ms_mock_advance(rig.mock, us);
		rig.now_us += us;
		(void)ms_mock_run_tasks(rig.mock);
	}
}

const char *
rig_path(const char *name)
{
	return suite_printf(&rig, "%s/%s", rig.directory, name);
}

unsigned
rig_segments(void)
{
	DIR *dir = opendir(rig_path("shard/00/seg"));
	const struct dirent *e;
	unsigned n = 0;

	cr_assert_not_null(dir);
	while ((e = readdir(dir)) != NULL)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

void
rig_change_first(const char *table, void (*change)(MDB_val *key, MDB_val *value))
{
	static char copy[1 << 16], key_copy[512];
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	cr_assert_eq(mdb_env_create(&env), 0);
	cr_assert_eq(mdb_env_set_maxdbs(env, 32), 0);
	cr_assert_eq(mdb_env_set_mapsize(env, (size_t)1 << 30), 0);
	cr_assert_eq(mdb_env_open(env, rig_path("shard/00"), 0, 0600), 0);
	cr_assert_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	cr_assert_eq(mdb_dbi_open(txn, table, 0, &dbi), 0);
	cr_assert_eq(mdb_cursor_open(txn, dbi, &cursor), 0);
	cr_assert_eq(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0, "%s is empty", table);
	memcpy(key_copy, key.mv_data, key.mv_size);
	memcpy(copy, value.mv_data, value.mv_size);
	key.mv_data = key_copy;
	value.mv_data = copy;
	cr_assert_eq(mdb_cursor_del(cursor, 0), 0);
	mdb_cursor_close(cursor);
	if (change != NULL) {
		change(&key, &value);
		cr_assert_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
	}
	cr_assert_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}
