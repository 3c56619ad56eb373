/* SPDX-License-Identifier: ISC */
/*
 * file.h - the directory in three text files: inside of the plugin
 *
 * file.c answers, change.c edits, store.c reads and replaces the files.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include <pthread.h>

#include <mansio/bus.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/log.h>

#include "table.h"

enum { FILE_DOMAINS, FILE_USERS, FILE_ALIASES, FILE_N };

struct stamp {		/* of a file as it was read */
	uint64_t inode, octets;
	int64_t  sec;
	long     nsec;
};

struct ms_instance {
	const struct ms_host       *host;
	const struct ms_config_api *config_api;
	const struct ms_config     *config;
	const struct ms_clock      *clock;
	const struct ms_bus        *bus;
	const struct ms_log        *log;
	uint8_t  hash_key[16];
	uint32_t iterations;
	char     directory[4096];

	pthread_rwlock_t lock;		/* all below */
	struct table *tables[FILE_N];
	_Atomic int64_t looked_us;	/* when the files were last looked at */

	pthread_mutex_t look_lock;	/* the files are read by one at a time */
	struct stamp  stamps[FILE_N];	/* as read, or found unfit */
	struct stamp  seen[FILE_N];	/* changed, and perhaps still being written */
	bool          is_unfit[FILE_N];	/* the table is older than the file */

	pthread_mutex_t edit_lock;	/* one edit at a time in this process */
};

/* store.c */
int file_of_kind(uint32_t kind);	/* -1: none */
const char *file_name(int which);
/* Reads what changed on disk; a file that cannot be parsed, or is gone, leaves
   the old table and says so in the log.  Unless `now`, a file is read when two
   looks found it the same: editors write in pieces. */
void store_refresh(struct ms_instance *self, bool now);
/* MS_CONFLICT: the file has what its table has not, and would lose it. */
ms_status store_check(struct ms_instance *self, int which, struct ms_error *err);
ms_status store_open(struct ms_instance *self, struct ms_error *err);
/* The file's text, malloc'ed; one that is not there is empty. */
ms_status store_read(struct ms_instance *self, int which, char **text_out,
    size_t *octets_out, struct ms_error *err);
/* Replaces a file: written aside, synced, renamed, directory synced. */
ms_status store_replace(struct ms_instance *self, int which, struct ms_str text,
    struct ms_error *err);
/* The data directory's own lock against other processes; -1 and err. */
int store_lock(struct ms_instance *self, struct ms_error *err);
void store_unlock(int fd);

/* change.c */
ms_status file_change(struct ms_instance *self, const struct ms_scope *scope,
    uint32_t change, const struct ms_entry *entry, struct ms_error *err);

#endif
