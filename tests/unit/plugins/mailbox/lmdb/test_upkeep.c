/* SPDX-License-Identifier: ISC */
/* Compaction, retention, deleted mailboxes: what time does. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mansio/command.h>

#include "rig.h"
#include "segment.h"

TestSuite(upkeep, .init = rig_begin, .fini = rig_end);

static const char *
text_of(uint32_t i)
{
	return suite_printf(&rig, "message %u %*s", i, (int)(i * 37 % 3000), "");
}

static void
fill(uint32_t n)
{
	for (uint32_t i = 1; i <= n; i++)
		cr_assert_eq(suite_append(&rig, &rig.inbox, text_of(i), 0), i);
}

static void
expunge_for_ever(const char *uids)
{
	struct ms_job_expunge job = { .box = rig.inbox, .forever = 1 };

	suite_job(&rig, &job.job, sizeof(job), MS_JOB_EXPUNGE);
	job.uids = suite_uids(&rig, uids);
	cr_assert_eq(suite_run(&rig, &job.job), MS_OK);
}

Test(upkeep, compaction_keeps_every_body)
{
	unsigned before;

	fill(400);
	before = rig_segments();
	cr_assert(before > 5);
	for (uint32_t i = 1; i <= 400; i += 10)
		expunge_for_ever(suite_printf(&rig, "%u:%u", i + 1, i + 9));
	rig_must_verify();
	rig_pass(2 * MINUTE, 40);
	cr_assert(rig_segments() < before / 2, "%u of %u segments: %s", rig_segments(), before,
	    ms_mock_log(rig.mock).data);
	rig_must_verify();
	for (uint32_t i = 1; i <= 400; i += 10)
		cr_assert_str_eq(suite_body(&rig, &rig.inbox, i), text_of(i));
	suite_reopen(&rig);
	rig_must_verify();
	for (uint32_t i = 1; i <= 400; i += 10)
		cr_assert_str_eq(suite_body(&rig, &rig.inbox, i), text_of(i));
}

Test(upkeep, a_segment_without_life_goes)
{
	fill(200);
	expunge_for_ever("");
	rig_pass(2 * MINUTE, 5);
	/* The open one stays. */
	cr_assert(rig_segments() <= 1);
	rig_must_verify();
}

Test(upkeep, a_damaged_body_stops_the_compaction_of_its_segment)
{
	uint8_t octet = 'X';
	int fd;

	fill(200);
	suite_expunge(&rig, &rig.inbox, "200");
	expunge_for_ever("2:190");
	fd = open(rig_path("shard/00/seg/00000001"), O_WRONLY);
	cr_assert_neq(fd, -1);
	cr_assert_eq(pwrite(fd, &octet, 1, RECORD_HEAD), 1);
	close(fd);
	rig_pass(2 * MINUTE, 10);
	cr_assert_eq(access(rig_path("shard/00/seg/00000001"), F_OK), 0);
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 1), "TEMPFAIL");
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 195), text_of(195));
}

Test(upkeep, expunged_mail_goes_when_its_time_is_over)
{
	fill(3);
	suite_expunge(&rig, &rig.inbox, "2");
	rig_pass(7 * DAY, 1);
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 2), text_of(2));
	rig_pass(5 * DAY, 2);
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 2), "NOTFOUND");
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 3), text_of(3));
	rig_must_verify();
}

static void
delete(const struct ms_id *id)
{
	struct ms_job_box job = { .id = *id };

	suite_job(&rig, &job.job, sizeof(job), MS_JOB_BOX_DELETE);
	cr_assert_eq(suite_run(&rig, &job.job), MS_OK);
}

