/* SPDX-License-Identifier: ISC */
/*
 * io.h - whole reads, whole writes, syncs; and the folders of a spool
 *
 *	DIR/accept/GENERATION	segments that the accepting half appends to
 *	DIR/deferred/GENERATION	survivors, by day of expiry
 *	DIR/own/NAME		bodies too large for a segment
 *	DIR/free/NAME		written-through files, to be used again
 *	DIR/queue/		the LMDB environment
 */
#ifndef SPOOL_IO_H
#define SPOOL_IO_H

#include <stdbool.h>
#include <sys/uio.h>

#include <mansio/base.h>

struct folders {
	int  root, accept, deferred, own, free;
	char queue[4096];	/* LMDB wants a path */
};

/* Makes what is missing. */
ms_status folders_open(struct folders *f, const char *directory,
    struct ms_error *err);
void folders_close(struct folders *f);

/* Reads up to n octets; *n_out less than n only at the end of the file. */
ms_status io_read(int fd, void *buffer, size_t n, uint64_t offset,
    size_t *n_out, struct ms_error *err);
/* All of it or an error; changes the vector. */
ms_status io_write(int fd, struct iovec *iov, size_t n, uint64_t offset,
    struct ms_error *err);
/* fdatasync.  A failed one is never tried again: the kernel may have dropped
   the pages and call the next one a success. */
ms_status io_sync(int fd, struct ms_error *err);
/* Makes names in a folder durable. */
ms_status io_sync_folder(int fd, struct ms_error *err);
/* True when less than the smaller of 2 % and `reserve` octets is free. */
bool io_is_full(int fd, uint64_t reserve);

/* "00000199a1b2c3d4": a generation as a file name. */
#define IO_NAME_OCTETS 17
void io_name(uint64_t generation, char out[IO_NAME_OCTETS]);
bool io_parse_name(const char *name, uint64_t *generation_out);

#endif
