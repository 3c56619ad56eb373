/* SPDX-License-Identifier: ISC */
/*
 * faults.h - makes calls to the disk fail, by standing before libc's
 *
 * Also for calls of liblmdb.  Nothing fails until told; one thread.
 */
#ifndef TEST_SPOOL_FAULTS_H
#define TEST_SPOOL_FAULTS_H

enum { FAULT_SYNC = 1, FAULT_WRITE = 2, FAULT_NAME = 4 };

/* From the n-th such call on a path that contains `where` on, `times` calls
   fail with that errno. */
void faults_arm(unsigned kinds, const char *where, unsigned n, unsigned times,
    int error);
void faults_disarm(void);
/* How many such calls there were since, and how many of them failed. */
unsigned faults_seen(void);
unsigned faults_failed(void);

#endif
