/* SPDX-License-Identifier: ISC */
/*
 * loader.h - opens plugins, and refuses those that do not fit, with the reason
 *
 * The only file that knows libltdl.  A plugin is opened once and stays until
 * the process ends (closing breaks thread-local destructors, atexit handlers
 * and the traces of sanitizers).  Bound at once and locally: a missing symbol
 * shows here, not at the first call, and two plugins may carry two versions of
 * a helper library.  [main], before there are threads: libltdl is not safe
 * with them.
 */
#ifndef CORE_PLUGIN_LOADER_H
#define CORE_PLUGIN_LOADER_H

#include <stdbool.h>

#include <mansio/plugin.h>

struct loader;

/* Forgets LTDL_LIBRARY_PATH and LD_LIBRARY_PATH, so that a plugin's libraries
   come from where the system has them.  directory NULL: loader_directory(). */
struct loader *loader_new(const char *directory);
void loader_free(struct loader *l);

/* Where plugins lie: MANSIO_PLUGIN_DIR of the environment (not for a program
   that runs with more rights than its caller), else ../plugins beside the
   running program (a build tree), else where they were installed. */
const char *loader_directory(void);

/* What a plugin's `needs` may name; NULL answers "there is none".  Without it
   any is accepted (the reference shows plugins without a server). */
void loader_set_services(struct loader *l, bool (*has)(const char *id));

/* The plugin of that name, from the plugin directory or from path.
   MS_NOTFOUND: there is no such file in the directory. */
ms_status loader_open(struct loader *l, const char *name, const char *path,
    const struct ms_plugin **plugin_out, struct ms_error *err);
/* The path it was opened from; NULL: it was not. */
const char *loader_path(const struct loader *l, const struct ms_plugin *plugin);

/* The i-th name in the plugin directory, sorted; NULL past the last. */
const char *loader_known(struct loader *l, uint32_t i);

#endif
