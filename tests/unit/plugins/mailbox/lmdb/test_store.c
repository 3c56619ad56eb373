/* SPDX-License-Identifier: ISC */
/* What is fixed when a store is made, full disks, failing writes, readers. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig.h"

TestSuite(store, .init = rig_begin, .fini = rig_end);

static void
configure_shards(struct ms_mock *m, const char *shards)
{
	ms_mock_directory(m, rig.directory);
	ms_mock_option(m, "shards", shards);
}

Test(store, keeps_its_number_of_shards)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_mock *m;

	suite_append(&rig, &rig.inbox, "text", 0);
	suite_stop(&rig);
	m = ms_mock_new(ms_plugin_entry());
	configure_shards(m, "2");
	cr_assert_eq(ms_mock_try_create(m, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "made with 1"), "%s", err.text);
	ms_mock_free(m);
	m = ms_mock_new(ms_plugin_entry());
	configure_shards(m, "0");
	cr_assert_eq(ms_mock_try_create(m, &err), MS_OK);
	ms_mock_free(m);
	suite_start(&rig);
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 1), "text");
}

Test(store, has_one_writer)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_mock *m = ms_mock_new(ms_plugin_entry());

	configure_shards(m, "1");
	cr_assert_eq(ms_mock_try_create(m, &err), MS_BUSY);
	ms_mock_free(m);
	suite_append(&rig, &rig.inbox, "text", 0);
}

static const char *
names_with(const char *const *folders)
{
	struct ms_job_box job = { .name = ms_str_c("INBOX") };
	struct ms_mock *m;
	const char *names;

	suite_stop(&rig);
	m = ms_mock_new(ms_plugin_entry());
	ms_mock_directory(m, rig.directory);
	for (; folders != NULL && *folders != NULL; folders++)
		ms_mock_option(m, "folders", *folders);
	rig.self = ms_mock_create(m);
	rig.mock = m;
	suite_job(&rig, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
	job.job.key = ms_str_c("bob");
	cr_assert_eq(suite_run(&rig, &job.job), MS_OK);
	cr_assert_eq(rig.table->open(rig.self, suite_scope(&rig), ms_str_c("bob"), ms_str_c(""),
	    &rig.account, NULL), MS_OK);
	names = suite_names(&rig, "");
	return names;
}

Test(store, gives_a_new_account_its_folders)
{
	cr_assert_str_eq(names_with(NULL), "Archive \\Archive,Drafts \\Drafts,INBOX,Junk \\Junk,"
	    "Sent \\Sent,Trash \\Trash");
}

Test(store, gives_a_new_account_the_folders_of_the_config)
{
	static const char *const folders[] = { "Gesendet \\Sent", "a/b", "trash", NULL };

	cr_assert_str_eq(names_with(folders), "Gesendet \\Sent,INBOX,a,a/b,trash \\Trash");
}

Test(store, grows_its_map)
{
	char *digest = ms_arena_alloc(rig.arena, 50001);
	struct ms_mock *m;

	suite_stop(&rig);
	m = ms_mock_new(ms_plugin_entry());
	configure_shards(m, "1");
	ms_mock_option(m, "map-size", "1MiB");
	rig.self = ms_mock_create(m);
	rig.mock = m;
	cr_assert_eq(rig.table->open(rig.self, suite_scope(&rig), ms_str_c("ann"), ms_str_c(""),
	    &rig.account, NULL), MS_OK);
	memset(digest, 'd', 50000);
	suite_append(&rig, &rig.inbox, "x", 0);
	for (uint32_t i = 0; i < 100; i++) {
		struct ms_job_mark job = { .box = rig.inbox, .uid = i + 1,
			.digest = ms_str_of(digest, 50000) };

		suite_append(&rig, &rig.inbox, "x", 0);
		suite_job(&rig, &job.job, sizeof(job), MS_JOB_MARK);
		cr_assert_eq(suite_run(&rig, &job.job), MS_OK);
	}
	rig_must_verify();
}

/* Each job either fails with TEMPFAIL and has left nothing, or is done. */
Test(store, survives_writes_that_fail)
{
	struct rlimit before, small;
	uint32_t done = 0, failed = 0;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (uint32_t i = 0; i < 60; i++) {
		const struct ms_host *host = ms_mock_host(rig.mock);
		const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
		struct ms_job_append job = { .box = rig.inbox, .octets = 1000 };

		suite_job(&rig, &job.job, sizeof(job), MS_JOB_APPEND);
		job.body = ms_mock_blob(rig.mock, ms_str_c(suite_printf(&rig, "%1000u", i)));
		small = before;
		if (i % 3 == 1)
			small.rlim_cur = 4096 * (1 + i / 3 * 2);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		suite_run(&rig, &job.job);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
		blob->release(job.body);
		cr_assert(job.job.status == MS_OK || job.job.status == MS_TEMPFAIL,
		    "%d %s", job.job.status, job.job.error->text);
		done += job.job.status == MS_OK;
		failed += job.job.status != MS_OK;
		if (i % 3 != 1)
			cr_assert_eq(job.job.status, MS_OK, "%s", job.job.error->text);
		cr_assert_eq(suite_status(&rig, &rig.inbox).messages, done);
	}
	cr_assert(failed > 5, "%u failed", failed);
	rig_must_verify();
	suite_reopen(&rig);
	rig_must_verify();
	cr_assert_eq(suite_status(&rig, &rig.inbox).messages, done);
}

