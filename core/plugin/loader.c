/* SPDX-License-Identifier: ISC */
/* loader.c - see loader.h */
#include "plugin/loader.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#define MAX_NAME	100
#define MAX_KNOWN	1000	/* files looked at in the plugin directory */

/* Of struct ms_plugin as it was first published. */
#define FIRST_SIZE	(offsetof(struct ms_plugin, interface) +		\
			 sizeof(((struct ms_plugin *)NULL)->interface))

struct opened {
	struct opened          *next;
	const struct ms_plugin *plugin;
	const char             *name, *path;
};

struct loader {
	struct ms_arena *arena;
	const char      *directory;
	bool           (*has_service)(const char *id);
	struct opened   *opened;
	const char     **known;
	uint32_t         n_known;
	bool             is_scanned;
};

const char *
loader_directory(void)
{
	static char beside[PATH_MAX];
	const char *chosen = secure_getenv("MANSIO_PLUGIN_DIR");
	char program[PATH_MAX];
	struct stat st;
	ssize_t n;
	char *slash;

	if (chosen != NULL && chosen[0] == '/')
		return chosen;
	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (n <= 0)
		return MANSIO_PLUGIN_DIR;
	program[n] = '\0';
	slash = strrchr(program, '/');
	if (slash == NULL)
		return MANSIO_PLUGIN_DIR;
	*slash = '\0';
	n = snprintf(beside, sizeof(beside), "%s/../plugins", program);
	if (n < (ssize_t)sizeof(beside) && stat(beside, &st) == 0 && S_ISDIR(st.st_mode))
		return beside;
	return MANSIO_PLUGIN_DIR;
}

struct loader *
loader_new(const char *directory)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct loader *l = ms_arena_alloc(arena, sizeof(*l));

	unsetenv("LTDL_LIBRARY_PATH");
	unsetenv("LD_LIBRARY_PATH");
	if (lt_dlinit() != 0)
		abort();
	l->arena = arena;
	l->directory = ms_arena_str(arena,
	    ms_str_c(directory != NULL ? directory : loader_directory())).data;
	return l;
}

void
loader_free(struct loader *l)
{
	/* The plugins stay; lt_dlexit() would try to close them. */
	if (l != NULL)
		ms_arena_free(l->arena);
}

void
loader_set_services(struct loader *l, bool (*has)(const char *id))
{
	l->has_service = has;
}

/* ---- before it is opened: the file ---- */

/* Whoever can write the file, or replace it in its directory, runs code in the
   server.  Group rights are let pass for a developer's own files: with umask
   002 everybody has a group of his own. */
static ms_status
check_owner(const char *path, const struct stat *st, const char *what, struct ms_error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return ms_error_set(err, MS_DENIED, "", "%s: %s belongs to user %u, neither "
		    "to root nor to the one who runs this", path, what,
		    (unsigned)st->st_uid);
	if ((st->st_mode & S_IWOTH) != 0)
		return ms_error_set(err, MS_DENIED, "", "%s: %s can be written by everybody; "
		    "run: chmod o-w", path, what);
	if ((st->st_mode & S_IWGRP) != 0 && st->st_gid != 0 &&
	    (st->st_uid == 0 || geteuid() == 0))
		return ms_error_set(err, MS_DENIED, "", "%s: %s can be written by its group; "
		    "run: chmod g-w", path, what);
	return MS_OK;
}

static ms_status
check_file(const char *path, struct ms_error *err)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;
	ms_status status;

	if (slash == NULL || path[0] != '/' || (size_t)(slash - path) >= sizeof(directory))
		return ms_error_set(err, MS_INVALID, "", "%s is not an absolute path", path);
	if (stat(path, &st) == -1) {
		int why = errno;

		return ms_error_set(err, why == ENOENT ? MS_NOTFOUND : MS_DENIED, "",
		    "%s: %s", path, strerror(why));
	}
	if (!S_ISREG(st.st_mode))
		return ms_error_set(err, MS_INVALID, "", "%s is not a file", path);
	status = check_owner(path, &st, "the file", err);
	if (status != MS_OK)
		return status;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path + 1), path);
	if (stat(directory, &st) == -1)
		return ms_error_errno(err, "%s", directory);
	return check_owner(path, &st, "its directory", err);
}

