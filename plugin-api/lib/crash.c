/* SPDX-License-Identifier: ISC */
/* crash.c - see crash.h */
#include <mansio/crash.h>

#ifdef MANSIO_CRASH_POINTS

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_POINTS 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *passed[MAX_POINTS];	/* under lock; names are literals */
static size_t n_passed;
static unsigned long passes;		/* of the point asked for; under lock */

static void
note_first_pass(const char *name)
{
	const char *path = getenv("MANSIO_CRASH_LOG");
	int fd;

	for (size_t i = 0; i < n_passed; i++)
		if (strcmp(passed[i], name) == 0)
			return;
	if (n_passed < MAX_POINTS)
		passed[n_passed++] = name;
	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	if (write(fd, name, strlen(name)) != -1 && write(fd, "\n", 1) != -1)
		(void)fsync(fd);
	close(fd);
}

void
ms_crash_point(const char *name)
{
	const char *wanted = getenv("MANSIO_CRASH");
	size_t len = strlen(name);

	pthread_mutex_lock(&lock);
	note_first_pass(name);
	if (wanted != NULL && strncmp(wanted, name, len) == 0 &&
	    wanted[len] == ':' && ++passes == strtoul(wanted + len + 1, NULL, 10))
		kill(getpid(), SIGKILL);
	pthread_mutex_unlock(&lock);
}

#else
/* ISO C wants something in each file. */
extern int ms_crash_points_are_off;
int ms_crash_points_are_off = 1;
#endif
