/* SPDX-License-Identifier: ISC */
/*
 * plugin.h - a plugin as the core sees it, and the core as a plugin sees it
 *
 * A plugin is a shared object that exports a single function,
 * ms_plugin_entry().  It links against no symbol of the core.  There are two
 * directions and one mechanism: the plugin asks the host for service tables,
 * the core asks the plugin for interface tables, both by id "ms.NAME/REVISION"
 * (third parties: "org.example.name/1").  A breaking change is a new id.
 *
 * One table, two sides: a storage kind (mailbox, queue, directory, index,
 * blob-store) has one table type.  The plugin implements it, its users call
 * it; the core may stand between as a further implementation (lanes,
 * batching, another process, a live migration) and neither side notices.
 */
#ifndef MANSIO_PLUGIN_H
#define MANSIO_PLUGIN_H

#include <mansio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_PLUGIN_MAGIC	UINT32_C(0x4d53504c)
#define MS_EXPORT	__attribute__((visibility("default")))

struct ms_host {
	uint32_t    size;
	uint16_t    abi_major, abi_minor;
	const char *version;	/* of the core, for people */
	/* The scope of work that no session or message asked for: create,
	   start, tasks.  Its arena lives as long as the instance. */
	const struct ms_scope *scope;
	/* [any] A service table, or NULL.  Lives until destroy(). */
	const void *(*service)(const struct ms_host *, const char *id);
	/* What this process does with the instance, MS_ROLE_... or'ed; set
	   before create().  One process may hold all of them. */
	uint32_t    roles;
	uint32_t    reserved;
};

enum {	/* the halves of a storage plugin, ms_host.roles */
	MS_ROLE_READ   = 1,	/* reads what is stored (access) */
	MS_ROLE_WRITE  = 2,	/* commits jobs (store) */
	MS_ROLE_ACCEPT = 4,	/* a queue: takes new mail (mx, access) */
	MS_ROLE_RUN    = 8	/* a queue: finds and finishes it (deliver) */
};

enum {
	MS_OPT_STRING = 1,
	MS_OPT_INT,
	MS_OPT_BOOL,
	MS_OPT_SIZE,		/* octets: "50MiB" */
	MS_OPT_DURATION,	/* microseconds: "30s" */
	MS_OPT_RATE,		/* "200/m": count, and the span in us */
	MS_OPT_CHOICE,		/* one word of `choices` */
	MS_OPT_SECRET,		/* "file:", "env:"; read by secret.h alone */
	MS_OPT_BACKEND,		/* the name of an instance; `choices` is its interface id */
	MS_OPT_STRING_LIST,
	MS_OPT_SECTION		/* a nested, titled, repeatable section: `nested` */
};
enum {
	MS_OPT_ADVANCED   = 1,	/* left out of the short reference */
	MS_OPT_DEPRECATED = 2,	/* warns; help names the successor */
	MS_OPT_TOUCHED    = 4	/* a host and port, socket or path that it touches */
};

/* Growth: the array ends with a NULL name and has a stride of its own. */
struct ms_option {
	const char *name;
	uint32_t    type;
	uint32_t    flags;
	const char *initial;	/* NULL: the option is required */
	const char *minimum;	/* in the same spelling; NULL: none */
	const char *maximum;
	const char *choices;	/* words separated by blanks, or an interface id */
	const char *help;	/* one line */
	const struct ms_option *nested;
	const void *reserved[2];
};

/* What an instance touches outside its own memory.  The core hands out no
   more, and derives an isolated plugin's sandbox from it. */
enum {
	MS_TOUCH_ENVELOPE = 1 << 0,
	MS_TOUCH_HEADERS  = 1 << 1,
	MS_TOUCH_BODY     = 1 << 2,
	MS_TOUCH_CONNECT  = 1 << 3,	/* opens sockets itself; not for dial.h */
	MS_TOUCH_STATE    = 1 << 4,	/* writes below its own data directory */
	MS_TOUCH_SECRETS  = 1 << 5,
	MS_TOUCH_EXEC     = 1 << 6,	/* only isolated */
	MS_TOUCH_UNIX     = 1 << 7,	/* Unix sockets; those two and READ: what */
	MS_TOUCH_READ     = 1 << 8,	/* options marked MS_OPT_TOUCHED name */
	MS_TOUCH_JIT      = 1 << 9	/* executable memory; only isolated */
};

struct ms_plugin {
	uint32_t    magic;	/* down to flags, these never move */
	uint32_t    size;
	uint16_t    abi_major, abi_minor;
	uint32_t    flags;	/* 0 */
	const char *name;	/* "spamd"; third parties: "org.example.spamd" */
	const char *version;
	const char *license;	/* SPDX */
	const char *summary;
	const struct ms_option *options;	/* ends with a NULL name */
	uint32_t    option_stride;	/* sizeof(struct ms_option) */
	uint32_t    touches;		/* MS_TOUCH_... */
	const char *const *needs;	/* service ids, NULL at the end */

	/* [main] One call for each section of the configuration.  No effect
	   outside: `mansio check` runs it. */
	ms_status (*create)(const struct ms_host *, const struct ms_config *,
	    struct ms_instance **instance_out, struct ms_error *);
	/* [main] In the process that will host it, privileges dropped,
	   forks done: open files, databases, pools here. */
	ms_status (*start)(struct ms_instance *, struct ms_error *);
	/* [main] No new call follows; running ones have returned.  May block
	   while it writes out what it holds. */
	void (*stop)(struct ms_instance *);
	/* [main] Accepts NULL and an instance that never started. */
	void (*destroy)(struct ms_instance *);
	/* [any] The table for an interface id, or NULL.  Constant. */
	const void *(*interface)(const char *id);
};

/* The one exported symbol.  Pure: the same pointer each time.  A plugin that
   is linked into a program is compiled with -DMS_STATIC_PLUGIN=<its name>. */
#ifdef MS_STATIC_PLUGIN
#define MS_PASTE_(a, b)	a##b
#define MS_PASTE(a, b)	MS_PASTE_(a, b)
#define ms_plugin_entry	MS_PASTE(MS_STATIC_PLUGIN, _LTX_ms_plugin_entry)
#endif
MS_EXPORT const struct ms_plugin *ms_plugin_entry(void);

/* Some other instance, and the table by which it is called.  Closed.  Given
   by config.h for an MS_OPT_BACKEND; lives until destroy(). */
struct ms_backend {
	const void         *table;
	struct ms_instance *self;
};

#ifdef __cplusplus
}
#endif
#endif
