/* SPDX-License-Identifier: ISC */
/*
 * rig.h - a small host for the spool, with threads and without the core
 *
 * Services over plain memory that several threads may call; a folder of its
 * own; timers that run when the test says so.  A second rig on the same
 * folder is the next process.
 */
#ifndef TEST_SPOOL_RIG_H
#define TEST_SPOOL_RIG_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/batch.h>
#include <mansio/buf.h>
#include <mansio/command.h>
#include <mansio/queue.h>
#include <mansio/str.h>

struct rig;

struct ms_writer {		/* what a verb prints */
	struct ms_buf buf;
};

/* ".../mansio-spool-XXXXXX", made; removed with all in it. */
void rig_make_folder(char path[64]);
void rig_remove_folder(const char *path);

struct rig *rig_new(const char *folder);
/* Before rig_start(); else the plugin's own value. */
void rig_option(struct rig *r, const char *name, int64_t value);
void rig_roles(struct rig *r, uint32_t roles);
ms_status rig_try_start(struct rig *r, struct ms_error *err);
void rig_start(struct rig *r);		/* a failure ends the program */
void rig_free(struct rig *r);		/* stops in order */
struct ms_instance *rig_instance(struct rig *r);
const struct ms_queue *rig_queue(struct rig *r);
const struct ms_batch *rig_batch(struct rig *r);
/* Fresh arena each time, freed with the rig. */
const struct ms_scope *rig_scope(struct rig *r);
struct ms_blob *rig_blob(struct rig *r, struct ms_str octets);
void rig_release(struct rig *r, struct ms_blob *b);
struct ms_str rig_octets(struct rig *r, struct ms_blob *b);

void rig_set_time(struct rig *r, int64_t now_us);
int64_t rig_now(struct rig *r);
void rig_advance(struct rig *r, int64_t us);
/* The real clock instead of one that stands still. */
void rig_use_real_time(struct rig *r);
/* Runs what is armed and due, until nothing is; returns how many. */
uint32_t rig_run_tasks(struct rig *r);
/* Advances by the delay of the cursor, and runs. */
void rig_flush(struct rig *r);
ms_status rig_run_task(struct rig *r, uint64_t number);

const char *rig_log(struct rig *r);
/* "topic data\n" each. */
const char *rig_events(struct rig *r);

/* ---- jobs ---- */

/* prepare() and run(), as the core would; the worst status. */
ms_status rig_run(struct rig *r, struct ms_job *const *jobs, size_t n);
/* One message with one part 0; the body as given. */
ms_status rig_put(struct rig *r, const char *record, struct ms_str body,
    struct ms_id *id_out);
ms_status rig_put_parts(struct rig *r, const char *record, struct ms_str body,
    const struct ms_part *const *parts, size_t n, struct ms_id *id_out);
ms_status rig_done(struct rig *r, struct ms_id id, uint32_t number);
ms_status rig_set(struct rig *r, struct ms_id id, uint32_t number,
    int64_t next_us, const char *destination);

/* Everything, in that order, in pages of so many. */
size_t rig_list(struct rig *r, uint32_t by, int64_t due_us, uint32_t page,
    struct ms_part *out, size_t most);
/* Record and body as text, in the rig's memory; NULL: it is done. */
const char *rig_record(struct rig *r, struct ms_id id);
const char *rig_body(struct rig *r, struct ms_id id);
const struct ms_command *rig_command(struct rig *r);
/* What a verb prints. */
const char *rig_verb(struct rig *r, uint32_t verb);
/* The number of damaged things that `spool verify` names. */
uint64_t rig_verify(struct rig *r);

#endif