/* ---- a reading process beside the writing one ---- */

static void
read_beside(int ready, const char *directory, struct ms_id inbox)
{
	struct ms_mock *m = ms_mock_new(ms_plugin_entry());
	const struct ms_mailbox *table = ms_plugin_entry()->interface(MS_MAILBOX_ID);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_account *account;
	struct ms_instance *self;
	struct ms_blob *body;
	uint32_t uid;

	if (read(ready, &uid, sizeof(uid)) != sizeof(uid))
		_exit(2);
	ms_mock_directory(m, directory);
	ms_mock_option(m, "map-size", "1MiB");
	ms_mock_roles(m, MS_ROLE_READ);
	self = ms_mock_create(m);
	if (table->open(self, ms_mock_scope(m, 0), ms_str_c("ann"), ms_str_c(""), &account,
	    &err) != MS_OK)
		_exit(3);
	do {
		const struct ms_blob_api *blob;

		if (table->body(self, ms_mock_scope(m, 0), account, &inbox, uid, &body, &err) !=
		    MS_OK) {
			printf("# UID %u: %s\n", uid, err.text);
			_exit(4);
		}
		blob = ms_mock_host(m)->service(ms_mock_host(m), MS_BLOB_ID);
		blob->release(body);
	} while (read(ready, &uid, sizeof(uid)) == sizeof(uid));
	table->close(self, account);
	ms_mock_free(m);
	_exit(0);
}

