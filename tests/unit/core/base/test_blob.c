/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"

static char dir[] = "/tmp/mansio-blob-XXXXXX";
static struct owner owner;
static struct scope scope;

static void
set_up(void)
{
	cr_assert_not_null(mkdtemp(dir));
	blob_start(dir, 1 << 20);
	owner_init(&owner);
	scope_init(&scope, &owner, ms_str_of("t", 1), ms_arena_new(0), NULL, 0);
}

static void
tear_down(void)
{
	owner_fini(&owner);
	ms_arena_free(scope.pub.arena);
	cr_assert_eq(rmdir(dir), 0, "scratch files were left behind");
}

static void
assert_holds(struct ms_blob *b, const char *text, size_t n)
{
	char *got = malloc(n + 1);
	size_t read = 0;

	cr_assert_eq(blob_octets(b), n);
	cr_assert_eq(blob_read(b, 0, got, n + 1, &read, NULL), MS_OK);
	cr_assert_eq(read, n);
	cr_assert_eq(memcmp(got, text, n), 0);
	free(got);
}

static struct ms_str
pattern(size_t n)
{
	char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 23);
	return ms_str_of(p, n);
}

static const size_t sizes[] = { 0, 1, 2048, BLOB_MEMORY_MAX, BLOB_MEMORY_MAX + 1,
	3 * BLOB_MEMORY_MAX };

Test(writer, keeps_every_octet_in_memory_or_in_a_file, .init = set_up, .fini = tear_down)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ms_str p = pattern(sizes[i]), rest = p;
		struct ms_writer *w;
		struct ms_blob *b;

		cr_assert_eq(writer_begin(&scope.pub, 1 << 20, &w, NULL), MS_OK);
		while (rest.len > 0) {
			size_t n = rest.len < 1000 ? rest.len : 1000;

			cr_assert_eq(writer_write(w, ms_str_sub(rest, 0, n), NULL), MS_OK);
			rest = ms_str_from(rest, n);
		}
		cr_assert_eq(writer_finish(w, &b, NULL), MS_OK);
		assert_holds(b, p.data, p.len);
		blob_release(b);
		free((char *)(uintptr_t)p.data);
	}
}

Test(writer, refuses_more_than_its_maximum, .init = set_up, .fini = tear_down)
{
	struct ms_writer *w;
	struct ms_blob *b = NULL;

	cr_assert_eq(writer_begin(&scope.pub, 10, &w, NULL), MS_OK);
	cr_assert_eq(writer_write(w, ms_str_c("0123456789"), NULL), MS_OK);
	cr_assert_eq(writer_write(w, ms_str_c("x"), NULL), MS_LIMIT);
	cr_assert_neq(writer_finish(w, &b, NULL), MS_OK);
	cr_assert_null(b);
}

Test(writer, goes_to_a_file_when_all_together_hold_too_much, .init = set_up,
    .fini = tear_down)
{
	struct ms_writer *w[40];
	struct ms_str p = pattern(60000);
	struct ms_blob *b;
	int fd;
	uint64_t at, n;

	for (int i = 0; i < 40; i++) {
		cr_assert_eq(writer_begin(&scope.pub, 1 << 20, &w[i], NULL), MS_OK);
		cr_assert_eq(writer_write(w[i], p, NULL), MS_OK);
	}
	cr_assert_eq(writer_finish(w[39], &b, NULL), MS_OK);
	cr_assert(blob_file_at(b, 0, &fd, &at, &n), "40 * 60000 octets fit into 1 MiB");
	assert_holds(b, p.data, p.len);
	blob_release(b);
	free((char *)(uintptr_t)p.data);
}

Test(writer, appends_other_blobs_by_reference, .init = set_up, .fini = tear_down)
{
	struct ms_str p = pattern(200000);
	struct ms_blob *big = blob_copy_memory(p), *b;
	struct ms_writer *w;
	char got[16];
	size_t n;

	cr_assert_eq(blob_service.begin(&scope.pub, 1 << 20, &w, NULL), MS_OK);
	cr_assert_eq(blob_service.write(w, ms_str_c("head"), NULL), MS_OK);
	cr_assert_eq(blob_service.copy(w, big, 1, 150000, NULL), MS_OK);
	cr_assert_eq(blob_service.write(w, ms_str_c("tail"), NULL), MS_OK);
	cr_assert_eq(blob_service.finish(w, &b, NULL), MS_OK);
	blob_release(big);
	cr_assert_eq(blob_octets(b), 150008);
	cr_assert_eq(blob_read(b, 2, got, 4, &n, NULL), MS_OK);
	cr_assert_eq(memcmp(got, "adbc", 4), 0);
	cr_assert_eq(blob_read(b, 150002, got, 16, &n, NULL), MS_OK);
	cr_assert_eq(n, 6);
	cr_assert_eq(memcmp(got + 2, "tail", 4), 0);
	blob_release(b);
	free((char *)(uintptr_t)p.data);
}

Test(writer, refuses_to_copy_past_the_end, .init = set_up, .fini = tear_down)
{
	struct ms_blob *b = blob_copy_memory(ms_str_c("abc"));
	struct ms_writer *w;

	cr_assert_eq(writer_begin(&scope.pub, 100, &w, NULL), MS_OK);
	cr_assert_eq(blob_service.copy(w, b, 2, 2, NULL), MS_INVALID);
	cr_assert_eq(blob_service.copy(w, b, UINT64_MAX, 2, NULL), MS_INVALID);
	writer_abort(w);
	blob_release(b);
}

Test(blob, is_read_through_joins_and_slices, .init = set_up, .fini = tear_down)
{
	struct ms_blob *a = blob_copy_memory(ms_str_c("0123456789"));
	struct ms_blob *b = blob_copy_memory(ms_str_c("abcdefghij"));
	struct ms_blob *ab = blob_join(a, b), *mid = blob_slice(ab, 8, 5);
	struct ms_blob *twice = blob_join(mid, ab);

	assert_holds(mid, "89abc", 5);
	assert_holds(twice, "89abc0123456789abcdefghij", 25);
	cr_assert_eq(blob_memory_at(twice, 3).data[0], 'b');
	cr_assert_eq(blob_memory_at(twice, 0).len, 2, "a view ends where its piece ends");
	blob_release(a);
	blob_release(b);
	blob_release(ab);
	blob_release(mid);
	assert_holds(twice, "89abc0123456789abcdefghij", 25);
	blob_release(twice);
}

Test(blob, does_not_close_a_lent_descriptor, .init = set_up, .fini = tear_down)
{
	char path[64];
	int fd;
	struct ms_blob *b;

	snprintf(path, sizeof(path), "%s/f", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	cr_assert_eq(write(fd, "lent octets", 11), 11);
	unlink(path);
	cr_assert_eq(blob_service.from_file(&scope.pub, fd, 5, 6, MS_FILE_LENT, &b, NULL),
	    MS_OK);
	assert_holds(b, "octets", 6);
	blob_release(b);
	cr_assert_eq(close(fd), 0);
}

Test(blob, says_when_a_file_is_shorter_than_it_should_be, .init = set_up,
    .fini = tear_down)
{
	char path[64], got[8];
	struct ms_blob *b;
	size_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/f", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	cr_assert_eq(write(fd, "abc", 3), 3);
	unlink(path);
	b = blob_of_file(fd, 0, 8, false);
	cr_assert_eq(blob_read(b, 0, got, 8, &n, NULL), MS_TEMPFAIL);
	blob_release(b);
}
