/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "fixture.h"

TestSuite(spool_files, .init = setup, .fini = teardown);

/* ---- files ---- */

Test(spool_files, drops_a_segment_and_uses_its_file_again)
{
	struct ms_id ids[40];

	small_segments(rig);
	rig_start(rig);
	for (int i = 0; i < 40; i++)
		ids[i] = put_long('x', 100 * 1024);
	cr_assert_geq(n_files("accept"), 4);
	for (int i = 0; i < 40; i++)
		rig_done(rig, ids[i], 0);
	rig_flush(rig);
	rig_flush(rig);
	cr_assert_eq(n_files("accept"), 1);
	cr_assert_geq(n_files("free"), 3);
	cr_assert_geq(n_events("queue/forget"), 3);
	for (int i = 0; i < 10; i++)
		ids[i] = put_long('y', 100 * 1024);
	restart(small_segments);
	cr_assert_eq(n_all(), 10, "records of the file's former life are none");
	cr_assert_eq(rig_body(rig, ids[9])[5], 'y');
}

Test(spool_files, forgets_ids_only_when_all_messages_are_final)
{
	struct ms_id ids[12];

	small_segments(rig);
	rig_start(rig);
	for (int i = 0; i < 12; i++)
		ids[i] = put_long('x', 100 * 1024);
	for (int i = 1; i < 12; i++)
		rig_done(rig, ids[i], 0);
	rig_set(rig, ids[0], 0, rig_now(rig) + DAY, "slow.example");
	rig_flush(rig);
	cr_assert_eq(n_events("queue/forget"), 0);
	rig_done(rig, ids[0], 0);
	rig_flush(rig);
	cr_assert_eq(n_events("queue/forget"), 1);
}

Test(spool_files, tells_again_after_a_restart_which_ids_are_final)
{
	struct ms_id id;

	rig_start(rig);
	id = put("one");
	rig_done(rig, id, 0);
	restart(NULL);
	rig_advance(rig, 2000000);
	rig_run_tasks(rig);
	cr_assert_eq(n_events("queue/forget"), 1);
	/* For a day; then the row goes. */
	rig_advance(rig, DAY + 70 * 1000000);
	rig_run_tasks(rig);
	restart(NULL);
	rig_advance(rig, 2000000);
	rig_run_tasks(rig);
	cr_assert_eq(n_events("queue/forget"), 0);
}

Test(spool_files, gives_rows_to_what_was_overtaken)
{
	struct ms_id slow, quick;

	small_segments(rig);
	rig_start(rig);
	slow = put("slow");
	for (int i = 0; i < 20; i++) {
		quick = put_long('x', 100 * 1024);
		rig_done(rig, quick, 0);
	}
	for (int i = 0; i < 8; i++) {
		rig_flush(rig);
		rig_advance(rig, 100000);
	}
	/* The second segment is dropped, though the first message is in work. */
	cr_assert_eq(n_all(), 1);
	cr_assert_str_eq(rig_body(rig, slow), "slow");
	cr_assert_eq(rig_done(rig, slow, 0), MS_OK);
	rig_flush(rig);
	cr_assert_eq(n_files("accept"), 1);
	cr_assert_eq(rig_verify(rig), 0);
}

Test(spool_files, moves_survivors_and_keeps_their_ids)
{
	struct ms_id ids[30], other;

	small_segments(rig);
	rig_start(rig);
	for (int i = 0; i < 30; i++)
		ids[i] = i % 10 == 3 ? put("survivor") : put_long('x', 100 * 1024);
	for (int i = 0; i < 30; i++)
		if (i % 10 == 3)
			rig_set(rig, ids[i], 0, rig_now(rig) + DAY, "slow.example");
		else
			rig_done(rig, ids[i], 0);
	rig_flush(rig);
	cr_assert_eq(n_files("deferred"), 0);
	rig_advance(rig, 130 * 1000000);
	rig_run_tasks(rig);
	rig_flush(rig);
	cr_assert_eq(n_files("deferred"), 1);
	cr_assert_eq(n_files("accept"), 1);
	cr_assert_eq(n_events("queue/forget"), 0, "their ids are not final");
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(n_all(), 3);
		for (int i = 3; i < 30; i += 10)
			cr_assert_str_eq(rig_body(rig, ids[i]), "survivor");
		cr_assert_eq(rig_verify(rig), 0);
		restart(small_segments);
	}
	for (int i = 3; i < 30; i += 10)
		cr_assert_eq(rig_done(rig, ids[i], 0), MS_OK);
	rig_flush(rig);
	rig_flush(rig);
	cr_assert_eq(n_files("deferred"), 0);
	cr_assert_geq(n_events("queue/forget"), 2);
	cr_assert_eq(n_all(), 0);
	other = put("goes on");
	cr_assert_str_eq(rig_body(rig, other), "goes on");
}