Test(upkeep, a_deleted_mailbox_can_be_restored_from)
{
	struct ms_id a = suite_create(&rig, "a");
	struct ms_job_copy job = { .from = a, .to = rig.inbox };
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_EXPUNGED | MS_ROW_FLAGS,
		.box = a, .limit = 10 };
	struct ms_rows rows = { .size = sizeof(rows) };
	struct ms_error err = MS_ERROR_INIT;

	suite_append(&rig, &a, "one", MS_FLAG_SEEN);
	suite_append(&rig, &a, "two", 0);
	suite_append(&rig, &a, "three", 0);
	suite_expunge(&rig, &a, "2");
	delete(&a);
	rig_must_verify();
	cr_assert_eq(rig.table->fetch(rig.self, suite_scope(&rig), rig.account, &f, &rows, &err),
	    MS_OK);
	cr_assert_eq(rows.n, 3);
	suite_job(&rig, &job.job, sizeof(job), MS_JOB_RESTORE);
	cr_assert_eq(suite_run(&rig, &job.job), MS_OK);
	cr_assert_str_eq(suite_uids_text(&rig, job.from_out), "1:3");
	cr_assert_str_eq(suite_rows(&rig, &rig.inbox, 10), "1 \\Seen,2,3");
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 2), "two");
	rig_must_verify();
}

Test(upkeep, a_deleted_mailbox_is_emptied_when_its_time_is_over)
{
	struct ms_id a = suite_create(&rig, "a");

	for (int i = 0; i < 100; i++)
		suite_append(&rig, &a, text_of((uint32_t)i), 0);
	suite_expunge(&rig, &a, "5,7,9");
	delete(&a);
	rig_pass(13 * DAY, 1);
	cr_assert_str_eq(suite_body(&rig, &a, 1), text_of(0));
	rig_pass(DAY, 3);
	rig_pass(2 * MINUTE, 4);
	cr_assert_str_eq(suite_body(&rig, &a, 1), "NOTFOUND");
	cr_assert_str_eq(suite_body(&rig, &a, 5), "NOTFOUND");
	cr_assert(rig_segments() <= 1);
	rig_must_verify();
}

Test(upkeep, an_environment_can_be_made_smaller)
{
	const struct ms_command *command = rig.plugin->interface(MS_COMMAND_ID);
	const struct ms_host *host = ms_mock_host(rig.mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_field shard = { ms_str_c(""), ms_str_c("0") };
	struct ms_error err = MS_ERROR_INIT;
	unsigned long long before, after;
	struct ms_writer *output;
	struct ms_blob *text;

	fill(500);
	expunge_for_ever("2:500");
	cr_assert_eq(blob->begin(suite_scope(&rig), 1 << 20, &output, &err), MS_OK);
	cr_assert_eq(command->run(rig.self, suite_scope(&rig), 2, &shard, 1, output, &err), MS_OK,
	    "%s", err.text);
	cr_assert_eq(blob->finish(output, &text, &err), MS_OK);
	cr_assert_eq(sscanf(ms_mock_blob_octets(rig.mock, text).data,
	    "{\"shard\":0,\"octets-before\":%llu,\"octets-after\":%llu}", &before, &after), 2);
	blob->release(text);
	cr_assert(after < before);
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 1), text_of(1));
	cr_assert_eq(suite_append(&rig, &rig.inbox, "new", 0), 501);
	rig_must_verify();
	suite_reopen(&rig);
	rig_must_verify();
}

Test(upkeep, vanished_uids_are_forgotten_after_a_month)
{
	struct ms_vanished out = { .size = sizeof(out) };
	struct ms_error err = MS_ERROR_INIT;

	fill(10);
	suite_expunge(&rig, &rig.inbox, "1");
	rig_pass(31 * DAY, 1);
	suite_expunge(&rig, &rig.inbox, "3");
	cr_assert_eq(rig.table->vanished(rig.self, suite_scope(&rig), rig.account, &rig.inbox, 0,
	    (struct ms_uids){ NULL, 0 }, &out, &err), MS_OK);
	cr_assert_eq(out.complete, 0);
	cr_assert_str_eq(suite_uids_text(&rig, out.uids), "3");
	rig_must_verify();
}
