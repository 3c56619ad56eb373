/* SPDX-License-Identifier: ISC */
/*
 * files.h - open descriptors of a shard's segments, for reading
 *
 * A body is read by far more often than a segment is opened, so the last used
 * descriptors are kept.  Who reads counts as a user; a descriptor that has
 * users is not closed.
 */
#ifndef LMDB_FILES_H
#define LMDB_FILES_H

#include <pthread.h>
#include <stdbool.h>

#include <mansio/base.h>

#define FILES_KEPT	48	/* a shard */

struct shard;

struct file {
	uint32_t number;	/* of the segment; 0: empty */
	uint32_t users;
	uint64_t used;		/* for finding the least recently used */
	int      fd;
	bool     doomed;	/* the file was removed: closed by its last user */
};

struct files {
	struct shard   *shard;
	pthread_mutex_t lock;	/* all below */
	uint64_t        uses;
	struct file     kept[FILES_KEPT];
};

void files_init(struct files *f, struct shard *s);
void files_fini(struct files *f);

/* MS_NOTFOUND: no such file (any more). */
ms_status files_take(struct files *f, uint32_t number, int *fd_out, struct ms_error *err);
void files_give(struct files *f, uint32_t number, int fd);
/* A descriptor of one's own. */
ms_status files_open(struct files *f, uint32_t number, int *fd_out, struct ms_error *err);
/* The segment goes: its octets are free once nobody holds it. */
void files_forget(struct files *f, uint32_t number);
/* Closes those whose file another process removed. */
void files_forget_removed(struct files *f);

/* "0000002a": the file's name in the folder of segments. */
#define FILES_NAME	9
void files_name(uint32_t number, char name[FILES_NAME]);
/* False: the name of something else. */
bool files_number(const char *name, uint32_t *number_out);

#endif
