/* SPDX-License-Identifier: ISC */
/*
 * fake.h - files in memory and plugins without code, for tests of core/config
 */
#ifndef TESTS_CORE_CONFIG_FAKE_H
#define TESTS_CORE_CONFIG_FAKE_H

#include "config/config.h"
#include "config/normalise.h"
#include "config/section.h"

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

struct fake_file {
	const char *path, *text;
};

/* Files are those of the table, ended by a NULL path; a pattern matches by
   fnmatch(). */
struct fake_source {
	struct normal_source    pub;	/* first */
	const struct fake_file *files;
};
struct fake_source fake_source(const struct fake_file *files);

/* smtp, imap, lmtp (protocols), spf, rspamd, clamd, everything (filters: the
   last has an option of each type), alias, transport (routes), local,
   delivery-smtp, mailbox-lmdb, spool, directory-file. */
extern const struct config_plugins fake_plugins;

/* One file "x.conf" with the two lines that each needs before the text (so its
   first line is 3). */
struct config *fake_load(const char *text, struct problems **problems_out);
/* As it is. */
struct config *fake_load_bare(const char *text, struct problems **problems_out);
/* All that was found, as `mansio check` prints it; in static memory. */
const char *fake_text(const struct problems *p);

#endif
