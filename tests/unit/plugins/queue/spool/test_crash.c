/* SPDX-License-Identifier: ISC */
/*
 * Kills the spool at each of its crash points, at the 1st, 2nd, 3rd ... pass,
 * until the point no longer fires; starts it again and compares with the
 * ledger.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "workload.h"

static const char *const points[] = {
	"spool.append", "spool.appended", "spool.synced", "spool.published",
	"spool.segment.named", "spool.segment.made", "spool.segment.given-back",
	"spool.own.written", "spool.own.synced", "spool.chain", "spool.commit",
	"spool.committed", "spool.cursor", "spool.dropped",
	"spool.survivors.copied", "spool.survivors.synced", "spool.survivors.moved",
};
#define N_POINTS (sizeof(points) / sizeof(points[0]))

enum fate { ENDED, KILLED, BROKEN };

static enum fate
fate_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return KILLED;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ENDED : BROKEN;
}

static enum fate
run_until(const char *folder, struct ledger *l, const char *point, unsigned n)
{
	char value[128];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(value, sizeof(value), "%s:%u", point, n);
		setenv("MANSIO_CRASH", value, 1);
		workload_run(folder, l);
		_exit(0);
	}
	return fate_of(pid);
}

/* The check in a process of its own; it may be killed, too. */
static enum fate
check(const char *folder, struct ledger *l, const char *point, unsigned n)
{
	char value[128];
	const char *text;
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(value, sizeof(value), "%s:%u", point, n);
		setenv("MANSIO_CRASH", value, 1);
		text = workload_check(folder, l);
		if (*text != '\0')
			fprintf(stderr, "%s\n", text);
		_exit(*text != '\0');
	}
	return fate_of(pid);
}

ParameterizedTestParameters(crash, loses_nothing_and_doubles_nothing)
{
	static size_t index[N_POINTS];

	for (size_t i = 0; i < N_POINTS; i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_POINTS);
}

ParameterizedTest(size_t *i, crash, loses_nothing_and_doubles_nothing)
{
	const char *point = points[*i];
	unsigned n = 1, kills = 0;

	for (;; n += 1 + n / 12) {
		struct ledger *l = ledger_new();
		enum fate fate;
		char folder[64];

		rig_make_folder(folder);
		fate = run_until(folder, l, point, n);
		cr_assert_neq(fate, BROKEN, "%s:%u broke it", point, n);
		cr_assert_eq(check(folder, l, "none", 1), ENDED, "after %s:%u", point, n);
		rig_remove_folder(folder);
		ledger_free(l);
		if (fate == ENDED)
			break;
		kills++;
	}
	cr_assert_gt(kills, 0, "%s is never passed", point);
}

/* Killed again while it recovers. */
static const char *const twice[] = { "spool.commit", "spool.committed", "spool.cursor",
	"spool.dropped", "spool.segment.given-back" };
#define N_TWICE (sizeof(twice) / sizeof(twice[0]))

ParameterizedTestParameters(crash, survives_a_second_kill_while_it_recovers)
{
	static size_t index[N_TWICE];

	for (size_t i = 0; i < N_TWICE; i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_TWICE);
}

ParameterizedTest(size_t *i, crash, survives_a_second_kill_while_it_recovers)
{
	static const unsigned first[] = { 5, 12, 22 };
	unsigned kills = 0;

	for (size_t k = 0; k < 3; k++) {
		for (unsigned n = 1; n < 4; n++) {
			struct ledger *l = ledger_new();
			char folder[64];

			rig_make_folder(folder);
			cr_assert_eq(run_until(folder, l, "spool.commit", first[k]), KILLED);
			if (check(folder, l, twice[*i], n) == KILLED) {
				/* It delivered some of it before it died. */
				for (int j = 0; j < WORKLOAD_N; j++)
					if (l->entries[j].put == ANSWERED)
						l->entries[j].put = UNKNOWN;
				cr_assert_eq(check(folder, l, "none", 1), ENDED,
				    "after %s:%u", twice[*i], n);
				kills++;
			}
			rig_remove_folder(folder);
			ledger_free(l);
		}
	}
	cr_assert_gt(kills, 0);
}

Test(crash, leaves_nothing_wrong_when_nothing_happens)
{
	struct ledger *l = ledger_new();
	char folder[64];

	rig_make_folder(folder);
	workload_run(folder, l);
	cr_assert_eq(l->ended, 1);
	cr_assert_gt(l->n_forgotten, 0);
	cr_assert_str_eq(workload_check(folder, l), "");
	rig_remove_folder(folder);
	ledger_free(l);
}
