/* SPDX-License-Identifier: ISC */
/*
 * crash.h - named crash points, compiled into test builds alone
 *
 * MS_CRASH("spool.synced") ends the process as kill -9 would, without any
 * clean-up, at the n-th pass when MANSIO_CRASH is "spool.synced:n" in the
 * environment.  A test walks n = 1, 2, ... until the point no longer fires.
 * MANSIO_CRASH_LOG names a file to which each name is appended when passed
 * for the first time, so that a test can tell that every point is reached.
 */
#ifndef MANSIO_CRASH_H
#define MANSIO_CRASH_H

#ifdef MANSIO_CRASH_POINTS
void ms_crash_point(const char *name);
#define MS_CRASH(name) ms_crash_point(name)
#else
#define MS_CRASH(name) ((void)0)
#endif

#endif
