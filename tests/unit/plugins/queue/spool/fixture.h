/* SPDX-License-Identifier: ISC */
/*
 * fixture.h - one spool in a folder of its own, and short ways to use it
 *
 * For tests of which each runs in a process of its own.
 */
#ifndef TEST_SPOOL_FIXTURE_H
#define TEST_SPOOL_FIXTURE_H

#include "rig.h"

#define DAY	(INT64_C(86400) * 1000000)
#define MOST	4096

extern char folder[64];
extern struct rig *rig;

void setup(void);
void teardown(void);
void small_segments(struct rig *r);
/* The same folder, later. */
void restart(void (*options)(struct rig *));
struct ms_id put(const char *text);
struct ms_id put_long(char c, size_t octets);
bool same(struct ms_id a, struct ms_id b);
size_t n_files(const char *in);
size_t n_events(const char *topic);
size_t n_due(void);
size_t n_all(void);
void fill_job(struct ms_job_queue *job, uint32_t type, const struct ms_id *key,
    const struct ms_part *const *parts, size_t n);

#endif
