/* SPDX-License-Identifier: ISC */
/*
 * describe.h - the reference of options, from the tables that declare them
 *
 * `mansio plugin show`, `mansio config explain` and mansio.conf(5) all come
 * from here, so that no text about an option is written twice.
 */
#ifndef CORE_PLUGIN_DESCRIBE_H
#define CORE_PLUGIN_DESCRIBE_H

#include <stdbool.h>

#include <mansio/buf.h>
#include <mansio/json.h>
#include <mansio/plugin.h>

/* "protocol", "filter, delivery": what it offers. */
void describe_kinds(const struct ms_plugin *plugin, struct ms_buf *out);

/* A page for people.  path: where it was opened, NULL not known; all: also
   what is marked MS_OPT_ADVANCED. */
ms_status describe_plugin(const struct ms_plugin *plugin, const char *path, bool all,
    struct ms_buf *out, struct ms_error *err);
/* One object. */
ms_status describe_plugin_json(const struct ms_plugin *plugin, const char *path,
    struct ms_json *out, struct ms_error *err);

/* The core's own options and sections. */
void describe_core(struct ms_buf *out);

/* One option by its name, "max-size" or "tls.mode"; plugin NULL: of the core,
   "limits.threads".  MS_NOTFOUND: there is none, with the nearest. */
ms_status describe_option(const struct ms_plugin *plugin, const char *name,
    struct ms_buf *out, struct ms_error *err);

/* mansio.conf(5), with the sections of these plugins, in man(7)'s language. */
ms_status describe_manual(const struct ms_plugin *const *plugins, size_t n,
    struct ms_buf *out, struct ms_error *err);

#endif