/* ---- after it is opened: the table ---- */

static ms_status
check_table(const struct loader *l, const struct ms_plugin *p, const char *name,
    const char *path, struct ms_error *err)
{
	if (p == NULL || p->magic != MS_PLUGIN_MAGIC)
		return ms_error_set(err, MS_INVALID, "", "%s is no plugin of Mansio: its "
		    "ms_plugin_entry() gives no such table", path);
	if (p->abi_major != MS_ABI_MAJOR)
		return ms_error_set(err, MS_INVALID, "", "%s is built for version %u.%u of "
		    "the plugin interface, this server has %d.%d: build it again", path,
		    p->abi_major, p->abi_minor, MS_ABI_MAJOR, MS_ABI_MINOR);
	if (p->abi_minor > MS_ABI_MINOR)
		return ms_error_set(err, MS_INVALID, "", "%s is built for version %u.%u of "
		    "the plugin interface, this server has %d.%d: update the server", path,
		    p->abi_major, p->abi_minor, MS_ABI_MAJOR, MS_ABI_MINOR);
	if (p->size < FIRST_SIZE)
		return ms_error_set(err, MS_INVALID, "", "%s: its table has %u octets, at "
		    "least %zu are expected", path, p->size, FIRST_SIZE);
	if (p->name == NULL || p->create == NULL || p->start == NULL || p->stop == NULL ||
	    p->destroy == NULL || p->interface == NULL)
		return ms_error_set(err, MS_INVALID, "", "%s: its table lacks %s", path,
		    p->name == NULL ? "a name" : "a function");
	if (strcmp(p->name, name) != 0)
		return ms_error_set(err, MS_INVALID, "", "%s calls itself \"%.60s\", not "
		    "\"%s\"; file, plugin and section have one name", path, p->name, name);
	for (const char *const *need = p->needs; need != NULL && *need != NULL; need++)
		if (l->has_service != NULL && !l->has_service(*need))
			return ms_error_set(err, MS_UNSUPPORTED, "", "%s needs the service "
			    "\"%.60s\", which this server does not have", path, *need);
	return MS_OK;
}

/* libltdl says "file not found" whatever is wrong: the system's own words are
   better.  It also binds lazily; opened this way first, a symbol that is
   missing is noticed now. */
static ms_status
check_loads(const char *path, struct ms_error *err)
{
	const char *why;

	if (dlopen(path, RTLD_NOW | RTLD_LOCAL) != NULL)
		return MS_OK;
	why = dlerror();
	if (why == NULL)
		why = "cannot be opened";
	/* The text mostly begins with the path. */
	if (strncmp(why, path, strlen(path)) == 0)
		return ms_error_set(err, MS_INVALID, "", "%s", why);
	return ms_error_set(err, MS_INVALID, "", "%s: %s", path, why);
}

static ms_status
open_file(const struct loader *l, const char *name, const char *path,
    const struct ms_plugin **plugin_out, struct ms_error *err)
{
	const struct ms_plugin *(*entry)(void);
	const struct ms_plugin *plugin;
	lt_dlhandle handle = NULL;
	lt_dladvise advise;
	ms_status st = check_file(path, err);
	void *symbol;

	if (st == MS_OK)
		st = check_loads(path, err);
	if (st != MS_OK)
		return st;
	if (lt_dladvise_init(&advise) != 0)
		return ms_error_set(err, MS_TEMPFAIL, "", "libltdl: %s", lt_dlerror());
	if (lt_dladvise_local(&advise) == 0 && lt_dladvise_resident(&advise) == 0)
		handle = lt_dlopenadvise(path, advise);
	lt_dladvise_destroy(&advise);
	if (handle == NULL)
		return ms_error_set(err, MS_INVALID, "", "%s: libltdl: %s", path,
		    lt_dlerror());
	symbol = lt_dlsym(handle, "ms_plugin_entry");
	if (symbol == NULL)
		return ms_error_set(err, MS_INVALID, "", "%s is no plugin of Mansio: it has "
		    "no ms_plugin_entry()", path);
	/* ISO C has no conversion from data to function pointers; POSIX does. */
	memcpy(&entry, &symbol, sizeof(entry));
	plugin = entry();
	st = check_table(l, plugin, name, path, err);
	if (st == MS_OK)
		*plugin_out = plugin;
	return st;
}

