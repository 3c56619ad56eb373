/* SPDX-License-Identifier: ISC */
/*
 * main.c - runs the conformance suite on a plugin
 *
 *	conformance-queue PLUGIN.so [PART-OF-A-NAME] [OPTION=VALUE ...]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

static char **options;	/* of the command line, NULL at the end */

static void
configure(struct ms_mock *m)
{
	for (char **o = options; *o != NULL; o++) {
		char name[64];
		const char *equals = strchr(*o, '=');

		if (equals == NULL || (size_t)(equals - *o) >= sizeof(name))
			abort();
		snprintf(name, sizeof(name), "%.*s", (int)(equals - *o), *o);
		ms_mock_option(m, name, equals + 1);
	}
}

int
main(int argc, char **argv)
{
	const struct ms_plugin *(*entry)(void);
	const char *only = NULL;
	void *plugin;

	if (argc < 2) {
		fprintf(stderr, "usage: %s PLUGIN.so [PART-OF-A-NAME] [OPTION=VALUE ...]\n",
		    argv[0]);
		return 2;
	}
	plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (plugin == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	*(void **)&entry = dlsym(plugin, "ms_plugin_entry");
	if (entry == NULL) {
		fprintf(stderr, "%s: no plugin\n", argv[1]);
		return 2;
	}
	options = argv + 2;
	if (*options != NULL && strchr(*options, '=') == NULL)
		only = *options++;
	return conformance_queue(entry(), configure, only) > 0;
}
