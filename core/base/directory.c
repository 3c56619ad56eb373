/* SPDX-License-Identifier: ISC */
/* directory.c - see directory.h */
#include "base/directory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <mansio/error.h>

ms_status
directory_make(const char *path, mode_t mode, struct ms_error *err)
{
	char copy[PATH_MAX];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(copy))
		return ms_error_set(err, MS_INVALID, "", "the path of a directory is too long");
	memcpy(copy, path, n + 1);
	for (char *slash = copy + 1;; slash++) {
		char c = *slash;

		if (c != '/' && c != '\0')
			continue;
		*slash = '\0';
		if (mkdir(copy, mode) == -1 && errno != EEXIST)
			return ms_error_errno(err, "make the directory %s", copy);
		if (c == '\0')
			return MS_OK;
		*slash = c;
	}
}