Test(spool_files, gives_a_long_body_a_file_of_its_own)
{
	struct ms_id a, b;

	small_segments(rig);
	rig_start(rig);
	a = put_long('a', 300 * 1024);
	b = put_long('b', 3 * 1024 * 1024);
	cr_assert_eq(n_files("own"), 2);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(strlen(rig_body(rig, a)), 300 * 1024);
		cr_assert_eq(strlen(rig_body(rig, b)), 3 * 1024 * 1024);
		cr_assert_eq(rig_body(rig, b)[77], 'b');
		restart(small_segments);
	}
	rig_done(rig, a, 0);
	cr_assert_eq(n_files("own"), 2, "a crash may still bring it back");
	rig_flush(rig);
	cr_assert_eq(n_files("own"), 1);
	rig_set(rig, b, 0, rig_now(rig) + DAY, "x");
	restart(small_segments);
	cr_assert_eq(strlen(rig_body(rig, b)), 3 * 1024 * 1024);
	rig_done(rig, b, 0);
	cr_assert_eq(n_files("own"), 0);
}

Test(spool_files, lends_a_body_of_more_than_a_mebibyte)
{
	struct ms_id id;

	rig_start(rig);
	id = put_long('m', 2 * 1024 * 1024 + 5);
	cr_assert_eq(n_files("own"), 0);
	cr_assert_eq(strlen(rig_body(rig, id)), 2 * 1024 * 1024 + 5);
}

Test(spool_files, sweeps_bodies_that_no_record_names)
{
	char path[160];
	int fd;

	rig_start(rig);
	snprintf(path, sizeof(path), "%s/own/0123456789abcdef-00000000", folder);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	cr_assert_neq(fd, -1);
	close(fd);
	restart(NULL);
	cr_assert_eq(n_files("own"), 0);
}

Test(spool_files, fills_a_spare_file_ahead)
{
	small_segments(rig);
	rig_start(rig);
	put_long('x', 200 * 1024);
	put_long('x', 200 * 1024);
	rig_run_tasks(rig);
	cr_assert_eq(n_files("free"), 1);
	for (int i = 0; i < 4; i++)
		put_long('x', 200 * 1024);
	cr_assert_eq(n_files("free"), 0);
	cr_assert_eq(n_files("accept"), 2);
}

/* ---- limits and damage ---- */

static void
small_map(struct rig *r)
{
	rig_option(r, "map-size", 1024 * 1024);
}

Test(spool_files, grows_the_map_of_its_rows)
{
	static char record[2000];
	struct ms_id ids[800];

	small_map(rig);
	rig_start(rig);
	memset(record, 'r', sizeof(record) - 1);
	for (int i = 0; i < 800; i++) {
		struct ms_part part = { .size = sizeof(part), .state = MS_QUEUE_WAITS,
			.next_us = 5, .record = MS_STR("x") };
		const struct ms_part *parts[] = { &part };
		struct ms_job_queue job;
		struct ms_job *jobs[] = { &job.job };

		ids[i] = put("mail");
		fill_job(&job, MS_JOB_QUEUE_SET, &ids[i], parts, 1);
		job.record = ms_str_of(record, sizeof(record) - 1);
		cr_assert_eq(rig_run(rig, jobs, 1), MS_OK, "at %d", i);
	}
	cr_assert_eq(n_all(), 800);
	cr_assert_eq(rig_verify(rig), 0);
	/* And begins with one that is too small for what is there. */
	restart(small_map);
	cr_assert_eq(n_all(), 800);
	cr_assert_str_eq(rig_record(rig, ids[799]), record);
}

Test(spool_files, starts_only_with_both_its_halves)
{
	struct ms_error err = { .size = sizeof(err) };

	rig_roles(rig, MS_ROLE_ACCEPT);
	cr_assert_eq(rig_try_start(rig, &err), MS_UNSUPPORTED);
	cr_assert(strlen(err.text) > 0);
}


Test(spool_files, refuses_mail_above_the_hard_limit_and_recovers)
{
	struct ms_id ids[64], id;
	int n = 0;

	small_segments(rig);
	rig_option(rig, "high-water", 1024 * 1024);
	rig_option(rig, "hard-limit", 2 * 1024 * 1024);
	rig_start(rig);
	while (n < 64 && rig_put(rig, "x", ms_str_of(folder, 10), &id) == MS_OK) {
		rig_done(rig, id, 0);
		ids[n++] = put_long('x', 200 * 1024);
		if (n == 11)
			break;
	}
	cr_assert_eq(n, 11);
	cr_assert_eq(rig_put(rig, "x", (struct ms_str)MS_STR("x"), &id), MS_TEMPFAIL);
	rig_done(rig, ids[0], 0);
	cr_assert_eq(rig_put(rig, "x", (struct ms_str)MS_STR("x"), &id), MS_OK);
}

Test(spool_files, refuses_mail_when_the_disk_is_nearly_full)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_part part = { .size = sizeof(part) };
	const struct ms_part *parts[] = { &part };
	struct ms_job_queue job = { .job = { .size = sizeof(job),
		.type = MS_JOB_QUEUE_PUT, .error = &err }, .parts = parts, .n_parts = 1 };
	struct ms_job *jobs[] = { &job.job };

	/* No disk has so much free, but 2 % of it does: so nothing to see but
	   that the reserve is a ceiling. */
	rig_option(rig, "reserve", INT64_MAX);
	rig_start(rig);
	cr_assert_eq(rig_run(rig, jobs, 1), MS_OK, "%s", err.text);
}