static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > MAX_NAME || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || name[i] == '-' ||
		    name[i] == '.' || (name[i] >= '0' && name[i] <= '9')))
			return false;
	return true;
}

ms_status
loader_open(struct loader *l, const char *name, const char *path,
    const struct ms_plugin **plugin_out, struct ms_error *err)
{
	struct opened *made;
	ms_status st;
	bool is_known = path == NULL;

	/* No way out of the directory by a name. */
	if (!is_name(name))
		return ms_error_set(err, MS_NOTFOUND, "", "plugins have names of lower-case "
		    "letters, digits, \"-\" and \".\"");
	for (struct opened *o = l->opened; o != NULL; o = o->next)
		if (strcmp(o->name, name) == 0) {
			*plugin_out = o->plugin;
			return MS_OK;
		}
	if (path == NULL)
		path = ms_arena_printf(l->arena, "%s/%s.so", l->directory, name).data;
	else if (path[0] != '/') {
		char *whole = realpath(path, NULL);

		if (whole == NULL)
			return ms_error_errno(err, "plugin \"%s\": %s", name, path);
		path = ms_arena_str(l->arena, ms_str_c(whole)).data;
		free(whole);
	} else
		path = ms_arena_str(l->arena, ms_str_c(path)).data;
	made = ms_arena_alloc(l->arena, sizeof(*made));
	st = open_file(l, name, path, &made->plugin, err);
	if (st == MS_NOTFOUND && is_known)
		return ms_error_set(err, MS_NOTFOUND, "", "there is no plugin %s", path);
	if (st != MS_OK)
		return ms_error_prefix(err, st == MS_NOTFOUND ? MS_INVALID : st,
		    "plugin \"%s\"", name);
	made->name = ms_arena_str(l->arena, ms_str_c(name)).data;
	made->path = path;
	made->next = l->opened;
	l->opened = made;
	*plugin_out = made->plugin;
	return MS_OK;
}

const char *
loader_path(const struct loader *l, const struct ms_plugin *plugin)
{
	for (const struct opened *o = l->opened; o != NULL; o = o->next)
		if (o->plugin == plugin)
			return o->path;
	return NULL;
}

/* ---- what could be opened ---- */

static int
by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void
scan(struct loader *l)
{
	static const struct ms_str ending = MS_STR(".so");
	DIR *dir = opendir(l->directory);
	struct dirent *e;

	l->is_scanned = true;
	if (dir == NULL)
		return;
	l->known = ms_arena_array(l->arena, MAX_KNOWN, sizeof(char *));
	while (l->n_known < MAX_KNOWN && (e = readdir(dir)) != NULL) {
		struct ms_str file = ms_str_c(e->d_name), name;

		if (!ms_str_has_suffix(file, ending))
			continue;
		name = ms_arena_str(l->arena, ms_str_sub(file, 0, file.len - ending.len));
		if (is_name(name.data))
			l->known[l->n_known++] = name.data;
	}
	closedir(dir);
	qsort(l->known, l->n_known, sizeof(char *), by_name);
}

const char *
loader_known(struct loader *l, uint32_t i)
{
	if (!l->is_scanned)
		scan(l);
	return i < l->n_known ? l->known[i] : NULL;
}
