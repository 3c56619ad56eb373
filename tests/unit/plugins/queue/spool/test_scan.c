/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "io.h"
#include "scan.h"

#define GENERATION UINT64_C(0x19a1b2c3d4e5f607)

static const uint8_t key[JOURNAL_KEY_OCTETS] = "sixteen octets!";

struct file {
	int fd;
	uint64_t at;
};

static void
begin(struct file *f)
{
	f->fd = memfd_create("segment", MFD_CLOEXEC);
	f->at = JOURNAL_HEAD_OCTETS;
	cr_assert_eq(ftruncate(f->fd, 256 * 1024), 0);
}

/* Returns the offset. */
static uint64_t
add(struct file *f, uint64_t mark, char c, size_t body_octets)
{
	static char octets[64 * 1024];
	char envelope[] = "an envelope";
	char *body = octets + JOURNAL_RECORD_HEAD + sizeof(envelope);
	struct journal_record r = { .generation = GENERATION, .offset = f->at,
		.mark = mark, .envelope_octets = sizeof(envelope),
		.body_octets = body_octets };
	uint64_t offset = f->at;

	memset(body, c, body_octets);
	memcpy(octets + JOURNAL_RECORD_HEAD, envelope, sizeof(envelope));
	r.envelope_crc = ms_crc32c(0, envelope, sizeof(envelope));
	r.body_crc = ms_crc32c(0, body, body_octets);
	journal_record_encode(&r, key, (uint8_t *)octets);
	cr_assert_gt(pwrite(f->fd, octets, JOURNAL_RECORD_HEAD + sizeof(envelope) +
	    body_octets, (off_t)offset), 0);
	f->at += journal_record_octets(&r);
	return offset;
}

static void
spoil(struct file *f, uint64_t offset)
{
	char c;

	cr_assert_eq(pread(f->fd, &c, 1, (off_t)offset), 1);
	c = (char)(c ^ 0x10);
	cr_assert_eq(pwrite(f->fd, &c, 1, (off_t)offset), 1);
}

/* How many records; *end_out: where the segment ends. */
static size_t
count(struct file *f, bool ended, uint64_t end, uint64_t *end_out,
    uint64_t *damaged_out)
{
	struct ms_error err = MS_ERROR_INIT;
	struct scanned found;
	struct scan s;
	size_t n = 0;
	ms_status st;

	scan_init(&s, f->fd, GENERATION, key, 0, ended ? end : 256 * 1024, ended,
	    true);
	while ((st = scan_next(&s, &found, &err)) == MS_OK)
		n++;
	cr_assert_eq(st, MS_NOTFOUND, "%s", err.text);
	*end_out = s.at;
	*damaged_out = s.damaged;
	scan_fini(&s);
	return n;
}

Test(scan, ends_at_the_first_record_that_is_not_there)
{
	uint64_t end, damaged;
	struct file f;

	begin(&f);
	for (int i = 0; i < 3; i++)
		add(&f, JOURNAL_HEAD_OCTETS, 'a', 100);
	cr_assert_eq(count(&f, false, 0, &end, &damaged), 3);
	cr_assert_eq(end, f.at);
	cr_assert_eq(damaged, 0);
	close(f.fd);
}

/* A batch that was being written: its second record is whole, its first is
   not.  Nobody was told 250 for either. */
Test(scan, takes_a_torn_batch_for_the_end)
{
	uint64_t end, damaged, mark, torn;
	struct file f;

	begin(&f);
	add(&f, JOURNAL_HEAD_OCTETS, 'a', 100);
	mark = f.at;
	torn = add(&f, mark, 'b', 5000);
	add(&f, mark, 'c', 100);
	spoil(&f, torn + 3000);
	cr_assert_eq(count(&f, false, 0, &end, &damaged), 1);
	cr_assert_eq(end, torn);
	cr_assert_eq(damaged, 0);
	close(f.fd);
}

/* The same damage, but a later record says that it had been synced. */
Test(scan, steps_over_damage_that_a_later_mark_proves)
{
	static const int where[] = { 3, 70, 3000 };	/* head, envelope, body */
	uint64_t end, damaged, mark, bad;
	struct file f;

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		begin(&f);
		add(&f, JOURNAL_HEAD_OCTETS, 'a', 100);
		mark = f.at;
		bad = add(&f, mark, 'b', 5000);
		mark = f.at;
		add(&f, mark, 'c', 100);
		spoil(&f, bad + (uint64_t)where[i]);
		cr_assert_eq(count(&f, false, 0, &end, &damaged),
		    where[i] == 3000 ? 3 : 2, "damage at %d", where[i]);
		cr_assert_eq(end, f.at);
		cr_assert_eq(damaged, 1);
		close(f.fd);
	}
}

Test(scan, goes_on_to_the_known_end_of_an_ended_segment)
{
	uint64_t end, damaged, bad;
	struct file f;

	begin(&f);
	add(&f, JOURNAL_HEAD_OCTETS, 'a', 100);
	bad = add(&f, JOURNAL_HEAD_OCTETS, 'b', 100);
	add(&f, JOURNAL_HEAD_OCTETS, 'c', 100);
	spoil(&f, bad + 9);
	cr_assert_eq(count(&f, true, f.at, &end, &damaged), 2);
	cr_assert_eq(damaged, 1);
	/* Not past it: what was written there was refused. */
	cr_assert_eq(count(&f, true, bad, &end, &damaged), 1);
	cr_assert_eq(end, bad);
	cr_assert_eq(damaged, 0);
	close(f.fd);
}

Test(scan, does_not_take_a_record_inside_a_body_for_one)
{
	uint64_t end, damaged, inner;
	struct file f, g;

	begin(&f);
	add(&f, JOURNAL_HEAD_OCTETS, 'a', 100);
	/* What a peer could make up if it knew generation and offset, but not
	   the key: left over where the next record would be. */
	begin(&g);
	g.at = f.at;
	inner = add(&g, f.at, 'x', 64);
	{
		char octets[256];
		uint8_t other[JOURNAL_KEY_OCTETS] = "a guess at a key";
		struct journal_record r;

		cr_assert_eq(pread(g.fd, octets, sizeof(octets), (off_t)inner), 256);
		cr_assert(journal_record_decode(ms_str_of(octets, 256), GENERATION,
		    inner, key, &r));
		journal_record_encode(&r, other, (uint8_t *)octets);
		cr_assert_eq(pwrite(f.fd, octets, sizeof(octets), (off_t)inner), 256);
	}
	cr_assert_eq(count(&f, false, 0, &end, &damaged), 1);
	cr_assert_eq(end, f.at);
	close(f.fd);
	close(g.fd);
}