static void
spoil(const char *in, const char *what)
{
	char path[512], buffer[65536];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", folder, in);
	dir = opendir(path);
	while ((e = readdir(dir)) != NULL) {
		ssize_t n;
		char *at;
		int fd;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, in, e->d_name);
		fd = open(path, O_RDWR);
		n = pread(fd, buffer, sizeof(buffer), 0);
		at = memmem(buffer, (size_t)n, what, strlen(what));
		if (at != NULL)
			cr_assert_eq(pwrite(fd, "?", 1, at - buffer), 1);
		close(fd);
	}
	closedir(dir);
}

Test(spool_files, does_not_hand_out_a_damaged_body)
{
	struct ms_id good, bad;

	rig_start(rig);
	cr_assert_eq(rig_put(rig, "r", (struct ms_str)MS_STR("precious words"), &bad),
	    MS_OK);
	good = put("good");
	spoil("accept", "precious");
	cr_assert_str_eq(rig_body(rig, bad), "(damaged)");
	cr_assert_str_eq(rig_body(rig, good), "good");
	cr_assert_eq(rig_verify(rig), 2);
	restart(NULL);
	cr_assert_str_eq(rig_body(rig, bad), "(damaged)");
	cr_assert_str_eq(rig_body(rig, good), "good");
	cr_assert_eq(n_due(), 2);
}

Test(spool_files, passes_over_a_damaged_envelope)
{
	struct ms_id id, good;

	rig_start(rig);
	cr_assert_eq(rig_put(rig, "precious", (struct ms_str)MS_STR("x"), &id), MS_OK);
	good = put("good");
	spoil("accept", "precious");
	cr_assert_eq(n_due(), 1);
	cr_assert_eq(n_due(), 1);
	cr_assert_not_null(strstr(rig_log(rig), "damaged"));
	restart(NULL);
	cr_assert_eq(n_due(), 1);
	cr_assert_str_eq(rig_body(rig, good), "good");
}

Test(spool_files, takes_only_put_by_itself_without_a_key)
{
	struct ms_part part = { .size = sizeof(part) };
	const struct ms_part *parts[] = { &part };
	struct ms_job_queue a = { .job = { .size = sizeof(a), .flags = MS_JOB_JOINED,
		.type = MS_JOB_QUEUE_PUT }, .parts = parts, .n_parts = 1 };
	struct ms_job_queue b = a, c = a;
	struct ms_job *jobs[] = { &a.job, &b.job, &c.job };

	b.job.flags = c.job.flags = 0;
	c.job.type = MS_JOB_QUEUE_DONE;
	rig_start(rig);
	rig_run(rig, jobs, 3);
	cr_assert_eq(a.job.status, MS_UNSUPPORTED);
	cr_assert_eq(b.job.status, MS_UNSUPPORTED);
	cr_assert_eq(c.job.status, MS_UNSUPPORTED);
	cr_assert_eq(n_all(), 0);
}

Test(spool_files, accepts_a_batch_of_all_sizes)
{
	static const size_t sizes[] = { 0, 1, 4096, 65536, 65537, 100000, 262144,
		262145, 700000, 3 };
	enum { N = 40 };
	struct ms_part part = { .size = sizeof(part), .state = MS_QUEUE_WAITS };
	const struct ms_part *parts[] = { &part };
	struct ms_job_queue jobs[N];
	struct ms_job *list[N];
	char *octets = malloc(700000);

	small_segments(rig);
	rig_start(rig);
	for (int i = 0; i < N; i++) {
		size_t n = sizes[i % 10];

		memset(octets, 'a' + i % 26, n);
		jobs[i] = (struct ms_job_queue){ .job = { .size = sizeof(jobs[i]),
			.type = MS_JOB_QUEUE_PUT }, .record = MS_STR("r"), .parts = parts,
			.n_parts = 1, .body = rig_blob(rig, ms_str_of(octets, n)) };
		list[i] = &jobs[i].job;
	}
	cr_assert_eq(rig_run(rig, list, N), MS_OK);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			const char *body = rig_body(rig, jobs[i].message);
			size_t n = sizes[i % 10];

			cr_assert_eq(strlen(body), n, "job %d", i);
			cr_assert(n == 0 || body[n - 1] == 'a' + i % 26);
		}
		cr_assert_eq(rig_verify(rig), 0);
		restart(small_segments);
	}
	for (int i = 0; i < N; i++)
		rig_release(rig, jobs[i].body);
	free(octets);
}

Test(spool_files, shows_its_files)
{
	const struct ms_command *command;
	const char *text;

	rig_start(rig);
	put("one");
	command = rig_command(rig);
	cr_assert_str_eq(command->verbs(rig_instance(rig))[1].verb, "status");
	text = rig_verb(rig, 1);
	cr_assert_not_null(strstr(text, "\"kind\":\"accept\",\"state\":\"open\""), "%s", text);
	cr_assert_not_null(strstr(text, "\"waiting\":1"), "%s", text);
}
