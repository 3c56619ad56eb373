/* SPDX-License-Identifier: ISC */
/*
 * Makes the disk fail, call by call, and compares with the ledger: what was
 * refused must not be delivered, what was accepted must be.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "faults.h"
#include "workload.h"

static char folder[64];
static struct rig *rig;

static void
setup(void)
{
	rig_make_folder(folder);
	rig = rig_new(folder);
	workload_options(rig);
	rig_start(rig);
}

static void
teardown(void)
{
	faults_disarm();
	rig_free(rig);
	rig_remove_folder(folder);
}

TestSuite(faults, .init = setup, .fini = teardown);

static ms_status
put(const char *text, struct ms_id *id)
{
	return rig_put(rig, text, ms_str_c(text), id);
}

static size_t
n_all(void)
{
	static struct ms_part parts[64];

	return rig_list(rig, MS_QUEUE_BY_MESSAGE, 0, 10, parts, 64);
}

static void
restart(void)
{
	faults_disarm();
	rig_free(rig);
	rig = rig_new(folder);
	workload_options(rig);
	rig_start(rig);
}

Test(faults, syncs_the_record_before_it_says_so)
{
	struct ms_id id;

	put("first", &id);
	faults_arm(FAULT_SYNC, "/accept/", 1000, 1, EIO);
	cr_assert_eq(put("second", &id), MS_OK);
	cr_assert_eq(faults_seen(), 1);
}

Test(faults, syncs_the_name_of_a_new_segment)
{
	struct ms_id id;

	faults_arm(FAULT_SYNC, "/accept", 1000, 1, EIO);
	cr_assert_eq(put("first", &id), MS_OK);
	cr_assert_eq(faults_seen(), 2);
}

Test(faults, never_delivers_what_a_failed_sync_refused)
{
	struct ms_id id, kept;

	cr_assert_eq(put("kept", &kept), MS_OK);
	faults_arm(FAULT_SYNC, "/accept/", 1, 1, EIO);
	cr_assert_eq(put("refused", &id), MS_TEMPFAIL);
	cr_assert_eq(n_all(), 1);
	/* The next one goes to another segment. */
	cr_assert_eq(put("next", &id), MS_OK);
	/* The refused one's octets are on the disk all the same. */
	restart();
	cr_assert_eq(n_all(), 2);
	cr_assert_str_eq(rig_body(rig, kept), "kept");
	cr_assert_str_eq(rig_body(rig, id), "next");
}

Test(faults, gives_no_answer_when_not_even_the_end_can_be_kept)
{
	struct ms_id id;

	cr_assert_eq(put("kept", &id), MS_OK);
	faults_arm(FAULT_SYNC, "", 1, 100, EIO);
	cr_assert_eq(put("unknown", &id), MS_CANCELLED);
	faults_disarm();
	cr_assert_eq(put("next", &id), MS_OK);
	cr_assert_str_eq(rig_body(rig, id), "next");
}

Test(faults, refuses_when_the_disk_is_full)
{
	struct ms_id id;

	cr_assert_eq(put("kept", &id), MS_OK);
	faults_arm(FAULT_WRITE, "/accept/", 1, 1, ENOSPC);
	cr_assert_eq(put("refused", &id), MS_TEMPFAIL);
	faults_arm(FAULT_WRITE, "/accept/", 1, 1, ENOSPC);	/* the new one's head */
	cr_assert_eq(put("refused", &id), MS_TEMPFAIL);
	cr_assert_eq(put("next", &id), MS_OK);
	restart();
	cr_assert_eq(n_all(), 2);
}

Test(faults, opens_the_rows_anew_after_a_failed_commit)
{
	struct ms_id a, b;

	cr_assert_eq(put("a", &a), MS_OK);
	cr_assert_eq(put("b", &b), MS_OK);
	faults_arm(FAULT_SYNC | FAULT_WRITE, "/queue/", 1, 1, EIO);
	cr_assert_eq(rig_set(rig, a, 0, rig_now(rig) + 5, "x"), MS_TEMPFAIL);
	cr_assert_gt(faults_failed(), 0);
	cr_assert_eq(n_all(), 2, "both are still there");
	cr_assert_eq(rig_set(rig, a, 0, rig_now(rig) + 5, "x"), MS_OK);
	cr_assert_eq(rig_done(rig, b, 0), MS_OK);
	restart();
	cr_assert_eq(n_all(), 1);
	cr_assert_eq(rig_verify(rig), 0);
}

/* ---- the script, with each call failing in turn ---- */

static const struct { unsigned kinds; const char *where; unsigned times; int error; } kinds[] = {
	{ FAULT_SYNC, "", 1, EIO }, { FAULT_WRITE, "", 1, ENOSPC },
	{ FAULT_NAME, "", 1, EIO }, { FAULT_SYNC, "/queue/", 2, EIO },
	{ FAULT_WRITE, "/queue/", 4, EIO }, { FAULT_SYNC | FAULT_WRITE, "/accept/", 3, EIO },
	{ FAULT_SYNC | FAULT_WRITE, "/deferred", 1, EIO },
	{ FAULT_SYNC | FAULT_WRITE, "/own", 1, ENOSPC },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int
run_with_fault(const char *path, struct ledger *l, size_t kind, unsigned n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		faults_arm(kinds[kind].kinds, kinds[kind].where, n, kinds[kind].times,
		    kinds[kind].error);
		workload_run(path, l);
		_exit(faults_failed() > 0 ? 0 : 7);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

ParameterizedTestParameters(disk, may_fail_at_any_call)
{
	static size_t index[N_KINDS];

	for (size_t i = 0; i < N_KINDS; i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_KINDS);
}

ParameterizedTest(size_t *i, disk, may_fail_at_any_call)
{
	unsigned faulty = 0;
	int fate;

	for (unsigned n = 1; ; n += 1 + n / 16) {
		struct ledger *l = ledger_new();
		char path[64];
		const char *text;

		rig_make_folder(path);
		fate = run_with_fault(path, l, *i, n);
		cr_assert(fate == 0 || fate == 7, "fault %zu:%u broke it", *i, n);
		text = workload_check(path, l);
		cr_assert_str_eq(text, "", "fault %zu:%u: %s", *i, n, text);
		rig_remove_folder(path);
		ledger_free(l);
		if (fate == 7)
			break;
		faulty++;
	}
	cr_assert_gt(faulty, 2);
}

/* Between the durable end of the segment and the refusal. */
Test(disk, may_fail_and_the_power_too)
{
	static const char *const points[] = { "spool.cut:1", "spool.cut:2", "spool.cut:3" };

	for (size_t i = 0; i < 3; i++) {
		struct ledger *l = ledger_new();
		char path[64];
		const char *text;
		pid_t pid;
		int status;

		rig_make_folder(path);
		pid = fork();
		if (pid == 0) {
			setenv("MANSIO_CRASH", points[i], 1);
			faults_arm(FAULT_SYNC, "/accept/", 9, 5, EIO);
			workload_run(path, l);
			_exit(0);
		}
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		text = workload_check(path, l);
		cr_assert_str_eq(text, "", "after %s: %s", points[i], text);
		rig_remove_folder(path);
		ledger_free(l);
	}
}
