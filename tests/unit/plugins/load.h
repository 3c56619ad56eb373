/* SPDX-License-Identifier: ISC */
/*
 * load.h - opens a built plugin, as the core would, for a test with the mock
 */
#ifndef TEST_PLUGINS_LOAD_H
#define TEST_PLUGINS_LOAD_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/plugin.h>

/* MANSIO_BUILD/plugins/NAME.so; dies without it.  It stays open. */
static inline const struct ms_plugin *
load_plugin(const char *name)
{
	const char *build = getenv("MANSIO_BUILD");
	const struct ms_plugin *(*entry)(void);
	char path[4096];
	void *so;

	snprintf(path, sizeof(path), "%s/plugins/%s.so", build != NULL ? build : ".", name);
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	/* POSIX lets a function be found by a data pointer, ISO C does not. */
	*(void **)(void *)&entry = so != NULL ? dlsym(so, "ms_plugin_entry") : NULL;
	if (entry == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
	return entry();
}

#endif
