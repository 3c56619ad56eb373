/* SPDX-License-Identifier: ISC */
/*
 * command.h - interface: verbs that a plugin adds to the command line
 *
 * `mansio dkim rotate example.org`, `mansio store verify`, `mansio bayes
 * train`: the core knows no such word.  It routes the arguments, over the
 * control socket, to the instance in the process where that lives (or, with the
 * server down and offline set, to one that it starts itself, as that process's
 * user and holding the data directory's lock).
 */
#ifndef MANSIO_COMMAND_H
#define MANSIO_COMMAND_H

#include <mansio/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MS_COMMAND_OFFLINE = 1,	/* works with the server down too */
	MS_COMMAND_CHANGES = 2	/* is destructive: the core offers --dry-run,
				   which comes as MS_SCOPE_DRY */
};

/* Closed.  An array ends with a NULL noun. */
struct ms_verb {
	const char *noun, *verb;	/* "dkim", "rotate" */
	const char *arguments;		/* "DOMAIN [--bits N]", as shown */
	const char *help;		/* one line */
	uint32_t    flags;
	uint32_t    reserved;
};

#define MS_COMMAND_ID "ms.command/1"
struct ms_command {
	uint32_t size;
	/* [main] Constant. */
	const struct ms_verb *(*verbs)(struct ms_instance *);
	/* [worker] i: the verb.  Options come as fields, "" named those without
	   a dash.  Output: one JSON object a line; the command line makes text
	   of it, or shows it with --json.  Long work looks at is_cancelled(). */
	ms_status (*run)(struct ms_instance *, const struct ms_scope *,
	    uint32_t i, const struct ms_field *arguments, size_t n,
	    struct ms_writer *output, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
