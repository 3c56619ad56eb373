/* SPDX-License-Identifier: ISC */
/*
 * kill.c - mailbox-lmdb killed at each of its crash points, and at any time
 *
 *	lmdb_kill [ROUNDS-AT-RANDOM]
 *
 * The plugin is linked in.
 *
 * A child delivers, expunges, moves time on so that segments are compacted
 * and dropped, and is killed.  The next one looks at what is left: the
 * store verifies, what was answered is there with its content, what was
 * expunged is not, what was never answered is there at most once; then it
 * delivers the unanswered again, under the same ids, and goes on.
 *
 * In a build with crash points each is met for the n-th time, n = 1, 2, ...,
 * until it no longer fires; one that never fires fails the test.
 */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

static struct ledger *ledger;	/* shared with children, which only read */
static char directory[256], log_path[300];

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info, (void)type, (void)ftw;
	return remove(path);
}

static void
remove_store(void)
{
	(void)nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void
begin_store(void)
{
	memset(ledger, 0, sizeof(*ledger));
	remove_store();
	if (mkdir(directory, 0700) == -1)
		abort();
}

/* Runs a child until it ends or is killed after that many microseconds (0:
   never).  0: it ended well; 1: it was killed; -1: it found something wrong. */
static int
run_child(const char *crash, unsigned seed, long kill_after_us)
{
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) == -1)
		abort();
	fflush(stdout);
	pid = fork();
	if (pid == -1)
		abort();
	if (pid == 0) {
		close(fds[0]);
		if (crash != NULL)
			setenv("MANSIO_CRASH", crash, 1);
		_exit(child_run(directory, ledger, fds[1], seed, kill_after_us != 0));
	}
	close(fds[1]);
	if (kill_after_us != 0) {
		struct timespec pause = { kill_after_us / 1000000,
			kill_after_us % 1000000 * 1000 };

		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
	}
	ledger_listen(ledger, fds[0]);
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? 1 : -1;
	return WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ---- crash points ---- */

static const char *const points[] = {
	"lmdb.prepare.written", "lmdb.prepare.synced", "lmdb.run.done", "lmdb.commit.before",
	"lmdb.commit.after", "lmdb.segment.row", "lmdb.segment.file",
	"lmdb.segment.directory", "lmdb.segment.cut", "lmdb.segment.sealed",
	"lmdb.compact.moving", "lmdb.compact.target", "lmdb.compact.copied",
	"lmdb.compact.synced", "lmdb.compact.moved", "lmdb.compact.sealed",
	"lmdb.compact.dropping", "lmdb.drop.unlinked", "lmdb.drop.done", "lmdb.forget.slice",
	"lmdb.expire.slice", "lmdb.purge.slice",
};

static bool
has_points(void)
{
	begin_store();
	(void)unlink(log_path);
	setenv("MANSIO_CRASH_LOG", log_path, 1);
	if (run_child(NULL, 1, 0) != 0) {
		printf("not ok - the workload runs\n");
		exit(1);
	}
	unsetenv("MANSIO_CRASH_LOG");
	return access(log_path, F_OK) == 0;
}

static int
walk_point(const char *name)
{
	unsigned fired = 0, step = 1;

	begin_store();
	for (unsigned n = 1; ; n += step) {
		char crash[128];
		int how;

		snprintf(crash, sizeof(crash), "%s:%u", name, n);
		how = run_child(crash, n, 0);
		if (how == -1 || run_child(NULL, n + 1000, 0) != 0) {
			printf("not ok - %s: pass %u\n", name, n);
			return 1;
		}
		if (how == 0)
			break;
		fired++;
		if (n >= 8)
			step += step / 2 + 1;
	}
	printf("%s - %s: fired %u times\n", fired > 0 ? "ok" : "not ok", name, fired);
	return fired == 0;
}

static int
kill_at_random(unsigned rounds)
{
	unsigned killed = 0;

	begin_store();
	for (unsigned i = 0; i < rounds; i++) {
		int how = run_child(NULL, i, 1000 + (long)(i * 7919 % 40) * 1000);

		if (how == -1) {
			printf("not ok - killed at random, round %u\n", i);
			return 1;
		}
		killed += how == 1;
	}
	if (run_child(NULL, 4242, 0) != 0) {
		printf("not ok - after all kills\n");
		return 1;
	}
	printf("ok - killed at random %u times, %u messages begun\n", killed, ledger->n);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 40;
	int failed = 0, n = 1;

	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	snprintf(directory, sizeof(directory), "%s/mansio-kill-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (ledger == MAP_FAILED || mkdtemp(directory) == NULL)
		abort();
	snprintf(log_path, sizeof(log_path), "%s.log", directory);
	if (has_points())
		for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++, n++)
			failed += walk_point(points[i]);
	failed += kill_at_random(rounds);
	printf("1..%d\n", n);
	remove_store();
	(void)unlink(log_path);
	return failed > 0;
}