Test(store, is_read_by_another_process_while_it_grows)
{
	int fds[2], status;
	pid_t pid;

	/* Forked without an environment open. */
	suite_stop(&rig);
	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0) {
		close(fds[1]);
		read_beside(fds[0], rig.directory, rig.inbox);
	}
	close(fds[0]);
	suite_start(&rig);
	for (uint32_t i = 1; i <= 300; i++) {
		char *text = ms_arena_alloc(rig.arena, 3001);
		uint32_t uid;

		memset(text, 'x', 3000);
		uid = suite_append(&rig, &rig.inbox, text, 0);
		cr_assert_eq(write(fds[1], &uid, sizeof(uid)), sizeof(uid));
	}
	close(fds[1]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

/* Holds a read transaction open until it is killed. */
static void
pin_a_reader(int go, int ready, const char *path)
{
	MDB_env *env;
	MDB_txn *txn;
	char c;

	if (read(go, &c, 1) != 1 || mdb_env_create(&env) != 0 ||
	    mdb_env_open(env, path, MDB_RDONLY, 0600) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || write(ready, "r", 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

Test(store, tells_of_a_reader_that_does_not_end_and_clears_a_dead_one)
{
	int go[2], ready[2];
	pid_t pid;
	char c;

	suite_stop(&rig);
	cr_assert(pipe(go) == 0 && pipe(ready) == 0);
	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0)
		pin_a_reader(go[0], ready[1], rig_path("shard/00"));
	suite_start(&rig);
	cr_assert(write(go[1], "g", 1) == 1 && read(ready[0], &c, 1) == 1);
	rig_pass(2 * MINUTE, 2);
	cr_assert_null(strstr(ms_mock_log(rig.mock).data, "same state"));
	suite_append(&rig, &rig.inbox, "text", 0);
	rig_pass(2 * MINUTE, 2);
	cr_assert_not_null(strstr(ms_mock_log(rig.mock).data, suite_printf(&rig,
	    "process %ld has read the same state", (long)pid)));
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	rig_pass(2 * MINUTE, 2);
	cr_assert_not_null(strstr(ms_mock_log(rig.mock).data, "1 dead readers were cleared"));
}

/* ---- threads ---- */

#define THREADS		4
#define BATCHES		40
#define BATCH		5

struct worker {
	pthread_t        thread;
	unsigned         number;
	struct ms_blob  *bodies[BATCHES * BATCH];
	uint32_t         done;
};

static pthread_mutex_t run_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool reading = true;

static void *
append_side_by_side(void *data)
{
	const struct ms_batch *batch = rig.plugin->interface(MS_BATCH_ID);
	struct worker *w = data;

	for (unsigned i = 0; i < BATCHES; i++) {
		struct ms_arena *arena = ms_arena_new(0);
		struct ms_scope scope = { .size = sizeof(scope), .arena = arena,
			.host = ms_mock_host(rig.mock) };
		struct ms_error err = MS_ERROR_INIT;
		struct ms_job_append jobs[BATCH];
		struct ms_job *all[BATCH];

		for (unsigned k = 0; k < BATCH; k++) {
			jobs[k] = (struct ms_job_append){ .box = rig.inbox,
				.body = w->bodies[i * BATCH + k],
				.job = { .size = sizeof(jobs[k]), .type = MS_JOB_APPEND,
				.key = ms_str_c("ann"), .arena = arena } };
			all[k] = &jobs[k].job;
		}
		if (batch->prepare(rig.self, &scope, all, BATCH, &err) == MS_OK) {
			/* batch.h: never two at once for a shard. */
			pthread_mutex_lock(&run_lock);
			batch->run(rig.self, &scope, all, BATCH);
			pthread_mutex_unlock(&run_lock);
			for (unsigned k = 0; k < BATCH; k++)
				w->done += jobs[k].job.status == MS_OK;
		}
		ms_arena_free(arena);
	}
	return NULL;
}

static void *
read_side_by_side(void *data)
{
	uint32_t before = 0;

	(void)data;
	while (reading) {
		struct ms_arena *arena = ms_arena_new(0);
		struct ms_scope scope = { .size = sizeof(scope), .arena = arena,
			.host = ms_mock_host(rig.mock) };
		struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS | MS_ROW_DATES,
			.box = rig.inbox, .limit = 1000 };
		struct ms_rows rows = { .size = sizeof(rows) };

		if (rig.table->fetch(rig.self, &scope, rig.account, &f, &rows, NULL) != MS_OK ||
		    rows.n < before)
			abort();
		before = rows.n;
		for (uint32_t i = 0; i < rows.n; i++)
			if (rows.rows[i]->uid != i + 1)
				abort();
		ms_arena_free(arena);
	}
	return NULL;
}

Test(store, takes_batches_from_many_threads)
{
	static struct worker workers[THREADS];
	const struct ms_host *host = ms_mock_host(rig.mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	pthread_t reader;
	uint32_t done = 0;

	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned k = 0; k < BATCHES * BATCH; k++)
			workers[i].bodies[k] = ms_mock_blob(rig.mock,
			    ms_str_c(suite_printf(&rig, "%u of %u %*s", k, i, (int)(k * 31 % 2000), "")));
	cr_assert_eq(pthread_create(&reader, NULL, read_side_by_side, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, append_side_by_side,
		    &workers[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(workers[i].thread, NULL), 0);
		done += workers[i].done;
		for (unsigned k = 0; k < BATCHES * BATCH; k++)
			blob->release(workers[i].bodies[k]);
	}
	reading = false;
	cr_assert_eq(pthread_join(reader, NULL), 0);
	cr_assert_eq(done, THREADS * BATCHES * BATCH);
	cr_assert_eq(suite_status(&rig, &rig.inbox).messages, done);
	rig_must_verify();
}
