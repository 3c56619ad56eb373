/* SPDX-License-Identifier: ISC */
/* What `store verify` must notice, and what it may put right. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "rig.h"
#include "segment.h"

TestSuite(verify, .init = rig_begin, .fini = rig_end);

/* Some of everything. */
static void
fill(void)
{
	struct ms_id other = suite_create(&rig, "a/b");
	struct ms_job_copy copy = { .from = rig.inbox, .to = other };

	for (int i = 0; i < 100; i++)
		suite_append(&rig, &rig.inbox, suite_printf(&rig, "message %d %*s", i, i * 20, ""),
		    i % 3 == 0 ? MS_FLAG_SEEN : 0);
	suite_store(&rig, &rig.inbox, "5:50", MS_STORE_ADD, MS_FLAG_DELETED, "$Junk");
	suite_expunge(&rig, &rig.inbox, "10:30,99");
	suite_job(&rig, &copy.job, sizeof(copy), MS_JOB_COPY);
	copy.uids = suite_uids(&rig, "1:20");
	cr_assert_eq(suite_run(&rig, &copy.job), MS_OK);
}

static void
must_notice(const char *options, const char *what)
{
	ms_status st;
	const char *lines = rig_verify(options, &st);

	cr_assert_eq(st, MS_PERMFAIL, "nothing was noticed: %s", lines);
	cr_assert_not_null(strstr(lines, what), "%s is not in: %s", what, lines);
}

static void
change(const char *table, void (*how)(MDB_val *, MDB_val *))
{
	suite_stop(&rig);
	rig_change_first(table, how);
	suite_start(&rig);
}

Test(verify, finds_nothing_in_a_sound_store)
{
	ms_status st;
	const char *lines;

	fill();
	lines = rig_verify("deep", &st);
	cr_assert_eq(st, MS_OK, "%s", lines);
	cr_assert_not_null(strstr(lines, "\"messages\":"), "%s", lines);
	suite_reopen(&rig);
	rig_must_verify();
}

/* One octet of a body, at its place in the file. */
static void
flip(uint64_t offset)
{
	uint8_t octet;
	int fd = open(rig_path("shard/00/seg/00000001"), O_RDWR);

	cr_assert_neq(fd, -1);
	cr_assert_eq(pread(fd, &octet, 1, (off_t)offset), 1);
	octet ^= 1;
	cr_assert_eq(pwrite(fd, &octet, 1, (off_t)offset), 1);
	close(fd);
}

Test(verify, notices_a_changed_octet_only_when_it_looks_deep)
{
	ms_status st;

	fill();
	flip(RECORD_HEAD + 2);
	(void)rig_verify("", &st);
	cr_assert_eq(st, MS_OK);
	must_notice("deep", "octets are damaged");
	cr_assert_str_eq(suite_body(&rig, &rig.inbox, 1), "TEMPFAIL");
	cr_assert_str_neq(suite_body(&rig, &rig.inbox, 2), "TEMPFAIL");
}

Test(verify, notices_a_changed_head)
{
	fill();
	flip(9);
	must_notice("", "without a head");
}

Test(verify, notices_a_missing_file)
{
	fill();
	suite_stop(&rig);
	cr_assert_eq(unlink(rig_path("shard/00/seg/00000001")), 0);
	suite_start(&rig);
	must_notice("", "file is missing");
}

Test(verify, notices_a_file_without_a_row)
{
	int fd;

	fill();
	fd = open(rig_path("shard/00/seg/00000000"), O_WRONLY | O_CREAT, 0600);
	cr_assert_neq(fd, -1);
	close(fd);
	must_notice("", "without a segment");
	/* The next start removes it. */
	suite_reopen(&rig);
	rig_must_verify();
}

Test(verify, notices_a_lost_mail_row)
{
	fill();
	change("mail", NULL);
	must_notice("", "without a mail row");
}

Test(verify, notices_a_lost_body_row)
{
	fill();
	change("blob", NULL);
	must_notice("", "no row");
}

Test(verify, notices_a_lost_name)
{
	fill();
	change("name", NULL);
	must_notice("", "without a name");
}

static void
cut_last_octet(MDB_val *key, MDB_val *value)
{
	(void)key;
	value->mv_size--;
}

Test(verify, notices_damaged_rows)
{
	fill();
	change("trash", cut_last_octet);
	must_notice("", "expunged mail");
	change("mail", cut_last_octet);
	must_notice("", "damaged mail row");
	change("blob", cut_last_octet);
	must_notice("", "damaged row of a body");
}

static void
one_reference_more(MDB_val *key, MDB_val *value)
{
	struct blob_row row;

	(void)key;
	cr_assert(blob_decode(ms_str_of(value->mv_data, value->mv_size), &row));
	row.references++;
	blob_encode(&row, value->mv_data);
}

static void
less_alive(MDB_val *key, MDB_val *value)
{
	struct segment_row row;

	(void)key;
	cr_assert(segment_decode(ms_str_of(value->mv_data, value->mv_size), &row));
	row.live -= 64;
	segment_encode(&row, value->mv_data);
}

static void
other_counters(MDB_val *key, MDB_val *value)
{
	struct ms_buf row = MS_BUF_MAX(4096);
	struct account a;

	(void)key;
	cr_assert(account_decode(ms_str_of(value->mv_data, value->mv_size), &a));
	a.octets += 5;
	a.messages--;
	account_encode(&a, &row);
	memcpy(value->mv_data, row.data, row.len);
	ms_buf_free(&row);
}

static const struct {
	const char *table, *what;
	void      (*how)(MDB_val *, MDB_val *);
} counters[] = {
	{ "blob", "references", one_reference_more },
	{ "seg", "living octets", less_alive },
	{ "box", "the account's octets", other_counters },
};

ParameterizedTestParameters(verify, repairs_counters)
{
	static size_t index[sizeof(counters) / sizeof(counters[0])];

	for (size_t i = 0; i < sizeof(index) / sizeof(index[0]); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, sizeof(index) / sizeof(index[0]));
}

ParameterizedTest(size_t *i, verify, repairs_counters)
{
	ms_status st;

	fill();
	change(counters[*i].table, counters[*i].how);
	must_notice("", counters[*i].what);
	(void)rig_verify("repair", &st);
	cr_assert_eq(st, MS_OK);
	rig_must_verify();
}

Test(verify, does_not_invent_what_is_lost)
{
	ms_status st;

	fill();
	change("mail", NULL);
	(void)rig_verify("repair", &st);
	cr_assert_eq(st, MS_PERMFAIL);
	must_notice("", "without a mail row");
}
