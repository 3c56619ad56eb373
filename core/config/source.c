/* SPDX-License-Identifier: ISC */
/* source.c - files of a configuration from the disk, see normalise.h */
#include "config/normalise.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#define CHUNK	65536

static ms_status
read_all(int fd, const char *path, size_t max, struct ms_buf *text, struct ms_error *err)
{
	for (;;) {
		char *room = ms_buf_room(text, CHUNK);
		ssize_t n;

		if (room == NULL)
			return ms_error_set(err, MS_LIMIT, "", "%s is too large", path);
		n = read(fd, room, CHUNK);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return ms_error_errno(err, "read %s", path);
		if (n == 0)
			return MS_OK;
		ms_buf_grown(text, (size_t)n);
		if (text->len > max)
			return ms_error_set(err, MS_LIMIT, "",
			    "a configuration has at most %zu octets in all",
			    (size_t)NORMAL_MAX_OCTETS);
	}
}

static ms_status
disk_read(const struct normal_source *source, const char *path, size_t max,
    struct ms_buf *text, uint64_t identity_out[2], struct ms_error *err)
{
	struct stat st;
	ms_status status;
	/* O_NONBLOCK: a FIFO must not hang the check. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	(void)source;
	if (fd == -1) {
		int why = errno;

		return ms_error_set(err, why == ENOENT ? MS_NOTFOUND : MS_TEMPFAIL, "",
		    "cannot read %s: %s", path, strerror(why));
	}
	if (fstat(fd, &st) == -1)
		status = ms_error_errno(err, "stat %s", path);
	else if (!S_ISREG(st.st_mode))
		status = ms_error_set(err, MS_INVALID, "", "%s is not a regular file",
		    path);
	else
		status = read_all(fd, path, max, text, err);
	close(fd);
	if (status != MS_OK)
		return status;
	identity_out[0] = st.st_dev;
	identity_out[1] = st.st_ino;
	return MS_OK;
}

static ms_status
disk_match(const struct normal_source *source, struct ms_arena *arena,
    const char *pattern, const char ***paths_out, size_t *n_out, struct ms_error *err)
{
	glob_t found = { .gl_pathc = 0 };
	const char **paths;
	int rc = glob(pattern, GLOB_ERR, NULL, &found);

	(void)source;
	if (rc == GLOB_NOMATCH) {
		*paths_out = NULL;
		*n_out = 0;
		return MS_OK;
	}
	if (rc != 0) {
		globfree(&found);
		return ms_error_set(err, MS_TEMPFAIL, "", "cannot read the directory of %s",
		    pattern);
	}
	/* glob() sorts by strcoll(), which in the C locale is by octet. */
	paths = ms_arena_array(arena, found.gl_pathc, sizeof(*paths));
	for (size_t i = 0; i < found.gl_pathc; i++)
		paths[i] = ms_arena_str(arena, ms_str_c(found.gl_pathv[i])).data;
	*paths_out = paths;
	*n_out = found.gl_pathc;
	globfree(&found);
	return MS_OK;
}

const struct normal_source normal_disk = { .read = disk_read, .match = disk_match };
