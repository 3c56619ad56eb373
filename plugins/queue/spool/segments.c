/* SPDX-License-Identifier: ISC */
/* segments.c - see segments.h */
#include "segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#define FILL_OCTETS	(4u * 1024 * 1024)
/* Most records are read in one go: head, envelope, and a bit more. */
#define FIRST_READ	2048

int
segments_folder(const struct run *run, uint32_t kind)
{
	return kind == SEGMENT_DEFERRED ? run->folders.deferred : run->folders.accept;
}

/* Index of the first one not below. */
static size_t
position(const struct run *run, uint64_t generation)
{
	size_t low = 0, high = run->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (run->segments[middle]->generation < generation)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct segment *
segments_find(struct run *run, uint64_t generation)
{
	size_t i = position(run, generation);

	return i < run->n && run->segments[i]->generation == generation ?
	    run->segments[i] : NULL;
}

void
segments_add(struct run *run, struct segment *seg)
{
	size_t i = position(run, seg->generation);

	if (run->n == run->capacity) {
		size_t capacity = run->capacity > 0 ? run->capacity * 2 : 16;
		struct segment **p = realloc(run->segments, capacity * sizeof(struct segment *));

		if (p == NULL)
			abort();
		run->segments = p;
		run->capacity = capacity;
	}
	memmove(run->segments + i + 1, run->segments + i,
	    (run->n - i) * sizeof(struct segment *));
	run->segments[i] = seg;
	run->n++;
}

uint64_t
segments_new_generation(struct run *run)
{
	uint64_t ms = (uint64_t)run->sv->clock->now_us(run->sv->host) / 1000;
	uint16_t chance;
	uint64_t g;

	run->sv->clock->random(run->sv->host, &chance, sizeof(chance));
	g = (ms & UINT64_C(0xffffffffffff)) << 16 | chance;
	if (g <= run->highest)
		g = run->highest + 1 + chance;
	run->highest = g;
	return g;
}

void
segments_free(struct segment *seg)
{
	if (seg == NULL)
		return;
	if (seg->fd != -1)
		close(seg->fd);
	tail_fini(&seg->tail);
	free(seg);
}

/* A file for it, under its name; written through if there is one. */
static ms_status
get_file(struct run *run, struct segment *seg, int folder, const char *name,
    struct ms_error *err)
{
	char old[IO_NAME_OCTETS];
	bool found = false;

	pthread_mutex_lock(&run->lock);
	if (run->n_free > 0) {
		io_name(run->free_names[--run->n_free], old);
		found = true;
	}
	pthread_mutex_unlock(&run->lock);
	if (found && renameat(run->folders.free, old, folder, name) == 0) {
		seg->fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		return seg->fd != -1 ? MS_OK : ms_error_errno(err, "open segment");
	}
	seg->fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (seg->fd == -1)
		return ms_error_errno(err, "make segment");
	/* Second best; where even that can't be had the file grows. */
	(void)fallocate(seg->fd, 0, 0, (off_t)seg->row.octets);
	return MS_OK;
}

static ms_status
make_file(struct run *run, struct segment *seg, struct ms_error *err)
{
	int folder = segments_folder(run, seg->row.kind);
	struct journal_head head = { .generation = seg->generation,
		.octets = seg->row.octets };
	uint8_t octets[JOURNAL_HEAD_OCTETS];
	struct iovec iov = { octets, sizeof(octets) };
	char name[IO_NAME_OCTETS];
	ms_status st;

	io_name(seg->generation, name);
	st = get_file(run, seg, folder, name, err);
	if (st != MS_OK)
		return st;
	MS_CRASH("spool.segment.named");
	memcpy(head.key, seg->key, sizeof(head.key));
	journal_head_encode(&head, octets);
	st = io_write(seg->fd, &iov, 1, 0, err);
	/* The name must be there before the first 250; the head goes to the
	   disk with the first record, being in the same file. */
	if (st == MS_OK)
		st = io_sync_folder(folder, err);
	if (st != MS_OK)
		(void)unlinkat(folder, name, 0);
	MS_CRASH("spool.segment.made");
	return st;
}

ms_status
segments_make(struct run *run, uint32_t kind, struct segment **seg_out,
    struct ms_error *err)
{
	struct segment *seg = calloc(1, sizeof(*seg));
	ms_status st = MS_OK;

	if (seg == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	seg->fd = -1;
	seg->state = SEGMENT_OPEN;
	seg->row.kind = kind;
	seg->row.state = SEGMENT_OPEN;
	seg->row.octets = run->limits->segment;
	seg->row.cursor = JOURNAL_HEAD_OCTETS;
	seg->mark = JOURNAL_HEAD_OCTETS;
	run->sv->clock->random(run->sv->host, seg->key, sizeof(seg->key));
	memcpy(seg->row.key, seg->key, sizeof(seg->key));
	pthread_mutex_lock(&run->lock);
	seg->generation = segments_new_generation(run);
	pthread_mutex_unlock(&run->lock);
	if (kind != SEGMENT_MADE)
		st = make_file(run, seg, err);
	if (st != MS_OK) {
		segments_free(seg);
		return st;
	}
	pthread_mutex_lock(&run->lock);
	segments_add(run, seg);
	pthread_mutex_unlock(&run->lock);
	*seg_out = seg;
	return MS_OK;
}

ms_status
segments_open_file(struct run *run, struct segment *seg, bool has_key,
    struct ms_error *err)
{
	char octets[JOURNAL_HEAD_OCTETS], name[IO_NAME_OCTETS];
	struct journal_head head;
	struct stat sb;
	ms_status st;
	size_t n;

	io_name(seg->generation, name);
	seg->fd = openat(segments_folder(run, seg->row.kind), name,
	    O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (seg->fd == -1)
		return ms_error_errno(err, "open segment %s", name);
	if (fstat(seg->fd, &sb) == -1)
		return ms_error_errno(err, "stat segment %s", name);
	st = io_read(seg->fd, octets, sizeof(octets), 0, &n, err);
	if (st != MS_OK)
		return ms_error_prefix(err, st, "segment %s", name);
	if (journal_head_decode(ms_str_of(octets, n), &head) &&
	    head.generation == seg->generation) {
		memcpy(seg->key, head.key, sizeof(seg->key));
		memcpy(seg->row.key, head.key, sizeof(seg->key));
		seg->row.octets = head.octets;
	} else if (!has_key) {
		/* Renamed to its new use, and then the machine stopped. */
		return ms_error_set(err, MS_NOTFOUND, "", "segment %s has no head",
		    name);
	}
	seg->mark = (uint64_t)sb.st_size;
	return MS_OK;
}

struct segment *
segments_hold(struct run *run, uint64_t generation)
{
	struct segment *seg;

	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, generation);
	if (seg != NULL && seg->fd == -1)
		seg = NULL;
	if (seg != NULL)
		seg->refs++;
	pthread_mutex_unlock(&run->lock);
	return seg;
}

void
segments_release(struct run *run, struct segment *seg)
{
	pthread_mutex_lock(&run->lock);
	seg->refs--;
	pthread_mutex_unlock(&run->lock);
}

/* To the free ones, or away. */
static void
give_back_file(struct run *run, struct segment *seg)
{
	int folder = segments_folder(run, seg->row.kind);
	char name[IO_NAME_OCTETS];
	struct stat sb;
	bool reuse = !seg->no_reuse && fstat(seg->fd, &sb) == 0 &&
	    (uint64_t)sb.st_size == run->limits->segment;

	io_name(seg->generation, name);
	pthread_mutex_lock(&run->lock);
	reuse = reuse && run->n_free < run->limits->free_files;
	pthread_mutex_unlock(&run->lock);
	if (reuse && renameat(folder, name, run->folders.free, name) == 0) {
		pthread_mutex_lock(&run->lock);
		run->free_names[run->n_free++] = seg->generation;
		pthread_mutex_unlock(&run->lock);
	} else {
		(void)unlinkat(folder, name, 0);
	}
	close(seg->fd);
	seg->fd = -1;
}

bool
segments_retire(struct run *run, struct segment *seg)
{
	/* One whose ids live on keeps its place in the table. */
	bool keep = seg->state == SEGMENT_MOVED;
	struct segment file;
	size_t i;

	pthread_mutex_lock(&run->lock);
	if (seg->refs > 0) {
		pthread_mutex_unlock(&run->lock);
		return false;
	}
	/* Nobody finds the descriptor any more when it is closed. */
	file = *seg;
	seg->fd = -1;
	if (!keep) {
		i = position(run, seg->generation);
		memmove(run->segments + i, run->segments + i + 1,
		    (run->n - i - 1) * sizeof(struct segment *));
		run->n--;
	}
	pthread_mutex_unlock(&run->lock);
	if (file.fd != -1)
		give_back_file(run, &file);
	MS_CRASH("spool.segment.given-back");
	if (!keep)
		segments_free(seg);
	return true;
}

/* ---- free files --------------------------------------------------------- */

static bool
is_whole(const struct run *run, const char *name)
{
	struct stat sb;

	return fstatat(run->folders.free, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(sb.st_mode) && (uint64_t)sb.st_size == run->limits->segment;
}

ms_status
segments_find_free(struct run *run, struct ms_error *err)
{
	int fd = fcntl(run->folders.free, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *e;
	uint64_t number;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return ms_error_errno(err, "read folder free");
	}
	rewinddir(dir);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (run->n_free < run->limits->free_files &&
		    io_parse_name(e->d_name, &number) && is_whole(run, e->d_name)) {
			run->free_names[run->n_free++] = number;
			if (number > run->highest)
				run->highest = number;
		} else {
			(void)unlinkat(run->folders.free, e->d_name, 0);
		}
	}
	closedir(dir);
	return MS_OK;
}

void
segments_arm_spare(struct run *run)
{
	bool arm;

	pthread_mutex_lock(&run->lock);
	arm = run->n_free == 0 && !run->spare_armed && run->limits->free_files > 0;
	if (arm)
		run->spare_armed = true;
	pthread_mutex_unlock(&run->lock);
	if (arm)
		run->sv->timer->run_at(run->sv->host, TASK_SPARE, 0, 0,
		    ms_str_of("", 0));
}

static ms_status
fill(int fd, uint64_t octets, struct ms_error *err)
{
	char *zeros = calloc(1, FILL_OCTETS);
	ms_status st = MS_OK;

	if (zeros == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	for (uint64_t at = 0; at < octets && st == MS_OK; at += FILL_OCTETS) {
		uint64_t left = octets - at;
		struct iovec iov = { zeros,
			left < FILL_OCTETS ? (size_t)left : FILL_OCTETS };

		st = io_write(fd, &iov, 1, at, err);
		/* Piece by piece: the syncs of those who wait for their 250 pass
		   in between. */
		if (st == MS_OK && fdatasync(fd) == -1)
			st = ms_error_errno(err, "fdatasync of a spare segment");
	}
	free(zeros);
	return st;
}

ms_status
segments_fill_spare(struct run *run, struct ms_error *err)
{
	char name[IO_NAME_OCTETS];
	uint64_t number;
	ms_status st;
	int fd;

	pthread_mutex_lock(&run->lock);
	number = segments_new_generation(run);
	pthread_mutex_unlock(&run->lock);
	io_name(number, name);
	fd = openat(run->folders.free, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1)
		st = ms_error_errno(err, "make spare segment");
	else
		st = fill(fd, run->limits->segment, err);
	if (fd != -1)
		close(fd);
	if (fd != -1 && st != MS_OK)
		(void)unlinkat(run->folders.free, name, 0);
	pthread_mutex_lock(&run->lock);
	run->spare_armed = false;
	if (st == MS_OK && run->n_free < RUN_MAX_FREE)
		run->free_names[run->n_free++] = number;
	pthread_mutex_unlock(&run->lock);
	return st;
}

/* ---- reading ------------------------------------------------------------ */

ms_status
segments_read(struct segment *seg, uint64_t offset, struct ms_arena *arena,
    struct journal_record *head_out, struct envelope *envelope_out,
    struct ms_error *err)
{
	char first[FIRST_READ], *octets;
	struct journal_record r;
	size_t n, have;
	ms_status st = io_read(seg->fd, first, sizeof(first), offset, &n, err);

	if (st != MS_OK)
		return ms_error_prefix(err, st, "segment %016llx",
		    (unsigned long long)seg->generation);
	if (!journal_record_decode(ms_str_of(first, n), seg->generation, offset,
	    seg->key, &r))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "segment %016llx: damaged record at %llu",
		    (unsigned long long)seg->generation,
		    (unsigned long long)offset);
	octets = ms_arena_alloc(arena, r.envelope_octets + 1);
	have = n - JOURNAL_RECORD_HEAD < r.envelope_octets ?
	    n - JOURNAL_RECORD_HEAD : r.envelope_octets;
	memcpy(octets, first + JOURNAL_RECORD_HEAD, have);
	if (have < r.envelope_octets) {
		st = io_read(seg->fd, octets + have, r.envelope_octets - have,
		    offset + JOURNAL_RECORD_HEAD + have, &n, err);
		if (st != MS_OK)
			return st;
		have += n;
	}
	if (have < r.envelope_octets ||
	    ms_crc32c(0, octets, have) != r.envelope_crc ||
	    !envelope_decode(ms_str_of(octets, have), arena, envelope_out))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "segment %016llx: damaged envelope at %llu",
		    (unsigned long long)seg->generation,
		    (unsigned long long)offset);
	*head_out = r;
	return MS_OK;
}
